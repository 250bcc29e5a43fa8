//! The way to chosen hosts: whom to log in as, which keys to trust, which agent to bring. What can be known to be wrong is
//! refused before the first packet.

use super::escalation::{Escalation, Start};
use super::login::{self, Logins};
use crate::agent_binary::{self, LocalAgent};
use crate::canceller::Canceller;
use crate::cli;
use crate::config::Config;
use crate::diagnostic::Diagnostics;
use crate::drive::{Greeting, Refused, become_user};
use crate::host::{HostId, LOCALHOST};
use crate::inputs::LocalUser;
use crate::inventory::Host;
use crate::refusal::Refusal;
use crate::remote::openssh::Wishes;
use crate::remote::ssh_config::{Answer, Asking, SshConfig};
use crate::remote::{
    self, Books, Destination, HostKeyPolicy, HostKeys, Identities, Known, Link, Options,
    Passphrases, Problem, Secret, Stage, Target, Timeouts, Transport, Unreachable, UploadMode,
};
use crate::report::clock::Clock;
use crate::stop::Stop;
use crate::text::{chain, count, shown};
use crate::ui::{Asker, Ui};
use hep_protocol::facts::Facts;
use hep_protocol::rights::Means;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

mod unknown_keys;

/// What the command line, the config and the system say of it.
pub(crate) struct LaunchOptions<'a> {
    pub(crate) login: &'a cli::Login,
    pub(crate) connect_timeout: Option<u64>,
    pub(crate) config: &'a Config,
    pub(crate) usual: &'a LocalUser,
    pub(crate) escalation: Escalation<'a>,
}

/// One of the hosts.
struct LaunchHost {
    said: Destination,
    /// How its agent becomes others; nothing if it need not.
    means: Option<Means>,
    /// What `ssh` says of it, asked once.
    answer: OnceLock<Option<Answer>>,
}

/// Everything that is needed to bring an agent onto one of the hosts.
pub(crate) struct Launcher {
    hosts: Vec<LaunchHost>,
    /// The agent for hosts that are this machine.
    here: Option<LocalAgent>,
    /// What the command line says of them.
    policy: Option<HostKeyPolicy>,
    connect_timeout: Option<Duration>,
    ssh_config: SshConfig,
    usual: LocalUser,
    books: Books,
    asker: Asker,
    identities: Identities,
    passphrases: Passphrases,
    /// What hosts may keep, found out when the first one is asked.
    known: OnceLock<Vec<Known>>,
    /// Hosts to which `ssh` would have lent the operator's ssh-agent.
    not_lent: Mutex<BTreeSet<usize>>,
    pub(crate) stop: Arc<Stop>,
    /// How long each stage took.
    pub(crate) clock: Arc<Clock>,
}

impl Launcher {
    /// Asks for a password if that is wished. From here on signals are wishes to stop.
    ///
    /// # Errors
    /// A setting that cannot be right, or the operator's wish to stop.
    pub(crate) fn new(
        hosts: Vec<(Host, Start)>,
        ways: &LaunchOptions<'_>,
        ui: &mut Ui,
    ) -> Result<Launcher, Refusal> {
        let LaunchOptions { login, connect_timeout, config, usual, escalation } = ways;
        // First of all: a file that others may write may name the command that would be run below.
        let mut obstacles = Diagnostics::default();
        hosts.iter().for_each(|(host, _)| obstacles.extend(host.obstacles.clone()));
        obstacles.unless(()).map_err(Refusal::Mistakes)?;
        let mut logins = Logins { login, asked: None, config, usual };
        let is_here = |(host, _): &(Host, Start)| {
            login::transport(host.transport, &logins) == Transport::Local
        };
        let here = hosts.iter().any(is_here).then(local_agent).transpose()?;
        let stop = wishes_to_stop()?;
        let asked = ask_password(login, &stop, ui)?;
        let means = escalation.means(&hosts, asked.as_ref(), &stop, ui)?;
        logins.asked = asked;
        let hosts = hosts.into_iter().map(|(host, _)| host).collect();
        let targets = login::targets(hosts, &logins, &stop)?;
        login::check_keys(&targets, &logins)?;
        let books = Books::of_user(usual.home.as_deref());
        let warning = |line: &String| ui.err(&format!("warning: {}\n", shown(line)));
        books.usual().warnings().iter().for_each(warning);
        let way = |(said, means)| LaunchHost { said, means, answer: OnceLock::new() };
        let launcher = Launcher {
            hosts: targets.into_iter().zip(means).map(way).collect(),
            here,
            policy: login.host_key,
            connect_timeout: connect_timeout.map(Duration::from_secs),
            ssh_config: ssh_config(login),
            usual: LocalUser::clone(usual),
            books,
            asker: ui.asker(&stop),
            identities: Identities::of_user(usual.home.as_deref()),
            passphrases: Passphrases::default(),
            known: OnceLock::new(),
            not_lent: Mutex::default(),
            stop,
            clock: Arc::default(),
        };
        launcher.check_ssh_config()?;
        Ok(launcher)
    }

