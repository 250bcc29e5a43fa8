//! Nearest names and lists of them, for hints: the same words as on the host.

pub(crate) use hep_protocol::words::{all_of, alternatives, nearest, similar};
