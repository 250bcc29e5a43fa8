//! The host's own facts: `/etc/hep/facts.d/NAME.json`. Files are read and never run, also those that could be.
//!
//! The author of a broken file wants to know, so only here an unreadable file is an error.

use super::host::Host;
use super::{Broken, named};
use serde_json::Value as Json;
use std::fs;
use std::io;

const DIRECTORY: &str = "etc/hep/facts.d";

/// The most that one file may hold.
const LIMIT: u64 = 1 << 20;

pub(super) fn fact(host: &Host) -> Result<Json, Broken> {
    let mut facts = Vec::new();
    for name in names(host)? {
        let file = format!("{DIRECTORY}/{name}");
        if let Some(stem) = name.strip_suffix(".json").filter(|_| host.path(&file).is_file()) {
            facts.push((stem.to_owned(), read(host, &file)?));
        }
    }
    Ok(named(&mut facts.into_iter()))
}

/// The names of the directory's files that could be facts, sorted; hidden ones are an editor's.
fn names(host: &Host) -> Result<Vec<String>, Broken> {
    let listed = fs::read_dir(host.path(DIRECTORY)).and_then(|entries| {
        entries.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<_>>>()
    });
    match listed {
        Ok(names) => {
            let texts = names.iter().map(|name| name.to_string_lossy().into_owned());
            let mut names: Vec<String> = texts.filter(|name| !name.starts_with('.')).collect();
            names.sort_unstable();
            Ok(names)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(broken(format!("cannot list /{DIRECTORY}: {error}"))),
    }
}

fn read(host: &Host, file: &str) -> Result<Json, Broken> {
    let bytes = host
        .bytes(file, LIMIT + 1)
        .map_err(|error| broken(format!("cannot read /{file}: {error}")))?;
    if bytes.len() as u64 > LIMIT {
        return Err(broken(format!("/{file} holds more than {LIMIT} bytes")));
    }
    serde_json::from_slice(&bytes).map_err(|error| {
        let words = error.to_string();
        // The library puts the place last; a place stands first, as of every other file.
        let words = words.split(" at line ").next().unwrap_or_default();
        let (line, column) = place(&bytes, &error);
        broken(format!("/{file}:{line}:{column}: {words}"))
    })
}

/// The library counts a newline as what stands at column 0 of the next line; for a person it ends its own.
fn place(bytes: &[u8], error: &serde_json::Error) -> (usize, usize) {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    match (error.line(), error.column()) {
        (0 | 1, column) => (1, column.max(1)),
        (line, 0) => (line - 1, lines.nth(line - 2).map_or(1, |before| before.len() + 1)),
        place => place,
    }
}

fn broken(what: String) -> Broken {
    Broken {
        what,
        hint: Some(
            "local facts are JSON, in files that are read and never run; repair or remove the file",
        ),
    }
}
