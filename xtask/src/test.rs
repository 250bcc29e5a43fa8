//! `cargo xtask test`: every check, cheapest first, and the test runner last, so that its own closing lines end the output.
//!
//! Three builds of the dependencies, no more: the agent as it is shipped (static, small), clippy's metadata, and the dev
//! profile, which carries unit tests, system tests and the hep they run. That hep embeds the static agent, as the
//! release does; only its own optimisation differs.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use std::thread::{self, JoinHandle};

use clap::Args;
use hep_tests::{Flavour, roots};

use crate::agents::{self, Libc, Machine, Wanted};
use crate::oracle::environment;
use crate::packages;
use crate::shell::{self, Failure};
use crate::tidy;
use crate::workspace::Workspace;

/// The arguments of `cargo xtask test`.
#[derive(Args)]
pub(crate) struct Options {
    /// Given to the test runner: a part of the wanted tests' names, or its options
    #[arg(last = true)]
    runner: Vec<OsString>,
}

/// Runs everything; the first check that fails ends it.
pub(crate) fn test(workspace: &Workspace, options: &Options) -> Result<(), Failure> {
    packages::ensure(packages::COMPILING)?;
    packages::ensure(packages::OPENSSL)?;
    let hosts = prepare_hosts()?;
    shell::run(shell::cargo().args(["fmt", "--all", "--check"]))?;
    let agent = agents::build(workspace, &Wanted::Exactly(vec![Machine::own()?]), Libc::Any)?;
    let cargo = |arguments: &[&str]| {
        let mut command = shell::cargo();
        command.args(arguments).env("HEP_AGENTS_DIR", workspace.agents());
        command
    };
    shell::run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    let mut doc =
        cargo(&["doc", "--quiet", "--workspace", "--no-deps", "--document-private-items"]);
    shell::run(doc.env("RUSTDOCFLAGS", "-D warnings"))?;
    check_dependencies(&cargo)?;
    shell::run(&mut cargo(&["build", "--workspace", "--bins"]))?;
    tidy::tidy(workspace)?;
    hosts.join().map_err(|_| Failure::Told("the thread that makes hosts broke".to_owned()))??;
    let mut runner = runner(cargo);
    for_hosts(&mut runner, workspace, agent);
    for_oracle(&mut runner, workspace);
    shell::run(runner.args(&options.runner))
}

/// What hep may depend on, and whether an advisory speaks against it. What cannot be checked here is named, never left out
/// in silence.
fn check_dependencies(cargo: &impl Fn(&[&str]) -> Command) -> Result<(), Failure> {
    if !shell::succeeds(shell::cargo().args(["deny", "--version"])) {
        shell::say(
            "not checked: dependencies and advisories, without cargo-deny (`cargo install --locked cargo-deny`)",
        );
        return Ok(());
    }
    shell::run(&mut cargo(&["deny", "check", "bans", "licenses", "sources"]))?;
    if !shell::succeeds(&mut cargo(&["deny", "fetch", "db"])) {
        shell::say(
            "not checked: advisories, since their database cannot be reached (`cargo deny fetch db` says why)",
        );
        return Ok(());
    }
    shell::run(&mut cargo(&["deny", "check", "advisories"]))
}

/// Makes the roots of the throwaway hosts while the compiler is at work: the first time that takes minutes, and no
/// single test should have to wait for it. What hosts cannot do without is asked for before anything is compiled.
fn prepare_hosts() -> Result<JoinHandle<Result<(), Failure>>, Failure> {
    let harness = |error: hep_tests::Error| Failure::Told(error.to_string());
    hep_tests::tools::ensure_root().map_err(harness)?;
    hep_tests::ensure_tools().map_err(harness)?;
    Ok(thread::spawn(move || {
        for flavour in [Flavour::Sysv, Flavour::Systemd] {
            roots::ensure(flavour).map_err(harness)?;
        }
        hep_tests::oracle::image::ensure().map(drop).map_err(harness)
    }))
}

/// cargo-nextest runs each test in its own process and ends hanging ones; without it, cargo's own runner.
fn runner(cargo: impl Fn(&[&str]) -> Command) -> Command {
    if shell::succeeds(shell::cargo().args(["nextest", "--version"])) {
        cargo(&["nextest", "run", "--workspace", "--no-fail-fast"])
    } else {
        cargo(&["test", "--workspace", "--no-fail-fast", "--bins", "--lib", "--tests", "--"])
    }
}

/// Real Ansible, for the sample that is run live. Without a package registry there is none, which is said.
fn for_oracle(runner: &mut Command, workspace: &Workspace) {
    match environment::ensure(workspace) {
        Ok(ansible) => drop(runner.env("HEP_ANSIBLE", ansible.program)),
        Err(failure) => shell::say(&format!("not checked: what Ansible does now: {failure}")),
    }
}

/// Tells the tests which programs to run: the hep that carries the static agent, and that agent itself.
fn for_hosts(runner: &mut Command, workspace: &Workspace, agents: Vec<PathBuf>) {
    runner.env("HEP_BIN", workspace.debug_hep());
    for agent in agents {
        runner.env("HEP_AGENT", agent);
    }
}
