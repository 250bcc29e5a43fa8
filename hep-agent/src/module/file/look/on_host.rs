//! What another file on the host has, or another directory with all below it.

use super::tree::Aim;
use super::{Copied, Look, Own, joined};
use crate::module::file::{Scope, Want};
use crate::sys::files::{Content, FileKind, Place};
use crate::sys::{Subject, SysError};
use hep_protocol::value::{AbsPath, Dest, PermissionBits};

/// The largest content on the host that is copied, in bytes, that of a tree together: it is held in memory.
const COPIED: u64 = 64 << 20;

/// How deep directories are in each other at most: more are links that go in circles.
const DEEPEST: usize = 64;

impl Look<'_> {
    /// The content of another file on the host, or another tree.
    pub(super) fn copy_on_host(&mut self) -> Result<(), SysError> {
        let Some(from) = self.params.copy_of.clone() else { return Ok(()) };
        let real = self.trusted(&from.path)?;
        let meta = real.as_ref().map(|real| self.host.lstat(real)).transpose()?.flatten();
        if let (Some(real), Some(meta)) = (&real, &meta)
            && meta.kind == FileKind::Directory
        {
            return self.tree_on_host(&from, real, meta.attrs.mode);
        }
        let mut left = COPIED;
        let bytes = match &real {
            Some(real) => self.copied_content(real, &mut left)?,
            None if self.host.depends(Subject::Path(&from.path)).is_some() => Vec::new(),
            None => {
                let what = format!("there is no file {} on the host", from.path);
                return Err(SysError::new(what)
                    .hint("correct the path, or make the file in an earlier task"));
            }
        };
        let path = self.followed(self.destination(Some(from.path.name()))?)?;
        let mode = meta.map_or(PermissionBits(0o644), |meta| meta.attrs.mode);
        let copy = Copied { mode, ..Copied::new(Content::inline(&bytes)) };
        self.file(Place::of(path), copy, Scope::Asked)
    }

    fn copied_content(&self, file: &AbsPath, left: &mut u64) -> Result<Vec<u8>, SysError> {
        let Some(bytes) = self.host.read(file, *left)? else {
            let most = COPIED >> 20;
            return Err(SysError::new(format!("{file} is larger than {most} MiB, or its tree is"))
                .hint("copy it with `command: cp -a`"));
        };
        *left -= bytes.len() as u64;
        Ok(bytes)
    }

    /// A directory with all below it, as it is: new directories and new contents come with their modes. `mode` is for its top.
    fn tree_on_host(
        &mut self,
        from: &Dest,
        real: &AbsPath,
        mode: PermissionBits,
    ) -> Result<(), SysError> {
        let dest = self.destination(None)?;
        let is_there = self.is_directory(&dest)?;
        let holder = if is_there { self.trusted(&dest)?.unwrap_or(dest) } else { dest };
        let makes_holder = !is_there && self.params.dest.into;
        let mut top = holder.clone();
        if !from.into {
            self.add(Place::of(holder.clone()), Want::Directory, Scope::Holder)?;
            top = joined(&holder, from.path.name())?;
        }
        let followed = self.followed(top.clone())?;
        let below_holder = !from.into && followed == top;
        let root = if below_holder { holder } else { followed.clone() };
        let place = match below_holder {
            true => Place::below(root.clone(), followed.clone()),
            false => Place::of(followed.clone()),
        };
        self.add(place, Want::Directory, Scope::Asked)?;
        // As Ansible has it: where the directory to put it into is new and nobody wrote a slash, its top has no mode of its own.
        if from.into || is_there || makes_holder {
            self.comes_with(Some(mode));
        }
        let mut aims = Vec::new();
        self.below_on_host(real, &followed, &root, &mut (COPIED, DEEPEST), &mut aims)?;
        self.all(aims, Scope::Copied)
    }

    /// Collects what is below a directory, links followed as far as they are trusted.
    fn below_on_host(
        &self,
        from: &AbsPath,
        to: &AbsPath,
        root: &AbsPath,
        left: &mut (u64, usize),
        aims: &mut Vec<(Place, Aim)>,
    ) -> Result<(), SysError> {
        let Some(deeper) = left.1.checked_sub(1) else {
            return Err(SysError::new(format!("{from} is too deep, or links go in circles"))
                .hint("copy it with `command: cp -a`"));
        };
        for name in self.host.list(from)? {
            let (named, path) = (joined(from, &name)?, joined(to, &name)?);
            let Some(real) = self.trusted(&named)? else { return Err(self.broken(&named)?) };
            let Some(meta) = self.host.lstat(&real)? else { continue };
            let place = Place::below(root.clone(), path.clone());
            match meta.kind {
                FileKind::Directory => {
                    aims.push((place, Aim::Directory(meta.attrs.mode)));
                    left.1 = deeper;
                    self.below_on_host(&real, &path, root, left, aims)?;
                    left.1 = deeper + 1;
                }
                FileKind::File => {
                    let content = Content::inline(&self.copied_content(&real, &mut left.0)?);
                    let own = Own::WithContent;
                    let copy = Copied { mode: meta.attrs.mode, own, ..Copied::new(content) };
                    aims.push((place, Aim::File(copy)));
                }
                kind @ (FileKind::Link | FileKind::Special) => {
                    return Err(SysError::new(format!("{named} is a {kind}, and is not copied"))
                        .hint("copy the tree with `command: cp -a`"));
                }
            }
        }
        Ok(())
    }
}
