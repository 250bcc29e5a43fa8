//! What the command line says of a plan, and the files that it names, read. Contacts nothing; mistakes of all files are told at
//! once.

use crate::ast::Manifest;
use crate::check::select::Choice;
use crate::check::targets::Targets;
use crate::check::variables::Extra;
use crate::check::{Input, Options};
use crate::cli;
use crate::diagnostic::Diagnostics;
use crate::host::LOCALHOST;
use crate::inventory::{Inventory, Surroundings};
use crate::plan::compile::compile;
use crate::plan::listing::{listing, show_vars};
use crate::refusal::Refusal;
use crate::words::nearest;
use hep_protocol::plan::{DiffMode, Pace, RunMode};
use hep_protocol::rights::ActAs;
use hep_protocol::value::Json;
use serde_json::Map;
use std::path::Path;
use std::sync::Arc;

impl Options {
    /// The options of a command line.
    ///
    /// # Errors
    /// What is wrong with the variables on it.
    pub(crate) fn new(vars: &cli::Vars, check: bool, diff: bool) -> Result<Options, Refusal> {
        Ok(Options {
            extra: Extra::read(&vars.extra).map_err(Refusal::Mistakes)?,
            choice: Choice::default(),
            // Only relative sources need it, and those are looked for beside the manifest too.
            working_directory: std::env::current_dir().unwrap_or_else(|_| ".".into()),
            mode: if check { RunMode::Check } else { RunMode::Apply },
            diff: diff_mode(diff),
            pace: Pace::Straight,
            act_as: ActAs::default(),
            task_timeout: None,
            foreign: Map::new(),
            login_user: None,
            assumed: Arc::default(),
        })
    }

    /// To find what is wrong, with every task.
    ///
    /// # Errors
    /// As of [`Options::new`].
    pub(crate) fn to_validate(vars: &cli::Vars) -> Result<Options, Refusal> {
        let choice = Choice { reluctant: true, ..Choice::default() };
        Ok(Options { choice, ..Options::new(vars, false, false)? })
    }

    /// For a run.
    ///
    /// # Errors
    /// As of [`Options::new`].
    pub(crate) fn of_run(
        vars: &cli::Vars,
        tasks: &cli::Tasks,
        run: &cli::Run,
        rights: &cli::rights::Rights,
        task_timeout: Option<u32>,
    ) -> Result<Options, Refusal> {
        let choice = Choice {
            tags: tasks.tags.clone(),
            skip: tasks.skip_tags.clone(),
            start_at: tasks.start_at.clone(),
            reluctant: false,
        };
        let pace = if run.step { Pace::Asking } else { Pace::Straight };
        let act_as = rights.act_as();
        Ok(Options {
            choice,
            pace,
            act_as,
            task_timeout,
            ..Options::new(vars, run.check, run.diff)?
        })
    }

    /// The user to become if neither manifest, inventory nor command line names one: the config's.
    pub(crate) fn usually_as(mut self, user: Option<&str>) -> Options {
        let usual = || user.map(|user| Json(user.into()));
        self.act_as.user = self.act_as.user.take().or_else(usual);
        self
    }
}

/// How much of what changes is shown.
pub(crate) fn diff_mode(diff: bool) -> DiffMode {
    if diff { DiffMode::Unified } else { DiffMode::Off }
}

/// The tasks of a manifest that has no mistake, as text.
///
/// # Errors
/// Every mistake.
pub(crate) fn tasks_as_text(input: &Input<'_>) -> Result<String, Refusal> {
    compile(input).and_then(|_| listing(input)).map_err(Refusal::Mistakes)
}

/// The variables of a host as text.
///
/// # Errors
/// There is no such host, or files cannot be read.
pub(crate) fn variables_as_text(input: &Input<'_>, host: &str) -> Result<String, Refusal> {
    let members = &input.targets.members;
    let Some(number) = members.iter().position(|member| member.name == host) else {
        let names = members.iter().map(|member| member.name.as_str());
        let hint = match nearest(host, names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`hep hosts` shows those there are".to_owned(),
        };
        return Err(Refusal::new(format!("there is no host `{host}`"), hint));
    };
    show_vars(input, number).map_err(Refusal::Mistakes)
}

/// A manifest and the hosts of a hosts file; mistakes of both, if the hosts cannot be read.
///
/// # Errors
/// Every mistake that can be found without the hosts.
pub(crate) fn read(
    manifest: &Path,
    hosts: &Path,
    around: &Surroundings,
    options: &Options,
) -> Result<(Manifest, Inventory), Diagnostics> {
    match (Manifest::read(manifest), Inventory::read(hosts, around)) {
        (Ok(manifest), Ok(inventory)) => Ok((manifest, inventory)),
        (Err(mistakes), Ok(_)) => Err(mistakes),
        (Err(more), Err(mut mistakes)) => {
            mistakes.extend(more);
            Err(mistakes)
        }
        (Ok(manifest), Err(mut mistakes)) => {
            let targets = &Targets::unreadable(LOCALHOST);
            let found = compile(&Input { manifest: &manifest, targets, options });
            mistakes.extend(found.err().unwrap_or_default());
            Err(mistakes)
        }
    }
}
