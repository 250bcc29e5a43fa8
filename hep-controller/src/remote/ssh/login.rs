//! Carries out the plan of `auth.rs` on a session.

use super::Failed;
use super::wire::{Broken, Wire};
use crate::canceller::Canceller;
use crate::remote::auth::{self, AgentKey, Attempt, Means, Offered, Plan, Story};
use crate::remote::key_file::{KeyFile, KeyFiles};
use crate::remote::public_key::PublicKey;
use crate::remote::ssh_agent::{self, Door, Lent};
use crate::remote::{Options, Problem, Secret, Target};
use ssh2::{Agent, KeyboardInteractivePrompt, Prompt};
use std::io;
use std::path::Path;
use std::time::Instant;

/// All that was found to log in with, before the host is contacted: a question to the operator may take its time.
pub(super) struct Prepared {
    files: KeyFiles,
    agent: Vec<AgentKey>,
    /// Certificates in files, of keys that ssh-agent has.
    certificates: Vec<Lent>,
}

/// Reads key files and asks ssh-agent what it has, and the operator for passphrases.
pub(super) fn prepare(
    target: &Target,
    options: &Options<'_>,
    cancel: &Canceller,
) -> Result<Prepared, Problem> {
    let mut files = KeyFiles::of(target, &options.identities)?;
    let socket = options.identities.agent_socket.as_deref();
    let mut agent = socket.map(|socket| ssh_agent::keys(socket, cancel)).unwrap_or_default();
    if options.demands.barred.public_key.is_none() {
        files.unlock(&agent, target.password.is_some(), options.passphrases, options.confirm);
    }
    let certificates = files.lent(&agent);
    agent.extend(certificates.iter().map(|Lent { certificate, comment, .. }| AgentKey {
        public: certificate.clone(),
        comment: comment.clone(),
    }));
    files.public.extend(certificates.iter().map(|lent| lent.certificate.clone()));
    Ok(Prepared { files, agent, certificates })
}

/// Logs in, or tells all that was tried.
pub(super) fn login(
    wire: &mut Wire,
    target: &Target,
    options: &Options<'_>,
    prepared: Prepared,
) -> Result<(), Failed> {
    let Prepared { files, agent: held, certificates } = prepared;
    let end = Instant::now() + options.timeouts.login;
    let socket = options.identities.agent_socket.as_deref().filter(|_| !held.is_empty());
    let agent = socket.and_then(|socket| connect_agent(wire, socket, certificates, end).ok());
    let means = Means {
        named: files.named,
        agent: if agent.is_some() { held } else { Vec::new() },
        defaults: files.defaults,
        exposed: files.exposed,
        has_password: target.password.is_some(),
        wanted: files.public,
        only: options.identities.only,
        demands: options.demands.clone(),
    };
    let (tried, story, offered) = (Vec::new(), Story::default(), String::new());
    Login { wire, target, agent, means, tried, story, offered }.carry_on()
}

/// One login on its way.
struct Login<'a> {
    wire: &'a mut Wire,
    target: &'a Target,
    agent: Option<Agent>,
    means: Means,
    tried: Vec<Attempt>,
    story: Story,
    /// What the host said last; empty before it was asked.
    offered: String,
}

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Became {
    LoggedIn,
    Refused,
    /// It was refused, or it was good and not enough: libssh2 does not tell which.
    Unclear,
}

