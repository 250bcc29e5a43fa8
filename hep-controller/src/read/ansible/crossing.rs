//! Tasks that reach beyond their hosts: `run_once`, `delegate_to`, `local_action`; and what is run in place of a task that hep
//! cannot do.

use super::Reader;
use super::inherit::Inherited;
use super::task::Work;
use crate::ast::{Crossing, Way};
use crate::host::LOCALHOST;
use crate::source::Source;
use crate::yaml::Entry;
use hep_protocol::about::{About, Effect};
use hep_protocol::task::TaskSpec;
use hep_protocol::task::fail::Fail;
use std::sync::Arc;

impl Reader<'_> {
    /// What concerns other hosts than a task's own.
    pub(super) fn for_all(&mut self, source: &Arc<Source>, entry: &Entry, handed: &mut Inherited) {
        let (told, way) = match &*entry.key.text {
            "run_once" => (
                (
                    "hep runs each task on every host of its play",
                    "move the task into a play of its own with one host",
                ),
                Some(Way::Once),
            ),
            "delegate_to" => (
                (
                    "hep does not run a task on another host than the play's",
                    "move the task into a play for that host",
                ),
                entry.value.text().map(|to| Way::Elsewhere(to.trim().to_owned())),
            ),
            "local_action" => (
                (
                    "hep does not run a task on this machine in the middle of a play",
                    "move the task into a play with `hosts: localhost`",
                ),
                Some(Way::Elsewhere(LOCALHOST.to_owned())),
            ),
            _ => (
                (
                    "hep ends a run by its play's keys alone",
                    "write `any_errors_fatal: true` at the play",
                ),
                None,
            ),
        };
        self.refuse_way(source, entry, handed, told, way);
    }
}

/// How a task reaches beyond its host. What looks at no host, as a condition or a message, is the same anywhere: each host
/// does it for itself, as long as nothing comes of it that others are to have.
pub(super) fn crossings(inherited: &Inherited, work: &Work, is_kept: bool) -> Vec<Crossing> {
    let about = About::of(&work.module.text);
    let is_anywhere = about.effect == Effect::None && work.refused.is_empty();
    let counts = |way: &Way| match way {
        Way::Once => !is_anywhere || is_kept || about.gives_variables(),
        Way::Elsewhere(_) => !is_anywhere || inherited.gives_away,
    };
    let found = inherited.refused.iter().filter_map(|refused| {
        let way = refused.way.clone().filter(counts)?;
        Some(Crossing { way, problem: refused.problem.clone() })
    });
    found.collect()
}

/// What fails with this message where it is reached.
pub(crate) fn failing(msg: String) -> Arc<TaskSpec> {
    Arc::new(TaskSpec::Fail(Fail { msg }))
}
