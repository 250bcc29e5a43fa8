//! `--agent-upload`: how the agent is uploaded.

use crate::remote::UploadMode;
use clap::{Args, ValueEnum};

/// How the agent is uploaded; overrides the inventory.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = super::LOGIN)]
pub(crate) struct Upload {
    /// How to upload the agent; default: `agent_upload` in the inventory, else the config, else `sftp`.
    #[arg(long, value_enum, value_name = "MODE", hide_short_help = true)]
    agent_upload: Option<Mode>,
}

/// The modes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// As a file over SFTP, which the agent removes; falls back to `exec` if a host has no SFTP.
    Sftp,
    /// Through the shell that starts it: fewer round trips, no SFTP.
    Exec,
    /// As `exec`, but kept on the host in `~/.cache/hep` and sent again only when it changes.
    Cache,
}

impl Upload {
    /// The mode that was given.
    pub(crate) fn mode(&self) -> Option<UploadMode> {
        self.agent_upload.map(|mode| match mode {
            Mode::Sftp => UploadMode::Sftp,
            Mode::Exec => UploadMode::Exec,
            Mode::Cache => UploadMode::Cache,
        })
    }
}
