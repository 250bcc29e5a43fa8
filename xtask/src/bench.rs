//! `cargo xtask bench`: hep beside `ssh host true`, scp, rsync and its peers, doing the same work on throwaway hosts in one run, in
//! turns. Medians, ratios, round trips and bytes; no case fails for being slow: the table says what a target asks and what was met.

mod cases;
mod measure;
mod page;
mod peers;
mod plot;
mod stage;

use clap::Args;

use crate::agents::{self, Libc, Machine, Wanted};
use crate::demo;
use crate::packages;
use crate::shell::{self, Failure};
use crate::workspace::Workspace;
use cases::{CASES, Case};
use measure::Found;
use stage::{Built, Stage};

/// The arguments of `cargo xtask bench`.
#[derive(Args)]
pub(crate) struct Options {
    /// Only these cases; `cargo xtask bench --list` shows all
    cases: Vec<String>,
    /// Show the cases, and run none
    #[arg(long)]
    list: bool,
    /// How often each side of a case runs, after once for warming up
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=99))]
    runs: u32,
    /// Ansible, Mitogen and pyinfra too, installed into target/bench/peers from their package index
    #[arg(long)]
    peers: bool,
    /// Write the results of all cases to docs/benchmarks.md and docs/benchmarks.svg as well as to target/bench
    #[arg(long, requires = "peers", conflicts_with = "cases")]
    publish: bool,
}

/// Runs the cases and shows the table.
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
    let mut results: Vec<(&Case, Found)> = Vec::new();
    for case in cases {
        shell::say(&format!("\n== {}", case.title));
        let result = (case.run)(&mut stage)?;
        shell::say(&page::rows(&result));
        results.push((case, result));
    }
    let page = page::page(&results, &page::conditions(&stage));
    shell::say(&format!("\n{}", page::table(&results)));
    stage.keep("benchmarks.md", &page)?;
    let plot = plot::plot(&results);
    stage.keep("benchmarks.svg", &plot)?;
    if options.publish {
        let docs = workspace.root.join("docs");
        demo::write(&docs.join("benchmarks.md"), &page)?;
        demo::write(&docs.join("benchmarks.svg"), &plot)?;
    }
    Ok(())
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
    let commit = shell::output(shell::command("git").args(["describe", "--always", "--dirty"]))?;
    let (hep, commit) = (workspace.target.join("release/hep"), commit.trim().to_owned());
    Ok(Built { hep, agents: workspace.agents(), commit })
}
