//! The tokens of ssh_config(5): `%h` and its like, `${VARIABLE}` and `~`, which `ssh -G` leaves as they are written.

use crate::remote::Problem;
use std::path::{Path, PathBuf};

/// What they stand for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tokens<'a> {
    pub(super) host: &'a str,
    /// As it was given to `ssh`.
    pub(super) original: &'a str,
    pub(super) port: u16,
    pub(super) user: &'a str,
    pub(super) alias: &'a str,
    pub(super) local_user: &'a str,
    pub(super) home: Option<&'a Path>,
    pub(super) jump: &'a str,
}

impl Tokens<'_> {
    /// A command, or another text in which a shell sees to `~` and variables.
    ///
    /// # Errors
    /// A token that is none, or not one of these.
    pub(super) fn text(&self, text: &str) -> Result<String, Problem> {
        let mut pieces = text.split('%');
        let mut expanded = pieces.next().unwrap_or_default().to_owned();
        while let Some(piece) = pieces.next() {
            let mut letters = piece.chars();
            match letters.next() {
                // Two signs in a row: the piece between them is empty.
                None => {
                    expanded.push('%');
                    expanded.push_str(pieces.next().unwrap_or_default());
                }
                Some(letter) => {
                    expanded.push_str(&self.token(letter, text)?);
                    expanded.push_str(letters.as_str());
                }
            }
        }
        Ok(expanded)
    }

    fn token(&self, letter: char, text: &str) -> Result<String, Problem> {
        Ok(match letter {
            'h' => self.host.to_owned(),
            'n' => self.original.to_owned(),
            'p' => self.port.to_string(),
            'r' => self.user.to_owned(),
            'k' => self.alias.to_owned(),
            'u' => self.local_user.to_owned(),
            'i' => nix::unistd::getuid().to_string(),
            'j' => self.jump.to_owned(),
            'd' => self.home.map(|home| home.display().to_string()).unwrap_or_default(),
            'l' => host_name(),
            'L' => host_name().split('.').next().unwrap_or_default().to_owned(),
            _ => {
                let what = format!("ssh_config has `{text}`: hep does not support `%{letter}`");
                return Err(Problem::new(what).with_hint("write what it stands for"));
            }
        })
    }

    /// A file's path.
    ///
    /// # Errors
    /// As of [`Tokens::text`].
    pub(super) fn path(&self, text: &str) -> Result<PathBuf, Problem> {
        let text = variables(&self.text(text)?);
        Ok(match (text.strip_prefix("~/"), self.home) {
            (Some(below), Some(home)) => home.join(below),
            (Some(_) | None, _) => text.into(),
        })
    }
}

/// The text with `${NAME}` replaced; `ssh` refuses names that are not set, and so has told of them already.
fn variables(text: &str) -> String {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, behind)) = after.split_once('}') else { break };
        expanded.push_str(before);
        expanded.push_str(&std::env::var(name).unwrap_or_default());
        rest = behind;
    }
    expanded + rest
}

fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().to_owned()
}
