//! What is known of a manifest before the first packet, for all its hosts at once: which tasks are meant, whom they are for,
//! what their names stand for, and everything that would go wrong. Makes no plan.

pub(crate) mod handlers;
pub(crate) mod host_classes;
pub(crate) mod mistakes;
mod params;
pub(crate) mod scope;
pub(crate) mod select;
pub(crate) mod targets;
pub(crate) mod variables;
pub(crate) mod verify;

use crate::ast::ManifestPlay;
use hep_protocol::plan::{DiffMode, Pace, RunMode};
use hep_protocol::rights::ActAs;
use select::Choice;
use std::path::Path;
use targets::Audience;
use variables::{Definition, Extra};

/// What is asked for beside the manifest.
#[derive(Debug)]
pub(crate) struct Order<'a> {
    pub(crate) audience: &'a Audience,
    pub(crate) extra: &'a Extra,
    pub(crate) choice: &'a Choice,
    pub(crate) working_directory: &'a Path,
    pub(crate) mode: RunMode,
    pub(crate) diff: DiffMode,
    pub(crate) pace: Pace,
    /// As whom tasks run where nothing nearer says.
    pub(crate) act_as: ActAs,
    /// How long a task may take that does not say so, in seconds.
    pub(crate) task_timeout: Option<u32>,
}

/// A play with what is its own.
pub(crate) struct PlayToVerify<'m> {
    pub(crate) play: &'m ManifestPlay,
    pub(crate) members: Vec<usize>,
    pub(crate) vars: Vec<Definition>,
    /// Whether some variables could not be read, which was reported.
    pub(crate) incomplete: bool,
}
