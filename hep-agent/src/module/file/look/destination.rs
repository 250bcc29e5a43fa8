//! Which path a task means.

use super::{Look, joined};
use crate::sys::SysError;
use crate::sys::files::FileKind;
use hep_protocol::value::AbsPath;

impl Look<'_> {
    /// The path that `dest` means for something with this name: if `dest` is or shall be a directory to put things into,
    /// the path in it.
    pub(super) fn destination(&self, name: Option<&str>) -> Result<AbsPath, SysError> {
        let dest = self.plain(&self.params.dest.path)?;
        match name {
            Some(name) if self.params.dest.into || self.is_directory(&dest)? => joined(&dest, name),
            Some(_) | None => Ok(dest),
        }
    }

    /// The path behind a link, if the task says `follow`.
    pub(super) fn followed(&self, path: AbsPath) -> Result<AbsPath, SysError> {
        let is_link = self.params.follow
            && self.host.lstat(&path)?.is_some_and(|meta| meta.kind == FileKind::Link);
        if is_link {
            self.host.resolve(&path)?.ok_or_else(|| {
                SysError::new(format!("{path} is a link that leads nowhere"))
                    .hint("remove `follow` to replace the link itself")
            })
        } else {
            Ok(path)
        }
    }

    /// Whether a path leads to a directory.
    pub(super) fn is_directory(&self, path: &AbsPath) -> Result<bool, SysError> {
        let meta = match self.host.resolve(path)? {
            Some(real) => self.host.lstat(&real)?,
            None => None,
        };
        Ok(meta.is_some_and(|meta| meta.kind == FileKind::Directory))
    }

    /// The path without `..`, which only the host can tell the meaning of.
    fn plain(&self, path: &AbsPath) -> Result<AbsPath, SysError> {
        let text = path.as_str();
        let (through, rest) = match text.rfind("/../") {
            _ if text.ends_with("/..") => (text, ""),
            Some(at) => text.split_at(at + "/..".len()),
            None => return Ok(path.clone()),
        };
        let through =
            AbsPath::try_from(through.to_owned()).map_err(|e| SysError::new(e.to_string()))?;
        match self.host.resolve(&through)? {
            Some(real) if rest.is_empty() => Ok(real),
            Some(real) => joined(&real, rest),
            None => {
                Err(SysError::new(format!("there is no {through}"))
                    .hint("write the path without `..`"))
            }
        }
    }
}
