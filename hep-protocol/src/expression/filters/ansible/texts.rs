//! Filters of texts, paths and addresses as Ansible has them.

use super::super::{Registry, charge, items, refuse, trouble};
use super::{iterated, string};
use minijinja::value::{Kwargs, Rest, ValueOrKwargs};
use minijinja::{Error, State, Value};
use sha2::Digest as _;

pub(super) fn register(engine: &mut Registry<'_>) {
    engine.add_filter("string", string);
    engine.add_filter("list", |value: &Value| iterated(value, "list"));
    engine.add_filter("join", join);
    engine.add_filter("quote", |value: &Value| {
        let text = if value.is_none() { String::new() } else { string(value)? };
        Ok::<_, Error>(super::super::texts::quoted(text))
    });
    engine.add_filter("comment", comment);
    engine.add_filter("indent", indent);
    engine.add_filter("wordcount", |value: &Value| {
        string(value).map(|text| text.split_whitespace().count())
    });
    let arguments = &["width", "break_long_words", "wrapstring", "break_on_hyphens"];
    engine.add_filter_named("wordwrap", arguments, wordwrap);
    engine.add_filter_named(
        "center",
        &["width"],
        |state: &State, value: &Value, width: Option<usize>| {
            let text = string(value)?;
            super::super::methods::padded(state, &text, "center", width.unwrap_or(80), None)
        },
    );
    for name in ["escape", "e", "forceescape"] {
        engine.add_filter(name, |value: &Value| string(value).map(|text| escaped(&text)));
    }
    engine.add_filter("safe", |value: &Value| value.clone());
    engine.add_filter("striptags", |value: &Value| string(value).map(|text| striptags(&text)));
    engine.add_filter("replace", replace);
    engine.add_filter("pprint", |value: &Value| {
        crate::expression::python::repr(value).map_err(trouble)
    });
    engine.add_filter("xmlattr", xmlattr);
    engine.add_filter_named("trim", &["chars"], |value: &Value, characters: Option<String>| {
        let text = string(value)?;
        Ok::<_, Error>(match characters {
            Some(characters) => text.trim_matches(|c| characters.contains(c)).to_owned(),
            None => text.trim().to_owned(),
        })
    });
    register_encodings(engine);
    register_paths(engine);
    register_windows(engine);
    register_tests(engine);
}

fn register_encodings(engine: &mut Registry<'_>) {
    engine.add_filter("to_uuid", to_uuid);
    for (name, kind) in [("sha1", "sha1"), ("md5", "md5"), ("checksum", "sha1")] {
        engine.add_filter(name, move |value: &Value| {
            super::super::digests::digest(&string(value)?, kind)
        });
    }
    engine.add_filter("b64encode", |value: &Value, encoding: Option<String>, kwargs: Kwargs| {
        use base64::Engine as _;
        let encoding = encoding.or(kwargs.get("encoding")?);
        let text = string(value)?;
        let bytes: Vec<u8> = match encoding.as_deref().unwrap_or("utf-8") {
            "utf-8" | "utf8" | "ascii" => text.into_bytes(),
            "utf-16-le" => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            other => return Err(refuse(format!("`b64encode` has no encoding `{other}` here"))),
        };
        Ok(base64::engine::general_purpose::STANDARD.encode(bytes))
    });
    engine.add_filter("urlsplit", urlsplit);
    let of_utf8 = &["encoding", "errors"];
    engine.add_filter_named("urldecode", of_utf8, |value: &Value, _: Rest<Value>| {
        string(value).map(|text| urldecode(&text))
    });
}

fn register_paths(engine: &mut Registry<'_>) {
    engine.add_filter("normpath", |value: &Value| string(value).map(|path| normpath(&path)));
    engine.add_filter("relpath", |value: &Value, start: String| {
        string(value).map(|path| relpath(&path, &start))
    });
    engine.add_filter("commonpath", commonpath);
    for name in ["realpath", "expanduser", "expandvars", "fileglob", "vault", "unvault"] {
        engine.add_filter(name, move |state: &State, value: &Value, rest: Rest<Value>| {
            super::lookups::of_files(state, &format!("| {name}"), value, &rest)
        });
    }
}

