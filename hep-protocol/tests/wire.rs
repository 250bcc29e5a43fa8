//! Everything that crosses the wire: it survives the journey, its bytes are what they were, and nothing else is accepted.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic, and these helpers are tests"
)]

use hep_protocol::blob::{Digest, Source, SourceFile, TreeEntry, TreeKind, Want};
use hep_protocol::dialect::Dialect;
use hep_protocol::expression::Rank;
use hep_protocol::facts::{Facts, Init};
use hep_protocol::frame::{self, FrameError, MAX_FRAME};
use hep_protocol::message::{End, Go, Reply, Request, Stream, Turn};
use hep_protocol::outcome::{Change, Details, Exit, Failure, ItemOutcome, Outcome, Status, Told};
use hep_protocol::plan::{
    Block, CheckPolicy, Condition, Control, DiffMode, Gives, HandlersOnFailure, HostPart, Item,
    Loop, NamedSource, OnError, Pace, Play, Privacy, Retry, RunMode, Settings, Spec, Task,
};
use hep_protocol::rights::{ActAs, Means, Method};
use hep_protocol::task::TaskSpec;
use hep_protocol::value::{Json, PermissionBits, Secret};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// Parameters of every module with every kind of value in them, as a manifest would give them.
const SPECS: [&str; 32] = [
    r#"{"apt": {"package": ["nginx=1.22*", "libc6:arm64", "/srv/a.deb"], "action": "build-dep", "upgrade": "safe",
        "debconf": [{"package": "p", "question": "p/q", "type": "string", "value": "v"}], "policy_rc_d": 101}}"#,
    r#"{"assert": {"that": "x > 1", "msg": "too few"}}"#,
    r#"{"command": {"argv": "sh -c 'a b'", "creates": "/x", "env": {"A": "b"}, "timeout": 5}}"#,
    r#"{"debug": {"msg": "m", "var": "x.y"}}"#,
    r#"{"fail": {"msg": "no"}}"#,
    r#"{"file": {"src": "tree/", "dest": "/srv/", "owner": "33", "group": "www-data", "mod": 644, "validate": ["t", "%s"]}}"#,
    r#"{"flush": true}"#,
    r#"{"alternatives": {"name": "a", "path": "/a", "slaves": [{"name": "b", "path": "/b", "link": "/c"}]}}"#,
    r#"{"group": {"name": "web", "gid": "2000", "state": "absent"}}"#,
    r#"{"hostname": {"name": "web1", "use": "systemd"}}"#,
    r#"{"locale_gen": {"name": ["de_DE.UTF-8"]}}"#,
    r#"{"sysctl": {"name": "a.b", "val": true, "sysctl_file": "/x"}}"#,
    r#"{"timezone": {"name": "UTC"}}"#,
    r#"{"user": {"name": "ada", "groups": "a,b", "expires": "-1", "password": "*"}}"#,
    r#"{"service": {"service": "getty@tty1", "action": "reload", "enabled": false}}"#,
    r#"{"set": {"a": {"b": [1.5, "text"]}}}"#,
    r#"{"setup": {"gather_subset": "!all,network", "filter": ["ansible_*"], "fact_path": "/f", "gather_timeout": 5}}"#,
    r#"{"stat": {"path": "/srv", "checksum": true}}"#,
    r#"{"wait_for": {"port": 80, "timeout": 5}}"#,
    r#"{"lineinfile": {"path": "/a", "regexp": "^a=", "line": "a=1", "create": true, "owner": "0", "mode": "0600"}}"#,
    r#"{"blockinfile": {"path": "/a", "block": "x", "marker": "; {mark}", "insertafter": "EOF"}}"#,
    r#"{"replace": {"path": "/a", "regexp": "a(.)", "replace": "b\\1", "after": "begin"}}"#,
    r#"{"authorized_key": {"user": "ada", "key": "ssh-ed25519 AAAA ada", "exclusive": true}}"#,
    r#"{"getent": {"database": "passwd", "key": "root", "fail_key": false}}"#,
    r#"{"package_facts": {}}"#,
    r#"{"ping": {"data": "x"}}"#,
    r#"{"service_facts": {}}"#,
    r#"{"validate_argument_spec": {"argument_spec": {"a": {"type": "int"}}, "provided_arguments": {"a": [1, null]}}}"#,
    r#"{"apt_repository": {"repo": "deb http://a / b", "filename": "f", "mode": "0600", "update-cache": false}}"#,
    r#"{"find": {"paths": "/a", "patterns": ["*.log"], "age": "-2d", "size": 10, "mode": "u+x", "checksum_algorithm": "md5", "limit": 3}}"#,
    r#"{"slurp": {"src": "/a"}}"#,
    r#"{"ini_file": {"path": "/a", "section": "s", "option": "o", "values": ["1"], "section_has_values": [{"option": "x", "value": "y"}],
        "mode": "0600"}}"#,
];

