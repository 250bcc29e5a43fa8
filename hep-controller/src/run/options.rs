//! From the files that a command line names to a plan for its hosts. Contacts nothing; mistakes of all files are told at once.

use crate::ast::Manifest;
use crate::check::Order;
use crate::check::select::Choice;
use crate::check::targets::Audience;
use crate::check::variables::Extra;
use crate::cli;
use crate::diagnostic::Diagnostics;
use crate::host::LOCALHOST;
use crate::inventory::{Inventory, Surroundings};
use crate::plan::compile::{Compiled, compile};
use crate::plan::listing::{listing, show_vars};
use crate::refusal::Refusal;
use hep_protocol::plan::{DiffMode, Pace, RunMode};
use hep_protocol::rights::ActAs;
use hep_protocol::value::Json;
use std::path::Path;

/// What is asked of a manifest beside its text.
#[derive(Debug)]
pub(crate) struct Wish {
    pub(crate) extra: Extra,
    pub(crate) choice: Choice,
    pub(crate) mode: RunMode,
    pub(crate) diff: DiffMode,
    pub(crate) pace: Pace,
    pub(crate) act_as: ActAs,
    pub(crate) task_timeout: Option<u32>,
}

impl Wish {
    /// The wish of a command line.
    ///
    /// # Errors
    /// What is wrong with the variables on it.
    pub(crate) fn new(vars: &cli::Vars, check: bool, diff: bool) -> Result<Wish, Refusal> {
        Ok(Wish {
            extra: Extra::read(&vars.extra).map_err(Refusal::Mistakes)?,
            choice: Choice::default(),
            mode: if check { RunMode::Check } else { RunMode::Apply },
            diff: diff_mode(diff),
            pace: Pace::Straight,
            act_as: ActAs::default(),
            task_timeout: None,
        })
    }

    /// To find what is wrong, with every task.
    ///
    /// # Errors
    /// As of [`Wish::new`].
    pub(crate) fn to_validate(vars: &cli::Vars) -> Result<Wish, Refusal> {
        let choice = Choice { reluctant: true, ..Choice::default() };
        Ok(Wish { choice, ..Wish::new(vars, false, false)? })
    }

    /// For a run.
    ///
    /// # Errors
    /// As of [`Wish::new`].
    pub(crate) fn of_run(
        vars: &cli::Vars,
        tasks: &cli::Tasks,
        run: &cli::Run,
        rights: &cli::rights::Rights,
        task_timeout: Option<u32>,
    ) -> Result<Wish, Refusal> {
        let choice = Choice {
            tags: tasks.tags.clone(),
            skip: tasks.skip_tags.clone(),
            start_at: tasks.start_at.clone(),
            reluctant: false,
        };
        let pace = if run.step { Pace::Asking } else { Pace::Straight };
        let act_as = rights.act_as();
        Ok(Wish { choice, pace, act_as, task_timeout, ..Wish::new(vars, run.check, run.diff)? })
    }

    /// Whom `become` means where neither manifest, inventory nor command line says it: the config's word.
    pub(crate) fn usually_as(mut self, user: Option<&str>) -> Wish {
        let usual = || user.map(|user| Json(user.into()));
        self.act_as.user = self.act_as.user.take().or_else(usual);
        self
    }
}

/// How much of what changes is shown.
pub(crate) fn diff_mode(diff: bool) -> DiffMode {
    if diff { DiffMode::Unified } else { DiffMode::Off }
}

/// A manifest, the hosts it may be for, and what is asked of it.
pub(crate) struct Prepared<'a> {
    pub(crate) manifest: Manifest,
    pub(crate) audience: &'a Audience,
    pub(crate) wish: &'a Wish,
}

impl Prepared<'_> {
    /// Does something with a manifest's order.
    fn ordered<T>(&self, then: impl FnOnce(&Manifest, &Order<'_>) -> T) -> T {
        // Only relative sources need it, and those are sought beside the manifest too.
        let here = std::env::current_dir().unwrap_or_else(|_| ".".into());
        let Wish { extra, choice, mode, diff, pace, act_as, task_timeout } = self.wish;
        let order = Order {
            audience: self.audience,
            extra,
            choice,
            working_directory: &here,
            mode: *mode,
            diff: *diff,
            pace: *pace,
            act_as: act_as.clone(),
            task_timeout: *task_timeout,
        };
        then(&self.manifest, &order)
    }

    /// The plan.
    ///
    /// # Errors
    /// Every mistake.
    pub(crate) fn compile(&self) -> Result<Compiled, Diagnostics> {
        self.ordered(compile)
    }

    /// The tasks as text.
    ///
    /// # Errors
    /// Every mistake.
    pub(crate) fn listing(&self) -> Result<String, Diagnostics> {
        self.compile()?;
        self.ordered(listing)
    }

    /// The variables of a host as text.
    ///
    /// # Errors
    /// There is no such host, or files cannot be read.
    pub(crate) fn variables(&self, host: &str) -> Result<String, Refusal> {
        let members = &self.audience.members;
        let Some(number) = members.iter().position(|member| member.name == host) else {
            let names = members.iter().map(|member| member.name.as_str());
            let hint = match crate::words::nearest(host, names) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`hep hosts` shows those there are".to_owned(),
            };
            return Err(Refusal::new(format!("there is no host `{host}`"), hint));
        };
        self.ordered(|manifest, order| show_vars(manifest, order, number))
            .map_err(Refusal::Mistakes)
    }
}

/// A manifest and the hosts of a hosts file; mistakes of both, if the hosts cannot be read.
///
/// # Errors
/// Every mistake that can be found without the hosts.
pub(crate) fn read(
    manifest: &Path,
    hosts: &Path,
    around: &Surroundings,
    wish: &Wish,
) -> Result<(Manifest, Inventory), Diagnostics> {
    match (Manifest::read(manifest), Inventory::read(hosts, around)) {
        (Ok(manifest), Ok(inventory)) => Ok((manifest, inventory)),
        (Err(mistakes), Ok(_)) => Err(mistakes),
        (Err(more), Err(mut mistakes)) => {
            mistakes.extend(more);
            Err(mistakes)
        }
        (Ok(manifest), Err(mut mistakes)) => {
            let audience = &Audience::unreadable(LOCALHOST);
            let found = Prepared { manifest, audience, wish }.compile();
            mistakes.extend(found.err().unwrap_or_default());
            Err(mistakes)
        }
    }
}
