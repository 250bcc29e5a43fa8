//! What is done to files, directories and links.

mod place;

use super::{as_count, as_text};
use crate::blob::Digest;
use crate::value::{AbsPath, Argv, PermissionBits};
pub use place::Place;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use std::fmt;

/// One thing done to files. `detail` is what the line says in addition: sizes, attributes and their changes, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum FileAction {
    /// Puts a file in place, whole and at once.
    Put(Box<NewFile>),
    /// Sets owner, group and mode.
    Set {
        /// Of what.
        #[serde(rename = "subject")]
        place: Place,
        /// Those before; `None` where only an earlier task's real run would bring it.
        from: Option<Attrs>,
        /// Those after.
        to: Attrs,
        /// For the line.
        #[serde(skip)]
        detail: String,
    },
    /// Sets owner, group and mode of many entries below a directory.
    SetBelow {
        /// The directory.
        #[serde(rename = "subject")]
        root: AbsPath,
        /// The entries, a directory before what is in it.
        #[serde(serialize_with = "as_count")]
        entries: Vec<NewAttrs>,
        /// For the line.
        #[serde(skip)]
        detail: String,
    },
    /// Makes a directory.
    MakeDirectory {
        /// Where.
        #[serde(rename = "subject")]
        place: Place,
        /// What gives way.
        from: Option<Former>,
        /// Its attributes.
        to: Attrs,
        /// When it must be safe on the disk.
        #[serde(skip)]
        durable: Durable,
        /// For the line.
        #[serde(skip)]
        detail: String,
    },
    /// Makes a symbolic link, replacing what was there at once.
    Link {
        /// Where.
        #[serde(rename = "subject")]
        place: Place,
        /// What gives way.
        from: Option<Former>,
        /// The link.
        to: NewLink,
        /// When it must be safe on the disk.
        #[serde(skip)]
        durable: Durable,
        /// For the line; what was a link to something else says so here.
        #[serde(skip)]
        detail: String,
    },
    /// Makes a hard link, replacing what was there at once.
    Hardlink {
        /// Where.
        #[serde(rename = "subject")]
        place: Place,
        /// What gives way.
        from: Option<Former>,
        /// The file that gets another name.
        to: AbsPath,
    },
    /// Removes what is at a path, a directory with all below it.
    Remove {
        /// The path.
        #[serde(rename = "subject")]
        place: Place,
        /// What is there; `None` where only an earlier task's real run would bring something.
        from: Option<Former>,
    },
    /// Makes everything below a directory safe on the disk; no change by itself.
    Flush {
        /// The directory.
        #[serde(rename = "subject")]
        directory: AbsPath,
    },
    /// Sets both times of what is at a path to now; of a link itself.
    Touch {
        /// The path.
        #[serde(rename = "subject")]
        place: Place,
    },
}

/// A file to put in place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewFile {
    /// Where.
    #[serde(rename = "subject")]
    pub place: Place,
    /// What is there now and gives way.
    pub from: Option<Former>,
    /// What it should be.
    pub to: FileState,
    /// Whether what gives way is kept beside it, under a name with the time.
    pub backup: bool,
    /// What must accept the new content first; `%s` stands for its path.
    #[serde(skip)]
    pub validate: Option<Argv>,
    /// Write into the existing file instead of replacing it.
    pub in_place: bool,
    /// When it must be safe on the disk.
    #[serde(skip)]
    pub durable: Durable,
    /// For the line.
    #[serde(skip)]
    pub detail: String,
}

impl NewFile {
    /// What is there now and gives way.
    #[must_use]
    pub fn was(&self) -> Option<FileKind> {
        self.from.as_ref().map(|from| from.kind)
    }
}

/// What a file should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileState {
    /// What it holds.
    #[serde(flatten)]
    pub content: Content,
    /// Its owner, group and mode from the first moment it can be seen.
    #[serde(flatten)]
    pub attrs: Attrs,
}

/// A symbolic link to make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewLink {
    /// Its text.
    pub target: String,
    /// Its owner and group; a link has no mode.
    #[serde(flatten)]
    pub attrs: Attrs,
}

/// New attributes of one entry among many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAttrs {
    /// Of what.
    pub place: Place,
    /// Those before.
    pub from: Attrs,
    /// Those after.
    pub to: Attrs,
}