    /// Asks `ssh` about one host for each set of options that the inventory adds: the files are the same for all. A wish to
    /// stop ends an answer that does not come, as with a `Match exec` that hangs.
    fn check_ssh_config(&self) -> Result<(), Refusal> {
        let mut seen = BTreeSet::new();
        for (at, LaunchHost { said, .. }) in self.hosts.iter().enumerate() {
            if said.transport == Transport::Local || !seen.insert(&said.arguments) {
                continue;
            }
            let (host, way) = (HostId(at), Canceller::default());
            if !self.stop.begin(host, &way) {
                return Err(Refusal::Stopped);
            }
            let checked = self.asking().check(said, &way);
            self.stop.end(host);
            checked.map_err(|problem| Refusal::unless_stopped(problem, &self.stop))?;
        }
        if self.stop.wanted() { Err(Refusal::Stopped) } else { Ok(()) }
    }

    /// What tasks may have missed on the hosts, once all is over.
    pub(crate) fn missed(&self) -> Option<String> {
        let hosts = self.not_lent.lock().unwrap_or_else(PoisonError::into_inner).len();
        (hosts > 0).then(|| {
            let hosts = count(hosts, "host");
            format!("`ForwardAgent yes` had no effect on {hosts}: hep does not forward ssh-agent")
        })
    }

    /// Brings an agent onto a host and greets it.
    ///
    /// # Errors
    /// How far it came, and why no further.
    pub(crate) fn launch(
        &self,
        greeting: &Greeting<'_>,
        way: &Canceller,
    ) -> Result<(Box<dyn Link>, Facts), Unreachable> {
        let host = greeting.host;
        let Some(to) = self.hosts.get(host.0) else {
            return Err(unreachable_local(Problem::new("no such host")));
        };
        let means = to.means.as_ref();
        let ready = match (to.said.transport, &self.here) {
            (Transport::Local, Some(agent)) => {
                self.clock.enter(host, Stage::Start);
                launch_local(agent, &greeting.before(means))
            }
            (Transport::Local | Transport::Ssh2 | Transport::Openssh, _) => {
                self.launch_remote(to, &greeting.before(means), way)
            }
        };
        let ready = ready.and_then(|(mut link, facts)| {
            if let Some(means) = means {
                self.clock.enter(host, Stage::Become);
                go_on_as(link.as_mut(), means, &to.said.name, greeting)?;
            }
            Ok((link, facts))
        });
        self.clock.arrive(host);
        ready
    }

    fn launch_remote(
        &self,
        to: &LaunchHost,
        greeting: &Greeting<'_>,
        way: &Canceller,
    ) -> Result<(Box<dyn Link>, Facts), Unreachable> {
        let host = greeting.host;
        self.clock.enter(host, Stage::Resolve);
        let (said, answer) = (&to.said, self.answer(to, way)?);
        if answer.is_some_and(|answer| answer.lends_agent) {
            self.not_lent.lock().unwrap_or_else(PoisonError::into_inner).insert(host.0);
        }
        let host_keys = self.books.of(answer);
        let entered = |stage| self.clock.enter(host, stage);
        let (entered, ahead) = (&entered, greeting.ahead.len());
        let options = Options { entered, ahead, ..self.options(said, answer, &host_keys) };
        let target = self.target(said, answer);
        let mut hello = |link: &mut dyn Link| greeting.exchange(link);
        match said.transport {
            Transport::Openssh => {
                // `ssh` would ask once more.
                if let Some(problem) = host_keys.refusal(&target) {
                    return Err(stopped_at(Stage::HostKey, said, problem));
                }
                let words = self.asking().words(said);
                let wishes = self.wishes(said, &words, answer);
                remote::openssh::launch(&target, &wishes, &options, way, hello)
            }
            Transport::Ssh2 | Transport::Local => {
                let launched = remote::ssh::launch(&target, &options, way, &mut hello);
                launched.map_err(|error| advised(error, &target, answer, way))
            }
        }
    }

