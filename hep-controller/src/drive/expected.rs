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
    /// It may have any number of turns: it is a handler, lies in a `rescue`, or in a block with a condition or a loop.
    May,
    /// It has its turn unless a task before it in its block fails.
    Should,
    /// It has its turn in every run that comes to its end.
    Must,
    /// It has had its turn.
    Had,
}

/// The tasks of a play with what they are to a host that runs it.
pub(crate) fn standing(play: &Play) -> Vec<(u32, Standing)> {
    let mut all: Vec<_> = play.handlers.iter().map(|task| (*task, Standing::May)).collect();
    // The parts of the blocks around an item, innermost and next ones last: where they end, and what lies in them.
    let mut parts: Vec<(u64, Standing)> = Vec::new();
    for (at, item) in (0_u64..).zip(&play.items) {
        while parts.last().is_some_and(|(end, _)| *end <= at) {
            parts.pop();
        }
        let here = parts.last().map_or(Standing::Must, |(_, standing)| *standing);
        match item {
            Item::Task(task) => {
                let is_choice = |task: &Task| task.control.as_ref().is_some_and(|c| c.choice);
                let may = play.task(*task).is_some_and(is_choice);
                all.push((*task, if may { Standing::May } else { here }));
            }
            Item::Flush => {}
            Item::Block(block) => {
                let open = here == Standing::May
                    || !block.when.is_empty()
                    || block.each.is_some()
                    || block.choice;
                let inner = if open { Standing::May } else { Standing::Should };
                let [body, rescue, always] =
                    [block.body, block.rescue, block.always].map(u64::from);
                let after = at + 1 + body + rescue;
                parts.push((after + always, inner));
                parts.push((after, Standing::May));
                parts.push((at + 1 + body, inner));
            }
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
    use Standing::{Foreign, May, Must, Should};
    use hep_protocol::plan::Block;

    #[test]
    fn what_lies_in_blocks_need_not_run() {
        let block = |body, rescue, always| {
            Item::Block(Box::new(Block { body, rescue, always, ..Block::default() }))
        };
        let when = |item| match item {
            Item::Block(block) => Item::Block(Box::new(Block {
                when: vec![hep_protocol::plan::Condition("a".to_owned())],
                ..*block
            })),
            Item::Task(_) | Item::Flush => item,
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
            when(block(2, 0, 0)),
            block(1, 0, 0),
            Item::Task(8),
        ];
        let play = Play { items, handlers: vec![6], ..Play::default() };
        let plays = [standing(&play), vec![(7, Must)]];
        let first = [Must, Should, Should, May, Should, Must, May, Foreign, May];
        assert_eq!(standing_in(9, &plays, &[0]), first);
        let second = [[Foreign; 7].as_slice(), &[Must, Foreign]].concat();
        assert_eq!(standing_in(9, &plays, &[1, 9]), second);
    }
}
