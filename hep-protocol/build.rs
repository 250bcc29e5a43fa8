//! Gives both programs of one build the same identity: a hash over everything that decides what crosses the wire.

use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from("..");
    let mut hasher = Sha256::new();
    for dir in ["hep-protocol/src", "hep-agent/src"] {
        let dir = root.join(dir);
        println!("cargo:rerun-if-changed={}", dir.display());
        if dir.exists() {
            hash_tree(&dir, &mut hasher)?;
        }
    }
    hasher.update(env::var("CARGO_PKG_VERSION").unwrap_or_default());
    let id: String = hasher.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    println!("cargo:rustc-env=HEP_BUILD_ID={id}");
    Ok(())
}

/// Names and contents of every source file, in an order that does not depend on the file system.
fn hash_tree(dir: &Path, hasher: &mut Sha256) -> io::Result<()> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(dir)?.map(|entry| entry.map(|e| e.path())).collect::<Result<_, _>>()?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            hash_tree(&path, hasher)?;
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            hasher.update(path.to_string_lossy().as_bytes());
            hasher.update(fs::read(&path)?);
        }
    }
    Ok(())
}
