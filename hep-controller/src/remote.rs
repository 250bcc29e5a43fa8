//! The way to a running agent: what a host is, what may go wrong on the way, and the byte stream at its end.
//! Knows nothing of frames, plans or the screen; ssh2 is named only below `remote/ssh`.

use crate::agent_binary::Agent;
use crate::canceller::Canceller;
use std::error::Error;
use std::fmt;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub(crate) mod askpass;
mod auth;
mod child;
mod connect;
mod demands;
pub(crate) mod excerpt;
mod host_certificate;
mod host_key;
mod key_file;
mod known_hosts;
mod launcher;
mod limit;
pub(crate) mod local;
pub(crate) mod openssh;
pub(crate) mod password_command;
mod private_key;
mod proxy;
mod public_key;
mod revoked;
mod socket;
pub(crate) mod ssh;
mod ssh_agent;
pub(crate) mod ssh_config;
mod tail;
#[cfg(test)]
mod test_server;
mod transport;
mod unknown_key;
mod upload;

pub(crate) use demands::Demands;
pub(crate) use hep_protocol::value::Secret;
pub(crate) use host_key::{Books, Confirm, HostKeyPolicy, HostKeys};
pub(crate) use key_file::{Passphrases, check_key};
pub(crate) use launcher::Known;
pub(crate) use transport::Transport;
pub(crate) use unknown_key::UnknownKey;
pub(crate) use upload::UploadMode;

/// What inventory, config and command line tell of a host; ssh_config and what is usual supply the rest.
#[derive(Debug, Clone, Default)]
pub(crate) struct Destination {
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) port: Option<u16>,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<Secret>,
    pub(crate) private_key: Option<PathBuf>,
    pub(crate) upload: Option<UploadMode>,
    pub(crate) transport: Transport,
    /// Words for the command line of `ssh` (`ansible_ssh_common_args` and its like).
    pub(crate) arguments: Vec<String>,
}

/// Where a host is and how to log in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Target {
    /// As the operator wrote it; what every message calls the host.
    pub(crate) name: String,
    /// A host name or an IP address, without brackets.
    pub(crate) address: String,
    pub(crate) port: u16,
    pub(crate) user: String,
    pub(crate) password: Option<Secret>,
    pub(crate) private_key: Option<PathBuf>,
    /// The program that connects to it.
    pub(crate) proxy: Option<proxy::Proxy>,
    /// The name under which its host key is known, in place of address and port.
    pub(crate) alias: Option<String>,
    /// The name and the options by which `ssh` knows it, if there is one.
    pub(crate) asked_as: Option<(String, Vec<String>)>,
}

impl Target {
    /// The name and the port under which the host's key is known.
    pub(crate) fn known_as(&self) -> (&str, u16) {
        match &self.alias {
            // As in ssh: an alias has no port.
            Some(alias) => (alias, 22),
            None => (&self.address, self.port),
        }
    }

    /// What is told of a host, and then what `ssh` says of it.
    pub(crate) fn of(
        said: &Destination,
        answer: Option<ssh_config::Answer>,
        usual_user: &str,
    ) -> Target {
        let Destination { name, address, port, user, password, private_key, .. } = said.clone();
        let target = Target {
            name,
            address,
            port: port.unwrap_or(22),
            user: user.unwrap_or_else(|| usual_user.to_owned()),
            password,
            private_key,
            proxy: None,
            alias: None,
            asked_as: None,
        };
        match answer {
            None => target,
            Some(ssh_config::Answer { address, port, user, proxy, alias, words, .. }) => {
                let asked_as = Some((said.address.clone(), words));
                Target { address, port, user, proxy, alias, asked_as, ..target }
            }
        }
    }
}

/// What a launch needs beside the target; one value serves all hosts of a run, from any thread.
pub(crate) struct Options<'a> {
    pub(crate) policy: HostKeyPolicy,
    pub(crate) host_keys: &'a HostKeys,
    pub(crate) demands: Demands,
    /// Answers "is this the right host?" under [`HostKeyPolicy::Ask`].
    pub(crate) confirm: &'a dyn Confirm,
    pub(crate) timeouts: Timeouts,
    pub(crate) identities: Identities,
    pub(crate) passphrases: &'a Passphrases,
    /// The agent for a machine as `uname -m` names it.
    pub(crate) agents: &'a Agents<'a>,
    /// Hears of each stage as it begins.
    pub(crate) entered: &'a (dyn Fn(Stage) + Sync),
    pub(crate) upload: UploadMode,
    /// The agents that a host may keep, where it keeps any.
    pub(crate) known: &'a [Known],
    /// How many bytes are said to the agent before it has greeted.
    pub(crate) ahead: usize,
}

