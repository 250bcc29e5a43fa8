//! A host as a scripted agent at the other end of a socket pair: it speaks real frames, well or badly.

mod evil;
mod gathering;
mod own;
mod stepping;
mod stopping;

use super::job::AHEAD;
use super::*;
use crate::canceller::Canceller;
use crate::local_files::contents::Contents;
use crate::remote::{Counters, Ending};
use hep_protocol::blob::{Digest, Source, SourceFile};
use hep_protocol::dialect::Dialect;
use hep_protocol::facts::Init;
use hep_protocol::message::Turn;
use hep_protocol::outcome::{Details, Outcome, Status};
use hep_protocol::plan::{
    DiffMode, HostPart, Item, NamedSource, OnError, Plan, Play, RunMode, Settings, Spec, Task,
};
use hep_protocol::task::TaskSpec;
use hep_protocol::value::PermissionBits;
use std::fs;
use std::io::Write;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;

/// A link to a thread of this process.
pub(crate) struct FakeLink {
    stream: UnixStream,
    way: Canceller,
}

impl Read for FakeLink {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buffer)
    }
}

impl Write for FakeLink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Link for FakeLink {
    fn look_around(&mut self, _every: Duration) -> io::Result<()> {
        self.stream.set_read_timeout(Some(Duration::from_millis(10)))
    }

    fn finish(&mut self) -> Ending {
        drop(self.stream.shutdown(Shutdown::Both));
        Ending { exit: Exit::Signal("KILL".to_owned()), stderr: "last words\n".to_owned() }
    }

    fn canceller(&self) -> Canceller {
        self.way.clone()
    }

    fn counters(&self) -> Counters {
        Counters { sent: 1, received: 2 }
    }
}

/// The agent's end.
pub(crate) struct Agent(UnixStream);

impl Agent {
    pub(crate) fn greet(&mut self) {
        hello::write(&mut self.0).unwrap();
        self.say(Reply::Hello(facts()));
        hello::read(&mut self.0).unwrap();
    }

    pub(crate) fn say(&mut self, reply: Reply) {
        // The controller may have hung up on something bad.
        drop(frame::write(&mut self.0, &reply));
    }

    pub(crate) fn hear(&mut self) -> Option<Request> {
        frame::read_packed(&mut self.0).unwrap()
    }

    /// All that comes until nothing more does.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        drop(self.0.read_to_end(&mut rest));
        rest
    }

    /// What is sent before the first reply.
    pub(crate) fn plan(&mut self) -> (Vec<Vec<u8>>, Plan) {
        let (mut ahead, mut plays) = (Vec::new(), Vec::new());
        loop {
            match self.hear() {
                Some(Request::Blob { data, last: true, .. }) => ahead.push(data),
                Some(Request::Host(part)) => assert!(part.name.starts_with("web")),
                Some(Request::Play(play)) => plays.push(play),
                Some(Request::Begin(settings)) => return (ahead, Plan { settings, plays }),
                other => panic!("{other:?}"),
            }
        }
    }

    pub(crate) fn start(&mut self, task: u32) {
        self.say(started(task));
    }

    pub(crate) fn task(&mut self, task: u32, status: Status) {
        self.start(task);
        self.say(Reply::Finished { task, outcome: outcome(status) });
    }

    pub(crate) fn done(&mut self, end: End) {
        self.say(Reply::Done(end));
    }
}

fn greeting<'a>(stop: &'a Stop, ahead: Opening<'a>) -> Greeting<'a> {
    Greeting { host: HostId(0), stop, ahead }
}

/// A link, and the agent that runs a script at its other end.
pub(crate) fn agent(script: impl FnOnce(&mut Agent) + Send + 'static) -> FakeLink {
    let (ours, theirs) = UnixStream::pair().unwrap();
    thread::spawn(move || script(&mut Agent(theirs)));
    FakeLink { stream: ours, way: Canceller::default() }
}

fn started(task: u32) -> Reply {
    Reply::Started { task, turn: Turn(vec![0, task]), name: None }
}

