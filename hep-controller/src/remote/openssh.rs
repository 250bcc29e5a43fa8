//! An agent on a host reached by the operator's own `ssh`, one process per host: whatever ssh_config says holds by
//! itself, and whatever that `ssh` can do hep can. The agent comes through the input of the shell that starts it, and
//! frames after it; there is no SFTP on this way. Speaks no SSH itself.

use super::launcher::{self, Delivery, Launcher, Ready};
use super::upload::UploadMode;
use super::{
    HostKeyPolicy, Link, Options, Problem, Stage, Target, Unreachable, auth, child, host_key,
    known_hosts,
};
use crate::canceller::Canceller;
use hep_protocol::hello::MAX_NOISE;
use link::OpensshLink;
use log::BadKey;
use process::Process;
use std::io;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use version::Version;

mod arguments;
mod link;
mod log;
mod process;
mod version;

pub(crate) use arguments::Wishes;

/// How long a master on this machine may take to say that it is there.
const ANSWERS: Duration = Duration::from_secs(5);

/// Brings the agent onto the host and starts it; `hello` must read its greeting or say what is wrong with it. A cancel ends
/// a launch at once.
pub(crate) fn launch<T>(
    target: &Target,
    wishes: &Wishes<'_>,
    options: &Options<'_>,
    cancel: &Canceller,
    hello: impl FnOnce(&mut dyn Link) -> Result<T, Problem>,
) -> Result<(Box<dyn Link>, T), Unreachable> {
    let launch = Launch { target, options, cancel };
    let known = match options.upload {
        UploadMode::Cache => options.known,
        UploadMode::Sftp | UploadMode::Exec => &[],
    };
    let launcher = Launcher::new(known).map_err(|error| {
        launch.fails(Stage::Resolve)(Problem::new("no random name")).because(error)
    })?;
    let version = Version::here(cancel);
    if version < version::ASKS {
        return Err(launch.fails(Stage::Resolve)(too_old(version)));
    }
    let words = |log: &str| wishes.arguments(version, launch.policy(), log, launcher.command());
    let start = || Process::start(words, cancel).map_err(|error| launch.no_ssh(error));
    let mut process = start()?;
    let mut asked = Asked::of(launch);
    let mut ready = launch.first_word(&mut process, &launcher, &mut asked);
    if ready.as_ref().is_err_and(|error| asked.took_too_long(error)) {
        // What was asked is known by now.
        process = start()?;
        ready = launch.first_word(&mut process, &launcher, &mut Asked::of(launch));
    }
    match ready? {
        Ready::Kept => launch.start(process, 0, hello),
        Ready::Waits { machine, form } => {
            let agent = (options.agents)(&machine).map_err(launch.fails(Stage::Upload))?;
            let size = form.of(&agent).len();
            process.limit_moving(options.timeouts.upload, options.timeouts.upload_of(size));
            deliver(&mut process, &Delivery::of(&agent, form)).map_err(|error| {
                let problem = Problem::new("the host went away during the upload");
                launch.fails(Stage::Upload)(problem).because(error)
            })?;
            launch.start(process, size, hello)
        }
    }
}

fn too_old(version: Version) -> Problem {
    let (Version(major, minor), Version(least, of_it)) = (version, version::ASKS);
    let what = format!("`ssh` is OpenSSH {major}.{minor}: this way needs {least}.{of_it}");
    Problem::new(what).with_hint("leave out `--transport openssh`")
}

