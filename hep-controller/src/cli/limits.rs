//! The options for time limits, retries, and the file of hosts that did not converge.

use crate::fleet;
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

/// Limits of a run.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = super::LIMITS)]
pub(crate) struct Limits {
    /// Number of retries for a failed connection, with growing pauses; default: 2 if the server closes it at once, as
    /// busy servers do, else 0.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(..=100), hide_short_help = true)]
    pub(crate) connect_retries: Option<u32>,
    /// Time limit for tasks without a `timeout`, in seconds. Package managers are never killed.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..), hide_short_help = true)]
    pub(crate) task_timeout: Option<u32>,
    /// Time limit for the run, in seconds. Then no further host begins, current steps finish, and after 30 s hep cuts the
    /// links.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) run_timeout: Option<u32>,
    /// Write the hosts that did not converge to this file, or remove it; for `--limit @FILE`.
    #[arg(long, value_name = "FILE")]
    pub(crate) failed_hosts: Option<PathBuf>,
}

impl Limits {
    /// The limits of the run as a whole.
    pub(crate) fn of_run(&self) -> fleet::Limits {
        let run_timeout = self.run_timeout.map(|seconds| Duration::from_secs(seconds.into()));
        fleet::Limits { connect_retries: self.connect_retries, run_timeout }
    }
}
