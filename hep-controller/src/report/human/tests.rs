//! Whole reports as a person reads them, from the same events that hosts cause.

use super::*;
use crate::report::{HostReport, HostStatus, Role, TaskLabel, Trouble};
use hep_protocol::message::Turn;
use hep_protocol::outcome::{Change, Counts, Details, Exit, Failure, Outcome};
use insta::assert_snapshot;

mod language;
mod quiet;
mod stopped;

/// A run over hosts with the tasks of a web server.
struct Play {
    view: Human,
    text: String,
    counts: Vec<Counts>,
    reports: Vec<HostReport>,
}

impl Play {
    fn new(hosts: usize, mode: RunMode) -> Play {
        let task = |name: &str, module: &str| TaskLabel {
            name: name.to_owned(),
            module: module.to_owned(),
            role: Role::Task,
        };
        let run = Run {
            hosts: (1..=hosts).map(|n| format!("web{n}")).collect(),
            plays: Vec::new(),
            tasks: vec![
                task("Install apache2", "apt"),
                task("Place index.php", "file"),
                task("Restart apache2", "service"),
            ],
            mode,
            waves: (0..hosts).map(HostId).collect::<Vec<_>>().chunks(32).map(Vec::from).collect(),
            room: 60,
        };
        let mut view = Human::new(run, Colour::Off, Verbosity::Normal);
        let text = view.begin().out;
        Play { view, text, counts: vec![Counts::default(); hosts], reports: vec![] }
    }

    fn event(&mut self, event: Event) {
        let Texts { out, err } = self.view.event(event, 0);
        self.text.push_str(&out);
        err.lines().for_each(|line| self.text.push_str(&format!("[stderr] {line}\n")));
    }

    fn finish(&mut self, host: usize, task: u32, ms: u64, outcome: Outcome) {
        self.counts[host].add(outcome.status);
        let outcome = Outcome { ms, ..outcome };
        let (host, turn) = (HostId(host), Turn(vec![0, task]));
        self.event(Event::Finished { host, task, turn, name: None, outcome });
    }

    fn end(&mut self, host: usize, ms: u64, status: HostStatus, trouble: Option<Trouble>) {
        let counts = self.counts[host];
        // Those of a flat plan.
        let ended = [Status::Ok, Status::Changed, Status::Pending, Status::Failed]
            .into_iter()
            .chain([Status::Skipped, Status::Ignored, Status::Rescued]);
        let tasks = u32::try_from(self.view.run.tasks.len()).unwrap();
        let ran = ended.map(|status| counts.of(status)).sum();
        let missing = match status {
            HostStatus::Unreachable | HostStatus::NotStarted => 0,
            HostStatus::Converged | HostStatus::Failed | HostStatus::Lost | HostStatus::Stopped => {
                tasks.saturating_sub(ran)
            }
        };
        let (bytes_sent, bytes_received) = (0, 0);
        let report = HostReport {
            host: HostId(host),
            status,
            counts,
            missing,
            bytes_sent,
            bytes_received,
            ms,
            trouble,
        };
        self.reports.push(report.clone());
        self.event(Event::Ended(report));
    }

    fn close(mut self, cancelled: bool) -> String {
        self.reports.sort_by_key(|report| report.host);
        let ms = self.reports.iter().map(|report| report.ms).max().unwrap_or(0);
        let end = RunEnd { reports: self.reports, cancelled, ms };
        self.text.push_str(&self.view.end(&end, 0).out);
        self.text
    }
}

fn plain(status: Status) -> Outcome {
    Outcome::new(status, Details::default())
}

fn with(status: Status, lines: &[&str]) -> Outcome {
    let changes = lines.iter().map(|line| Change::new(*line)).collect();
    Outcome::new(status, Details { changes, ..Details::default() })
}

fn failing(status: Status, failure: Failure) -> Outcome {
    Outcome::new(status, Details { failure: Some(failure), ..Details::default() })
}

fn no_package() -> Failure {
    Failure {
        message: "cannot install `apache2`: no such package".to_owned(),
        hint: Some("the nearest names are: apache2-bin, apache2-utils".to_owned()),
        exit: Some(Exit::Code(100)),
        stdout: "Reading package lists...\n".to_owned(),
        stderr: "E: Unable to locate package apache2\n".to_owned(),
    }
}

#[test]
fn whoever_wants_quiet_hears_nothing_of_waiting() {
    let mut play = Play::new(1, RunMode::Apply);
    play.view.verbosity = Verbosity::Quiet;
    let text = "waiting for the lock of apt-get (pid 71)".to_owned();
    play.event(Event::Progress { host: HostId(0), task: 0, text });
    assert_eq!(play.text, "");
}

