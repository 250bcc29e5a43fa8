//! Looking for a line in a file that grows: what was read is not read again, and never more than a piece is in memory.

use crate::sys::SysError;
use crate::sys::files::FileKind;
use crate::sys::linux::files::{is_absence, kind_of};
use crate::sys::signs::{Regex, Sight, no_lines, no_match, nothing, text_of};
use hep_protocol::task::wait_for::Action;
use hep_protocol::value::AbsPath;
use std::fs::{self, File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};

/// How much is read at once, in bytes.
const PIECE: usize = 256 * 1024;

/// A line that is longer counts as several, in bytes.
const LONGEST: usize = 1024 * 1024;

/// How far a file was read.
#[derive(Default)]
pub(super) struct Follower {
    seen: Option<Seen>,
}

struct Seen {
    /// The file: device and inode, for another may take its place.
    id: (u64, u64),
    /// Where the first line begins that was not complete.
    at: u64,
    /// Size, and time of the last change in seconds and nanoseconds, when it was read to its end.
    state: (u64, i64, i64),
    /// What was seen then.
    sight: Sight,
}

impl Follower {
    /// Looks at what is new. Where the line's absence is waited for, a file that is different is read from its beginning.
    pub(super) fn look(
        &mut self,
        path: &AbsPath,
        regex: &Regex,
        action: Action,
        enough: &dyn Fn() -> bool,
    ) -> Result<Sight, SysError> {
        let failed = |error| SysError::io(format!("cannot read {path}"), error);
        let flags = nix::libc::O_NONBLOCK | nix::libc::O_NOCTTY;
        let mut file = match fs::OpenOptions::new().read(true).custom_flags(flags).open(path) {
            Ok(file) => file,
            Err(error) if is_absence(&error) => {
                self.seen = None;
                return Ok(nothing());
            }
            Err(error) => return Err(failed(error)),
        };
        let meta = file.metadata().map_err(failed)?;
        match kind_of(&meta) {
            FileKind::File => {}
            kind @ (FileKind::Directory | FileKind::Link | FileKind::Special) => {
                return Err(no_lines(path, kind));
            }
        }
        let (id, state) = (id_of(&meta), state_of(&meta));
        // A small one is read anew each time: two changes within one tick of the clock look like one.
        let known = self.seen.take().filter(|seen| seen.id == id && meta.size() > PIECE as u64);
        let from = match (known, action) {
            (Some(seen), _) if seen.state == state => {
                return Ok(self.seen.insert(seen).sight.clone());
            }
            // A file that was cut short is another one.
            (Some(seen), Action::Present) if seen.at <= meta.size() => seen.at,
            (Some(_), Action::Present | Action::Absent) | (None, _) => 0,
        };
        let scan = scan(&mut file, from, regex, enough).map_err(failed)?;
        match scan {
            Scan::Found => {
                // Read anew when the file changes; until then it stays found.
                self.seen = Some(Seen { id, at: 0, state, sight: Sight::There });
                Ok(Sight::There)
            }
            Scan::End(at) => {
                self.seen = Some(Seen { id, at, state, sight: no_match() });
                Ok(no_match())
            }
            Scan::Broken(at) => Ok(Sight::Unclear(format!("it was read up to byte {at}"))),
        }
    }
}

/// How reading ended.
enum Scan {
    /// A line matched.
    Found,
    /// None did; where the last line begins, which may still grow.
    End(u64),
    /// There was no more time, at this place.
    Broken(u64),
}

fn scan(file: &mut File, from: u64, regex: &Regex, enough: &dyn Fn() -> bool) -> io::Result<Scan> {
    file.seek(SeekFrom::Start(from))?;
    let matches = |line: &[u8]| regex.pattern.is_match(&text_of(line));
    let mut piece = vec![0; PIECE];
    let mut rest: Vec<u8> = Vec::new();
    let mut at = from;
    loop {
        let count = file.read(&mut piece)?;
        let new = piece.get(..count).unwrap_or_default();
        if new.is_empty() {
            // The last line may have no end, and counts as it is.
            let found = !rest.is_empty() && matches(&rest);
            return Ok(if found { Scan::Found } else { Scan::End(at) });
        }
        rest.extend_from_slice(new);
        let mut lines = rest.split(|byte| *byte == b'\n');
        let last = lines.next_back().unwrap_or_default();
        if lines.any(matches) {
            return Ok(Scan::Found);
        }
        let mut done = rest.len().saturating_sub(last.len());
        if last.len() > LONGEST {
            if matches(last) {
                return Ok(Scan::Found);
            }
            done = rest.len();
        }
        rest.drain(..done);
        at = at.saturating_add(done as u64);
        if enough() {
            return Ok(Scan::Broken(at));
        }
    }
}

fn id_of(meta: &Metadata) -> (u64, u64) {
    (meta.dev(), meta.ino())
}

fn state_of(meta: &Metadata) -> (u64, i64, i64) {
    (meta.size(), meta.mtime(), meta.mtime_nsec())
}
