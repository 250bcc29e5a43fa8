//! `cargo xtask dist`: the static agents, then hep in the release profile with the agents inside.

use std::fs;
use std::path::Path;

use clap::{Args, ValueEnum};

use crate::agents::{self, Libc, Machine, Wanted};
use crate::musl;
use crate::packages;
use crate::shell::{self, Failure};
use crate::sizes;
use crate::workspace::Workspace;

/// The arguments of `cargo xtask dist`.
#[derive(Args)]
pub(crate) struct Options {
    /// Build agents for these machines (as `uname -m` says) and fail if one cannot be; default: all that can be
    #[arg(long, value_name = "MACHINE")]
    machine: Vec<String>,
    /// Refuse agents of another kind than this
    #[arg(long, value_enum)]
    require: Option<Require>,
    /// Install what small agents need on Debian: rustc-web, rust-web-src, and zig under target/tools
    #[arg(long)]
    setup_musl: bool,
    /// Link the system's OpenSSL instead of building hep's own: faster, but hep then needs the same one elsewhere
    #[arg(long)]
    system_openssl: bool,
    /// Also show what the agent's size is made of, by section and by crate; builds it once more, with symbols
    #[arg(long)]
    sizes: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Require {
    /// Two thirds of glibc's size
    Musl,
}

/// Builds target/agents/* and target/dist/hep, and says how large they are.
pub(crate) fn dist(workspace: &Workspace, options: &Options) -> Result<(), Failure> {
    packages::ensure(packages::COMPILING)?;
    let openssl = if options.system_openssl { packages::OPENSSL } else { packages::OPENSSL_SOURCE };
    packages::ensure(openssl)?;
    if options.setup_musl {
        musl::set_up(workspace)?;
    }
    let libc = match options.require {
        Some(Require::Musl) => Libc::Musl,
        None => Libc::Any,
    };
    let agents = agents::build(workspace, &wanted(&options.machine)?, libc)?;
    let mut build = shell::cargo();
    build.args(["build", "--release", "-p", "hep-controller"]);
    if !options.system_openssl {
        build.args(["--features", "vendored"]);
    }
    shell::run(build.env("HEP_AGENTS_DIR", workspace.agents()))?;
    let hep = workspace.target.join("dist/hep");
    install(&workspace.target.join("release/hep"), &hep)?;
    for file in agents.iter().chain([&hep]) {
        shell::say(&size_line(workspace, file)?);
    }
    if options.sizes {
        let agent = agents::with_symbols(workspace, libc)?;
        shell::say(&sizes::table(&agent)?);
    }
    Ok(())
}

fn wanted(machines: &[String]) -> Result<Wanted, Failure> {
    if machines.is_empty() {
        return Ok(Wanted::AllPossible);
    }
    let machines: Result<Vec<_>, _> = machines.iter().map(|name| Machine::named(name)).collect();
    machines.map(Wanted::Exactly)
}

/// Replaces by rename: a hep that is running is left to finish.
fn install(from: &Path, to: &Path) -> Result<(), Failure> {
    let directory = to.parent().unwrap_or(to);
    fs::create_dir_all(directory).map_err(shell::file_error("create", directory))?;
    let new = to.with_extension("new");
    fs::copy(from, &new).map_err(shell::file_error("write", &new))?;
    fs::rename(&new, to).map_err(shell::file_error("replace", to))
}

fn size_line(workspace: &Workspace, file: &Path) -> Result<String, Failure> {
    let bytes = fs::metadata(file).map_err(shell::file_error("measure", file))?.len();
    let name = file.strip_prefix(&workspace.root).unwrap_or(file);
    let packed = sizes::packed(file)?;
    Ok(format!("{bytes:>9} bytes, {packed:>9} as gzip packs it  {}", name.display()))
}
