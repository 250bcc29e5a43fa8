//! What an agent may say, and when: the only judge of replies. Anything out of order makes the host lost, since nobody
//! knows then what was done there. Touches nothing.

use super::bounds::{Told, Written, beginning};
use super::expected::{Expected, Standing};
use crate::host::HostId;
use crate::report::Event;
use hep_protocol::blob::{WANTS, Want};
use hep_protocol::message::{End, MAX_DEPTH, Reply, Turn};
use hep_protocol::outcome::{Counts, Failure, ItemOutcome, Outcome, Status};
use hep_protocol::plan::Pace;
use std::collections::VecDeque;

/// What is kept and shown of a process's output, in bytes: the end of it.
const OUTPUT: usize = 64 * 1024;

/// What is kept of a name or an element's label, in bytes: the beginning of it.
const NAME: usize = 4 * 1024;

/// How many numbers a turn has at most: the play, the entry, and for each block its round and the entry in it; handlers
/// have two of their own.
const DEEPEST: usize = MAX_DEPTH * 2 + 4;

/// What follows from a reply.
#[derive(Debug, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "taken apart as soon as it is made, and hardly ever small"
)]
pub(crate) enum Next {
    /// The screen is told.
    Tell(Event),
    /// These contents are sent.
    Send(Vec<Want>),
    /// The operator is asked about this task.
    Ask(u32),
    /// The other hosts are waited for before this play.
    Wait(u32),
    /// The run is over.
    Over(End),
}

/// A task under way, or the last that was.
struct Present {
    task: u32,
    turn: Turn,
    name: Option<String>,
    /// How many contents it has asked for.
    asks: usize,
}

/// The replies so far.
pub(crate) struct Order<'a> {
    host: HostId,
    tasks: &'a [Expected],
    /// For each task of the plan what it is to this host.
    standing: Vec<Standing>,
    /// How many tasks must still have their turn.
    missing: u32,
    /// How many more should, unless what is before them fails.
    hoped: u32,
    /// Whether the agent got through.
    completed: bool,
    /// Whether the agent may ask about tasks.
    pace: Pace,
    /// The plays before which it waits for others, and has not yet.
    waits: VecDeque<u32>,
    present: Option<Present>,
    /// Whether that task is under way.
    begun: bool,
    failed: bool,
    counts: Counts,
    output: VecDeque<u8>,
    told: Told,
    written: Written,
}

