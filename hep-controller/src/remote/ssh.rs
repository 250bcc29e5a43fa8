//! An agent on a host reached by SSH: host key, login, upload, start. With the files below `ssh/`, the only place that
//! names ssh2. One thread owns a session and never blocks in libssh2: see `ssh/wire.rs`.
#![expect(clippy::disallowed_types, reason = "this is where SSH is spoken")]

use super::connect;
use super::demands::Algorithms;
use super::host_certificate::{HostCertificate, Malformed};
use super::host_key::{HostKeys, Shown};
use super::proxy::Proxy;
use super::public_key::PublicKey;
use super::revoked;
use super::socket::Socket;
use super::{Demands, Link, Options, Problem, Stage, Target, UnknownKey, Unreachable};
use crate::canceller::Canceller;
use std::cell::Cell;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use wire::{Broken, Wire};

mod algorithms;
mod bring;
mod link;
mod login;
mod offers;
mod send;
mod stream;
mod wire;

/// Brings the agent onto the host and starts it: the next directory is tried where one is full, read-only or noexec.
/// `hello` is handed the stream of each agent that was started, and must read the agent's greeting or say what is wrong
/// with it; it is held to [`super::Timeouts::start`]. A cancel ends a launch at once.
pub(crate) fn launch<T>(
    target: &Target,
    options: &Options<'_>,
    cancel: &Canceller,
    mut hello: impl FnMut(&mut dyn Link) -> Result<T, Problem>,
) -> Result<(Box<dyn Link>, T), Unreachable> {
    let launch = Launch { target, options, cancel };
    launch.refuse_foreign()?;
    let prepared = login::prepare(target, options, cancel).map_err(launch.fails(Stage::Login))?;
    let mut wire = launch.connect()?;
    (options.entered)(Stage::HostKey);
    let asked = launch.check_host_key(&wire)?;
    if asked > options.timeouts.asked {
        // The key is known by now. The host may have waited as long as it does for a login (LoginGraceTime of sshd_config(5)).
        wire.part();
        // Before there is another: with it go the cuts of the canceller.
        drop(wire);
        wire = launch.connect()?;
        (options.entered)(Stage::HostKey);
        launch.check_host_key(&wire)?;
    }
    (options.entered)(Stage::Login);
    wire.limit(options.timeouts.login);
    login::login(&mut wire, target, options, prepared).map_err(launch.failed(Stage::Login))?;
    (options.entered)(Stage::Upload);
    wire.keep_alive(options.timeouts.alive);
    wire.limit(options.timeouts.upload);
    bring::bring(launch, wire, &mut hello)
}

/// Has a host of which nothing is known show its key, and goes no further.
pub(crate) fn look(
    target: &Target,
    options: &Options<'_>,
    host_keys: &Arc<HostKeys>,
    cancel: &Canceller,
) -> Result<Option<UnknownKey>, Unreachable> {
    if host_keys.has_any(target) {
        return Ok(None);
    }
    let launch = Launch { target, options, cancel };
    let wire = launch.connect()?;
    let (key, _) = shown_by(&wire).map_err(launch.fails(Stage::HostKey))?;
    wire.part();
    let (target, demands) = (target.clone(), options.demands.clone());
    let unknown = UnknownKey { target, key, demands, host_keys: Arc::clone(host_keys) };
    launch.refuse_weak_or_revoked(&unknown.shown()).map_err(launch.fails(Stage::HostKey))?;
    Ok(Some(unknown))
}

/// What all steps of a launch share.
#[derive(Clone, Copy)]
struct Launch<'a> {
    target: &'a Target,
    options: &'a Options<'a>,
    cancel: &'a Canceller,
}

