//! Which path a task means.

use super::{Look, joined};
use crate::sys::SysError;
use crate::sys::files::FileKind;
use crate::sys::files::walk::End;
use hep_protocol::value::AbsPath;
use std::collections::VecDeque;

/// Links in one path before it counts as going in circles (path_resolution(7)).
const MAX_LINKS: usize = 40;

impl Look<'_> {
    /// The path that `dest` means for something with this name: if `dest` is or should be a directory to put things
    /// into, the path in it.
    pub(super) fn destination(&self, name: Option<&str>) -> Result<AbsPath, SysError> {
        let dest = self.plain(&self.params.dest.path)?;
        match name {
            Some(name) if self.params.dest.into || self.is_directory(&dest)? => joined(&dest, name),
            Some(_) | None => Ok(dest),
        }
    }

    /// The path behind a link that is trusted, if the task says `follow`.
    pub(super) fn followed(&self, path: AbsPath) -> Result<AbsPath, SysError> {
        let is_link = self.params.follow
            && self.host.lstat(&path)?.is_some_and(|meta| meta.kind == FileKind::Link);
        if is_link {
            match self.trusted(&path)? {
                Some(real) => Ok(real),
                None => Err(self.broken(&path)?.hint("remove `follow` to replace the link itself")),
            }
        } else {
            Ok(path)
        }
    }

    /// What is wrong with a link that leads to nothing.
    pub(super) fn broken(&self, link: &AbsPath) -> Result<SysError, SysError> {
        let leads = self.behind(link, &self.host.read_link(link)?)?;
        let circle = self.leads_through(&leads, link)?;
        let what = if circle { "goes in circles" } else { "leads nowhere" };
        Ok(SysError::new(format!("{link} is a link that {what}")))
    }

    /// The path of what is there, links in it followed as far as they are trusted; `None` if they lead nowhere.
    pub(super) fn trusted(&self, path: &AbsPath) -> Result<Option<AbsPath>, SysError> {
        let Some(way) = self.host.way(path, End::Anything, &[])? else { return Ok(None) };
        Ok(self.host.lstat(&way.path)?.map(|_| way.path))
    }

    /// Whether a path leads to a directory.
    pub(super) fn is_directory(&self, path: &AbsPath) -> Result<bool, SysError> {
        let meta = self.host.stat(path)?;
        Ok(meta.is_some_and(|meta| meta.kind == FileKind::Directory))
    }

    /// The path that a link's text means.
    pub(super) fn behind(&self, link: &AbsPath, text: &str) -> Result<AbsPath, SysError> {
        let directory = link.parent().unwrap_or_else(AbsPath::root);
        let path =
            if text.starts_with('/') { text.to_owned() } else { format!("{directory}/{text}") };
        AbsPath::try_from(path).map_err(|error| SysError::new(error.to_string()))
    }

    /// Whether the way to `leads` goes through `path`: a link there to it would go in circles, whatever is there now.
    pub(super) fn leads_through(&self, leads: &AbsPath, path: &AbsPath) -> Result<bool, SysError> {
        let end = self.without_links_above(path)?;
        let parts = |text: &str| -> Vec<String> { text.split('/').map(str::to_owned).collect() };
        let mut rest: VecDeque<String> = parts(leads.as_str()).into();
        let (mut at, mut links) = (AbsPath::root(), 0);
        while let Some(part) = rest.pop_front() {
            let next = match part.as_str() {
                "" | "." => at.clone(),
                ".." => at.parent().unwrap_or_else(AbsPath::root),
                name => joined(&at, name)?,
            };
            let is_link = self.host.lstat(&next)?.is_some_and(|meta| meta.kind == FileKind::Link);
            links += usize::from(is_link);
            if next == end || links > MAX_LINKS {
                return Ok(true);
            }
            if is_link {
                let text = self.host.read_link(&next)?;
                at = if text.starts_with('/') { AbsPath::root() } else { at };
                parts(&text).into_iter().rev().for_each(|part| rest.push_front(part));
            } else {
                at = next;
            }
        }
        Ok(false)
    }

    /// The path by which a name really stands where it does.
    pub(super) fn without_links_above(&self, path: &AbsPath) -> Result<AbsPath, SysError> {
        let above = path.parent().map(|parent| self.host.resolve(&parent)).transpose()?.flatten();
        above.map_or_else(|| Ok(path.clone()), |above| joined(&above, path.name()))
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
        match self.trusted(&through)? {
            Some(real) if rest.is_empty() => Ok(real),
            Some(real) => joined(&real, rest),
            None => {
                Err(SysError::new(format!("there is no {through}"))
                    .hint("write the path without `..`"))
            }
        }
    }
}
