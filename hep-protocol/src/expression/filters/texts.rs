//! Filters of texts.

use super::encoded::encoding;
use super::{Registry, advise, defined, items, shown};
use minijinja::value::{Kwargs, Rest, ValueKind, ValueOrKwargs};
use minijinja::{Error, Value};
use std::fmt::Write as _;

pub(super) fn register(engine: &mut Registry<'_>) {
    engine.add_filter("string", |value: &Value| defined(value).and_then(shown));
    engine.add_filter("join", join);
    engine.add_filter("quote", quote);
    engine.add_filter("comment", comment);
    engine.add_filter("truncate", truncate);
    engine.add_filter("urlencode", urlencode);
}

fn join(value: &Value, separator: Option<String>, kwargs: Kwargs) -> Result<String, Error> {
    let attribute: Option<String> = kwargs.get("attribute")?;
    kwargs.assert_all_used()?;
    let mut parts = Vec::new();
    for item in items(value, "join")? {
        let part = match &attribute {
            Some(attribute) => item.get_attr(attribute)?,
            None => item,
        };
        parts.push(shown(defined(&part)?)?);
    }
    Ok(parts.join(&separator.unwrap_or_default()))
}

/// For a POSIX shell: as it is when no shell would read anything into it, else in single quotes.
fn quote(value: &Value) -> Result<String, Error> {
    Ok(quoted(shown(defined(value)?)?))
}

pub(super) fn quoted(text: String) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./-_".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r#"'"'"'"#))
    }
}

/// Before each line, and around them all, what a comment of a style has.
fn comment(value: &Value, style: Option<String>, kwargs: Kwargs) -> Result<String, Error> {
    let text = shown(defined(value)?)?;
    let style = style.unwrap_or_else(|| "plain".to_owned());
    let (begin, each, end) = match style.as_str() {
        "plain" => ("", "# ", ""),
        "erlang" => ("", "% ", ""),
        "c" => ("", "// ", ""),
        "cblock" => ("/*", " * ", " */"),
        "xml" => ("<!--", " - ", "-->"),
        other => {
            return Err(advise(
                format!("`comment` has no style `{other}`"),
                "write one of `plain`, `erlang`, `c`, `cblock`, `xml`, or `comment(decoration=\"; \")`",
            ));
        }
    };
    let each: String =
        kwargs.get::<Option<String>>("decoration")?.unwrap_or_else(|| each.to_owned());
    // As Ansible has it: an empty line above and below.
    let edge = each.trim_end().to_owned();
    let edge = |name: &str| {
        kwargs.get::<Option<String>>(name).map(|own| own.unwrap_or_else(|| edge.clone()))
    };
    let (prefix, postfix) = (edge("prefix")?, edge("postfix")?);
    kwargs.assert_all_used()?;
    let mut lines: Vec<String> = Vec::new();
    lines.extend([begin, &prefix].into_iter().filter(|line| !line.is_empty()).map(str::to_owned));
    lines.extend(text.lines().map(|line| format!("{each}{line}").trim_end().to_owned()));
    lines.extend([&postfix, end].into_iter().filter(|line| !line.is_empty()).map(str::to_owned));
    Ok(lines.join("\n"))
}

/// A text as part of a URL; a mapping, or a list of pairs, as a query: `a=b+c&d=1`.
fn urlencode(value: &Value) -> Result<String, Error> {
    let pairs: Vec<(Value, Value)> = match defined(value)?.kind() {
        ValueKind::Map => {
            let pair = |key: Value| Ok::<_, Error>((key.clone(), value.get_item(&key)?));
            value.try_iter()?.checked().map(|key| pair(key?)).collect::<Result<_, _>>()?
        }
        ValueKind::Seq | ValueKind::Iterable => super::mappings::pairs(value, "urlencode")?,
        _ => return Ok(percent_encoded(&shown(value)?, b"-._~/")),
    };
    let plus =
        |value: &Value| Ok::<_, Error>(percent_encoded(&shown(value)?, b"-._~ ").replace(' ', "+"));
    let pair = |(key, value): (Value, Value)| Ok(format!("{}={}", plus(&key)?, plus(&value)?));
    Ok(pairs.into_iter().map(pair).collect::<Result<Vec<String>, Error>>()?.join("&"))
}

/// Letters, digits and these stay; all else becomes its bytes in hex, as RFC 3986 has it.
fn percent_encoded(text: &str, stays: &[u8]) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in encoding(text).bytes() {
        if byte.is_ascii_alphanumeric() || stays.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _written = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// The text up to a length, `end` included, if it is longer than that by more than `leeway`: Jinja's.
fn truncate(value: &Value, rest: Rest<ValueOrKwargs>) -> Result<String, Error> {
    type Given = (Option<usize>, Option<bool>, Option<String>, Option<usize>, Kwargs);
    let rest = rest.into_values();
    let (length, killwords, end, leeway, kwargs): Given = minijinja::value::from_args(&rest)?;
    let text = super::kinds::text(value, "truncate")?;
    let length = length.or(kwargs.get("length")?).unwrap_or(255);
    let killwords = killwords.or(kwargs.get("killwords")?).unwrap_or(false);
    let end = end.or(kwargs.get("end")?).unwrap_or_else(|| "...".to_owned());
    let leeway = leeway.or(kwargs.get("leeway")?).unwrap_or(5);
    kwargs.assert_all_used()?;
    let ends = end.chars().count();
    if length < ends {
        let message = format!("`truncate` to {length} has no room for the end `{end}`");
        return Err(advise(message, "give a larger length, or `end=''`"));
    }
    if text.chars().count() <= length.saturating_add(leeway) {
        return Ok(text);
    }
    let cut: String = text.chars().take(length.saturating_sub(ends)).collect();
    let whole_words = if killwords { None } else { cut.rsplit_once(' ').map(|(words, _)| words) };
    Ok(format!("{}{end}", whole_words.unwrap_or(&cut)))
}