/// Whether another `ssh` has a connection to the host that this way would use.
pub(crate) fn has_master(target: &Target, cancel: &Canceller) -> bool {
    let Some((asked, words)) = &target.asked_as else { return false };
    let mut check = Command::new("ssh");
    check.args(["-O", "check"]).args(words).arg("--").arg(asked);
    child::collect(&mut check, ANSWERS, cancel).is_ok_and(|collected| collected.ended_well)
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

    /// Which keys `ssh` is to accept. It takes a key of another type for that of a new host, and a stranger in the middle
    /// chooses the type: of a host that is known nothing new is to be learnt.
    fn policy(self) -> HostKeyPolicy {
        let Launch { target, options, .. } = self;
        let (host, port) = target.known_as();
        match options.policy {
            HostKeyPolicy::AcceptNew | HostKeyPolicy::Lax
                if options.host_keys.known_at(host, port).is_some() =>
            {
                HostKeyPolicy::Strict
            }
            HostKeyPolicy::Ask
            | HostKeyPolicy::Strict
            | HostKeyPolicy::AcceptNew
            | HostKeyPolicy::Off
            | HostKeyPolicy::Lax => options.policy,
        }
    }

    fn no_ssh(self, error: io::Error) -> Unreachable {
        let problem = if error.kind() == io::ErrorKind::NotFound {
            let hint = "install OpenSSH's client, or leave out `--transport openssh`";
            Problem::new("there is no `ssh` on this machine").with_hint(hint)
        } else {
            Problem::new("`ssh` does not start")
        };
        self.fails(Stage::Resolve)(problem).because(error)
    }

    /// What the shell on the host says first. Until then `ssh` is on its way, held to the time of each stage.
    fn first_word(
        self,
        process: &mut Process,
        launcher: &Launcher,
        asked: &mut Asked<'_>,
    ) -> Result<Ready, Unreachable> {
        let timeouts = self.options.timeouts;
        let begun = Instant::now();
        let mut now = Stage::Resolve;
        process.limit(timeouts.resolve);
        let mut entered = |process: &mut Process, stage| {
            now = stage;
            (self.options.entered)(stage);
            let left = timeouts.after(begun.elapsed());
            match stage {
                Stage::Resolve => process.limit(left.resolve),
                // It may have come to the login, and not be told.
                Stage::HostKey if process.said.is_doubted() => {
                    process.limit(left.reach + timeouts.login);
                }
                Stage::Connect | Stage::HostKey => {
                    process.limit((left.connect + left.handshake).min(left.reach));
                }
                Stage::Login => process.limit(timeouts.login),
                Stage::Upload | Stage::Start | Stage::Hello | Stage::Become => {
                    process.limit(timeouts.upload);
                }
            }
        };
        let mut answers = |question: &str| {
            let begun = Instant::now();
            let answer = asked.answer(question);
            asked.took += begun.elapsed();
            answer
        };
        let said = process.line_after(&launcher.mark(), MAX_NOISE, &mut answers, &mut entered);
        let said = said.map_err(|error| self.fails(now)(self.late(now)).because(error))?;
        if now != Stage::Upload && said.is_ok() {
            // Words of `ssh` that were not understood: it has logged in all the same.
            (self.options.entered)(Stage::Upload);
        }
        match said {
            Ok(line) => Launcher::ready(&line).ok_or_else(|| {
                let system = line.split_once(' ').map_or("", |(_, system)| system);
                self.fails(Stage::Upload)(launcher::no_host(system))
            }),
            Err(noise) => Err(self.gave_up(process, &noise, asked)),
        }
    }

    fn late(self, stage: Stage) -> Problem {
        let what = match stage {
            Stage::Resolve => "`ssh` does not get to the host's address",
            Stage::Connect => "no connection to an SSH server",
            Stage::HostKey => "no SSH key exchange with the host",
            Stage::Login => "no login",
            Stage::Upload | Stage::Start | Stage::Hello | Stage::Become => {
                "the answer to `uname -sm` was not read"
            }
        };
        Problem { what: what.to_owned(), hint: log::hint_at(stage) }
    }

    /// `ssh` has ended before the shell had a word.
    fn gave_up(self, process: &mut Process, noise: &str, asked: &mut Asked<'_>) -> Unreachable {
        let stderr = process.stderr();
        if process.said.stage() == Some(Stage::Upload) {
            let said = if noise.trim().is_empty() { &stderr } else { noise };
            return self.fails(Stage::Upload)(launcher::no_host(said));
        }
        let log::Cause { stage, problem, hung_up, closed, key } = process.cause();
        asked.closed = closed;
        let problem = match asked.untold.take() {
            // What nobody answered says more than what `ssh` made of that.
            Some(untold) => {
                Problem { what: format!("{}; {}", untold.what, problem.what), ..untold }
            }
            None if stage == Stage::Login => problem.with_hint(auth::ssh_shows(self.target)),
            None => key.map_or(problem.clone(), |key| {
                self.about_the_key(key, process.said.fingerprint()).unwrap_or(problem)
            }),
        };
        Unreachable { hung_up, ..self.fails(stage)(problem) }
    }

    /// In words of hep's own: what it knows of the host, and the fingerprint that `ssh` was shown.
    fn about_the_key(self, key: BadKey, fingerprint: Option<&str>) -> Option<Problem> {
        let Launch { target, options, .. } = self;
        let (host, port) = target.known_as();
        let key_shown = match fingerprint {
            Some(fingerprint) => format!("the host's key {fingerprint}"),
            None => "the host's key".to_owned(),
        };
        let known = options.host_keys.known_at(host, port);
        let changed = key == BadKey::Changed || self.policy() != options.policy;
        match (key, known) {
            (BadKey::Revoked, _) => Some(Problem::new(format!("{key_shown} is revoked"))),
            (BadKey::Changed | BadKey::Unknown, Some(place)) if changed => {
                let what = format!(
                    "{key_shown} is not the key known for it in {}; this may be a man-in-the-middle attack",
                    place.file.display()
                );
                let name = known_hosts::name(host, port);
                let hint = host_key::how_to_replace(&place.file, &name, options.policy);
                Some(Problem::new(what).with_hint(hint))
            }
            (BadKey::Changed, None) => {
                let what = format!(
                    "{key_shown} is not the key known for it; this may be a man-in-the-middle attack"
                );
                let hint = "if the host really has a new key, remove the old one from known_hosts, then push again";
                Some(Problem::new(what).with_hint(hint))
            }
            (BadKey::Changed | BadKey::Unknown, _) => None,
        }
    }

    /// The hello of the agent. Of what was sent to start it much may be under way.
    fn start<T>(
        self,
        mut process: Process,
        sent: usize,
        hello: impl FnOnce(&mut dyn Link) -> Result<T, Problem>,
    ) -> Result<(Box<dyn Link>, T), Unreachable> {
        let timeouts = self.options.timeouts;
        (self.options.entered)(Stage::Start);
        // What was sent is with `ssh`, and the host may not have seen it for a while.
        process.limit(timeouts.start_of(sent + self.options.ahead));
        let mut link = Box::new(OpensshLink::new(process, timeouts.finish));
        (self.options.entered)(Stage::Hello);
        let problem = match hello(&mut *link) {
            Ok(greeting) => {
                link.run_on();
                return Ok((link, greeting));
            }
            Err(problem) => problem,
        };
        let (ending, was_silent) = link.give_up();
        if self.cancel.is_cancelled() {
            return Err(self.fails(Stage::Hello)(Problem::new("cancelled")));
        }
        let (stage, problem) = launcher::not_started(problem, &ending, was_silent);
        Err(self.fails(stage)(problem))
    }
}

