//! Writing into a file that cannot or must not be replaced. Not atomic for its readers, but nothing is lost to a full
//! disk.

use super::attributes;
use super::spot::Spot;
use super::supply::reserve;
use super::trouble::trouble;
use crate::sys::SysError;
use crate::sys::files::NewFile;
use rustix::fs::{Mode, OFlags};
use std::fs::File;
use std::io::{self, Seek};
use std::os::unix::fs::MetadataExt;

/// Copies a checked draft into the file.
pub(super) fn rewrite(spot: &Spot, draft: &mut File, new: &NewFile) -> Result<(), SysError> {
    let failed = |error| trouble("write into", spot, error);
    let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rustix::fs::openat(&*spot.dir, &spot.name, flags, Mode::empty()).map_err(failed)?;
    let mut file = File::from(file);
    let path = &spot.path;
    let unreadable = |error: io::Error| SysError::io(format!("cannot look at {path}"), error);
    let meta = file.metadata().map_err(unreadable)?;
    if !meta.is_file() {
        return Err(SysError::new(format!("{path} is not a regular file any more")));
    }
    attributes::refuse_shared(&rustix::fs::fstat(&file).map_err(failed)?, spot)?;
    draft.rewind().map_err(unreadable)?;
    if new.to.content.size > meta.len() {
        reserve(&file, new.to.content.size).map_err(failed)?;
    }
    // Until all is in place, only those may read who may before and after.
    let (old, wanted) = (meta.mode() & 0o777, u32::from(new.to.attrs.mode.0));
    if old & wanted != old {
        rustix::fs::fchmod(&file, Mode::from_raw_mode(old & wanted)).map_err(failed)?;
    }
    let broken = |error: io::Error| {
        SysError::io(format!("cannot write into {path}"), error)
            .hint("its content is incomplete now, which is the risk of `in_place`; push again")
    };
    io::copy(draft, &mut file).map_err(broken)?;
    file.set_len(new.to.content.size).map_err(broken)?;
    // After the content: writing takes the set-id bits away (write(2)).
    attributes::set_open(&file, spot, &new.to.attrs)?;
    file.sync_all().map_err(broken)
}
