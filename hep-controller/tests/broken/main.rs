//! Broken manifests, each with one mistake of a kind that people make: the screen that `hep validate` shows, one snapshot
//! each. A mistake is told once, in the words of who made it; what follows from it is not told.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod ansible;
mod conditions;
mod files;
mod handlers;
mod indentation;
mod keys;
mod loops;
mod modules;
mod names;
mod templates;
mod text;

use std::fs;
use std::process::Command;

/// What `hep validate site.yml` shows in a directory with these files, and its exit code. A file `hosts` is the inventory.
fn validate(files: &[(&str, &[u8])]) -> (String, i32) {
    let directory = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_hep"));
    command.args(["validate", "site.yml"]).current_dir(directory.path());
    if files.iter().any(|(name, _)| *name == "hosts") {
        command.args(["--hosts", "hosts"]);
    }
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8(text).unwrap();
    (text.replace(directory.path().to_str().unwrap(), "ROOT"), output.status.code().unwrap())
}

/// The screen of a manifest that is refused, with so many mistakes.
fn refused(files: &[(&str, &[u8])], mistakes: usize) -> String {
    let (screen, code) = validate(files);
    let told = screen.lines().filter(|line| line.starts_with("error: ")).count();
    assert_eq!((told, code), (mistakes, 2), "{screen}");
    screen
}

/// One mistake in one of these files.
fn mistake(files: &[(&str, &str)]) -> String {
    let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    refused(&files, 1)
}

/// The same of files that are no text.
fn mistake_of_bytes(files: &[(&str, &[u8])]) -> String {
    refused(files, 1)
}

/// One mistake in a manifest that is one file.
fn site(text: &str) -> String {
    mistake(&[("site.yml", text)])
}

/// Two mistakes in such a manifest.
fn two(text: &str) -> String {
    refused(&[("site.yml", text.as_bytes())], 2)
}

/// A manifest without a mistake.
fn sound(text: &str) -> String {
    let (screen, code) = validate(&[("site.yml", text.as_bytes())]);
    assert_eq!(code, 0, "{screen}");
    screen
}