fn register_tests(engine: &mut Registry<'_>) {
    engine.add_test("abs", |value: &Value| string(value).map(|path| path.starts_with('/')));
    for (name, wants_place) in [("uri", false), ("url", true), ("urn", false)] {
        engine.add_test(name, move |value: &Value| {
            let text = string(value)?;
            let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
            Ok::<_, Error>(match name {
                "urn" => scheme.eq_ignore_ascii_case("urn"),
                _ => !wants_place || text.contains("://"),
            })
        });
    }
    engine.add_test("callable", |_: &Value| false);
}

fn register_windows(engine: &mut Registry<'_>) {
    let slash = |c| c == '\\' || c == '/';
    engine.add_filter("win_basename", move |value: &Value| {
        string(value).map(|path| path.rsplit(slash).next().unwrap_or_default().to_owned())
    });
    engine.add_filter("win_dirname", move |value: &Value| {
        string(value).map(|path| {
            path.rfind(slash).and_then(|at| path.get(..at)).unwrap_or_default().to_owned()
        })
    });
    engine.add_filter("win_splitdrive", |value: &Value| {
        string(value).map(|path| {
            let drive = if path.get(1..2) == Some(":") { 2 } else { 0 };
            let (drive, rest) = path.split_at(drive);
            vec![drive.to_owned(), rest.to_owned()]
        })
    });
}

fn replace(
    state: &State,
    value: &Value,
    old: &Value,
    new: &Value,
    rest: Rest<ValueOrKwargs>,
) -> Result<String, Error> {
    let rest = rest.into_values();
    let (count, kwargs): (Option<usize>, Kwargs) = minijinja::value::from_args(&rest)?;
    let count = count.or(kwargs.get("count")?);
    kwargs.assert_all_used()?;
    let (text, old, new) = (string(value)?, string(old)?, string(new)?);
    let most = count.unwrap_or(usize::MAX);
    let found = text.matches(&old).take(most).count();
    charge(state, text.len().saturating_add(found.saturating_mul(new.len())))?;
    Ok(text.replacen(&old, &new, most))
}

/// The entries of a mapping as attributes of an element; those of nothing are left out.
fn xmlattr(value: &Value, space: Option<bool>) -> Result<String, Error> {
    let mut out = String::new();
    for key in iterated(value, "xmlattr")? {
        let item = value.get_item(&key)?;
        if !item.is_none() && !item.is_undefined() {
            out.push_str(if out.is_empty() && space == Some(false) { "" } else { " " });
            out.push_str(&format!("{}=\"{}\"", escaped(&string(&key)?), escaped(&string(&item)?)));
        }
    }
    Ok(out)
}

fn join(value: &Value, separator: Option<String>, kwargs: Kwargs) -> Result<String, Error> {
    let separator = separator.or(kwargs.get("d")?).unwrap_or_default();
    let attribute: Option<String> = kwargs.get("attribute")?;
    kwargs.assert_all_used()?;
    let mut parts = Vec::new();
    for item in iterated(value, "join")? {
        let part = match &attribute {
            Some(attribute) => super::lists::at_path(&item, attribute)?,
            None => item,
        };
        parts.push(string(&part)?);
    }
    Ok(parts.join(&separator))
}