impl<'a> Order<'a> {
    /// `standing` has a place for each of the tasks.
    pub(crate) fn new(
        host: HostId,
        tasks: &'a [Expected],
        standing: Vec<Standing>,
        pace: Pace,
    ) -> Order<'a> {
        let are = |what| {
            let count = standing.iter().filter(|standing| **standing == what).count();
            u32::try_from(count).unwrap_or(u32::MAX)
        };
        let (missing, hoped) = (are(Standing::Must), are(Standing::Should));
        Order {
            host,
            tasks,
            standing,
            missing,
            hoped,
            completed: false,
            pace,
            waits: VecDeque::new(),
            present: None,
            begun: false,
            failed: false,
            counts: Counts::default(),
            output: VecDeque::new(),
            told: Told::default(),
            written: Written::default(),
        }
    }

    /// The same of a host that waits for others before these plays, ascending.
    pub(crate) fn waiting(self, plays: &[u32]) -> Order<'a> {
        Order { waits: plays.iter().copied().collect(), ..self }
    }

    /// Judges a reply.
    ///
    /// # Errors
    /// The reply is out of order; how.
    pub(crate) fn take(&mut self, reply: Reply) -> Result<Next, String> {
        let host = self.host;
        match reply {
            Reply::Hello(_) => Err("the agent greeted twice".to_owned()),
            Reply::Became | Reply::Refused(_) => {
                Err("the agent tells of another user out of turn".to_owned())
            }
            Reply::Facts(_) => Err("the agent told facts that nobody asked for".to_owned()),
            Reply::Ask { task } => self.ask(task),
            Reply::Waits { play } => self.wait(play),
            Reply::Started { task, turn, name } => self.start(task, turn, name),
            Reply::Want(wants) => self.want(wants),
            Reply::Output { task, stream, data } => {
                self.known(task)?;
                self.written.output(&data)?;
                self.keep(&data);
                let data = end_of(data);
                Ok(Next::Tell(Event::Output { host, task, stream, data }))
            }
            Reply::Progress { task, text } => {
                self.known(task)?;
                self.written.progress(&text)?;
                Ok(Next::Tell(Event::Progress { host, task, text: end_of_text(text) }))
            }
            Reply::Finished { task, outcome } => self.finish(task, outcome),
            Reply::Done(end) => self.end(end),
        }
    }

    fn ask(&mut self, task: u32) -> Result<Next, String> {
        if self.pace == Pace::Straight || self.begun {
            return Err(format!("the agent asked about task {task} out of turn"));
        }
        self.own(task)?;
        Ok(Next::Ask(task))
    }

    fn wait(&mut self, play: u32) -> Result<Next, String> {
        if self.begun || self.waits.pop_front() != Some(play) {
            return Err(format!("the agent waits before play {play} out of turn"));
        }
        Ok(Next::Wait(play))
    }

    /// There is no other host any more.
    pub(crate) fn wait_no_more(&mut self) {
        self.waits.clear();
    }

    /// The operator wants to be asked no more.
    pub(crate) fn ask_no_more(&mut self) {
        self.pace = Pace::Straight;
    }

    /// Whether the host has such a task.
    fn own(&mut self, task: u32) -> Result<&mut Standing, String> {
        let standing = self.standing.get_mut(task as usize).filter(|s| **s != Standing::Foreign);
        standing.ok_or_else(|| format!("the agent speaks of task {task}, which is none of its own"))
    }

    fn start(&mut self, task: u32, turn: Turn, name: Option<String>) -> Result<Next, String> {
        let last = self.present.as_ref().map(|present| &present.turn);
        let sound = !turn.0.is_empty() && turn.0.len() <= DEEPEST;
        let is_early = self.waits.front().is_some_and(|play| turn.0.first() >= Some(play));
        if self.begun || is_early || !sound || last.is_some_and(|last| turn <= *last) {
            return Err(format!("the agent began task {task} out of turn"));
        }
        let standing = self.own(task)?;
        match std::mem::replace(standing, Standing::Had) {
            Standing::Must => self.missing -= 1,
            Standing::Should => self.hoped -= 1,
            Standing::May | Standing::Had | Standing::Foreign => {}
        }
        self.output.clear();
        self.written.begin();
        self.begun = true;
        let name = name.map(|name| beginning(name, NAME));
        self.present = Some(Present { task, turn: turn.clone(), name: name.clone(), asks: 0 });
        Ok(Next::Tell(Event::Started { host: self.host, task, turn, name }))
    }

    fn want(&mut self, wants: Vec<Want>) -> Result<Next, String> {
        let present = self.present.as_mut().filter(|_| self.begun);
        let of = |present: &Present| self.tasks.get(present.task as usize);
        let expected = present.as_deref().and_then(of);
        let allowed = expected.map_or(0, |task| task.wants);
        let is_own = |want: &Want| expected.is_some_and(|e| e.contents.contains(&want.digest));
        match present {
            _ if wants.is_empty() || wants.len() > WANTS => {
                Err(format!("the agent asked for {} contents at once", wants.len()))
            }
            // Any other may be a secret of another host's plays.
            _ if !wants.iter().all(is_own) => {
                Err("the agent asked for a content that no task of its needs".to_owned())
            }
            Some(present) if wants.len() <= allowed.saturating_sub(present.asks) => {
                present.asks += wants.len();
                Ok(Next::Send(wants))
            }
            Some(_) | None => {
                Err("the agent asked for a content more often than its task may".to_owned())
            }
        }
    }

    fn finish(&mut self, task: u32, mut outcome: Outcome) -> Result<Next, String> {
        let present = self.present.as_ref().filter(|present| self.begun && present.task == task);
        let Some(present) = present else {
            return Err(format!("the agent ended task {task} out of turn"));
        };
        let (turn, name) = (present.turn.clone(), present.name.clone());
        if !is_sound(&outcome) {
            return Err(format!("the agent gave no sound outcome for task {task}"));
        }
        cut(&mut outcome);
        let too_much = |what| format!("the agent told too much of task {task}: {what}");
        self.told.take(&mut outcome).map_err(too_much)?;
        self.begun = false;
        self.failed |= outcome.status == Status::Failed;
        self.counts.add(outcome.status);
        Ok(Next::Tell(Event::Finished { host: self.host, task, turn, name, outcome }))
    }

    fn end(&mut self, end: End) -> Result<Next, String> {
        let wrong = match end {
            _ if self.begun => "the agent ended its run within a task",
            End::Completed if self.failed => "the agent says that all is done, and a task failed",
            End::Completed if self.missing > 0 => "the agent says that all is done, and it is not",
            End::Failed if !self.failed => "the agent says that a task failed, and none did",
            End::Completed | End::Failed | End::Cancelled => {
                self.completed = end == End::Completed;
                return Ok(Next::Over(end));
            }
        };
        Err(wrong.to_owned())
    }

    /// Output may still come from a process that outlives its task, but not from a task that never began.
    fn known(&self, task: u32) -> Result<(), String> {
        match self.standing.get(task as usize) {
            Some(Standing::Had) => Ok(()),
            Some(Standing::Must | Standing::Should | Standing::May | Standing::Foreign) | None => {
                Err(format!("the agent spoke of task {task} before it began"))
            }
        }
    }

    fn keep(&mut self, data: &[u8]) {
        let newest = data.get(data.len().saturating_sub(OUTPUT)..).unwrap_or(data);
        self.output.extend(newest);
        let surplus = self.output.len().saturating_sub(OUTPUT);
        self.output.drain(..surplus);
    }

    /// How many tasks ended how.
    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    /// Whether a task failed.
    pub(crate) fn failed(&self) -> bool {
        self.failed
    }

    /// How many tasks did not have their turn, though nothing but a failure or an early end could keep it from them.
    pub(crate) fn missing(&self) -> u32 {
        if self.completed { 0 } else { self.missing.saturating_add(self.hoped) }
    }

    /// Where the run is, for the end of a sentence.
    pub(crate) fn place(&self) -> String {
        let Some(Present { task, name, .. }) = &self.present else {
            return "before the first task".to_owned();
        };
        let written = || self.tasks.get(*task as usize).map_or("", |task| task.name.as_str());
        let name = name.as_deref().unwrap_or_else(written);
        format!("{} `{name}`", if self.begun { "during" } else { "after" })
    }

    /// The end of what processes of the present task wrote.
    pub(crate) fn output(&self) -> String {
        let (front, back) = self.output.as_slices();
        String::from_utf8_lossy(&[front, back].concat()).into_owned()
    }
}

