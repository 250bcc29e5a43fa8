//! What to do about each entry. Nothing is read here: everything is in the state.

mod attributes;
mod links;
mod precious;

use super::accounts::Asked;
use super::{Entry, Found, Scope, State, Want, makes_parents, words};
use crate::module::Plan;
use crate::planned::{Planned, is_later};
use crate::sys::SysError;
use crate::sys::files::{
    Acl, Attrs, Content, Durable, FileAction, FileKind, FileState, Former, Meta, NewFile, Place,
    shared as shared_file,
};
use hep_protocol::action::Action;
use hep_protocol::task::file::File;
use hep_protocol::value::{AbsPath, Mode, PermissionBits};
pub(super) use precious::is_protected;
use precious::{refuse_attributes, refuse_mounts, refuse_protected};

/// The plan for all entries.
pub(super) fn decide(params: &File, state: &State) -> Result<Plan, SysError> {
    let decide = Decide { params, state };
    let mut steps = decide.parents()?;
    let mut told = false;
    for entry in &state.entries {
        let mut more = decide.entry(entry);
        if let Some(cause) = &entry.open {
            // In a tree the first stands for all that may be other than they are now.
            let anew = if told && entry.scope.is_tree() { Vec::new() } else { decide.anew(entry) };
            more = match more {
                Ok(steps) if steps.is_empty() => Ok(anew),
                Err(_) if !is_protected(&entry.found_at()) => Ok(anew),
                more => more,
            };
            more.iter_mut().flatten().for_each(|planned| {
                planned.depends.get_or_insert_with(|| cause.clone());
            });
            told = true;
        }
        let mut more = more?;
        if entry.scope.is_tree() {
            more.iter_mut().for_each(|planned| planned.tree = decide.copied_tree());
        }
        match entry.want {
            // First what is below: who is given a directory may put anything into it.
            Want::AttributesBelow { .. } => drop(steps.splice(0..0, more)),
            Want::File { .. }
            | Want::Directory
            | Want::Link { .. }
            | Want::Hardlink { .. }
            | Want::Attributes { .. }
            | Want::Touch
            | Want::Absent => steps.extend(more),
        }
    }
    let later = |planned: &Planned| match &planned.action {
        Action::File(action) => is_later(action),
        Action::Package(_)
        | Action::Service(_)
        | Action::Account(_)
        | Action::Setting(_)
        | Action::Program(_)
        | Action::Wait(_) => false,
    };
    if let Some(entry) = state.entries.first().filter(|_| steps.iter().any(later)) {
        let directory = entry.place.path().clone();
        steps.push(decide.planned(FileAction::Flush { directory }));
    }
    let notes = words::left(&state.left).into_iter().collect();
    Ok(Plan { steps, notes, ..Plan::default() })
}

/// The attributes that something that is there should have.
pub(super) fn existing(asked: &Asked, meta: &Meta, scope: Scope) -> Attrs {
    match scope {
        Scope::NewOnly | Scope::Holder => meta.attrs.clone(),
        // A link has no mode of its own, and no ACL.
        Scope::Asked | Scope::Tree | Scope::Copied if meta.kind == FileKind::Link => {
            fill(asked, &meta.attrs, meta.attrs.mode, meta.attrs.acl.clone())
        }
        Scope::Asked | Scope::Tree | Scope::Copied => {
            let directory = meta.kind == FileKind::Directory;
            let mode = asked.mode(meta.attrs.mode, directory, scope);
            // What was not looked at is not known to be there.
            let acl = match (asked.shuts_others_out(), &meta.attrs.acl) {
                (true, Acl::Entries(_)) => Acl::None,
                (true | false, acl) => acl.clone(),
            };
            fill(asked, &meta.attrs, mode, acl)
        }
    }
}

/// The same for an entry, which may have a mode of its own.
fn kept(asked: &Asked, entry: &Entry, found: &Found) -> Attrs {
    let attrs = existing(asked, &found.meta, entry.scope);
    let of_source = asked.mode.as_ref().is_some_and(Mode::is_of_source);
    let is_file = found.meta.kind == FileKind::File;
    let mode = entry.own.filter(|_| is_file || (of_source && entry.scope == Scope::Asked));
    Attrs { mode: mode.unwrap_or(attrs.mode), ..attrs }
}