impl<'a> Launch<'a> {
    fn fails(self, stage: Stage) -> impl Fn(Problem) -> Unreachable + 'a {
        move |problem| Unreachable::new(self.target, stage, problem)
    }

    fn failed(self, stage: Stage) -> impl Fn(Failed) -> Unreachable + 'a {
        move |failed| failed.at(self.target, stage)
    }

    /// Settings that this transport can only ignore are a reason to do nothing.
    fn refuse_foreign(self) -> Result<(), Unreachable> {
        match self.options.demands.foreign.as_slice() {
            [] => Ok(()),
            settings => {
                let settings = settings.join("`, `");
                let what =
                    format!("ssh_config has `{settings}`, which the transport `ssh2` cannot obey");
                let hint = "`--transport openssh` obeys all that `ssh` does; or remove the setting for this host";
                Err(self.fails(Stage::Resolve)(Problem::new(what).with_hint(hint)))
            }
        }
    }

    /// A connection to the host, and how long the key exchange on it may take.
    fn open(self, begin: Instant) -> Result<(Socket, Duration), Unreachable> {
        let Launch { target, options, cancel } = self;
        let left = || options.timeouts.after(begin.elapsed());
        let Some(proxy) = &target.proxy else {
            (options.entered)(Stage::Resolve);
            let addresses = connect::resolve(target, &left(), cancel)
                .map_err(|refusal| refusal.at(target, Stage::Resolve))?;
            (options.entered)(Stage::Connect);
            let tcp = connect::tcp(&addresses, &left(), cancel)
                .map_err(|refusal| refusal.at(target, Stage::Connect))?;
            return Ok((Socket::Tcp(tcp), left().handshake));
        };
        (options.entered)(Stage::Connect);
        let started = proxy.start(cancel).map_err(|error| {
            let what = format!("{} does not start", proxy.shown());
            self.fails(Stage::Connect)(Problem::new(what)).because(error)
        })?;
        // It connects behind our back: its time is spent here.
        let within = left().connect + left().handshake;
        Ok((Socket::Proxied(started, Cell::default()), within))
    }

    /// Resolve, connect, exchange keys.
    fn connect(self) -> Result<Wire, Unreachable> {
        let Launch { target, options, cancel } = self;
        let begin = Instant::now();
        let (socket, handshake) = self.open(begin)?;
        let failed = |what: &'static str, said: String| {
            move |source| {
                Failed { problem: self.no_session(what, &said), source: Some(source) }
                    .at(target, Stage::Connect)
            }
        };
        let none = String::new;
        let mut wire = Wire::new(socket, cancel.clone())
            .map_err(failed("no SSH session could be made", none()))?;
        wire.limit(handshake.min(options.timeouts.after(begin.elapsed()).reach));
        let (host, port) = target.known_as();
        let Algorithms { host_keys: allowed, .. } = &options.demands.algorithms;
        let host_keys = options.host_keys.algorithms(host, port, allowed.as_deref());
        algorithms::offer(&mut wire, &options.demands.algorithms, &host_keys)
            .map_err(self.failed(Stage::Connect))?;
        match wire.handshake() {
            Ok(()) => Ok(wire),
            Err(broken) if broken.is_disagreement() => {
                // Before there is another connection: with it go the cuts of the canceller.
                drop(wire);
                match self.nothing_shared(begin, &host_keys) {
                    Some(problem) => Err(self.fails(Stage::Connect)(problem)),
                    None => Err(failed("no SSH key exchange with the host", none())(broken)),
                }
            }
            Err(broken) => {
                let said = wire.said_on_the_way();
                let hung_up = broken.is_hangup() && Proxy::met_a_hangup(&said);
                let failed = failed("no SSH key exchange with the host", said)(broken);
                Err(Unreachable { hung_up, ..failed })
            }
        }
    }

    /// What the host and libssh2 do not share, as far as the host can be asked.
    fn nothing_shared(self, begin: Instant, host_keys: &[&str]) -> Option<Problem> {
        let (socket, within) = self.open(begin).ok()?;
        let allowed = &self.options.demands.algorithms;
        let problem = offers::nothing_shared(&socket, allowed, host_keys, within);
        socket.cut();
        problem
    }

    fn no_session(self, what: &str, said: &str) -> Problem {
        let Some(proxy) = &self.target.proxy else {
            let hint = "is it an SSH server? sshd also hangs up when too many log in at once (`MaxStartups`)";
            return Problem::new(what).with_hint(hint);
        };
        let said = match said.trim() {
            "" => "it says nothing".to_owned(),
            said => format!("it says: {said}"),
        };
        Problem::new(format!("{what} through {}; {said}", proxy.shown()))
            .with_hint("it cannot prompt: jump hosts need a known host key and a key that works without a prompt")
    }

    /// Nothing is said to a host before this. Gives how long the operator took to trust it, with the questions about other
    /// hosts that stood before it.
    fn check_host_key(self, wire: &Wire) -> Result<Duration, Unreachable> {
        let options = self.options;
        let fails = self.fails(Stage::HostKey);
        let (key, certificate) = shown_by(wire).map_err(&fails)?;
        let shown = Shown {
            target: self.target,
            key: &key,
            certificate: certificate.as_ref(),
            demands: &options.demands,
            now: SystemTime::now(),
        };
        self.refuse_weak_or_revoked(&shown).map_err(&fails)?;
        options.host_keys.admit(&shown, options.policy, options.confirm).map_err(fails)
    }

    /// What holds under every policy.
    fn refuse_weak_or_revoked(self, shown: &Shown<'_>) -> Result<(), Problem> {
        let Demands { smallest_rsa, revoked, .. } = &self.options.demands;
        if let Some(bits) = shown.key.rsa_bits().filter(|bits| bits < smallest_rsa) {
            let what = format!("the host's RSA key has {bits} bits, fewer than {smallest_rsa}");
            let hint = "give the host a larger key, or lower `RequiredRSASize` in ssh_config";
            return Err(Problem::new(what).with_hint(hint));
        }
        let within = self.options.timeouts.reach;
        let refuse = |list: &PathBuf| {
            revoked::refuse(list, shown.key, shown.certificate, within, self.cancel)
        };
        revoked.as_ref().map_or(Ok(()), refuse)
    }
}

/// The key that the host has proved to have, and the certificate in which it showed it, if it did so.
fn shown_by(wire: &Wire) -> Result<(PublicKey, Option<HostCertificate>), Problem> {
    let shown = wire.session().host_key().and_then(|(blob, _)| PublicKey::from_blob(blob));
    let shown = shown.ok_or_else(|| Problem::new("the host showed no key"))?;
    match HostCertificate::of(&shown) {
        Ok(None) => Ok((shown, None)),
        Ok(Some(certificate)) => Ok((certificate.key.clone(), Some(certificate))),
        Err(Malformed) => {
            Err(Problem::new("the host showed a certificate that is not well-formed"))
        }
    }
}

/// Something went wrong with a session, told in words; who it was and at which stage is not known here.
struct Failed {
    problem: Problem,
    source: Option<Broken>,
}

impl Failed {
    fn new(problem: Problem) -> Failed {
        Failed { problem, source: None }
    }

    fn because(what: impl Into<String>, source: Broken) -> Failed {
        Failed { problem: Problem::new(what), source: Some(source) }
    }

    fn at(self, target: &Target, stage: Stage) -> Unreachable {
        let unreachable = Unreachable::new(target, stage, self.problem);
        match self.source {
            Some(source) => unreachable.because(source),
            None => unreachable,
        }
    }
}

#[cfg(test)]
mod tests;
