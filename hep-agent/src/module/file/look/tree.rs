//! Copying a tree: the entries of a source directory below `dest`, as rsync(1) puts them.

use super::{Copied, Look, joined};
use crate::module::file::{Dangling, Scope, Want, diff};
use crate::sys::SysError;
use crate::sys::files::{Content, Place};
use hep_protocol::blob::{TreeEntry, TreeKind};
use hep_protocol::plan::DiffMode;
use hep_protocol::value::PermissionBits;

impl Look<'_> {
    /// `src: tree` makes `dest/tree` with all below it, `src: tree/` puts what is in it into `dest`. `dest` is made if it is
    /// missing, and if it is there it keeps its attributes: it only holds what was asked for. With `follow` a link may stand
    /// for the tree's top, but for nothing in it.
    pub(super) fn tree(
        &mut self,
        src: &str,
        name: &str,
        entries: &[TreeEntry],
    ) -> Result<(), SysError> {
        let contents_only = src.ends_with('/') || src.ends_with("/.") || src == ".";
        let dest = self.destination(None)?;
        let holder = match self.is_directory(&dest)? {
            true => self.trusted(&dest)?.unwrap_or(dest),
            false => dest,
        };
        let scope = if contents_only { Scope::NewOnly } else { Scope::Holder };
        self.add(Place::of(holder.clone()), Want::Directory, scope)?;
        let top = if contents_only { holder.clone() } else { joined(&holder, name)? };
        let followed = self.followed(top.clone())?;
        // Below what the operator named no link is followed, unless that was asked.
        let root = if followed == top { holder.clone() } else { followed.clone() };
        if !contents_only {
            let place = match followed == top {
                true => Place::below(holder, top),
                false => Place::of(followed.clone()),
            };
            // Ansible leaves it as it is where it is there.
            let scope = if self.params.parents_alike { Scope::NewOnly } else { Scope::Tree };
            self.add(place, Want::Directory, scope)?;
        }
        let top = followed;
        let aim = |entry: &TreeEntry| {
            let place = Place::below(root.clone(), joined(&top, entry.path.as_str())?);
            let aim = match &entry.kind {
                TreeKind::Directory => Aim::Other(Want::Directory),
                TreeKind::File(file) => Aim::File(Copied::of(file)),
                TreeKind::Link { target } => {
                    Aim::Other(Want::Link { target: target.clone(), dangling: Dangling::No })
                }
            };
            Ok((place, aim))
        };
        self.all(entries.iter().map(aim).collect::<Result<_, SysError>>()?, Scope::Tree)
    }

    /// Everything in a tree, looked at in one go.
    pub(super) fn all(&mut self, aims: Vec<(Place, Aim)>, scope: Scope) -> Result<(), SysError> {
        let looked: Vec<_> = aims.iter().map(|(place, aim)| (place, aim.content())).collect();
        let seen = self.host.survey(&looked)?;
        if self.diff == DiffMode::Unified {
            let missing = looked.iter().zip(&seen).filter(|(_, seen)| !seen.same);
            let missing =
                missing.filter_map(|((_, content), seen)| Some((*content.as_ref()?, seen)));
            self.host.foresee(&diff::shown(missing));
        }
        for ((place, aim), seen) in aims.into_iter().zip(seen) {
            match aim {
                Aim::File(copy) => self.file_seen(place, copy, scope, seen)?,
                Aim::Other(want) => self.add_found(place, want, scope, seen.meta)?,
                Aim::Directory(mode) => {
                    self.add_found(place, Want::Directory, scope, seen.meta)?;
                    self.comes_with(Some(mode));
                }
            }
        }
        Ok(())
    }
}

/// What should be at a place in a tree.
pub(super) enum Aim {
    File(Copied),
    /// A directory with the mode of what it is copied from.
    Directory(PermissionBits),
    Other(Want),
}

impl Aim {
    fn content(&self) -> Option<&Content> {
        match self {
            Self::File(copy) => Some(&copy.content),
            Self::Directory(_) | Self::Other(_) => None,
        }
    }
}
