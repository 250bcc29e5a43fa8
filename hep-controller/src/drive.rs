//! One host: sends the plan, answers wants, tells what comes back, and ends with a value whatever happens.
//! Knows nothing of SSH or the screen; what an agent may say, and when, is decided in `drive/order.rs`.

use crate::host::HostId;
use crate::remote::excerpt::first_lines;
use crate::remote::{Exit, Link, Problem};
use crate::report::{Event, HostStatus, Trouble};
use crate::stop::Stop;
use crate::stop::Stopping;
use crate::text::chain;
use become_user::Patient;
pub(crate) use become_user::{Refused, become_user};
use hep_protocol::blob::{CHUNK, Want};
use hep_protocol::facts::Facts;
use hep_protocol::frame::{self, FrameError};
use hep_protocol::hello::{self, HelloError};
use hep_protocol::message::{End, Go, LONGEST_GREETING, LONGEST_REPLY, Reply, Request};
use hep_protocol::outcome::Counts;
use hep_protocol::plan::Pace;
use hep_protocol::rights::Means;
use hep_protocol::value::Json;
pub(crate) use job::{Job, Opening};
pub(crate) use meeting::Meeting;
use order::{Next, Order};
use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

mod become_user;
mod bounds;
pub(crate) mod content;
pub(crate) mod expected;
mod job;
mod meeting;
mod order;

/// As much of contents goes out at once, in bytes.
const BATCH: usize = 128 * 1024;

/// How soon a wish to stop reaches an agent that says nothing.
const LOOK: Duration = Duration::from_millis(500);

/// How soon a wish to stop reaches a host that waits for others.
const GLANCE: Duration = Duration::from_millis(200);

/// How often the link of such a host is kept alive.
const KEEP: Duration = Duration::from_secs(5);

/// How soon the operator's answer is noticed.
const LOOK_FOR_ANSWER: Duration = Duration::from_millis(50);

/// How much an agent may say while the operator thinks, in bytes: processes of earlier tasks may still write.
const MEANWHILE: usize = 1024 * 1024;

/// The most that a host sends in a run, in bytes: more than output, outcomes and progress may be together.
const RECEIVED: u64 = 640 * 1024 * 1024;

/// How long a host may take to tell all its facts.
const TELLING: Duration = Duration::from_secs(120);

/// The most that all facts of a host may take, as text, in bytes.
const FACTS: usize = 8 * 1024 * 1024;

/// What the operator says about a task that waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// What the agent should do.
    Go(Go),
    /// The run should end here.
    Quit,
}

/// Asks the operator about a task; the answer will come here. No answer ever comes when nobody can be asked.
pub(crate) type Ask<'a> = dyn Fn(u32) -> Receiver<Answer> + 'a;

/// How a host's run ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Conclusion {
    pub(crate) status: HostStatus,
    pub(crate) counts: Counts,
    /// Present exactly when the host is lost or was stopped.
    pub(crate) trouble: Option<Trouble>,
    /// How many tasks that every run has did not have their turn.
    pub(crate) missing: u32,
}

/// How a host's agent is greeted, and what it is sent before it has answered.
pub(crate) struct Greeting<'a> {
    pub(crate) host: HostId,
    pub(crate) stop: &'a Stop,
    /// Whatever answers to a login may read it, so it holds no password.
    pub(crate) ahead: Opening<'a>,
}

