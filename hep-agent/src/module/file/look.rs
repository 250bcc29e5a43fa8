//! What a task of `file` asks for, entry by entry, and what the host has there.

mod below;
mod destination;
mod links;
mod on_host;
mod tree;

use super::accounts::{Asked, Names};
use super::diff::{self, Texts};
use super::{Entry, Found, Scope, State, Want, makes_parents};
use crate::module::Input;
use crate::sys::files::walk::End;
use crate::sys::files::{Account, Acl, Attrs, Content, FileKind, Meta, Place, Seen};
use crate::sys::{Cause, Observe, Subject, SysError};
use hep_protocol::blob::{Source, SourceFile};
use hep_protocol::plan::DiffMode;
use hep_protocol::task::file::{Action, File};
use hep_protocol::value::{AbsPath, Mode, PermissionBits};
use std::collections::HashMap;

/// Reads everything that the plan needs.
pub(super) fn look(
    params: &File,
    input: &Input<'_>,
    host: &dyn Observe,
) -> Result<State, SysError> {
    let mut look = Look::new(params, input, host)?;
    look.gather(input)?;
    look.finish()
}

/// The same for a file whose content is at hand.
pub(super) fn look_with(
    params: &File,
    content: Content,
    input: &Input<'_>,
    host: &dyn Observe,
) -> Result<State, SysError> {
    let mut look = Look::new(params, input, host)?;
    let path = look.followed(look.destination(None)?)?;
    look.file(Place::of(path), Copied::new(content), Scope::Asked)?;
    look.finish()
}

struct Look<'a> {
    params: &'a File,
    diff: DiffMode,
    host: &'a dyn Observe,
    asked: Asked,
    names: Names,
    entries: Vec<Entry>,
    /// How much may still be read for diffs, in bytes.
    budget: u64,
    /// What new things get in the directories that were looked at.
    inherited: HashMap<AbsPath, Attrs>,
    /// What default ACLs leave to new things in these directories.
    handed_down: HashMap<AbsPath, Option<PermissionBits>>,
    /// What is mounted below the directory whose tree gets attributes, and is left out.
    left: Vec<AbsPath>,
}

impl<'a> Look<'a> {
    fn new(params: &'a File, input: &Input<'_>, host: &'a dyn Observe) -> Result<Self, SysError> {
        let mut look = Self {
            params,
            diff: input.diff,
            host,
            asked: Asked::look(params, host)?,
            names: Names::default(),
            entries: Vec::new(),
            budget: diff::BUDGET,
            inherited: HashMap::new(),
            handed_down: HashMap::new(),
            left: Vec::new(),
        };
        look.learn_asked();
        Ok(look)
    }

    fn finish(mut self) -> Result<State, SysError> {
        self.acls()?;
        let missing = self.missing()?;
        let cause = self.cause(&missing);
        let verdict = self.params.validate.as_ref();
        let verdict = verdict.and_then(|command| self.host.depends(Subject::Verdict(command)));
        let Look { asked, names, entries, left, .. } = self;
        Ok(State { asked, names, entries, missing, left, cause, verdict })
    }

    fn gather(&mut self, input: &Input<'_>) -> Result<(), SysError> {
        match (self.params.action, &self.params.src, &self.params.content) {
            (Action::Present, _, _) if self.params.copy_of.is_some() => self.copy_on_host(),
            (Action::Present, Some(src), _) => match input.task.source(src) {
                Some(Source::File(file)) => {
                    let path = self.followed(self.destination(Some(&file.name))?)?;
                    self.file(Place::of(path), Copied::of(file), Scope::Asked)
                }
                Some(Source::Tree { name, entries }) => self.tree(src, name, entries),
                None => Err(SysError::new(format!("the plan came without `{src}`"))
                    .hint("put that file where the others of this `src` are, and push again")),
            },
            (Action::Present, None, Some(text)) => {
                let path = self.followed(self.destination(None)?)?;
                let content = Content::inline(text.as_bytes());
                self.file(Place::of(path), Copied::new(content), Scope::Asked)
            }
            (Action::Present, None, None) => {
                let path = self.followed(self.destination(None)?)?;
                let cause = self.host.depends(Subject::Path(&path));
                self.add(Place::of(path), Want::Attributes { cause }, Scope::Asked)
            }
            (Action::Touch, _, _) => {
                let path = self.followed(self.destination(None)?)?;
                self.add(Place::of(path), Want::Touch, Scope::Asked)
            }
            (Action::Absent, _, _) => {
                self.add(Place::of(self.destination(None)?), Want::Absent, Scope::Asked)
            }
            (Action::Directory, _, _) => self.directory(),
            (Action::Link, src, _) => self.link(target(self.params, src.as_ref())),
            (Action::Hardlink, src, _) => self.hardlink(target(self.params, src.as_ref())),
        }
    }

