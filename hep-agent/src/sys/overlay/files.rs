//! Files in memory.
//!
//! Names and nodes are kept apart, as on a disk: two names of one file share its content and attributes. A node of the
//! base is known by its device and inode, a new one by a device that no host has.

mod walk;

use walk::AtTheEnd;
pub(super) use walk::Certainty;

use super::Overlay;
use crate::sys::files::walk::{End, Way};
use crate::sys::files::{
    Account, Acl, Attrs, Content, Deed, FileAction, FileKind, FileState, Meta, NewFile, NewLink,
    ObserveFiles, Place, Seen, Times,
};
use crate::sys::{Effect, Observe, SysError};
use hep_protocol::blob::Digest;
use hep_protocol::value::{AbsPath, PermissionBits};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

/// The size of a new directory, as most file systems have it, in bytes.
const DIRECTORY: u64 = 4096;

/// The device of nodes that exist here only.
const MEMORY: u64 = u64::MAX;

type Id = (u64, u64);

/// What is different about files. All paths in it are without links.
#[derive(Default)]
pub(super) struct Changed {
    /// Names that are new or stand for something else now, and those that are gone.
    names: BTreeMap<AbsPath, Option<Id>>,
    nodes: HashMap<Id, Node>,
    /// Directories that nobody made: something was put below them that an earlier step would have made room for.
    implied: BTreeSet<AbsPath>,
    /// How many commands had named paths when a step put something in place here, or took it away: they count no more.
    settled: HashMap<AbsPath, usize>,
    made: u64,
}

#[derive(Clone)]
struct Node {
    attrs: Attrs,
    body: Body,
    /// How many names it has.
    names: u64,
}

#[derive(Clone)]
enum Body {
    Content(Content),
    Directory,
    Link(String),
    /// The base's, under this path; its kind, its size, and when its content was last changed.
    Base(AbsPath, FileKind, u64, Option<i64>),
}

/// Where a content is from.
pub(in crate::sys::overlay) enum Origin {
    /// Nothing is there.
    Nowhere,
    /// The base has it, under this path.
    Base(AbsPath),
    /// An earlier step would put it there.
    Step,
}

impl Node {
    fn meta(&self, id: Id) -> Meta {
        let (kind, size, mtime) = match &self.body {
            Body::Content(content) => (FileKind::File, content.size, None),
            Body::Directory => (FileKind::Directory, DIRECTORY, None),
            Body::Link(target) => (FileKind::Link, target.len() as u64, None),
            Body::Base(_, kind, size, mtime) => (*kind, *size, *mtime),
        };
        Meta { kind, attrs: self.attrs.clone(), size, mtime, id, names: self.names }
    }
}

impl Changed {
    /// Whether nothing is different.
    fn is_untouched(&self) -> bool {
        self.names.is_empty() && self.nodes.is_empty()
    }

    /// How many of the commands that name paths no longer count at this one.
    pub(super) fn settled(&self, at: &AbsPath) -> usize {
        self.settled.get(at).copied().unwrap_or_default()
    }

    /// Makes a name stand for a new node; what was below it is gone.
    fn put(&mut self, path: AbsPath, attrs: Attrs, body: Body) {
        self.made += 1;
        let id = (MEMORY, self.made);
        self.nodes.insert(id, Node { attrs, body, names: 1 });
        self.name(path, Some(id));
    }

    /// Makes a name stand for a node, or for nothing.
    fn name(&mut self, path: AbsPath, id: Option<Id>) {
        let below: Vec<AbsPath> = self.below(&path).map(|(name, _)| name.clone()).collect();
        for name in below {
            self.names.remove(&name);
            self.implied.remove(&name);
        }
        self.implied.remove(&path);
        self.names.insert(path, id);
    }

    /// Every changed name below a directory. `0` is the byte after `/`.
    fn below(&self, path: &AbsPath) -> impl Iterator<Item = (&AbsPath, &Option<Id>)> {
        let prefix = if *path == AbsPath::root() { "/" } else { &format!("{path}/") };
        let prefix = prefix.to_owned();
        self.names
            .range((Bound::Excluded(path.clone()), Bound::Unbounded))
            .skip_while({
                let prefix = prefix.clone();
                move |(name, _)| name.as_str() < prefix.as_str()
            })
            .take_while(move |(name, _)| name.as_str().starts_with(&prefix))
    }
}

