//! Streams one content as frames, in constant memory and never whole if it is not the content that was meant.

use crate::manifest::{ContentReader, Contents};
use hep_protocol::blob::{CHUNK, Want};
use hep_protocol::frame::FrameError;
use hep_protocol::message::Request;
use std::io::{self, Read};

/// What became of a content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// All of it went out, and had the digest.
    Whole,
    /// It cannot be had, and why; pieces of it may have gone out, but not the last.
    Unavailable(String),
}

/// Takes one frame after the other.
pub(crate) type Put<'a> = dyn FnMut(&Request) -> Result<(), FrameError> + 'a;

/// Sends a content as `Blob` frames, without the beginning that is there already: that is read and hashed here all the same,
/// since the rest belongs to it only if nothing has changed.
///
/// # Errors
/// A frame was not taken: what was sent may end inside of it.
pub(crate) fn send(
    put: &mut Put<'_>,
    contents: &Contents,
    want: &Want,
) -> Result<Sent, FrameError> {
    let mut reader = match contents.reader(&want.digest).and_then(|reader| skip(reader, want.from))
    {
        Ok(reader) => reader,
        Err(error) => return Ok(Sent::Unavailable(error.to_string())),
    };
    // One piece is held back until the next read has shown whether it is the last: the reader fails there if the file
    // is not what it was.
    let mut held = match chunk(&mut reader) {
        Ok(data) => data,
        Err(error) => return Ok(Sent::Unavailable(error.to_string())),
    };
    loop {
        let next = match chunk(&mut reader) {
            Ok(data) => data,
            Err(error) => return Ok(Sent::Unavailable(error.to_string())),
        };
        let last = next.is_empty();
        put(&Request::Blob { digest: want.digest, data: held, last })?;
        if last {
            return Ok(Sent::Whole);
        }
        held = next;
    }
}

/// A reader behind its first bytes.
fn skip(mut reader: ContentReader, bytes: u64) -> io::Result<ContentReader> {
    let skipped = io::copy(&mut (&mut reader).take(bytes), &mut io::sink())?;
    if skipped == bytes {
        Ok(reader)
    } else {
        Err(io::Error::other("the host says that it has more of a content than there is"))
    }
}

/// The next [`CHUNK`] bytes; fewer at the end, none behind it.
fn chunk(reader: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut data = Vec::new();
    reader.take(CHUNK as u64).read_to_end(&mut data)?;
    Ok(data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hep_protocol::blob::Digest;
    use hep_protocol::frame;
    use std::fs;

    /// Sends a file of `size` bytes that becomes `then` before it is read; gives the pieces as `length[!]`.
    fn check(size: usize, then: Option<&[u8]>, pieces: &str, sent: &str) {
        check_from(0, size, then, pieces, sent);
    }

    /// The same without the first bytes.
    fn check_from(from: u64, size: usize, then: Option<&[u8]>, pieces: &str, sent: &str) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("content");
        let content = vec![b'x'; size];
        fs::write(&path, then.unwrap_or(&content)).unwrap();
        let mut contents = Contents::default();
        let digest = Digest::of(&content);
        contents.insert(digest, &path, size as u64);

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
        check(CHUNK, None, "262144!", "whole");
        check(CHUNK + 1, None, "262144 1!", "whole");
        check(3 * CHUNK, None, "262144 262144 262144!", "whole");
    }

    #[test]
    fn what_is_there_already_is_not_sent() {
        check_from(4, 10, None, "6!", "whole");
        check_from(10, 10, None, "0!", "whole");
        check_from(CHUNK as u64, CHUNK + 1, None, "1!", "whole");
        check_from(1, 3 * CHUNK, None, "262144 262144 262143!", "whole");
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
        check(2 * CHUNK + 1, Some(&other), "262144", changed);
    }
}