fn outcome(status: Status) -> Outcome {
    let bad = matches!(status, Status::Failed | Status::Ignored | Status::Rescued);
    let failure = bad.then(Default::default);
    Outcome { ms: 3, ..Outcome::new(status, Details { failure, ..Details::default() }) }
}

pub(crate) fn facts() -> Facts {
    let text = str::to_owned;
    Facts {
        hostname: text("web1"),
        os_id: text("debian"),
        os_version: text("12"),
        os_codename: text("bookworm"),
        kernel: text("6.1"),
        arch: text("x86_64"),
        init: Init::Systemd,
    }
}

/// Three tasks; the sources given are those of the second.
pub(crate) fn job(files: &[(&Path, &[u8])]) -> Job {
    let mut contents = Contents::default();
    let source = |(path, content): &(&Path, &[u8])| {
        let digest = Digest::of(content);
        contents.insert(digest, path, content.len() as u64);
        let file = SourceFile { name: String::new(), digest, size: 0, mode: PermissionBits(0o644) };
        NamedSource { written: String::new(), source: Source::File(file) }
    };
    let mut sources: Vec<NamedSource> = files.iter().map(source).collect();
    let sourced = |name| Task {
        sources: if name == "two" { std::mem::take(&mut sources) } else { vec![] },
        ..task(name)
    };
    let tasks = ["one", "two", "three"].map(sourced).to_vec();
    let plan = Plan::of_tasks(RunMode::Apply, DiffMode::Off, tasks);
    let hosts = hosts(32, &plan);
    Job::new(plan, hosts, Arc::new(contents)).unwrap()
}

/// A plan of plays of one task each, for hosts that run some of them and wait before those.
pub(crate) fn job_of_plays(plays: u32, dialect: Dialect, hosts: &[(&[u32], &[u32])]) -> Job {
    let play = |number| Play {
        number,
        name: Some(format!("play {number}")),
        dialect,
        first: number,
        tasks: vec![task("t")],
        items: vec![Item::Task(number)],
        ..Plan::of_tasks(RunMode::Apply, DiffMode::Off, vec![]).plays.remove(0)
    };
    let settings = Settings::of(RunMode::Apply, DiffMode::Off);
    let plan = Plan { settings: settings.clone(), plays: (0..plays).map(play).collect() };
    let settings = Arc::new(settings);
    let part = |(plays, waits): &(&[u32], &[u32])| {
        let (plays, waits) = (plays.to_vec(), waits.to_vec());
        let part = HostPart { name: "web".into(), plays, waits, ..HostPart::default() };
        (part, Arc::clone(&settings))
    };
    Job::new(plan, hosts.iter().map(part).collect::<Vec<_>>(), Arc::default()).unwrap()
}

/// Hosts that run the first play.
fn hosts(n: usize, plan: &Plan) -> Vec<(HostPart, Arc<Settings>)> {
    let settings = Arc::new(plan.settings.clone());
    let host = |n| HostPart { name: format!("web{n}"), plays: vec![0], ..HostPart::default() };
    (1..=n).map(|n| (host(n), Arc::clone(&settings))).collect()
}

fn task(name: &str) -> Task {
    let spec = Spec::Typed(Arc::new(TaskSpec::Command(Default::default())));
    let on_error = OnError::Stop;
    Task { name: name.to_owned(), spec, sources: vec![], on_error, control: None }
}

/// There is nobody to ask.
fn nobody(_task: u32) -> Receiver<Answer> {
    channel().1
}

/// Greets and drives a scripted agent: `status ok/changed/failed: trouble`, and how many events were told.
fn check(
    job: &Job,
    stop: &Stop,
    script: impl FnOnce(&mut Agent) + Send + 'static,
    expected: &str,
) -> usize {
    check_asking(job, stop, script, &nobody, expected)
}

