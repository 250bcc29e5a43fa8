//! The options that say how long things may take, how often they are tried, and where the hosts go that did not make it.

use crate::fleet;
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

/// Bounds of a run.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = super::LIMITS)]
pub(crate) struct Limits {
    /// How often a connection that fails is tried again, with longer and longer pauses; default: 2 for one that was
    /// accepted and closed at once, as busy servers do, else 0.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(..=100), hide_short_help = true)]
    pub(crate) connect_retries: Option<u32>,
    /// How long a task may take that has no `timeout`, in seconds. Package managers are never killed.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..), hide_short_help = true)]
    pub(crate) task_timeout: Option<u32>,
    /// How long the run may take, in seconds: then no host begins, steps in hand finish, and 30 s later links are cut.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) run_timeout: Option<u32>,
    /// Write the hosts that did not converge to this file, for `--limit @FILE`; without any it is removed.
    #[arg(long, value_name = "FILE")]
    pub(crate) failed_hosts: Option<PathBuf>,
}

impl Limits {
    /// Those of the run as a whole.
    pub(crate) fn of_run(&self) -> fleet::Limits {
        let run_timeout = self.run_timeout.map(|seconds| Duration::from_secs(seconds.into()));
        fleet::Limits { connect_retries: self.connect_retries, run_timeout }
    }
}