    fn file(&mut self, place: Place, copy: Copied, scope: Scope) -> Result<(), SysError> {
        let seen = self.host.survey(&[(&place, Some(&copy.content))])?;
        self.file_seen(place, copy, scope, seen.into_iter().next().unwrap_or_default())
    }

    /// The same when its place has been looked at.
    fn file_seen(
        &mut self,
        place: Place,
        Copied { content, mode, own }: Copied,
        scope: Scope,
        Seen { meta, same }: Seen,
    ) -> Result<(), SysError> {
        if self.params.overwrite == Some(false) && meta.is_some() {
            return Ok(());
        }
        let executable = mode.0 & 0o100 != 0 && self.params.executable.unwrap_or(true);
        let preserves = self.asked.mode.as_ref().is_some_and(Mode::is_of_source);
        let own = match own {
            Own::Asked => preserves.then_some(mode),
            Own::WithContent => Some(mode).filter(|_| !same),
        };
        let diff = match self.diff {
            DiffMode::Unified if !same => {
                let budget = &mut self.budget;
                Some(Texts::read(self.host, &place, meta.as_ref(), &content, budget)?)
            }
            DiffMode::Unified | DiffMode::Off => None,
        };
        let want = Want::File { content, executable, same, diff };
        self.add_found(place, want, scope, meta)?;
        self.comes_with(own);
        Ok(())
    }

    fn add(&mut self, place: Place, want: Want, scope: Scope) -> Result<(), SysError> {
        let meta = self.host.lstat_at(&place)?;
        self.add_found(place, want, scope, meta)
    }

    fn add_found(
        &mut self,
        place: Place,
        want: Want,
        scope: Scope,
        meta: Option<Meta>,
    ) -> Result<(), SysError> {
        let new = self.new_attrs(place.path())?;
        self.names.learn(&new, self.host);
        let found = match meta {
            Some(meta) => Some(self.found(&place, meta)?),
            None => None,
        };
        let handed_down = match found.as_ref().map(|found| found.meta.kind) {
            Some(FileKind::File | FileKind::Directory) => None,
            Some(FileKind::Link | FileKind::Special) | None => self.handed_down(place.path())?,
        };
        let open = self.open(place.path(), &want, found.as_ref());
        let own = None;
        self.entries.push(Entry { place, want, found, new, own, open, handed_down, scope });
        Ok(())
    }

    /// The last entry has a mode of its own.
    fn comes_with(&mut self, mode: Option<PermissionBits>) {
        if let Some(entry) = self.entries.last_mut() {
            entry.own = mode;
        }
    }

    /// The earlier task whose real run may leave something else there.
    fn open(&self, path: &AbsPath, want: &Want, found: Option<&Found>) -> Option<Cause> {
        let found = found?;
        let subject = match want {
            Want::AttributesBelow { .. } => Subject::Tree(path),
            Want::File { .. }
            | Want::Directory
            | Want::Link { .. }
            | Want::Hardlink { .. }
            | Want::Attributes { .. }
            | Want::Touch
            | Want::Absent => Subject::There(path),
        };
        let unmounted = || {
            let mounted = !found.mounts.is_empty();
            mounted.then(|| self.host.depends(Subject::Hindrance)).flatten()
        };
        self.host.depends(subject).or_else(unmounted)
    }