    /// What `ssh` says of a host.
    fn answer<'w>(
        &self,
        to: &'w LaunchHost,
        way: &Canceller,
    ) -> Result<Option<&'w Answer>, Unreachable> {
        let LaunchHost { said, answer: kept, .. } = to;
        if kept.get().is_none() {
            let failed = |problem| stopped_at(Stage::Resolve, said, problem);
            let answer = self.asking().about(said, way).map_err(failed)?;
            // The first one has the same.
            drop(kept.set(answer));
        }
        Ok(kept.get().and_then(Option::as_ref))
    }

    fn target(&self, said: &Destination, answer: Option<&Answer>) -> Target {
        Target::of(said, answer.cloned(), self.usual.user.as_deref().unwrap_or_default())
    }

    fn options<'a>(
        &'a self,
        said: &Destination,
        answer: Option<&Answer>,
        host_keys: &'a HostKeys,
    ) -> Options<'a> {
        let upload = said.upload.unwrap_or_default();
        Options {
            upload,
            known: match upload {
                UploadMode::Cache => self.known.get_or_init(known).as_slice(),
                UploadMode::Sftp | UploadMode::Exec => &[],
            },
            policy: self
                .policy
                .or(answer.map(|answer| answer.policy))
                .unwrap_or(HostKeyPolicy::Ask),
            host_keys,
            demands: answer.map(|answer| answer.demands.clone()).unwrap_or_default(),
            confirm: &self.asker,
            timeouts: Timeouts::of(answer, self.connect_timeout),
            identities: self.identities.clone().with_answer(answer),
            passphrases: &self.passphrases,
            entered: &|_| {},
            ahead: 0,
            agents: &|machine| {
                agent_binary::for_machine(machine)
                    .map_err(|error| Problem::new(chain(&error)).with_hint(error.hint()))
            },
        }
    }

    fn asking(&self) -> Asking<'_> {
        let LocalUser { user, home, system_home } = &self.usual;
        Asking {
            config: &self.ssh_config,
            home: home.as_deref(),
            system_home: system_home.as_deref(),
            user: user.as_deref(),
            within: Timeouts::default().resolve,
        }
    }

    /// What the `ssh` of this machine is to be told of a host, beside what it is asked with.
    fn wishes<'a>(
        &'a self,
        said: &'a Destination,
        words: &'a [String],
        answer: Option<&'a Answer>,
    ) -> Wishes<'a> {
        let LocalUser { home, system_home, .. } = &self.usual;
        Wishes {
            address: &said.address,
            words,
            answer,
            connect_timeout: self.connect_timeout,
            other_home: home.as_deref().filter(|home| Some(*home) != system_home.as_deref()),
            has_key: said.private_key.is_some(),
            has_password: said.password.is_some(),
        }
    }
}

fn stopped_at(stage: Stage, said: &Destination, problem: Problem) -> Unreachable {
    let Problem { what, hint } = problem;
    let (host, output) = (said.name.clone(), String::new());
    Unreachable { host, stage, what, hint, source: None, output, hung_up: false }
}

/// With a word about another way to the host, where that would have helped.
fn advised(
    error: Unreachable,
    target: &Target,
    answer: Option<&Answer>,
    way: &Canceller,
) -> Unreachable {
    let not_there = matches!(error.stage, Stage::Connect | Stage::Login);
    let shares = answer.is_some_and(|answer| answer.shares);
    if not_there && shares && remote::openssh::has_master(target, way) {
        let hint = "`ssh` has a connection to it open, which `--transport openssh` uses";
        Unreachable { hint: Some(hint.to_owned()), ..error }
    } else if error.stage == Stage::Connect
        && target.proxy.is_none()
        && is_here(&target.address, target.port)
    {
        let hint = "if this machine itself is meant: `--transport local`, `hep_transport: local` for this host, or `hep apply` \
                    need no SSH server";
        Unreachable { hint: Some(hint.to_owned()), ..error }
    } else {
        error
    }
}

/// Whether this machine itself is meant. Another port than SSH's own leads on as a rule, into a container or a tunnel.
fn is_here(address: &str, port: u16) -> bool {
    let loopback = |ip: IpAddr| ip.is_loopback();
    port == 22 && (address == LOCALHOST || address.parse().is_ok_and(loopback))
}

