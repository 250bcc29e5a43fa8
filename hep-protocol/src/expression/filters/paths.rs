//! Filters of paths, which are taken as texts: nothing looks at a file.

use super::kinds::text;
use super::{Registry, advise, items};
use minijinja::value::{Rest, ValueKind};
use minijinja::{Error, Value};

pub(super) fn register(engine: &mut Registry<'_>) {
    engine.add_filter("basename", |value: &Value| {
        let path = text(value, "basename")?;
        Ok::<_, Error>(path.rsplit('/').next().unwrap_or_default().to_owned())
    });
    engine.add_filter("dirname", |value: &Value| text(value, "dirname").map(|path| dirname(&path)));
    engine.add_filter("splitext", |value: &Value| {
        let path = text(value, "splitext")?;
        let (stem, extension) = splitext(&path);
        Ok::<_, Error>(vec![stem.to_owned(), extension.to_owned()])
    });
    engine.add_filter("path_join", path_join);
}

/// As Python's: what stands before the last slash, without the slashes there unless they are all of it.
fn dirname(path: &str) -> String {
    match path.rsplit_once('/') {
        None => String::new(),
        Some((before, _)) => {
            let bare = before.trim_end_matches('/');
            if bare.is_empty() { "/".to_owned() } else { bare.to_owned() }
        }
    }
}

/// A name's dots at its beginning begin no extension.
fn splitext(path: &str) -> (&str, &str) {
    let name = path.rsplit('/').next().unwrap_or_default();
    let bare = name.trim_start_matches('.');
    match bare.rfind('.') {
        Some(at) => {
            let extension = bare.len().saturating_sub(at);
            path.split_at(path.len().saturating_sub(extension))
        }
        None => (path, ""),
    }
}

fn path_join(value: &Value, others: Rest<Value>) -> Result<String, Error> {
    let mut parts = match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => items(value, "path_join")?,
        _ => vec![value.clone()],
    };
    parts.extend(others.0);
    let mut path = String::new();
    for part in parts {
        let part = text(&part, "path_join")?;
        if part.starts_with('/') || path.is_empty() {
            path = part;
        } else {
            if !path.ends_with('/') {
                path.push('/');
            }
            path.push_str(&part);
        }
    }
    if path.is_empty() {
        return Err(advise(
            "`path_join` was given no path",
            "give it a list: `[\"/etc\", name] | path_join`",
        ));
    }
    Ok(path)
}
