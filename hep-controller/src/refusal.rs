//! Why hep did not begin what it was asked to do: the error of every command. Says nothing of a run that began.

use crate::diagnostic::Diagnostics;
use crate::remote::Problem;
use crate::stop::Stop;
use std::fmt;

/// Why nothing was begun: exit code 2, or 130 on request.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Mistakes in files, each with its place.
    Mistakes(Diagnostics),
    /// Something else, and what to change.
    Other { what: String, hint: Option<String> },
    /// The operator wished to stop before anything was contacted.
    Stopped,
}

impl Refusal {
    /// A refusal with advice.
    pub(crate) fn new(what: impl fmt::Display, hint: impl Into<String>) -> Refusal {
        Refusal::Other { what: what.to_string(), hint: Some(hint.into()) }
    }

    /// A problem, or the operator's wish that has caused it.
    pub(crate) fn unless_stopped(problem: Problem, stop: &Stop) -> Refusal {
        let Problem { what, hint } = problem;
        if stop.wanted() { Refusal::Stopped } else { Refusal::Other { what, hint } }
    }

    /// The exit code of ansible-playbook for the same.
    pub(crate) fn exit_of_ansible(&self) -> u8 {
        match self {
            Refusal::Mistakes(_) => 4,
            Refusal::Other { .. } => 1,
            Refusal::Stopped => 99,
        }
    }

    /// A refusal that needs none.
    pub(crate) fn plain(what: impl fmt::Display) -> Refusal {
        Refusal::Other { what: what.to_string(), hint: None }
    }
}