fn check_asking(
    job: &Job,
    stop: &Stop,
    script: impl FnOnce(&mut Agent) + Send + 'static,
    ask: &Ask<'_>,
    expected: &str,
) -> usize {
    let mut link = agent(|agent| {
        agent.greet();
        script(agent);
    });
    let ahead = job.opening(HostId(0)).unwrap();
    assert_eq!(greeting(stop, ahead).exchange(&mut link), Ok(facts()));
    let mut events = 0;
    let Conclusion { status, counts, trouble, missing: _ } =
        Drive { job, host: HostId(0), stop, meeting: None }.run(
            &mut link,
            &mut |_| events += 1,
            ask,
        );
    let trouble = trouble.map_or(String::new(), |trouble| {
        if trouble.what.contains("; the agent was killed") {
            assert_eq!(trouble.output, "last words\n");
        }
        format!(": {}", trouble.what.replace("; the agent was killed by signal KILL", ""))
    });
    let shown = format!("{status} {}/{}/{}{trouble}", counts.ok, counts.changed, counts.failed);
    assert_eq!(shown, expected);
    events
}

fn want(content: &[u8]) -> Reply {
    Reply::Want(vec![Want { digest: Digest::of(content), from: 0 }])
}

#[test]
fn a_host_converges() {
    let script = |agent: &mut Agent| {
        let (ahead, plan) = agent.plan();
        assert_eq!((ahead.len(), plan.tasks().count()), (0, 3));
        agent.task(0, Status::Ok);
        agent.task(1, Status::Changed);
        agent.start(2);
        agent.say(Reply::Progress { task: 2, text: "waiting".to_owned() });
        agent.say(Reply::Finished { task: 2, outcome: outcome(Status::Ok) });
        agent.done(End::Completed);
    };
    assert_eq!(check(&job(&[]), &Stop::default(), script, "converged 2/1/0"), 7);
}

#[test]
fn a_failed_task_is_a_value() {
    let script = |agent: &mut Agent| {
        agent.plan();
        agent.task(0, Status::Changed);
        agent.task(1, Status::Failed);
        agent.done(End::Failed);
    };
    check(&job(&[]), &Stop::default(), script, "failed 0/1/1");
}

#[test]
fn small_contents_go_ahead_and_large_ones_when_wanted() {
    let directory = tempfile::tempdir().unwrap();
    let (small, large) = (directory.path().join("small"), directory.path().join("large"));
    let content: &'static [u8] = vec![b'l'; 2 * CHUNK + 5].leak();
    fs::write(&small, "small").unwrap();
    fs::write(&large, content).unwrap();
    let job = job(&[(&small, b"small"), (&large, content)]);
    let script = move |agent: &mut Agent| {
        let (ahead, _) = agent.plan();
        assert_eq!(ahead, [b"small"]);
        agent.task(0, Status::Ok);
        agent.start(1);
        agent.say(want(content));
        let mut got = Vec::new();
        while let Some(Request::Blob { data, last, .. }) = agent.hear() {
            got.extend(data);
            if last {
                break;
            }
        }
        assert!(got == content);
        agent.done(End::Completed);
    };
    let expected = "lost 1/0/0: the agent ended its run within a task during `two`";
    check(&job, &Stop::default(), script, expected);
}

#[test]
fn a_content_that_changed_is_refused_with_its_name() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("page");
    fs::write(&path, "newer").unwrap();
    let job = job(&[(&path, b"old")]);
    let script = |agent: &mut Agent| {
        assert!(agent.plan().0.is_empty());
        agent.task(0, Status::Ok);
        agent.start(1);
        agent.say(want(b"old"));
        let Some(Request::Unavailable { reason, .. }) = agent.hear() else { panic!() };
        assert!(reason.contains("page` has changed"), "{reason}");
    };
    let expected = "lost 1/0/0: the agent ended without a final message during `two`";
    check(&job, &Stop::default(), script, expected);
}