impl Login<'_> {
    fn carry_on(mut self) -> Result<(), Failed> {
        let unasked = self.means.clone().unasked();
        let became = unasked.map(|attempt| self.attempt(attempt)).transpose()?;
        if became == Some(Became::LoggedIn) || self.ask()? {
            return Ok(());
        }
        if became == Some(Became::Unclear) && !Offered(&self.offered).has("publickey") {
            self.story.last_was_accepted();
        }
        loop {
            let Plan { attempts, left_out } = self.plan();
            let mut open = attempts.into_iter().filter(|attempt| !self.tried.contains(attempt));
            let Some(attempt) = open.next() else {
                let offered = Offered(&self.offered);
                let problem = auth::refused(self.target, offered, &self.story, &left_out);
                return Err(Failed::new(problem));
            };
            // It answers the same: to ask in between would be one refusal more of those that the host puts up with.
            let same_again =
                attempt == Attempt::Password && open.next() == Some(Attempt::Interactive);
            match self.attempt(attempt)? {
                Became::LoggedIn => return Ok(()),
                Became::Unclear if !same_again => {
                    let before = self.offered.clone();
                    if self.ask()? {
                        return Ok(());
                    }
                    if self.offered != before {
                        self.story.last_was_accepted();
                    }
                }
                Became::Refused | Became::Unclear => {}
            }
        }
    }

    fn plan(&self) -> Plan {
        self.means.clone().plan(Offered(&self.offered))
    }

    /// Takes note of what the host offers now; or it lets everybody in.
    fn ask(&mut self) -> Result<bool, Failed> {
        let user = self.target.user.as_str();
        let offered = self.wire.run(|session| session.auth_methods(user).map(str::to_owned));
        match offered {
            Ok(offered) => self.offered = offered,
            Err(source) if self.tried.is_empty() => {
                return Err(Failed::because("the host does not say how to log in", source));
            }
            Err(source) => return Err(self.cut_off(source)),
        }
        Ok(self.wire.session().authenticated())
    }

    fn attempt(&mut self, attempt: Attempt) -> Result<Became, Failed> {
        let done = carry_out(self.wire, self.target, self.agent.as_ref(), &attempt);
        let shown = attempt.shown();
        let (became, told) = match done {
            Ok(()) if self.wire.session().authenticated() => return Ok(Became::LoggedIn),
            Ok(()) => (Became::Refused, shown),
            Err(error) if error.is_fatal() => {
                self.story.refused.push(shown);
                return Err(self.cut_off(error));
            }
            Err(error) => {
                let became = match attempt {
                    Attempt::Password | Attempt::Interactive => Became::Unclear,
                    Attempt::Certificate(..) | Attempt::File(_) | Attempt::Agent(_) => {
                        if error.is_after_signing() { Became::Unclear } else { Became::Refused }
                    }
                };
                let told = match &attempt {
                    _ if error.is_refusal() => shown,
                    // libssh2 could not even read it, and hep could.
                    Attempt::File(file) | Attempt::Certificate(file, _)
                        if file.passphrase.is_some() =>
                    {
                        format!("{shown} (the passphrase that was typed does not open it)")
                    }
                    Attempt::File(_)
                    | Attempt::Certificate(..)
                    | Attempt::Agent(_)
                    | Attempt::Password
                    | Attempt::Interactive => format!("{shown} ({error})"),
                };
                (became, told)
            }
        };
        self.story.refused.push(told);
        self.tried.push(attempt);
        Ok(became)
    }

    fn cut_off(&self, source: Broken) -> Failed {
        let left_out = self.plan().left_out;
        let offered = Offered(&self.offered);
        let problem = if source.is_hangup() {
            auth::hung_up(self.target, offered, &self.story, &left_out)
        } else {
            let mut problem = auth::refused(self.target, offered, &self.story, &left_out);
            problem.what.push_str("; then the connection ended");
            problem
        };
        Failed { problem, source: Some(source) }
    }
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
fn connect_agent(
    wire: &Wire,
    socket: &Path,
    certificates: Vec<Lent>,
    end: Instant,
) -> io::Result<Agent> {
    let door = Door::new()?;
    let mut agent = wire.session().agent()?;
    agent.set_identity_path(&door.path())?;
    agent.connect()?;
    door.open(socket, certificates, end, &wire.canceller())?;
    agent.list_identities()?;
    Ok(agent)
}

fn identity(agent: &Agent, wanted: &AgentKey) -> Option<ssh2::PublicKey> {
    let keys = agent.identities().ok()?;
    keys.into_iter().find(|key| PublicKey::from_blob(key.blob()).as_ref() == Some(&wanted.public))
}