/// Writes the agent to a shell that waits for it. One that has ended says why to who reads on.
fn deliver(process: &mut Process, delivery: &Delivery<'_>) -> io::Result<()> {
    let ended = [io::ErrorKind::BrokenPipe, io::ErrorKind::ConnectionReset];
    for part in delivery.parts() {
        let mut rest = part;
        while !rest.is_empty() {
            match process.write(rest) {
                Ok(written) => rest = rest.get(written..).unwrap_or_default(),
                Err(error) if ended.contains(&error.kind()) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

/// The questions of one login.
struct Asked<'a> {
    launch: Launch<'a>,
    password_given: bool,
    /// Why a question has no answer.
    untold: Option<Problem>,
    /// How long the answers took.
    took: Duration,
    /// Whether the connection ended without a word of why.
    closed: bool,
}

impl Asked<'_> {
    fn of(launch: Launch<'_>) -> Asked<'_> {
        let took = Duration::ZERO;
        Asked { launch, password_given: false, untold: None, took, closed: false }
    }

    /// Whether the host ended the connection because the operator's answer came late (LoginGraceTime of sshd_config(5)).
    fn took_too_long(&self, error: &Unreachable) -> bool {
        let Launch { options, cancel, .. } = self.launch;
        let under_way = matches!(error.stage, Stage::HostKey | Stage::Login);
        self.took > options.timeouts.asked && under_way && self.closed && !cancel.is_cancelled()
    }

    /// The password is given once: a second question asks for something else (a code, a new password), which hep must not
    /// guess.
    fn answer(&mut self, question: &str) -> Option<String> {
        let Launch { target, options, .. } = self.launch;
        match Question::of(question) {
            Question::HostKey => self.confirm(question),
            Question::Key(path) => {
                let typed = options.passphrases.of(path, options.confirm);
                if typed.is_none() {
                    let what = format!("the key {} has a passphrase", path.display());
                    let hint = format!("`ssh-add {}` opens it once", path.display());
                    self.untold = Some(Problem::new(what).with_hint(hint));
                }
                typed.map(|typed| typed.reveal().to_owned())
            }
            Question::Password => {
                let password = target.password.as_ref().filter(|_| !self.password_given);
                self.password_given = true;
                password.map(|password| password.reveal().to_owned())
            }
            Question::OfHost(asked) => {
                let what = format!("the host asks {asked:?}, which hep does not answer");
                let hint =
                    "log in by key or by password only; other prompts of a host need a person";
                self.untold = Some(Problem::new(what).with_hint(hint));
                None
            }
            Question::Other => None,
        }
    }

    fn confirm(&mut self, question: &str) -> Option<String> {
        // In the words that hep's own question has; the operator's name for the host and a fingerprint are all that varies.
        let asked = question.split(" (yes/no").next().unwrap_or(question);
        let plain: String =
            asked.chars().filter(|letter| !letter.is_control() || *letter == '\n').collect();
        match self.launch.options.confirm.confirm(&plain) {
            Ok(true) => Some("yes".to_owned()),
            Ok(false) => {
                self.untold = Some(Problem::new("its key was not trusted by the operator"));
                Some("no".to_owned())
            }
            Err(error) => {
                let what = format!("its key is not known, and nobody could be asked: {error}");
                let hint = "compare the fingerprint, then use `--host-key accept-new`";
                self.untold = Some(Problem::new(what).with_hint(hint));
                None
            }
        }
    }
}

/// What `ssh` wants to know (readpass.c and sshconnect2.c of OpenSSH have the words).
#[derive(Debug, PartialEq, Eq)]
enum Question<'a> {
    HostKey,
    Key(&'a Path),
    Password,
    /// A question of the host's own, for something else.
    OfHost(&'a str),
    Other,
}

/// How hosts call a password (PAM's own word in the languages of their systems). Whether an answer would be hidden `ssh` tells
/// nobody but a terminal, so what is asked for must be known by its name.
const PASSWORD: [&str; 20] = [
    "password",
    "passwort",
    "kennwort",
    "mot de passe",
    "contraseña",
    "senha",
    "wachtwoord",
    "parola",
    "hasło",
    "heslo",
    "lösenord",
    "adgangskode",
    "passord",
    "salasana",
    "jelszó",
    "пароль",
    "密码",
    "密碼",
    "パスワード",
    "암호",
];

/// What is called so too, and is another thing.
const ANOTHER: [&str; 4] = ["one-time", "one time", "otp", "new password"];

/// Whether a question of a host's own is for the password by which one logs in.
fn names_password(asked: &str) -> bool {
    let asked = asked.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| asked.contains(word));
    has(&PASSWORD) && !has(&ANOTHER)
}

impl Question<'_> {
    fn of(text: &str) -> Question<'_> {
        let key = text.strip_prefix("Enter passphrase for key '");
        let key = key.or_else(|| text.strip_prefix("Enter passphrase for "));
        if let Some(key) = key {
            let end = key.rfind('\'').or_else(|| key.rfind(':')).unwrap_or(key.len());
            Question::Key(Path::new(key.get(..end).unwrap_or(key)))
        } else if text.starts_with("The authenticity of host ") {
            Question::HostKey
        } else if let Some(marked) = text.strip_prefix('(') {
            // A question of the host's own, for keyboard-interactive, begins with `(user@host)`: see [`version::MARKS`].
            let asked = marked.split_once(") ").map_or(marked, |(_, asked)| asked);
            if names_password(asked) { Question::Password } else { Question::OfHost(asked) }
        } else if text.trim_end().ends_with("'s password:") {
            Question::Password
        } else {
            Question::Other
        }
    }
}

#[cfg(test)]
mod tests;
