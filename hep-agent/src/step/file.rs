//! What hep does to files.

use super::Effect;
use crate::sys::files::{
    Attrs, Content, Deed, Durable, FileKind, NewFile, NewLink, Place, Removal,
};
use crate::sys::{Host, SysError};
use hep_protocol::value::AbsPath;
use std::fmt;

/// One thing done. `detail` is what the line says in addition: sizes, attributes and their changes, in words.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum FileStep {
    /// Puts a file in place.
    Put { file: NewFile, detail: String },
    /// Sets owner, group and mode.
    Set { place: Place, attrs: Attrs, detail: String },
    /// Sets owner, group and mode of many entries below a directory.
    SetBelow { root: AbsPath, entries: Vec<(Place, Attrs)>, detail: String },
    /// Makes a directory.
    MakeDirectory {
        place: Place,
        attrs: Attrs,
        was: Option<FileKind>,
        durable: Durable,
        detail: String,
    },
    /// Makes a symbolic link; what was a link to something else says so in `detail`.
    Link {
        place: Place,
        target: String,
        attrs: Attrs,
        was: Option<FileKind>,
        durable: Durable,
        detail: String,
    },
    /// Makes a hard link.
    Hardlink { place: Place, target: AbsPath, was: Option<FileKind> },
    /// Removes what is at a path.
    Remove { place: Place, was: FileKind },
    /// Makes everything below a directory safe on the disk; no change by itself.
    Flush { directory: AbsPath },
    /// Sets the times to now.
    Touch { place: Place },
}

impl FileStep {
    pub(super) fn content(&self) -> Option<&Content> {
        match self {
            Self::Put { file, .. } => Some(&file.content),
            Self::Set { .. }
            | Self::SetBelow { .. }
            | Self::MakeDirectory { .. }
            | Self::Link { .. }
            | Self::Hardlink { .. }
            | Self::Remove { .. }
            | Self::Flush { .. }
            | Self::Touch { .. } => None,
        }
    }

    /// Whether it is safe on the disk only after a flush.
    pub(crate) fn is_later(&self) -> bool {
        let durable = match self {
            Self::Put { file, .. } => file.durable,
            Self::MakeDirectory { durable, .. } | Self::Link { durable, .. } => *durable,
            Self::Set { .. }
            | Self::SetBelow { .. }
            | Self::Hardlink { .. }
            | Self::Remove { .. }
            | Self::Flush { .. }
            | Self::Touch { .. } => Durable::AtOnce,
        };
        durable == Durable::Later
    }

    /// The place of what is new and takes nothing's place.
    pub(super) fn new_place(&self) -> Option<&Place> {
        match self {
            Self::Put { file, .. } => Some(&file.place).filter(|_| file.was.is_none()),
            Self::MakeDirectory { place, was: None, .. }
            | Self::Link { place, was: None, .. }
            | Self::Hardlink { place, was: None, .. } => Some(place),
            Self::MakeDirectory { was: Some(_), .. }
            | Self::Link { was: Some(_), .. }
            | Self::Hardlink { was: Some(_), .. }
            | Self::Set { .. }
            | Self::SetBelow { .. }
            | Self::Remove { .. }
            | Self::Flush { .. }
            | Self::Touch { .. } => None,
        }
    }

    /// Why the file system would refuse it.
    pub(super) fn refusal(&self, host: &dyn Host) -> Option<SysError> {
        let placed =
            |place, kind, was, attrs| host.refusal(place, Deed::Place { kind, was, attrs });
        match self {
            Self::Put { file, .. } if file.in_place => host.refusal(&file.place, Deed::Rewrite),
            Self::Put { file, .. } => {
                placed(&file.place, FileKind::File, file.was, Some(&file.attrs))
            }
            Self::MakeDirectory { place, was, attrs, .. } => {
                placed(place, FileKind::Directory, *was, Some(attrs))
            }
            Self::Link { place, was, attrs, .. } => {
                placed(place, FileKind::Link, *was, Some(attrs))
            }
            Self::Hardlink { place, was, .. } => placed(place, FileKind::File, *was, None),
            Self::Set { place, attrs, .. } => host.refusal(place, Deed::Attributes(attrs)),
            Self::SetBelow { entries, .. } => {
                let mut entries = entries.iter();
                entries.find_map(|(place, attrs)| host.refusal(place, Deed::Attributes(attrs)))
            }
            Self::Remove { place, .. } => host.refusal(place, Deed::Remove),
            Self::Touch { place } => host.refusal(place, Deed::Touch),
            Self::Flush { .. } => None,
        }
    }

