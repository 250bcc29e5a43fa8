//! The lines of what a program wrote, as a list that holds none of them: megabytes of short lines as a list of texts would
//! take many times their memory.

use super::convert::to_value;
use crate::names::{LINES, RESULTS};
use minijinja::Value;
use minijinja::value::{Enumerator, Object, ObjectRepr};
use serde_json::Value as Json;
use std::sync::{Arc, OnceLock};

/// A result as the engine wants it: beside each text of a program stand its lines.
pub(super) fn result(json: &Json) -> Value {
    let Json::Object(fields) = json else { return to_value(json) };
    let mut pairs = Vec::new();
    for (name, value) in fields {
        let name = name.as_str();
        let is_made = |(text, lines): &(&str, &str)| {
            *lines == name && fields.get(*text).is_some_and(Json::is_string)
        };
        if LINES.iter().any(is_made) {
            continue;
        }
        let lines = LINES.iter().find(|(text, _)| *text == name).map(|(_, lines)| *lines);
        match (value, lines) {
            (Json::String(text), Some(lines)) => {
                let text: Arc<str> = text.as_str().into();
                pairs.push((lines, Value::from_object(Lines::of(Arc::clone(&text)))));
                pairs.push((name, Value::from(text)));
            }
            (Json::Array(items), _) if name == RESULTS => {
                pairs.push((name, Value::from(items.iter().map(result).collect::<Vec<_>>())));
            }
            (value, _) => pairs.push((name, to_value(value))),
        }
    }
    Value::from_pairs(pairs)
}

/// The lines of a text, without what ends them.
#[derive(Debug)]
struct Lines {
    text: Arc<str>,
    /// Where each begins, once somebody has asked for one.
    starts: OnceLock<Vec<u32>>,
}

impl Lines {
    fn of(text: Arc<str>) -> Self {
        Self { text, starts: OnceLock::new() }
    }

    fn starts(&self) -> &[u32] {
        self.starts.get_or_init(|| {
            let behind = self.text.match_indices('\n').map(|(at, _)| at.saturating_add(1));
            let starts = std::iter::once(0).chain(behind).filter(|at| *at < self.text.len());
            // A result's text is far shorter than 4 GiB.
            starts.map(|at| u32::try_from(at).unwrap_or(u32::MAX)).collect()
        })
    }

    fn line(&self, number: usize) -> Option<&str> {
        let start = *self.starts().get(number)? as usize;
        self.text.get(start..)?.lines().next()
    }
}

impl Object for Lines {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.line(key.as_usize()?).map(Value::from)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.starts().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression::{Found, Language, Ready, Scope};
    use serde_json::json;

    #[derive(Debug)]
    struct Of(Ready);

    impl Scope for Of {
        fn get(&self, name: &str) -> Option<Found> {
            (name == "r").then(|| Found::Ready(self.0.clone()))
        }

        fn names(&self) -> Vec<String> {
            vec!["r".to_owned()]
        }
    }

    /// What an expression makes of a result `r` whose program wrote a text.
    #[track_caller]
    fn check(text: &str, expression: &str, expected: Json) {
        let result = json!({"stdout": text, "stderr": "", "rc": 0, "results": [{"stdout": text}]});
        let scope: Arc<dyn Scope> = Arc::new(Of(Ready::of_result(&result)));
        let value = Language::new().evaluate(expression, &scope);
        assert_eq!(value.unwrap(), expected, "{expression} of {text:?}");
    }

    #[test]
    fn lines_are_a_list_like_any_other() {
        for text in ["", "a", "a\nb", "a\r\nb", "a\n\nb", "\na", "a\n", "\u{e9}\n\u{1f600}"] {
            let lines: Json = text.lines().collect();
            check(text, "r.stdout_lines", lines.clone());
            check(text, "r.results[0].stdout_lines", lines.clone());
            check(text, "r.stdout_lines | length", json!(text.lines().count()));
            check(
                text,
                "[r.stdout_lines == r.stdout.splitlines(), r.stderr_lines]",
                json!([true, []]),
            );
        }
        check("a\nb\nc", "[r.stdout_lines | first, r.stdout_lines | last]", json!(["a", "c"]));
        check("a\nb\nc", "[r.stdout_lines[1], r.stdout_lines[-1]]", json!(["b", "c"]));
        check("a\nb\nc", "r.stdout_lines[1:] + ['d']", json!(["b", "c", "d"]));
        check("a\nb\nc", "['b' in r.stdout_lines, 'x' in r.stdout_lines]", json!([true, false]));
        check("a\nb\nc", "r.stdout_lines is sequence", json!(true));
        check("a\nb\nc", "r.stdout_lines | select('match', '[bc]') | list", json!(["b", "c"]));
        check("b\na", "r.stdout_lines | sort | join(',')", json!("a,b"));
        check("a", "r.stdout_lines[1] is defined", json!(false));
        check(
            "a",
            "r",
            json!({"stdout_lines": ["a"], "stdout": "a", "stderr_lines": [], "stderr": "",
            "rc": 0, "results": [{"stdout_lines": ["a"], "stdout": "a"}]}),
        );
    }
}