/// The agents there are.
fn known() -> Vec<Known> {
    let names = agent_binary::names();
    let agent = |name| {
        let agent = agent_binary::for_machine(name).ok()?;
        Some(Known::new(name, &agent))
    };
    names.filter_map(agent).collect()
}

fn ssh_config(login: &cli::Login) -> SshConfig {
    match &login.ssh_config {
        None => SshConfig::Usual,
        Some(file) if file.as_os_str() == "none" => SshConfig::None,
        Some(file) => SshConfig::File(file.clone()),
    }
}

/// Signals as wishes to stop.
///
/// # Errors
/// The system does not let us watch for them.
pub(crate) fn wishes_to_stop() -> Result<Arc<Stop>, Refusal> {
    Stop::on_signals().map_err(|error| Refusal::plain(format!("cannot watch for signals: {error}")))
}

fn ask_password(login: &cli::Login, stop: &Stop, ui: &mut Ui) -> Result<Option<Secret>, Refusal> {
    if !login.ask_pass {
        return Ok(None);
    }
    let asked = ui.ask_password("SSH password: ", stop);
    let failed = |error| {
        if stop.wanted() {
            return Refusal::Stopped;
        }
        let hint =
            "without one, write `password=` into the hosts file or `ssh.password` into the config";
        Refusal::new(format!("cannot ask for the password: {error}"), hint)
    };
    asked.map(|text| Some(Secret::new(text))).map_err(failed)
}

/// The agent for this machine.
///
/// # Errors
/// There is none.
pub(crate) fn local_agent() -> Result<LocalAgent, Refusal> {
    agent_binary::local().map_err(|error| Refusal::new(chain(&error), error.hint()))
}

/// An agent on this machine, as the user who runs hep.
///
/// # Errors
/// It does not start, or does not greet.
fn launch_local(
    agent: &LocalAgent,
    greeting: &Greeting<'_>,
) -> Result<(Box<dyn Link>, Facts), Unreachable> {
    let started = match agent {
        LocalAgent::File(path) => remote::local::start_file(path),
        LocalAgent::Carried(agent) => remote::local::start_bytes(agent.plain()),
    };
    let failed = |error| Problem::new(format!("cannot start the agent: {error}"));
    let mut link = started.map_err(|error| unreachable_local(failed(error)))?;
    // Until a step may be in hand, a wish to stop cuts it.
    if !greeting.stop.begin(greeting.host, &link.canceller()) {
        let what = format!("{} before the first task", greeting.stop.words());
        return Err(unreachable_local(Problem::new(what)));
    }
    let facts = greeting.exchange(link.as_mut()).map_err(unreachable_local)?;
    Ok((link, facts))
}

/// An agent on this machine that has become what it needs and has the plan.
///
/// # Errors
/// It does not start, does not greet, or does not become that user.
pub(crate) fn launch_here(
    agent: &LocalAgent,
    host: &str,
    means: Option<&Means>,
    greeting: &Greeting<'_>,
) -> Result<(Box<dyn Link>, Facts), Unreachable> {
    let (mut link, facts) = launch_local(agent, &greeting.before(means))?;
    if let Some(means) = means {
        go_on_as(link.as_mut(), means, host, greeting)?;
    }
    Ok((link, facts))
}

/// Has an agent that was greeted become another user, or tells it how its tasks do; then sends it the plan.
///
/// # Errors
/// It did not become that user, and why; or it takes no plan.
fn go_on_as(
    link: &mut dyn Link,
    means: &Means,
    host: &str,
    greeting: &Greeting<'_>,
) -> Result<(), Unreachable> {
    let failed = |Refused { problem: Problem { what, hint }, output }| {
        let (host, stage) = (host.to_owned(), Stage::Become);
        Unreachable { host, stage, what, hint, source: None, output, hung_up: false }
    };
    become_user(link, means, greeting.stop).map_err(failed)?;
    let follows = greeting.follow(link);
    follows.map_err(|problem| failed(Refused { problem, output: String::new() }))
}

/// This machine as a host that could not be reached.
fn unreachable_local(problem: Problem) -> Unreachable {
    let Problem { what, hint } = problem;
    let host = LOCALHOST.to_owned();
    let output = String::new();
    Unreachable { host, stage: Stage::Start, what, hint, source: None, output, hung_up: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forwarded_port_is_not_this_machine() {
        assert!(is_here("localhost", 22) && is_here("127.0.0.1", 22) && is_here("::1", 22));
        assert!(!is_here("127.0.0.1", 2222) && !is_here("192.0.2.1", 22));
    }
}
