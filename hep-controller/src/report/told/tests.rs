//! What is told beside a view, from the same events.

use super::*;
use crate::report::human::{Human, Verbosity};
use crate::report::{HostReport, HostStatus, Role, TaskLabel, Trouble};
use crate::text::shown;
use hep_protocol::facts::{Facts, Init};
use hep_protocol::message::{Stream, Turn};
use hep_protocol::outcome::{Change, Details, Failure, ItemOutcome, Outcome, Status};
use hep_protocol::plan::RunMode;
use std::io;
use std::sync::Mutex;

/// A log that is full after so many bytes.
#[derive(Clone)]
struct Disk(Arc<Mutex<Vec<u8>>>, usize);

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut text = self.0.lock().unwrap();
        if text.len() + bytes.len() > self.1 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a small run gives on both streams and in a log of this size.
fn check(depth: Depth, room: usize, form: Form) -> (Texts, String) {
    let label = |name: &str| TaskLabel {
        name: name.to_owned(),
        module: "file".to_owned(),
        role: Role::Task,
    };
    let run = Run {
        hosts: vec!["web1".to_owned(), "w\u{1b}2".to_owned()],
        plays: Vec::new(),
        tasks: vec![label("a page")],
        mode: RunMode::Apply,
        waves: vec![vec![HostId(0), HostId(1)]],
        room: 60,
    };
    let disk = Disk(Arc::default(), room);
    let mut told = Told {
        view: Box::new(Human::new(run.clone(), Colour::Off, Verbosity::Failures)),
        run,
        clock: Arc::default(),
        depth,
        log: Some(Box::new(disk.clone())),
        profile: Some(Profile::default()),
        form,
    };
    let mut texts = told.begin();
    let mut reports = Vec::new();
    for (host, ms) in [(HostId(0), 1_200), (HostId(1), 30)] {
        let turn = Turn(vec![0, 3]);
        let changes = vec![Change::new("mode \u{1b}[2J")];
        let details = Details { changes, notes: vec!["a\nnote".to_owned()], failure: None };
        let outcome = Outcome { ms, ..Outcome::new(Status::Changed, details) };
        let data = b"out\x1b\n".to_vec();
        let report = HostReport {
            status: HostStatus::Converged,
            bytes_sent: 5,
            ms,
            ..HostReport::unreached(host)
        };
        reports.push(report.clone());
        for event in [
            Event::Started { host, task: 0, turn: turn.clone(), name: None },
            Event::Output { host, task: 0, stream: Stream::Stdout, data },
            Event::Finished { host, task: 0, turn, name: None, outcome },
            Event::Ended(report),
        ] {
            let Texts { out, err } = told.event(event, 0);
            texts.out.push_str(&out);
            texts.err.push_str(&err);
        }
    }
    let Texts { out, err } = told.end(&RunEnd { reports, cancelled: false, ms: 1_300 }, 0);
    texts.out.push_str(&out);
    texts.err.push_str(&err);
    let bytes = disk.0.lock().unwrap().clone();
    (texts, String::from_utf8(bytes).unwrap())
}