impl<O: Observe> Overlay<O> {
    /// What is at a path, which must be there.
    fn node(&self, path: &AbsPath) -> Result<(Id, Node), SysError> {
        let at = self.locate(path)?;
        let Some(meta) = self.peek(&at)? else {
            return Err(SysError::new(format!("there is nothing at {path}")));
        };
        let node = self.files.nodes.get(&meta.id).cloned();
        Ok((
            meta.id,
            node.unwrap_or(Node {
                names: meta.names,
                attrs: meta.attrs,
                body: Body::Base(at, meta.kind, meta.size, meta.mtime),
            }),
        ))
    }

    /// What has a name at a real path loses it.
    fn give_up(&mut self, at: &AbsPath) -> Result<(), SysError> {
        let shared = |meta: &Meta| meta.kind != FileKind::Directory && meta.names > 1;
        if self.peek(at)?.is_some_and(|meta| shared(&meta)) {
            let (id, node) = self.node(at)?;
            self.files.nodes.insert(id, Node { names: node.names - 1, ..node });
        }
        Ok(())
    }

    /// The real path of a place that a step is about to fill, whatever earlier commands may have done there.
    fn settle(&mut self, place: &Place) -> Result<AbsPath, SysError> {
        let at = self.room(place)?;
        self.files.settled.insert(at.clone(), self.mentioned.len());
        Ok(at)
    }

    /// Where the content of what a path leads to is from.
    pub(in crate::sys::overlay) fn origin(&self, path: &AbsPath) -> Result<Origin, SysError> {
        let Some(at) = self.resolve(path)? else { return Ok(Origin::Nowhere) };
        Ok(match self.node(&at)?.1.body {
            Body::Base(base, ..) => Origin::Base(base),
            Body::Content(_) | Body::Directory | Body::Link(_) => Origin::Step,
        })
    }

    /// The real path of a place, its directory made if it is missing: something earlier would have made it, or the plan
    /// would not come here.
    fn room(&mut self, place: &Place) -> Result<AbsPath, SysError> {
        let at = self.locate(place.path())?;
        let mut missing = Vec::new();
        let mut directory = at.parent();
        while let Some(path) = directory {
            if self.peek(&path)?.is_some() {
                break;
            }
            directory = path.parent();
            missing.push(path);
        }
        let (uid, gid) = self.base.own_ids();
        let owners = (Account::Number(uid), Account::Number(gid));
        let attrs = Attrs {
            owner: owners.0,
            group: owners.1,
            mode: PermissionBits(0o755),
            acl: Acl::AsItIs,
        };
        for path in missing.into_iter().rev() {
            self.files.put(path.clone(), attrs.clone(), Body::Directory);
            self.files.implied.insert(path);
        }
        Ok(at)
    }
}

impl<O: Observe> Overlay<O> {
    /// The ACL of what is at a place: that of the base unless an earlier step would have changed it.
    fn acl(&self, place: &Place, kind: FileKind) -> Result<Acl, SysError> {
        if self.lstat_at(place)?.is_none() {
            return Ok(Acl::None);
        }
        let (_, Node { attrs, body, .. }) = self.node(place.path())?;
        match (attrs.acl, body) {
            (Acl::AsItIs, Body::Base(at, ..)) => {
                let looked = self.base.acls(&[(&Place::of(at), kind)])?;
                Ok(looked.into_iter().next().unwrap_or_default())
            }
            (Acl::AsItIs, Body::Content(_) | Body::Directory | Body::Link(_)) => Ok(Acl::None),
            (acl @ (Acl::None | Acl::Entries(_)), _) => Ok(acl),
        }
    }
}

impl<O: Observe> ObserveFiles for Overlay<O> {
    fn lstat(&self, path: &AbsPath) -> Result<Option<Meta>, SysError> {
        match self.walk(path, AtTheEnd::Stay)? {
            Some(at) => self.peek(&at),
            None => Ok(None),
        }
    }

    fn times(&self, path: &AbsPath) -> Option<Times> {
        match self.node(path).ok()?.1.body {
            Body::Base(at, ..) => self.base.times(&at),
            Body::Content(_) | Body::Directory | Body::Link(_) => None,
        }
    }

    fn resolve(&self, path: &AbsPath) -> Result<Option<AbsPath>, SysError> {
        match self.walk(path, AtTheEnd::Follow)? {
            Some(at) => Ok(self.peek(&at)?.map(|_| at)),
            None => Ok(None),
        }
    }

