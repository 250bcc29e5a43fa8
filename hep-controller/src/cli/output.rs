//! The options that select how much of a run is reported, and where.

use crate::refusal::Refusal;
use crate::source::plain;
use crate::text::shown;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

/// How much is reported, and where.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = super::REPORT)]
pub(crate) struct Args {
    /// Report more: each host's system, and the output of processes; -vv: what the agent does; -vvv: connection stages,
    /// times and bytes.
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Report only failures, hosts that were not reached, and one line at the end.
    #[arg(short, long, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Append everything that -vvv reports to this file, with times.
    #[arg(long, value_name = "FILE")]
    pub(crate) log: Option<PathBuf>,
    /// At the end, show the slowest tasks and the connection stages.
    #[arg(long, hide_short_help = true)]
    pub(crate) profile: bool,
}

impl Args {
    /// Opens the log, if one is wanted; nobody else can read it.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn open_log(&self) -> Result<Option<File>, Refusal> {
        let Some(path) = &self.log else { return Ok(None) };
        let opened = OpenOptions::new().append(true).create(true).mode(0o600).open(path);
        opened.map(Some).map_err(|error| {
            let what = format!(
                "cannot write the log `{}`: {}",
                shown(&path.to_string_lossy()),
                plain(&error)
            );
            Refusal::new(what, "`--log` takes a file in a directory that you can write to")
        })
    }
}
