//! Is this the right host? Judges a host's key by the known_hosts files and the operator's policy, and records new keys.
//! Reads and appends those files and asks the operator; must not connect.

use super::host_certificate::{HostCertificate, Wanted};
use super::known_hosts::{self, KnownHosts, Place, Verdict};
use super::public_key::PublicKey;
use super::ssh_config::Answer;
use super::{Demands, Problem, Target};
use crate::{open, source};
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};
pub(super) use words::how_to_replace;
use words::{changed, distrusted, named, others, question, revoked, unknown};

mod record;
mod words;

/// What to do about a key that is not known. A changed or revoked key is refused by all but `Off`: it gets no
/// login, no password, no secret and no plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum HostKeyPolicy {
    /// Ask at the terminal; without a terminal, refuse.
    Ask,
    /// Refuse.
    Strict,
    /// Accept and record it.
    AcceptNew,
    /// Check nothing and record nothing.
    Off,
    /// `StrictHostKeyChecking no` of ssh_config: as [`HostKeyPolicy::AcceptNew`]. `ssh` itself accepts a changed key there
    /// and keeps its password to itself; hep would hand a stranger the plan, so it refuses and says how to go on.
    #[value(skip)]
    Lax,
}

/// Answers questions.
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
    /// One lock for memory and file: several threads may learn keys at once.
    known: Mutex<KnownHosts>,
    /// Held while the operator is asked, so that questions come one by one and hosts already known need not wait.
    asking: Mutex<()>,
    /// Keys that the operator does not trust, and whose they are said to be.
    distrusted: Mutex<Vec<(String, PublicKey)>>,
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
            match open::whole(file) {
                Ok(bytes) => known.add_file(file, &String::from_utf8_lossy(&bytes)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => warnings.push(format!(
                    "cannot read {}: {}",
                    file.display(),
                    source::plain(&error)
                )),
            }
        }
        let skipped = known.skipped().iter();
        warnings
            .extend(skipped.map(|line| format!("{}: line passed over: {}", line.place, line.why)));
        let (asking, distrusted) = (Mutex::default(), Mutex::default());
        HostKeys { record, known: Mutex::new(known), asking, distrusted, warnings }
    }

    /// What was wrong with the files, a sentence each.
    pub(crate) fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Where any key is known for it at just this port.
    pub(super) fn known_at(&self, host: &str, port: u16) -> Option<Place> {
        self.lock().known_at(host, port)
    }

    /// The host key algorithms to negotiate, so that the host shows the key that is known.
    pub(super) fn algorithms<'a>(
        &self,
        host: &str,
        port: u16,
        allowed: Option<&'a [String]>,
    ) -> Vec<&'a str> {
        self.lock().algorithms(host, port, allowed)
    }

    /// Accepts the key or says why not. Tells how long the operator took to say so, with the questions about other hosts that
    /// stood before it.
    pub(super) fn admit(
        &self,
        shown: &Shown<'_>,
        policy: HostKeyPolicy,
        confirm: &dyn Confirm,
    ) -> Result<Duration, Problem> {
        if policy == HostKeyPolicy::Off {
            return Ok(Duration::ZERO);
        }
        let judgement = self.judgement(shown, policy);
        if !matches!(judgement, Judgement::Ask(_)) {
            return self.obey(judgement, shown, confirm).map(|()| Duration::ZERO);
        }
        let begin = Instant::now();
        let _one_at_a_time = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        // While this one waited for its turn, another host's answer may have made the key known.
        self.obey(self.judgement(shown, policy), shown, confirm)?;
        Ok(begin.elapsed())
    }

    /// What to ask about a key, if nothing is known of its host.
    pub(super) fn question(&self, shown: &Shown<'_>) -> Option<String> {
        match self.judgement(shown, HostKeyPolicy::Ask) {
            Judgement::Ask(question) => Some(question),
            Judgement::Accept | Judgement::Record | Judgement::Refuse(_) => None,
        }
    }

    /// Makes a key known of which the operator says that it is the host's.
    pub(super) fn trust(&self, shown: &Shown<'_>) -> Result<(), Problem> {
        self.record(shown, OtherType::Seen)
    }

    /// Takes note that the operator does not trust a key, who is not asked again.
    pub(super) fn distrust(&self, shown: &Shown<'_>) {
        let mut distrusted = self.distrusted.lock().unwrap_or_else(PoisonError::into_inner);
        distrusted.push((shown.name(), shown.key.clone()));
    }

    /// What the operator does not trust of a host, if that was said.
    pub(crate) fn refusal(&self, target: &Target) -> Option<Problem> {
        let (host, port) = target.known_as();
        let name = known_hosts::name(host, port);
        let keys = self.distrusted.lock().unwrap_or_else(PoisonError::into_inner);
        keys.iter().find(|(whose, _)| *whose == name).map(|(_, key)| distrusted(key, &name))
    }

    fn is_distrusted(&self, shown: &Shown<'_>) -> bool {
        let distrusted = self.distrusted.lock().unwrap_or_else(PoisonError::into_inner);
        distrusted.iter().any(|(name, key)| *name == shown.name() && key == shown.key)
    }

    /// Whether any key is known for a host, or an authority that may vouch for one.
    pub(super) fn has_any(&self, target: &Target) -> bool {
        let (host, port) = target.known_as();
        self.lock().has_any(host, port)
    }

    fn judgement(&self, shown: &Shown<'_>, policy: HostKeyPolicy) -> Judgement {
        let verdict = self.verdict(shown);
        judge(&verdict, shown, policy, &self.lock().other_names(shown.key))
    }

    fn obey(
        &self,
        judgement: Judgement,
        shown: &Shown<'_>,
        confirm: &dyn Confirm,
    ) -> Result<(), Problem> {
        match judgement {
            Judgement::Accept => Ok(()),
            Judgement::Record => self.record(shown, OtherType::Refused),
            Judgement::Refuse(problem) => Err(problem),
            Judgement::Ask(question) => self.ask(&question, shown, confirm),
        }
    }

    fn ask(&self, question: &str, shown: &Shown<'_>, confirm: &dyn Confirm) -> Result<(), Problem> {
        if self.is_distrusted(shown) {
            return Err(distrusted(shown.key, &shown.name()));
        }
        match confirm.confirm(question) {
            Ok(true) => self.record(shown, OtherType::Seen),
            Ok(false) => {
                self.distrust(shown);
                Err(distrusted(shown.key, &shown.name()))
            }
            Err(error) => Err(Problem::new(format!(
                "{} is not known, and nobody could be asked: {error}",
                shown.key()
            ))
            .with_hint(shown.how_to_trust())),
        }
    }

    fn verdict(&self, shown: &Shown<'_>) -> Verdict {
        let wanted = Wanted {
            host: shown.host(),
            now: shown.now,
            algorithms: &shown.demands.ca_signatures,
            smallest_rsa: shown.demands.smallest_rsa,
        };
        let certificate = shown.certificate.map(|certificate| (certificate, &wanted));
        self.lock().check_shown(shown.host(), shown.port(), shown.key, certificate)
    }

    /// Makes the key known, in memory and in the file. Another run may have recorded one for the host meanwhile: what the file
    /// says now counts, and it is looked at and written under one lock.
    fn record(&self, shown: &Shown<'_>, other_type: OtherType) -> Result<(), Problem> {
        let mut known = self.lock();
        if known.check(shown.host(), shown.port(), shown.key) == Verdict::Known {
            return Ok(());
        }
        let file = self.record.as_deref().ok_or_else(|| {
            Problem::new("there is no home directory to record the host's key in")
                .with_hint("set `HOME`, or use `--host-key strict` with /etc/ssh/ssh_known_hosts")
        })?;
        let failed = |error: io::Error| {
            let (key, file) = (shown.key(), file.display());
            Problem::new(format!("cannot record {key} in {file}: {error}"))
        };
        let mut open = record::locked(file).map_err(failed)?;
        let text = record::read(&mut open).map_err(failed)?;
        // Another run has just recorded it: which policy looked before makes no difference to what is to be done.
        let refused = |place: &Place, old: &PublicKey| {
            Err(changed(shown, place, old, HostKeyPolicy::AcceptNew))
        };
        let mut now = KnownHosts::default();
        now.add_file(file, &text);
        let place = match now.check(shown.host(), shown.port(), shown.key) {
            Verdict::Known => {
                known.add_file(file, &text);
                return Ok(());
            }
            Verdict::Changed { place, old } => return refused(&place, &old),
            Verdict::OtherType { place, old } if other_type == OtherType::Refused => {
                return refused(&place, &old);
            }
            Verdict::Revoked { place } => return Err(revoked(shown, &place)),
            Verdict::Unknown { .. } | Verdict::OtherType { .. } => {
                let form = record::form(shown.demands).map_err(failed)?;
                let line = known_hosts::line(shown.host(), shown.port(), shown.key, form);
                let line = record::append(&mut open, &text, &line).map_err(failed)?;
                Place { file: file.to_owned(), line }
            }
        };
        known.add_host(place, shown.host(), shown.port(), shown.key.clone());
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, KnownHosts> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A key as a host showed it, and proved to have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown<'a> {
    pub(super) target: &'a Target,
    pub(super) key: &'a PublicKey,
    /// The certificate about it, if it was shown in one.
    pub(super) certificate: Option<&'a HostCertificate>,
    pub(super) demands: &'a Demands,
    pub(super) now: SystemTime,
}

