//! What an agent may say, and when: the only judge of replies. Anything out of order makes the host lost, since nobody
//! knows then what was done there. Touches nothing.

use super::bounds::Told;
use crate::report::{Counts, Event, HostId};
use hep_protocol::blob::{Digest, Source, TreeKind};
use hep_protocol::message::{End, Reply};
use hep_protocol::outcome::{Failure, Outcome, Status};
use hep_protocol::plan::Task;
use std::collections::VecDeque;

/// What is kept and shown of a process's output, in bytes: the end of it.
const OUTPUT: usize = 64 * 1024;

/// How often a task may ask for each of its contents: to compare, to show a diff, to write, and once more for each.
const ASKS: usize = 8;

/// What is expected of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    /// What messages call it.
    pub(crate) name: String,
    /// How many local files it may ask for.
    pub(crate) files: usize,
}

impl Expected {
    pub(crate) fn of(task: &Task) -> Expected {
        let files = |source: &Source| match source {
            Source::File(_) => 1,
            Source::Tree { entries, .. } => {
                let file = |kind: &TreeKind| match kind {
                    TreeKind::File(_) => true,
                    TreeKind::Directory | TreeKind::Link { .. } => false,
                };
                entries.iter().filter(|entry| file(&entry.kind)).count()
            }
        };
        let files = task.sources.iter().map(|named| files(&named.source)).sum();
        Expected { name: task.name.clone(), files }
    }
}

/// What follows from a reply.
#[derive(Debug, PartialEq)]
pub(crate) enum Next {
    /// The screen is told.
    Tell(Event),
    /// This content is sent.
    Send(Digest),
    /// The run is over.
    Over(End),
}

/// The replies so far.
pub(crate) struct Order<'a> {
    host: HostId,
    tasks: &'a [Expected],
    /// How many tasks have ended.
    done: u32,
    /// Whether the next one is under way.
    begun: bool,
    failed: bool,
    asks: usize,
    counts: Counts,
    output: VecDeque<u8>,
    told: Told,
}

