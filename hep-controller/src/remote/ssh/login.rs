//! Carries out the plan of `auth.rs` on a session.

use super::Failed;
use super::wire::{Broken, Wire};
use crate::remote::auth::{self, AgentKey, Attempt, LeftOut, Means, Offered};
use crate::remote::key_file::{KeyFile, KeyFiles};
use crate::remote::known_hosts::PublicKey;
use crate::remote::ssh_agent::{self, Door};
use crate::remote::{Options, Problem, Secret, Target};
use ssh2::{Agent, KeyboardInteractivePrompt, Prompt};
use std::io;
use std::path::Path;
use std::time::Instant;

/// All that was found to log in with, before the host is contacted: a question to the operator may take its time.
pub(super) struct Prepared {
    files: KeyFiles,
    agent: Vec<AgentKey>,
}

/// Reads key files and asks ssh-agent what it has, and the operator for passphrases.
pub(super) fn prepare(target: &Target, options: &Options<'_>) -> Result<Prepared, Problem> {
    let mut files = KeyFiles::of(target, &options.identities)?;
    let agent = options.identities.agent_socket.as_deref().map(ssh_agent::keys).unwrap_or_default();
    files.unlock(&agent, target.password.is_some(), options.passphrases, options.confirm);
    Ok(Prepared { files, agent })
}

/// Logs in, or tells all that was tried.
pub(super) fn login(
    wire: &mut Wire,
    target: &Target,
    options: &Options<'_>,
    prepared: Prepared,
) -> Result<(), Failed> {
    let Prepared { files, agent: held } = prepared;
    let end = Instant::now() + options.timeouts.login;
    let socket = options.identities.agent_socket.as_deref().filter(|_| !held.is_empty());
    let agent = socket.and_then(|socket| connect_agent(wire, socket, end).ok());
    let means = Means {
        named: files.named,
        agent: if agent.is_some() { held } else { Vec::new() },
        defaults: files.defaults,
        has_password: target.password.is_some(),
        wanted: files.public,
        only: options.identities.only,
    };
    let mut tried = Vec::new();
    let unasked = means.clone().unasked();
    if let Some(attempt) = &unasked {
        match carry_out(wire, target, agent.as_ref(), attempt) {
            Ok(()) if wire.session().authenticated() => return Ok(()),
            Ok(()) => tried.push(attempt.shown()),
            Err(error) if error.is_fatal() => {
                return Err(cut_off(target, Offered(""), &[attempt.shown()], &[], error));
            }
            Err(error) => tried.push(format!("{} ({error})", attempt.shown())),
        }
    }
    let user = target.user.as_str();
    let offered = wire
        .run(|session| session.auth_methods(user).map(str::to_owned))
        .map_err(|source| Failed::because("the host does not say how to log in", source))?;
    if wire.session().authenticated() {
        return Ok(());
    }
    let offered = Offered(&offered);
    let plan = means.plan(offered);
    for attempt in plan.attempts.iter().filter(|attempt| Some(*attempt) != unasked.as_ref()) {
        match carry_out(wire, target, agent.as_ref(), attempt) {
            Ok(()) if wire.session().authenticated() => return Ok(()),
            Ok(()) => tried.push(attempt.shown()),
            Err(error) if error.is_fatal() => {
                tried.push(attempt.shown());
                return Err(cut_off(target, offered, &tried, &plan.left_out, error));
            }
            Err(error) => tried.push(format!("{} ({error})", attempt.shown())),
        }
    }
    Err(Failed::new(auth::refused(target, offered, &tried, &plan.left_out)))
}

fn cut_off(
    target: &Target,
    offered: Offered<'_>,
    tried: &[String],
    left_out: &[LeftOut],
    source: Broken,
) -> Failed {
    let mut problem = auth::refused(target, offered, tried, left_out);
    problem.what.push_str("; then the connection ended");
    Failed { problem, source: Some(source) }
}

fn carry_out(
    wire: &mut Wire,
    target: &Target,
    agent: Option<&Agent>,
    attempt: &Attempt,
) -> Result<(), Broken> {
    let user = target.user.as_str();
    let password = target.password.as_ref().map_or("", Secret::reveal);
    match attempt {
        Attempt::File(file) => {
            let KeyFile { text, passphrase, .. } = file;
            let (key, passphrase) = (text.reveal(), passphrase.as_ref().map(Secret::reveal));
            wire.run(|session| session.userauth_pubkey_memory(user, None, key, passphrase))
        }
        Attempt::Certificate(file, certificate) => {
            let KeyFile { text, passphrase, .. } = file;
            let (key, passphrase) = (text.reveal(), passphrase.as_ref().map(Secret::reveal));
            let public = Some(certificate.text.as_str());
            wire.run(|session| session.userauth_pubkey_memory(user, public, key, passphrase))
        }
        Attempt::Agent(key) => match agent.and_then(|agent| Some((agent, identity(agent, key)?))) {
            Some((agent, identity)) => wire.run(|_| agent.userauth(user, &identity)),
            // It was there a moment ago: as good as refused.
            None => Ok(()),
        },
        Attempt::Password => wire.run(|session| session.userauth_password(user, password)),
        Attempt::Interactive => {
            let mut answers = Answers { password, given: false };
            wire.run(|session| session.userauth_keyboard_interactive(user, &mut answers))
        }
    }
}

/// Answers the first hidden question with the password, once: a second one asks for something else (a code, a new
/// password), which hep must not guess.
struct Answers<'a> {
    password: &'a str,
    given: bool,
}

impl KeyboardInteractivePrompt for Answers<'_> {
    fn prompt(&mut self, _user: &str, _instructions: &str, prompts: &[Prompt<'_>]) -> Vec<String> {
        let answer = |prompt: &Prompt<'_>| {
            if prompt.echo || std::mem::replace(&mut self.given, true) {
                String::new()
            } else {
                self.password.to_owned()
            }
        };
        prompts.iter().map(answer).collect()
    }
}

/// The agent for libssh2: by a door of ours, since it waits without end for who is behind it.
fn connect_agent(wire: &Wire, socket: &Path, end: Instant) -> io::Result<Agent> {
    let door = Door::new()?;
    let mut agent = wire.session().agent()?;
    agent.set_identity_path(&door.path())?;
    agent.connect()?;
    door.open(socket, end, &wire.canceller())?;
    agent.list_identities()?;
    Ok(agent)
}

fn identity(agent: &Agent, wanted: &AgentKey) -> Option<ssh2::PublicKey> {
    let keys = agent.identities().ok()?;
    keys.into_iter().find(|key| PublicKey::from_blob(key.blob()).as_ref() == Some(&wanted.public))
}