/// Whether failures are where they belong, and only there.
fn is_sound(outcome: &Outcome) -> bool {
    let is = |status: Status, failure: &Option<Failure>| {
        let bad = matches!(status, Status::Failed | Status::Ignored | Status::Rescued);
        bad == failure.is_some()
    };
    let items = outcome.items.iter().all(|item| is(item.status, &item.details.failure));
    items && is(outcome.status, &outcome.details.failure)
}

/// Leaves the ends of what processes said, and the beginnings of labels.
fn cut(outcome: &mut Outcome) {
    for ItemOutcome { label, .. } in &mut outcome.items {
        *label = beginning(std::mem::take(label), NAME);
    }
    let of_items = outcome.items.iter_mut().filter_map(|item| item.details.failure.as_mut());
    for Failure { stdout, stderr, .. } in outcome.details.failure.iter_mut().chain(of_items) {
        *stdout = end_of_text(std::mem::take(stdout));
        *stderr = end_of_text(std::mem::take(stderr));
    }
}

fn end_of(mut data: Vec<u8>) -> Vec<u8> {
    data.drain(..data.len().saturating_sub(OUTPUT));
    data
}

fn end_of_text(text: String) -> String {
    let mut at = text.len().saturating_sub(OUTPUT);
    while !text.is_char_boundary(at) {
        at += 1;
    }
    text.get(at..).map_or(String::new(), str::to_owned)
}

#[cfg(test)]
mod tests;
