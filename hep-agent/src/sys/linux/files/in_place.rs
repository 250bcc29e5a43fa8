//! Writing into a file that cannot or shall not be replaced. Not atomic for its readers, but nothing is lost to a full disk.

use super::attributes;
use super::put::write_failed;
use super::spot::Spot;
use super::trouble::trouble;
use crate::sys::SysError;
use crate::sys::files::NewFile;
use rustix::fs::{FallocateFlags, Mode, OFlags};
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, Seek};

/// Copies a checked draft into the file.
pub(super) fn rewrite(spot: &Spot, draft: &mut File, new: &NewFile) -> Result<(), SysError> {
    let failed = |error| trouble("write into", spot, error);
    let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rustix::fs::openat(&*spot.dir, &spot.name, flags, Mode::empty()).map_err(failed)?;
    let mut file = File::from(file);
    let broken = |error: io::Error| write_failed(spot, &error);
    let meta = file.metadata().map_err(broken)?;
    if !meta.is_file() {
        return Err(SysError::new(format!("{} is not a regular file any more", spot.path)));
    }
    reserve(&file, meta.len(), new.content.size).map_err(failed)?;
    // Fewer rights before the new content, all of them after it: nobody reads it who shall not.
    draft.rewind().map_err(broken)?;
    attributes::set(spot, &new.attrs)?;
    io::copy(draft, &mut file).map_err(broken)?;
    file.set_len(new.content.size).map_err(broken)?;
    // Writing took the set-id bits away (write(2)).
    attributes::set(spot, &new.attrs)?;
    file.sync_all().map_err(broken)
}

/// Has the file system set the new size aside, the old content still whole. Where it cannot, writing tells.
fn reserve(file: &File, old: u64, new: u64) -> Result<(), Errno> {
    if new <= old {
        return Ok(());
    }
    match rustix::fs::fallocate(file, FallocateFlags::KEEP_SIZE, 0, new) {
        Err(error @ (Errno::NOSPC | Errno::DQUOT | Errno::FBIG)) => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}
