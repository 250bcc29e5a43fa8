//! What is expected of a run before it begins: the tasks of a plan, and what each of them is to a host. Touches nothing.

use hep_protocol::blob::{Digest, Source, TreeKind};
use hep_protocol::plan::{Item, Play, Task};
use std::collections::BTreeSet;

/// How often a task may ask for each of its contents: to compare, to show a diff, to write, and once more for each.
const ASKS: usize = 8;

/// How often a task with a loop or retries may do so: nobody knows here how many elements a list on the host has.
const ROUNDS: usize = 10_000;

/// What is expected of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    /// What messages call it when its name holds no expression.
    pub(crate) name: String,
    /// How often it may ask for a content.
    pub(crate) wants: usize,
    /// The contents that it may ask for.
    pub(crate) contents: BTreeSet<Digest>,
}

impl Expected {
    pub(crate) fn of(task: &Task) -> Expected {
        let digests: Vec<Digest> =
            task.sources.iter().flat_map(|named| digests(&named.source)).collect();
        let control = task.control.as_deref();
        let again = control.is_some_and(|c| c.each.is_some() || c.retry.is_some());
        let wants = digests.len() * ASKS * if again { ROUNDS } else { 1 };
        Expected { name: task.name.clone(), wants, contents: digests.into_iter().collect() }
    }
}

/// The contents of a source, one for each file.
fn digests(source: &Source) -> Vec<Digest> {
    match source {
        Source::File(file) => vec![file.digest],
        Source::Tree { entries, .. } => {
            let file = |kind: &TreeKind| match kind {
                TreeKind::File(file) => Some(file.digest),
                TreeKind::Directory | TreeKind::Link { .. } => None,
            };
            entries.iter().filter_map(|entry| file(&entry.kind)).collect()
        }
    }
}

/// What a task of the plan is to a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It belongs to a play that the host does not run.
    Foreign,
    /// It may have any number of turns: it is a handler, or lies in a block.
    May,
    /// It has its turn in every run that comes to its end.
    Must,
    /// It has had its turn.
    Had,
}

/// The tasks of a play with what they are to a host that runs it.
pub(crate) fn standing(play: &Play) -> Vec<(u32, Standing)> {
    // The entries of a block follow it.
    let mut within = 0_u32;
    let mut all: Vec<_> = play.handlers.iter().map(|task| (*task, Standing::May)).collect();
    for item in &play.items {
        let inner = within > 0;
        within = within.saturating_sub(1);
        match item {
            Item::Task(task) if inner => all.push((*task, Standing::May)),
            Item::Task(task) => all.push((*task, Standing::Must)),
            // What belongs to an inner block counts for the outer one too.
            Item::Block(_) if inner => {}
            Item::Block(block) => within = block.entries().unwrap_or(u32::MAX),
        }
    }
    all
}

/// What each task of a plan of `tasks` is to a host that runs these plays.
pub(crate) fn standing_in(
    tasks: usize,
    plays: &[Vec<(u32, Standing)>],
    own: &[u32],
) -> Vec<Standing> {
    let mut standing = vec![Standing::Foreign; tasks];
    for (task, is) in own.iter().filter_map(|play| plays.get(*play as usize)).flatten() {
        if let Some(slot) = standing.get_mut(*task as usize) {
            *slot = *is;
        }
    }
    standing
}

#[cfg(test)]
mod tests {
    use super::*;
    use Standing::{Foreign, May, Must};
    use hep_protocol::plan::Block;

    #[test]
    fn what_lies_in_blocks_need_not_run() {
        let block = |body, rescue, always| {
            Item::Block(Box::new(Block { body, rescue, always, ..Block::default() }))
        };
        let items = vec![
            Item::Task(0),
            block(3, 1, 1),
            Item::Task(1),
            block(1, 0, 0),
            Item::Task(2),
            Item::Task(3),
            Item::Task(4),
            Item::Task(5),
        ];
        let play = Play { items, handlers: vec![6], ..Play::default() };
        let plays = [standing(&play), vec![(7, Must)]];
        let first = [Must, May, May, May, May, Must, May, Foreign];
        assert_eq!(standing_in(8, &plays, &[0]), first);
        let second = [Foreign, Foreign, Foreign, Foreign, Foreign, Foreign, Foreign, Must];
        assert_eq!(standing_in(8, &plays, &[1, 9]), second);
    }
}
