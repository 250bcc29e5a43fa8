//! Is this the right host? Judges a host's key by the known_hosts files and the operator's policy, and records new keys.
//! Reads and appends those files and asks the operator; must not connect.

use super::Problem;
use super::known_hosts::{self, KnownHosts, Place, PublicKey, Verdict};
use super::ssh_config::Answer;
use std::collections::HashMap;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What to do about a key that is not known. A changed or revoked key is refused by all but the last two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HostKeyPolicy {
    /// Ask the operator at the terminal; without one, refuse.
    Ask,
    /// Refuse.
    Strict,
    /// Trust and record it.
    AcceptNew,
    /// Check nothing, record nothing.
    Off,
    /// Trust and record it; accept even a changed or revoked one, but then give no password away: `StrictHostKeyChecking no`.
    Lax,
}

/// How far an accepted key is to be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    Full,
    /// Nothing that another host could use.
    NoPassword,
}

/// Who answers questions.
pub(crate) trait Confirm: Sync {
    /// An error if nobody can be asked.
    fn confirm(&self, question: &str) -> io::Result<bool>;

    /// A passphrase, typed unseen. An error if nobody can be asked.
    fn passphrase(&self, question: &str) -> io::Result<String>;
}

/// The host keys known to this run: read once, shared by all hosts' threads.
#[derive(Debug)]
pub(crate) struct HostKeys {
    /// Where new keys go; None if the operator has no home.
    record: Option<PathBuf>,
    files: Vec<PathBuf>,
    /// One lock for memory and file: several threads may learn keys at once.
    known: Mutex<KnownHosts>,
    /// Held while the operator is asked, so that questions come one by one and hosts already known need not wait.
    asking: Mutex<()>,
    warnings: Vec<String>,
}

/// All known_hosts files of a run, by those that count for a host: each is read once.
#[derive(Debug)]
pub(crate) struct Books {
    usual: Arc<HostKeys>,
    /// The usual ones of the user.
    own: Vec<PathBuf>,
    others: Mutex<HashMap<Vec<PathBuf>, Arc<HostKeys>>>,
}

/// Those of the system that `ssh` reads too.
const SYSTEM: [&str; 2] = ["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"];

impl Books {
    /// The files that `ssh` reads; new keys go to `~/.ssh/known_hosts`.
    pub(crate) fn of_user(home: Option<&Path>) -> Books {
        let own = home.map(|home| home.join(".ssh"));
        let own = own.map(|own| vec![own.join("known_hosts"), own.join("known_hosts2")]);
        let own = own.unwrap_or_default();
        let files: Vec<PathBuf> = own.iter().cloned().chain(SYSTEM.map(PathBuf::from)).collect();
        let usual = Arc::new(HostKeys::read(&files, own.first().cloned()));
        Books { usual, own, others: Mutex::default() }
    }

    pub(crate) fn usual(&self) -> &HostKeys {
        &self.usual
    }

    /// Those that count for a host of which `ssh` says this.
    pub(crate) fn of(&self, answer: Option<&Answer>) -> Arc<HostKeys> {
        let Some(answer) = answer else { return Arc::clone(&self.usual) };
        let own = answer.user_known_hosts.as_ref().unwrap_or(&self.own);
        let files: Vec<PathBuf> = own.iter().chain(&answer.global_known_hosts).cloned().collect();
        if own == &self.own && answer.global_known_hosts == SYSTEM.map(PathBuf::from) {
            return Arc::clone(&self.usual);
        }
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        let read = |files: &Vec<PathBuf>| Arc::new(HostKeys::read(files, own.first().cloned()));
        Arc::clone(others.entry(files).or_insert_with_key(read))
    }
}

