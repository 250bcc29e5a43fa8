//! `--transport`: how to connect to the hosts.

use crate::remote::Transport;
use clap::{Args, ValueEnum};

/// How to connect to the hosts; overrides the inventory.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = super::LOGIN)]
pub(crate) struct Way {
    /// How to connect to the hosts; default: `hep_transport` in the inventory, else the config, else `ssh2`.
    #[arg(long, value_enum, value_name = "TRANSPORT", hide_short_help = true)]
    pub(crate) transport: Option<Named>,
}

/// The transports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Named {
    /// hep's own SSH, the fastest.
    Ssh2,
    /// The `ssh` of this machine, one process per host: needed for FIDO keys, GSSAPI and ControlMaster.
    Openssh,
    /// Every host is this machine.
    Local,
}

impl Way {
    /// The transport of a host for which the inventory says this. A host that is this machine stays this machine.
    pub(crate) fn of(&self, said: Option<Transport>) -> Option<Transport> {
        let wished = self.transport.map(|named| match named {
            Named::Ssh2 => Transport::Ssh2,
            Named::Openssh => Transport::Openssh,
            Named::Local => Transport::Local,
        });
        wished.filter(|_| said != Some(Transport::Local)).or(said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_beats_the_inventory_but_this_machine_stays_it() {
        let of = |named, said| Way { transport: named }.of(said);
        let (openssh, local) = (Some(Transport::Openssh), Some(Transport::Local));
        assert_eq!(of(None, None), None);
        assert_eq!(of(None, openssh), openssh);
        assert_eq!(of(Some(Named::Ssh2), openssh), Some(Transport::Ssh2));
        assert_eq!(of(Some(Named::Openssh), local), local);
        assert_eq!(of(Some(Named::Local), None), local);
    }
}
