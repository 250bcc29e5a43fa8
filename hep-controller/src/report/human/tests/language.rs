//! What the manifest's language adds to a report: loops, handlers, conditions, rescue, names with expressions.

use super::*;
use hep_protocol::outcome::ItemOutcome;

fn element(label: &str, status: Status, lines: &[&str]) -> ItemOutcome {
    let bad = matches!(status, Status::Failed | Status::Ignored | Status::Rescued);
    let Outcome { status, details, items: _, ms } = with(status, lines);
    let details = Details { failure: bad.then(no_package), ..details };
    ItemOutcome { label: label.to_owned(), status, details, ms }
}

fn looped(status: Status, items: Vec<ItemOutcome>) -> Outcome {
    Outcome { items, ..plain(status) }
}

#[test]
fn elements_of_a_loop_stand_under_their_task() {
    let items = vec![
        element("a", Status::Ok, &[]),
        element("b", Status::Changed, &["create /b", "mode 0600 -> 0644"]),
        element("c", Status::Ok, &[]),
        element("d\u{1b}", Status::Skipped, &[]),
        element("e", Status::Ignored, &[]),
    ];
    let mut play = Play::new(1, RunMode::Apply);
    play.finish(0, 0, 10, looped(Status::Changed, items.clone()));
    assert_snapshot!(play.text, @r"
    changed  Install apache2
             changed  b
               create /b
               mode 0600 -> 0644
             ignored  e
               cannot install `apache2`: no such package
                 stdout:
                   Reading package lists...
                 stderr:
                   E: Unable to locate package apache2
             2 items ok
             1 item skipped
    ");
    let mut play = Play::new(1, RunMode::Apply);
    play.view.verbosity = Verbosity::Verbose;
    play.finish(0, 0, 10, looped(Status::Changed, items));
    assert_snapshot!(play.text, @r"
    changed  Install apache2
             ok       a
             changed  b
               create /b
               mode 0600 -> 0644
             ok       c
             skipped  d\u{1b}
             ignored  e
               cannot install `apache2`: no such package
                 stdout:
                   Reading package lists...
                 stderr:
                   E: Unable to locate package apache2
    ");
}

#[test]
fn hosts_share_the_elements_they_have_in_common() {
    let mut play = Play::new(3, RunMode::Apply);
    for host in 0..3 {
        let second = if host == 2 { Status::Ok } else { Status::Changed };
        let items = vec![element("a", Status::Changed, &["create /a"]), element("b", second, &[])];
        play.finish(host, 0, 10, looped(Status::Changed, items));
    }
    assert_snapshot!(play.text, @r"
    changed  Install apache2  (3 hosts)
             changed  a
               create /a
             web1, web2: changed  b
             web3: 1 item ok
    ");
}

/// At once, and in a pipe as well: all of it follows at the end.
#[test]
fn failure_tells_its_cause_where_it_happens() {
    let mut play = Play::new(3, RunMode::Apply);
    play.finish(0, 0, 10, with(Status::Changed, &["install apache2 2.4.62"]));
    play.finish(1, 0, 10, with(Status::Changed, &["install apache2 2.4.62"]));
    play.finish(2, 0, 10, failing(Status::Failed, no_package()));
    let long = Failure {
        message: "`a`: exit code 1".to_owned(),
        stderr: format!("first\n\u{1b}[2J{}\n\n", "x".repeat(400)),
        ..Failure::default()
    };
    play.finish(0, 1, 10, failing(Status::Failed, long));
    play.end(1, 10, HostStatus::Converged, None);
    play.end(2, 10, HostStatus::Failed, None);
    let (text, last) = play.text.split_once("stderr: \\u{1b}[2J").unwrap();
    assert_eq!(last.trim_end().len(), 296, "{last}");
    assert_snapshot!(text, @r"
    failed   Install apache2: failed 1 (web3), changed 2 (web1, web2)
             install apache2 2.4.62
             web3: cannot install `apache2`: no such package
               stderr: E: Unable to locate package apache2
    failed   Place index.php  (1 host)
             web1: `a`: exit code 1
    ");
}

#[test]
fn a_loop_that_fails_tells_of_each_element_at_the_end() {
    let mut play = Play::new(1, RunMode::Apply);
    let items = vec![element("a", Status::Ok, &[]), element("b", Status::Failed, &[])];
    let failure = Failure { message: "1 of 2 items failed".to_owned(), ..Failure::default() };
    play.finish(0, 0, 10, Outcome { items, ..failing(Status::Failed, failure) });
    play.end(0, 10, HostStatus::Failed, None);
    assert_snapshot!(play.close(false), @r"
    failed   Install apache2
             failed   b
               cannot install `apache2`: no such package
                 stderr: E: Unable to locate package apache2
             1 item ok

    web1 failed in 0.0 s: 1 failed, 2 not run

    failed on web1: Install apache2 (apt)
      1 of 2 items failed
      item b:
        cannot install `apache2`: no such package
        hint: the nearest names are: apache2-bin, apache2-utils
        exit code 100
        stdout:
          Reading package lists...
        stderr:
          E: Unable to locate package apache2
    ");
}

#[test]
fn tasks_that_all_hosts_leave_out_are_one_line() {
    let text = |verbosity, statuses: [Status; 3]| {
        let mut play = Play::new(2, RunMode::Apply);
        play.view.verbosity = verbosity;
        for (task, status) in (0..).zip(statuses) {
            play.finish(0, task, 1, plain(Skipped));
            play.finish(1, task, 1, plain(status));
        }
        play.end(0, 10, HostStatus::Converged, None);
        play.end(1, 10, HostStatus::Converged, None);
        let all = play.close(false);
        all.split("\n\n").next().unwrap().to_owned()
    };
    use Status::{Ok, Skipped};
    assert_snapshot!(text(Verbosity::Normal, [Skipped, Skipped, Ok]), @r"
    skipped  2 tasks
    ok       Restart apache2: ok 1 (web2), skipped 1 (web1)
    ");
    assert_snapshot!(text(Verbosity::Normal, [Ok, Skipped, Skipped]), @r"
    ok       Install apache2: ok 1 (web2), skipped 1 (web1)
    skipped  2 tasks
    ");
    assert_snapshot!(text(Verbosity::Normal, [Skipped, Ok, Skipped]), @r"
    skipped  Install apache2  (2 hosts)
    ok       Place index.php: ok 1 (web2), skipped 1 (web1)
    skipped  Restart apache2  (2 hosts)
    ");
    assert_snapshot!(text(Verbosity::Verbose, [Skipped, Skipped, Ok]), @r"
    skipped  Install apache2  (2 hosts)
    skipped  Place index.php  (2 hosts)
    ok       Restart apache2: ok 1 (web2), skipped 1 (web1)
    ");
}

#[test]
fn a_rescued_failure_tells_what_was_said_and_a_handler_is_called_one() {
    let mut play = Play::new(1, RunMode::Apply);
    play.view.run.tasks[2].role = Role::Handler;
    play.finish(0, 0, 10, failing(Status::Rescued, no_package()));
    let notes = vec!["port: 8080\nhost: \u{7}".to_owned()];
    let noted = Outcome::new(Status::Ok, Details { notes, ..Details::default() });
    play.finish(0, 1, 10, noted);
    play.finish(0, 2, 10, failing(Status::Failed, no_package()));
    play.end(0, 10, HostStatus::Failed, None);
    assert_snapshot!(play.close(false), @r"
    rescued  Install apache2
             cannot install `apache2`: no such package
               stdout:
                 Reading package lists...
               stderr:
                 E: Unable to locate package apache2
    ok       Place index.php
             note: port: 8080
                   host: \u{7}
    failed   handler: Restart apache2
             cannot install `apache2`: no such package
               stderr: E: Unable to locate package apache2

    web1 failed in 0.0 s: 1 rescued, 1 failed, 1 ok

    failed on web1: handler: Restart apache2 (service)
      cannot install `apache2`: no such package
      hint: the nearest names are: apache2-bin, apache2-utils
      exit code 100
      stdout:
        Reading package lists...
      stderr:
        E: Unable to locate package apache2
    ");
}

#[test]
fn a_name_is_what_the_hosts_made_of_it() {
    let mut play = Play::new(2, RunMode::Apply);
    let mut finish = |task, names: [&str; 2]| {
        for (host, name) in names.into_iter().enumerate() {
            let (turn, name) = (Turn(vec![0, task]), Some(name.to_owned()));
            let outcome = with(Status::Changed, &["mode 0600 -> 0644"]);
            play.event(Event::Finished { host: HostId(host), task, turn, name, outcome });
        }
    };
    finish(0, ["install nginx", "install nginx"]);
    finish(1, ["place a", "place b\u{1b}"]);
    assert_snapshot!(play.text, @r"
    changed  install nginx  (2 hosts)
             mode 0600 -> 0644
    changed  Place index.php  (2 hosts)
             web1: place a
             web2: place b\u{1b}
             mode 0600 -> 0644
    ");
}

#[test]
fn what_a_task_waits_for_stands_behind_its_rendered_name() {
    let mut play = Play::new(1, RunMode::Apply);
    let (host, turn, name) = (HostId(0), Turn(vec![0]), Some("install nginx".to_owned()));
    play.event(Event::Started { host, task: 0, turn, name });
    play.event(Event::Progress { host, task: 0, text: "waiting".to_owned() });
    assert_eq!(play.text, "[stderr] install nginx: waiting\n");
    assert_eq!(play.view.status(0).as_deref(), Some("install nginx (0.0 s)"));
}

#[test]
fn handlers_of_some_hosts_stand_where_they_ran() {
    let mut play = Play::new(2, RunMode::Apply);
    play.finish(0, 0, 10, plain(Status::Changed));
    play.finish(1, 0, 10, plain(Status::Ok));
    play.finish(0, 1, 10, plain(Status::Ok));
    play.end(1, 10, HostStatus::Converged, None);
    play.end(0, 10, HostStatus::Converged, None);
    assert_snapshot!(play.text, @r"
    changed  Install apache2: changed 1 (web1), ok 1 (web2)
    ok       Place index.php  (1 host)
    ");
}

#[test]
fn a_question_names_host_and_task() {
    let mut play = Play::new(2, RunMode::Apply);
    play.view.run.tasks[2].role = Role::Handler;
    assert_eq!(play.view.question(HostId(1), 0), "web2: Install apache2 (apt)");
    assert_eq!(play.view.question(HostId(0), 2), "web1: handler: Restart apache2 (service)");
}
