//! Helpers that lie, fall silent or do not read, and one that does its work, each on the other end of a socket.

use super::*;
use crate::converge::Tried;
use crate::escalate::Started;
use hep_protocol::blob::{Digest, Source, SourceFile, Want};
use hep_protocol::frame;
use hep_protocol::message::{Go, Stream};
use hep_protocol::outcome::{Details, Exit, Outcome, Status};
use hep_protocol::plan::{NamedSource, Spec};
use hep_protocol::value::PermissionBits;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// The task's number.
const TASK: u32 = 7;

/// The name of a content that has no end.
const ENDLESS: &str = "endless";

/// What the task names.
const NAMED: [&str; 3] = ["a", "b", ENDLESS];

const SHORT: Patience =
    Patience { running: Duration::from_millis(500), stopping: Duration::from_millis(300) };

/// For a helper that speaks, however busy the machine is.
const LONG: Patience = Patience { running: Duration::from_secs(60), ..SHORT };

/// Has every content: its name.
#[derive(Default)]
struct Ear {
    heard: Mutex<Vec<Reply>>,
    foreseen: Mutex<Vec<usize>>,
    cancelled: AtomicBool,
}

impl Outside for Ear {
    fn reply(&self, reply: Reply) {
        self.heard.lock().unwrap().push(reply);
    }

    fn open(&self, want: Want) -> io::Result<Box<dyn Read>> {
        let name = NAMED.into_iter().find(|name| digest(name) == want.digest).unwrap();
        Ok(if name == ENDLESS { Box::new(io::repeat(0)) } else { Box::new(name.as_bytes()) })
    }

    fn foresee(&self, wants: Vec<(Want, u64)>) {
        self.foreseen.lock().unwrap().push(wants.len());
    }

    fn cancelled(&self) -> bool {
        self.cancelled.load(Ordering::SeqCst)
    }

    fn ask(&self, _task: u32) -> Go {
        Go::Run
    }
}

fn digest(name: &str) -> Digest {
    Digest::of(name.as_bytes())
}

fn want(name: &str) -> Want {
    Want { digest: digest(name), from: 0 }
}

