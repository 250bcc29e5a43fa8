//! Completion in shells: the script that a shell reads, and the answers that it asks for. Hosts, groups, tags and names of
//! tasks come from the files that the line names, or else the config. A file that has mistakes completes nothing.

use super::{Cli, Push, means_push};
use crate::ast::Manifest;
use crate::config::Config;
use crate::inputs::{self, LocalUser};
use crate::inventory::Inventory;
use crate::plan::listing::tags_and_titles;
use clap::{Args as _, Command, CommandFactory as _, ValueEnum};
use clap_complete::engine::{PathCompleter, ValueCompleter as _};
use clap_complete::env::{Bash, EnvCompleter, Fish, Zsh};
use clap_complete::{ArgValueCompleter, CompletionCandidate};
use hep_protocol::facts::FACTS;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

/// The environment variable in which a shell that wants answers says which it is.
const ASKED_BY: &str = "HEP_COMPLETE";

/// In which quote the word stands that bash completes, if in any.
const QUOTE: &str = "_HEP_QUOTE";

/// What bash reads: the library's own script asks about parts of words.
const BASH: &str = include_str!("completions.bash");

/// A shell that knows completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Fish,
}

impl Shell {
    fn adapter(self) -> &'static dyn EnvCompleter {
        match self {
            Shell::Bash => &Bash,
            Shell::Zsh => &Zsh,
            Shell::Fish => &Fish,
        }
    }
}

