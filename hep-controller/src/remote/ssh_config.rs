//! What `ssh` itself would do for a host: asked of `ssh -G`, so that all of ssh_config(5) counts as it does there, with
//! `Match`, `Include` and the system's own file. Connects to nothing.

use super::host_key::HostKeyPolicy;
use super::proxy::Proxy;
use super::{Alive, Demands, Destination, Problem, Transport, child};
use crate::canceller::Canceller;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;
use tokens::Tokens;

mod demands;
mod files;
mod tokens;

/// Which ssh_config counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SshConfig {
    /// None, and `ssh` is not asked.
    None,
    /// The user's and the system's.
    Usual,
    /// This file alone, as with `ssh -F`.
    File(PathBuf),
}

/// The one who asks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asking<'a> {
    pub(crate) config: &'a SshConfig,
    /// What `~` stands for.
    pub(crate) home: Option<&'a Path>,
    /// The home directory that the system has for the user: `ssh` goes by that one alone.
    pub(crate) system_home: Option<&'a Path>,
    /// The name of the user who runs hep.
    pub(crate) user: Option<&'a str>,
    /// `Match exec` may take a while.
    pub(crate) within: Duration,
}

/// What `ssh` says of one host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) address: String,
    pub(crate) port: u16,
    pub(crate) user: String,
    /// None if only the default ones would be tried.
    pub(crate) identity_files: Option<Vec<PathBuf>>,
    pub(crate) certificates: Vec<PathBuf>,
    pub(crate) identities_only: bool,
    pub(crate) agent: AgentChoice,
    pub(crate) proxy: Option<Proxy>,
    /// The name under which its key is known.
    pub(crate) alias: Option<String>,
    /// None if they are the usual ones.
    pub(crate) user_known_hosts: Option<Vec<PathBuf>>,
    pub(crate) global_known_hosts: Vec<PathBuf>,
    pub(crate) policy: HostKeyPolicy,
    pub(crate) demands: Demands,
    pub(crate) connect_timeout: Option<Duration>,
    /// How often a quiet host is asked for a sign of life, and how often it may leave that unanswered.
    pub(crate) alive: Option<Alive>,
    /// Whether a connection of another `ssh` is used if there is one: ControlPath.
    pub(crate) shares: bool,
    /// Whether a connection that others share stays when its first session ends: ControlPersist.
    pub(crate) persists: bool,
    /// Whether `ssh` would lend the host the operator's ssh-agent, which hep does not: ForwardAgent.
    pub(crate) lends_agent: bool,
    /// The words that make `ssh` mean the same host, without its name.
    pub(crate) words: Vec<String>,
}

/// Which ssh-agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AgentChoice {
    /// That of the environment.
    Usual,
    None,
    Socket(PathBuf),
}

