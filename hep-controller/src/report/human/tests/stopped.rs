//! Runs that are stopped before their end.

use super::*;

#[test]
fn a_stopped_run_says_so() {
    let mut play = Play::new(2, RunMode::Apply);
    play.event(Event::Stopping(Stopping::Soon, None));
    play.finish(0, 0, 900, plain(Status::Ok));
    play.end(
        0,
        1_000,
        HostStatus::Stopped,
        Some(Trouble::new("stopped on request before `Place index.php`")),
    );
    let what = "stopped on request before the host was contacted";
    play.end(1, 0, HostStatus::NotStarted, Some(Trouble::new(what)));
    assert_snapshot!(play.close(true), @r"
    [stderr] stopping after the current steps; press Ctrl-C again to cut the links
    ok       Install apache2  (1 host, 0.9 s)

    host  status       ok  changed  not run  time
    web1  stopped       1        0        2  1.0 s
    web2  not started   0        0        -  0.0 s

    cancelled after 1.0 s: 1 host stopped, 1 not started

    stopped: web1
      stopped on request before `Place index.php`

    not started: web2
      stopped on request before the host was contacted
    ");
}

#[test]
fn the_only_host_that_was_stopped_or_not_started_is_called_that() {
    let mut play = Play::new(1, RunMode::Apply);
    play.finish(0, 0, 900, plain(Status::Ok));
    let what = "stopped on request before `Place index.php`";
    play.end(0, 1_000, HostStatus::Stopped, Some(Trouble::new(what)));
    assert_snapshot!(play.close(true), @r"
    ok       Install apache2  (0.9 s)

    web1 was stopped after 1.0 s: 1 ok, 2 not run, cancelled

    stopped: web1
      stopped on request before `Place index.php`
    ");
    let mut play = Play::new(1, RunMode::Apply);
    let what = "stopped, since the run took longer than 5 s, before the host was contacted";
    play.end(0, 0, HostStatus::NotStarted, Some(Trouble::new(what)));
    assert_snapshot!(play.close(false), @r"
    web1 was not started

    not started: web1
      stopped, since the run took longer than 5 s, before the host was contacted
    ");
}