/// What a shell reads to complete `hep`.
///
/// # Errors
/// There is none: it is written to memory.
pub(crate) fn script(shell: Shell) -> io::Result<String> {
    if shell == Shell::Bash {
        return Ok(BASH.to_owned());
    }
    let mut text = Vec::new();
    shell.adapter().write_registration(ASKED_BY, "hep", "hep", "hep", &mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// The answer, if it is a shell that asks: what the word may become, in that shell's form.
pub(crate) fn answer() -> Option<String> {
    let asked_by = std::env::var(ASKED_BY).ok()?;
    let shell = Shell::from_str(&asked_by, false).ok()?;
    let words = words();
    // Without a verb it is that of `push`.
    let mut command = match words.get(1..) {
        Some([first, _, ..]) if means_push(first) => Push::augment_args(Command::new("hep")),
        Some(_) | None => Cli::command(),
    };
    command.build();
    let (mut text, here) = (Vec::new(), std::env::current_dir().ok());
    shell.adapter().write_complete(&mut command, words, here.as_deref(), &mut text).ok()?;
    Some(String::from_utf8_lossy(&text).into_owned())
}

/// The line that is completed, from the program's name on.
fn words() -> Vec<OsString> {
    std::env::args_os().skip_while(|word| word != "--").skip(1).collect()
}

/// Hosts and groups, at every place of a pattern.
pub(crate) fn hosts() -> ArgValueCompleter {
    ArgValueCompleter::new(|word: &OsStr| {
        let Some(word) = word.to_str() else { return Vec::new() };
        if word.starts_with('@') {
            return file_behind_at(word);
        }
        let Some(inventory) = inventory(&words()) else { return Vec::new() };
        let groups = inventory.groups.iter().map(|group| group.name.as_str());
        let hosts = inventory.hosts.iter().map(|host| host.name.as_str());
        behind(word, &[':', ',', '!', '&'], groups.chain(hosts))
    })
}

/// Hosts alone.
pub(crate) fn host() -> ArgValueCompleter {
    ArgValueCompleter::new(|word: &OsStr| {
        let Some((word, inventory)) = word.to_str().zip(inventory(&words())) else {
            return Vec::new();
        };
        behind(word, &[], inventory.hosts.iter().map(|host| host.name.as_str()))
    })
}

/// Files of variables.
pub(crate) fn extra() -> ArgValueCompleter {
    ArgValueCompleter::new(|word: &OsStr| word.to_str().map(file_behind_at).unwrap_or_default())
}

/// The files that continue a word that begins with `@`.
fn file_behind_at(word: &str) -> Vec<CompletionCandidate> {
    let Some(path) = word.strip_prefix('@') else { return Vec::new() };
    let files = PathCompleter::file().complete(OsStr::new(path));
    files.into_iter().map(|file| file.add_prefix("@")).collect()
}

/// The names of facts.
pub(crate) fn facts() -> ArgValueCompleter {
    ArgValueCompleter::new(|word: &OsStr| {
        let names = FACTS.iter().map(|fact| fact.name);
        word.to_str().map(|word| behind(word, &[], names)).unwrap_or_default()
    })
}

/// What `hep doc` has pages of; single entries of these only where a word is begun.
pub(crate) fn topics() -> ArgValueCompleter {
    ArgValueCompleter::new(|word: &OsStr| {
        let Some(word) = word.to_str() else { return Vec::new() };
        let (mut names, entries) = crate::doc::names();
        if !word.is_empty() {
            names.extend(entries.into_iter().map(str::to_owned));
        }
        behind(word, &[], names.iter().map(String::as_str))
    })
}

/// The tags of the manifest.
pub(crate) fn tags() -> ArgValueCompleter {
    ArgValueCompleter::new(|word: &OsStr| {
        let Some((word, manifest)) = word.to_str().zip(manifest(&words())) else {
            return Vec::new();
        };
        let (tags, _) = tags_and_titles(&manifest);
        behind(word, &[','], tags.iter().map(String::as_str))
    })
}

/// The names of the manifest's tasks.
pub(crate) fn tasks() -> ArgValueCompleter {
    ArgValueCompleter::new(|word: &OsStr| {
        let Some((word, manifest)) = word.to_str().zip(manifest(&words())) else {
            return Vec::new();
        };
        let (_, titles) = tags_and_titles(&manifest);
        behind(word, &[], titles.iter().map(String::as_str))
    })
}

/// The names that continue what stands after the last sign.
fn behind<'n>(
    word: &str,
    signs: &[char],
    names: impl Iterator<Item = &'n str>,
) -> Vec<CompletionCandidate> {
    let begin = word.rfind(signs).map_or(0, |at| at + 1);
    let (before, typed) = word.split_at_checked(begin).unwrap_or(("", word));
    let fitting = names.filter(|name| name.starts_with(typed));
    fitting.map(|name| CompletionCandidate::new(format!("{before}{}", quoted(name)))).collect()
}

/// As the shell must read it: zsh and fish quote by themselves, bash takes what it gets.
fn quoted(name: &str) -> String {
    let by_bash = std::env::var(ASKED_BY).is_ok_and(|asked_by| asked_by == "bash");
    let special = match std::env::var(QUOTE).as_deref() {
        _ if !by_bash => "",
        Ok("'") => "",
        Ok("\"") => "\"\\`$",
        Ok(_) | Err(_) => " \t'\"\\`$&|;<>(){}*?#",
    };
    let special = |letter: char| special.contains(letter);
    let mut text = String::new();
    for letter in name.chars() {
        if special(letter) {
            text.push('\\');
        }
        text.push(letter);
    }
    text
}

fn inventory(words: &[OsString]) -> Option<Inventory> {
    let given = option(words, &["-i", "--hosts", "--inventory"]);
    let path = given.or_else(|| config(words).hosts)?;
    let around = LocalUser::of_system().surroundings().ok()?;
    Inventory::read(&path, &around).ok()
}

fn manifest(words: &[OsString]) -> Option<Manifest> {
    let named = |path: &Path| {
        path.extension().is_some_and(|end| end == "yml" || end == "yaml") && path.is_file()
    };
    let given = words.windows(2).find_map(|pair| match pair {
        [before, word] if !before.to_string_lossy().starts_with('-') => {
            Some(PathBuf::from(word)).filter(|path| named(path))
        }
        _ => None,
    });
    Manifest::read(&given.or_else(|| config(words).manifest)?).ok()
}

fn config(words: &[OsString]) -> Config {
    let given = option(words, &["-c", "--config"]);
    inputs::config(given.as_deref()).map(|(config, _)| config).unwrap_or_default()
}

/// What stands after an option, or after its `=`.
fn option(words: &[OsString], names: &[&str]) -> Option<PathBuf> {
    let attached = |word: &OsString| {
        let (name, value) = word.to_str()?.split_once('=')?;
        names.contains(&name).then(|| PathBuf::from(value))
    };
    let behind = words.windows(2).find_map(|pair| match pair {
        [name, value] if names.iter().any(|known| name == known) => Some(PathBuf::from(value)),
        _ => None,
    });
    behind.or_else(|| words.iter().find_map(attached))
}
