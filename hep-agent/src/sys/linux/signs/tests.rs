//! Waiting on this machine: ports of its own, files of a directory of its own.

use super::*;
use crate::outside::Outside;
use crate::sys::signs::{Regex, no_match, nothing};
use hep_protocol::blob::Want;
use hep_protocol::expression::Pattern;
use hep_protocol::message::{Go, Reply};
use hep_protocol::outcome::Failure;
use hep_protocol::value::AbsPath;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::TcpListener;
use std::num::NonZeroU16;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

#[derive(Default)]
struct Quiet {
    stop: AtomicBool,
}

impl Outside for Quiet {
    fn reply(&self, _reply: Reply) {}

    fn open(&self, _want: Want) -> io::Result<Box<dyn io::Read>> {
        Err(ErrorKind::NotFound.into())
    }

    fn cancelled(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    fn ask(&self, _task: u32) -> Go {
        Go::Run
    }
}

fn wait(sign: Sign, action: Action, timeout: u64) -> Wait {
    let (timeout, delay) = (Duration::from_millis(timeout), Duration::ZERO);
    Wait { sign, action, timeout, delay, msg: None }
}

fn run(wait: &Wait) -> Result<Duration, String> {
    run_on(&Arc::new(Quiet::default()), wait)
}

fn run_on(outside: &Arc<Quiet>, wait: &Wait) -> Result<Duration, String> {
    let outside: Arc<dyn Outside> = Arc::clone(outside) as _;
    Linux::new(outside).waited(wait).map_err(|error| Failure::from(error).message)
}

fn port(host: &str, port: u16) -> Sign {
    Sign::Port(Address { host: host.to_owned(), port: NonZeroU16::new(port).unwrap() })
}

/// A port that nobody listens on any more.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn in_a_moment(act: impl FnOnce() + Send + 'static) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(300));
        act();
    })
}

#[test]
fn port_is_awaited_until_it_answers() {
    let number = free_port();
    let later = in_a_moment(move || {
        let listener = TcpListener::bind(("127.0.0.1", number)).unwrap();
        listener.accept().unwrap();
    });
    let time = run(&wait(port("localhost", number), Action::Present, 10_000)).unwrap();
    assert!((280..3000).contains(&time.as_millis()), "{time:?}");
    later.join().unwrap();
}

#[test]
fn port_that_does_not_answer_is_an_error_with_the_last_state() {
    let number = free_port();
    assert_eq!(
        run(&wait(port("127.0.0.1", number), Action::Present, 1000)),
        Err(format!("port {number} of 127.0.0.1 did not answer within 1 s: connection refused"))
    );
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let number = listener.local_addr().unwrap().port();
    assert_eq!(
        run(&wait(port("127.0.0.1", number), Action::Absent, 1000)),
        Err(format!("port {number} of 127.0.0.1 still answers after 1 s"))
    );
}

#[test]
fn name_without_an_address_is_neither_there_nor_gone() {
    for action in [Action::Present, Action::Absent] {
        let error = run(&wait(port("no-such-host.invalid", 80), action, 50)).unwrap_err();
        assert!(error.ends_with("`no-such-host.invalid` has no address"), "{error}");
    }
}

#[test]
fn path_is_awaited_to_come_and_to_go() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("f");
    let path: AbsPath = file.to_str().unwrap().parse().unwrap();
    let later = in_a_moment({
        let file = file.clone();
        move || fs::write(file, "").unwrap()
    });
    run(&wait(Sign::Path(path.clone()), Action::Present, 10_000)).unwrap();
    later.join().unwrap();
    let later = in_a_moment(move || fs::remove_file(file).unwrap());
    run(&wait(Sign::Path(path.clone()), Action::Absent, 10_000)).unwrap();
    later.join().unwrap();
    let late = run(&wait(Sign::Path(path.clone()), Action::Present, 1000));
    assert_eq!(late, Err(format!("{path} did not come within 1 s")));
}

#[test]
fn line_is_found_when_it_comes_also_in_pieces_and_in_another_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("log");
    let path: AbsPath = file.to_str().unwrap().parse().unwrap();
    let regex =
        |text: &str| Regex { written: text.to_owned(), pattern: Pattern::new(text).unwrap() };
    let mut follower = Follower::default();
    let mut look =
        |text: &str, action| follower.look(&path, &regex(text), action, &|| false).unwrap();
    let append = |bytes: &[u8]| {
        let mut log = OpenOptions::new().append(true).create(true).open(&file).unwrap();
        log.write_all(bytes).unwrap();
    };
    assert_eq!(look("^ready$", Action::Present), nothing());
    // Large enough that it is followed, and does not end with a line's end.
    append("a line of some length\n".repeat(50_000).as_bytes());
    append(b"rea");
    assert_eq!(look("^ready$", Action::Present), no_match());
    append(b"dy");
    assert_eq!(look("^ready$", Action::Present), Sight::There);
    append(b"\nmore\n");
    assert_eq!(look("^ready$", Action::Absent), Sight::There);
    fs::remove_file(&file).unwrap();
    append(b"another\n");
    assert_eq!(look("^ready$", Action::Absent), no_match());
    // One endless line is looked at in parts, and not kept whole.
    append(&b"x".repeat(3 * 1024 * 1024));
    append(b"end\n");
    assert_eq!(look("xend", Action::Present), Sight::There);
}

#[test]
fn following_reads_only_what_is_new() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("log");
    let path: AbsPath = file.to_str().unwrap().parse().unwrap();
    fs::write(&file, "found\n".repeat(100_000)).unwrap();
    let regex =
        |text: &str| Regex { written: text.to_owned(), pattern: Pattern::new(text).unwrap() };
    let mut follower = Follower::default();
    let mut look =
        |text: &str| follower.look(&path, &regex(text), Action::Present, &|| false).unwrap();
    assert_eq!(look("nothing"), no_match());
    let mut log = OpenOptions::new().append(true).open(&file).unwrap();
    log.write_all(b"more\n").unwrap();
    // What stands before the end of the last look is not looked at again.
    assert_eq!(look("found"), no_match());
    log.write_all(b"found\n").unwrap();
    assert_eq!(look("found"), Sight::There);
}

#[test]
fn waiting_stops_with_the_run() {
    let outside = Arc::new(Quiet::default());
    let later = in_a_moment({
        let outside = Arc::clone(&outside);
        move || outside.stop.store(true, Ordering::SeqCst)
    });
    let path: AbsPath = "/no/such/path".parse().unwrap();
    let start = Instant::now();
    let stopped = run_on(&outside, &wait(Sign::Path(path), Action::Present, 60_000));
    assert_eq!(stopped, Err("stopped while waiting: wait for /no/such/path".to_owned()));
    assert!(start.elapsed() < Duration::from_secs(2));
    later.join().unwrap();
}

#[test]
fn delay_comes_before_the_first_look_and_counts() {
    let path: AbsPath = "/".parse().unwrap();
    let delayed = |delay| Wait {
        delay: Duration::from_millis(delay),
        ..wait(Sign::Path(path.clone()), Action::Present, 200)
    };
    assert!(run(&delayed(150)).unwrap() >= Duration::from_millis(150));
    // Past the end there is one look.
    assert!(run(&delayed(60_000)).unwrap() < Duration::from_secs(5));
}
