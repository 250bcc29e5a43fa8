//! Hosts whose keys are not known, asked about before the first task of any host: one after the other, in the order of the
//! inventory, with the hosts not waiting on the line. Only at a terminal, and only where the policy is `ask`.

use super::{LaunchHost, Launcher};
use crate::canceller::Canceller;
use crate::host::HostId;
use crate::refusal::Refusal;
use crate::remote::{HostKeyPolicy, Options, Transport, UnknownKey, Unreachable, openssh, ssh};
use crate::text::shown;
use crate::ui::{Trusts, Ui};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

impl Launcher {
    /// Asks, and records what the operator trusts. A host that cannot be looked at now is left to the run, which says why.
    ///
    /// # Errors
    /// The operator's wish to stop, or a key that cannot be recorded.
    pub(crate) fn ask_about_keys(&self, forks: usize, ui: &mut Ui) -> Result<(), Refusal> {
        let may_ask = self.policy.is_none_or(|policy| policy == HostKeyPolicy::Ask);
        if !may_ask || !ui.can_ask() {
            return Ok(());
        }
        let mut trusts_all = false;
        for unknown in self.unknown_keys(forks) {
            // Another host's answer may have been about the same key.
            let Some(question) = unknown.question() else { continue };
            let answer = if trusts_all {
                Ok(Some(Trusts::All))
            } else {
                ui.ask_trust(&question, &self.stop)
            };
            if self.stop.wanted() {
                return Err(Refusal::Stopped);
            }
            match answer {
                // Ctrl-D says nothing of this host: whoever types it wants no more questions.
                Ok(None) => return Err(Refusal::Stopped),
                Ok(Some(Trusts::This)) => self.record(&unknown)?,
                Ok(Some(Trusts::All)) => {
                    trusts_all = true;
                    self.record(&unknown)?;
                }
                Ok(Some(Trusts::Not)) => unknown.distrust(),
                Err(error) => {
                    let what = format!("cannot ask the operator: {}", shown(&error.to_string()));
                    ui.error(&what, None);
                    break;
                }
            }
        }
        if self.stop.wanted() { Err(Refusal::Stopped) } else { Ok(()) }
    }

    fn record(&self, unknown: &UnknownKey) -> Result<(), Refusal> {
        unknown.trust().map_err(|problem| Refusal::unless_stopped(problem, &self.stop))
    }

    /// The keys of all hosts of which nothing is known, in the hosts' order.
    fn unknown_keys(&self, forks: usize) -> Vec<UnknownKey> {
        let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        let work = || {
            loop {
                let host = HostId(next.fetch_add(1, Ordering::Relaxed));
                let Some(to) = self.hosts.get(host.0) else { return };
                let way = Canceller::default();
                if to.said.transport == Transport::Local {
                    continue;
                }
                if !self.stop.begin(host, &way) {
                    return;
                }
                if let Ok(Some(unknown)) = self.look(to, &way) {
                    found.lock().unwrap_or_else(PoisonError::into_inner).push((host, unknown));
                }
                self.stop.end(host);
            }
        };
        thread::scope(|scope| {
            for _ in 0..forks.clamp(1, self.hosts.len().max(1)) {
                let worker = thread::Builder::new().name("host key".to_owned());
                // With fewer threads it takes longer; without any, the run asks.
                let _ = worker.spawn_scoped(scope, work);
            }
        });
        let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        found.sort_by_key(|(host, _)| *host);
        found.into_iter().map(|(_, unknown)| unknown).collect()
    }

    /// None if there is nothing to ask about a host.
    fn look(&self, to: &LaunchHost, way: &Canceller) -> Result<Option<UnknownKey>, Unreachable> {
        let (said, answer) = (&to.said, self.answer(to, way)?);
        let host_keys = self.books.of(answer);
        let options = Options { entered: &|_| {}, ..self.options(said, answer, &host_keys) };
        let target = self.target(said, answer);
        let is_foreign = match said.transport {
            // An open connection shows no key.
            Transport::Openssh => {
                answer.is_some_and(|answer| answer.shares) && openssh::has_master(&target, way)
            }
            // The run says what is wrong.
            Transport::Ssh2 | Transport::Local => !options.demands.foreign.is_empty(),
        };
        if options.policy != HostKeyPolicy::Ask || is_foreign {
            return Ok(None);
        }
        ssh::look(&target, &options, &host_keys, way)
    }
}
