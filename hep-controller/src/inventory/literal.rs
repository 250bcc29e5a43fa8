//! Python's literals, since Ansible reads the values of hosts files so: `5` is a number, `[1, 'a']` a list, and what is
//! no literal is the text it is.
//!
//! Follows the expressions that `ast.literal_eval` takes. Numbers that JSON cannot hold stay texts.

use serde_json::{Map, Number, Value};

/// How deep lists may nest.
const MAX_DEPTH: usize = 64;

/// What a value means: a literal's value, or the text itself.
pub(super) fn value(text: &str) -> Value {
    let mut reader = Reader { rest: text.trim_start_matches([' ', '\t']), depth: 0 };
    let found = reader.line();
    reader.blank();
    match found {
        Some(value) if reader.rest.is_empty() => value,
        Some(_) | None => Value::String(text.to_owned()),
    }
}

struct Reader<'t> {
    rest: &'t str,
    depth: usize,
}

impl<'t> Reader<'t> {
    /// The whole: an expression, or several with commas, which are a list: `80, 443`.
    fn line(&mut self) -> Option<Value> {
        let first = self.expression()?;
        if !self.take(",") {
            return Some(first);
        }
        let mut items = vec![first];
        self.blank();
        while !self.rest.is_empty() {
            items.push(self.expression()?);
            if !self.take(",") {
                break;
            }
            self.blank();
        }
        Some(Value::Array(items))
    }

    /// Passes over spaces, and over a comment: Python has it end the line.
    fn blank(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\x0c']);
        if self.rest.starts_with('#') {
            self.rest = "";
        }
    }

    fn take(&mut self, what: &str) -> bool {
        self.blank();
        let rest = self.rest.strip_prefix(what);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expression(&mut self) -> Option<Value> {
        self.depth += 1;
        let found = if self.depth <= MAX_DEPTH { self.unbounded() } else { None };
        self.depth -= 1;
        found
    }

    fn unbounded(&mut self) -> Option<Value> {
        self.blank();
        match self.rest.chars().next()? {
            '[' => self.items("[", "]").map(|(items, _)| Value::Array(items)),
            '(' => {
                let (mut items, commas) = self.items("(", ")")?;
                // Parentheses around one thing without a comma are no tuple.
                if items.len() == 1 && commas == 0 { items.pop() } else { Some(items.into()) }
            }
            '{' => self.braces(),
            '+' | '-' | '0'..='9' => self.number(),
            '.' if self.take("...") => Some(Value::from("...")),
            '.' => self.number(),
            _ => self.word_or_string(),
        }
    }

    /// What stands between brackets, and how many commas.
    fn items(&mut self, open: &str, close: &str) -> Option<(Vec<Value>, usize)> {
        let (mut items, mut commas) = (Vec::new(), 0);
        let mut more = self.take(open);
        while more && !self.take(close) {
            items.push(self.expression()?);
            more = self.take(",");
            commas += usize::from(more);
            if !more && !self.take(close) {
                return None;
            }
        }
        Some((items, commas))
    }

    /// A dict, or a set: that becomes a list.
    fn braces(&mut self) -> Option<Value> {
        let mut ahead = Reader { rest: self.rest, depth: self.depth };
        ahead.take("{");
        if !ahead.take("}") && (ahead.expression().is_none() || !ahead.take(":")) {
            return self.items("{", "}").map(|(items, _)| Value::Array(items));
        }
        let mut map = Map::new();
        let mut more = self.take("{");
        while more && !self.take("}") {
            let key = match self.expression()? {
                Value::String(text) => text,
                Value::Array(_) | Value::Object(_) => return None,
                plain @ (Value::Null | Value::Bool(_) | Value::Number(_)) => plain.to_string(),
            };
            let value = if self.take(":") { self.expression()? } else { return None };
            map.insert(key, value);
            more = self.take(",");
            if !more && !self.take("}") {
                return None;
            }
        }
        Some(Value::Object(map))
    }

    fn number(&mut self) -> Option<Value> {
        let sign = if self.take("-") { "-" } else { "" };
        if sign.is_empty() {
            self.take("+");
        }
        self.blank();
        let mut before = ' ';
        let based = self.rest.starts_with("0x");
        let end = self.rest.find(|c: char| {
            let exponent = matches!(before, 'e' | 'E') && !based && matches!(c, '+' | '-');
            before = c;
            !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_') || exponent)
        });
        let (word, rest) = self.rest.split_at_checked(end.unwrap_or(self.rest.len()))?;
        self.rest = rest;
        number(sign, word)
    }

    fn word_or_string(&mut self) -> Option<Value> {
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let (word, rest) = self.rest.split_at_checked(end.unwrap_or(self.rest.len()))?;
        let value = match word {
            _ if rest.starts_with(['"', '\'']) => return self.strings(),
            "None" => Value::Null,
            "True" => Value::Bool(true),
            "False" => Value::Bool(false),
            "set" => Value::Array(Vec::new()),
            _ => return None,
        };
        self.rest = rest;
        (word != "set" || self.take("(") && self.take(")")).then_some(value)
    }

    /// Strings side by side are one.
    fn strings(&mut self) -> Option<Value> {
        let mut text = String::new();
        loop {
            self.string(&mut text)?;
            self.blank();
            let word = self.rest.trim_start_matches(|c: char| c.is_ascii_alphabetic());
            if !word.starts_with(['"', '\'']) {
                return Some(Value::String(text));
            }
        }
    }

    fn string(&mut self, text: &mut String) -> Option<()> {
        let (prefix, rest) = self.rest.split_at_checked(self.rest.find(['"', '\''])?)?;
        let raw = match prefix.to_ascii_lowercase().as_str() {
            "" | "u" | "b" => false,
            "r" | "br" | "rb" => true,
            _ => return None,
        };
        let long = rest.starts_with("\"\"\"") || rest.starts_with("'''");
        let (end, mut rest) = rest.split_at_checked(if long { 3 } else { 1 })?;
        while !rest.starts_with(end) {
            let mut chars = rest.chars();
            match chars.next()? {
                '\0' => return None,
                '\\' if raw => text.extend(['\\', chars.next()?]),
                '\\' => {
                    rest = escape(chars.as_str(), text)?;
                    continue;
                }
                c => text.push(c),
            }
            rest = chars.as_str();
        }
        self.rest = rest.get(end.len()..)?;
        Some(())
    }
}

/// What stands after a backslash, and what follows it. One that means nothing stays.
fn escape<'t>(rest: &'t str, text: &mut String) -> Option<&'t str> {
    let c = rest.chars().next()?;
    let octal = rest.bytes().take(3).take_while(|b| matches!(b, b'0'..=b'7')).count();
    let (skipped, digits, base) = match c {
        'x' => (1, 2, 16),
        'u' => (1, 4, 16),
        'U' => (1, 8, 16),
        '0'..='7' => (0, octal, 8),
        'N' => return None,
        _ => {
            match "nrtabfv\\'\"".find(c).and_then(|at| "\n\r\t\x07\x08\x0c\x0b\\'\"".get(at..=at)) {
                Some(meant) => text.push_str(meant),
                None => text.extend(['\\', c]),
            }
            return rest.get(c.len_utf8()..);
        }
    };
    let (number, rest) = rest.get(skipped..)?.split_at_checked(digits)?;
    text.push(char::from_u32(unsigned(number, base)?.try_into().ok()?)?);
    Some(rest)
}

