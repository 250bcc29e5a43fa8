//! Reading a bundle: greeting, frames up to `End`, and the sha256 of all that, its seal. Nothing of it is used before
//! the seal is seen to fit.

use super::guard;
use crate::inbox::{Ending, Inbox, Work};
use crate::sys::SysError;
use hep_protocol::blob::Hasher;
use hep_protocol::hello::{self, HelloError};
use hep_protocol::outcome::Failure;
use hep_protocol::plan::{HostPart, Plan};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

/// What is wrong with a bundle, as it follows its name in a message, and what helps.
type Unusable = (String, Option<&'static str>);

/// The length of the seal, in bytes.
const SEAL: usize = 32;

const SAME_BUILD: &str =
    "a bundle must be applied by the build that made it; make it again with `hep bundle`";

/// The plan of a sound bundle, and an inbox with its contents. The seal tells damage, and nobody's name: whose bundle it is
/// the file system says.
pub(super) fn read(path: &str) -> Result<(Arc<Inbox>, Plan, HostPart), Unusable> {
    guard::check(Path::new(path)).map_err(|exposed| (exposed.to_string(), Some(guard::HINT)))?;
    let file = File::open(path)
        .map_err(|error| (Failure::from(SysError::io("cannot be opened", error)).message, None))?;
    let mut sealed = Sealed::new(io::BufReader::new(file));
    hello::read(&mut sealed).map_err(greeting)?;
    let inbox = Arc::new(Inbox::default());
    inbox.fill(None, &mut sealed);
    let work = match inbox.work() {
        Ok(Work::Plan(plan, host)) if !inbox.cancelled() => Some((*plan, *host)),
        Ok(Work::Facts) if !inbox.cancelled() => None,
        Err(Ending::Meant) => None,
        Ok(_) => return Err(sealed.lost("is damaged")),
        Err(Ending::Lost(how)) => return Err(sealed.lost(&format!("cannot be used: {how}"))),
    };
    sealed.check()?;
    let (plan, host) = work.ok_or_else(|| anew("holds no plan"))?;
    Ok((inbox, plan, host))
}

fn anew(what: &str) -> Unusable {
    (what.to_owned(), Some("make it anew with `hep bundle`"))
}

fn unreadable(error: io::Error) -> Unusable {
    (Failure::from(SysError::io("cannot be read", error)).message, None)
}

fn greeting(error: HelloError) -> Unusable {
    match error {
        HelloError::NotHep(_) => {
            ("is not a bundle of hep".to_owned(), Some("`hep bundle` makes one"))
        }
        HelloError::OtherBuild { build, .. } => {
            let this = hello::BUILD_ID;
            let what = format!("was made by another build of hep: {build}, this one is {this}");
            (what, Some(SAME_BUILD))
        }
        HelloError::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            anew("is cut short")
        }
        HelloError::Io(error) => unreadable(error),
    }
}

/// Gives all but the last 32 bytes, and hashes what it gives.
struct Sealed<R> {
    inner: R,
    /// The last bytes that were read: the seal, once nothing follows.
    held: Vec<u8>,
    hasher: Hasher,
    /// Whether somebody read up to the end.
    ended: bool,
    /// The system's number for why reading failed. The inbox keeps no more than a sentence about it.
    failed: Option<i32>,
}

impl<R: Read> Sealed<R> {
    fn new(inner: R) -> Self {
        Self { inner, held: Vec::new(), hasher: Hasher::default(), ended: false, failed: None }
    }

    /// What is wrong when the frames came to no end: with the bundle, or else `other`.
    fn lost(&mut self, other: &str) -> Unusable {
        if let Some(number) = self.failed {
            return unreadable(io::Error::from_raw_os_error(number));
        }
        if self.ended {
            return anew("is cut short");
        }
        // A sound bundle may have met a disk that is full.
        match io::copy(self, &mut io::sink()) {
            Ok(_) if self.fits() => (other.to_owned(), None),
            Ok(_) => anew("is damaged"),
            Err(error) => unreadable(error),
        }
    }

    /// Whether the seal ends the bundle and fits.
    fn check(&mut self) -> Result<(), Unusable> {
        match io::copy(self, &mut io::sink()) {
            Ok(0) if self.fits() => Ok(()),
            Ok(0) => Err(anew("is damaged")),
            Ok(_) => Err(anew("has data after its end")),
            Err(error) => Err(unreadable(error)),
        }
    }

    fn fits(&self) -> bool {
        self.hasher.finish().as_bytes().as_slice() == self.held.as_slice()
    }
}

impl<R: Read> Read for Sealed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let n = self.inner.read(buffer).inspect_err(|error| {
                if error.kind() != io::ErrorKind::Interrupted {
                    self.failed = error.raw_os_error();
                }
            })?;
            self.ended |= n == 0 && !buffer.is_empty();
            self.held.extend_from_slice(buffer.get(..n).unwrap_or_default());
            // Never more than was read just now, so the buffer has room for it.
            let given = self.held.len().saturating_sub(SEAL);
            if n == 0 || given > 0 {
                let bytes = self.held.drain(..given);
                buffer.iter_mut().zip(bytes).for_each(|(slot, byte)| *slot = byte);
                self.hasher.update(buffer.get(..given).unwrap_or_default());
                return Ok(given);
            }
        }
    }
}