#[test]
fn the_log_has_everything_with_times_and_nothing_that_a_terminal_obeys() {
    let (texts, log) = check(Depth::Known, usize::MAX, Form::Human(Colour::Off));
    assert_eq!(texts.err, "");
    let lines: Vec<&str> = log.lines().map(|line| line.split_once("Z ").unwrap().1).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    run begins: 2 hosts, 1 tasks, changes hosts
    web1: begins a page (file), turn 0.3
    web1: | out\u{1b}
    web1: changed a page (file) in 1200 ms
    web1:   mode \u{1b}[2J
    web1:   note: a
    web1:   note: note
    web1: converged after 1200 ms: 0 ok, 0 changed, 0 pending, 0 failed, 0 skipped, 0 ignored, 0 rescued
    web1: 5 bytes sent, 0 received
    w\u{1b}2: begins a page (file), turn 0.3
    w\u{1b}2: | out\u{1b}
    w\u{1b}2: changed a page (file) in 30 ms
    w\u{1b}2:   mode \u{1b}[2J
    w\u{1b}2:   note: a
    w\u{1b}2:   note: note
    w\u{1b}2: converged after 30 ms: 0 ok, 0 changed, 0 pending, 0 failed, 0 skipped, 0 ignored, 0 rescued
    w\u{1b}2: 5 bytes sent, 0 received
    run ends: converged, exit 0, 1.3 s
    ");
}

/// What a host might say to begin lines of its own.
fn evil() -> String {
    "x\r\n2026-01-01T00:00:00.000Z run ends: converged, exit 0\nrun ends: \u{9b}2J".to_owned()
}

fn evil_outcome() -> Outcome {
    let failure = || Failure {
        message: evil(),
        hint: Some(evil()),
        exit: None,
        stdout: evil(),
        stderr: evil(),
    };
    let details = || Details {
        changes: vec![Change { diff: Some(evil()), ..Change::new(evil()) }],
        notes: vec![evil()],
        failure: Some(failure()),
    };
    let item = ItemOutcome { label: evil(), status: Status::Failed, details: details(), ms: 1 };
    Outcome { status: Status::Failed, details: details(), items: vec![item], ms: 1 }
}

#[test]
fn a_host_begins_no_line_of_the_log() {
    let run = Run {
        hosts: vec!["web1".to_owned()],
        plays: Vec::new(),
        tasks: Vec::new(),
        mode: RunMode::Apply,
        waves: vec![vec![HostId(0)]],
        room: 60,
    };
    let facts = Facts {
        hostname: evil(),
        os_id: evil(),
        os_version: evil(),
        os_codename: evil(),
        kernel: evil(),
        arch: evil(),
        init: Init::Systemd,
    };
    let outcome = evil_outcome();
    let (host, task, turn, name) = (HostId(0), 0, Turn(vec![0]), Some(evil()));
    let trouble = Trouble { what: evil(), hint: Some(evil()), output: evil() };
    let report = HostReport { trouble: Some(trouble), ..HostReport::unreached(host) };
    let mut lines = Vec::new();
    for event in [
        Event::Connected { host, facts },
        Event::Started { host, task, turn: turn.clone(), name: name.clone() },
        Event::Output { host, task, stream: Stream::Stdout, data: evil().into_bytes() },
        Event::Progress { host, task, text: evil() },
        Event::Finished { host, task, turn, name, outcome },
        Event::Again { host, what: evil(), seconds: 1 },
        Event::Ended(report),
    ] {
        let told = journal::lines(&run, &Clock::default(), &event);
        lines.extend(told.into_iter().map(|(_, line)| line));
    }
    let log = stamped(lines.iter().map(String::as_str), 0);
    for line in log.lines() {
        assert!(line.starts_with("1970-01-01T00:00:00.000Z web1: "), "{line}");
        assert_eq!(line, shown(line));
    }
}

#[test]
fn a_full_disk_is_told_once_and_stops_nothing() {
    let (texts, log) = check(Depth::Known, 200, Form::Human(Colour::Off));
    assert_eq!(texts.err.matches("the log ends here").count(), 1, "{}", texts.err);
    assert!(texts.out.contains("2 hosts converged"), "{}", texts.out);
    assert!(log.ends_with('\n') && log.len() <= 200);
}

#[test]
fn a_profile_names_the_slowest() {
    let (texts, _) = check(Depth::Known, usize::MAX, Form::Human(Colour::Off));
    insta::assert_snapshot!(texts.out, @r"
    2 hosts converged in 1.3 s

    slowest tasks  hosts        total       median          max  slowest host
    a page (file)      2        1.2 s        30 ms        1.2 s  web1
    ");
    let (texts, _) = check(Depth::Known, usize::MAX, Form::Json);
    let line = r#"{"event":"profile","tasks":[{"hosts":2,"total_ms":1230,"median_ms":30,"max_ms":1200,"slowest":"web1","task":"a page","module":"file"}],"stages":[]}"#;
    assert!(texts.out.starts_with(line), "{}", texts.out);
}

#[test]
fn the_depth_decides_what_is_told() {
    let told = |depth| check(depth, usize::MAX, Form::Human(Colour::Off)).0.err;
    assert_eq!(told(Depth::Known), "");
    assert!(told(Depth::Agent).contains("web1: begins a page (file), turn 0.3\n"));
    assert!(!told(Depth::Agent).contains("bytes sent"));
    assert!(told(Depth::Way).contains("web1: 5 bytes sent, 0 received\n"));
}
