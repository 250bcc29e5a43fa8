//! `cargo xtask oracle`: what `hep playbook` does, compared with what real Ansible does with the same content.

pub(crate) mod environment;
mod roles;

use std::path::PathBuf;

use clap::Args;
use hep_tests::oracle::case::Case;
use hep_tests::oracle::record::{Recorded, Runs};
use hep_tests::oracle::{Tool, cases_dir, suite};

use std::collections::BTreeMap;

use crate::demo::harness;
use crate::shell::{self, Failure};
use crate::workspace::Workspace;

/// The arguments of `cargo xtask oracle`.
#[derive(Args)]
pub(crate) struct Options {
    /// Only cases whose `CATEGORY/NAME` contains one of these words
    cases: Vec<String>,
    /// Run real Ansible, and keep what it did
    #[arg(long, conflicts_with_all = ["live", "roles"])]
    record: bool,
    /// Run real Ansible and hep, and compare the two
    #[arg(long)]
    live: bool,
    /// Run the roles of this directory by both, instead of the cases
    #[arg(long, value_name = "DIR")]
    roles: Option<PathBuf>,
    /// Print only the table of categories
    #[arg(long)]
    report: bool,
    /// Write what hep cannot do yet to its list
    #[arg(long)]
    refresh: bool,
}

/// Compares, or records.
pub(crate) fn oracle(workspace: &Workspace, options: &Options) -> Result<(), Failure> {
    hep_tests::ensure_tools().map_err(harness)?;
    hep_tests::tools::ensure_root().map_err(harness)?;
    if let Some(directory) = &options.roles {
        return roles::compare(workspace, directory, &options.cases);
    }
    let cases = suite::select(&options.cases).map_err(harness)?;
    if options.record {
        return record(workspace, &cases);
    }
    let hep = suite::play(&Tool::hep(), &cases).map_err(harness)?;
    let verdicts = if options.live {
        let ansible = environment::ensure(workspace)?;
        let theirs = suite::play(&ansible.tool(), &cases).map_err(harness)?;
        suite::compare(&cases, &theirs, &hep)
    } else {
        suite::compare_with_recorded(&cases, &hep).map_err(harness)?
    };
    if !options.report {
        suite::tell(&verdicts);
    }
    if options.refresh {
        suite::refresh(&verdicts).map_err(harness)?;
    }
    shell::say(&suite::table(&verdicts));
    let found = suite::against_lists(&verdicts).map_err(harness)?;
    if found.is_empty() {
        Ok(())
    } else {
        Err(Failure::Told(format!("{} cases are not as the lists say", found.len())))
    }
}

/// Keeps what Ansible does. Cases of one group are recorded in one run, since a later one may see what an earlier one left.
fn record(workspace: &Workspace, cases: &[Case]) -> Result<(), Failure> {
    let ansible = environment::ensure(workspace)?;
    let mut categories: BTreeMap<&str, Vec<Case>> = BTreeMap::new();
    for case in cases {
        categories.entry(&case.category).or_default().push(case.clone());
    }
    for (category, cases) in categories {
        shell::say(&format!("recording {category}: {} cases", cases.len()));
        let runs = suite::play(&ansible.tool(), &cases).map_err(harness)?;
        keep(category, &cases, runs, &ansible.version).map_err(harness)?;
    }
    Ok(())
}

fn keep(
    category: &str,
    cases: &[Case],
    mut runs: BTreeMap<String, Runs>,
    version: &str,
) -> hep_tests::Result<()> {
    let root = cases_dir();
    let mut recorded = Recorded::load(&root, category)?;
    recorded.ansible = version.to_owned();
    for case in cases {
        if let Some(runs) = runs.remove(&case.id()) {
            recorded.cases.insert(case.name.clone(), runs);
        }
    }
    let all = hep_tests::oracle::case::discover(&root)?;
    let is_there =
        |name: &str| all.iter().any(|case| case.category == category && case.name == name);
    recorded.cases.retain(|name, _| is_there(name));
    recorded.save(&root, category)
}
