//! Options that say how much of a run is told, and where.

use crate::refusal::Refusal;
use crate::text::shown;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

/// How much is told, and where.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = super::REPORT)]
pub(crate) struct Args {
    /// Tell more: what each host is, what processes write while they run; twice: what the agent does; three times: the
    /// stages on the way to each host, with times and bytes.
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Tell only what failed, hosts that were not reached, and one line at the end.
    #[arg(short, long, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Append everything that the run finds to this file, with times.
    #[arg(long, value_name = "FILE")]
    pub(crate) log: Option<PathBuf>,
    /// At the end show the slowest tasks, and the stages on the way to the hosts.
    #[arg(long, hide_short_help = true)]
    pub(crate) profile: bool,
}

impl Args {
    /// The log, if there shall be one; for nobody else to read.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn open_log(&self) -> Result<Option<File>, Refusal> {
        let Some(path) = &self.log else { return Ok(None) };
        let opened = OpenOptions::new().append(true).create(true).mode(0o600).open(path);
        opened.map(Some).map_err(|error| {
            let what =
                format!("cannot write the log `{}`: {error}", shown(&path.to_string_lossy()));
            Refusal::new(what, "`--log` names a file in a directory that you may write")
        })
    }
}
