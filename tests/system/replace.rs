//! Replacing a file under the eyes of a reader.

use crate::operator::Operator;
use hep_tests::{Flavour, Host};
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

const SIZE: usize = 1_000_000;
const TASKS: usize = 200;
const PUSHES: usize = 5;

/// What a reader sees who opens the file now: all of one content, its mode and its owner.
fn look(path: &std::path::Path, bytes: &mut Vec<u8>) -> Option<(usize, bool, u32, u32, u32)> {
    let mut file = File::open(path).ok()?;
    let meta = file.metadata().unwrap();
    bytes.clear();
    file.read_to_end(bytes).unwrap();
    let first = bytes.first().copied();
    let whole = bytes.iter().all(|byte| Some(*byte) == first);
    Some((bytes.len(), whole, meta.mode() & 0o7777, meta.uid(), meta.gid()))
}

#[test]
fn reader_never_sees_a_partial_file_or_wrong_attributes() {
    let host = Host::start(Flavour::Sysv, "web1").unwrap();
    let operator = Operator::new(&[&host]);
    operator.write("a", vec![b'a'; SIZE]);
    operator.write("b", vec![b'b'; SIZE]);
    let task = |source| {
        format!("- file: {{src: {source}, dest: /srv/page, owner: 33, group: 33, mode: '0640'}}\n")
    };
    let manifest: String = (0..TASKS).map(|n| task(if n % 2 == 0 { "a" } else { "b" })).collect();
    operator.push(&task("b"), &[]).ends(0);

    let path = host.path("/srv/page");
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let (mut bytes, mut seen, mut contents) = (Vec::new(), 0_u64, [0_u64; 2]);
            while !over.load(Ordering::Relaxed) {
                let state = look(&path, &mut bytes).expect("the file is always there");
                assert_eq!(state, (SIZE, true, 0o640, 33, 33));
                contents[usize::from(bytes[0] == b'b')] += 1;
                seen += 1;
            }
            (seen, contents)
        });
        for _ in 0..PUSHES {
            let run = operator.push(&manifest, &[]).ends(0);
            assert_eq!(run.statuses(), vec!["changed"; TASKS]);
        }
        over.store(true, Ordering::Relaxed);
        let (seen, contents) = reader.join().unwrap();
        assert!(
            seen > 100 && contents.iter().all(|count| *count > 0),
            "the reader looked {seen} times: {contents:?}"
        );
    });
    let names: Vec<_> =
        fs::read_dir(host.path("/srv")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!names.iter().any(|name| name.to_string_lossy().starts_with(".hep-")), "{names:?}");
}
