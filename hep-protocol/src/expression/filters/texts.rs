//! Filters of texts.

use super::{advise, defined, items, shown};
use minijinja::value::Kwargs;
use minijinja::{Environment, Error, Value};
use std::fmt::Write as _;

pub(super) fn register(engine: &mut Environment<'static>) {
    engine.add_filter("string", |value: &Value| defined(value).and_then(shown));
    engine.add_filter("join", join);
    engine.add_filter("quote", quote);
    engine.add_filter("comment", comment);
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
    let text = shown(defined(value)?)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./-_".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        Ok(text)
    } else {
        Ok(format!("'{}'", text.replace('\'', r#"'"'"'"#)))
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

/// What RFC 3986 calls unreserved stays, and `/`; all else becomes its bytes in hex.
fn urlencode(value: &Value) -> Result<String, Error> {
    let text = shown(defined(value)?)?;
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _written = write!(encoded, "%{byte:02X}");
        }
    }
    Ok(encoded)
}