    fn way(&self, path: &AbsPath, end: End, below: &[&str]) -> Result<Option<Way>, SysError> {
        self.trusted(path, end, below)
    }

    fn read_link(&self, path: &AbsPath) -> Result<String, SysError> {
        match self.node(path)?.1.body {
            Body::Link(target) => Ok(target),
            Body::Base(at, ..) => self.base.read_link(&at),
            Body::Content(_) | Body::Directory => {
                Err(SysError::new(format!("{path} is not a link")))
            }
        }
    }

    fn digest(&self, path: &AbsPath) -> Result<Digest, SysError> {
        match self.node(path)?.1.body {
            Body::Content(content) => Ok(content.digest),
            Body::Base(at, ..) => self.base.digest(&at),
            Body::Link(_) | Body::Directory => {
                Err(SysError::new(format!("{path} is not a regular file")))
            }
        }
    }

    fn read(&self, path: &AbsPath, limit: u64) -> Result<Option<Vec<u8>>, SysError> {
        match self.node(path)?.1.body {
            Body::Content(content) => self.base.wanted(&content, limit),
            Body::Base(at, ..) => self.base.read(&at, limit),
            Body::Link(_) | Body::Directory => {
                Err(SysError::new(format!("{path} is not a regular file")))
            }
        }
    }

    fn wanted(&self, content: &Content, limit: u64) -> Result<Option<Vec<u8>>, SysError> {
        self.base.wanted(content, limit)
    }

    fn foresee(&self, contents: &[&Content]) {
        self.base.foresee(contents);
    }

    fn survey(&self, places: &[(&Place, Option<&Content>)]) -> Result<Vec<Seen>, SysError> {
        match self.files.is_untouched() {
            true => self.base.survey(places),
            false => {
                places.iter().map(|(place, content)| Seen::at(place, *content, self)).collect()
            }
        }
    }

    fn list(&self, path: &AbsPath) -> Result<Vec<String>, SysError> {
        let Some(at) = self.resolve(path)? else {
            return Err(SysError::new(format!("there is nothing at {path}")));
        };
        let mut names: BTreeSet<String> = match self.is_covered(&at) {
            true => BTreeSet::new(),
            false => self.base.list(&at)?.into_iter().collect(),
        };
        for (name, id) in self.files.below(&at) {
            match (name.parent().as_ref() == Some(&at), id) {
                (true, Some(_)) => drop(names.insert(name.name().to_owned())),
                (true, None) => drop(names.remove(name.name())),
                (false, _) => {}
            }
        }
        Ok(names.into_iter().collect())
    }

    fn mounts(&self, path: &AbsPath) -> Result<Vec<AbsPath>, SysError> {
        self.base.mounts(path)
    }

    fn acls(&self, places: &[(&Place, FileKind)]) -> Result<Vec<Acl>, SysError> {
        if self.files.is_untouched() {
            return self.base.acls(places);
        }
        places.iter().map(|(place, kind)| self.acl(place, *kind)).collect()
    }

    fn refusal(&self, place: &Place, deed: Deed<'_>) -> Option<SysError> {
        let at = self.locate(place.path()).ok()?;
        // In a directory that only an earlier step would make nothing is known to be in the way.
        if at.parent().is_some_and(|above| self.is_covered(&above)) {
            return None;
        }
        match (self.files.names.get(&at), deed) {
            (None, deed) => self.base.refusal(&Place::of(at), deed),
            // What is there is no more what the base has; its directory is.
            (Some(_), Deed::Place { kind, attrs, .. }) => {
                self.base.refusal(&Place::of(at), Deed::Place { kind, was: None, attrs })
            }
            (Some(_), Deed::Rewrite | Deed::Attributes(_) | Deed::Remove | Deed::Touch) => None,
        }
    }

    fn handed_down(&self, directory: &AbsPath) -> Result<Option<PermissionBits>, SysError> {
        match self.resolve(directory)? {
            // What is new has none of its own but what its parents handed down, which is no news below them.
            Some(at) if self.is_covered(&at) => match at.parent() {
                Some(above) => self.handed_down(&above),
                None => Ok(None),
            },
            Some(at) => self.base.handed_down(&at),
            None => Ok(None),
        }
    }

    fn user(&self, name: &str) -> Result<Option<u32>, SysError> {
        self.accounts.user_number(name).map_or_else(|| self.base.user(name), Ok)
    }