impl HostKeys {
    /// A file that is missing holds nothing; one that cannot be read is a warning, as is each line passed over.
    pub(crate) fn read(files: &[PathBuf], record: Option<PathBuf>) -> HostKeys {
        let mut known = KnownHosts::default();
        let mut warnings = Vec::new();
        for file in files {
            match std::fs::read(file) {
                Ok(bytes) => known.add_file(file, &String::from_utf8_lossy(&bytes)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => warnings.push(format!("cannot read {}: {error}", file.display())),
            }
        }
        let skipped = known.skipped().iter();
        warnings
            .extend(skipped.map(|line| format!("{}: line passed over: {}", line.place, line.why)));
        let files = files.to_vec();
        HostKeys { record, files, known: Mutex::new(known), asking: Mutex::new(()), warnings }
    }

    /// What was wrong with the files, a sentence each.
    pub(crate) fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The host key algorithms to negotiate, so that the host shows the key that is known.
    pub(super) fn algorithms(&self, host: &str, port: u16) -> String {
        self.lock().algorithms(host, port)
    }

    /// The files to ask about certificates, if nothing is known of the host but an authority for it.
    pub(super) fn authority(&self, shown: &Shown<'_>) -> Option<&[PathBuf]> {
        let verdict = self.verdict(shown);
        matches!(verdict, Verdict::Unknown { authority: Some(_) }).then_some(self.files.as_slice())
    }

    /// Accepts the key or says why not.
    pub(super) fn admit(
        &self,
        shown: &Shown<'_>,
        policy: HostKeyPolicy,
        confirm: &dyn Confirm,
    ) -> Result<Trust, Problem> {
        if policy == HostKeyPolicy::Off {
            return Ok(Trust::Full);
        }
        let judgement = judge(&self.verdict(shown), shown, policy);
        if !matches!(judgement, Judgement::Ask(_)) {
            return self.obey(judgement, shown, confirm);
        }
        let _one_at_a_time = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        // While this one waited for its turn, another host's answer may have made the key known.
        self.obey(judge(&self.verdict(shown), shown, policy), shown, confirm)
    }

    fn obey(
        &self,
        judgement: Judgement,
        shown: &Shown<'_>,
        confirm: &dyn Confirm,
    ) -> Result<Trust, Problem> {
        match judgement {
            Judgement::Accept => Ok(Trust::Full),
            Judgement::Suspect => Ok(Trust::NoPassword),
            Judgement::Record => self.record(shown).map(|()| Trust::Full),
            Judgement::Refuse(problem) => Err(problem),
            Judgement::Ask(question) => self.ask(&question, shown, confirm).map(|()| Trust::Full),
        }
    }

    fn ask(&self, question: &str, shown: &Shown<'_>, confirm: &dyn Confirm) -> Result<(), Problem> {
        match confirm.confirm(question) {
            Ok(true) => self.record(shown),
            Ok(false) => {
                Err(Problem::new(format!("{} was not trusted by the operator", shown.key())))
            }
            Err(error) => Err(Problem::new(format!(
                "{} is not known, and nobody could be asked: {error}",
                shown.key()
            ))
            .with_hint(shown.how_to_trust())),
        }
    }

    fn verdict(&self, shown: &Shown<'_>) -> Verdict {
        self.lock().check(shown.host, shown.port, shown.key)
    }

    fn record(&self, shown: &Shown<'_>) -> Result<(), Problem> {
        let mut known = self.lock();
        if known.check(shown.host, shown.port, shown.key) == Verdict::Known {
            return Ok(());
        }
        let file = self.record.as_deref().ok_or_else(|| {
            Problem::new("there is no home directory to record the host's key in")
                .with_hint("set `HOME`, or use `--host-key strict` with /etc/ssh/ssh_known_hosts")
        })?;
        let line = append(file, &known_hosts::line(shown.host, shown.port, shown.key)).map_err(
            |error| {
                Problem::new(format!(
                    "cannot record {} in {}: {error}",
                    shown.key(),
                    file.display()
                ))
            },
        )?;
        let place = Place { file: file.to_owned(), line };
        known.add_host(place, shown.host, shown.port, shown.key.clone());
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, KnownHosts> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A key as a host showed it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown<'a> {
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) key: &'a PublicKey,
}

impl Shown<'_> {
    fn name(&self) -> String {
        known_hosts::name(self.host, self.port)
    }

    fn key(&self) -> String {
        format!("the {} key {} of {}", self.key.shown_kind(), self.key.fingerprint(), self.name())
    }

    fn how_to_trust(&self) -> String {
        format!(
            "compare the fingerprint, then run `ssh-keyscan -p {} -t {} {} >> ~/.ssh/known_hosts`, or use \
             `--host-key accept-new`",
            self.port,
            keyscan_type(self.key.kind()),
            self.host
        )
    }
}

