//! Files, directories, links, and who owns them.

use super::SysError;
use hep_protocol::blob::Digest;
use hep_protocol::value::{AbsPath, Argv, PermissionBits};

/// What a path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A device, socket or pipe.
    Special,
}

/// What `lstat(2)` tells of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Meta {
    /// What it is.
    pub(crate) kind: FileKind,
    /// Its owner and mode.
    pub(crate) attrs: Attrs,
    /// Its size in bytes.
    pub(crate) size: u64,
    /// Device and inode: equal for two names of one file.
    pub(crate) id: (u64, u64),
}

/// Owner, group and mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Attrs {
    /// The owner's number.
    pub(crate) uid: u32,
    /// The group's number.
    pub(crate) gid: u32,
    /// The permission bits.
    pub(crate) mode: PermissionBits,
}

/// The content a file shall have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Content {
    /// Its sha256.
    pub(crate) digest: Digest,
    /// Its size in bytes.
    pub(crate) size: u64,
    /// The bytes, if the task itself holds them; otherwise they are had by digest from outside.
    pub(crate) inline: Option<Vec<u8>>,
}

/// A file to put in place, whole and at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewFile {
    /// Where.
    pub(crate) path: AbsPath,
    /// What it shall hold.
    pub(crate) content: Content,
    /// Its owner, group and mode from the first moment it can be seen.
    pub(crate) attrs: Attrs,
    /// Where the old file is kept.
    pub(crate) backup: Option<AbsPath>,
    /// What must accept the new content first; `%s` stands for its path.
    pub(crate) validate: Option<Argv>,
    /// Write into the existing file instead of replacing it.
    pub(crate) in_place: bool,
}

/// Reads files and accounts.
pub(crate) trait ObserveFiles {
    /// What a path is, a link at its end not followed; `None` if there is nothing.
    fn lstat(&self, path: &AbsPath) -> Result<Option<Meta>, SysError>;

    /// The path with every link in it followed; `None` if that leads nowhere.
    fn resolve(&self, path: &AbsPath) -> Result<Option<AbsPath>, SysError>;

    /// The text of a link.
    fn read_link(&self, path: &AbsPath) -> Result<String, SysError>;

    /// The sha256 of a regular file's content; `None` where an overlay cannot know it.
    fn digest(&self, path: &AbsPath) -> Result<Option<Digest>, SysError>;

    /// A regular file's content if it has at most `limit` bytes.
    fn read(&self, path: &AbsPath, limit: u64) -> Result<Option<Vec<u8>>, SysError>;

    /// The bytes of a wanted content if it has at most `limit` bytes.
    fn wanted(&self, content: &Content, limit: u64) -> Result<Option<Vec<u8>>, SysError>;

    /// The names in a directory, sorted.
    fn list(&self, path: &AbsPath) -> Result<Vec<String>, SysError>;

    /// A user's number by name.
    fn user(&self, name: &str) -> Result<Option<u32>, SysError>;

    /// A group's number by name.
    fn group(&self, name: &str) -> Result<Option<u32>, SysError>;

    /// A user's name by number, if it has one.
    fn user_name(&self, uid: u32) -> Option<String>;

    /// A group's name by number, if it has one.
    fn group_name(&self, gid: u32) -> Option<String>;

    /// The user and group that the agent itself runs as: what new files belong to.
    fn own_ids(&self) -> (u32, u32);
}

/// Changes files.
pub(crate) trait ChangeFiles {
    /// Puts a file in place by a rename, its attributes set before it can be seen.
    fn put_file(&mut self, file: &NewFile) -> Result<(), SysError>;

    /// Sets owner, group and mode of what is at a path; a link at its end is changed itself, not followed.
    fn set_attrs(&mut self, path: &AbsPath, attrs: &Attrs) -> Result<(), SysError>;

    /// Makes a directory with its attributes.
    fn make_dir(&mut self, path: &AbsPath, attrs: &Attrs) -> Result<(), SysError>;

    /// Makes a symbolic link, replacing a file or link at once.
    fn make_link(&mut self, path: &AbsPath, target: &str) -> Result<(), SysError>;

    /// Makes a hard link, replacing a file or link at once.
    fn make_hardlink(&mut self, path: &AbsPath, target: &AbsPath) -> Result<(), SysError>;

    /// Removes a path; a directory with all below it, by descriptors, following no link.
    fn remove(&mut self, path: &AbsPath) -> Result<(), SysError>;

    /// Sets both times of a file to now.
    fn touch(&mut self, path: &AbsPath) -> Result<(), SysError>;
}
