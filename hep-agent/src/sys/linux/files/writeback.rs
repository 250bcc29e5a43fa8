//! Early writing of what will have to be on the disk soon.
#![allow(unsafe_code, reason = "neither nix nor rustix has sync_file_range(2)")]

use std::fs::File;
use std::os::fd::AsRawFd;

/// Begins to write a part of a file to disk, and does not wait for it. It is a hint: where it fails, the sync at the end has
/// more to do.
pub(super) fn begin(file: &File, from: u64, len: u64) {
    let (Ok(from), Ok(len)) = (i64::try_from(from), i64::try_from(len)) else { return };
    // SAFETY: the descriptor is open for as long as `file` is borrowed, and the call touches no memory of ours.
    unsafe {
        nix::libc::sync_file_range(file.as_raw_fd(), from, len, nix::libc::SYNC_FILE_RANGE_WRITE);
    }
}