/// As `ssh-keyscan -t` wants it.
fn keyscan_type(kind: &str) -> &str {
    match kind {
        "ssh-ed25519" => "ed25519",
        "ssh-rsa" => "rsa",
        kind if kind.starts_with("ecdsa-") => "ecdsa",
        kind => kind,
    }
}

#[derive(Debug)]
enum Judgement {
    Accept,
    /// Accept, but give no password away.
    Suspect,
    /// Accept and remember.
    Record,
    /// The question to put.
    Ask(String),
    Refuse(Problem),
}

/// The whole policy.
fn judge(verdict: &Verdict, shown: &Shown<'_>, policy: HostKeyPolicy) -> Judgement {
    match verdict {
        Verdict::Known => Judgement::Accept,
        Verdict::Revoked { .. } | Verdict::Changed { .. } | Verdict::OtherType { .. }
            if policy == HostKeyPolicy::Lax =>
        {
            Judgement::Suspect
        }
        Verdict::Revoked { place } => {
            Judgement::Refuse(Problem::new(format!("{} is revoked by {place}", shown.key())))
        }
        Verdict::Changed { place, old } => Judgement::Refuse(changed(shown, place, old)),
        Verdict::OtherType { place, old } => match policy {
            HostKeyPolicy::Ask => Judgement::Ask(question(
                shown,
                &format!("Another host key of type {} is known for it: {place}.", old.shown_kind()),
            )),
            // A stranger in the middle would choose the type that is not known: not what accept-new means.
            HostKeyPolicy::Strict | HostKeyPolicy::AcceptNew => {
                Judgement::Refuse(changed(shown, place, old))
            }
            HostKeyPolicy::Off => Judgement::Accept,
            HostKeyPolicy::Lax => Judgement::Suspect,
        },
        Verdict::Unknown { authority } => match policy {
            HostKeyPolicy::Ask => Judgement::Ask(question(shown, "This key is not known.")),
            HostKeyPolicy::Strict => Judgement::Refuse(unknown(shown, authority.as_ref())),
            HostKeyPolicy::AcceptNew | HostKeyPolicy::Lax => Judgement::Record,
            HostKeyPolicy::Off => Judgement::Accept,
        },
    }
}

/// In OpenSSH's words, which operators have learnt to read.
fn question(shown: &Shown<'_>, remark: &str) -> String {
    format!(
        "The authenticity of host '{}' can't be established.\n{} key fingerprint is {}.\n{remark}\n\
         Are you sure you want to continue connecting",
        shown.name(),
        shown.key.shown_kind(),
        shown.key.fingerprint()
    )
}

fn changed(shown: &Shown<'_>, place: &Place, old: &PublicKey) -> Problem {
    Problem::new(format!(
        "{} is not the key known for it: {place} has the {} key {}; somebody may be in the middle",
        shown.key(),
        old.shown_kind(),
        old.fingerprint()
    ))
    .with_hint(format!(
        "if the host was really given a new key: `ssh-keygen -f {} -R '{}'`, then push again",
        place.file.display(),
        shown.name()
    ))
}

fn unknown(shown: &Shown<'_>, authority: Option<&Place>) -> Problem {
    let hint = match authority {
        None => shown.how_to_trust(),
        Some(place) => format!(
            "{place} trusts a certificate authority for this host, but no certificate for this key that `ssh` accepts was found; {}",
            shown.how_to_trust()
        ),
    };
    Problem::new(format!("{} is not known", shown.key())).with_hint(hint)
}

/// Appends a line, making the file (0600) and its directory (0700) if need be. Gives the line's number.
fn append(file: &Path, line: &str) -> io::Result<usize> {
    if let Some(directory) = file.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    }
    let mut open =
        OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(file)?;
    let (lines, ends_open) = count_lines(&mut open)?;
    // One write, so that another program that appends at the same time finds whole lines.
    let text = if ends_open { format!("\n{line}") } else { line.to_owned() };
    open.write_all(text.as_bytes())?;
    Ok(lines + 1)
}

/// How many lines there are, and whether the last lacks its end.
fn count_lines(file: &mut File) -> io::Result<(usize, bool)> {
    file.seek(SeekFrom::Start(0))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let ends = bytes.iter().filter(|byte| **byte == b'\n').count();
    let ends_open = bytes.last().is_some_and(|last| *last != b'\n');
    Ok((ends + usize::from(ends_open), ends_open))
}

#[cfg(test)]
mod tests;