impl<'a> Order<'a> {
    pub(crate) fn new(host: HostId, tasks: &'a [Expected]) -> Order<'a> {
        Order {
            host,
            tasks,
            done: 0,
            begun: false,
            failed: false,
            asks: 0,
            counts: Counts::default(),
            output: VecDeque::new(),
            told: Told::default(),
        }
    }

    /// Judges a reply.
    ///
    /// # Errors
    /// The reply is out of order; how.
    pub(crate) fn take(&mut self, reply: Reply) -> Result<Next, String> {
        let host = self.host;
        match reply {
            Reply::Hello(_) => Err("the agent greeted twice".to_owned()),
            Reply::Started { task } => self.start(task),
            Reply::Want(digest) => self.want(digest),
            Reply::Output { task, stream, data } => {
                self.known(task)?;
                self.keep(&data);
                let data = end_of(data);
                Ok(Next::Tell(Event::Output { host, task, stream, data }))
            }
            Reply::Progress { task, text } => {
                self.known(task)?;
                Ok(Next::Tell(Event::Progress { host, task, text: end_of_text(text) }))
            }
            Reply::Finished { task, outcome } => self.finish(task, outcome),
            Reply::Done(end) => self.end(end),
        }
    }

    fn start(&mut self, task: u32) -> Result<Next, String> {
        let due = self.done == task && !self.begun && !self.failed;
        if !due || self.current().is_none() {
            return Err(format!("the agent began task {task} out of turn"));
        }
        self.begun = true;
        self.asks = 0;
        self.output.clear();
        Ok(Next::Tell(Event::Started { host: self.host, task }))
    }

    fn want(&mut self, digest: Digest) -> Result<Next, String> {
        let allowed = self.current().filter(|_| self.begun).map_or(0, |task| task.files * ASKS);
        if self.asks >= allowed {
            return Err("the agent asked for a content that no task of its needs".to_owned());
        }
        self.asks += 1;
        Ok(Next::Send(digest))
    }

    fn finish(&mut self, task: u32, mut outcome: Outcome) -> Result<Next, String> {
        if !self.begun || self.done != task {
            return Err(format!("the agent ended task {task} out of turn"));
        }
        let bad = matches!(outcome.status, Status::Failed | Status::Ignored);
        if bad != outcome.failure.is_some() {
            return Err(format!("the agent gave no sound outcome for task {task}"));
        }
        if let Some(Failure { stdout, stderr, .. }) = &mut outcome.failure {
            *stdout = end_of_text(std::mem::take(stdout));
            *stderr = end_of_text(std::mem::take(stderr));
        }
        let too_much = |what| format!("the agent told too much of task {task}: {what}");
        self.told.take(&mut outcome).map_err(too_much)?;
        self.begun = false;
        self.done += 1;
        self.failed = outcome.status == Status::Failed;
        self.counts.add(outcome.status);
        Ok(Next::Tell(Event::Finished { host: self.host, task, outcome }))
    }

    fn end(&mut self, end: End) -> Result<Next, String> {
        match end {
            _ if self.begun => Err("the agent ended its run within a task".to_owned()),
            End::Completed if !self.failed && !self.complete() => {
                Err("the agent says that all is done, and it is not".to_owned())
            }
            End::Completed | End::Cancelled => Ok(Next::Over(end)),
        }
    }

    /// Output may still come from a process that outlives its task, but not from a task that never began.
    fn known(&self, task: u32) -> Result<(), String> {
        let begun = self.done + u32::from(self.begun);
        if task < begun {
            Ok(())
        } else {
            Err(format!("the agent spoke of task {task} before it began"))
        }
    }

    fn keep(&mut self, data: &[u8]) {
        let newest = data.get(data.len().saturating_sub(OUTPUT)..).unwrap_or(data);
        self.output.extend(newest);
        let surplus = self.output.len().saturating_sub(OUTPUT);
        self.output.drain(..surplus);
    }

    fn current(&self) -> Option<&'a Expected> {
        self.tasks.get(self.done as usize)
    }

    /// How many tasks ended how.
    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    /// Whether a task failed.
    pub(crate) fn failed(&self) -> bool {
        self.failed
    }

    /// Whether every task has ended.
    pub(crate) fn complete(&self) -> bool {
        self.done as usize == self.tasks.len()
    }

    /// Where the run is, for the end of a sentence.
    pub(crate) fn place(&self) -> String {
        match self.current() {
            Some(task) if self.begun => format!("during `{}`", task.name),
            Some(task) => format!("before `{}`", task.name),
            None => "after the last task".to_owned(),
        }
    }

