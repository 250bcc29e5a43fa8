//! From a command line to a run: what is asked of the manifest, how to log in, as whom the hosts' runs go on, and how an
//! agent comes onto each of them. What can be known to be wrong is refused before the first packet.

pub(crate) mod escalation;
pub(crate) mod failed_hosts;
pub(crate) mod launcher;
pub(crate) mod login;
pub(crate) mod options;
