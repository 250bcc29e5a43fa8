//! Carries out the plan of `auth.rs` on a session.

use super::Failed;
use super::wire::{Broken, Wire};
use crate::remote::auth::{self, AgentKey, Attempt, KeyFile, Means, Offered};
use crate::remote::known_hosts::PublicKey;
use crate::remote::{Identities, Secret, Target};
use ssh2::{Agent, KeyboardInteractivePrompt, Prompt};
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// An agent answers this question from memory.
const AGENT_ANSWERS: Duration = Duration::from_secs(5);

/// Logs in, or tells all that was tried.
pub(super) fn login(
    wire: &mut Wire,
    target: &Target,
    identities: &Identities,
    named: Option<KeyFile>,
) -> Result<(), Failed> {
    let user = target.user.as_str();
    let offered = wire
        .run(|session| session.auth_methods(user).map(str::to_owned))
        .map_err(|source| Failed::because("the host does not say how to log in", source))?;
    if wire.session().authenticated() {
        return Ok(());
    }
    let mut agent = connect_agent(wire, identities);
    let means = Means {
        named,
        agent: agent.as_mut().map(identities_of).unwrap_or_default(),
        defaults: auth::default_keys(identities.ssh_directory.as_deref()),
        has_password: target.password.is_some(),
    };
    let offered = Offered(&offered);
    let plan = means.plan(offered);
    let mut tried = Vec::new();
    for attempt in &plan.attempts {
        match carry_out(wire, target, agent.as_ref(), attempt) {
            Ok(()) if wire.session().authenticated() => return Ok(()),
            Ok(()) => tried.push(attempt.shown()),
            Err(error) if error.is_fatal() => {
                tried.push(attempt.shown());
                let mut problem = auth::refused(target, offered, &tried, &plan.left_out);
                problem.what.push_str("; then the connection ended");
                return Err(Failed { problem, source: Some(error) });
            }
            Err(error) => tried.push(format!("{} ({error})", attempt.shown())),
        }
    }
    Err(Failed::new(auth::refused(target, offered, &tried, &plan.left_out)))
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
            let key = file.text.reveal();
            wire.run(|session| session.userauth_pubkey_memory(user, None, key, None))
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

/// None if there is no ssh-agent, or one that does not answer; then its keys are simply not among the means.
fn connect_agent(wire: &Wire, identities: &Identities) -> Option<Agent> {
    let socket = identities.agent_socket.as_deref().filter(|socket| answers(socket))?;
    let mut agent = wire.session().agent().ok()?;
    agent.set_identity_path(socket).ok()?;
    agent.connect().ok()?;
    agent.list_identities().ok()?;
    Some(agent)
}

/// Whether there is an agent behind the socket, and not a forgotten one of a connection long gone: libssh2 would wait for
/// that one for ever. Asks for the identities (draft-miller-ssh-agent, 4.4) and looks at the answer's type.
fn answers(socket: &Path) -> bool {
    let ask = || {
        let mut agent = UnixStream::connect(socket)?;
        agent.set_read_timeout(Some(AGENT_ANSWERS))?;
        agent.write_all(&[0, 0, 0, 1, 11])?;
        let mut head = [0; 5];
        agent.read_exact(&mut head)?;
        Ok::<_, io::Error>(head)
    };
    matches!(ask(), Ok([.., 12]))
}

fn identities_of(agent: &mut Agent) -> Vec<AgentKey> {
    let keys = agent.identities().unwrap_or_default();
    keys.iter()
        .filter_map(|key| {
            let public = PublicKey::from_blob(key.blob())?;
            Some(AgentKey { public, comment: key.comment().to_owned() })
        })
        .collect()
}

fn identity(agent: &Agent, wanted: &AgentKey) -> Option<ssh2::PublicKey> {
    let keys = agent.identities().ok()?;
    keys.into_iter().find(|key| PublicKey::from_blob(key.blob()).as_ref() == Some(&wanted.public))
}
