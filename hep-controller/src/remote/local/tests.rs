//! Links to shell scripts in the agent's place.

use super::*;

fn start_script(script: &str) -> Box<dyn Link> {
    start(Command::new("/bin/sh").args(["-c", script])).unwrap()
}

fn read_to_end(link: &mut dyn Link) -> String {
    let mut text = String::new();
    link.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn bytes_go_there_and_back() {
    let mut link = start_script("head -c 10; echo last words >&2; exit 3");
    link.write_all(b"to and fro").unwrap();
    assert_eq!(read_to_end(&mut *link), "to and fro");
    let ending = Ending { exit: Exit::Code(3), stderr: "last words\n".to_owned() };
    assert_eq!(link.finish(), ending);
    assert_eq!(link.finish(), ending);
    assert_eq!(link.counters(), Counters { sent: 10, received: 10 });
}

#[test]
fn a_killed_agent_is_told_by_its_signal() {
    let mut link = start_script("kill -9 $$");
    assert_eq!(read_to_end(&mut *link), "");
    assert_eq!(link.finish().exit, Exit::Signal("KILL".to_owned()));
}

#[test]
fn a_cancel_ends_a_read_and_leaves_the_step_in_hand_to_its_end() {
    let directory = tempfile::tempdir().unwrap();
    let done = directory.path().join("done");
    let script = format!("read line; sleep 0.5; echo done > {}", done.display());
    let mut link = start_script(&script);
    let canceller = link.canceller();
    let cancel = thread::spawn(move || {
        thread::sleep(Duration::from_millis(50));
        canceller.cancel();
    });
    let started = Instant::now();
    assert_eq!(link.read(&mut [0]).unwrap_err().to_string(), "cancelled");
    cancel.join().unwrap();
    assert_eq!(link.finish().exit, Exit::Unknown);
    drop(link);
    assert!(!done.exists(), "the link did not wait for the step");
    while !done.exists() {
        assert!(started.elapsed() < Duration::from_secs(10), "the step was not finished");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_daemon_that_holds_stderr_does_not_hold_the_end() {
    let mut link = start_script("setsid sleep 30 >/dev/null <&- & echo said >&2");
    assert_eq!(read_to_end(&mut *link), "");
    let started = Instant::now();
    assert_eq!(link.finish(), Ending { exit: Exit::Code(0), stderr: "said\n".to_owned() });
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[test]
fn an_agent_in_memory_runs() {
    // Any program that can be told to do nothing by the argument `serve` will do: true(1).
    let mut link = start_bytes(&std::fs::read("/bin/true").unwrap()).unwrap();
    assert_eq!(read_to_end(&mut *link), "");
    assert_eq!(link.finish(), Ending { exit: Exit::Code(0), stderr: String::new() });
}

#[test]
fn an_agent_that_is_not_there_is_an_error() {
    assert_eq!(
        start_file(Path::new("/nonexistent")).err().unwrap().kind(),
        io::ErrorKind::NotFound
    );
}
