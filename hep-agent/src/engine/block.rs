//! Entries of a play in a row, and blocks of them: conditions, loops, rescue, always.

use super::loops::{elements, locals};
use super::readers::Point;
use super::task::conditions;
use super::{Flow, Walk, worse};
use crate::render::{Names, Unrendered};
use crate::sys::SysError;
use hep_protocol::message::{MAX_DEPTH, Turn};
use hep_protocol::outcome::Status;
use hep_protocol::plan::{Block, Item, Play};
use std::ops::Range;

/// Where entries are run: of which play, and under which turn.
pub(super) struct Place<'p> {
    pub(super) play: &'p Play,
    /// The play's names, without those of its blocks.
    pub(super) outer: Names,
    /// How many blocks are around it.
    pub(super) depth: usize,
    /// The turn of what is around them.
    pub(super) turn: Turn,
}

impl Place<'_> {
    fn turn(&self, at: u32) -> Turn {
        deeper(&self.turn, at)
    }
}

/// A turn within a turn.
pub(super) fn deeper(turn: &Turn, at: u32) -> Turn {
    let mut numbers = turn.0.clone();
    numbers.push(at);
    Turn(numbers)
}

/// Why the tasks of a block are reported without being run.
enum Passed {
    /// Its condition does not hold.
    Skipped,
    /// Whether they would be run depends on this.
    Depends(String),
}

impl Passed {
    /// Whether something is reported of what is one choice of several, or is none.
    fn tells_of(&self, choice: bool) -> bool {
        match self {
            Self::Skipped => !choice,
            Self::Depends(_) => true,
        }
    }
}

impl Walk<'_> {
    /// Runs entries until one fails.
    pub(super) fn entries(&mut self, place: &Place<'_>, range: Range<u32>, names: &Names) -> Flow {
        let mut at = range.start;
        while at < range.end {
            if self.outside.cancelled() {
                return Flow::Cancelled;
            }
            self.point.entry = at;
            let (flow, next) = match place.play.items.get(at as usize) {
                Some(Item::Task(number)) => (self.entry(place, at, *number, names), at + 1),
                Some(Item::Block(block)) => {
                    let size = block.entries().unwrap_or(u32::MAX);
                    let end = at.saturating_add(1).saturating_add(size).min(range.end);
                    (self.block(place, at, block, names), end)
                }
                Some(Item::Flush) => (self.handlers(place, &place.turn(at)), at + 1),
                None => return Flow::On,
            };
            if flow != Flow::On {
                return flow;
            }
            at = next;
            self.forget(Point { entry: at, ..self.point });
        }
        Flow::On
    }

    /// A task, and after a `flush` the handlers.
    fn entry(&mut self, place: &Place<'_>, at: u32, number: u32, names: &Names) -> Flow {
        let turn = place.turn(at);
        let (status, flow) = self.task(number, &turn, names, None);
        let flushes = self.plan.task(number).is_some_and(|task| task.spec.about().flushes);
        if flow == Flow::On && status == Status::Ok && flushes {
            self.handlers(place, &turn)
        } else {
            flow
        }
    }

    fn block(&mut self, place: &Place<'_>, at: u32, block: &Block, names: &Names) -> Flow {
        let names = names.with_layers(&block.layers);
        let body = at.saturating_add(1)..at.saturating_add(1).saturating_add(block.body);
        let why = match self.entered(place, at, block, &names) {
            Ok(Some(flow)) => return flow,
            Ok(None) if block.choice => return Flow::On,
            Ok(None) => Passed::Skipped,
            Err(Unrendered::Unknown(cause)) => Passed::Depends(cause),
            Err(Unrendered::Wrong(error)) => return self.refuse(place, body, error, &names),
        };
        self.pass(place, body, &why, &names);
        Flow::On
    }

    /// Runs a block if its condition holds and its loop has elements; `None`: they do not.
    fn entered(
        &mut self,
        place: &Place<'_>,
        at: u32,
        block: &Block,
        names: &Names,
    ) -> Result<Option<Flow>, Unrendered> {
        if place.depth >= MAX_DEPTH {
            let error = format!("blocks are nested more than {MAX_DEPTH} deep");
            return Err(Unrendered::Wrong(SysError::new(error)));
        }
        if !conditions(&block.when, names)? {
            return Ok(None);
        }
        let inner = |turn| {
            let (play, outer) = (place.play, place.outer.clone());
            Place { play, outer, depth: place.depth.saturating_add(1), turn }
        };
        let first = at.saturating_add(1);
        let Some(each) = &block.each else {
            return Ok(Some(self.sections(&inner(place.turn.clone()), first, block, names)));
        };
        let mut flow = None;
        names.begin_task();
        let elements = elements(each, names)?;
        let outer = names.enter_loop();
        for (round, _) in (0_u32..).zip(&elements) {
            if round > 0 {
                self.rest(each, names)?;
            }
            let names = names.with_locals(locals(each, round, &elements));
            let place = inner(deeper(&place.turn(at), round));
            let after = self.sections(&place, first, block, &names);
            flow = Some(after);
            if after != Flow::On {
                break;
            }
        }
        names.leave_loop(outer);
        Ok(flow)
    }

    /// Body, rescue and always, which stand one after the other.
    fn sections(&mut self, place: &Place<'_>, body: u32, block: &Block, names: &Names) -> Flow {
        let rescue = body.saturating_add(block.body);
        let always = rescue.saturating_add(block.rescue);
        let end = always.saturating_add(block.always);
        let rescues = usize::from(block.rescue > 0);
        self.rescued += rescues;
        let mut flow = self.entries(place, body..rescue, names);
        self.rescued -= rescues;
        if flow == Flow::Failed && block.rescue > 0 {
            flow = self.entries(place, rescue..always, names);
        }
        if matches!(flow, Flow::Cancelled | Flow::Ended) {
            return flow;
        }
        worse(flow, self.entries(place, always..end, names))
    }

    /// Reports the tasks of a block that is not entered; of inner blocks the body counts, as of the outer one.
    fn pass(&mut self, place: &Place<'_>, body: Range<u32>, why: &Passed, names: &Names) {
        let mut at = body.start;
        while at < body.end {
            let next = at.saturating_add(1);
            at = match place.play.items.get(at as usize) {
                Some(Item::Task(number)) => {
                    if let Some(job) =
                        self.job(*number, names).filter(|job| why.tells_of(job.control.choice))
                    {
                        let turn = place.turn(at);
                        match why {
                            Passed::Skipped => self.pass_over(&job, &turn),
                            Passed::Depends(cause) => self.leave_open(&job, &turn, cause),
                        };
                    }
                    next
                }
                Some(Item::Block(block)) => {
                    if why.tells_of(block.choice) {
                        let names = names.with_layers(&block.layers);
                        self.pass(place, next..next.saturating_add(block.body), why, &names);
                    }
                    next.saturating_add(block.entries().unwrap_or(u32::MAX))
                }
                Some(Item::Flush) => next,
                None => return,
            };
        }
    }

    /// A block whose condition or loop is wrong fails at its first task.
    fn refuse(
        &mut self,
        place: &Place<'_>,
        body: Range<u32>,
        error: SysError,
        names: &Names,
    ) -> Flow {
        let first = body.into_iter().find_map(|at| match place.play.items.get(at as usize)? {
            Item::Task(number) => Some((at, *number)),
            Item::Block(_) | Item::Flush => None,
        });
        let job = first.and_then(|(at, number)| Some((at, self.job(number, names)?)));
        match job {
            Some((at, job)) => self.fail(&job, &place.turn(at), error),
            None => Flow::Failed,
        }
    }
}