/// Finds the agent for a machine; called from all hosts' threads.
pub(crate) type Agents<'a> = dyn Fn(&str) -> Result<Arc<Agent>, Problem> + Sync + 'a;

/// Where the operator's own keys are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Identities {
    /// The socket of ssh-agent.
    pub(crate) agent_socket: Option<PathBuf>,
    /// The directory of `id_ed25519` and its like.
    pub(crate) ssh_directory: Option<PathBuf>,
    /// Keys that ssh_config names, in place of those.
    pub(crate) listed: Option<Vec<PathBuf>>,
    /// Certificates that ssh_config names, beside those next to their keys.
    pub(crate) certificates: Vec<PathBuf>,
    /// Of ssh-agent's keys only those that are named too.
    pub(crate) only: bool,
}

impl Identities {
    /// Those that `ssh` itself would use: `SSH_AUTH_SOCK` and `~/.ssh`.
    pub(crate) fn of_user(home: Option<&Path>) -> Identities {
        Identities {
            agent_socket: std::env::var_os("SSH_AUTH_SOCK")
                .filter(|socket| !socket.is_empty())
                .map(PathBuf::from),
            ssh_directory: home.map(|home| home.join(".ssh")),
            ..Identities::default()
        }
    }

    /// The same, with what `ssh` says of a host.
    pub(crate) fn with_answer(self, answer: Option<&ssh_config::Answer>) -> Identities {
        let Some(answer) = answer else { return self };
        Identities {
            agent_socket: match &answer.agent {
                ssh_config::AgentChoice::Usual => self.agent_socket,
                ssh_config::AgentChoice::None => None,
                ssh_config::AgentChoice::Socket(socket) => Some(socket.clone()),
            },
            ssh_directory: self.ssh_directory,
            listed: answer.identity_files.clone(),
            certificates: answer.certificates.clone(),
            only: answer.identities_only,
        }
    }
}

/// How long each stage may take. Nothing here limits a running plan: a task may take hours.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timeouts {
    /// For the next three together.
    pub(crate) reach: Duration,
    pub(crate) resolve: Duration,
    /// For all addresses of the host together.
    pub(crate) connect: Duration,
    /// Version exchange and key exchange.
    pub(crate) handshake: Duration,
    pub(crate) login: Duration,
    /// How long the operator may think about a host's key with the host on the line.
    pub(crate) asked: Duration,
    /// For learning the machine and sending the agent, beside the time that its bytes take on the slowest line; and for as long
    /// as nothing of it is acknowledged.
    pub(crate) upload: Duration,
    /// From the start command to the end of the agent's hello, beside the time of what is under way then.
    pub(crate) start: Duration,
    /// For what [`Link::finish`] still waits for.
    pub(crate) finish: Duration,
    pub(crate) alive: Alive,
}

/// When a quiet host is asked for a sign of life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Alive {
    pub(crate) every: Duration,
    /// How many times it need not answer.
    pub(crate) unanswered: u32,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts {
            reach: Duration::from_secs(50),
            resolve: Duration::from_secs(15),
            connect: Duration::from_secs(15),
            handshake: Duration::from_secs(20),
            // PAM and LDAP may be slow to say no.
            login: Duration::from_secs(60),
            // sshd gives a login two minutes, and some hosts give it half a minute, of which a slow one needs most.
            asked: Duration::from_secs(10),
            // A slow login shell, or a home directory on a server of files that has to wake up.
            upload: Duration::from_secs(60),
            start: Duration::from_secs(30),
            // All that a host may hold hep once it is given up, with what is left of its process to end.
            finish: Duration::from_secs(4),
            alive: Alive { every: connect::KEEPALIVE, unanswered: connect::UNANSWERED },
        }
    }
}

impl Timeouts {
    /// With what `ssh` says of a host; `limit`, where there is one, is stronger.
    pub(crate) fn of(answer: Option<&ssh_config::Answer>, limit: Option<Duration>) -> Timeouts {
        let usual = Timeouts::default();
        let limit = limit.or(answer.and_then(|answer| answer.connect_timeout));
        let timeouts = limit.map_or(usual, |limit| usual.reaching_within(limit));
        match answer.and_then(|answer| answer.alive) {
            Some(alive) => Timeouts { alive, ..timeouts },
            None => timeouts,
        }
    }

