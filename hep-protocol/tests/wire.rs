//! Everything that crosses the wire: it survives the journey, its bytes are what they were, and nothing else is accepted.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic, and these helpers are tests"
)]

use hep_protocol::blob::{Digest, Source, SourceFile, TreeEntry, TreeKind};
use hep_protocol::facts::{Facts, Init};
use hep_protocol::frame::{self, FrameError, MAX_FRAME};
use hep_protocol::message::{End, Reply, Request, Stream};
use hep_protocol::outcome::{Change, Exit, Failure, Outcome, Status};
use hep_protocol::plan::{DiffMode, NamedSource, OnError, Plan, RunMode, Task};
use hep_protocol::task::TaskSpec;
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A task of every module with every kind of value in it, as a manifest would give them.
fn plan() -> Plan {
    let specs = [
        r#"{"apt": {"package": ["nginx=1.22*", "libc6:arm64", "/srv/a.deb"], "action": "build-dep", "upgrade": "safe",
            "debconf": [{"package": "p", "question": "p/q", "type": "string", "value": "v"}], "policy_rc_d": 101}}"#,
        r#"{"command": {"argv": "sh -c 'a b'", "creates": "/x", "env": {"A": "b"}, "timeout": 5}}"#,
        r#"{"file": {"src": "tree/", "dest": "/srv/", "owner": "33", "group": "www-data", "mod": 644, "validate": ["t", "%s"]}}"#,
        r#"{"service": {"service": "getty@tty1", "action": "reload", "enabled": false}}"#,
    ];
    let file = SourceFile { name: "f".into(), digest: Digest::of(b"x"), size: 1, executable: true };
    let entry = |path: &str, kind| TreeEntry { path: path.to_owned().try_into().unwrap(), kind };
    let entries = vec![
        entry("d", TreeKind::Directory),
        entry("d/f", TreeKind::File(file.clone())),
        entry("l", TreeKind::Link { target: "d/f".into() }),
    ];
    let sources = vec![
        NamedSource { written: "f".into(), source: Source::File(file) },
        NamedSource {
            written: "tree/".into(),
            source: Source::Tree { name: "tree".into(), entries },
        },
    ];
    let task = |json: &str| Task {
        name: "a task".into(),
        spec: serde_json::from_str::<TaskSpec>(json).unwrap(),
        sources: sources.clone(),
        on_error: OnError::GoOn,
    };
    Plan { mode: RunMode::Check, diff: DiffMode::Unified, tasks: specs.map(task).to_vec() }
}

fn requests() -> Vec<Request> {
    let digest = Digest::of(b"x");
    vec![
        Request::Blob { digest, data: vec![1, 2, 3], last: true },
        Request::Unavailable { digest, reason: "gone".into() },
        Request::Plan(plan()),
        Request::Cancel,
        Request::End,
    ]
}

fn replies() -> Vec<Reply> {
    let failure = Failure {
        message: "no".into(),
        hint: Some("do".into()),
        exit: Some(Exit::Signal(9)),
        stdout: "o".into(),
        stderr: "e".into(),
    };
    let outcome = Outcome {
        status: Status::Ignored,
        changes: vec![Change { line: "mode 0600 -> 0644".into(), diff: Some("-a\n+b\n".into()) }],
        notes: vec!["n".into()],
        failure: Some(failure),
        ms: 12,
    };
    let facts = Facts {
        hostname: "web1".into(),
        os_id: "debian".into(),
        os_version: "12".into(),
        os_codename: "bookworm".into(),
        kernel: "6.1".into(),
        arch: "x86_64".into(),
        init: Init::Sysv,
    };
    vec![
        Reply::Hello(facts),
        Reply::Want(Digest::of(b"x")),
        Reply::Started { task: 3 },
        Reply::Output { task: 3, stream: Stream::Stderr, data: vec![0xff, 0] },
        Reply::Progress { task: 3, text: "waits".into() },
        Reply::Finished { task: 3, outcome },
        Reply::Done(End::Cancelled),
    ]
}

fn survives<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(values: Vec<T>) {
    for value in values {
        let bytes = frame::encode(&value).unwrap();
        let mut reader = bytes.as_slice();
        assert_eq!(frame::read::<T>(&mut reader).unwrap(), Some(value));
        assert!(reader.is_empty());
        for len in 1..bytes.len() {
            assert!(
                frame::read::<T>(&mut &bytes[..len]).is_err(),
                "{len} of {} bytes",
                bytes.len()
            );
        }
        assert!(frame::read::<T>(&mut &bytes[..0]).unwrap().is_none());
        let mut longer = bytes.clone();
        longer.push(0);
        longer[0] += 1;
        assert!(matches!(frame::read::<T>(&mut longer.as_slice()), Err(FrameError::Malformed(_))));
    }
}

#[test]
fn every_message_survives_and_no_part_or_excess_of_one_does() {
    survives(requests());
    survives(replies());
}

/// The digest of the bytes of every message. A difference means that the wire changed: raise `hello::PROTOCOL` with it.
#[test]
fn bytes_are_what_they_were() {
    let bytes = |frames: Vec<Vec<u8>>| Digest::of(&frames.concat()).to_string();
    let requests = bytes(requests().iter().map(|value| frame::encode(value).unwrap()).collect());
    let replies = bytes(replies().iter().map(|value| frame::encode(value).unwrap()).collect());
    insta::assert_snapshot!(
        format!("protocol {}\nrequests {requests}\nreplies  {replies}", hep_protocol::hello::PROTOCOL),
        @r"
    protocol 1
    requests 5b34615410c27e5269776c35d35530c77bfd79e9ff68ab7a32ac49f63fcce333
    replies  f51ed8a7eb30ffe0a571e99e734108cb0b4a69f2af7ff3c54fa260a6d15118c9
    "
    );
    let want = frame::encode(&Reply::Started { task: 300 }).unwrap();
    assert_eq!(want, [4, 0, 0, 0, 2, 251, 44, 1]);
}

#[test]
fn hostile_lengths_are_refused_before_they_allocate() {
    let too_long = u32::try_from(MAX_FRAME + 1).unwrap().to_le_bytes();
    assert!(matches!(
        frame::read::<Request>(&mut too_long.as_slice()),
        Err(FrameError::TooLong(_))
    ));
    // A blob that says it has 2^63 bytes: `Blob`, digest, then the length of `data`.
    let mut body = vec![0];
    body.extend([7; 32]);
    body.extend([253, 0, 0, 0, 0, 0, 0, 0, 0x80]);
    let mut frame_bytes = u32::try_from(body.len()).unwrap().to_le_bytes().to_vec();
    frame_bytes.extend(body);
    assert!(matches!(
        frame::read::<Request>(&mut frame_bytes.as_slice()),
        Err(FrameError::Malformed(_))
    ));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..512)) {
        let mut bytes = u32::try_from(body.len()).unwrap().to_le_bytes().to_vec();
        bytes.extend(&body);
        let _ = frame::read::<Request>(&mut bytes.as_slice());
        let _ = frame::read::<Reply>(&mut bytes.as_slice());
    }
}

#[test]
fn parameters_mean_the_same_in_json_and_on_the_wire() {
    for task in plan().tasks {
        let json = serde_json::to_string(&task.spec).unwrap();
        assert_eq!(serde_json::from_str::<TaskSpec>(&json).unwrap(), task.spec, "{json}");
        assert!(TaskSpec::MODULES.contains(&task.spec.module()));
    }
}