/// The attributes of something new.
fn fresh(asked: &Asked, entry: &Entry, default: u16, directory: bool) -> Attrs {
    let inherited = if directory { entry.new.mode.0 } else { 0 };
    let shut = asked.shuts_others_out() && entry.scope != Scope::Holder;
    let default = match entry.handed_down {
        // As open(2) and mkdir(2) make things where a default ACL stands in for the umask: all that it gives.
        Some(rights) if !shut => (default | 0o222) & rights.0,
        Some(_) | None => default,
    };
    let default = PermissionBits(default | inherited);
    let acl = if shut { Acl::None } else { Acl::AsItIs };
    match entry.scope {
        Scope::Holder => Attrs { mode: default, ..entry.new.clone() },
        Scope::Asked | Scope::Tree | Scope::Copied | Scope::NewOnly => {
            let mode = asked.mode(entry.own.unwrap_or(default), directory, entry.scope);
            fill(asked, &entry.new, mode, acl)
        }
    }
}

fn fill(asked: &Asked, otherwise: &Attrs, mode: PermissionBits, acl: Acl) -> Attrs {
    Attrs {
        owner: asked.owner.clone().unwrap_or_else(|| otherwise.owner.clone()),
        group: asked.group.clone().unwrap_or_else(|| otherwise.group.clone()),
        mode,
        acl,
    }
}

/// What is in a tree is made safe on the disk with all of it.
fn durable(entry: &Entry) -> Durable {
    match entry.scope {
        Scope::Tree | Scope::Copied => Durable::Later,
        Scope::Asked | Scope::NewOnly | Scope::Holder => Durable::AtOnce,
    }
}

struct Decide<'a> {
    params: &'a File,
    state: &'a State,
}

