//! What `--quiet` leaves, and the line of what goes on.

use super::*;

#[test]
fn quiet_tells_failures_and_one_line() {
    let mut play = Play::new(4, RunMode::Apply);
    play.view.verbosity = Verbosity::Failures;
    for host in [0, 1] {
        play.finish(host, 0, 900, with(Status::Changed, &["install apache2 2.4.62"]));
        play.end(host, 1_000, HostStatus::Converged, None);
    }
    play.finish(2, 0, 900, failing(Status::Failed, no_package()));
    play.end(2, 1_100, HostStatus::Failed, None);
    let trouble = Trouble::new("connect: 10.0.0.4:22: connection \u{1b}[2Jrefused");
    play.end(3, 40, HostStatus::Unreachable, Some(trouble));
    assert_eq!(play.view.status(9_000), None);
    assert_snapshot!(play.close(false), @r"
    failed on web3: Install apache2 (apt)
      cannot install `apache2`: no such package
      hint: the nearest names are: apache2-bin, apache2-utils
      exit code 100
      stdout:
        Reading package lists...
      stderr:
        E: Unable to locate package apache2

    unreachable: web4
      connect: 10.0.0.4:22: connection \u{1b}[2Jrefused

    2 hosts converged, 1 failed, 1 unreachable in 1.1 s
    ");
}

#[test]
fn the_status_has_the_last_line_of_the_slowest_and_is_harmless() {
    let mut play = Play::new(3, RunMode::Apply);
    let (host, turn) = (HostId(1), Turn(vec![0, 0]));
    drop(play.view.event(Event::Started { host, task: 0, turn, name: None }, 1_000));
    let (stream, data) =
        (hep_protocol::message::Stream::Stdout, b"one\nUnpacking \x1b[2J\n".to_vec());
    drop(play.view.event(Event::Output { host, task: 0, stream, data }, 2_000));
    play.end(2, 40, HostStatus::Unreachable, Some(Trouble::new("no")));
    let expected = "1 of 3 hosts done, 1 failed, 1 running; web2: Install apache2 (4.0 s): \
                    Unpacking \\u{1b}[2J";
    assert_eq!(play.view.status(5_000).as_deref(), Some(expected));
}
