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
            '[' => self.items('[', ']').map(|(items, _)| Value::Array(items)),
            '(' => {
                let (mut items, commas) = self.items('(', ')')?;
                // Parentheses around one thing without a comma are no tuple.
                if items.len() == 1 && commas == 0 {
                    items.pop()
                } else {
                    Some(Value::Array(items))
                }
            }
            '{' => self.braces(),
            '+' | '-' => self.signed(),
            '0'..='9' => self.number(""),
            '.' if self.take("...") => Some(Value::String("...".to_owned())),
            '.' => self.number(""),
            _ => self.word_or_string(),
        }
    }

    fn signed(&mut self) -> Option<Value> {
        let sign = if self.take("-") { "-" } else { "" };
        if sign.is_empty() {
            self.take("+");
        }
        self.blank();
        self.rest
            .starts_with(|c: char| c.is_ascii_digit() || c == '.')
            .then(|| self.number(sign))?
    }

    /// What stands between brackets, and how many commas.
    fn items(&mut self, open: char, close: char) -> Option<(Vec<Value>, usize)> {
        self.rest = self.rest.strip_prefix(open)?;
        let (mut items, mut commas) = (Vec::new(), 0);
        loop {
            if self.closes(close) {
                return Some((items, commas));
            }
            items.push(self.expression()?);
            if self.take(",") {
                commas += 1;
            } else {
                return self.closes(close).then_some((items, commas));
            }
        }
    }

    fn closes(&mut self, close: char) -> bool {
        self.blank();
        let rest = self.rest.strip_prefix(close);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// A dict, or a set: that becomes a list.
    fn braces(&mut self) -> Option<Value> {
        let mut ahead = Reader { rest: self.rest.strip_prefix('{')?, depth: self.depth };
        if ahead.closes('}') {
            self.rest = ahead.rest;
            return Some(Value::Object(Map::new()));
        }
        ahead.expression()?;
        if !ahead.take(":") {
            return self.items('{', '}').map(|(items, _)| Value::Array(items));
        }
        self.rest = self.rest.strip_prefix('{')?;
        let mut map = Map::new();
        loop {
            if self.closes('}') {
                return Some(Value::Object(map));
            }
            let key = key(self.expression()?)?;
            if !self.take(":") {
                return None;
            }
            let value = self.expression()?;
            map.insert(key, value);
            if !self.take(",") {
                return self.closes('}').then_some(Value::Object(map));
            }
        }
    }

    fn number(&mut self, sign: &str) -> Option<Value> {
        let mut end = 0;
        let mut before = ' ';
        for c in self.rest.chars() {
            let exponent = matches!(before, 'e' | 'E') && !self.rest.starts_with("0x");
            if !(c.is_ascii_alphanumeric()
                || matches!(c, '.' | '_')
                || c.is_ascii_punctuation() && exponent && "+-".contains(c))
            {
                break;
            }
            before = c;
            end += 1;
        }
        let (word, rest) = self.rest.split_at_checked(end)?;
        let value = number(sign, word)?;
        self.rest = rest;
        Some(value)
    }

    fn word_or_string(&mut self) -> Option<Value> {
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let (word, rest) = self.rest.split_at_checked(end.unwrap_or(self.rest.len()))?;
        let value = match word {
            "None" => Value::Null,
            "True" => Value::Bool(true),
            "False" => Value::Bool(false),
            _ if rest.starts_with(['"', '\'']) => return self.strings(),
            "set" => {
                self.rest = rest;
                return (self.take("(") && self.take(")")).then(|| Value::Array(Vec::new()));
            }
            _ => return None,
        };
        self.rest = rest;
        Some(value)
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
        let quote_at = self.rest.find(['"', '\''])?;
        let (prefix, rest) = self.rest.split_at_checked(quote_at)?;
        let raw = match prefix.to_ascii_lowercase().as_str() {
            "" | "u" | "b" => false,
            "r" | "br" | "rb" => true,
            _ => return None,
        };
        let quote = rest.chars().next()?;
        let triple = [quote; 3].iter().collect::<String>();
        let long = rest.starts_with(&triple);
        let end = if long { triple } else { quote.to_string() };
        let mut rest = rest.get(end.len()..)?;
        loop {
            if let Some(after) = rest.strip_prefix(&end) {
                self.rest = after;
                return Some(());
            }
            let mut chars = rest.chars();
            match chars.next()? {
                '\0' => return None,
                '\\' if raw => {
                    text.push('\\');
                    text.push(chars.next()?);
                    rest = chars.as_str();
                }
                '\\' => rest = escape(chars.as_str(), text)?,
                c => {
                    text.push(c);
                    rest = chars.as_str();
                }
            }
        }
    }
}

/// What stands behind a backslash, and what follows it. One that means nothing stays.
fn escape<'t>(rest: &'t str, text: &mut String) -> Option<&'t str> {
    let mut chars = rest.chars();
    let c = chars.next()?;
    let digits = |count: usize| {
        let digits = chars.as_str().get(..count)?;
        let number = digits.bytes().all(|b| b.is_ascii_hexdigit()).then_some(digits)?;
        Some((char::from_u32(u32::from_str_radix(number, 16).ok()?)?, chars.as_str().get(count..)?))
    };
    let simple = match c {
        'x' | 'u' | 'U' => {
            let (c, rest) = digits(match c {
                'x' => 2,
                'u' => 4,
                _ => 8,
            })?;
            text.push(c);
            return Some(rest);
        }
        '0'..='7' => {
            let length = rest.chars().take(3).take_while(|c| matches!(c, '0'..='7')).count();
            let (digits, rest) = rest.split_at_checked(length)?;
            text.push(char::from_u32(u32::from_str_radix(digits, 8).ok()?)?);
            return Some(rest);
        }
        'N' => return None,
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0c',
        'v' => '\x0b',
        '\\' | '\'' | '"' => c,
        other => {
            text.push('\\');
            other
        }
    };
    text.push(simple);
    Some(chars.as_str())
}

/// A key as JSON has it.
fn key(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Null | Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// A number as Python spells it.
fn number(sign: &str, word: &str) -> Option<Value> {
    let sound = !word.ends_with('_') && !word.contains("__") && !word.starts_with('_');
    let plain = word.replace('_', "").to_ascii_lowercase();
    if !sound || word.contains("._") || word.contains("_.") {
        return None;
    }
    let based = [("0x", 16), ("0o", 8), ("0b", 2)];
    if let Some((digits, base)) =
        based.iter().find_map(|(prefix, base)| Some((plain.strip_prefix(prefix)?, *base)))
    {
        return whole(sign, digits, base);
    }
    if plain.bytes().all(|b| b.is_ascii_digit()) {
        // Python refuses leading zeros, except those of nothing.
        let canonical = !plain.starts_with('0') || plain.bytes().all(|b| b == b'0');
        return if canonical { whole(sign, &plain, 10) } else { None };
    }
    let float = plain.bytes().all(|b| b.is_ascii_digit() || b".e+-".contains(&b))
        && plain.bytes().any(|b| b.is_ascii_digit());
    let parsed: f64 = if float { plain.parse().ok()? } else { return None };
    let signed = if sign == "-" { -parsed } else { parsed };
    Number::from_f64(signed).map(Value::Number)
}

fn whole(sign: &str, digits: &str, base: u32) -> Option<Value> {
    let sound = digits.bytes().all(|b| b.is_ascii_alphanumeric());
    let number = u64::from_str_radix(digits, base).ok().filter(|_| sound)?;
    match sign {
        "-" => 0_i64.checked_sub_unsigned(number).map(Value::from),
        _ => Some(Value::from(number)),
    }
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
