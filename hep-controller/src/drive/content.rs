//! Streams one content as frames, in constant memory. Never whole if its file is not of the version that was hashed; whether
//! what came is what was meant is for the agent to prove, by its digest.

use crate::local_files::contents::Contents;
use hep_protocol::blob::{CHUNK, Want};
use hep_protocol::frame::FrameError;
use hep_protocol::message::Request;
use std::io;

/// What became of a content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// All of it went out, of a file that is what it was when it was hashed.
    Whole,
    /// It cannot be had, and why; pieces of it may have gone out, but not the last.
    Unavailable(String),
}

/// Takes one frame after the other.
pub(crate) type Put<'a> = dyn FnMut(&Request) -> Result<(), FrameError> + 'a;

/// Sends a content as `Blob` frames, without the beginning that is there already.
///
/// # Errors
/// A frame was not taken: what was sent may end inside of it.
pub(crate) fn send(
    put: &mut Put<'_>,
    contents: &Contents,
    want: &Want,
) -> Result<Sent, FrameError> {
    let unavailable = |error: io::Error| Ok(Sent::Unavailable(error.to_string()));
    let mut reader = match contents.reader(&want.digest, want.from) {
        Ok(reader) => reader,
        Err(error) => return unavailable(error),
    };
    let mut data = Vec::new();
    loop {
        if let Err(error) = reader.next(CHUNK, &mut data) {
            return unavailable(error);
        }
        let last = reader.left() == 0;
        let blob = Request::Blob { digest: want.digest, data, last };
        put(&blob)?;
        // The next piece takes the same memory.
        let Request::Blob { data: sent, .. } = blob else { return Ok(Sent::Whole) };
        if last {
            return Ok(Sent::Whole);
        }
        data = sent;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hep_protocol::blob::Digest;
    use hep_protocol::frame;
    use std::fs;
    use std::time::{Duration, SystemTime};

    /// Sends a file of `size` bytes that becomes `then` before it is read; gives the pieces as `length[!]`.
    fn check(size: usize, then: Option<&[u8]>, pieces: &str, sent: &str) {
        check_from(0, size, then, pieces, sent);
    }

    /// The same without the first bytes.
    fn check_from(from: u64, size: usize, then: Option<&[u8]>, pieces: &str, sent: &str) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("content");
        let content = vec![b'x'; size];
        fs::write(&path, &content).unwrap();
        let mut contents = Contents::default();
        let digest = Digest::of(&content);
        contents.insert(digest, &path, size as u64);
        if let Some(then) = then {
            fs::write(&path, then).unwrap();
            // The clock of file systems may not have moved on yet.
            let later = SystemTime::now() + Duration::from_secs(1);
            fs::File::options().append(true).open(&path).unwrap().set_modified(later).unwrap();
        }

        let mut stream = Vec::new();
        let mut put = |request: &Request| frame::write(&mut stream, request);
        let done = send(&mut put, &contents, &Want { digest, from }).unwrap();
        let mut reader = stream.as_slice();
        let mut found = Vec::new();
        while let Some(Request::Blob { data, last, .. }) = frame::read(&mut reader).unwrap() {
            found.push(format!("{}{}", data.len(), if last { "!" } else { "" }));
        }
        let done = match done {
            Sent::Whole => "whole".to_owned(),
            Sent::Unavailable(why) => why.replace(&path.display().to_string(), "PATH"),
        };
        assert_eq!((found.join(" ").as_str(), done.as_str()), (pieces, sent));
    }

    #[test]
    fn contents_go_out_in_pieces() {
        check(0, None, "0!", "whole");
        check(10, None, "10!", "whole");
        check(CHUNK, None, "65536!", "whole");
        check(CHUNK + 1, None, "65536 1!", "whole");
        check(3 * CHUNK, None, "65536 65536 65536!", "whole");
    }

    #[test]
    fn what_is_there_already_is_not_sent() {
        check_from(4, 10, None, "6!", "whole");
        check_from(10, 10, None, "0!", "whole");
        check_from(CHUNK as u64, CHUNK + 1, None, "1!", "whole");
        check_from(1, 3 * CHUNK, None, "65536 65536 65535!", "whole");
        check_from(11, 10, None, "", "the host says that it has more of a content than there is");
        let changed = "`PATH` has changed since the run began";
        check_from(9, 10, Some(b"yxxxxxxxxx"), "", changed);
    }

    #[test]
    fn another_content_never_gets_its_last_piece() {
        let changed = "`PATH` has changed since the run began";
        check(10, Some(b"yyyyyyyyyy"), "", changed);
        check(10, Some(b"xxxxxxxxxxx"), "", changed);
        check(10, Some(b""), "", changed);
        let mut other = vec![b'x'; 2 * CHUNK];
        other.push(b'y');
        check(2 * CHUNK + 1, Some(&other), "", changed);
    }
}
