//! The files of this machine that tasks name: found beside the file that names them, described as the plan has it, and kept
//! by their digests for whoever sends them.

pub(crate) mod contents;
pub(crate) mod search;
mod tree;

pub(crate) use contents::Contents;
