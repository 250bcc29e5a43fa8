//! Gives a helper the contents that it wants, if they are its task's, and hands it the wish to stop.

use super::{Word, send};
use crate::engine::Outside;
use hep_protocol::blob::{CHUNK, Digest, Source, TreeKind, Want};
use hep_protocol::message::Request;
use hep_protocol::plan::Task;
use std::collections::BTreeSet;
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// How soon a wish to stop reaches a helper.
const GLANCE: Duration = Duration::from_millis(200);

/// The contents that a task names.
pub(super) fn digests(task: &Task) -> BTreeSet<Digest> {
    let mut digests = BTreeSet::new();
    for named in &task.sources {
        match &named.source {
            Source::File(file) => drop(digests.insert(file.digest)),
            Source::Tree { entries, .. } => {
                digests.extend(entries.iter().filter_map(|entry| match &entry.kind {
                    TreeKind::File(file) => Some(file.digest),
                    TreeKind::Directory | TreeKind::Link { .. } => None,
                }))
            }
        }
    }
    digests
}

/// Answers wants until nobody can ask any more. A helper that takes nothing is gone, which its own end tells better.
pub(super) fn feed(
    asked: &Receiver<Vec<Want>>,
    digests: &BTreeSet<Digest>,
    stream: &UnixStream,
    outside: &dyn Outside,
) {
    let mut stopped = false;
    loop {
        if outside.cancelled() && !stopped {
            stopped = true;
            send(stream, &Word::Request(Box::new(Request::Cancel))).ok();
        }
        match asked.recv_timeout(GLANCE) {
            Ok(wants) => wants.iter().for_each(|want| answer(*want, digests, stream, outside)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

fn answer(want: Want, digests: &BTreeSet<Digest>, stream: &UnixStream, outside: &dyn Outside) {
    let opened = if digests.contains(&want.digest) {
        outside.open(want)
    } else {
        Err(io::Error::other("the task does not name it"))
    };
    let sent = opened.and_then(|mut content| pass(want.digest, content.as_mut(), stream));
    if let Err(error) = sent {
        let unavailable = Request::Unavailable { digest: want.digest, reason: error.to_string() };
        send(stream, &Word::Request(Box::new(unavailable))).ok();
    }
}

/// A piece is known to be the last when the next one is empty.
fn pass(digest: Digest, content: &mut dyn Read, stream: &UnixStream) -> io::Result<()> {
    let mut piece = || {
        let mut data = Vec::new();
        (&mut *content).take(CHUNK as u64).read_to_end(&mut data).map(|_| data)
    };
    let mut data = piece()?;
    loop {
        let next = piece()?;
        let last = next.is_empty();
        let word = Word::Request(Box::new(Request::Blob { digest, data, last }));
        if send(stream, &word).is_err() || last {
            return Ok(());
        }
        data = next;
    }
}