impl Asking<'_> {
    /// What `ssh` would do for this host; None if it is not to be asked, or is not there. Where it should do it itself
    /// it is asked in any case: it obeys the inventory's arguments even without a file.
    ///
    /// # Errors
    /// It finds a mistake in a file, or takes too long.
    pub(crate) fn about(
        &self,
        said: &Destination,
        cancel: &Canceller,
    ) -> Result<Option<Answer>, Problem> {
        if *self.config == SshConfig::None && said.transport != Transport::Openssh {
            return Ok(None);
        }
        let words = self.words(said);
        let mut command = Command::new("ssh");
        command.arg("-G").args(&words).arg("--").arg(&said.address);
        let hint = "`--ssh-config none` ignores ssh_config";
        let failed = |what: String| Problem::new(what).with_hint(hint);
        let output = match child::collect(&mut command, self.within, cancel) {
            Ok(output) => output,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(format!("`ssh -G` gives no answer: {error}"))),
        };
        if !output.ended_well {
            return Err(failed(format!("`ssh -G` fails: {}", output.stderr.trim())));
        }
        if output.stdout.trim().is_empty() {
            return Err(failed("`ssh -G` prints nothing".to_owned()));
        }
        let usual = Lines(self.usual(cancel));
        self.read(&output.stdout, said, words, usual).map(Some)
    }

    /// Whether `ssh` can read its files at all, and what the inventory adds to them for a host: in the files no host is like
    /// another, but a mistake is one for all.
    ///
    /// # Errors
    /// A mistake. That `ssh` is not there, or slow, is none.
    pub(crate) fn check(&self, said: &Destination, cancel: &Canceller) -> Result<(), Problem> {
        if *self.config == SshConfig::None {
            return Ok(());
        }
        files::check(self, said)?;
        let mut command = Command::new("ssh");
        command.arg("-G").args(self.words(said)).arg("--").arg(&said.address);
        let output = child::collect(&mut command, self.within, cancel).ok();
        match output.filter(|output| !output.ended_well && is_mistake(&output.stderr)) {
            Some(output) => {
                let lines: Vec<&str> = output.stderr.lines().map(str::trim).collect();
                Err(mistake(&said.name, &lines))
            }
            None => Ok(()),
        }
    }

    /// What `ssh -G` shows where no file counts, such as the keys and the algorithms that this machine's `ssh` tries: each
    /// version has its own. Empty if it does not say; asked once in a run.
    fn usual(&self, cancel: &Canceller) -> &'static str {
        static USUAL: OnceLock<String> = OnceLock::new();
        if let Some(usual) = USUAL.get() {
            return usual;
        }
        let mut command = Command::new("ssh");
        command.args(["-F", "none", "-G", "--", "localhost"]);
        match child::collect(&mut command, self.within, cancel) {
            Ok(output) if output.ended_well => USUAL.get_or_init(|| output.stdout),
            Ok(_) | Err(_) => "",
        }
    }

    /// The words that make `ssh` mean the same host, without its name. What hep was told goes first: `ssh` takes the first
    /// word on each matter.
    pub(crate) fn words(&self, said: &Destination) -> Vec<String> {
        let mut words = Vec::new();
        let mut add = |option: &str, value: String| words.extend([option.to_owned(), value]);
        match self.config {
            SshConfig::None => add("-F", "none".to_owned()),
            SshConfig::File(file) => add("-F", file.display().to_string()),
            SshConfig::Usual => {
                if let Some(home) = self.home.filter(|home| Some(*home) != self.system_home) {
                    let own = home.join(".ssh/config");
                    let none = || "none".to_owned();
                    add("-F", if own.is_file() { own.display().to_string() } else { none() });
                }
            }
        }
        if let Some(port) = said.port {
            add("-p", port.to_string());
        }
        if let Some(user) = &said.user {
            add("-l", user.clone());
        }
        if let Some(key) = &said.private_key {
            add("-i", key.display().to_string());
        }
        words.extend(said.arguments.iter().cloned());
        words
    }

    fn read(
        &self,
        text: &str,
        said: &Destination,
        words: Vec<String>,
        usual: Lines<'_>,
    ) -> Result<Answer, Problem> {
        let lines = Lines(text);
        let one = |key: &str| lines.one(key);
        let address = one("hostname").unwrap_or(&said.address).to_owned();
        let port = one("port").and_then(|port| port.parse().ok()).or(said.port).unwrap_or(22);
        let user = one("user").or(said.user.as_deref()).or(self.user).unwrap_or_default();
        let alias = one("hostkeyalias").map(str::to_owned);
        let tokens = Tokens {
            host: &address,
            original: &said.address,
            port,
            user,
            alias: alias.as_deref().unwrap_or(&address),
            local_user: self.user.unwrap_or_default(),
            home: self.home,
            jump: one("proxyjump").unwrap_or_default(),
        };
        let are_defaults = lines.all("identityfile").eq(usual.all("identityfile"));
        let identity_files = if are_defaults && said.private_key.is_none() {
            None
        } else {
            let mut files = lines.paths("identityfile", &tokens)?;
            files.retain(|file| said.private_key.as_ref() != Some(file));
            Some(files)
        };
        let user_known_hosts = lines.files("userknownhostsfile", &tokens)?;
        Ok(Answer {
            identity_files,
            certificates: lines.paths("certificatefile", &tokens)?,
            identities_only: one("identitiesonly") == Some("yes"),
            agent: lines.agent(&tokens)?,
            proxy: self.proxy(one("proxyjump"), one("proxycommand"), &tokens)?,
            user_known_hosts: Some(user_known_hosts).filter(|files| !self.are_usual(files)),
            global_known_hosts: lines.files("globalknownhostsfile", &tokens)?,
            policy: lines.policy(),
            demands: demands::read(lines, usual, &tokens)?,
            connect_timeout: lines.seconds("connecttimeout"),
            alive: lines.seconds("serveraliveinterval").map(|every| {
                let unanswered = lines.number("serveralivecountmax").unwrap_or(3);
                Alive { every, unanswered }
            }),
            shares: one("controlpath").is_some(),
            lends_agent: one("forwardagent").is_some_and(|value| value != "no"),
            persists: one("controlpersist").is_some_and(|value| !matches!(value, "no" | "false")),
            user: user.to_owned(),
            alias,
            address,
            port,
            words,
        })
    }

    fn proxy(
        &self,
        jump: Option<&str>,
        command: Option<&str>,
        tokens: &Tokens<'_>,
    ) -> Result<Option<Proxy>, Problem> {
        if let Some(jump) = jump {
            let config = match self.config {
                SshConfig::File(file) => Some(file.clone()),
                SshConfig::None => None,
                SshConfig::Usual => self
                    .home
                    .filter(|home| Some(*home) != self.system_home)
                    .map(|home| home.join(".ssh/config"))
                    .filter(|file| file.is_file()),
            };
            return Proxy::jump(jump, config.as_deref(), tokens.host, tokens.port).map(Some);
        }
        command.map(|text| tokens.text(text).map(Proxy::command)).transpose()
    }

    /// Whether these are the files that `ssh` takes when nothing names any: in the home that it knows.
    fn are_usual(&self, files: &[PathBuf]) -> bool {
        let usual = |home: &Path| {
            let own = home.join(".ssh");
            [own.join("known_hosts"), own.join("known_hosts2")]
        };
        self.system_home.is_some_and(|home| files == usual(home))
            || self.home.is_some_and(|home| files == usual(home))
    }
}