impl Greeting<'_> {
    /// The same for an agent that is to become another user first, if it is: a password must not go to whatever answers, and
    /// the plan is for who comes after.
    pub(crate) fn before(&self, means: Option<&Means>) -> Greeting<'_> {
        let ahead = if means.is_some() { Opening::default() } else { self.ahead.clone() };
        Greeting { ahead, ..*self }
    }

    /// Sends to an agent that has become another user what was kept back.
    ///
    /// # Errors
    /// The operator wishes to stop, or the agent takes nothing.
    pub(crate) fn follow(&self, link: &mut dyn Link) -> Result<(), Problem> {
        self.send(&[], link)?
            .map_err(|error| Problem::new(format!("the plan was not taken: {error}")))
    }

    /// Exchanges greetings with an agent that was just started, and learns what its host is.
    ///
    /// # Errors
    /// What came instead, or that the operator wishes to stop.
    pub(crate) fn exchange(&self, link: &mut dyn Link) -> Result<Facts, Problem> {
        let mut hello = Vec::new();
        // Writing to a vector cannot fail.
        hello::write(&mut hello).ok();
        let sent = self.send(&hello, link)?;
        // What was started in the agent's place may have ended: then what it said tells more than that it took nothing.
        hello::read(&mut *link).map_err(|error| no_greeting(&error))?;
        sent.map_err(|error| Problem::new(format!("cannot answer hep's greeting: {error}")))?;
        match frame::read_at_most::<Reply>(&mut *link, LONGEST_GREETING) {
            Ok(Some(Reply::Hello(facts))) => Ok(facts),
            Ok(Some(_)) => Err(Problem::new("the agent did not say what its host is")),
            Ok(None) => Err(Problem::new("the stream ended after hep's greeting")),
            Err(error) => Err(Problem::new(chain(&error))),
        }
    }

    /// From here on a step may be in hand on the host: a wish to stop that came before is heard, and one that comes later
    /// does not cut it off at once.
    fn send(&self, hello: &[u8], link: &mut dyn Link) -> Result<io::Result<()>, Problem> {
        if !self.ahead.is_empty() && !self.stop.reached(self.host, &link.canceller()) {
            return Err(Problem::new(format!("{} before the first task", self.stop.words())));
        }
        Ok(self.ahead.send(hello, link))
    }
}

/// Asks an agent that was greeted for all facts of its host, a mapping.
///
/// # Errors
/// What came instead.
pub(crate) fn facts(link: &mut dyn Link) -> Result<Json, Problem> {
    facts_within(TELLING, link)
}

fn facts_within(most: Duration, link: &mut dyn Link) -> Result<Json, Problem> {
    let watched = link.look_around(LOOK);
    watched.map_err(|error| Problem::new(format!("the link cannot be watched: {error}")))?;
    let not_asked = |error: String| Problem::new(format!("cannot ask for the facts: {error}"));
    frame::write(&mut *link, &Request::Facts).map_err(|error| not_asked(chain(&error)))?;
    link.flush().map_err(|error| not_asked(error.to_string()))?;
    let mut patient = Patient { link, stop: &Stop::default(), end: Instant::now() + most };
    match frame::read_at_most::<Reply>(&mut patient, LONGEST_REPLY) {
        Err(FrameError::Io(error)) if error.kind() == io::ErrorKind::TimedOut => {
            Err(Problem::new(format!("the facts did not come within {} s", most.as_secs())))
        }
        Ok(Some(Reply::Facts(facts))) if facts.0.to_string().len() > FACTS => {
            Err(Problem::new(format!("the facts take more than {} MiB", FACTS >> 20)))
        }
        Ok(Some(Reply::Facts(facts))) if facts.entries().is_some() => Ok(facts),
        Ok(Some(_)) => Err(Problem::new("the agent did not tell the facts of its host")),
        Ok(None) => Err(Problem::new("the stream ended in place of the facts")),
        Err(error) => Err(Problem::new(chain(&error))),
    }
}

fn no_greeting(error: &HelloError) -> Problem {
    match error {
        HelloError::OtherBuild { .. } => Problem::new(chain(error))
            .with_hint("build both programs from one source tree: `cargo build`"),
        HelloError::NotHep(noise) if noise.is_empty() => Problem::new(chain(error)),
        HelloError::NotHep(noise) => {
            let said = first_lines(&String::from_utf8_lossy(noise));
            Problem::new(format!("no greeting of hep in the stream, which says: {said}"))
        }
        HelloError::Io(_) => Problem::new(chain(error)),
    }
}

/// One host's run to come.
pub(crate) struct Drive<'a> {
    pub(crate) job: &'a Job,
    pub(crate) host: HostId,
    pub(crate) stop: &'a Stop,
    /// Where it meets the other hosts, if plays wait for one another.
    pub(crate) meeting: Option<&'a Meeting>,
}

