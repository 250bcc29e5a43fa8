//! The source tree in memory: every text file that belongs to it, Rust files also as tokens.

use std::fs;
use std::path::{Path, PathBuf};

use crate::shell::{self, Failure};
use crate::tidy::code::{self, Token};
use crate::workspace::Workspace;

/// Everything that rules look at.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(super) workspace: Workspace,
    /// Sorted by path.
    pub(crate) files: Vec<File>,
}

/// One text file.
#[derive(Debug)]
pub(crate) struct File {
    /// Relative to the root of the tree.
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    /// Without comments and tests; empty when the file is no Rust.
    pub(super) code: Vec<Token>,
}

impl File {
    pub(crate) fn is_rust(&self) -> bool {
        self.path.extension().is_some_and(|extension| extension == "rs")
    }
}

impl Tree {
    /// Reads all but what is built, fetched or git's own.
    pub(crate) fn read(workspace: &Workspace) -> Result<Tree, Failure> {
        let mut files = Vec::new();
        collect(&workspace.root, workspace, &mut files)?;
        files.sort_by(|one, other| one.path.cmp(&other.path));
        let workspace =
            Workspace { root: workspace.root.clone(), target: workspace.target.clone() };
        Ok(Tree { workspace, files })
    }

    /// Whether there is such a file or directory.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.workspace.root.join(path).exists()
    }

    /// The files below a directory, or the file of that very path.
    pub(crate) fn below<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a File> {
        self.files.iter().filter(move |file| file.path.starts_with(path))
    }
}

fn collect(directory: &Path, workspace: &Workspace, files: &mut Vec<File>) -> Result<(), Failure> {
    for entry in fs::read_dir(directory).map_err(shell::file_error("list", directory))? {
        let path = entry.map_err(shell::file_error("list", directory))?.path();
        let is_ours =
            path != workspace.target && !path.ends_with("target") && !path.ends_with(".git");
        if path.is_dir() && is_ours {
            collect(&path, workspace, files)?;
        } else if path.is_file() {
            files.extend(read(&path, &workspace.root)?);
        }
    }
    Ok(())
}

/// A file that is not UTF-8 is data, to which no rule applies.
fn read(path: &Path, root: &Path) -> Result<Option<File>, Failure> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        // An editor's temporary file may be gone since the directory was listed.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(shell::file_error("read", path)(error)),
    };
    let Ok(text) = String::from_utf8(bytes) else { return Ok(None) };
    let relative = path.strip_prefix(root).unwrap_or(path).to_owned();
    let mut file = File { path: relative, text, code: Vec::new() };
    if file.is_rust() {
        file.code = code::tokens(&file.text)
            .map_err(|error| Failure::Told(format!("{}: {error}", file.path.display())))?;
    }
    Ok(Some(file))
}
