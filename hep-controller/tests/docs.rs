//! The manifests in README.md and docs/: each of them is what `hep validate` takes.
//!
//! A fenced block of YAML is a manifest if it begins with a list or has tasks, unless more is said of it: ```` ```yaml part ````
//! is a part of one, and ```` ```yaml file=tasks/web.yml ```` (in any language) a file that the manifests of its page name.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A fenced block of a page.
struct Block {
    /// The line of its first fence.
    line: usize,
    /// What stands after that fence's backticks.
    label: String,
    text: String,
}

impl Block {
    /// The file that the manifests of its page find under this name.
    fn file(&self) -> Option<&str> {
        self.label.split_whitespace().find_map(|word| word.strip_prefix("file="))
    }

    fn is_manifest(&self) -> bool {
        let begins =
            |line: &str| ["- ", "tasks:", "include:"].iter().any(|word| line.starts_with(word));
        self.label == "yaml" && self.text.lines().any(begins)
    }
}

fn blocks(page: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    for (number, line) in (1..).zip(page.lines()) {
        match (line.strip_prefix("```"), open.take()) {
            (Some(label), None) => {
                open = Some(Block { line: number, label: label.to_owned(), text: String::new() });
            }
            (Some(_), Some(block)) => found.push(block),
            (None, Some(mut block)) => {
                block.text.push_str(line);
                block.text.push('\n');
                open = Some(block);
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a fence is not closed");
    found
}

fn pages(root: &Path) -> Vec<PathBuf> {
    let docs = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<PathBuf> =
        docs.filter(|path| path.extension().is_some_and(|end| end == "md")).collect();
    pages.push(root.join("README.md"));
    pages.sort_unstable();
    pages
}

/// The screen of each manifest of a page that is refused; and how many it has.
fn refused(root: &Path, page: &Path) -> (Vec<String>, usize) {
    let blocks = blocks(&fs::read_to_string(page).unwrap());
    let directory = tempfile::tempdir().unwrap();
    for block in &blocks {
        if let Some(file) = block.file() {
            let path = directory.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, &block.text).unwrap();
        }
    }
    let manifests: Vec<&Block> = blocks.iter().filter(|block| block.is_manifest()).collect();
    let screen = |block: &&Block| {
        let manifest = directory.path().join("manifest.yml");
        fs::write(&manifest, &block.text).unwrap();
        // A page may name the files of the source tree: those are looked for in the working directory.
        let mut hep = Command::new(env!("CARGO_BIN_EXE_hep"));
        let output = hep.arg("validate").arg(&manifest).current_dir(root).output().unwrap();
        let screen = String::from_utf8_lossy(&output.stderr).into_owned();
        (!output.status.success()).then(|| format!("{}:{}:\n{screen}", page.display(), block.line))
    };
    (manifests.iter().filter_map(screen).collect(), manifests.len())
}

#[test]
fn every_manifest_of_the_documentation_is_valid() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let (mut screens, mut count) = (Vec::new(), 0);
    for page in pages(root) {
        let (of_page, manifests) = refused(root, &page);
        screens.extend(of_page);
        count += manifests;
    }
    assert!(screens.is_empty(), "{}", screens.join("\n"));
    assert!(count > 10, "only {count} manifests were found");
}
