//! Examples with lines missing, doubled, moved or full of rubbish: whatever is wrong, it is told with a place, and nothing
//! panics.

use super::{compiled, with_mistakes};
use crate::ast::Manifest;
use crate::source::Source;
use proptest::prelude::*;
use std::fs;
use std::path::{Path, PathBuf};

/// What happens to a text. Numbers are taken modulo what there is.
#[derive(Clone, Debug)]
enum Mutation {
    Delete(usize),
    Double(usize),
    Swap(usize, usize),
    Indent(usize, usize),
    Outdent(usize, usize),
    Cut(usize),
    Insert(usize, Vec<u8>),
    Overwrite(usize, u8),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let number = 0..100_000_usize;
    let byte =
        prop_oneof![any::<u8>(), prop::sample::select(b"{}[]:-'\"|>&*!%#@, \t\n\\".to_vec())];
    let bytes = prop::collection::vec(byte.clone(), 1..6);
    prop_oneof![
        number.clone().prop_map(Mutation::Delete),
        number.clone().prop_map(Mutation::Double),
        (number.clone(), number.clone()).prop_map(|(one, other)| Mutation::Swap(one, other)),
        (number.clone(), 1..5_usize).prop_map(|(line, by)| Mutation::Indent(line, by)),
        (number.clone(), 1..5_usize).prop_map(|(line, by)| Mutation::Outdent(line, by)),
        number.clone().prop_map(Mutation::Cut),
        (number.clone(), bytes).prop_map(|(at, bytes)| Mutation::Insert(at, bytes)),
        (number, byte).prop_map(|(at, byte)| Mutation::Overwrite(at, byte)),
    ]
}

impl Mutation {
    fn apply(&self, text: &[u8]) -> Vec<u8> {
        let mut lines: Vec<Vec<u8>> =
            text.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        let mut bytes = text.to_vec();
        let (count, length) = (lines.len().max(1), text.len().max(1));
        let (line, at) = (|n: &usize| n % count, |n: &usize| n % length);
        if text.is_empty() {
            return bytes;
        }
        match self {
            Mutation::Cut(n) => bytes.truncate(at(n)),
            Mutation::Insert(n, inserted) => drop(bytes.splice(at(n)..at(n), inserted.clone())),
            Mutation::Overwrite(n, byte) => bytes[at(n)] = *byte,
            Mutation::Delete(n) => drop(lines.remove(line(n))),
            Mutation::Double(n) => lines.insert(line(n), lines[line(n)].clone()),
            Mutation::Swap(one, other) => lines.swap(line(one), line(other)),
            Mutation::Indent(n, by) => {
                let n = line(n);
                lines[n].splice(0..0, vec![b' '; *by]);
            }
            Mutation::Outdent(n, by) => {
                let n = line(n);
                let spaces = lines[n].iter().take_while(|byte| **byte == b' ').count();
                lines[n].drain(..spaces.min(*by));
            }
        }
        match self {
            Mutation::Cut(_) | Mutation::Insert(..) | Mutation::Overwrite(..) => bytes,
            Mutation::Delete(_)
            | Mutation::Double(_)
            | Mutation::Swap(..)
            | Mutation::Indent(..)
            | Mutation::Outdent(..) => lines.concat(),
        }
    }
}

fn examples() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let directories = [root.clone(), root.join("roles"), root.join("manifests")];
    let entries = directories.iter().flat_map(|directory| fs::read_dir(directory).unwrap());
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|extension| extension == "yml")).collect();
    found.sort();
    found
}

/// Lines that name local files: a changed name could be that of the whole machine.
fn local_names(text: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(text).into_owned();
    let local = |line: &&str| {
        ["src", "template", "include", "vars_files"].iter().any(|key| line.contains(key))
    };
    text.lines().filter(local).map(|line| line.trim().to_owned()).collect()
}

/// Reads and compiles a text as if it were that file.
fn check(path: &Path, original: &[u8], text: Vec<u8>) {
    let names = local_names(original);
    let harmless = local_names(&text).iter().all(|line| names.contains(line));
    let directory = path.parent().unwrap();
    let mistakes = match Source::from_bytes(path, text) {
        Err(mistakes) => mistakes,
        Ok(source) => {
            let manifest = Manifest::parse(&source);
            match harmless.then(|| compiled(&manifest, directory)) {
                Some(Ok(_)) => return,
                Some(Err(mistakes)) => mistakes,
                None => manifest.mistakes(),
            }
        }
    };
    drop(mistakes.to_string());
    for mistake in mistakes.sorted() {
        assert!(!mistake.message.is_empty());
        // Only a file in which there is nothing has no place.
        assert!(mistake.place.is_some() || mistake.message.contains("no tasks"), "{mistake:?}");
    }
}

#[test]
fn examples_are_read_as_they_are() {
    assert!(examples().len() > 3);
    for path in examples() {
        assert!(with_mistakes(&fs::read(&path).unwrap()).is_ok(), "{}", path.display());
    }
}

proptest! {
    #[test]
    fn whatever_is_wrong_has_a_place(
        example in any::<prop::sample::Index>(),
        mutations in prop::collection::vec(mutation(), 1..4),
    ) {
        let all = examples();
        let path = example.get(&all);
        let original = fs::read(path).unwrap();
        let mutate = |text: Vec<u8>, mutation: &Mutation| mutation.apply(&text);
        let text = mutations.iter().fold(original.clone(), mutate);
        check(path, &original, text);
    }
}