    /// The end of what processes of the present task wrote.
    pub(crate) fn output(&self) -> String {
        let (front, back) = self.output.as_slices();
        String::from_utf8_lossy(&[front, back].concat()).into_owned()
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
mod tests {
    use super::*;
    use hep_protocol::message::Stream;

    fn started(task: u32) -> Reply {
        Reply::Started { task }
    }

    fn finished(task: u32, status: Status) -> Reply {
        let bad = matches!(status, Status::Failed | Status::Ignored);
        let failure = bad.then(Failure::default);
        Reply::Finished {
            task,
            outcome: Outcome { status, changes: vec![], notes: vec![], failure, ms: 0 },
        }
    }

    fn output(task: u32) -> Reply {
        Reply::Output { task, stream: Stream::Stdout, data: b"x".to_vec() }
    }

    /// Two tasks, the first with one file. The verdict on the last reply; all before it must be in order.
    fn check(replies: Vec<Reply>, expected: &str) {
        let tasks =
            [("one", 1), ("two", 0)].map(|(name, files)| Expected { name: name.to_owned(), files });
        let mut order = Order::new(HostId(0), &tasks);
        let count = replies.len();
        for (index, reply) in replies.into_iter().enumerate() {
            let verdict = match order.take(reply) {
                Ok(Next::Over(end)) => format!("{end:?}"),
                Ok(_) => "fine".to_owned(),
                Err(what) => what,
            };
            assert_eq!(
                verdict,
                if index + 1 == count { expected } else { "fine" },
                "reply {index}"
            );
        }
    }

    #[test]
    fn a_run_in_order_ends_well() {
        let ok = |task| [started(task), finished(task, Status::Ok)];
        let done = Reply::Done(End::Completed);
        check([ok(0), ok(1)].concat().into_iter().chain([done.clone()]).collect(), "Completed");
        check(vec![started(0), finished(0, Status::Failed), done.clone()], "Completed");
        check(vec![started(0), finished(0, Status::Ignored), started(1)], "fine");
        check(vec![Reply::Done(End::Cancelled)], "Cancelled");
        check(vec![started(0), output(0), finished(0, Status::Ok), output(0)], "fine");
    }

    #[test]
    fn anything_else_is_named() {
        let done = Reply::Done(End::Completed);
        check(vec![started(1)], "the agent began task 1 out of turn");
        check(vec![started(0), started(0)], "the agent began task 0 out of turn");
        check(vec![started(u32::MAX)], "the agent began task 4294967295 out of turn");
        check(
            vec![started(0), finished(0, Status::Failed), started(1)],
            "the agent began task 1 out of turn",
        );
        check(vec![finished(0, Status::Ok)], "the agent ended task 0 out of turn");
        check(vec![started(0), finished(1, Status::Ok)], "the agent ended task 1 out of turn");
        check(vec![started(0), output(1)], "the agent spoke of task 1 before it began");
        check(vec![done.clone()], "the agent says that all is done, and it is not");
        check(vec![started(0), done], "the agent ended its run within a task");
        let ok = Outcome { failure: Some(Failure::default()), ..outcome() };
        check(
            vec![started(0), Reply::Finished { task: 0, outcome: ok }],
            "the agent gave no sound outcome for task 0",
        );
    }

    #[test]
    fn an_agent_that_tells_too_much_is_lost() {
        let notes = vec![String::new(); 200_001];
        check(
            vec![started(0), Reply::Finished { task: 0, outcome: Outcome { notes, ..outcome() } }],
            "the agent told too much of task 0: 200001 changes and notes, and 200000 are allowed",
        );
    }

    fn outcome() -> Outcome {
        Outcome { status: Status::Ok, changes: vec![], notes: vec![], failure: None, ms: 0 }
    }

    #[test]
    fn wants_are_bounded_by_what_a_task_has() {
        let want = || Reply::Want(Digest::of(b"x"));
        let refused = "the agent asked for a content that no task of its needs";
        check(vec![want()], refused);
        let mut replies = vec![started(0)];
        replies.extend((0..ASKS).map(|_| want()));
        check(replies.clone(), "fine");
        replies.push(want());
        check(replies, refused);
        check(vec![started(0), finished(0, Status::Ok), started(1), want()], refused);
    }

    #[test]
    fn output_is_kept_to_its_end() {
        let tasks = [Expected { name: "one".to_owned(), files: 0 }];
        let mut order = Order::new(HostId(0), &tasks);
        order.take(started(0)).unwrap();
        let mut data = vec![b'a'; 3 * OUTPUT];
        data.extend_from_slice(b"end");
        let told = order.take(Reply::Output { task: 0, stream: Stream::Stderr, data }).unwrap();
        assert!(matches!(told, Next::Tell(Event::Output { data, .. }) if data.len() == OUTPUT));
        assert_eq!(order.output().len(), OUTPUT);
        assert!(order.output().ends_with("aend"));
        assert_eq!(end_of_text("ü".repeat(OUTPUT)).len(), OUTPUT);
        assert_eq!(end_of_text(format!("{}x", "ü".repeat(OUTPUT))).len(), OUTPUT - 1);
    }
}