/// Whether `ssh` complains about a line of a file, or about a file, and not about a host (readconf.c).
fn is_mistake(stderr: &str) -> bool {
    let about_line = |line: &str| {
        let (_, rest) = line.split_once(" line ")?;
        rest.split_once(':').map(|(number, _)| number.parse::<u32>().is_ok())
    };
    let about_file = |line: &str| {
        ["Bad owner or permissions on ", "Can't open user config file "]
            .iter()
            .any(|words| line.starts_with(words))
    };
    stderr.lines().any(|line| about_line(line).unwrap_or(false) || about_file(line))
}

/// The mistake that `ssh` complains about: in what the inventory adds for a host, or in a file.
fn mistake(host: &str, lines: &[&str]) -> Problem {
    let said = lines.join("; ");
    if lines.iter().any(|line| line.starts_with("command-line")) {
        Problem::new(format!("the SSH arguments of `{host}` are wrong: {said}"))
            .with_hint("correct them in the inventory: `ansible_ssh_common_args` and its like")
    } else {
        Problem::new(format!("ssh_config is wrong: {said}"))
            .with_hint("correct it; or `--ssh-config none` ignores ssh_config")
    }
}

/// The answer of `ssh -G`: a keyword in lower case and its value on each line.
#[derive(Clone, Copy)]
struct Lines<'a>(&'a str);

impl<'a> Lines<'a> {
    fn all(self, key: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        let key = key.to_owned();
        self.0.lines().filter_map(move |line| line.strip_prefix(&key)?.strip_prefix(' '))
    }

    fn one(self, key: &str) -> Option<&'a str> {
        self.all(key).next().filter(|value| *value != "none")
    }

    fn number(self, key: &str) -> Option<u32> {
        self.one(key).and_then(|value| value.parse().ok())
    }

    /// None also if it is 0, which means no limit.
    fn seconds(self, key: &str) -> Option<Duration> {
        let seconds = self.number(key).filter(|seconds| *seconds > 0);
        seconds.map(|seconds| Duration::from_secs(seconds.into()))
    }

    /// A file a line.
    fn paths(self, key: &str, tokens: &Tokens<'_>) -> Result<Vec<PathBuf>, Problem> {
        self.all(key).filter(|value| *value != "none").map(|text| tokens.path(text)).collect()
    }

    /// All files on one line.
    fn files(self, key: &str, tokens: &Tokens<'_>) -> Result<Vec<PathBuf>, Problem> {
        let text = self.all(key).next().unwrap_or_default();
        let file = |word| if word == "none" { Ok("/dev/null".into()) } else { tokens.path(word) };
        text.split_ascii_whitespace().map(file).collect()
    }

    fn agent(self, tokens: &Tokens<'_>) -> Result<AgentChoice, Problem> {
        Ok(match self.all("identityagent").next() {
            None | Some("SSH_AUTH_SOCK") => AgentChoice::Usual,
            Some("none") => AgentChoice::None,
            Some(text) => match text.strip_prefix('$').filter(|rest| !rest.starts_with('{')) {
                Some(variable) => std::env::var_os(variable)
                    .map_or(AgentChoice::None, |socket| AgentChoice::Socket(socket.into())),
                None => AgentChoice::Socket(tokens.path(text)?),
            },
        })
    }

    fn policy(self) -> HostKeyPolicy {
        match self.one("stricthostkeychecking") {
            Some("true" | "yes") => HostKeyPolicy::Strict,
            Some("accept-new") => HostKeyPolicy::AcceptNew,
            Some("false" | "no" | "off") => HostKeyPolicy::Lax,
            Some(_) | None => HostKeyPolicy::Ask,
        }
    }
}

/// A text's words as a shell would find them: quotes and backslashes, nothing else. None if a quote is open at the end.
pub(crate) fn words_of(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (Some(open), _) if open == letter => quote = None,
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(letters.next()),
            (None, _) if letter.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests;