    /// What a default ACL of the directory above leaves to something new.
    fn handed_down(&mut self, path: &AbsPath) -> Result<Option<PermissionBits>, SysError> {
        let directory = path.parent().unwrap_or_else(AbsPath::root);
        if let Some(known) = self.handed_down.get(&directory) {
            return Ok(*known);
        }
        let mut above = Some(directory.clone());
        while let Some(path) = &above {
            if self.host.stat(path)?.is_some() {
                break;
            }
            above = path.parent();
        }
        let rights = above.map(|path| self.host.handed_down(&path)).transpose()?.flatten();
        self.handed_down.insert(directory, rights);
        Ok(rights)
    }

    /// Looks at the ACLs of what is there and should let in nobody but those that the task names.
    fn acls(&mut self) -> Result<(), SysError> {
        if !self.asked.shuts_others_out() {
            return Ok(());
        }
        let mut looked = Vec::new();
        for entry in &mut self.entries {
            match (&mut entry.want, &mut entry.found, entry.scope) {
                (Want::Hardlink { target, target_meta: Some(meta), .. }, _, _) => {
                    looked.push((Place::of(target.clone()), meta));
                }
                (_, Some(found), Scope::Asked | Scope::Tree) => {
                    looked.push((entry.place.clone(), &mut found.meta));
                }
                (_, _, _) => {}
            }
        }
        let places: Vec<_> = looked.iter().map(|(place, meta)| (place, meta.kind)).collect();
        let acls = self.host.acls(&places)?;
        for ((_, meta), acl) in looked.iter_mut().zip(acls) {
            meta.attrs.acl = acl;
        }
        Ok(())
    }

    fn found(&mut self, place: &Place, meta: Meta) -> Result<Found, SysError> {
        let path = place.path();
        let shared = self.host.is_shared(place, &meta)?;
        self.names.learn(&meta.attrs, self.host);
        let link = match meta.kind {
            FileKind::Link => Some(self.host.read_link(path)?),
            FileKind::File | FileKind::Directory | FileKind::Special => None,
        };
        let gives_way = self.params.force || self.params.action == Action::Absent;
        // A link may give way unasked, and what is in a tree tells what is protected.
        let at = match gives_way || link.is_some() || self.params.recurse {
            true => self.without_links_above(path)?,
            false => path.clone(),
        };
        let mounts = match meta.kind {
            FileKind::Directory if gives_way => self.host.mounts(&at)?,
            FileKind::Directory | FileKind::File | FileKind::Link | FileKind::Special => Vec::new(),
        };
        Ok(Found { meta, link, at, shared, mounts })
    }

    /// What a new thing gets that the task says nothing of: the agent's own user, and its group or that of a set-group-id
    /// directory above (inode(7)). The mode has only the bit that directories inherit.
    fn new_attrs(&mut self, path: &AbsPath) -> Result<Attrs, SysError> {
        let directory = path.parent().unwrap_or_else(AbsPath::root);
        if let Some(attrs) = self.inherited.get(&directory) {
            return Ok(attrs.clone());
        }
        let (uid, gid) = self.host.own_ids();
        let owner = Account::Number(uid);
        let above = self.nearest(path)?.filter(|meta| meta.attrs.mode.0 & 0o2000 != 0);
        let attrs = match above {
            Some(meta) => Attrs {
                owner,
                group: meta.attrs.group,
                mode: PermissionBits(0o2000),
                acl: Acl::AsItIs,
            },
            None => Attrs {
                owner,
                group: Account::Number(gid),
                mode: PermissionBits(0),
                acl: Acl::AsItIs,
            },
        };
        self.inherited.insert(directory, attrs.clone());
        Ok(attrs)
    }

    /// The nearest directory above a path that is there.
    fn nearest(&self, path: &AbsPath) -> Result<Option<Meta>, SysError> {
        let mut above = path.parent();
        while let Some(directory) = above {
            if let Some(meta) = self.host.stat(&directory)? {
                return Ok(Some(meta));
            }
            above = directory.parent();
        }
        Ok(None)
    }

    /// The names of what was asked for, so that changes of owner read well.
    fn learn_asked(&mut self) {
        let (uid, gid) = self.host.own_ids();
        let owner = self.asked.owner.clone().unwrap_or(Account::Number(uid));
        let group = self.asked.group.clone().unwrap_or(Account::Number(gid));
        let attrs = Attrs { owner, group, mode: PermissionBits(0), acl: Acl::AsItIs };
        self.names.learn(&attrs, self.host);
    }