    fn group(&self, name: &str) -> Result<Option<u32>, SysError> {
        self.accounts.group_number(name).map_or_else(|| self.base.group(name), Ok)
    }

    fn user_name(&self, uid: u32) -> Option<String> {
        self.accounts.user_name(uid).or_else(|| self.base.user_name(uid))
    }

    fn group_name(&self, gid: u32) -> Option<String> {
        self.accounts.group_name(gid).or_else(|| self.base.group_name(gid))
    }

    fn own_ids(&self) -> (u32, u32) {
        self.base.own_ids()
    }
}

impl<O: Observe> Overlay<O> {
    /// What is there afterwards. What only an earlier step's real run would bring is not there to be changed.
    pub(super) fn apply_file(&mut self, action: &FileAction) -> Result<Effect, SysError> {
        match action {
            FileAction::Put(file) => self.put_file(file)?,
            FileAction::Set { place, to, .. } => self.set_attrs(place, to)?,
            FileAction::SetBelow { entries, .. } => {
                entries.iter().rev().try_for_each(|new| self.set_attrs(&new.place, &new.to))?;
            }
            FileAction::MakeDirectory { place, from, to, .. } => {
                let at = self.settle(place)?;
                match self.peek(&at)? {
                    // One that only an earlier command may have taken away.
                    Some(meta) if meta.kind == FileKind::Directory && from.is_none() => {
                        self.set_attrs(place, to)?;
                    }
                    Some(_) | None => self.files.put(at, to.clone(), Body::Directory),
                }
            }
            FileAction::Link { place, to: NewLink { target, attrs }, .. } => {
                let at = self.settle(place)?;
                self.give_up(&at)?;
                let attrs = Attrs { mode: PermissionBits(0o777), ..attrs.clone() };
                self.files.put(at, attrs, Body::Link(target.clone()));
            }
            FileAction::Hardlink { place, to, .. } => {
                let at = self.settle(place)?;
                if self.lstat(to)?.is_some() {
                    let (id, node) = self.node(to)?;
                    self.give_up(&at)?;
                    let names = node.names.saturating_add(1);
                    self.files.nodes.insert(id, Node { names, ..node });
                    self.files.name(at, Some(id));
                }
            }
            FileAction::Remove { place, .. } => {
                let at = self.locate(place.path())?;
                self.files.settled.insert(at.clone(), self.mentioned.len());
                if self.peek(&at)?.is_some() {
                    self.give_up(&at)?;
                    self.files.name(at, None);
                }
            }
            FileAction::Flush { .. } => return Ok(Effect::Nothing),
            FileAction::Touch { place } => self.touch(place)?,
        }
        Ok(Effect::Changed)
    }

    fn put_file(&mut self, file: &NewFile) -> Result<(), SysError> {
        let at = self.settle(&file.place)?;
        let FileState { content, attrs } = &file.to;
        let body = Body::Content(content.clone());
        let there = self.peek(&at)?;
        let acl = match (&attrs.acl, file.was()) {
            // What is kept goes over to the new file.
            (Acl::AsItIs, Some(FileKind::File)) => self.acl(&file.place, FileKind::File)?,
            (acl, _) => acl.clone(),
        };
        let attrs = Attrs { acl, ..attrs.clone() };
        match there.filter(|_| file.in_place) {
            // Every other name of the file shows the new content too.
            Some(meta) if meta.kind == FileKind::File => {
                let names = meta.names;
                self.files.nodes.insert(meta.id, Node { attrs, body, names });
            }
            Some(_) | None => {
                self.give_up(&at)?;
                self.files.put(at, attrs, body);
            }
        }
        // The name that keeps the old content would have the time of the real run in it.
        Ok(())
    }

    fn set_attrs(&mut self, place: &Place, attrs: &Attrs) -> Result<(), SysError> {
        if self.lstat(place.path())?.is_some() {
            let (id, node) = self.node(place.path())?;
            self.files.nodes.insert(id, Node { attrs: attrs.clone(), ..node });
        }
        Ok(())
    }

    fn touch(&mut self, place: &Place) -> Result<(), SysError> {
        if self.lstat(place.path())?.is_some() {
            let (id, node) = self.node(place.path())?;
            if let Body::Base(at, kind, size, _) = node.body {
                let body = Body::Base(at, kind, size, None);
                self.files.nodes.insert(id, Node { body, ..node });
            }
        }
        Ok(())
    }
}
