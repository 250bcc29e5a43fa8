//! The real agent over pipes: greeting, contents, wants, the end of the stream, its own file.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may panic, and these helpers are tests"
)]

use hep_protocol::blob::{Digest, Source, SourceFile, Want};
use hep_protocol::message::{End, Go, Reply, Request, Turn};
use hep_protocol::outcome::{Outcome, Status};
use hep_protocol::plan::{DiffMode, HostPart, NamedSource, Pace, Plan, RunMode, Spec, Task};
use hep_protocol::rights::{Means, Method};
use hep_protocol::value::PermissionBits;
use hep_protocol::{frame, hello};
use serde_json::json;
use std::fs;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

#[path = "serve/uploaded.rs"]
mod uploaded;

#[path = "../src/engine/tests/manifest.rs"]
mod manifest;

/// A user who is not root, on every Debian.
const NOBODY: u32 = 65534;

/// An agent under way.
struct Agent {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: ChildStdout,
}

impl Agent {
    fn start() -> Self {
        Self::start_as(Path::new(env!("CARGO_BIN_EXE_hep-agent")))
    }

    fn start_as(path: &Path) -> Self {
        Self::start_by(&mut Command::new(path))
    }

    fn start_by(command: &mut Command) -> Self {
        let mut child = command
            .arg("serve")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let (mut stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        hello::write(&mut stdin).unwrap();
        Self { child, stdin: Some(stdin), stdout }
    }

    fn send(&mut self, request: &Request) {
        let stdin = self.stdin.as_mut().unwrap();
        frame::write(stdin, request).unwrap();
        stdin.flush().unwrap();
    }

    fn reply(&mut self) -> Option<Reply> {
        frame::read(&mut self.stdout).unwrap()
    }

    fn greeting(&mut self) {
        hello::read(&mut self.stdout).unwrap();
        assert!(matches!(self.reply(), Some(Reply::Hello(facts)) if !facts.kernel.is_empty()));
    }

    /// Reads until a task is finished.
    fn finished(&mut self) -> Outcome {
        loop {
            match self.reply() {
                Some(Reply::Finished { outcome, .. }) => return outcome,
                Some(_) => {}
                None => panic!("the agent is gone"),
            }
        }
    }

    /// Sends a plan all of whose plays are for this host, and gives every reply up to its end.
    fn replies(&mut self, plan: &Plan) -> Vec<Reply> {
        self.send(&Request::Host(manifest::host(plan)));
        Request::of_plan(plan.clone()).for_each(|request| self.send(&request));
        std::iter::from_fn(|| self.reply()).collect()
    }

    /// Sends a plan whose first play is for this host.
    fn begin(&mut self, plan: Plan) {
        self.send(&Request::Host(HostPart { plays: vec![0], ..HostPart::default() }));
        Request::of_plan(plan).for_each(|request| self.send(&request));
    }

    /// Sends a plan and gives every outcome and the end.
    fn run(&mut self, plan: Plan) -> (Vec<Outcome>, Option<End>) {
        self.begin(plan);
        let mut outcomes = Vec::new();
        loop {
            match self.reply() {
                Some(Reply::Finished { outcome, .. }) => outcomes.push(outcome),
                Some(Reply::Done(end)) => return (outcomes, Some(end)),
                Some(_) => {}
                None => return (outcomes, None),
            }
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.stdin = None;
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn task(json: &serde_json::Value, content: Option<&[u8]>) -> Task {
    let file = content.map(|bytes| SourceFile {
        name: "source".into(),
        digest: Digest::of(bytes),
        size: bytes.len() as u64,
        mode: PermissionBits(0o644),
    });
    let spec = Spec::Typed(serde_json::from_value(json.clone()).unwrap());
    Task {
        sources: file
            .map(|file| NamedSource { written: "source".into(), source: Source::File(file) })
            .into_iter()
            .collect(),
        ..Task::of("a task", spec)
    }
}

fn plan(tasks: Vec<Task>) -> Plan {
    Plan::of_tasks(RunMode::Apply, DiffMode::Off, tasks)
}

fn shell(script: &str) -> Task {
    task(&serde_json::json!({"command": {"shell": script}}), None)
}

fn copy_to(path: &Path, content: &[u8]) -> Task {
    task(&serde_json::json!({"file": {"src": "source", "dest": path}}), Some(content))
}

/// What is said when the first task begins.
fn first_starts() -> Reply {
    Reply::Started { task: 0, turn: Turn(vec![0, 0]), name: None }
}

fn want(digest: Digest) -> Reply {
    Reply::Want(vec![Want { digest, from: 0 }])
}

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn become_user(method: Method, user: &str) -> Request {
    Request::Become(Means { method, password: None, start: Some(user.to_owned()) })
}

#[test]
fn user_of_the_login_and_root_go_on_in_the_same_process() {
    let mut agent = Agent::start();
    agent.greeting();
    agent.send(&become_user(Method::Sudo, "root"));
    assert_eq!(agent.reply(), Some(Reply::Became));
    let (outcomes, end) = agent.run(plan(vec![shell("true")]));
    assert_eq!((outcomes.len(), end), (1, Some(End::Completed)));
}

#[test]
fn user_whom_the_host_does_not_know_is_refused() {
    let mut agent = Agent::start_by(Command::new(env!("CARGO_BIN_EXE_hep-agent")).uid(NOBODY));
    agent.greeting();
    agent.send(&become_user(Method::Su, "hep-no-such-user"));
    let Some(Reply::Refused(failure)) = agent.reply() else { panic!("it is not refused") };
    assert_eq!(failure.message, "there is no user `hep-no-such-user` on the host");
    assert_eq!(agent.reply(), None);
}

#[test]
fn run_ends_with_done_and_with_nothing_after_it() {
    let mut agent = Agent::start();
    agent.greeting();
    let (outcomes, end) = agent.run(plan(vec![shell("exit 0"), shell("exit 3"), shell("exit 0")]));
    assert_eq!(
        outcomes.iter().map(|o| o.status).collect::<Vec<_>>(),
        [Status::Changed, Status::Failed]
    );
    assert_eq!(end, Some(End::Failed));
    assert_eq!(agent.reply(), None);
    assert!(agent.child.wait().unwrap().success());
}

#[test]
fn content_sent_ahead_is_not_asked_for() {
    let dir = directory();
    let path = dir.path().join("f");
    let mut agent = Agent::start();
    agent.greeting();
    let (first, second) = (b"first half, ".to_vec(), b"second half".to_vec());
    let whole = [first.clone(), second.clone()].concat();
    let digest = Digest::of(&whole);
    agent.send(&Request::Blob { digest, data: first, last: false });
    agent.send(&Request::Blob { digest, data: second, last: true });
    let (outcomes, _) = agent.run(plan(vec![copy_to(&path, &whole)]));
    assert_eq!(outcomes.len(), 1, "{outcomes:?}");
    assert_eq!(fs::read(&path).unwrap(), whole);
}

#[test]
fn missing_content_is_wanted_and_streamed() {
    let dir = directory();
    let path = dir.path().join("f");
    let content: Vec<u8> = (0..3_000_000_u32).map(|n| (n / 7 % 251) as u8).collect();
    let mut agent = Agent::start();
    agent.greeting();
    agent.begin(plan(vec![copy_to(&path, &content)]));
    let digest = Digest::of(&content);
    assert_eq!(agent.reply(), Some(first_starts()));
    assert_eq!(agent.reply(), Some(want(digest)));
    let chunks: Vec<&[u8]> = content.chunks(100_000).collect();
    for (index, chunk) in chunks.iter().enumerate() {
        agent.send(&Request::Blob {
            digest,
            data: chunk.to_vec(),
            last: index + 1 == chunks.len(),
        });
    }
    assert_eq!(agent.finished().status, Status::Changed);
    assert_eq!(fs::read(&path).unwrap(), content);
}

#[test]
fn content_that_is_not_what_was_promised_changes_nothing() {
    let dir = directory();
    let path = dir.path().join("f");
    fs::write(&path, "old").unwrap();
    for answer in [
        Request::Unavailable { digest: Digest::of(b"new"), reason: "it changed meanwhile".into() },
        Request::Blob { digest: Digest::of(b"new"), data: b"bad".to_vec(), last: true },
        Request::Blob { digest: Digest::of(b"new"), data: b"newer".to_vec(), last: true },
        Request::Blob { digest: Digest::of(b"new"), data: b"ne".to_vec(), last: true },
    ] {
        let mut agent = Agent::start();
        agent.greeting();
        agent.begin(plan(vec![copy_to(&path, b"new")]));
        assert_eq!(agent.reply(), Some(first_starts()));
        assert_eq!(agent.reply(), Some(want(Digest::of(b"new"))));
        agent.send(&answer);
        let outcome = agent.finished();
        assert_eq!(outcome.status, Status::Failed, "{answer:?}");
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "{answer:?}: {outcome:?}");
    }
}

#[test]
fn lost_controller_ends_the_run_after_the_step_in_hand() {
    let dir = directory();
    let (first, second) = (dir.path().join("first"), dir.path().join("second"));
    let mut agent = Agent::start();
    agent.greeting();
    let script = format!("sleep 1; echo done > {}", first.display());
    let next = format!("echo done > {}", second.display());
    agent.begin(plan(vec![shell(&script), shell(&next)]));
    assert_eq!(agent.reply(), Some(first_starts()));
    agent.stdin = None;
    agent.child.wait().unwrap();
    assert!(first.exists() && !second.exists());
}

#[test]
fn cancel_is_answered_with_done() {
    let mut agent = Agent::start();
    agent.greeting();
    agent.begin(plan(vec![shell("sleep 1"), shell("true")]));
    assert_eq!(agent.reply(), Some(first_starts()));
    agent.send(&Request::Cancel);
    let mut last = None;
    while let Some(reply) = agent.reply() {
        last = Some(reply);
    }
    assert_eq!(last, Some(Reply::Done(End::Cancelled)));
}

#[test]
fn whole_plan_crosses_the_wire_and_needs_no_answer() {
    let tasks = json!([
        {"name": "probe", "command": "echo one two", "register": "r"},
        {"block": [
            {"name": "say {{ item }}", "debug": {"msg": "{{ item }} on {{ host }}"}, "changed_when": true, "notify": ["H"]},
            {"name": "broken", "fail": {"msg": "{{ r.stdout }}"}, "when": "item == 'two'"},
        ], "rescue": [{"name": "rescue", "debug": {"var": "x"}}], "loop": "{{ r.stdout.split() }}"},
    ]);
    let handlers = json!([{"name": "H", "debug": {"msg": "{{ x }}"}}]);
    let plays = [json!({"tasks": tasks, "handlers": handlers, "vars": {"x": "{{ 6 * 7 }}"}})];
    let plan = manifest::plan(RunMode::Apply, &plays);
    let mut agent = Agent::start();
    agent.greeting();
    let mut names = std::collections::HashMap::new();
    let mut told = Vec::new();
    for reply in agent.replies(&plan) {
        match reply {
            Reply::Started { task, turn, name } => {
                let name = name.unwrap_or(plan.task(task).unwrap().name.clone());
                names.insert(task, format!("{:?} {name}", turn.0));
            }
            Reply::Finished { task, outcome } => {
                told.push(format!(
                    "{} {} {}",
                    names[&task],
                    outcome.status,
                    outcome.details.notes.join(", ")
                ));
            }
            Reply::Done(end) => told.push(format!("{end:?}")),
            Reply::Hello(_)
            | Reply::Became
            | Reply::Refused(_)
            | Reply::Want(_)
            | Reply::Facts(_)
            | Reply::Ask { .. }
            | Reply::Waits { .. }
            | Reply::Output { .. }
            | Reply::Progress { .. } => {}
        }
    }
    assert_eq!(
        told,
        [
            "[0, 0] probe changed ",
            "[0, 1, 0, 2] say one changed one on web1",
            "[0, 1, 0, 3] broken skipped ",
            "[0, 1, 1, 2] say two changed two on web1",
            "[0, 1, 1, 3] broken rescued ",
            "[0, 1, 1, 4] rescue ok x: 42",
            "[0, 5, 0, 0] H ok 42",
            "Completed"
        ]
    );
}

#[test]
fn template_is_wanted_and_rendered_on_the_host() {
    let dir = directory();
    let path = dir.path().join("f");
    let text = "{% for n in ports %}\nport {{ n }}\n{% endfor %}\n";
    let task = json!({"name": "t", "file": {"template": "t.j2", "dest": path.to_str().unwrap()}, "template_text": text,
        "vars": {"ports": [80, 443]}});
    let plan = manifest::plan(RunMode::Apply, &[json!([task])]);
    let digest = Digest::of(text.as_bytes());
    let mut agent = Agent::start();
    agent.greeting();
    agent.begin(plan.clone());
    assert_eq!(agent.reply(), Some(first_starts()));
    assert_eq!(agent.reply(), Some(want(digest)));
    agent.send(&Request::Blob { digest, data: text.as_bytes().to_vec(), last: true });
    assert_eq!(agent.finished().status, Status::Changed);
    assert_eq!(fs::read_to_string(&path).unwrap(), "port 80\nport 443\n");
    let mut agent = Agent::start();
    agent.greeting();
    agent.begin(plan);
    assert_eq!(agent.reply(), Some(first_starts()));
    assert_eq!(agent.reply(), Some(want(digest)));
    agent.send(&Request::Unavailable { digest, reason: "it is gone".into() });
    let failure = agent.finished().details.failure.unwrap();
    assert_eq!(failure.message, "cannot read template `t.j2`: it is gone");
}

#[test]
fn operator_is_asked_and_waited_for() {
    let mut plan = plan(vec![shell("exit 0"), shell("exit 0"), shell("exit 0")]);
    plan.settings.pace = Pace::Asking;
    let mut agent = Agent::start();
    agent.greeting();
    agent.begin(plan);
    assert_eq!(agent.reply(), Some(Reply::Ask { task: 0 }));
    agent.send(&Request::Go(Go::Skip));
    assert_eq!(agent.finished().status, Status::Skipped);
    assert_eq!(agent.reply(), Some(Reply::Ask { task: 1 }));
    agent.send(&Request::Go(Go::Run));
    assert_eq!(agent.finished().status, Status::Changed);
    assert_eq!(agent.reply(), Some(Reply::Ask { task: 2 }));
    agent.send(&Request::Cancel);
    assert_eq!(agent.reply(), Some(Reply::Done(End::Cancelled)));
}

#[test]
fn host_waits_for_the_others_between_plays() {
    let plan = manifest::plan(RunMode::Apply, &[json!(["a"]), json!(["b"]), json!(["c"])]);
    let begin = |waits: &[u32]| {
        let mut agent = Agent::start();
        agent.greeting();
        let host = HostPart { waits: waits.to_vec(), ..manifest::host(&plan) };
        agent.send(&Request::Host(host));
        Request::of_plan(plan.clone()).for_each(|request| agent.send(&request));
        agent
    };
    let mut agent = begin(&[1, 2]);
    agent.finished();
    assert_eq!(agent.reply(), Some(Reply::Waits { play: 1 }));
    agent.send(&Request::GoAhead { alone: false });
    agent.finished();
    assert_eq!(agent.reply(), Some(Reply::Waits { play: 2 }));
    agent.send(&Request::Cancel);
    assert_eq!(agent.reply(), Some(Reply::Done(End::Cancelled)));
    // Once it is alone it waits no more.
    let mut agent = begin(&[0, 1, 2]);
    assert_eq!(agent.reply(), Some(Reply::Waits { play: 0 }));
    agent.send(&Request::GoAhead { alone: true });
    (0..3).for_each(|_| drop(agent.finished()));
    assert_eq!(agent.reply(), Some(Reply::Done(End::Completed)));
}

#[test]
fn cancel_ends_a_pause_between_tries() {
    let task = json!({"name": "t", "command": "false", "retries": 9, "delay": 600});
    let mut agent = Agent::start();
    agent.greeting();
    agent.begin(manifest::plan(RunMode::Apply, &[json!([task, "never"])]));
    while !matches!(agent.reply(), Some(Reply::Progress { .. })) {}
    agent.send(&Request::Cancel);
    assert_eq!(agent.finished().details.failure.unwrap().message, "stopped before try 2 of 10");
    assert_eq!(agent.reply(), Some(Reply::Done(End::Cancelled)));
}

#[test]
fn stray_output_of_a_command_never_becomes_a_frame() {
    let mut agent = Agent::start();
    agent.greeting();
    let (outcomes, end) = agent
        .run(plan(vec![shell("head -c 300000 /dev/urandom; head -c 300000 /dev/urandom >&2")]));
    assert_eq!((outcomes.len(), end), (1, Some(End::Completed)));
}

#[test]
fn hostile_stream_is_refused_with_a_word() {
    for bytes in [b"GET / HTTP/1.1\r\n\r\n".to_vec(), Vec::new()] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_hep-agent"))
            .arg("serve")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(&bytes).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&output.stderr).starts_with("hep-agent: "), "{output:?}");
    }
}

#[test]
fn output_beyond_what_a_task_may_show_is_left_out_and_told() {
    let mut agent = Agent::start();
    agent.greeting();
    agent.begin(plan(vec![shell("head -c 20000000 /dev/zero"), shell("echo more")]));
    let mut shown = [0, 0];
    let mut notes = Vec::new();
    loop {
        match agent.reply() {
            Some(Reply::Output { task, data, .. }) => shown[task as usize] += data.len(),
            Some(Reply::Finished { outcome, .. }) => {
                assert_eq!(outcome.status, Status::Changed);
                notes.push(outcome.details.notes);
            }
            Some(Reply::Done(end)) => break assert_eq!(end, End::Completed),
            Some(_) => {}
            None => panic!("the agent is gone"),
        }
    }
    assert_eq!(shown, [16 << 20, 5]);
    let left_out = 20_000_000 - (16 << 20);
    let note = format!(
        "{left_out} bytes of output are not shown: a task may show 16 MiB, and a host 256 MiB"
    );
    assert!(notes[0].contains(&note), "{notes:?}");
    assert!(!notes[1].iter().any(|note| note.contains("are not shown")), "{notes:?}");
}
