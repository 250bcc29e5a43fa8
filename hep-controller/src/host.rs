//! A host of a run by its number, and the name of the one that needs no network.

/// A host's place in the run's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct HostId(pub(crate) usize);

/// The host's name in a run without a network.
pub(crate) const LOCALHOST: &str = "localhost";
