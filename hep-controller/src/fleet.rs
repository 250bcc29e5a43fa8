//! Many hosts: so many at a time, none in the way of another, and a report of each whatever happens.
//! Knows nothing of SSH: how to reach a host is handed in.

use crate::drive::{Answer, Conclusion, Drive, Greeting, Job};
use crate::remote::{Canceller, Link, Unreachable};
use crate::report::text::chain;
use crate::report::{Event, HostId, HostReport, HostStatus, RunEnd, Stopping, Trouble};
use crate::stop::Stop;
use gather::own_fault;
use hep_protocol::facts::Facts;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

pub(crate) mod gather;

/// Events that may wait for the screen; hosts wait when there are more.
const QUEUE: usize = 256;

/// How often the screen may look at the clock and at the operator's wish.
const TICK: Duration = Duration::from_millis(100);

/// Brings an agent onto a host, greets it and sends it the plan.
pub(crate) type Launch<'a> =
    dyn Fn(&Greeting<'_>, &Canceller) -> Result<(Box<dyn Link>, Facts), Unreachable> + Sync + 'a;

/// All that a run over many hosts needs.
pub(crate) struct Fleet<'a> {
    pub(crate) hosts: usize,
    pub(crate) forks: usize,
    pub(crate) job: &'a Job,
    pub(crate) launch: &'a Launch<'a>,
    pub(crate) stop: &'a Stop,
}

/// What the run's only reader is handed.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "few are in the queue at a time, and most are events"
)]
pub(crate) enum Tick {
    Event(Event),
    /// A host waits for the operator.
    Ask(Question),
    /// Nothing happened for a while.
    Quiet,
}

/// May this task begin there? Whoever drops it without an answer says that nobody can be asked.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) host: HostId,
    pub(crate) task: u32,
    answer: SyncSender<Answer>,
}

impl Question {
    /// A host that is lost meanwhile needs no answer.
    pub(crate) fn answer(self, answer: Answer) {
        self.answer.send(answer).ok();
    }
}

impl Fleet<'_> {
    /// Runs the job on all hosts. `watch` gets every event, and the run's age in milliseconds, on this thread.
    pub(crate) fn run(&self, watch: &mut dyn FnMut(Tick, u64)) -> RunEnd {
        let begin = Instant::now();
        let next = AtomicUsize::new(0);
        let reports = thread::scope(|scope| {
            let (sender, events) = sync_channel(QUEUE);
            for _ in 0..self.forks.clamp(1, self.hosts.max(1)) {
                let (sender, next) = (sender.clone(), &next);
                let worker = thread::Builder::new().name("host".to_owned());
                // With fewer threads than wished for the run takes longer; without any, no host is reached.
                let _ = worker.spawn_scoped(scope, move || self.work(next, &sender));
            }
            drop(sender);
            self.watch(&events, begin, watch)
        });
        let reports = self.with_missing(reports);
        RunEnd { reports, cancelled: self.stop.wanted(), ms: millis(begin) }
    }

    /// Takes hosts until there are none left.
    fn work(&self, next: &AtomicUsize, sender: &SyncSender<Tick>) {
        loop {
            let host = HostId(next.fetch_add(1, Ordering::Relaxed));
            if host.0 >= self.hosts {
                return;
            }
            let report = self.host(host, sender);
            self.stop.end(host);
            tell(sender, Event::Ended(report));
        }
    }

    /// One host, from nothing to its report.
    fn host(&self, host: HostId, sender: &SyncSender<Tick>) -> HostReport {
        let begin = Instant::now();
        let mut report = HostReport::unreached(host);
        let run = catch_unwind(AssertUnwindSafe(|| self.reach_and_drive(&mut report, sender)));
        if let Err(panic) = run {
            report.status = HostStatus::Lost;
            report.trouble = Some(own_fault(words(panic.as_ref())));
        }
        report.ms = millis(begin);
        report
    }

    fn reach_and_drive(&self, report: &mut HostReport, sender: &SyncSender<Tick>) {
        let host = report.host;
        let way = Canceller::default();
        if !self.stop.begin(host, &way) {
            report.trouble = Some(Trouble::new("stopped on request before the host was contacted"));
            return;
        }
        let Some(opening) = self.job.opening(host) else {
            report.trouble = Some(own_fault("there is no plan for this host"));
            return;
        };
        let greeting = Greeting { host, stop: self.stop, ahead: &opening };
        let (mut link, facts) = match (self.launch)(&greeting, &way) {
            Ok(reached) => reached,
            Err(unreachable) => {
                report.trouble = Some(trouble(&unreachable));
                return;
            }
        };
        tell(sender, Event::Connected { host, facts });
        let drive = Drive { job: self.job, host, stop: self.stop };
        let told = &mut |event| tell(sender, event);
        // Questions stand in line behind what was told before them.
        let ask = &|task| {
            let (answer, receiver) = sync_channel(1);
            drop(sender.send(Tick::Ask(Question { host, task, answer })));
            receiver
        };
        let Conclusion { status, counts, trouble, missing } = drive.run(link.as_mut(), told, ask);
        let counters = link.counters();
        if status != HostStatus::Lost {
            // The agent is about to exit; its last frame has said all there is to say.
            drop(link.finish());
        }
        (report.status, report.counts, report.trouble) = (status, counts, trouble);
        report.missing = missing;
        (report.bytes_sent, report.bytes_received) = (counters.sent, counters.received);
    }

    fn watch(
        &self,
        events: &Receiver<Tick>,
        begin: Instant,
        watch: &mut dyn FnMut(Tick, u64),
    ) -> Vec<HostReport> {
        let mut reports = Vec::new();
        let mut known: Option<Stopping> = None;
        loop {
            let tick = match events.recv_timeout(TICK) {
                Ok(tick) => tick,
                Err(RecvTimeoutError::Timeout) => Tick::Quiet,
                Err(RecvTimeoutError::Disconnected) => return reports,
            };
            if let Some(wish) = self.stop.wish().filter(|wish| known < Some(*wish)) {
                known = Some(wish);
                watch(Tick::Event(Event::Stopping(wish)), millis(begin));
            }
            if let Tick::Event(Event::Ended(report)) = &tick {
                reports.push(report.clone());
            }
            watch(tick, millis(begin));
        }
    }

    /// The reports in the run's order; a host that no thread took is one nobody reached.
    fn with_missing(&self, mut reports: Vec<HostReport>) -> Vec<HostReport> {
        reports.sort_by_key(|report| report.host);
        if reports.len() < self.hosts {
            let missing = |host| HostReport {
                trouble: Some(Trouble::new("no thread could be started for it")),
                ..HostReport::unreached(host)
            };
            let there: Vec<HostId> = reports.iter().map(|report| report.host).collect();
            let hosts = (0..self.hosts).map(HostId).filter(|host| !there.contains(host));
            reports.extend(hosts.map(missing));
            reports.sort_by_key(|report| report.host);
        }
        reports
    }
}

/// Nobody listens any more only when the run's thread itself has failed.
fn tell(sender: &SyncSender<Tick>, event: Event) {
    drop(sender.send(Tick::Event(event)));
}

fn trouble(unreachable: &Unreachable) -> Trouble {
    let mut what = format!("{}: {}", unreachable.stage, unreachable.what);
    if let Some(source) = &unreachable.source {
        let cause = chain(source.as_ref());
        if !what.ends_with(&cause) {
            what.push_str(&format!(": {cause}"));
        }
    }
    let (hint, output) = (unreachable.hint.clone(), unreachable.output.clone());
    Trouble { what, hint, output }
}

/// What a panic said.
fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no words")
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