#[test]
fn all_that_goes_ahead_is_bounded() {
    let directory = tempfile::tempdir().unwrap();
    // What packing makes no shorter.
    let noise =
        |n| (0..1875).flat_map(move |i| *Digest::of(format!("{n} {i}").as_bytes()).as_bytes());
    let files: Vec<_> = (0..40)
        .map(|n| (directory.path().join(n.to_string()), noise(n).collect::<Vec<u8>>()))
        .collect();
    files.iter().for_each(|(path, content)| fs::write(path, content).unwrap());
    let files: Vec<(&Path, &[u8])> =
        files.iter().map(|(path, c)| (path.as_path(), c.as_slice())).collect();
    let job = job(&files);
    let ahead: usize = job.small.values().map(Vec::len).sum();
    assert!(ahead as u64 > AHEAD / 2 && (ahead as u64) < AHEAD + 65536);
}

#[test]
fn whatever_an_agent_says_out_of_turn_makes_it_lost() {
    let job = job(&[]);
    let stop = Stop::default();
    let check = |script: fn(&mut Agent), what: &str| {
        let all = move |agent: &mut Agent| {
            agent.plan();
            script(agent);
        };
        check(&job, &stop, all, &format!("lost 0/0/0: {what}"));
    };
    check(|_| {}, "the agent ended without a final message before the first task");
    check(
        |agent| agent.start(7),
        "the agent speaks of task 7, which is none of its own before the first task",
    );
    check(|agent| agent.start(0), "the agent ended without a final message during `one`");
    check(
        |agent| agent.say(Reply::Hello(facts())),
        "the agent greeted twice before the first task",
    );
    check(
        |agent| agent.done(End::Completed),
        "the agent says that all is done, and it is not before the first task",
    );
    check(|agent| agent.done(End::Cancelled), "the agent stopped unasked before the first task");
    check(
        |agent| agent.0.write_all(&u32::MAX.to_le_bytes()).unwrap(),
        "a frame of 2147483647 bytes is longer than the 20971520 that are allowed before the first task",
    );
    check(
        |agent| agent.0.write_all(&[9, 0, 0, 0, 200, 1]).unwrap(),
        "the stream broke: unexpected end of file before the first task",
    );
}

#[test]
fn every_truncation_of_a_run_is_a_loss() {
    let mut whole = Vec::new();
    frame::write(&mut whole, &started(0)).unwrap();
    frame::write(&mut whole, &Reply::Finished { task: 0, outcome: outcome(Status::Ok) }).unwrap();
    frame::write(&mut whole, &Reply::Done(End::Completed)).unwrap();
    let plan = Plan::of_tasks(RunMode::Apply, DiffMode::Off, vec![task("one")]);
    let hosts = hosts(1, &plan);
    let job = Job::new(plan, hosts, Arc::default()).unwrap();
    for length in 0..=whole.len() {
        let bytes = whole[..length].to_vec();
        let mut link = agent(move |agent| {
            agent.plan();
            agent.0.write_all(&bytes).unwrap();
        });
        let opening = job.opening(HostId(0)).unwrap();
        opening.send(&[], &mut link).unwrap();
        let drive = Drive { job: &job, host: HostId(0), stop: &Stop::default(), meeting: None };
        let status = drive.run(&mut link, &mut |_| {}, &nobody).status;
        let expected = if length == whole.len() { HostStatus::Converged } else { HostStatus::Lost };
        assert_eq!(status, expected, "{length} bytes");
    }
}

#[test]
fn a_greeting_of_another_kind_is_told() {
    let check = |script: fn(&mut Agent), expected: &str| {
        let mut link = agent(script);
        assert!(
            greeting(&Stop::default(), Opening::default())
                .exchange(&mut link)
                .unwrap_err()
                .what
                .contains(expected)
        );
    };
    check(
        |agent| {
            agent.0.write_all(b"exec: not found\n").unwrap();
            // A socket that is closed before all is read from it has an error in place of its last words.
            hello::read(&mut agent.0).unwrap();
        },
        "which says: exec: not found",
    );
    check(
        |agent| {
            hello::write(&mut agent.0).unwrap();
            agent.say(Reply::Done(End::Completed));
            hello::read(&mut agent.0).unwrap();
        },
        "did not say what its host is",
    );
}