#[test]
fn one_host_converges() {
    let mut play = Play::new(1, RunMode::Apply);
    play.event(Event::Progress {
        host: HostId(0),
        task: 0,
        text: "waiting for the lock of apt-get (pid 71)".to_owned(),
    });
    play.event(Event::Progress {
        host: HostId(0),
        task: 0,
        text: "waiting for the lock of apt-get (pid 71)".to_owned(),
    });
    play.finish(
        0,
        0,
        2_140,
        with(Status::Changed, &["install apache2 2.4.62", "install apache2-bin 2.4.62"]),
    );
    let mut noted = with(Status::Changed, &["content of /var/www/index.php"]);
    noted.details.notes.push("the old content is in /var/www/index.php~".to_owned());
    play.finish(0, 1, 3, noted);
    play.finish(0, 2, 30, plain(Status::Ok));
    play.end(0, 3_010, HostStatus::Converged, None);
    assert_snapshot!(play.close(false), @r"
    [stderr] Install apache2: waiting for the lock of apt-get (pid 71)
    changed  Install apache2  (2.1 s)
             install apache2 2.4.62
             install apache2-bin 2.4.62
    changed  Place index.php
             content of /var/www/index.php
             note: the old content is in /var/www/index.php~
    ok       Restart apache2

    web1 converged in 3.0 s: 2 changed, 1 ok
    ");
}

#[test]
fn who_hangs_is_told_of_later() {
    let mut play = Play::new(3, RunMode::Apply);
    let installed = || with(Status::Changed, &["install apache2 2.4.62"]);
    play.finish(0, 0, 90, installed());
    play.finish(2, 0, 90, installed());
    let shown = play.view.quiet(1_000).out;
    assert_eq!(shown, "");
    play.text.push_str(&play.view.quiet(5_000).out);
    play.finish(2, 1, 5, failing(Status::Failed, no_package()));
    play.text.push_str(&play.view.quiet(5_600).out);
    play.finish(1, 0, 90, installed());
    for host in 0..3 {
        play.end(host, 6_000, HostStatus::Converged, None);
    }
    assert_snapshot!(play.text, @r"
    changed  Install apache2  (2 hosts: web1, web3)
             install apache2 2.4.62
    failed   Place index.php  (1 host: web3)
             web3: cannot install `apache2`: no such package
               stderr: E: Unable to locate package apache2
    changed  Install apache2  (1 host: web2)
             install apache2 2.4.62
    ");
}

#[test]
fn three_hosts_differ() {
    let mut play = Play::new(3, RunMode::Apply);
    for host in [2, 0, 1] {
        play.finish(
            host,
            0,
            2_000 + 300 * host as u64,
            with(Status::Changed, &["install apache2 2.4.62"]),
        );
    }
    play.finish(
        0,
        1,
        1,
        with(Status::Changed, &["content of /var/www/index.php", "mode 0600 -> 0644"]),
    );
    play.finish(
        1,
        1,
        1,
        with(Status::Changed, &["content of /var/www/index.php", "owner root -> www-data"]),
    );
    play.finish(2, 1, 1, plain(Status::Ok));
    for host in [0, 1, 2] {
        play.finish(host, 2, 700, with(Status::Changed, &["restart apache2"]));
        play.end(host, 3_200 + host as u64 * 1000, HostStatus::Converged, None);
    }
    assert_snapshot!(play.close(false), @r"
    changed  Install apache2  (3 hosts, 2.0-2.6 s)
             install apache2 2.4.62
    changed  Place index.php: changed 2 (web1, web2), ok 1 (web3)
             content of /var/www/index.php
             web1: mode 0600 -> 0644
             web2: owner root -> www-data
    changed  Restart apache2  (3 hosts, 0.7 s)
             restart apache2

    host  status     ok  changed  time
    web1  converged   0        3  3.2 s
    web2  converged   0        3  4.2 s
    web3  converged   1        2  5.2 s

    3 hosts converged in 5.2 s
    ");
}

#[test]
fn failures_come_last_with_everything_there_is() {
    let mut play = Play::new(4, RunMode::Apply);
    play.finish(0, 0, 900, failing(Status::Failed, no_package()));
    play.end(0, 1_000, HostStatus::Failed, None);
    play.finish(1, 0, 900, failing(Status::Failed, no_package()));
    play.end(1, 1_100, HostStatus::Failed, None);
    let trouble = Trouble {
        what: "connect: 10.0.0.3:22: connection refused".to_owned(),
        hint: Some("is sshd running there, and is the port right?".to_owned()),
        output: String::new(),
    };
    play.end(2, 40, HostStatus::Unreachable, Some(trouble));
    play.finish(3, 0, 900, plain(Status::Ok));
    let trouble = Trouble {
        what: "the stream broke: no sign of life for 60 s during `Place index.php`".to_owned(),
        hint: None,
        output: "evil \u{1b}[2J\u{202e}text\n".to_owned(),
    };
    play.end(3, 61_000, HostStatus::Lost, Some(trouble));
    assert_snapshot!(play.close(false), @r"
    failed   Install apache2: failed 2 (web1, web2), ok 1 (web4)  (0.9 s)
             web1, web2: cannot install `apache2`: no such package
               stderr: E: Unable to locate package apache2

    host  status       ok  changed  failed  not run  time
    web1  failed        0        0       1        2  1.0 s
    web2  failed        0        0       1        2  1.1 s
    web3  unreachable   0        0       0        -  0.0 s
    web4  lost          1        0       0        2  1 min 1 s

    2 hosts failed, 1 unreachable, 1 lost in 1 min 1 s

    failed on web1, web2: Install apache2 (apt)
      cannot install `apache2`: no such package
      hint: the nearest names are: apache2-bin, apache2-utils
      exit code 100
      stdout:
        Reading package lists...
      stderr:
        E: Unable to locate package apache2

    unreachable: web3
      connect: 10.0.0.3:22: connection refused
      hint: is sshd running there, and is the port right?

    lost: web4
      the stream broke: no sign of life for 60 s during `Place index.php`
      last output:
        evil \u{1b}[2J\u{202e}text
    ");
}

#[test]
fn equal_failures_that_came_apart_are_one_at_the_end() {
    let mut play = Play::new(3, RunMode::Apply);
    for host in [1, 0] {
        play.finish(host, 0, 900, failing(Status::Failed, no_package()));
        let Texts { out, .. } = play.view.quiet(1_000_000);
        assert!(out.contains(&format!("host: web{}", host + 1)), "{out}");
        play.end(host, 1_000, HostStatus::Failed, None);
    }
    play.end(2, 1_000, HostStatus::Converged, None);
    let text = play.close(false);
    assert_eq!(text.matches("failed on ").count(), 1, "{text}");
    assert!(text.contains("failed on web1, web2: Install apache2 (apt)"), "{text}");
}

#[test]
fn one_failing_host_tells_what_did_not_run() {
    let mut play = Play::new(1, RunMode::Apply);
    let ignored = Failure { message: "cannot reach the mirror".to_owned(), ..Failure::default() };
    play.finish(0, 0, 10, failing(Status::Ignored, ignored));
    let failure = Failure {
        message: "cannot write `/var/www/index.php`: read-only file system".to_owned(),
        ..Failure::default()
    };
    play.finish(0, 1, 10, failing(Status::Failed, failure));
    play.end(0, 600, HostStatus::Failed, None);
    assert_snapshot!(play.close(false), @r"
    ignored  Install apache2
             cannot reach the mirror
    failed   Place index.php
             cannot write `/var/www/index.php`: read-only file system

    web1 failed in 0.6 s: 1 ignored, 1 failed, 1 not run

    failed on web1: Place index.php (file)
      cannot write `/var/www/index.php`: read-only file system
    ");
}

#[test]
fn a_tolerated_failure_tells_what_was_said_at_both_ends() {
    let mut play = Play::new(1, RunMode::Apply);
    let stderr: String = (1..=45).map(|n| format!("try {n}\n")).collect();
    play.finish(0, 0, 10, failing(Status::Ignored, Failure { stderr, ..no_package() }));
    let middle = "             try 10\n             ... 5 lines left out\n             try 16\n";
    assert!(play.text.contains(middle), "{}", play.text);
    for line in ["stdout:", "  Reading package lists...", "stderr:", "  try 1", "  try 45"] {
        assert!(play.text.contains(&format!("           {line}\n")), "{}", play.text);
    }
}

#[test]
fn check_mode_shows_what_a_push_would_do() {
    let mut play = Play::new(2, RunMode::Check);
    for host in [0, 1] {
        play.finish(host, 0, 20, plain(Status::Ok));
        let diff =
            "--- /var/www/index.php\n+++ /var/www/index.php\n@@ -1 +1 @@\n-old \u{7}bell\n+new\n";
        let change =
            Change { diff: Some(diff.to_owned()), ..Change::new("content of /var/www/index.php") };
        let details = Details { changes: vec![change], ..Details::default() };
        play.finish(host, 1, 2, Outcome::new(Status::Pending, details));
        play.finish(host, 2, 2, with(Status::Pending, &["restart apache2"]));
        play.end(host, 800, HostStatus::Converged, None);
    }
    assert_snapshot!(play.close(false), @r"
    check mode: nothing is changed, `pending` is what a push would do

    ok       Install apache2  (2 hosts)
    pending  Place index.php  (2 hosts)
             content of /var/www/index.php
               --- /var/www/index.php
               +++ /var/www/index.php
               @@ -1 +1 @@
               -old \u{7}bell
               +new
    pending  Restart apache2  (2 hosts)
             restart apache2

    host  status     ok  pending  time
    web1  converged   1        2  0.8 s
    web2  converged   1        2  0.8 s

    2 hosts checked in 0.8 s, nothing was changed
    ");
}

#[test]
fn fifty_hosts_fit_on_a_screen() {
    let mut play = Play::new(50, RunMode::Apply);
    for host in 0..50 {
        match host {
            7 => {
                let what = "resolve: no address found for `web8`".to_owned();
                play.end(host, 12, HostStatus::Unreachable, Some(Trouble::new(what)));
            }
            _ => {
                play.finish(host, 0, 2_000, with(Status::Changed, &["install apache2 2.4.62"]));
                let ok = if host == 2 {
                    plain(Status::Ok)
                } else {
                    with(Status::Changed, &["content of /var/www/index.php"])
                };
                play.finish(host, 1, 5, ok);
                play.finish(
                    host,
                    2,
                    900,
                    with(Status::Changed, &[&format!("restart apache2 (pid {host})")]),
                );
                play.end(host, 4_000 + host as u64, HostStatus::Converged, None);
            }
        }
    }
    assert_snapshot!(play.close(false), @r"
    hosts 1 to 32 of 50
    changed  Install apache2  (31 hosts, 2.0 s)
             install apache2 2.4.62
    changed  Place index.php: changed 30 (web[1,2,4-7,9-32]), ok 1 (web3)
             content of /var/www/index.php
    changed  Restart apache2  (31 hosts, 0.9 s)
             web1: restart apache2 (pid 0)
             web2: restart apache2 (pid 1)
             web3: restart apache2 (pid 2)
             web4: restart apache2 (pid 3)
             web5: restart apache2 (pid 4)
             web6: restart apache2 (pid 5)
             ... and 25 more lines that differ between hosts (-v shows all)

    hosts 33 to 50 of 50
    changed  Install apache2  (18 hosts, 2.0 s)
             install apache2 2.4.62
    changed  Place index.php  (18 hosts)
             content of /var/www/index.php
    changed  Restart apache2  (18 hosts, 0.9 s)
             web33: restart apache2 (pid 32)
             web34: restart apache2 (pid 33)
             web35: restart apache2 (pid 34)
             web36: restart apache2 (pid 35)
             web37: restart apache2 (pid 36)
             web38: restart apache2 (pid 37)
             ... and 12 more lines that differ between hosts (-v shows all)

    host               status       ok  changed  time
    web[1,2,4-7,9-50]  converged     0        3  4.0 s
    web3               converged     1        2  4.0 s
    web8               unreachable   0        0  0.0 s

    49 hosts converged, 1 unreachable in 4.0 s

    unreachable: web8
      resolve: no address found for `web8`
    ");
}

#[test]
fn the_status_names_what_takes_longest() {
    let mut play = Play::new(2, RunMode::Apply);
    assert_eq!(
        play.view.status(2_000).as_deref(),
        Some("0 of 2 hosts done, 0 running; connecting (2.0 s)")
    );
    let started = |host, task| {
        let (host, turn) = (HostId(host), Turn(vec![0, task]));
        Event::Started { host, task, turn, name: None }
    };
    drop(play.view.event(started(1, 0), 3_000));
    drop(play.view.event(started(0, 1), 4_000));
    let expected = "0 of 2 hosts done, 2 running; web2: Install apache2 (5.0 s)";
    assert_eq!(play.view.status(8_000).as_deref(), Some(expected));
    play.finish(0, 1, 10, plain(Status::Ok));
    play.finish(1, 0, 10, plain(Status::Ok));
    let between = "0 of 2 hosts done, 2 running; working (9.0 s)";
    assert_eq!(play.view.status(9_000).as_deref(), Some(between));
}

#[test]
fn colours_are_added_and_nothing_else() {
    let mut play = Play::new(1, RunMode::Apply);
    play.view.colour = Colour::Ansi;
    play.finish(0, 0, 2_140, with(Status::Changed, &["install apache2 2.4.62"]));
    assert_eq!(
        play.text,
        "\u{1b}[33mchanged\u{1b}[0m  Install apache2  \u{1b}[2m(2.1 s)\u{1b}[0m\n         install apache2 2.4.62\n"
    );
}