fn errand(command: &str, mode: RunMode) -> Errand {
    let spec = serde_json::from_str(&format!(r#"{{"command": {{"argv": "{command}"}}}}"#));
    let source = |name: &str| NamedSource {
        written: name.to_owned(),
        source: Source::File(SourceFile {
            name: name.to_owned(),
            digest: digest(name),
            size: 1,
            mode: PermissionBits(0o644),
        }),
    };
    let sources = NAMED.into_iter().map(source).collect();
    let task =
        Task { sources, ..Task::of("a task".to_owned(), Spec::Typed(Arc::new(spec.unwrap()))) };
    let start = TaskStart { number: TASK, ..TaskStart::default() };
    Errand { task, start, diff: DiffMode::Off, mode, check: CheckPolicy::AsRun }
}

/// Has a helper try an errand; what it does is the other end's affair.
fn helped(
    ear: &Ear,
    errand: Errand,
    patience: Patience,
    other: impl FnOnce(UnixStream) + Send + 'static,
) -> Result<Tried, String> {
    let (stream, theirs) = UnixStream::pair().unwrap();
    let end = std::thread::spawn(move || {
        other(theirs);
        Ok(Exit::Code(0))
    });
    let helper = Helper::of(Started { stream, end }, patience).unwrap();
    helper.attempt(errand, ear).map_err(crate::sys::words)
}

/// What becomes of a task whose helper takes its errand and then does this.
fn lied(other: impl FnOnce(&mut UnixStream) + Send + 'static) -> Result<Tried, String> {
    helped(&Ear::default(), errand("true", RunMode::Apply), LONG, |mut stream| {
        let _: Option<Word> = frame::read(&mut stream).unwrap();
        other(&mut stream);
    })
}

fn check(other: impl FnOnce(&mut UnixStream) + Send + 'static, expected: &str) {
    let words = lied(other).err().unwrap();
    assert!(words.starts_with(expected), "{words}");
}

fn says(stream: &mut UnixStream, reply: Reply) {
    // A helper that lies is soon ignored.
    frame::write(stream, &Answer::Reply(reply)).ok();
}

fn done(stream: &mut UnixStream, depends: Option<&str>) {
    let depends = depends.map(str::to_owned);
    let tried = Tried { unforeseen: true, depends, ..Tried::default() };
    frame::write(stream, &Answer::Done(Box::new(tried))).unwrap();
}

/// The next request.
fn hears(stream: &mut UnixStream) -> Request {
    match frame::read(stream).unwrap() {
        Some(Word::Request(request)) => *request,
        other => panic!("{other:?}"),
    }
}

#[test]
fn words_of_other_tasks_and_ends_of_tasks_are_not_a_helpers_to_say() {
    let expected = "it sent what it may not send";
    let data = Vec::new();
    let output = Reply::Output { task: TASK + 1, stream: Stream::Stdout, data };
    check(|stream| says(stream, output), expected);
    let outcome = Outcome::new(Status::Ok, Details::default());
    check(|stream| says(stream, Reply::Finished { task: TASK, outcome }), expected);
    check(|stream| says(stream, Reply::Ask { task: TASK }), expected);
}

#[test]
fn more_wants_than_the_task_can_have_are_refused() {
    let expected = "it asks for more than its task names";
    check(|stream| (0..1000).for_each(|_| says(stream, Reply::Want(vec![want("x")]))), expected);
    check(|stream| (0..1000).for_each(|_| says(stream, Reply::Want(Vec::new()))), expected);
    check(|stream| says(stream, Reply::Want(vec![want("a"); 100_000])), expected);
}

#[test]
fn contents_that_the_task_does_not_name_are_not_given() {
    let tried = lied(|stream| {
        says(stream, Reply::Want(vec![want("secret")]));
        let (digest, reason) = (digest("secret"), "the task does not name it".to_owned());
        assert_eq!(hears(stream), Request::Unavailable { digest, reason });
        done(stream, None);
    });
    assert!(tried.unwrap().details.failure.is_none());
}

#[test]
fn wants_are_foreseen_in_one_go_and_answered_in_order() {
    let ear = Ear::default();
    let tried = helped(&ear, errand("true", RunMode::Apply), LONG, |mut stream| {
        let _: Option<Word> = frame::read(&mut stream).unwrap();
        says(&mut stream, Reply::Want(vec![want("a"), want("secret"), want("b")]));
        for name in ["a", "secret", "b"] {
            let digest = digest(name);
            let expected = if name == "secret" {
                let reason = "the task does not name it".to_owned();
                Request::Unavailable { digest, reason }
            } else {
                Request::Blob { digest, data: name.as_bytes().to_vec(), last: true }
            };
            assert_eq!(hears(&mut stream), expected);
        }
        done(&mut stream, None);
    });
    assert!(tried.is_ok());
    assert_eq!(*ear.foreseen.lock().unwrap(), [2, 0]);
}

#[test]
fn frame_that_ends_too_early_is_a_lost_helper() {
    check(|stream| stream.write_all(&[9, 0, 0, 0, 1]).unwrap(), "its stream is broken");
    check(|_| {}, "it ended before the task did");
}

#[test]
fn silent_helper_is_lost_also_if_it_reads_nothing() {
    let words = helped(&Ear::default(), errand("true", RunMode::Apply), SHORT, |mut stream| {
        let _: Option<Word> = frame::read(&mut stream).unwrap();
        stream.read_exact(&mut [0]).ok();
    });
    assert!(words.err().unwrap().starts_with("it was silent for "));
    let mut errand = errand("true", RunMode::Apply);
    errand.start.env.insert("LONG".to_owned(), "x".repeat(4 << 20));
    let words = helped(&Ear::default(), errand, SHORT, |_stream| {
        std::thread::sleep(Duration::from_secs(2));
    });
    assert!(words.err().unwrap().starts_with("it was silent for "));
}

#[test]
fn wish_to_stop_is_heeded_while_a_helper_is_silent() {
    let ear = Ear { cancelled: AtomicBool::new(true), ..Ear::default() };
    let patience = Patience { running: Duration::from_secs(600), ..SHORT };
    let begun = Instant::now();
    let words = helped(&ear, errand("true", RunMode::Apply), patience, |mut stream| {
        let _: Option<Word> = frame::read(&mut stream).unwrap();
        assert_eq!(hears(&mut stream), Request::Cancel);
        stream.read_exact(&mut [0]).ok();
    });
    assert!(words.err().unwrap().starts_with("it was silent for "));
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn contents_of_a_task_that_has_ended_end_too() {
    let tried = lied(|stream| {
        says(stream, Reply::Want(vec![want(ENDLESS), want("a")]));
        assert!(matches!(hears(stream), Request::Blob { last: false, .. }));
        done(stream, None);
        let reason = "the task has ended".to_owned();
        for name in [ENDLESS, "a"] {
            let unavailable = Request::Unavailable { digest: digest(name), reason: reason.clone() };
            let told = std::iter::repeat_with(|| hears(stream))
                .find(|request| !matches!(request, Request::Blob { .. }));
            assert_eq!(told, Some(unavailable));
        }
    });
    assert!(tried.is_ok());
}

#[test]
fn helper_that_leaves_contents_unread_behind_its_end_holds_nobody() {
    let begun = Instant::now();
    let tried = lied(|stream| {
        says(stream, Reply::Want(vec![want(ENDLESS)]));
        std::thread::sleep(Duration::from_millis(200));
        done(stream, None);
        std::thread::sleep(Duration::from_secs(2));
    });
    assert!(tried.is_ok());
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn only_a_try_in_check_mode_may_rest_on_something() {
    for (mode, expected) in [(RunMode::Apply, (None, false)), (RunMode::Check, (Some("x"), true))] {
        let tried = helped(&Ear::default(), errand("true", mode), LONG, |mut stream| {
            let _: Option<Word> = frame::read(&mut stream).unwrap();
            done(&mut stream, Some("x"));
        });
        let tried = tried.unwrap();
        assert_eq!((tried.depends.as_deref(), tried.unforeseen), expected);
    }
}

#[test]
fn step_that_takes_longer_than_the_patience_is_waited_for() {
    let patience = Patience { running: Duration::from_secs(2), ..SHORT };
    let errand = errand("/bin/sleep 3.5", RunMode::Apply);
    let tried = helped(&Ear::default(), errand, patience, |stream| work::serve(stream).unwrap());
    let tried = tried.unwrap();
    assert_eq!((tried.details.failure, tried.details.changes.len()), (None, 1));
}

#[test]
fn wrong_password_of_the_login_is_given_once_and_each_users_own_to_each() {
    for (method, expected) in [(Method::Sudo, 1), (Method::Doas, 1), (Method::Su, 3)] {
        let (mut wrong, mut starts) = (None, 0);
        for _ in 0..3 {
            let started: Result<(), _> = first_wrong(method, &mut wrong, || {
                starts += 1;
                Err(Refused::Password(SysError::new("the password is wrong")))
            });
            assert_eq!(started.err().unwrap().message, "the password is wrong");
        }
        assert_eq!(starts, expected, "{method:?}");
    }
    let refuse = || Err::<(), _>(SysError::new("no such user").into());
    let mut wrong = None;
    assert!(first_wrong(Method::Sudo, &mut wrong, refuse).is_err());
    assert_eq!(wrong, None);
}
