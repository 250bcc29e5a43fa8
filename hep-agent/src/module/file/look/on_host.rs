//! A file whose content another file on the host has.

use super::{Copied, Look};
use crate::module::file::Scope;
use crate::sys::files::{Content, Place};
use crate::sys::{Subject, SysError};

/// The largest file on the host whose content another gets, in bytes: it is held in memory.
const COPIED: u64 = 64 << 20;

impl Look<'_> {
    /// The content of another file on the host.
    pub(super) fn copy_on_host(&mut self) -> Result<(), SysError> {
        let Some(from) = &self.params.copy_of else { return Ok(()) };
        let real = self.trusted(from)?;
        let text = match &real {
            Some(real) => self.host.read(real, COPIED)?,
            None if self.host.depends(Subject::Path(from)).is_some() => Some(Vec::new()),
            None => {
                return Err(SysError::new(format!("there is no file {from} on the host"))
                    .hint("correct the path, or make the file in an earlier task"));
            }
        };
        let Some(bytes) = text else {
            let most = COPIED >> 20;
            return Err(SysError::new(format!("{from} is larger than {most} MiB"))
                .hint("copy it with `command: cp`"));
        };
        let path = self.followed(self.destination(Some(from.name()))?)?;
        let content = Content::inline(&bytes);
        self.file(Place::of(path), Copied { content, executable: false }, Scope::Asked)
    }
}