fn json(text: &str) -> Json {
    Json(serde_json::from_str(text).unwrap())
}

fn conditions(texts: &[&str]) -> Vec<Condition> {
    texts.iter().map(|text| Condition((*text).to_owned())).collect()
}

fn each() -> Loop {
    let over = json(r#"["a", {"b": null}, 1.5]"#);
    Loop {
        over,
        var: "item".into(),
        index: Some("n".into()),
        label: Some("{{ item }}".into()),
        kind: Some("dict".into()),
        pause: Some(json("2")),
        extended: true,
    }
}

fn act_as() -> ActAs {
    ActAs { wanted: Some(json("true")), user: Some(json(r#""{{ u }}""#)) }
}

/// Every key that a task can have.
fn control() -> Control {
    let number = |n: u32| Json(n.into());
    let until = conditions(&["result.rc == 0"]);
    Control {
        choice: true,
        gives: Some(Box::new(Gives {
            rank: Rank::IncludedVars,
            chosen: Some("{{ item }}".into()),
            files: [("a.yml".into(), "/vars/a.yml".into())].into(),
        })),
        ends_play: true,
        when: conditions(&["a", "b is defined"]),
        each: Some(each()),
        register: Some("r".into()),
        notify: vec![3, 300],
        retry: Some(Retry { retries: number(3), delay: json(r#""{{ d }}""#), until }),
        changed_when: Some(vec![]),
        failed_when: Some(conditions(&["false"])),
        layers: vec![(Rank::Task, json(r#"{"z": 1, "a": "{{ z }}"}"#))],
        env: vec![json(r#"{"A": "b"}"#), json(r#""{{ e }}""#)],
        timeout: Some(number(5)),
        privacy: Privacy::Sensitive,
        check: CheckPolicy::Never,
        act_as: act_as(),
    }
}

/// A task of every module, and one whose parameters hold expressions.
fn tasks() -> Vec<Task> {
    let mode = PermissionBits(0o755);
    let file = SourceFile { name: "f".into(), digest: Digest::of(b"x"), size: 1, mode };
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
        spec: Spec::Typed(Arc::new(serde_json::from_str::<TaskSpec>(json).unwrap())),
        sources: sources.clone(),
        on_error: OnError::GoOn,
        control: None,
    };
    let open = Spec::Open { module: "file".into(), params: json(r#"{"dest": "/srv/{{ x }}"}"#) };
    let open = Task {
        name: "place {{ x }}".into(),
        spec: open,
        sources: vec![],
        on_error: OnError::Ask(Condition("x == 1".into())),
        control: Some(Box::new(control())),
    };
    SPECS.iter().map(|spec| task(spec)).chain([open]).collect()
}

fn play() -> Play {
    let block = Block {
        choice: true,
        name: Some("b".into()),
        body: 1,
        rescue: 1,
        always: 1,
        when: conditions(&["x"]),
        each: Some(each()),
        layers: vec![(Rank::Params, json(r#"{"v": true}"#))],
    };
    Play {
        dialect: Dialect::Ansible,
        number: 300,
        name: Some("p".into()),
        layers: vec![(Rank::Play, json("{}"))],
        first: 7,
        tasks: tasks(),
        items: vec![
            Item::Task(0),
            Item::Block(Box::new(block)),
            Item::Task(1),
            Item::Task(2),
            Item::Task(3),
        ],
        handlers: vec![4, 300],
        on_failure: HandlersOnFailure::Skip,
    }
}

fn settings() -> Settings {
    Settings {
        mode: RunMode::Check,
        diff: DiffMode::Unified,
        pace: Pace::Asking,
        extra: json(r#"{"e": [1, "2"]}"#),
        groups: json(r#"{"web": ["web1"]}"#),
        task_timeout: Some(300),
        facts: Some([hep_protocol::facts::setup::Collector::Lsb].into()),
    }
}

/// What is one host's own.
fn part() -> HostPart {
    let (name, groups) = ("web1".into(), vec!["web".into(), "all".into()]);
    let vars = json(r#"{"z": 1, "a": {"b": "ü"}}"#);
    let secrets = vec![Secret::new("s")];
    let (plays, waits) = (vec![0, 1], vec![1]);
    HostPart { name, groups, vars, plays, waits, act_as: act_as(), secrets }
}

fn means() -> Means {
    let (password, start) = (Some(Secret::new("p")), Some("root".into()));
    Means { method: Method::Su, password, start }
}

fn requests() -> Vec<Request> {
    let digest = Digest::of(b"x");
    vec![
        Request::Blob { digest, data: vec![1, 2, 3], last: true },
        Request::Unavailable { digest, reason: "gone".into() },
        Request::Become(Means::default()),
        Request::Become(means()),
        Request::Host(part()),
        Request::Play(play()),
        Request::Play(Play::default()),
        Request::Begin(settings()),
        Request::Facts,
        Request::Go(Go::Run),
        Request::Go(Go::Skip),
        Request::Go(Go::RunAll),
        Request::GoAhead { alone: true },
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
    let changes = vec![Change {
        line: "mode 0600 -> 0644".into(),
        diff: Some("-a\n+b\n".into()),
        action: Told::Action(json(r#"{"domain": "file"}"#)),
    }];
    let notes = vec!["n".into()];
    let details = Details { changes, notes, failure: Some(failure.clone()) };
    let item =
        ItemOutcome { label: "a".into(), status: Status::Rescued, details: details.clone(), ms: 3 };
    let outcome = Outcome { status: Status::Ignored, details, items: vec![item], ms: 12 };
    let (turn, name) = (Turn(vec![0, 300, 2]), Some("place a".into()));
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
        Reply::Became,
        Reply::Refused(failure.clone()),
        Reply::Want(vec![Want { digest: Digest::of(b"x"), from: 300 }]),
        Reply::Facts(json(r#"{"os": {"id": "debian"}, "cpus": 4}"#)),
        Reply::Ask { task: 3 },
        Reply::Waits { play: 1 },
        Reply::Started { task: 3, turn: Turn::default(), name: None },
        Reply::Started { task: 3, turn, name },
        Reply::Output { task: 3, stream: Stream::Stderr, data: vec![0xff, 0] },
        Reply::Progress { task: 3, text: "waits".into() },
        Reply::Finished { task: 3, outcome },
        Reply::Done(End::Completed),
        Reply::Done(End::Failed),
        Reply::Done(End::Cancelled),
    ]
}

/// How a value becomes a frame.
type Encode<T> = fn(&T) -> Result<Vec<u8>, FrameError>;

fn survives<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(
    values: Vec<T>,
    encode: Encode<T>,
) {
    fn read<T: DeserializeOwned>(reader: &mut &[u8]) -> Result<Option<T>, FrameError> {
        frame::read_packed(reader)
    }
    for value in values {
        let bytes = encode(&value).unwrap();
        let mut reader = bytes.as_slice();
        assert_eq!(read::<T>(&mut reader).unwrap(), Some(value));
        assert!(reader.is_empty());
        for len in 1..bytes.len() {
            assert!(read::<T>(&mut &bytes[..len]).is_err(), "{len} of {} bytes", bytes.len());
        }
        assert!(read::<T>(&mut &bytes[..0]).unwrap().is_none());
        let mut longer = bytes.clone();
        longer.push(0);
        longer[0] += 1;
        assert!(matches!(read::<T>(&mut longer.as_slice()), Err(FrameError::Malformed(_))));
    }
}

#[test]
fn every_message_survives_and_no_part_or_excess_of_one_does() {
    survives(requests(), frame::encode);
    survives(replies(), frame::encode);
}

#[test]
fn packed_messages_survive_and_no_part_or_excess_of_one_does() {
    survives(requests(), frame::encode_packed);
    survives(replies(), frame::encode_packed);
    survives(vec![much()], frame::encode_packed);
}

/// A play that says the same again and again.
fn much() -> Request {
    Request::Play(Play { tasks: (0..100).flat_map(|_| tasks()).collect(), ..play() })
}

/// The length of a frame whose highest bit says that it is packed.
fn packed_len(len: usize) -> [u8; 4] {
    (u32::try_from(len).unwrap() | 1 << 31).to_le_bytes()
}

#[test]
fn packing_makes_frames_shorter_or_leaves_them() {
    for value in [Request::Facts, Request::Go(Go::Run), Request::Host(part())] {
        let (plain, packed) =
            (frame::encode(&value).unwrap(), frame::encode_packed(&value).unwrap());
        assert!(packed == plain || packed.len() < plain.len());
    }
    assert_eq!(frame::encode_packed(&Request::Facts).unwrap(), [1, 0, 0, 0, 6]);
    let (plain, packed) = (frame::encode(&much()).unwrap(), frame::encode_packed(&much()).unwrap());
    assert!(packed.len() * 20 < plain.len(), "{} of {}", packed.len(), plain.len());
    assert_eq!(packed[..4], packed_len(packed.len() - 4));
    assert_eq!(packed[4..8], plain[..4]);
}

#[test]
fn packed_frames_are_what_they_say_or_refused() {
    let read = |bytes: &[u8]| frame::read_packed::<Request>(&mut &bytes[..]);
    let whole = frame::encode_packed(&much()).unwrap();
    let said = |len: u32| {
        let mut bytes = whole.clone();
        bytes[4..8].copy_from_slice(&len.to_le_bytes());
        read(&bytes)
    };
    let size = u32::from_le_bytes(whole[4..8].try_into().unwrap());
    assert_eq!(said(size).unwrap(), Some(much()));
    for wrong in [0, 1, size - 1, size + 1, u32::try_from(MAX_FRAME).unwrap()] {
        assert!(matches!(said(wrong), Err(FrameError::Malformed(_))), "{wrong}");
    }
    // Longer than any frame may be, unpacked and packed.
    for wrong in [u32::try_from(MAX_FRAME + 1).unwrap(), u32::MAX] {
        assert!(matches!(said(wrong), Err(FrameError::TooLong { .. })), "{wrong}");
    }
    assert!(matches!(read(&packed_len(MAX_FRAME + 1)), Err(FrameError::TooLong { .. })));
    // Too short to say anything, and to fill what it announces.
    for body in [&[][..], &[0, 0, 0], &[0, 0, 0, 0], &[0, 0, 0, 4, 3, 0]] {
        let bytes = [packed_len(body.len()).as_slice(), body].concat();
        assert!(matches!(read(&bytes), Err(FrameError::Malformed(_))), "{body:?}");
    }
    // A packed frame in a packed frame is no value.
    let again = [packed_len(whole.len()).as_slice(), &whole].concat();
    assert!(read(&again).is_err());
}

#[test]
fn packed_frames_are_for_those_who_expect_them() {
    let packed = frame::encode_packed(&much()).unwrap();
    assert!(matches!(
        frame::read::<Request>(&mut packed.as_slice()),
        Err(FrameError::Malformed(_))
    ));
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
    protocol 9
    requests 6b7a775bf2da00bd689d009a2901f2d72c2778e52640d4a70b7b177f383eda53
    replies  5e05ca6fe64f9ac2c083beda8f0bea03d3f387d330510e0bfcae3280cba7417f
    "
    );
    let asked = frame::encode(&Reply::Ask { task: 300 }).unwrap();
    assert_eq!(asked, [4, 0, 0, 0, 5, 251, 44, 1]);
    // Packed by hand, as a stored block (RFC 1951, 3.2.4): how well something is packed is the sender's affair.
    let block = [1, 1, 0, 254, 255, 6];
    let packed = [&[10, 0, 0, 0x80, 1, 0, 0, 0][..], &block].concat();
    assert_eq!(frame::read_packed(&mut packed.as_slice()).unwrap(), Some(Request::Facts));
}

#[test]
fn hostile_lengths_are_refused_before_they_allocate() {
    let too_long = u32::try_from(MAX_FRAME + 1).unwrap().to_le_bytes();
    assert!(matches!(
        frame::read::<Request>(&mut too_long.as_slice()),
        Err(FrameError::TooLong { .. })
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
        bytes.splice(..4, packed_len(body.len()));
        let _ = frame::read_packed::<Request>(&mut bytes.as_slice());
    }
}

#[test]
fn parameters_mean_the_same_in_json_and_on_the_wire() {
    for text in SPECS {
        let spec = serde_json::from_str::<TaskSpec>(text).unwrap();
        let json = serde_json::to_string(&spec).unwrap();
        assert_eq!(serde_json::from_str::<TaskSpec>(&json).unwrap(), spec, "{json}");
        assert!(TaskSpec::MODULES.contains(&spec.about().name));
    }
    assert_eq!(SPECS.len(), TaskSpec::MODULES.len());
}
