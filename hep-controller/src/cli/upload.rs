//! `--agent-upload`: how the agent comes onto the hosts.

use crate::remote::UploadMode;
use clap::{Args, ValueEnum};

/// How the agent comes onto the hosts; wins over the inventory.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = super::LOGIN)]
pub(crate) struct Upload {
    /// How the agent comes onto the hosts; default: what the inventory's `agent_upload` or the config says, else `sftp`.
    #[arg(long, value_enum, value_name = "MODE", hide_short_help = true)]
    agent_upload: Option<Mode>,
}

/// The modes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// A file by SFTP, which the agent removes; as with `exec` where a host has no SFTP.
    Sftp,
    /// Through the shell that starts it: fewer round trips, no SFTP.
    Exec,
    /// As `exec`, but the host keeps it under `~/.cache/hep`, and it is not sent again while it is the same.
    Cache,
}

impl Upload {
    /// What was written.
    pub(crate) fn mode(&self) -> Option<UploadMode> {
        self.agent_upload.map(|mode| match mode {
            Mode::Sftp => UploadMode::Sftp,
            Mode::Exec => UploadMode::Exec,
            Mode::Cache => UploadMode::Cache,
        })
    }
}