impl Shown<'_> {
    /// The name under which the key is known.
    fn host(&self) -> &str {
        self.target.known_as().0
    }

    /// The port under which it is.
    fn port(&self) -> u16 {
        self.target.known_as().1
    }

    fn name(&self) -> String {
        known_hosts::name(self.host(), self.port())
    }

    /// The host as the inventory names it, and where it is.
    fn whose(&self) -> String {
        let Target { name, address, port, .. } = self.target;
        let place = known_hosts::name(address, *port);
        if *name == place { place } else { format!("{name} ({place})") }
    }

    fn key(&self) -> String {
        named(self.key, &self.name())
    }

    fn how_to_trust(&self) -> String {
        format!(
            "compare the fingerprint, then run `ssh-keyscan -p {} -t {} {} >> ~/.ssh/known_hosts`, or use \
             `--host-key accept-new`",
            self.port(),
            keyscan_type(self.key.kind()),
            self.host()
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

/// A key of another type that the file has for a host by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OtherType {
    Refused,
    /// The operator was shown it, or may have been.
    Seen,
}

#[derive(Debug)]
enum Judgement {
    Accept,
    /// Accept and remember.
    Record,
    /// The question to put.
    Ask(String),
    Refuse(Problem),
}

/// The whole policy.
fn judge(
    verdict: &Verdict,
    shown: &Shown<'_>,
    policy: HostKeyPolicy,
    other_names: &[String],
) -> Judgement {
    match verdict {
        Verdict::Known => Judgement::Accept,
        Verdict::Revoked { place } => Judgement::Refuse(revoked(shown, place)),
        Verdict::Changed { place, old } => Judgement::Refuse(changed(shown, place, old, policy)),
        Verdict::OtherType { place, old } => match policy {
            HostKeyPolicy::Ask => Judgement::Ask(question(
                shown,
                &format!(
                    "Another host key of type {} is known for it: {place}.\n{}",
                    old.shown_kind(),
                    others(other_names)
                ),
            )),
            // A stranger in the middle would choose the type that is not known: not what accept-new means.
            HostKeyPolicy::Strict | HostKeyPolicy::AcceptNew | HostKeyPolicy::Lax => {
                Judgement::Refuse(changed(shown, place, old, policy))
            }
            HostKeyPolicy::Off => Judgement::Accept,
        },
        Verdict::Unknown { authority } => match policy {
            HostKeyPolicy::Ask => Judgement::Ask(question(shown, &others(other_names))),
            HostKeyPolicy::Strict => Judgement::Refuse(unknown(shown, authority.as_ref())),
            HostKeyPolicy::AcceptNew | HostKeyPolicy::Lax => Judgement::Record,
            HostKeyPolicy::Off => Judgement::Accept,
        },
    }
}

#[cfg(test)]
mod tests;
