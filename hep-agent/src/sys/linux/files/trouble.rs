//! Failed changes in words, with what to do about them.

use super::spot::Spot;
use crate::sys::SysError;
use rustix::fs::{AtFlags, StatxAttributes, StatxFlags, statx};
use rustix::io::Errno;

/// The error of changing what is at a place: `cannot replace /etc/motd`.
pub(super) fn trouble(doing: &str, spot: &Spot, error: Errno) -> SysError {
    let path = &spot.path;
    let plain = SysError::io(format!("cannot {doing} {path}"), error);
    match error {
        Errno::BUSY => SysError::io(format!("cannot {doing} {path}, it is a mount point"), error)
            .hint(
                "`in_place: true` writes into the mounted file instead, which is not atomic; to be \
                 replaced or removed it must be unmounted in an earlier task",
            ),
        Errno::ROFS => plain.hint("the file system is mounted read-only"),
        Errno::NOSPC | Errno::DQUOT => {
            plain.hint("make room on its file system; what was there is untouched")
        }
        Errno::TXTBSY => plain
            .hint("the program is running: remove `in_place`, a replacement does not disturb it"),
        Errno::PERM | Errno::ACCESS => match immutable(spot) {
            Some(what) => plain
                .hint(format!("{what} is immutable: `chattr -i -a` on the host allows changes")),
            None => plain,
        },
        Errno::EXIST => plain.hint("something appeared there meanwhile; run again"),
        _ => plain,
    }
}

/// What has the immutable or append-only attribute: the file, or the directory it is in.
fn immutable(spot: &Spot) -> Option<String> {
    let flagged = |name: &str| {
        let meta = statx(&*spot.dir, name, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::empty()).ok()?;
        let flags = StatxAttributes::IMMUTABLE | StatxAttributes::APPEND;
        Some(meta.stx_attributes.intersects(flags)).filter(|flagged| *flagged)
    };
    flagged(&spot.name)
        .map(|_| spot.path.to_string())
        .or_else(|| flagged(".").map(|_| format!("the directory of {}", spot.path)))
}
