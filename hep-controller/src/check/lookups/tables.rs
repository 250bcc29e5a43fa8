//! Values out of files of settings and tables: `ini` and `csvfile`.

use super::{Looking, is_true, text_of, wrong};
use hep_protocol::expression::{Lookup, Trouble};
use serde_json::Value;

fn option(asked: &Lookup, name: &str, default: &str) -> String {
    asked.options.get(name).map_or_else(|| default.to_owned(), text_of)
}

fn key_of(asked: &Lookup) -> String {
    asked.terms.first().map(text_of).unwrap_or_default()
}

/// The value of a key in a section; of `properties` there is one section without a name.
pub(super) fn ini(asked: &Lookup, looking: &Looking) -> Result<Value, Trouble> {
    let properties = option(asked, "type", "ini") == "properties";
    let file = option(asked, "file", "ansible.ini");
    let section = option(asked, "section", "global");
    let text = looking.read("files", &file)?;
    let exact = asked.options.get("case_sensitive").is_some_and(is_true);
    let folded =
        |text: &str| if exact { text.trim().to_owned() } else { text.trim().to_lowercase() };
    let key = folded(&key_of(asked));
    if asked.options.contains_key("re") {
        return Err(wrong("hep does not look up keys of `ini` by a pattern").hint("name the key"));
    }
    let mut here = properties;
    let mut known = properties;
    let mut found: Option<String> = None;
    for line in text.lines() {
        let bare = line.trim();
        if bare.is_empty() || bare.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = bare.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
            here = !properties && name == section;
            known |= here;
        } else if line.starts_with([' ', '\t']) && found.is_some() && here {
            found = found.map(|value| format!("{value}\n{bare}"));
        } else if here {
            let (name, value) = bare.split_once(['=', ':']).unwrap_or((bare, ""));
            if folded(name) == key {
                found = Some(value.trim().to_owned());
            }
        }
    }
    match (found, asked.options.get("default")) {
        (Some(value), _) => Ok(Value::from(value)),
        (None, Some(default)) => Ok(default.clone()),
        (None, None) if known => Ok(Value::from("")),
        (None, None) => Err(wrong(format!("`{file}` has no section `{section}`"))
            .hint("name one with `section=NAME`, or give a `default`")),
    }
}

/// A column of the line whose first column is the key.
pub(super) fn csv(asked: &Lookup, looking: &Looking) -> Result<Value, Trouble> {
    let text = looking.read("files", &option(asked, "file", "ansible.csv"))?;
    let delimiter = match option(asked, "delimiter", "TAB").as_str() {
        "TAB" | "t" | "\\t" => '\t',
        other => other.chars().next().unwrap_or(','),
    };
    let number = |name: &str, default: usize| {
        option(asked, name, &default.to_string())
            .parse::<usize>()
            .map_err(|_| wrong(format!("`{name}` of `csvfile` is the number of a column")))
    };
    let (column, key_column) = (number("col", 1)?, number("keycol", 0)?);
    let key = key_of(asked);
    for row in rows(&text, delimiter) {
        if row.get(key_column) == Some(&key) {
            let value = row.get(column).cloned();
            return value
                .map(Value::from)
                .ok_or_else(|| wrong(format!("the line of `{key}` has no column {column}")));
        }
    }
    Ok(asked.options.get("default").cloned().unwrap_or_else(|| Value::from(Vec::<Value>::new())))
}

/// The cells of each line, as RFC 4180 has them.
fn rows(text: &str, delimiter: char) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match (quoted, c) {
            (true, '"') if characters.peek() == Some(&'"') => {
                characters.next();
                cell.push('"');
            }
            (_, '"') => quoted = !quoted,
            (false, '\r') if characters.peek() == Some(&'\n') => {}
            (false, '\n') => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            (false, c) if c == delimiter => row.push(std::mem::take(&mut cell)),
            (_, c) => cell.push(c),
        }
    }
    if !cell.is_empty() || !row.is_empty() {
        row.push(cell);
        rows.push(row);
    }
    rows
}
