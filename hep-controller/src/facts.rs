//! `hep facts`: which facts are shown, and how. Prints nothing and contacts nobody.

use crate::refusal::Refusal;
use crate::report::Trouble;
use crate::text::{shown, shown_json};
use crate::words::nearest;
use hep_protocol::facts::{FACTS, fact};
use hep_protocol::value::Json;
use serde_json::{Map, Value};

/// What each host answered, under its name.
pub(crate) type Answers = Vec<(String, Result<Json, Trouble>)>;

/// Refuses names that no fact has.
///
/// # Errors
/// The first such name, and the nearest there is.
pub(crate) fn check(names: &[String]) -> Result<(), Refusal> {
    let Some(wrong) = names.iter().find(|name| fact(name).is_none()) else { return Ok(()) };
    let known = || FACTS.iter().map(|fact| fact.name);
    let hint = match nearest(wrong, known()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("there are: {}", known().collect::<Vec<_>>().join(", ")),
    };
    Err(Refusal::new(format!("there is no fact `{}`", shown(wrong)), hint))
}

/// For a person: indented JSON, of one host its facts alone, of several under their names.
pub(crate) fn human(answers: &Answers, names: &[String]) -> String {
    match (answers.as_slice(), told(answers).next()) {
        ([_], None) => String::new(),
        ([_], Some((_, facts))) => indented(&Value::from(chosen(facts, names))),
        (_, _) => indented(&by_host(answers, names)),
    }
}

/// For a program: one object with the facts of each host that told them, under its name.
pub(crate) fn json(answers: &Answers, names: &[String]) -> String {
    format!("{}\n", shown_json(&by_host(answers, names).to_string()))
}

fn indented(value: &Value) -> String {
    format!("{}\n", shown_json(&format!("{value:#}")))
}

fn by_host(answers: &Answers, names: &[String]) -> Value {
    let all = told(answers).map(|(host, facts)| (host.to_owned(), chosen(facts, names).into()));
    Value::Object(all.collect())
}

fn told(answers: &Answers) -> impl Iterator<Item = (&str, &Json)> {
    answers.iter().filter_map(|(host, answer)| Some((host.as_str(), answer.as_ref().ok()?)))
}

/// The facts with these names in the order of the names; all if there are none.
fn chosen(facts: &Json, names: &[String]) -> Map<String, Value> {
    let all = facts.entries().cloned().unwrap_or_default();
    if names.is_empty() {
        return all;
    }
    let one = |name: &String| (name.clone(), all.get(name).cloned().unwrap_or_default());
    names.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answers() -> Answers {
        let facts = Json(json!({"os": {"id": "debian"}, "hostname": "w\u{202e}", "cpus": 4}));
        let trouble = Trouble::new("connect: no answer");
        vec![("web1".to_owned(), Ok(facts)), ("web2".to_owned(), Err(trouble))]
    }

    #[test]
    fn facts_are_indented_and_harmless() {
        let one: Answers = answers().into_iter().take(1).collect();
        assert_eq!(
            human(&one, &[]),
            "{\n  \"os\": {\n    \"id\": \"debian\"\n  },\n  \"hostname\": \"w\\u202e\",\n  \"cpus\": 4\n}\n"
        );
        assert_eq!(human(&one, &["cpus".to_owned()]), "{\n  \"cpus\": 4\n}\n");
        let none: Answers = answers().into_iter().skip(1).collect();
        assert_eq!(human(&none, &[]), "");
    }

    /// Every reader gets the same value, whatever a host says.
    #[test]
    fn facts_of_several_hosts_are_one_object() {
        let evil = json!({"name": "a\u{1b}[2J\u{9b}\n\u{e0001}\\u{202e}", "\u{202e}": ["\u{7f}"]});
        let answers: Answers = vec![
            ("web1".to_owned(), Ok(Json(evil.clone()))),
            ("web2".to_owned(), Err(Trouble::new("no"))),
            ("web3".to_owned(), Ok(Json(json!({"cpus": 4})))),
        ];
        let text = human(&answers, &[]);
        assert!(!text.chars().any(|c| c != '\n' && hep_protocol::text::is_obeyed(c)), "{text}");
        let read: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read, json!({"web1": evil, "web3": {"cpus": 4}}));
    }

    #[test]
    fn a_program_gets_one_object() {
        let names = ["cpus".to_owned(), "memory".to_owned()];
        assert_eq!(json(&answers(), &names), "{\"web1\":{\"cpus\":4,\"memory\":null}}\n");
    }

    #[test]
    fn a_name_that_no_fact_has_is_refused() {
        assert!(check(&["os".to_owned(), "memory".to_owned()]).is_ok());
        let Err(Refusal::Other { what, hint: Some(hint) }) = check(&["hostnam".to_owned()]) else {
            panic!("taken")
        };
        assert_eq!(
            (what.as_str(), hint.as_str()),
            ("there is no fact `hostnam`", "did you mean `hostname`?")
        );
    }
}
