//! Many hosts: so many at a time, none in the way of another, and a report of each whatever happens.
//! Knows nothing of SSH: how to reach a host is handed in.

use crate::canceller::Canceller;
use crate::drive::{Answer, Conclusion, Drive, Greeting, Job, Meeting};
use crate::host::HostId;
use crate::plan::batches::Batch;
use crate::remote::{Link, Stage, Unreachable};
use crate::report::{Event, HostReport, HostStatus, RunEnd, Trouble};
use crate::stop::Stop;
use crate::stop::Stopping;
use crate::text::chain;
use gather::own_fault;
use hep_protocol::facts::Facts;
use std::any::Any;
use std::hash::{DefaultHasher, Hash, Hasher};
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

/// How often a connection is tried again that was accepted and closed at once: sshd does so when too many log in
/// (`MaxStartups`).
const HUNG_UP: u32 = 2;

/// The stack of a host's thread, in bytes: there may be hundreds of them, and what nests deepest in what a host says (facts, 128
/// levels of JSON) takes less than half of it in a debug build.
const STACK: usize = 1024 * 1024;

/// The longest pause before another try.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How long current steps may take when the run's time is over.
const GRACE: Duration = Duration::from_secs(30);

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
    /// The hosts that run together; each host is in one batch.
    pub(crate) batches: &'a [Batch],
    pub(crate) limits: Limits,
}

