//! A directory, and what is below it that has other attributes than those asked for.

use super::{Look, joined};
use crate::module::file::{Scope, Want, decide};
use crate::sys::SysError;
use crate::sys::files::{self, FileKind, Meta, Place};
use hep_protocol::value::AbsPath;

impl Look<'_> {
    pub(super) fn directory(&mut self) -> Result<(), SysError> {
        let path = self.followed(self.destination(None)?)?;
        // The mode of a whole tree is that of its files, and must not shut its directories.
        let scope = if self.params.recurse { Scope::Tree } else { Scope::Asked };
        self.add(Place::of(path.clone()), Want::Directory, scope)?;
        let found = self.entries.last().and_then(|entry| entry.found.as_ref());
        let there = found.filter(|found| found.meta.kind == FileKind::Directory);
        // What is refused is not walked: it may be all of the host.
        let there = there.filter(|found| !decide::is_protected(&found.at));
        let Some(at) = there.map(|found| found.at.clone()) else { return Ok(()) };
        if self.params.recurse && !self.asked.is_empty() {
            if self.params.one_file_system.unwrap_or(true) {
                self.left = self.host.mounts(&at)?;
                self.left.retain(|mount| *mount != at);
            }
            let mut walk = Walk { root: path.clone(), at, entries: Vec::new() };
            self.walk_below(&path, &mut walk)?;
            let want = Want::AttributesBelow { entries: walk.entries };
            self.add(Place::of(path), want, scope)?;
        }
        Ok(())
    }

    /// Collects what has other attributes than those asked for. Links are not followed.
    fn walk_below(&mut self, directory: &AbsPath, walk: &mut Walk) -> Result<(), SysError> {
        let mut there = Vec::new();
        for name in self.host.list_at(&Place::below(walk.root.clone(), directory.clone()))? {
            let path = joined(directory, &name)?;
            let below = path.as_str().strip_prefix(walk.root.as_str()).unwrap_or_default();
            let below = below.trim_start_matches('/').to_owned();
            if !self.left.is_empty() && self.left.contains(&joined(&walk.at, &below)?) {
                continue;
            }
            let place = Place::below(walk.root.clone(), path);
            // What vanished since the directory was read needs no attributes.
            let Some(meta) = self.host.lstat_at(&place)? else { continue };
            there.push((below, place, meta));
        }
        if self.asked.shuts_others_out() {
            let places: Vec<_> = there.iter().map(|(_, place, meta)| (place, meta.kind)).collect();
            let acls = self.host.acls(&places)?;
            there.iter_mut().zip(acls).for_each(|((_, _, meta), acl)| meta.attrs.acl = acl);
        }
        for (below, place, meta) in there {
            let directory = Some(place.path().clone()).filter(|_| meta.kind == FileKind::Directory);
            if decide::existing(&self.asked, &meta, Scope::Tree) != meta.attrs {
                if self.host.is_shared(&place, &meta)? {
                    return Err(files::shared(place.path()));
                }
                self.names.learn(&meta.attrs, self.host);
                walk.entries.push((below, place, meta));
            }
            if let Some(directory) = directory {
                self.walk_below(&directory, walk)?;
            }
        }
        Ok(())
    }
}

/// A tree that gets attributes.
struct Walk {
    /// Its top, as the task names it.
    root: AbsPath,
    /// The same, with no link above it.
    at: AbsPath,
    /// What has other attributes than those asked for: its path below the top.
    entries: Vec<(String, Place, Meta)>,
}
