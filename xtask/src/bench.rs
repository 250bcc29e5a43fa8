//! `cargo xtask bench`: hep beside `ssh host true`, scp, rsync and its peers, doing the same work on throwaway hosts in one run,
//! in turns. No case fails for being slow: the table says what a target asks and whether it was met.

mod cases;
mod measure;
mod peers;
mod stage;

use clap::Args;

use crate::agents::{self, Libc, Machine, Wanted};
use crate::demo;
use crate::packages;
use crate::shell::{self, Failure};
use crate::workspace::Workspace;
use cases::{CASES, Case};
use stage::{Built, Stage};

/// The arguments of `cargo xtask bench`.
#[derive(Args)]
pub(crate) struct Options {
    /// Only these cases; `cargo xtask bench --list` shows all
    cases: Vec<String>,
    /// Show the cases, and run none
    #[arg(long)]
    list: bool,
    /// How often each side of a case runs, after one run to warm up
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=99))]
    runs: u32,
    /// Also run Ansible, Mitogen and pyinfra, installed into target/bench/peers from their package index
    #[arg(long)]
    peers: bool,
}

/// Runs the cases and shows the tables, which are kept in target/bench/results.md.
pub(crate) fn bench(workspace: &Workspace, options: &Options) -> Result<(), Failure> {
    if options.list {
        CASES.iter().for_each(|case| shell::say(&format!("{:<10} {}", case.name, case.title)));
        return Ok(());
    }
    let cases = chosen(&options.cases)?;
    let built = build(workspace)?;
    hep_tests::ensure_tools().map_err(demo::harness)?;
    hep_tests::tools::ensure_root().map_err(demo::harness)?;
    packages::ensure(packages::BENCH)?;
    let place = workspace.target.join("bench");
    let peers = if options.peers { Some(peers::install(&place)?) } else { None };
    let mut stage = Stage::new(built, place, peers, options.runs)?;
    let mut targets = "case | target | found | met\n---|---|---|---\n".to_owned();
    let mut tables = String::new();
    for case in cases {
        stage.need(case.hosts)?;
        shell::say(&format!("\n== {}", case.title));
        let found = (case.run)(&stage)?;
        shell::say(&found.table());
        tables.push_str(&format!("\n## {}: {}\n\n{}", case.name, case.title, found.table()));
        let lines = found.targets.iter().map(|line| format!("{} | {line}\n", case.name));
        targets.extend(lines);
    }
    shell::say(&format!("\n{targets}"));
    stage.keep("results.md", format!("## Targets\n\n{targets}{tables}"))
}

fn chosen(names: &[String]) -> Result<Vec<&'static Case>, Failure> {
    if names.is_empty() {
        return Ok(CASES.iter().collect());
    }
    let find = |name: &String| {
        CASES.iter().find(|case| case.name == name).ok_or_else(|| {
            Failure::Told(format!("no case `{name}`\nhint: `cargo xtask bench --list` shows all"))
        })
    };
    names.iter().map(find).collect()
}

/// hep of the release profile, with the agents inside that users get.
fn build(workspace: &Workspace) -> Result<Built, Failure> {
    packages::ensure(packages::COMPILING)?;
    packages::ensure(packages::OPENSSL)?;
    agents::build(workspace, &Wanted::Exactly(vec![Machine::own()?]), Libc::Any)?;
    let mut build = shell::cargo();
    build.args(["build", "--release", "-p", "hep-controller"]);
    shell::run(build.env("HEP_AGENTS_DIR", workspace.agents()))?;
    Ok(Built { hep: workspace.target.join("release/hep"), agents: workspace.agents() })
}
