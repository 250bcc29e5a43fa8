//! Finding the way in an overlay: links may be of the base or new, and a removed directory hides all of the base below it.

use super::{Body, MEMORY};
use crate::sys::files::walk::{self, End, Link, Met, Obstacle, Stop, Tree, Way};
use crate::sys::files::{Attrs, FileKind, Meta, ObserveFiles};
use crate::sys::overlay::Overlay;
use crate::sys::{Observe, SysError};
use hep_protocol::value::AbsPath;
use std::collections::VecDeque;

/// Links in one path before it counts as going in circles (`MAXSYMLINKS` of path_resolution(7)).
const MAX_LINKS: usize = 40;

/// How well what is at a path is known before earlier steps have really run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sys::overlay) enum Certainty {
    /// It is there, on the base or by an earlier step.
    Known,
    /// It is not there, but its directory is.
    Missing,
    /// It is in a directory that is not really known.
    Implied,
}

/// What to do with a link at the end of a path.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum AtTheEnd {
    Stay,
    Follow,
}

impl<O: Observe> Overlay<O> {
    /// How well what is at a path is known. A path that cannot be walked counts as missing.
    pub(in crate::sys::overlay) fn certainty(&self, path: &AbsPath) -> Certainty {
        let Ok(at) = self.locate(path) else { return Certainty::Missing };
        let ancestors = std::iter::successors(Some(at.clone()), AbsPath::parent);
        match self.peek(&at) {
            _ if ancestors.into_iter().any(|path| self.files.implied.contains(&path)) => {
                Certainty::Implied
            }
            Ok(Some(_)) => Certainty::Known,
            Ok(None) | Err(_) => Certainty::Missing,
        }
    }

    /// The real path: links in its parents followed, one at its end not.
    pub(in crate::sys::overlay) fn locate(&self, path: &AbsPath) -> Result<AbsPath, SysError> {
        let at = self.walk(path, AtTheEnd::Stay)?;
        at.ok_or_else(|| {
            let error = std::io::Error::from_raw_os_error(nix::libc::ELOOP);
            SysError::io(format!("cannot follow {path}"), error)
        })
    }

    /// The real path; `None` if links go in circles, or lead through something that is no directory.
    pub(super) fn walk(
        &self,
        path: &AbsPath,
        at_the_end: AtTheEnd,
    ) -> Result<Option<AbsPath>, SysError> {
        let parts = |text: &str| -> Vec<String> {
            text.split('/').filter(|part| !matches!(*part, "" | ".")).map(str::to_owned).collect()
        };
        let mut rest: VecDeque<String> = parts(path.as_str()).into();
        let mut at = AbsPath::root();
        let mut links = 0;
        while let Some(part) = rest.pop_front() {
            if part == ".." {
                at = at.parent().unwrap_or_else(AbsPath::root);
                continue;
            }
            let next = at.join(&part).map_err(|error| SysError::new(error.to_string()))?;
            let follow = at_the_end == AtTheEnd::Follow || !rest.is_empty();
            let link = follow && self.peek(&next)?.is_some_and(|meta| meta.kind == FileKind::Link);
            if link {
                links += 1;
                if links > MAX_LINKS {
                    return Ok(None);
                }
                let target = self.link_text(&next)?;
                if target.starts_with('/') {
                    at = AbsPath::root();
                }
                for part in parts(&target).into_iter().rev() {
                    rest.push_front(part);
                }
            } else {
                at = next;
            }
        }
        Ok(Some(at))
    }

    /// The text of the link at a real path.
    fn link_text(&self, at: &AbsPath) -> Result<String, SysError> {
        let id = self.files.names.get(at).copied().flatten();
        match id.and_then(|id| self.files.nodes.get(&id)).map(|node| &node.body) {
            Some(Body::Link(target)) => Ok(target.clone()),
            Some(Body::Base(base, ..)) => self.base.read_link(base),
            Some(Body::Content(_) | Body::Directory) | None => self.base.read_link(at),
        }
    }

    /// What is at a real path.
    pub(super) fn peek(&self, at: &AbsPath) -> Result<Option<Meta>, SysError> {
        let files = &self.files;
        match files.names.get(at) {
            Some(None) => Ok(None),
            Some(Some(id)) => Ok(files.nodes.get(id).map(|node| node.meta(*id))),
            None if self.is_covered(at) => Ok(None),
            None => {
                let meta = self.base.lstat(at)?;
                Ok(meta.map(|meta| match files.nodes.get(&meta.id) {
                    Some(node) => node.meta(meta.id),
                    None => meta,
                }))
            }
        }
    }

    /// Whether the base is hidden at a real path: the nearest changed name at or above it decides.
    pub(super) fn is_covered(&self, at: &AbsPath) -> bool {
        std::iter::successors(Some(at.clone()), AbsPath::parent)
            .find_map(|path| self.files.names.get(&path))
            .is_some_and(|id| id.is_none_or(|(device, _)| device == MEMORY))
    }
}

impl<O: Observe> Overlay<O> {
    /// The real path, links in it followed as far as the real run would follow them.
    pub(super) fn trusted(
        &self,
        path: &AbsPath,
        end: End,
        below: &[&str],
    ) -> Result<Option<Way>, SysError> {
        match walk::walk(self, path, end) {
            Ok(walked) => Ok(Some(walked.way)),
            Err(Stop::Lost(Obstacle::Missing | Obstacle::NoDirectory | Obstacle::Circle)) => {
                Ok(None)
            }
            Err(Stop::Lost(Obstacle::TooLong)) => {
                let error = std::io::Error::from_raw_os_error(nix::libc::ENAMETOOLONG);
                Err(SysError::io(format!("cannot follow {path}"), error))
            }
            Err(Stop::Refused(refused)) => {
                Err(refused.below(below).error(|uid| self.user_name(uid)))
            }
            Err(Stop::Failed(error)) => Err(error),
        }
    }
}

impl<O: Observe> Tree for Overlay<O> {
    type Dir = (AbsPath, Meta);
    type Error = SysError;

    fn top(&self) -> Result<(AbsPath, Meta), SysError> {
        let meta = self.peek(&AbsPath::root())?;
        let meta = meta.ok_or_else(|| SysError::new("there is no root directory"))?;
        Ok((AbsPath::root(), meta))
    }

    fn meet(&self, (at, _): &(AbsPath, Meta), name: &str) -> Result<Met<Self::Dir>, SysError> {
        let next = at.join(name).map_err(|error| SysError::new(error.to_string()))?;
        let Some(meta) = self.peek(&next)? else { return Ok(Met::Nothing) };
        Ok(match meta.kind {
            FileKind::Directory => Met::Directory((next, meta)),
            FileKind::Link => Met::Link(Link {
                text: self.link_text(&next)?,
                owner: meta.attrs.owner,
                is_magic: next.as_ref().starts_with("/proc"),
            }),
            FileKind::File | FileKind::Special => Met::Other,
        })
    }

    fn attrs(&self, (_, meta): &(AbsPath, Meta)) -> Result<Attrs, SysError> {
        Ok(meta.attrs.clone())
    }

    fn acting(&self) -> u32 {
        self.own_ids().0
    }
}
