//! One host: sends the plan, answers wants, tells what comes back, and ends with a value whatever happens.
//! Knows nothing of SSH or the screen; what an agent may say, and when, is decided in `drive/order.rs`.

use crate::manifest::Contents;
use crate::remote::{Exit, Link, Problem};
use crate::report::text::chain;
use crate::report::{Counts, Event, HostId, HostStatus, Stopping, Trouble};
use crate::stop::Stop;
use hep_protocol::blob::{CHUNK, Digest};
use hep_protocol::facts::Facts;
use hep_protocol::frame::{self, FrameError};
use hep_protocol::hello::{self, HelloError};
use hep_protocol::message::{End, Reply, Request};
use hep_protocol::plan::Plan;
use order::{Expected, Next, Order};
use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;

mod bounds;
pub(crate) mod content;
mod order;

/// A content no larger than this is sent before it is asked for: asking costs a round trip.
const SMALL: u64 = 64 * 1024;

/// What all contents that nobody asked for may take together, in bytes.
const AHEAD: u64 = 1024 * 1024;

/// How soon a wish to stop reaches an agent that says nothing.
const LOOK: Duration = Duration::from_millis(500);

/// What every host of a run is sent: encoded once, shared by all.
pub(crate) struct Job {
    /// Small contents and the plan, as frames.
    opening: Vec<u8>,
    tasks: Vec<Expected>,
    contents: Arc<Contents>,
}

impl Job {
    /// Encodes a plan.
    ///
    /// # Errors
    /// The plan does not fit into a frame.
    pub(crate) fn new(plan: Plan, contents: Arc<Contents>) -> Result<Job, FrameError> {
        let tasks = plan.tasks.iter().map(Expected::of).collect();
        let mut opening = Vec::new();
        let mut ahead = 0;
        for (digest, content) in contents.iter() {
            if content.size <= SMALL && ahead + content.size <= AHEAD {
                ahead += content.size;
                let before = opening.len();
                let mut put = |request: &Request| frame::write(&mut opening, request);
                match content::send(&mut put, &contents, digest)? {
                    content::Sent::Whole => {}
                    // The agent will ask for it, and then gets the reason.
                    content::Sent::Unavailable(_) => opening.truncate(before),
                }
            }
        }
        frame::write(&mut opening, &Request::Plan(plan))?;
        Ok(Job { opening, tasks, contents })
    }
}

/// How a host's run ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Conclusion {
    pub(crate) status: HostStatus,
    pub(crate) counts: Counts,
    /// Present exactly when the host is lost.
    pub(crate) trouble: Option<Trouble>,
}

/// Exchanges greetings with an agent that was just started, and learns what its host is.
///
/// # Errors
/// What came instead.
pub(crate) fn greet(link: &mut dyn Link) -> Result<Facts, Problem> {
    hello::read(&mut *link).map_err(|error| no_greeting(&error))?;
    let mut greeting = Vec::new();
    hello::write(&mut greeting)
        .and_then(|()| link.write_all(&greeting))
        .map_err(|error| Problem::new(format!("cannot answer hep's greeting: {error}")))?;
    match frame::read::<Reply>(&mut *link) {
        Ok(Some(Reply::Hello(facts))) => Ok(facts),
        Ok(Some(_)) => Err(Problem::new("the agent did not say what its host is")),
        Ok(None) => Err(Problem::new("the stream ended behind hep's greeting")),
        Err(error) => Err(Problem::new(chain(&error))),
    }
}

fn no_greeting(error: &HelloError) -> Problem {
    let problem = Problem::new(chain(error));
    match error {
        HelloError::OtherBuild { .. } => {
            problem.with_hint("build both programs from one source tree: `cargo build`")
        }
        HelloError::NotHep(_) | HelloError::Io(_) => problem,
    }
}

/// One host's run to come.
pub(crate) struct Drive<'a> {
    pub(crate) job: &'a Job,
    pub(crate) host: HostId,
    pub(crate) stop: &'a Stop,
}

impl Drive<'_> {
    /// Runs the plan over a link to an agent that was greeted.
    pub(crate) fn run(&self, link: &mut dyn Link, tell: &mut dyn FnMut(Event)) -> Conclusion {
        let mut order = Order::new(self.host, &self.job.tasks);
        let watching = link.look_around(LOOK);
        let mut heedful = Heedful { link, stop: self.stop, told: false };
        let ended = watching
            .map_err(|error| format!("the link cannot be watched: {error}"))
            .and_then(|()| converse(self.job, &mut heedful, &mut order, tell));
        conclude(ended, &order, heedful)
    }
}

