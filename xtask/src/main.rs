//! hep's development commands: `cargo xtask bench`, `demo`, `dist`, `loc`, `oracle`, `screens`, `test`, `tidy`.
//! Must build before anything else does: it depends on no C library, so that it can install those that hep needs.

mod agents;
mod bench;
mod demo;
mod dist;
mod loc;
mod musl;
mod oracle;
mod packages;
mod screens;
mod shell;
mod sizes;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::shell::Failure;
use crate::workspace::Workspace;

/// hep's development commands
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build the static agents, and hep with the agents inside: target/dist/hep, a single file
    Dist(dist::Options),
    /// Check everything: formatting, lints, docs, tidy, then all tests on throwaway hosts
    Test(test::Options),
    /// Check the rules of ARCHITECTURE.md that no compiler checks
    Tidy,
    /// Count the lines of code per crate, without comments, blank lines and tests
    Loc,
    /// Push the example to two throwaway hosts, and fetch the page they serve
    Demo,
    /// Measure hep, ssh, scp, rsync and peers on throwaway hosts, over fast and slow lines
    Bench(bench::Options),
    /// Compare `hep playbook` with real Ansible on throwaway hosts, or record what real Ansible does
    Oracle(oracle::Options),
    /// Run the commands shown in docs/screens.md on a throwaway host, and update their output there
    Screens,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = Workspace::find().and_then(|workspace| match cli.task {
        Task::Dist(options) => dist::dist(&workspace, &options),
        Task::Test(options) => test::test(&workspace, &options),
        Task::Tidy => tidy::tidy(&workspace),
        Task::Loc => loc::loc(&workspace),
        Task::Demo => demo::demo(&workspace),
        Task::Bench(options) => bench::bench(&workspace, &options),
        Task::Oracle(options) => oracle::oracle(&workspace, &options),
        Task::Screens => screens::screens(&workspace),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // A test runner's or compiler's own last lines say more than we could: they stay the last.
        Err(Failure::Exit { code, .. }) => ExitCode::from(code),
        Err(failure) => {
            shell::say(&format!("error: {failure}"));
            ExitCode::FAILURE
        }
    }
}
