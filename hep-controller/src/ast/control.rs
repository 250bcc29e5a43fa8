//! What the keys of a task, block or include say, beside what it does.

use super::rights::Rights;
use super::{Piece, Spot};
use hep_protocol::expression::Rank;
use hep_protocol::plan::{CheckPolicy, OnError, Privacy};
use std::path::PathBuf;

/// What the keys say. Most tasks have few.
#[derive(Debug, Default)]
pub(crate) struct Control {
    pub(crate) name: Option<Spot>,
    pub(crate) when: Vec<Spot>,
    pub(crate) each: Option<Box<ManifestLoop>>,
    pub(crate) register: Option<Spot>,
    pub(crate) notify: Vec<Spot>,
    pub(crate) listen: Vec<Spot>,
    pub(crate) on_error: Option<OnError>,
    /// The expression that decides whether a failure is ignored.
    pub(crate) ignored_if: Option<Spot>,
    pub(crate) retries: Option<Piece>,
    pub(crate) delay: Option<Piece>,
    pub(crate) until: Vec<Spot>,
    pub(crate) changed_when: Option<Vec<Spot>>,
    pub(crate) failed_when: Option<Vec<Spot>>,
    pub(crate) vars: Option<Piece>,
    /// Later ones beat earlier ones.
    pub(crate) env: Vec<Piece>,
    pub(crate) tags: Vec<Spot>,
    pub(crate) timeout: Option<Piece>,
    pub(crate) privacy: Option<Privacy>,
    pub(crate) check: Option<CheckPolicy>,
    pub(crate) act_as: Rights,
    /// Whether it is one choice of several, of which nothing is reported unless it is taken.
    pub(crate) choice: bool,
    /// What the task gives as it is written.
    pub(crate) gives: Option<Gives>,
    /// Whether the host is done with the play after it.
    pub(crate) ends_play: bool,
}

/// Variables that a task gives as they are written.
#[derive(Clone, Debug)]
pub(crate) struct Gives {
    pub(crate) rank: Rank,
    /// The name of the file that they are from, if a host decides it: the task's parameters are then those of each file by its
    /// name.
    pub(crate) chosen: Option<Spot>,
    /// The files by their names.
    pub(crate) files: Vec<(String, PathBuf)>,
}

/// A loop as written.
#[derive(Debug)]
pub(crate) struct ManifestLoop {
    pub(crate) over: Piece,
    pub(crate) var: String,
    pub(crate) index: Option<String>,
    pub(crate) label: Option<Spot>,
    /// The lookup that makes elements of `over`: `dict` in `with_dict`.
    pub(crate) kind: Option<Spot>,
    pub(crate) pause: Option<Piece>,
    /// Whether rounds know their place, as `ansible_loop`.
    pub(crate) extended: bool,
}