fn conclude(ended: Result<End, String>, order: &Order<'_>, link: Heedful<'_>) -> Conclusion {
    let Heedful { link, told, stop } = link;
    let counts = order.counts();
    let lost = |trouble| Conclusion { status: HostStatus::Lost, counts, trouble: Some(trouble) };
    match ended {
        Ok(_) if order.failed() => Conclusion { status: HostStatus::Failed, counts, trouble: None },
        Ok(_) if order.complete() => {
            Conclusion { status: HostStatus::Converged, counts, trouble: None }
        }
        Ok(End::Cancelled) if told => {
            lost(Trouble::new(format!("stopped on request {}", order.place())))
        }
        Ok(_) => lost(Trouble::new(format!("the agent stopped unasked {}", order.place()))),
        Err(_) if stop.wish() == Some(Stopping::Now) => {
            lost(Trouble::new(format!("the link was cut on request {}", order.place())))
        }
        Err(what) => lost(last_words(what, order, link)),
    }
}

/// Talks until the agent's last frame.
fn converse(
    job: &Job,
    link: &mut Heedful<'_>,
    order: &mut Order<'_>,
    tell: &mut dyn FnMut(Event),
) -> Result<End, String> {
    link.link
        .write_all(&job.opening)
        .map_err(|error| format!("the plan was not taken: {error}"))?;
    link.link.flush().map_err(|error| format!("the plan was not taken: {error}"))?;
    loop {
        link.heed();
        let reply = match frame::read::<Reply>(link) {
            Ok(Some(reply)) => reply,
            Ok(None) => return Err("the agent ended without a last word".to_owned()),
            Err(error) => return Err(chain(&error)),
        };
        match order.take(reply)? {
            Next::Tell(event) => tell(event),
            Next::Send(digest) => {
                answer(job, &digest, link)
                    .map_err(|error| format!("a content was not taken: {}", chain(&error)))?;
            }
            Next::Over(end) => return Ok(end),
        }
    }
}

/// Streams a content, or says why not. Whole or not at all: the agent sees the last piece only if the digest holds.
fn answer(job: &Job, digest: &Digest, link: &mut Heedful<'_>) -> Result<(), FrameError> {
    // A large content on a slow line takes minutes: a wish to stop goes between two of its frames.
    let mut put = |request: &Request| {
        link.heed();
        frame::write(&mut *link.link, request)
    };
    match content::send(&mut put, &job.contents, digest)? {
        content::Sent::Whole => {}
        content::Sent::Unavailable(reason) => {
            frame::write(&mut *link.link, &Request::Unavailable { digest: *digest, reason })?;
        }
    }
    link.link.flush().map_err(FrameError::Io)
}

/// What went wrong, where, and the last that was heard.
fn last_words(what: String, order: &Order<'_>, link: &mut dyn Link) -> Trouble {
    let ending = link.finish();
    let mut what = format!("{what} {}", order.place());
    if ending.exit != Exit::Unknown {
        what.push_str(&format!("; the agent {}", ending.exit));
    }
    let output = if ending.stderr.trim().is_empty() { order.output() } else { ending.stderr };
    Trouble { what, hint: None, output }
}

/// A link that passes on the operator's wish to stop while it waits.
///
/// Relies on [`Link::look_around`]: a read that finds nothing for a while gives `WouldBlock`.
struct Heedful<'a> {
    link: &'a mut dyn Link,
    stop: &'a Stop,
    told: bool,
}

impl Heedful<'_> {
    /// An agent that does not take it has ended, or its host is gone: the next read tells which.
    fn heed(&mut self) {
        if !self.told && self.stop.wanted() {
            self.told = true;
            drop(frame::write(&mut *self.link, &Request::Cancel));
            drop(self.link.flush());
        }
    }
}

impl Read for Heedful<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.link.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.heed(),
                done => return done,
            }
        }
    }
}

/// The room a frame of content takes beside the content itself is far below this.
const _: () = assert!(CHUNK + 1024 < frame::MAX_FRAME);

#[cfg(test)]
pub(crate) mod tests;