    /// The missing directories above the first entry, outermost first.
    fn missing(&mut self) -> Result<Vec<(AbsPath, Attrs)>, SysError> {
        let mut missing = Vec::new();
        let first = self.entries.first().and_then(|entry| entry.place.path().parent());
        let mut above = first;
        while let Some(directory) = above {
            let meta = match self.host.stat(&directory)? {
                Some(meta) => Some(meta),
                None => self.host.lstat(&directory)?,
            };
            match meta.map(|meta| meta.kind) {
                Some(FileKind::Directory) => break,
                // Below a file there is nothing to remove.
                Some(_) if self.params.action == Action::Absent => break,
                Some(FileKind::Link) => {
                    return Err(self.broken(&directory)?);
                }
                Some(kind @ (FileKind::File | FileKind::Special)) => {
                    return Err(SysError::new(format!("{directory} is a {kind}, not a directory")));
                }
                None => {
                    let attrs = self.new_attrs(&directory)?;
                    let rights = self.handed_down(&directory)?.map(|rights| rights.0 & 0o777);
                    let mode = PermissionBits(rights.unwrap_or(0o755) | attrs.mode.0);
                    let attrs = Attrs { mode, ..attrs };
                    let alike = self.params.parents_alike;
                    let attrs = if alike { self.asked.directory(attrs) } else { attrs };
                    above = directory.parent();
                    missing.push((directory, attrs));
                }
            }
        }
        missing.reverse();
        if makes_parents(self.params, &self.entries) {
            self.refuse_foreign_parents(&missing)?;
        }
        Ok(missing)
    }

    /// Refuses to make directories where a link allows those of another user only: nothing could be put into them.
    fn refuse_foreign_parents(&self, missing: &[(AbsPath, Attrs)]) -> Result<(), SysError> {
        let Some((outermost, attrs)) = missing.first() else { return Ok(()) };
        let above = outermost.parent().unwrap_or_else(AbsPath::root);
        let Some(way) = self.host.way(&above, End::Directory, &[])? else { return Ok(()) };
        let allowed = way.allows(&joined(&way.path, outermost.name())?, &attrs.owner);
        allowed.map_err(|refused| refused.error(|uid| self.host.user_name(uid)))
    }

    /// The earlier task whose real run may make another plan right; always none on a real host.
    fn cause(&self, missing: &[(AbsPath, Attrs)]) -> Option<Cause> {
        let path = self.entries.first().map(|entry| entry.place.path())?;
        let parent = missing.last().map(|(directory, _)| directory);
        match (parent, self.params.action) {
            // A package may bring what should be gone; a command hardly does.
            (Some(_), Action::Absent) => self
                .host
                .depends(Subject::Path(path))
                .filter(|cause| matches!(cause, Cause::Packages(_))),
            (Some(_), _) if !makes_parents(self.params, &self.entries) => {
                self.host.depends(Subject::Path(path))
            }
            (Some(_) | None, _) => self.host.depends(Subject::Place(path)),
        }
    }
}

/// What a link leads to.
fn target<'p>(params: &'p File, src: Option<&'p String>) -> &'p str {
    params.target.as_deref().or(src.map(String::as_str)).unwrap_or_default()
}

/// What a file should be.
struct Copied {
    content: Content,
    /// The mode of what it is copied from.
    mode: PermissionBits,
    own: Own,
}

/// When a file gets the mode of what it is copied from.
enum Own {
    /// If the task asks for that.
    Asked,
    /// Together with the content: as a tree on the host is copied.
    WithContent,
}

impl Copied {
    fn new(content: Content) -> Self {
        Self { content, mode: PermissionBits(0o644), own: Own::Asked }
    }

    fn of(file: &SourceFile) -> Self {
        let content = Content { digest: file.digest, size: file.size, inline: None };
        Self { mode: file.mode, ..Self::new(content) }
    }
}

fn joined(directory: &AbsPath, name: &str) -> Result<AbsPath, SysError> {
    directory.join(name).map_err(|error| SysError::new(error.to_string()))
}