/// What was at a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Former {
    /// What it was.
    #[serde(rename = "type")]
    pub kind: FileKind,
    /// Its size in bytes.
    pub size: u64,
    /// The text of a link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Its attributes.
    #[serde(flatten)]
    pub attrs: Attrs,
}

/// What a path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A device, socket or pipe.
    Special,
}

/// A user or a group of the host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(untagged)]
pub enum Account {
    /// By number.
    Number(u32),
    /// A name that has no number yet: only an earlier task's real run would bring it. Never on a real host.
    Expected(String),
}

/// What an ACL gives beyond owner, group and mode, and what it passes on in a directory (acl(5)).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Acl {
    /// Whatever there is: nobody looked, or nobody asks for another.
    #[default]
    AsItIs,
    /// Nothing.
    None,
    /// These entries, as getfacl(1) writes them, with a comma between.
    Entries(String),
}

impl Acl {
    fn is_as_it_is(&self) -> bool {
        *self == Self::AsItIs
    }
}

/// Owner, group and mode, and what there is beside them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attrs {
    /// The owner.
    pub owner: Account,
    /// The group.
    pub group: Account,
    /// The permission bits.
    #[serde(serialize_with = "as_text")]
    pub mode: PermissionBits,
    /// What else lets somebody in; never known of what was only looked at by `lstat`.
    #[serde(skip_serializing_if = "Acl::is_as_it_is")]
    pub acl: Acl,
}

/// The content a file should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Its sha256.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// The bytes, if the task itself holds them; otherwise they are had by digest from outside.
    pub inline: Option<Vec<u8>>,
}

impl Serialize for Content {
    /// What the task itself holds may be a secret, and of a short one its digest tells too much.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut told = to.serialize_map(None)?;
        if self.inline.is_none() {
            told.serialize_entry("sha256", &self.digest.to_string())?;
        }
        told.serialize_entry("size", &self.size)?;
        told.end()
    }
}

impl Content {
    /// A content that the task itself holds.
    #[must_use]
    pub fn inline(bytes: &[u8]) -> Self {
        Self { digest: Digest::of(bytes), size: bytes.len() as u64, inline: Some(bytes.to_vec()) }
    }
}

/// When something new must be safe on the disk. Where it replaces something, a crash leaves the one or the other, whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durable {
    /// When it has taken its place.
    AtOnce,
    /// With all others at the next [`FileAction::Flush`]: it is one of many. After a crash before that, what was not there
    /// before may be missing or incomplete under its name; the next push fixes it.
    Later,
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File => "file",
            Self::Directory => "directory",
            Self::Link => "link",
            Self::Special => "device, socket or pipe",
        })
    }
}

/// What gives way, in a word.
fn kind(from: &Option<Former>) -> Option<FileKind> {
    from.as_ref().map(|from| from.kind)
}

impl fmt::Display for FileAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Put(file) => {
                let (path, detail) = (file.place.path(), &file.detail);
                match file.was() {
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
            Self::MakeDirectory { place, from, detail, .. } => match kind(from) {
                None => write!(f, "make directory {} ({detail})", place.path()),
                Some(was) => {
                    write!(f, "{} by a directory ({detail})", Replace(was, place.path()))
                }
            },
            Self::Link { place, from, to: NewLink { target, .. }, detail, .. } => {
                match kind(from) {
                    None | Some(FileKind::Link) => {
                        write!(f, "link {} -> {target}{detail}", place.path())
                    }
                    Some(was) => {
                        write!(f, "{} by a link -> {target}{detail}", Replace(was, place.path()))
                    }
                }
            }
            Self::Hardlink { place, from, to } => match kind(from) {
                None => write!(f, "hard link {} -> {to}", place.path()),
                Some(was) => {
                    write!(f, "{} by a hard link -> {to}", Replace(was, place.path()))
                }
            },
            Self::Remove { place, from } => match kind(from) {
                Some(FileKind::Directory) => {
                    write!(f, "remove directory {} and everything in it", place.path())
                }
                Some(FileKind::Link) => write!(f, "remove link {}", place.path()),
                Some(FileKind::File | FileKind::Special) | None => {
                    write!(f, "remove {}", place.path())
                }
            },
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