impl Drive<'_> {
    /// Runs the plan over a link to an agent that was sent the opening.
    pub(crate) fn run(
        &self,
        link: &mut dyn Link,
        tell: &mut dyn FnMut(Event),
        ask: &Ask<'_>,
    ) -> Conclusion {
        let Drive { job, host, stop, meeting: _ } = *self;
        let order = Order::new(host, &job.tasks, job.standing(host), job.pace);
        let mut order = order.waiting(job.waits_of(host));
        let look = match job.pace {
            Pace::Straight => LOOK,
            Pace::Asking => LOOK_FOR_ANSWER,
        };
        let watching = link.look_around(look);
        let mut heedful = Heedful { link, stop, told: false, heard: VecDeque::new() };
        let ended = watching
            .map_err(|error| format!("the link cannot be watched: {error}"))
            .and_then(|()| self.converse(&mut heedful, &mut order, tell, ask));
        conclude(ended, &order, heedful)
    }

    /// Waits until the other hosts have ended the plays before this one, and says whether there are none any more; nothing if the
    /// operator wishes to stop meanwhile.
    fn wait(&self, link: &mut Heedful<'_>, play: u32) -> Result<Option<bool>, String> {
        let Some(meeting) = self.meeting else { return Ok(Some(true)) };
        meeting.arrives(self.host, play);
        let mut listened = Instant::now();
        loop {
            if let Some(alone) = meeting.go_ahead(self.host, GLANCE) {
                return Ok(Some(alone));
            }
            if self.stop.wanted() {
                return Ok(None);
            }
            if listened.elapsed() >= KEEP {
                link.listen()?;
                listened = Instant::now();
            }
        }
    }

    /// Talks until the agent's last frame.
    fn converse(
        &self,
        link: &mut Heedful<'_>,
        order: &mut Order<'_>,
        tell: &mut dyn FnMut(Event),
        ask: &Ask<'_>,
    ) -> Result<End, String> {
        loop {
            link.heed();
            let reply = match frame::read_at_most::<Reply>(link, LONGEST_REPLY) {
                Ok(Some(reply)) => reply,
                Ok(None) => return Err("the agent ended without a final message".to_owned()),
                Err(error) => return Err(chain(&error)),
            };
            match order.take(reply)? {
                Next::Tell(event) => {
                    if let (Some(meeting), Event::Started { turn, .. }) = (self.meeting, &event) {
                        turn.0.first().iter().for_each(|play| meeting.passes(self.host, **play));
                    }
                    tell(event);
                }
                Next::Send(wants) => {
                    answer(self.job, &wants, link)
                        .map_err(|error| format!("a content was not taken: {}", chain(&error)))?;
                }
                Next::Ask(task) => match link.wait_for(&ask(task))? {
                    Answer::Go(go) => {
                        if go == Go::RunAll {
                            order.ask_no_more();
                        }
                        say(link.link, &Request::Go(go))?;
                    }
                    // The agent hears of it before the next read. A second wish would cut the link.
                    Answer::Quit if self.stop.wanted() => {}
                    Answer::Quit => self.stop.ask(),
                },
                Next::Wait(play) => {
                    if let Some(alone) = self.wait(link, play)? {
                        if alone {
                            order.wait_no_more();
                        }
                        say(link.link, &Request::GoAhead { alone })?;
                    }
                }
                Next::Over(end) => return Ok(end),
            }
        }
    }
}

fn say(link: &mut dyn Link, request: &Request) -> Result<(), String> {
    let sent = frame::write(&mut *link, request);
    let sent = sent.and_then(|()| link.flush().map_err(FrameError::Io));
    sent.map_err(|error| format!("the answer was not taken: {}", chain(&error)))
}

