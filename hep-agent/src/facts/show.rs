//! `hep-agent facts [NAME...]`: the facts as JSON, for a person or a program.

use super::Gathered;
use crate::say;
use hep_protocol::facts::FACTS;
use hep_protocol::outcome::Failure;
use hep_protocol::text::is_obeyed;
use serde_json::{Map, Value as Json};
use std::process::ExitCode;

/// The most letters that a name can be wrong in and still be guessed.
const NEAR: usize = 3;

/// `hep-agent facts`. A fact that cannot be had is null here, and the reason is said on standard error.
pub(crate) fn main(words: &[&str]) -> ExitCode {
    let gathered = Gathered::new();
    let all: Vec<&str> = FACTS.iter().map(|fact| fact.name).collect();
    let wanted = if words.is_empty() { &*all } else { words };
    let (mut shown, mut failures) = (Map::new(), Vec::new());
    for name in wanted {
        match gathered.get(name) {
            None => return unknown(name),
            Some(fact) => {
                let fact = fact.cloned().map_err(|error| failures.push(Failure::from(error)));
                shown.insert((*name).to_owned(), fact.unwrap_or_default());
            }
        }
    }
    let said = say::say(&terminal_safe(&format!("{:#}", Json::Object(shown))));
    match failures.first() {
        None => said,
        Some(failure) => {
            let hint =
                failure.hint.as_ref().map_or(String::new(), |hint| format!("\nhint: {hint}"));
            say::refuse(&format!(
                "hep-agent: {}{hint}",
                hep_protocol::text::shown(&failure.message)
            ));
            ExitCode::FAILURE
        }
    }
}

fn unknown(word: &str) -> ExitCode {
    let near = FACTS.iter().map(|fact| (strsim::osa_distance(word, fact.name), fact.name)).min();
    let hint = match near {
        Some((distance, name)) if distance <= NEAR => format!("did you mean `{name}`?"),
        Some(_) | None => "`hep-agent facts` shows all of them".to_owned(),
    };
    say::refuse(&format!(
        "hep-agent: no such fact: `{}`\nhint: {hint}",
        hep_protocol::text::shown(word)
    ))
}

/// JSON in which what a terminal would obey is written as `\u....`, which in its strings is the same (RFC 8259, 7).
fn terminal_safe(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        if is_obeyed(c) && c != '\n' {
            let mut units = [0; 2];
            safe.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            safe.push(c);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_for_a_terminal_is_the_same_json() {
        let value = serde_json::json!({"a": "x\u{9b}31m\u{202e}\u{e0001}\n\u{e9}"});
        let text = terminal_safe(&format!("{value:#}"));
        assert!(!text.chars().any(|c| is_obeyed(c) && c != '\n'), "{text}");
        assert_eq!(serde_json::from_str::<Json>(&text).unwrap(), value);
    }
}