/// What a run may take.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Limits {
    /// How often a connection that fails is tried again.
    pub(crate) connect_retries: Option<u32>,
    /// How long the run may take before it is stopped.
    pub(crate) run_timeout: Option<Duration>,
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
        let mut reports = Vec::new();
        let mut watcher = Watcher { fleet: self, begin, known: None, watch };
        for batch in self.batches {
            let ended = self.batch(batch, &mut watcher);
            let failed = ended.iter().filter(|report| failed(report)).count();
            if self.batches.len() > 1 && failed == batch.hosts.len() && !self.stop.wanted() {
                self.stop.halt("all hosts of a batch failed");
            }
            reports.extend(ended);
        }
        let reports = self.with_missing(reports);
        let cancelled = self.stop.cancelled();
        RunEnd { reports, cancelled, ms: millis(begin) }
    }

    /// Runs the job on the hosts of a batch.
    fn batch(&self, batch: &Batch, watcher: &mut Watcher<'_, '_>) -> Vec<HostReport> {
        let hosts = || batch.hosts.iter().map(|host| HostId(*host));
        let waits = hosts().any(|host| !self.job.waits_of(host).is_empty());
        let plays = hosts().map(|host| (host, self.job.plays_of(host)));
        let meeting = waits.then(|| Meeting::new(plays, self.forks));
        // Who waits for others keeps its link.
        let threads = if waits { batch.hosts.len() } else { self.forks };
        let turn = Turn { batch, next: AtomicUsize::new(0), lost: AtomicUsize::new(0), meeting };
        thread::scope(|scope| {
            let (sender, events) = sync_channel(QUEUE);
            for _ in 0..threads.clamp(1, batch.hosts.len().max(1)) {
                let (sender, turn) = (sender.clone(), &turn);
                let worker = host_thread();
                // With fewer threads than wished for the run takes longer; without any, no host is reached.
                let _ = worker.spawn_scoped(scope, move || self.work(turn, &sender));
            }
            drop(sender);
            watcher.watch(&events)
        })
    }

    /// Takes hosts until there are none left.
    fn work(&self, turn: &Turn<'_>, sender: &SyncSender<Tick>) {
        let Turn { batch, next, lost, meeting } = turn;
        while let Some(host) = batch.hosts.get(next.fetch_add(1, Ordering::Relaxed)) {
            let host = HostId(*host);
            meeting.iter().for_each(|meeting| meeting.enter(host));
            let report = self.host(host, meeting.as_ref(), sender);
            self.stop.end(host);
            if failed(&report) {
                // Before this thread takes another one.
                self.judge(batch, lost.fetch_add(1, Ordering::Relaxed) + 1);
            }
            if let Some(meeting) = meeting {
                self.leave(meeting, &report);
            }
            tell(sender, Event::Ended(report));
        }
    }

    /// Lets go on who waits for a host that has ended, unless no play follows.
    fn leave(&self, meeting: &Meeting, report: &HostReport) {
        let failed_play = if failed(report) { meeting.fails(report.host) } else { None };
        let name = failed_play.and_then(|play| self.job.vital(play));
        if let Some(name) = name.filter(|_| !self.stop.wanted()) {
            self.stop.halt(&format!("all hosts of the play `{name}` failed"));
        }
        meeting.leaves(report.host);
    }

    /// Ends a run in which too many hosts of a batch have failed.
    fn judge(&self, batch: &Batch, lost: usize) {
        let stop = self.stop;
        if stop.wanted() {
            return;
        }
        if batch.fatal {
            stop.halt("a host failed and `any_errors_fatal` holds");
        } else if let Some(most) = batch.most_failed
            && lost * 100 > batch.hosts.len() * most as usize
        {
            let all = batch.hosts.len();
            stop.halt(&format!("{lost} of {all} hosts failed, more than {most} %"));
        }
    }

    /// One host, from nothing to its report.
    fn host(
        &self,
        host: HostId,
        meeting: Option<&Meeting>,
        sender: &SyncSender<Tick>,
    ) -> HostReport {
        let begin = Instant::now();
        let mut report = HostReport::unreached(host);
        let reach = || self.reach_and_drive(&mut report, meeting, sender);
        let run = catch_unwind(AssertUnwindSafe(reach));
        if let Err(panic) = run {
            report.status = HostStatus::Lost;
            report.trouble = Some(own_fault(words(panic.as_ref())));
        }
        report.ms = millis(begin);
        report
    }

    fn reach_and_drive(
        &self,
        report: &mut HostReport,
        meeting: Option<&Meeting>,
        sender: &SyncSender<Tick>,
    ) {
        let host = report.host;
        let way = Canceller::default();
        if !self.stop.begin(host, &way) {
            let words = self.stop.words();
            report.status = HostStatus::NotStarted;
            report.trouble = Some(Trouble::new(format!("{words} before the host was contacted")));
            return;
        }
        let Some(opening) = self.job.opening(host) else {
            report.trouble = Some(own_fault("there is no plan for this host"));
            return;
        };
        let greeting = Greeting { host, stop: self.stop, ahead: opening };
        let (mut link, facts) = match self.reach(&greeting, &way, sender) {
            Ok(reached) => reached,
            // The wish cuts the way of every host whose first task has not begun.
            Err(_) if self.stop.wanted() => {
                let words = self.stop.words();
                report.status = HostStatus::Stopped;
                report.trouble = Some(Trouble::new(format!("{words} before the first task")));
                return;
            }
            Err(unreachable) => {
                report.trouble = Some(trouble(&unreachable));
                return;
            }
        };
        tell(sender, Event::Connected { host, facts });
        let drive = Drive { job: self.job, host, stop: self.stop, meeting };
        let told = &mut |event| tell(sender, event);
        // Questions stand in line behind what was told before them.
        let ask = &|task| {
            let (answer, receiver) = sync_channel(1);
            drop(sender.send(Tick::Ask(Question { host, task, answer })));
            receiver
        };
        let Conclusion { status, counts, trouble, missing } = drive.run(link.as_mut(), told, ask);
        let counters = link.counters();
        let over = match status {
            HostStatus::Converged | HostStatus::Failed => true,
            HostStatus::Stopped => self.stop.wish() != Some(Stopping::Now),
            HostStatus::Lost | HostStatus::Unreachable | HostStatus::NotStarted => false,
        };
        if over {
            // The agent is about to exit; its last frame has said all there is to say.
            drop(link.finish());
        }
        (report.status, report.counts, report.trouble) = (status, counts, trouble);
        report.missing = missing;
        (report.bytes_sent, report.bytes_received) = (counters.sent, counters.received);
    }

    /// Brings an agent onto the host: again and again, if the connection fails and that is wished.
    fn reach(
        &self,
        greeting: &Greeting<'_>,
        way: &Canceller,
        sender: &SyncSender<Tick>,
    ) -> Result<(Box<dyn Link>, Facts), Unreachable> {
        let host = greeting.host;
        let mut pause = Duration::from_secs(1);
        let mut tried = 0_u32;
        loop {
            let unreachable = match (self.launch)(greeting, way) {
                Ok(reached) => return Ok(reached),
                Err(unreachable) => unreachable,
            };
            let connecting = matches!(unreachable.stage, Stage::Resolve | Stage::Connect);
            let usual = if unreachable.hung_up { HUNG_UP } else { 0 };
            let most = self.limits.connect_retries.unwrap_or(usual);
            if !connecting || tried >= most || way.is_cancelled() {
                return Err(unreachable);
            }
            let spread = pause + pause.mul_f64(fraction(host, tried) / 2.0);
            let Trouble { what, .. } = trouble(&unreachable);
            tell(sender, Event::Again { host, what, seconds: spread.as_secs() });
            if !waited(spread, way) {
                return Err(unreachable);
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
            tried += 1;
        }
    }

    /// The reports in the run's order; a host that no thread took is one nobody reached.
    fn with_missing(&self, mut reports: Vec<HostReport>) -> Vec<HostReport> {
        reports.sort_by_key(|report| report.host);
        if reports.len() < self.hosts {
            let missing = |host| HostReport {
                status: HostStatus::NotStarted,
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

/// A batch that has its turn.
struct Turn<'a> {
    batch: &'a Batch,
    /// The place in it of the host that is taken next.
    next: AtomicUsize,
    /// How many hosts have failed.
    lost: AtomicUsize,
    /// Where its hosts meet, if plays wait for one another.
    meeting: Option<Meeting>,
}

/// The run's only reader: passes on what happens, and ends the run where its bounds say so.
struct Watcher<'a, 'w> {
    fleet: &'a Fleet<'a>,
    begin: Instant,
    /// The wish to stop that was passed on.
    known: Option<Stopping>,
    watch: &'w mut dyn FnMut(Tick, u64),
}

impl Watcher<'_, '_> {
    /// Reads until the last host of a batch has ended.
    fn watch(&mut self, events: &Receiver<Tick>) -> Vec<HostReport> {
        let mut reports = Vec::new();
        loop {
            let tick = match events.recv_timeout(TICK) {
                Ok(tick) => tick,
                Err(RecvTimeoutError::Timeout) => Tick::Quiet,
                Err(RecvTimeoutError::Disconnected) => return reports,
            };
            self.look_at_clock();
            if let Tick::Event(Event::Ended(report)) = &tick {
                reports.push(report.clone());
            }
            let stop = self.fleet.stop;
            if let Some(wish) = stop.wish().filter(|wish| self.known < Some(*wish)) {
                self.known = Some(wish);
                self.pass(Tick::Event(Event::Stopping(wish, stop.reason())));
            }
            self.pass(tick);
        }
    }

    fn pass(&mut self, tick: Tick) {
        (self.watch)(tick, millis(self.begin));
    }

    fn look_at_clock(&self) {
        let Some(limit) = self.fleet.limits.run_timeout else { return };
        let (stop, age) = (self.fleet.stop, self.begin.elapsed());
        let reason = || format!("the run took longer than {} s", limit.as_secs());
        let overdue = age >= limit + GRACE && stop.wish() == Some(Stopping::Soon);
        if overdue || (age >= limit && !stop.wanted()) {
            stop.halt(&reason());
        }
    }
}

/// A thread for one host after the other.
fn host_thread() -> thread::Builder {
    thread::Builder::new().name("host".to_owned()).stack_size(STACK)
}

/// The hosts that run together.
pub(crate) fn waves(batches: &[Batch], forks: usize) -> Vec<Vec<HostId>> {
    let size = |batch: &Batch| if batch.meets { batch.hosts.len() } else { forks }.max(1);
    let waves = batches.iter().flat_map(|batch| batch.hosts.chunks(size(batch)));
    waves.map(|hosts| hosts.iter().copied().map(HostId).collect()).collect()
}

/// Whether a host did not get to where it should.
fn failed(report: &HostReport) -> bool {
    report.status != HostStatus::Converged
}

/// Waits; false if the way was cut meanwhile.
fn waited(pause: Duration, way: &Canceller) -> bool {
    let end = Instant::now() + pause;
    while Instant::now() < end {
        if way.is_cancelled() {
            return false;
        }
        thread::sleep(TICK.min(end.saturating_duration_since(Instant::now())));
    }
    !way.is_cancelled()
}

/// A number from 0 to 1 that differs from host to host and try to try, so that not all come back at once.
fn fraction(host: HostId, tried: u32) -> f64 {
    let mut hasher = DefaultHasher::new();
    (host, tried, std::process::id()).hash(&mut hasher);
    f64::from(u32::try_from(hasher.finish() >> 32).unwrap_or_default()) / f64::from(u32::MAX)
}

/// The receiver is gone only if the run's thread itself has failed.
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