fn conclude(ended: Result<End, String>, order: &Order<'_>, link: Heedful<'_>) -> Conclusion {
    let Heedful { link, told, stop, heard: _ } = link;
    let (counts, missing) = (order.counts(), order.missing());
    let concluded = |status, trouble| Conclusion { status, counts, trouble, missing };
    let lost = |trouble| concluded(HostStatus::Lost, Some(trouble));
    let stopped = |what| concluded(HostStatus::Stopped, Some(Trouble::new(what)));
    match ended {
        Ok(End::Completed) => concluded(HostStatus::Converged, None),
        Ok(End::Failed) => concluded(HostStatus::Failed, None),
        Ok(End::Cancelled) if order.failed() => concluded(HostStatus::Failed, None),
        Ok(End::Cancelled) if told => stopped(format!("{} {}", stop.words(), order.place())),
        Ok(End::Cancelled) => {
            lost(Trouble::new(format!("the agent stopped unasked {}", order.place())))
        }
        Err(_) if stop.wish() == Some(Stopping::Now) => {
            let why = match stop.reason() {
                Some(reason) => format!("the link was cut, since {reason},"),
                None => "the link was cut on request".to_owned(),
            };
            stopped(format!("{why} {}", order.place()))
        }
        Err(what) => lost(last_words(what, order, link)),
    }
}

/// Streams contents, or says why not. The last piece of one goes out only while its file is of the version that was hashed;
/// that the digest holds is for the agent to prove.
fn answer(job: &Job, wants: &[Want], link: &mut Heedful<'_>) -> Result<(), FrameError> {
    // Many small ones go out together, as one packet is cheaper than ten.
    let mut batch = Vec::new();
    for want in wants {
        // A large content on a slow line takes minutes: a wish to stop goes between two of its frames.
        let mut put = |request: &Request| {
            frame::append(&mut batch, request)?;
            if batch.len() >= BATCH { link.pass(&mut batch) } else { Ok(()) }
        };
        match content::send(&mut put, &job.contents, want)? {
            content::Sent::Whole => {}
            content::Sent::Unavailable(reason) => {
                put(&Request::Unavailable { digest: want.digest, reason })?;
            }
        }
    }
    link.pass(&mut batch)?;
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
    /// What the agent said while the operator was thinking.
    heard: VecDeque<u8>,
}

impl Heedful<'_> {
    /// Waits for the operator, and keeps the link alive meanwhile. Quits if the operator wishes to stop some other way.
    fn wait_for(&mut self, answer: &Receiver<Answer>) -> Result<Answer, String> {
        loop {
            match answer.try_recv() {
                Ok(answer) => return Ok(answer),
                Err(TryRecvError::Disconnected) if self.stop.wanted() => return Ok(Answer::Quit),
                Err(TryRecvError::Disconnected) => {
                    return Err("the operator could not be asked".to_owned());
                }
                Err(TryRecvError::Empty) => {}
            }
            self.listen()?;
        }
    }

    /// Keeps what the agent says while it should wait, for as long as the link looks around.
    fn listen(&mut self) -> Result<(), String> {
        if self.heard.len() >= MEANWHILE {
            return Err("the agent goes on while it should wait".to_owned());
        }
        let mut buffer = [0; 4096];
        match self.link.read(&mut buffer) {
            Ok(0) => Err("the agent ended without a final message".to_owned()),
            Ok(n) => {
                self.heard.extend(buffer.get(..n).unwrap_or_default());
                Ok(())
            }
            Err(error) if is_quiet(&error) => Ok(()),
            Err(error) => Err(format!("the stream broke: {error}")),
        }
    }

    /// Sends whole frames, and what the operator wishes before them.
    fn pass(&mut self, frames: &mut Vec<u8>) -> Result<(), FrameError> {
        self.heed();
        self.link.write_all(frames).map_err(FrameError::Io)?;
        frames.clear();
        Ok(())
    }

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
        if !self.heard.is_empty() {
            return self.heard.read(buffer);
        }
        loop {
            match self.link.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    // What nobody reads, as an agent's stderr, counts too.
                    if self.link.counters().received > RECEIVED {
                        let what = format!("the host sent more than {} MiB", RECEIVED >> 20);
                        return Err(io::Error::other(what));
                    }
                    self.heed();
                }
                done => return done,
            }
        }
    }
}

/// Whether a read found nothing for now.
fn is_quiet(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

/// The room a frame of content takes beside the content itself is far below this.
const _: () = assert!(CHUNK + 1024 < frame::MAX_FRAME);

#[cfg(test)]
pub(crate) mod tests;
