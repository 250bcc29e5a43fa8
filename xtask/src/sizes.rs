//! What an agent's size is made of: its sections, and its code by crate, as the symbols of an unstripped build tell (nm(1)).
//! Code that several crates have in common after folding counts for the one whose name the linker kept.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::shell::{self, Failure};

/// How many crates are named.
const CRATES: usize = 14;

/// The table for a build with symbols.
pub(crate) fn table(agent: &Path) -> Result<String, Failure> {
    let sections = shell::output(shell::command("readelf").args(["-SW"]).arg(agent))?;
    let symbols =
        shell::output(shell::command("nm").args(["-S", "-C", "--defined-only"]).arg(agent))?;
    let mut text = String::from("by section\n");
    append(sizes_of_sections(&sections), usize::MAX, &mut text);
    text.push_str("code and constants by crate\n");
    append(sizes_of_crates(&symbols), CRATES, &mut text);
    Ok(text)
}

fn append(sizes: BTreeMap<String, u64>, most: usize, text: &mut String) {
    let mut sizes: Vec<(String, u64)> = sizes.into_iter().collect();
    sizes.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    let rest: u64 = sizes.iter().skip(most).map(|(_, size)| size).sum();
    sizes.truncate(most);
    if rest > 0 {
        sizes.push(("all others".to_owned(), rest));
    }
    for (name, size) in sizes {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{size:>9}  {name}");
    }
}

/// Sections that are loaded and lie in the file: `[Nr] Name Type Address Off Size ES Flg ...`.
fn sizes_of_sections(text: &str) -> BTreeMap<String, u64> {
    let section = |line: &str| {
        let (_, rest) = line.split_once(']')?;
        let words: Vec<&str> = rest.split_whitespace().collect();
        let [name, kind, _, _, size, _, flags, ..] = words.as_slice() else { return None };
        let counts = flags.contains('A') && *kind != "NOBITS";
        counts.then_some(((*name).to_owned(), u64::from_str_radix(size, 16).ok()?))
    };
    text.lines().filter_map(section).collect()
}

/// Symbols: `address size kind name`, with Rust's names demangled.
fn sizes_of_crates(text: &str) -> BTreeMap<String, u64> {
    let mut sizes = BTreeMap::new();
    for line in text.lines() {
        let mut words = line.splitn(4, ' ');
        let (Some(_), Some(size), Some(kind), Some(name)) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            continue;
        };
        let Ok(size) = u64::from_str_radix(size, 16) else { continue };
        if !matches!(kind, "b" | "B") {
            *sizes.entry(crate_of(name)).or_default() += size;
        }
    }
    sizes
}

/// The first crate that a name speaks of: `<&str as core::fmt::Debug>::fmt` is of `core`, as its code is.
fn crate_of(name: &str) -> String {
    let starts = name.match_indices("::").map(|(at, _)| {
        let before = name.get(..at).unwrap_or_default();
        let word = before.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next();
        word.unwrap_or_default()
    });
    let found = starts.into_iter().find(|word| word.chars().next().is_some_and(char::is_lowercase));
    found.map_or_else(|| "C and assembler".to_owned(), str::to_owned)
}

/// How large a file is as it crosses.
pub(crate) fn packed(file: &Path) -> Result<u64, Failure> {
    shell::output(shell::command("gzip").arg("-9kf").arg(file))?;
    let packed = PathBuf::from(format!("{}.gz", file.display()));
    let size = fs::metadata(&packed).map_err(shell::file_error("measure", &packed))?.len();
    fs::remove_file(&packed).map_err(shell::file_error("remove", &packed))?;
    Ok(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_belongs_to_the_crate_it_speaks_of_first() {
        for (name, expected) in [
            ("hep_agent::serve::main", "hep_agent"),
            ("<minijinja::value::Value as core::fmt::Debug>::fmt", "minijinja"),
            ("<&str as core::fmt::Debug>::fmt", "core"),
            ("memcpy", "C and assembler"),
        ] {
            assert_eq!(crate_of(name), expected, "{name}");
        }
    }
}