/// Before each line, and around them all, what a comment of a style has.
fn comment(value: &Value, style: Option<String>, kwargs: Kwargs) -> Result<String, Error> {
    let text = string(value)?;
    let style = style.or(kwargs.get("style")?).unwrap_or_else(|| "plain".to_owned());
    let (beginning, decoration, end) = match style.as_str() {
        "plain" => ("", "# ", ""),
        "erlang" => ("", "% ", ""),
        "c" => ("", "// ", ""),
        "cblock" => ("/*", " * ", " */"),
        "xml" => ("<!--", " - ", "-->"),
        other => return Err(refuse(format!("`comment` has no style `{other}`"))),
    };
    let given = |name: &str| kwargs.get::<Option<String>>(name);
    let beginning = given("beginning")?.unwrap_or_else(|| beginning.to_owned());
    let end = given("end")?.unwrap_or_else(|| end.to_owned());
    let decoration = given("decoration")?.unwrap_or_else(|| decoration.to_owned());
    let newline = given("newline")?.unwrap_or_else(|| "\n".to_owned());
    let edge = decoration.trim_end().to_owned();
    let prefix = given("prefix")?.unwrap_or_else(|| edge.clone());
    let postfix = given("postfix")?.unwrap_or(edge);
    let prefix_count = kwargs.get::<Option<usize>>("prefix_count")?.unwrap_or(1).min(1000);
    let postfix_count = kwargs.get::<Option<usize>>("postfix_count")?.unwrap_or(1).min(1000);
    kwargs.assert_all_used()?;
    let mut out = String::new();
    if !beginning.is_empty() {
        out.push_str(&beginning);
        out.push_str(&newline);
    }
    if !prefix.is_empty() {
        out.push_str(&vec![prefix; prefix_count].join(&newline));
        out.push_str(&newline);
    }
    out.push_str(&decoration);
    let lines = text.split(newline.as_str());
    let lines: Vec<&str> = lines.collect();
    out.push_str(&lines.join(&format!("{newline}{decoration}")));
    out = out
        .replace(&format!("{decoration}{newline}"), &format!("{}{newline}", decoration.trim_end()));
    out.push_str(&newline);
    out.push_str(&vec![postfix; postfix_count].join(&newline));
    if !end.is_empty() {
        out.push_str(&newline);
        out.push_str(&end);
    }
    Ok(out)
}

fn indent(
    value: &Value,
    width: Option<Value>,
    first: Option<bool>,
    blank: Option<bool>,
    kwargs: Kwargs,
) -> Result<String, Error> {
    let width = width.or(kwargs.get("width")?).unwrap_or_else(|| Value::from(4));
    let first = first.or(kwargs.get("first")?).unwrap_or(false);
    let blank = blank.or(kwargs.get("blank")?).unwrap_or(false);
    kwargs.assert_all_used()?;
    let margin = match (width.as_str(), width.as_usize()) {
        (Some(text), _) => text.to_owned(),
        (None, Some(width)) => " ".repeat(width.min(10_000)),
        (None, None) => return Err(refuse("`indent` takes a number of blanks, or a text")),
    };
    let text = string(value)?;
    let mut out = String::new();
    for (number, line) in text.split('\n').enumerate() {
        out.push_str(if number == 0 { "" } else { "\n" });
        let wanted = if number == 0 { first } else { blank || !line.is_empty() };
        out.push_str(if wanted { &margin } else { "" });
        out.push_str(line);
    }
    Ok(out)
}

fn wordwrap(
    value: &Value,
    width: Option<usize>,
    breaks: Option<bool>,
    separator: Option<String>,
    _hyphens: Option<bool>,
) -> Result<String, Error> {
    let width = width.unwrap_or(79).max(1);
    let separator = separator.unwrap_or_else(|| "\n".to_owned());
    let text = string(value)?;
    let mut lines: Vec<String> = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for word in paragraph.split(' ') {
            let long = line.chars().count().saturating_add(word.chars().count()) >= width;
            if !line.is_empty() && long {
                lines.push(std::mem::take(&mut line));
            }
            line.push_str(if line.is_empty() { "" } else { " " });
            line.push_str(word);
            while breaks.unwrap_or(true) && line.chars().count() > width {
                let end = line.char_indices().nth(width).map_or(line.len(), |(end, _)| end);
                let rest = line.split_off(end);
                lines.push(std::mem::replace(&mut line, rest));
            }
        }
        lines.push(line);
    }
    Ok(lines.join(&separator))
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('>', "&gt;").replace('<', "&lt;");
    text.replace('\'', "&#39;").replace('"', "&#34;")
}