    pub(super) fn execute(&self, host: &mut dyn Host) -> Result<Effect, SysError> {
        match self {
            Self::Put { file, .. } => {
                return Ok(match host.put_file(file)? {
                    Some(kept) => Effect::ChangedAnd(format!("kept the old content as {kept}")),
                    None => Effect::Changed,
                });
            }
            Self::Set { place, attrs, .. } => host.set_attrs(place, attrs)?,
            Self::SetBelow { entries, .. } => {
                // What is in a directory goes before it: who is given it may put anything into it.
                entries.iter().rev().try_for_each(|(place, attrs)| host.set_attrs(place, attrs))?;
            }
            Self::MakeDirectory { place, attrs, was, durable, .. } => {
                host.make_dir(place, attrs, *was, *durable)?;
            }
            Self::Link { place, target, attrs, was, durable, .. } => {
                let (was, durable) = (*was, *durable);
                host.make_link(&NewLink { place, target, attrs, was, durable })?;
            }
            Self::Hardlink { place, target, was } => host.make_hardlink(place, target, *was)?,
            Self::Remove { place, was: FileKind::Directory } => {
                host.remove(place, Removal::Tree)?
            }
            Self::Remove { place, was: FileKind::File | FileKind::Link | FileKind::Special } => {
                host.remove(place, Removal::Entry)?;
            }
            Self::Flush { directory } => {
                host.flush(directory)?;
                return Ok(Effect::Nothing);
            }
            Self::Touch { place } => host.touch(place)?,
        }
        Ok(Effect::Changed)
    }
}

impl fmt::Display for FileStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Put { file, detail } => {
                let path = file.place.path();
                match file.was {
                    None => write!(f, "create {path} ({detail})"),
                    Some(FileKind::File) if file.in_place => write!(f, "rewrite {path} ({detail})"),
                    Some(FileKind::File) => write!(f, "replace {path} ({detail})"),
                    Some(was) => write!(f, "{} by a file ({detail})", Replace(was, path)),
                }
            }
            Self::Set { place, detail, .. } => write!(f, "set {}: {detail}", place.path()),
            Self::SetBelow { root, entries, detail } => {
                match entries.len() {
                    // Only an earlier task's real run would bring something to set.
                    0 => write!(f, "set what is below {root}: {detail}"),
                    1 => write!(f, "set 1 entry below {root}: {detail}"),
                    many => write!(f, "set {many} entries below {root}: {detail}"),
                }
            }
            Self::MakeDirectory { place, was, detail, .. } => match was {
                None => write!(f, "make directory {} ({detail})", place.path()),
                Some(was) => {
                    write!(f, "{} by a directory ({detail})", Replace(*was, place.path()))
                }
            },
            Self::Link { place, target, was, detail, .. } => match was {
                None | Some(FileKind::Link) => {
                    write!(f, "link {} -> {target}{detail}", place.path())
                }
                Some(was) => {
                    write!(f, "{} by a link -> {target}{detail}", Replace(*was, place.path()))
                }
            },
            Self::Hardlink { place, target, was } => match was {
                None => write!(f, "hard link {} -> {target}", place.path()),
                Some(was) => {
                    write!(f, "{} by a hard link -> {target}", Replace(*was, place.path()))
                }
            },
            Self::Remove { place, was: FileKind::Directory } => {
                write!(f, "remove directory {} and everything in it", place.path())
            }
            Self::Remove { place, was: FileKind::Link } => {
                write!(f, "remove link {}", place.path())
            }
            Self::Remove { place, was: FileKind::File | FileKind::Special } => {
                write!(f, "remove {}", place.path())
            }
            Self::Flush { directory } => write!(f, "write {directory} to disk"),
            Self::Touch { place } => write!(f, "touch {}", place.path()),
        }
    }
}

/// `replace directory /srv/x and everything in it`.
struct Replace<'a>(FileKind, &'a AbsPath);

impl fmt::Display for Replace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(was, path) = self;
        match was {
            FileKind::Directory => write!(f, "replace directory {path} and everything in it"),
            FileKind::File | FileKind::Link | FileKind::Special => {
                write!(f, "replace {was} {path}")
            }
        }
    }
}
