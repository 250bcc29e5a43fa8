//! Has an agent that was greeted become another user: asks once, and waits for one answer.

use super::LOOK;
use crate::remote::{Link, Problem};
use crate::stop::Stop;
use crate::text::chain;
use hep_protocol::frame::{self, FrameError};
use hep_protocol::message::{LONGEST_GREETING, Reply, Request};
use hep_protocol::outcome::Failure;
use hep_protocol::rights::Means;
use std::io::{self, Read};
use std::time::{Duration, Instant};

/// How long an agent may take to become another user: longer than it itself waits for that. One that was stopped, on a host
/// whose sshd answers, would say nothing forever.
const BECOMING: Duration = Duration::from_secs(120);

/// An agent did not become another user.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) problem: Problem,
    /// What the program said by which it should have; a host's bytes.
    pub(crate) output: String,
}

/// Has an agent that was greeted become another user.
///
/// # Errors
/// Why it did not, or that the operator wishes to stop.
pub(crate) fn become_user(link: &mut dyn Link, means: &Means, stop: &Stop) -> Result<(), Refused> {
    within(BECOMING, link, means, stop)
}

fn within(most: Duration, link: &mut dyn Link, means: &Means, stop: &Stop) -> Result<(), Refused> {
    let refused = |problem| Refused { problem, output: String::new() };
    let watched = link.look_around(LOOK);
    watched
        .map_err(|error| refused(Problem::new(format!("the link cannot be watched: {error}"))))?;
    let asked = frame::write(&mut *link, &Request::Become(means.clone()));
    let asked = asked.and_then(|()| link.flush().map_err(FrameError::Io));
    asked.map_err(|error| {
        refused(Problem::new(format!("the agent was not told of the user: {}", chain(&error))))
    })?;
    let mut patient = Patient { link: &mut *link, stop, end: Instant::now() + most };
    let what = match frame::read_at_most::<Reply>(&mut patient, LONGEST_GREETING) {
        Ok(Some(Reply::Became)) => return Ok(()),
        Ok(Some(Reply::Refused(failure))) => {
            let Failure { message: what, hint, stdout, stderr, exit: _ } = failure;
            return Err(Refused { problem: Problem { what, hint }, output: stdout + &stderr });
        }
        Ok(Some(_)) => "the agent did not say whether it is another user now".to_owned(),
        _ if stop.wanted() => {
            return Err(refused(Problem::new(format!("{} before the first task", stop.words()))));
        }
        Ok(None) => "the stream ended while the agent became another user".to_owned(),
        Err(FrameError::Io(error)) if error.kind() == io::ErrorKind::TimedOut => {
            let what = format!("the agent said nothing for {} s", most.as_secs());
            let hint = "see whether the host is overloaded, or its `hep-agent` stopped";
            return Err(refused(Problem::new(what).with_hint(hint)));
        }
        Err(error) => chain(&error),
    };
    let ending = link.finish();
    Err(Refused { problem: Problem::new(what), output: ending.stderr })
}

/// A link that is read for a while at most, and not once the operator wishes to stop.
pub(super) struct Patient<'a> {
    pub(super) link: &'a mut dyn Link,
    pub(super) stop: &'a Stop,
    pub(super) end: Instant,
}

impl Read for Patient<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.link.read(buffer);
            // Whether or not something came: a host that says a byte now and then is held to its time too.
            if Instant::now() > self.end {
                return Err(io::ErrorKind::TimedOut.into());
            }
            match read {
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
                Ok(read) => return Ok(read),
                Err(_) if self.stop.wanted() => return Err(io::ErrorKind::ConnectionAborted.into()),
                Err(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive::tests::agent;
    use std::thread;

    /// What comes of it with an agent that hears the request and does this.
    fn refused(
        stop: &Stop,
        script: impl FnOnce(&mut crate::drive::tests::Agent) + Send + 'static,
    ) -> Problem {
        let mut link = agent(|agent| {
            assert!(matches!(agent.hear(), Some(Request::Become(_))));
            script(agent);
        });
        within(Duration::from_secs(2), &mut link, &Means::default(), stop).unwrap_err().problem
    }

    #[test]
    fn agent_that_says_nothing_is_given_up() {
        let problem = refused(&Stop::default(), |agent| drop(agent.hear()));
        assert_eq!(problem.what, "the agent said nothing for 2 s");
    }

    #[test]
    fn wish_to_stop_ends_the_wait() {
        let stop = Stop::default();
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(50));
                stop.ask();
            });
            let problem = refused(&stop, |agent| drop(agent.hear()));
            assert_eq!(problem.what, "stopped on request before the first task");
        });
    }

    #[test]
    fn end_of_the_stream_is_told() {
        let problem = refused(&Stop::default(), |_| {});
        assert_eq!(problem.what, "the stream ended while the agent became another user");
    }
}