/// Digits alone: no sign.
fn unsigned(digits: &str, base: u32) -> Option<u64> {
    let sound = digits.bytes().all(|b| b.is_ascii_alphanumeric());
    u64::from_str_radix(digits, base).ok().filter(|_| sound)
}

/// A number as Python spells it.
fn number(sign: &str, word: &str) -> Option<Value> {
    let sound = !word.is_empty() && word.split('_').all(|part| !part.is_empty());
    if !sound || word.contains("._") || word.contains("_.") {
        return None;
    }
    let plain = word.replace('_', "").to_ascii_lowercase();
    let signed = |number: u64| match sign {
        "-" => 0_i64.checked_sub_unsigned(number).map(Value::from),
        _ => Some(Value::from(number)),
    };
    for (prefix, base) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) = plain.strip_prefix(prefix) {
            return unsigned(digits, base).and_then(signed);
        }
    }
    if plain.bytes().all(|b| b.is_ascii_digit()) {
        // Python refuses leading zeros, except those of nothing.
        let canonical = !plain.starts_with('0') || plain.bytes().all(|b| b == b'0');
        return unsigned(&plain, 10).filter(|_| canonical).and_then(signed);
    }
    let float = plain.bytes().all(|b| b.is_ascii_digit() || b".e+-".contains(&b))
        && plain.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let parsed: f64 = if float { plain.parse().ok()? } else { return None };
    Number::from_f64(if sign == "-" { -parsed } else { parsed }).map(Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(text: &str, expected: Value) {
        assert_eq!(value(text), expected, "{text}");
    }

    #[test]
    fn literals_have_their_types() {
        check("5", json!(5));
        check("-5", json!(-5));
        check("+5", json!(5));
        check("1_000", json!(1000));
        check("0x1F", json!(31));
        check("0o644", json!(420));
        check("0", json!(0));
        check("1.10", json!(1.1));
        check("8.0", json!(8.0));
        check("5.", json!(5.0));
        check("1e3", json!(1000.0));
        check("1e-3", json!(0.001));
        check("True", json!(true));
        check("None", json!(null));
        check("'a b'", json!("a b"));
        check(r#""a\n\x41\u00e9\q""#, json!("a\nAé\\q"));
        check(r"r'\n'", json!("\\n"));
        check("'a' \"b\"", json!("ab"));
        check("[1, 'a', [True,],]", json!([1, "a", [true]]));
        check("(1, 2)", json!([1, 2]));
        check("(1)", json!(1));
        check("80,443", json!([80, 443]));
        check("80, # one", json!([80]));
        check("{'a': 1, 2: {'b': []}}", json!({"a": 1, "2": {"b": []}}));
        check("{1, 2}", json!([1, 2]));
        check("{}", json!({}));
        check("5 # five", json!(5));
        check("'x' # y", json!("x"));
    }

    #[test]
    fn anything_else_is_the_text_it_is() {
        for text in [
            "",
            "web",
            "0644",
            "true",
            "yes",
            "null",
            "10.0.0.1",
            "1.2.3",
            "2024-01-01",
            "1+2",
            "--5",
            "[1, 2",
            "[a]",
            "'a",
            "'a'b",
            "a # b",
            "1_",
            "0x",
            "1e400",
            "nan",
            "99999999999999999999",
            "{{ x }}",
            "{'a'}x",
            "f'x'",
            "/path",
            "a=b",
            "[1 2]",
            "{'a' 1}",
            "5 6",
            "é",
            "-",
            ".",
            "1.e",
            "{[1]: 2}",
            "-x",
            "12abc",
            "80,,443",
            ",",
            "80 443",
            "a,b",
        ] {
            check(text, json!(text));
        }
        let deep = "[".repeat(100_000);
        check(&deep, json!(deep));
    }
}