fn striptags(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        rest = after.split_once('>').map_or("", |(_, behind)| behind);
    }
    out.push_str(rest);
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The name in a namespace as a UUID: RFC 9562's version 5, in Ansible's own namespace unless another is given.
fn to_uuid(value: &Value, namespace: Option<String>, kwargs: Kwargs) -> Result<String, Error> {
    let namespace = namespace.or(kwargs.get("namespace")?);
    kwargs.assert_all_used()?;
    let namespace = namespace.unwrap_or_else(|| "361e6d51-faec-444a-9079-341386da8e2e".to_owned());
    let hex: String = namespace.chars().filter(char::is_ascii_hexdigit).collect();
    let number = u128::from_str_radix(&hex, 16).ok().filter(|_| hex.len() == 32);
    let number =
        number.ok_or_else(|| refuse(format!("`to_uuid`: `{namespace}` is no namespace")))?;
    let mut hash = sha1::Sha1::new();
    hash.update(number.to_be_bytes());
    hash.update(string(value)?);
    let bytes: Vec<u8> = hash.finalize().iter().copied().take(16).collect();
    let number = bytes.iter().fold(0_u128, |number, byte| (number << 8) | u128::from(*byte));
    let number = number & !(0xf << 76) | (5 << 76);
    let number = number & !(0x3 << 62) | (2 << 62);
    let text = format!("{number:032x}");
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    Ok([part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-"))
}

fn urlsplit(value: &Value, query: Option<String>, kwargs: Kwargs) -> Result<Value, Error> {
    let query = query.or(kwargs.get("query")?).filter(|query| !query.is_empty());
    let _alias = kwargs.get::<Option<String>>("alias")?;
    kwargs.assert_all_used()?;
    let text = string(value)?;
    let (rest, fragment) = text.split_once('#').unwrap_or((&text, ""));
    let scheme = rest.split_once(':').filter(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    });
    let (scheme, rest) = scheme.unwrap_or(("", rest));
    let (rest, search) = rest.split_once('?').unwrap_or((rest, ""));
    let (place, path) = match rest.strip_prefix("//") {
        Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
        None => ("", rest),
    };
    let (user, host) = match place.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, place),
    };
    let (name, password) = match user.map(|user| user.split_once(':').unwrap_or((user, ""))) {
        Some((name, "")) => (Some(name), None),
        Some((name, password)) => (Some(name), Some(password)),
        None => (None, None),
    };
    let port = host.rsplit_once(':').filter(|(_, port)| !port.contains(']'));
    let (host, port) = port.map_or((host, None), |(host, port)| (host, port.parse::<u16>().ok()));
    let host = host.trim_start_matches('[').trim_end_matches(']').to_lowercase();
    let optional = |text: Option<&str>| text.map_or_else(|| Value::from(()), Value::from);
    let parts = [
        ("fragment", Value::from(fragment)),
        ("hostname", optional(Some(host.as_str()).filter(|host| !host.is_empty()))),
        ("netloc", Value::from(place)),
        ("password", optional(password)),
        ("path", Value::from(path)),
        ("port", port.map_or_else(|| Value::from(()), Value::from)),
        ("query", Value::from(search)),
        ("scheme", Value::from(scheme.to_lowercase())),
        ("username", optional(name)),
    ];
    match query {
        None => Ok(Value::from_pairs(parts)),
        Some(wanted) => parts
            .into_iter()
            .find_map(|(name, value)| (name == wanted).then_some(value))
            .ok_or_else(|| refuse(format!("`urlsplit` has no part `{wanted}`"))),
    }
}

fn urldecode(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, tail @ ..] = rest {
        rest = tail;
        let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match (first, hex.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            (b'+', _) => bytes.push(b' '),
            (byte, _) => bytes.push(*byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Python's, or those of POSIX's basic expressions.
/// Python's: without what leads nowhere.
fn normpath(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        match (part, parts.last()) {
            ("..", Some(last)) if *last != ".." => drop(parts.pop()),
            ("..", None) if rooted => {}
            (part, _) => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

fn relpath(path: &str, start: &str) -> String {
    let (path, start) = (normpath(path), normpath(start));
    let cut = |path: &str| -> Vec<String> {
        path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect()
    };
    let (path, start) = (cut(&path), cut(&start));
    let common = path.iter().zip(&start).take_while(|(a, b)| a == b).count();
    let up = start.iter().skip(common).map(|_| "..".to_owned());
    let all: Vec<String> = up.chain(path.iter().skip(common).cloned()).collect();
    if all.is_empty() { ".".to_owned() } else { all.join("/") }
}

fn commonpath(value: &Value) -> Result<String, Error> {
    let mut common: Option<Vec<String>> = None;
    for path in items(value, "commonpath")? {
        let path = string(&path)?;
        let parts: Vec<String> = path.split('/').map(str::to_owned).collect();
        common = Some(match common {
            None => parts,
            Some(common) => {
                let same = common.into_iter().zip(parts).take_while(|(a, b)| a == b);
                same.map(|(part, _)| part).collect()
            }
        });
    }
    Ok(common.unwrap_or_default().join("/"))
}
