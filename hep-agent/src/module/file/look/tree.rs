//! Copying a tree: the entries of a source directory below `dest`, as rsync(1) puts them.

use super::{Look, content_of, joined};
use crate::module::file::{Dangling, Scope, Want};
use crate::sys::SysError;
use crate::sys::files::Place;
use hep_protocol::blob::{TreeEntry, TreeKind};

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
            true => self.host.resolve(&dest)?.unwrap_or(dest),
            false => dest,
        };
        let scope = if contents_only { Scope::NewOnly } else { Scope::Holder };
        self.add(Place::of(holder.clone()), Want::Directory, scope)?;
        let top = if contents_only { holder.clone() } else { joined(&holder, name)? };
        let followed = self.followed(top.clone())?;
        // Below what the operator named no link is trusted, unless following one was asked.
        let root = if followed == top { holder.clone() } else { followed.clone() };
        if !contents_only {
            let place = match followed == top {
                true => Place::below(holder, top),
                false => Place::of(followed.clone()),
            };
            self.add(place, Want::Directory, Scope::Tree)?;
        }
        let top = followed;
        for entry in entries {
            let place = Place::below(root.clone(), joined(&top, entry.path.as_str())?);
            match &entry.kind {
                TreeKind::Directory => self.add(place, Want::Directory, Scope::Tree)?,
                TreeKind::File(file) => {
                    self.file(place, content_of(file), file.executable, Scope::Tree)?;
                }
                TreeKind::Link { target } => {
                    let want = Want::Link { target: target.clone(), dangling: Dangling::No };
                    self.add(place, want, Scope::Tree)?;
                }
            }
        }
        Ok(())
    }
}