    /// At most this for the way to an SSH session: the host's name, the connection and the key exchange together.
    pub(crate) fn reaching_within(self, reach: Duration) -> Timeouts {
        Timeouts { reach, resolve: reach, connect: reach, handshake: reach, ..self }
    }

    /// For an upload of so many bytes.
    fn upload_of(&self, bytes: usize) -> Duration {
        self.upload + limit::crossing(bytes)
    }

    /// For the start of an agent with so many bytes under way to the host.
    fn start_of(&self, under_way: usize) -> Duration {
        self.start + limit::crossing(under_way)
    }

    /// What is left of them when so much of `reach` is spent; never nothing, which would mean no limit to some calls.
    fn after(self, spent: Duration) -> Timeouts {
        let left = self.reach.saturating_sub(spent).max(Duration::from_millis(1));
        Timeouts {
            reach: left,
            resolve: self.resolve.min(left),
            connect: self.connect.min(left),
            handshake: self.handshake.min(left),
            ..self
        }
    }
}

/// The steps to a running agent, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Resolve,
    Connect,
    HostKey,
    Login,
    Upload,
    Start,
    Hello,
    Become,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Stage::Resolve => "resolve",
            Stage::Connect => "connect",
            Stage::HostKey => "host key",
            Stage::Login => "login",
            Stage::Upload => "upload",
            Stage::Start => "start",
            Stage::Hello => "hello",
            Stage::Become => "become",
        })
    }
}

/// A cause and what to do about it, before it is known whose it is. The text may hold a host's bytes: whoever prints
/// it escapes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) what: String,
    pub(crate) hint: Option<String>,
}

impl Problem {
    pub(crate) fn new(what: impl Into<String>) -> Problem {
        Problem { what: what.into(), hint: None }
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Problem {
        self.hint = Some(hint.into());
        self
    }
}

/// No agent runs on the host, and why. Display is one line; the hint and the source are for whoever prints.
#[derive(Debug)]
pub(crate) struct Unreachable {
    /// The target's name.
    pub(crate) host: String,
    pub(crate) stage: Stage,
    pub(crate) what: String,
    pub(crate) hint: Option<String>,
    pub(crate) source: Option<Box<dyn Error + Send + Sync>>,
    /// What a program on the host said to it; a host's bytes.
    pub(crate) output: String,
    /// Whether the host accepted the connection and closed it before any key exchange.
    pub(crate) hung_up: bool,
}

impl Unreachable {
    fn new(target: &Target, stage: Stage, problem: Problem) -> Unreachable {
        let Problem { what, hint } = problem;
        let (host, output) = (target.name.clone(), String::new());
        Unreachable { host, stage, what, hint, source: None, output, hung_up: false }
    }

    fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Unreachable {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is unreachable: {}: {}", self.host, self.stage, self.what)
    }
}

impl Error for Unreachable {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

/// One byte stream to a running agent and back. `read` gives 0 when the agent's stdout is closed; a host that died is
/// an error, never an end. One thread owns a link; only its [`Canceller`] may be used from others.
pub(crate) trait Link: Read + Write + Send {
    /// From now on a read that finds nothing for about so long gives [`io::ErrorKind::WouldBlock`] and may be repeated:
    /// its caller has a look around in between.
    fn look_around(&mut self, every: Duration) -> io::Result<()>;

    /// How the agent ended: to be called after the end of its output or after an error. Closes the link, within
    /// [`Timeouts::finish`]; a second call answers the same.
    fn finish(&mut self) -> Ending;

    /// Cuts this link from another thread.
    fn canceller(&self) -> Canceller;

    /// What has crossed the socket so far.
    fn counters(&self) -> Counters;
}

/// Bytes in both directions, encryption and acknowledged retransmissions counted once; behind a proxy without encryption.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    pub(crate) sent: u64,
    pub(crate) received: u64,
}

/// How an agent's process ended. Never a proof of success: only the agent's last frame is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ending {
    pub(crate) exit: Exit,
    /// The last 8 KiB of what the agent wrote to stderr, with whatever a login shell said there. A host's bytes.
    pub(crate) stderr: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The link broke, or the host did not say in time.
    Unknown,
    Code(i32),
    /// The signal's name as the host gave it, without `SIG`.
    Signal(String),
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Exit::Unknown => f.write_str("ended in an unknown way"),
            Exit::Code(code) => write!(f, "exited with code {code}"),
            Exit::Signal(name) => write!(f, "was killed by signal {name}"),
        }
    }
}
