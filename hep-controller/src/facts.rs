//! `hep facts`: which facts are shown, and how. Prints nothing and contacts nobody.

use crate::report::Trouble;
use crate::report::text::{Colour, Style, shown, shown_json, shown_lines};
use crate::settings::Refusal;
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

/// For a person: each host's facts as indented JSON, below its name where there are several.
pub(crate) fn human(answers: &Answers, names: &[String], colour: Colour) -> String {
    let mut text = String::new();
    for (host, facts) in told(answers) {
        if answers.len() > 1 {
            text.push_str(&format!("{}\n", colour.paint(Style::Strong, &shown(host))));
        }
        let json = format!("{:#}", Value::from(chosen(facts, names)));
        shown_lines(&json).for_each(|line| text.push_str(&format!("{line}\n")));
    }
    text
}

/// For a program: one object with the facts of each host that told them, under its name.
pub(crate) fn json(answers: &Answers, names: &[String]) -> String {
    let all = told(answers).map(|(host, facts)| (host.to_owned(), chosen(facts, names).into()));
    format!("{}\n", shown_json(&Value::Object(all.collect()).to_string()))
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
        let text = human(&answers(), &[], Colour::Off);
        assert_eq!(
            text,
            "web1\n{\n  \"os\": {\n    \"id\": \"debian\"\n  },\n  \"hostname\": \"w\\u{202e}\",\n  \"cpus\": 4\n}\n"
        );
        let one = answers().into_iter().take(1).collect();
        assert_eq!(human(&one, &["cpus".to_owned()], Colour::Off), "{\n  \"cpus\": 4\n}\n");
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
