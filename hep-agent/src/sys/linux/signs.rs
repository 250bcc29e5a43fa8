//! Waiting on the real host: connections, and looks in growing steps until one will do.

mod addresses;
mod lines;
#[cfg(test)]
mod tests;

use super::Linux;
use crate::sys::signs::{Address, ObserveSigns, Sight, Sign, Wait, look};
use crate::sys::{Effect, SysError, words};
use addresses::addresses;
use hep_protocol::task::wait_for::Action;
use lines::Follower;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// A wait that was shorter is not worth telling.
const WORTH_TELLING: Duration = Duration::from_secs(1);

/// The pause after the first look, and after many.
const SOON: Duration = Duration::from_millis(20);
const LATER: Duration = Duration::from_secs(1);

/// How soon waiting notices that the run is to stop.
const GLANCE: Duration = Duration::from_millis(100);

/// How long one connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// How long the host's directory may take to tell the addresses of a name.
const RESOLVE: Duration = Duration::from_secs(10);

/// How often it is told what is waited for.
const TOLD: Duration = Duration::from_secs(10);

impl ObserveSigns for Linux {
    fn port(&self, address: &Address) -> Result<Sight, SysError> {
        let found = match addresses(&address.host, RESOLVE) {
            Ok(found) => found,
            Err(unknown) => return Ok(unknown),
        };
        self.connects(&found, address, Instant::now() + CONNECT)
    }
}

impl Linux {
    /// Waits until it is so. An error when it is not in time, or when the run is to stop.
    pub(super) fn wait(&mut self, wait: &Wait) -> Result<Effect, SysError> {
        Ok(match self.waited(wait)? {
            time if time < WORTH_TELLING => Effect::Nothing,
            time => Effect::Noted(format!("waited {} s", time.as_secs())),
        })
    }

    /// How long it took.
    fn waited(&self, wait: &Wait) -> Result<Duration, SysError> {
        let start = Instant::now();
        let end = start + wait.timeout;
        let mut eyes = Eyes::default();
        let mut told = start;
        let mut pause = SOON;
        self.rest(wait, (start + wait.delay).min(end))?;
        loop {
            let sight = eyes.look(self, wait, end)?;
            if sight.is(wait.action) {
                return Ok(start.elapsed());
            }
            if Instant::now() >= end {
                return Err(late(wait, &sight));
            }
            if told.elapsed() >= TOLD {
                told = Instant::now();
                self.progress(so_far(wait, &sight, start));
            }
            self.rest(wait, (Instant::now() + pause).min(end))?;
            pause = (pause * 2).min(LATER);
        }
    }

    /// Does nothing until then.
    fn rest(&self, wait: &Wait, until: Instant) -> Result<(), SysError> {
        loop {
            if self.outside.cancelled() {
                return Err(stopped(wait));
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            thread::sleep(left.min(GLANCE));
        }
    }

    /// Whether any of the addresses takes a connection. Each is tried on a thread of its own, which nobody waits for when
    /// the run is to stop: a host that says nothing takes its time.
    fn connects(
        &self,
        found: &[IpAddr],
        address: &Address,
        end: Instant,
    ) -> Result<Sight, SysError> {
        let mut last = Sight::Unclear("the name has no address".to_owned());
        for ip in found {
            let socket = SocketAddr::new(*ip, address.port.get());
            let patience = end.saturating_duration_since(Instant::now()).clamp(SOON, CONNECT);
            let (tell, hear) = channel();
            thread::Builder::new()
                .name("connect".to_owned())
                .spawn(move || tell.send(TcpStream::connect_timeout(&socket, patience).map(drop)))
                .map_err(|error| SysError::io(format!("cannot look at {address}"), error))?;
            let answer = loop {
                match hear.recv_timeout(GLANCE) {
                    Ok(answer) => break answer,
                    Err(RecvTimeoutError::Timeout) if !self.outside.cancelled() => {}
                    Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                        return Ok(Sight::Unclear("the run is to stop".to_owned()));
                    }
                }
            };
            match answer {
                Ok(()) => return Ok(Sight::There),
                Err(error) => last = Sight::Gone(why_not(error)),
            }
        }
        Ok(last)
    }
}

/// Why a port does not answer, in the system's words.
fn why_not(error: io::Error) -> String {
    // The standard library's own limit has no number of the system's.
    let in_vain = matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock);
    if in_vain {
        "no answer".to_owned()
    } else {
        words(SysError::io("", error)).trim_start_matches(": ").to_owned()
    }
}

/// What is remembered from one look to the next.
#[derive(Default)]
struct Eyes {
    addresses: Vec<IpAddr>,
    follower: Follower,
}

impl Eyes {
    fn look(&mut self, host: &Linux, wait: &Wait, end: Instant) -> Result<Sight, SysError> {
        match &wait.sign {
            Sign::Port(address) => {
                if self.addresses.is_empty() {
                    let left = end.saturating_duration_since(Instant::now());
                    match addresses(&address.host, left.clamp(LATER, RESOLVE)) {
                        Ok(found) => self.addresses = found,
                        Err(unknown) => return Ok(unknown),
                    }
                }
                host.connects(&self.addresses, address, end)
            }
            Sign::Time | Sign::Path(_) => look(&wait.sign, host),
            Sign::Line(path, regex) => {
                let enough = || Instant::now() >= end || host.outside.cancelled();
                self.follower.look(path, regex, wait.action, &enough)
            }
        }
    }
}

fn so_far(wait: &Wait, sight: &Sight, start: Instant) -> String {
    let state = sight.words().map_or_else(|| "it is there".to_owned(), str::to_owned);
    let (waited, most) = (start.elapsed().as_secs(), wait.timeout.as_secs());
    format!("{wait}: {state} ({waited} s of {most} s)")
}

fn late(wait: &Wait, sight: &Sight) -> SysError {
    let most = wait.timeout.as_secs();
    let state = sight.words().map_or_else(String::new, |words| format!(": {words}"));
    if let Some(msg) = &wait.msg {
        return SysError::new(msg.clone());
    }
    let sentence = match (&wait.sign, wait.action) {
        (Sign::Time, _) => format!("time did not pass within {most} s"),
        (Sign::Port(address), Action::Present) => {
            format!("{address} did not answer within {most} s{state}")
        }
        (Sign::Port(address), Action::Absent) => {
            format!("{address} still answers after {most} s{state}")
        }
        (Sign::Path(path), Action::Present) => format!("{path} did not come within {most} s"),
        (Sign::Path(path), Action::Absent) => format!("{path} is still there after {most} s"),
        (Sign::Line(..), Action::Present) => {
            format!("{} was not found within {most} s{state}", wait.sign)
        }
        (Sign::Line(..), Action::Absent) => {
            format!("{} is still there after {most} s{state}", wait.sign)
        }
    };
    SysError::new(sentence).hint("see what should have brought that about, or raise `timeout`")
}

fn stopped(wait: &Wait) -> SysError {
    SysError::new(format!("stopped while waiting: {wait}"))
        .hint("the run was cancelled or its controller went away; push again")
}
