//! Puts the agents found in the directory `HEP_AGENTS_DIR` into hep, compressed: writes the table of `include_bytes!` that
//! agent_binary.rs includes. Without the variable the table is empty and hep looks beside itself instead.
//! Builds no agent: `cargo xtask dist` does, and sets the variable.
//!
//! Likewise it puts the files in examples/ into hep, for `hep doc`.

use sha2::{Digest as _, Sha256};
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

#[path = "src/agent_binary/gzip.rs"]
mod gzip;

/// What every agent's file name begins with; the machine follows, as `uname -m` says it.
const PREFIX: &str = "hep-agent-";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=HEP_AGENTS_DIR");
    let agents = match env::var_os("HEP_AGENTS_DIR") {
        Some(dir) => agents_in(Path::new(&dir))?,
        None => Vec::new(),
    };
    let out_dir = env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR for build scripts")?;
    fs::write(Path::new(&out_dir).join("agents.rs"), table(&agents, Path::new(&out_dir))?)?;
    fs::write(Path::new(&out_dir).join("examples.rs"), examples()?)?;
    Ok(())
}

/// The table of examples as a Rust expression: `&[("apt", include_str!("..")), ..]`.
fn examples() -> Result<String, Box<dyn Error>> {
    let home = env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo sets CARGO_MANIFEST_DIR")?;
    let directory = Path::new(&home).join("../examples");
    println!("cargo::rerun-if-changed={}", directory.display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(&directory)? {
        paths.push(entry?.path());
    }
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yml"));
    paths.sort();
    let mut text = String::from("&[\n");
    for path in &paths {
        let name = path.file_stem().and_then(|name| name.to_str()).ok_or("a name is not UTF-8")?;
        let path = path.to_str().ok_or("the path is not UTF-8")?;
        writeln!(text, "    ({name:?}, include_str!({path:?})),")?;
    }
    text.push_str("]\n");
    Ok(text)
}

/// The agents of one directory as (machine, absolute path), sorted by machine so that equal input gives equal output.
fn agents_in(dir: &Path) -> Result<Vec<(String, PathBuf)>, Box<dyn Error>> {
    // Relative paths would be read from this crate's directory by cargo and from OUT_DIR by rustc.
    let dir = fs::canonicalize(dir)
        .map_err(|cause| format!("HEP_AGENTS_DIR: {}: {cause}", dir.display()))?;
    println!("cargo::rerun-if-changed={}", dir.display());
    let mut agents = Vec::new();
    for entry in fs::read_dir(&dir)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if let Some(machine) = name.strip_prefix(PREFIX) {
            println!("cargo::rerun-if-changed={}", path.display());
            agents.push((machine.to_owned(), path));
        }
    }
    agents.sort();
    if agents.is_empty() {
        return Err(format!("HEP_AGENTS_DIR: no {PREFIX}* in {}", dir.display()).into());
    }
    Ok(agents)
}

/// The table as a Rust expression, `&[Carried { .. }, ..]`, and beside it the compressed agents that it names.
fn table(agents: &[(String, PathBuf)], out_dir: &Path) -> Result<String, Box<dyn Error>> {
    let mut text = String::from("&[\n");
    for (machine, path) in agents {
        let mut agent = fs::read(path)?;
        gzip::pad(&mut agent);
        let packed = out_dir.join(format!("{PREFIX}{machine}.gz"));
        fs::write(&packed, gzip::pack(&agent)?)?;
        let packed = packed.to_str().ok_or("OUT_DIR: the path is not UTF-8")?;
        let (length, sha256) = (agent.len(), hex(&Sha256::digest(&agent)));
        writeln!(
            text,
            "    Carried {{ machine: {machine:?}, packed: include_bytes!({packed:?}), length: {length}, sha256: {sha256:?} }},"
        )?;
    }
    text.push_str("]\n");
    Ok(text)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