impl Decide<'_> {
    /// Makes the missing directories above, if that was asked.
    fn parents(&self) -> Result<Vec<Planned>, SysError> {
        let needs_them = self.state.entries.iter().any(|entry| match entry.want {
            Want::Absent | Want::Attributes { .. } | Want::AttributesBelow { .. } => false,
            Want::File { .. }
            | Want::Directory
            | Want::Link { .. }
            | Want::Hardlink { .. }
            | Want::Touch => true,
        });
        match self.state.missing.last() {
            Some(_) if needs_them && makes_parents(self.params, &self.state.entries) => {
                let steps = self.state.missing.iter().map(|(path, attrs)| {
                    let place = Place::of(path.clone());
                    self.make_directory(place, attrs.clone(), None, Durable::AtOnce)
                });
                Ok(steps.collect())
            }
            Some((directory, _)) if needs_them && self.state.cause.is_none() => {
                Err(SysError::new(format!("the directory {directory} does not exist"))
                    .hint("`parents: true` makes missing directories"))
            }
            Some(_) | None => Ok(Vec::new()),
        }
    }

    fn entry(&self, entry: &Entry) -> Result<Vec<Planned>, SysError> {
        match &entry.want {
            Want::File { content, executable, same: true, .. } => match &entry.found {
                Some(found) => self.set(entry, found),
                None => self.put(entry, content, *executable),
            },
            Want::File { content, executable, same: false, diff } => {
                // What was read for the diff need not come again.
                let new = diff.as_ref().and_then(|texts| texts.new_content());
                let new = new.map(|text| text.as_bytes().to_vec());
                let content =
                    &Content { inline: content.inline.clone().or(new), ..content.clone() };
                let mut steps = self.put(entry, content, *executable)?;
                let diff = diff.as_ref().map(|texts| texts.unified(entry.place.path()));
                steps.iter_mut().for_each(|planned| planned.diff.clone_from(&diff));
                Ok(steps)
            }
            Want::Directory => self.directory(entry),
            Want::Link { target, dangling } => self.link(entry, target, dangling),
            Want::Hardlink { target, target_meta, shared, cause } => {
                let steps = self.hardlink(entry, target, target_meta.as_ref(), cause.as_ref())?;
                let sets = |planned: &Planned| {
                    matches!(&planned.action, Action::File(FileAction::Set { .. }))
                };
                if *shared && steps.iter().any(sets) { Err(shared_file(target)) } else { Ok(steps) }
            }
            Want::Attributes { cause } => self.attributes(entry, cause.as_ref()),
            Want::Touch => self.touch(entry),
            Want::Absent => self.absent(entry),
            Want::AttributesBelow { entries } => Ok(self.attributes_below(entry, entries)),
        }
    }

    /// What would be done if an earlier task's real run left something else than is there now.
    fn anew(&self, entry: &Entry) -> Vec<Planned> {
        let place = entry.place.clone();
        let asked = &self.state.asked;
        let attrs = match &entry.found {
            Some(found) => kept(asked, entry, found),
            None => entry.new.clone(),
        };
        let detail = words::asked(asked, &attrs, &self.state.names);
        match &entry.want {
            Want::File { content, executable, .. } => {
                vec![self.put_whatever_is_there(entry, content, *executable)]
            }
            Want::Directory => vec![self.make_directory(place, attrs, None, durable(entry))],
            Want::Link { target, .. } => {
                vec![self.make_link(entry, target, attrs, String::new())]
            }
            Want::Hardlink { target, .. } => {
                let to = target.clone();
                vec![self.planned(FileAction::Hardlink { place, from: entry.former(), to })]
            }
            Want::Absent => {
                vec![self.planned(FileAction::Remove { place, from: entry.former() })]
            }
            Want::Attributes { .. } | Want::AttributesBelow { .. } if asked.is_empty() => {
                Vec::new()
            }
            Want::Attributes { .. } => {
                let from = entry.found.as_ref().map(|found| found.meta.attrs.clone());
                vec![self.planned(FileAction::Set { place, from, to: attrs, detail })]
            }
            Want::AttributesBelow { .. } => {
                let root = entry.place.path().clone();
                vec![self.planned(FileAction::SetBelow { root, entries: Vec::new(), detail })]
            }
            Want::Touch => vec![self.planned(FileAction::Touch { place })],
        }
    }

    /// A file with new content, its attributes in the same step.
    fn put(
        &self,
        entry: &Entry,
        content: &Content,
        executable: bool,
    ) -> Result<Vec<Planned>, SysError> {
        self.file_may_come(entry)?;
        let is_rewritten =
            |found: &Found| self.params.in_place && found.meta.kind == FileKind::File;
        if entry.found.as_ref().is_some_and(|found| found.shared && is_rewritten(found)) {
            return Err(shared_file(entry.place.path()));
        }
        Ok(vec![self.put_whatever_is_there(entry, content, executable)])
    }

    fn put_whatever_is_there(&self, entry: &Entry, content: &Content, executable: bool) -> Planned {
        let from = entry.former();
        let was = entry.found.as_ref().map(|found| found.meta.kind);
        let default = if executable { 0o755 } else { 0o644 };
        let names = &self.state.names;
        let (attrs, detail) = match &entry.found {
            Some(found) if found.meta.kind == FileKind::File => {
                let attrs = kept(&self.state.asked, entry, found);
                let changes = words::changes(&found.meta.attrs, &attrs, names);
                (attrs, words::joined(words::size(Some(found.meta.size), content.size), &changes))
            }
            Some(_) | None => {
                let attrs = fresh(&self.state.asked, entry, default, false);
                let size = words::size(None, content.size);
                let words = words::joined(size, &words::attrs(&attrs, names));
                (attrs, words)
            }
        };
        let file = NewFile {
            place: entry.place.clone(),
            from,
            to: FileState { content: content.clone(), attrs },
            backup: self.params.backup && was.is_some(),
            validate: self.params.validate.clone(),
            in_place: self.params.in_place && was == Some(FileKind::File),
            durable: durable(entry),
            detail,
        };
        let mut planned = self.planned(FileAction::Put(Box::new(file)));
        planned.depends = planned.depends.or_else(|| self.state.verdict.clone());
        planned
    }

    fn directory(&self, entry: &Entry) -> Result<Vec<Planned>, SysError> {
        let from = entry.former();
        match &entry.found {
            Some(found) if found.meta.kind == FileKind::Directory => {
                let steps = self.set(entry, found)?;
                if self.params.recurse && !self.state.asked.is_empty() {
                    refuse_attributes(found, "everything in it")?;
                } else if entry.scope.is_tree() && !steps.is_empty() {
                    refuse_attributes(found, "the tree that is copied over it")?;
                }
                Ok(steps)
            }
            Some(_) | None => {
                if from.is_some() {
                    self.may_give_way(entry, "a directory")?;
                }
                let attrs = fresh(&self.state.asked, entry, 0o755, true);
                let alike = entry.scope == Scope::Holder && self.params.parents_alike;
                let attrs = if alike { self.state.asked.directory(attrs) } else { attrs };
                let place = entry.place.clone();
                Ok(vec![self.make_directory(place, attrs, from, durable(entry))])
            }
        }
    }

    fn touch(&self, entry: &Entry) -> Result<Vec<Planned>, SysError> {
        match &entry.found {
            None => self.put(entry, &Content::inline(b""), false),
            Some(found) => {
                self.refuse_mode_of_link(
                    entry,
                    "`follow: true` sets it on what the link leads to",
                )?;
                let mut steps = self.set(entry, found)?;
                if found.shared {
                    return Err(shared_file(entry.place.path()));
                }
                if !self.params.keep_times {
                    steps.push(self.planned(FileAction::Touch { place: entry.place.clone() }));
                }
                Ok(steps)
            }
        }
    }

    fn absent(&self, entry: &Entry) -> Result<Vec<Planned>, SysError> {
        let (place, from) = (entry.place.clone(), entry.former());
        let remove = || vec![self.planned(FileAction::Remove { place, from })];
        match &entry.found {
            None if self.state.cause.is_some() => Ok(remove()),
            None => Ok(Vec::new()),
            Some(found) => {
                refuse_protected(found)?;
                let emptied = self.params.recurse || self.params.remove_content;
                if found.meta.kind == FileKind::Directory && !emptied {
                    let path = entry.place.path();
                    return Err(SysError::new(format!("{path} is a directory"))
                        .hint("`recurse: true` removes a directory with everything in it"));
                }
                refuse_mounts(found)?;
                Ok(remove())
            }
        }
    }

    fn make_directory(
        &self,
        place: Place,
        to: Attrs,
        from: Option<Former>,
        durable: Durable,
    ) -> Planned {
        let detail = words::attrs(&to, &self.state.names);
        self.planned(FileAction::MakeDirectory { place, from, to, durable, detail })
    }

    /// Whether something of another type may be replaced.
    fn may_give_way(&self, entry: &Entry, wanted: &str) -> Result<(), SysError> {
        let path = entry.place.path();
        if let Some(found) = &entry.found {
            refuse_protected(found)?;
        }
        match &entry.found {
            Some(found) if !self.params.force => {
                let hint = match found.meta.kind {
                    FileKind::Directory => "`force: true` replaces it with everything in it",
                    FileKind::Link if self.is_inside(entry) => {
                        "`force: true` replaces the link; a tree is never copied through one"
                    }
                    FileKind::Link => {
                        "`follow: true` works on what the link leads to, `force: true` replaces the link"
                    }
                    FileKind::File | FileKind::Special => "`force: true` replaces it",
                };
                let kind = found.meta.kind;
                Err(SysError::new(format!("{path} is a {kind}, not {wanted}")).hint(hint))
            }
            Some(found) => refuse_mounts(found),
            None => Ok(()),
        }
    }

    /// The top of the tree that is copied, if one is.
    fn copied_tree(&self) -> Option<AbsPath> {
        let top = match self.state.entries.as_slice() {
            [holder, top, ..] if holder.scope == Scope::Holder => top,
            [top, ..] => top,
            [] => return None,
        };
        self.copies_tree().then(|| top.place.path().clone())
    }

    fn copies_tree(&self) -> bool {
        self.params.src.is_some() || self.params.copy_of.is_some()
    }

    /// Whether it is in a tree that is copied, below its top: there `follow` means nothing.
    fn is_inside(&self, entry: &Entry) -> bool {
        self.copies_tree()
            && entry.scope.is_tree()
            && self.copied_tree().as_ref() != Some(entry.place.path())
    }

    /// Whether a file may take the place: another file and a link give way without being asked.
    fn file_may_come(&self, entry: &Entry) -> Result<(), SysError> {
        match &entry.found {
            Some(found) if found.meta.kind == FileKind::Link => refuse_protected(found),
            Some(found) if found.meta.kind != FileKind::File => self.may_give_way(entry, "a file"),
            Some(_) | None => Ok(()),
        }
    }

    fn refuse_mode_of_link(&self, entry: &Entry, hint: &str) -> Result<(), SysError> {
        let is_link = entry.found.as_ref().is_some_and(|found| found.meta.kind == FileKind::Link);
        if is_link && self.state.asked.mode.is_some() {
            let path = entry.place.path();
            Err(SysError::new(format!("{path} is a link, which has no mode of its own")).hint(hint))
        } else {
            Ok(())
        }
    }

    /// A step that depends on what the whole task depends on.
    fn planned(&self, step: FileAction) -> Planned {
        let cause = self.state.cause.as_ref().or(self.state.asked.cause.as_ref());
        Planned { depends: cause.cloned(), ..Planned::new(Action::File(step)) }
    }
}
