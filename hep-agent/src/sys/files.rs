//! Files, directories, links, and who owns them.

pub(crate) mod told;
pub(crate) mod walk;

use super::SysError;
pub(crate) use hep_protocol::action::files::{
    Account, Acl, Attrs, Content, Durable, FileAction, FileKind, FileState, Former, NewAttrs,
    NewFile, NewLink, Place,
};
use hep_protocol::blob::Digest;
use hep_protocol::value::{AbsPath, PermissionBits};
use walk::{End, Way};

/// What `lstat(2)` tells of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Meta {
    /// What it is.
    pub(crate) kind: FileKind,
    /// Its owner and mode.
    pub(crate) attrs: Attrs,
    /// Its size in bytes.
    pub(crate) size: u64,
    /// When its content was last changed, in seconds since the epoch; `None` when an earlier task's real run would change it.
    pub(crate) mtime: Option<i64>,
    /// Device and inode: equal for two names of one file.
    pub(crate) id: (u64, u64),
    /// How many names it has.
    pub(crate) names: u64,
}

impl Meta {
    /// Whether it can have that content: it is a file of its size.
    pub(crate) fn may_hold(&self, content: &Content) -> bool {
        self.kind == FileKind::File && self.size == content.size
    }
}

/// What `lstat(2)` tells beside that, for those who read all of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Times {
    /// Type and mode (inode(7)).
    pub(crate) mode: u32,
    /// In seconds since the epoch.
    pub(crate) atime: f64,
    pub(crate) mtime: f64,
    pub(crate) ctime: f64,
    /// How many blocks of 512 bytes it takes, and how large the file system likes them.
    pub(crate) blocks: u64,
    pub(crate) block_size: u64,
}

/// What a look at a place found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// What is there.
    pub(crate) meta: Option<Meta>,
    /// Whether it is a file with the content that it should have.
    pub(crate) same: bool,
}

impl Seen {
    /// A look at one place.
    pub(crate) fn at<O: ObserveFiles + ?Sized>(
        place: &Place,
        content: Option<&Content>,
        host: &O,
    ) -> Result<Self, SysError> {
        let meta = host.lstat_at(place)?;
        let same = match (&meta, content) {
            (Some(meta), Some(content)) if meta.may_hold(content) => {
                host.digest_at(place)? == content.digest
            }
            (Some(_), _) | (None, _) => false,
        };
        Ok(Self { meta, same })
    }
}

/// The refusal to change a file that [is shared](ObserveFiles::is_shared).
pub(crate) fn shared(path: &AbsPath) -> SysError {
    SysError::new(format!(
        "{path} is a hard link to a file that has other names, and others than root may write to its directory: \
         the change might reach a file elsewhere"
    ))
    .hint("remove that name, or give it a file of its own: copy it, and rename the copy over it")
}

/// A change at a place, as far as the file system has a say in it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Deed<'a> {
    /// Something new takes the place of what `was` there.
    Place {
        /// What it is.
        kind: FileKind,
        /// What gives way.
        was: Option<FileKind>,
        /// What it gets.
        attrs: Option<&'a Attrs>,
    },
    /// The file that is there is written anew.
    Rewrite,
    /// What is there gets other attributes.
    Attributes(&'a Attrs),
    /// What is there goes.
    Remove,
    /// What is there gets other times.
    Touch,
}

/// Reads files and accounts.
///
/// What is read of a [`Place`] is read where a change would be made, and refused where a change would be. In memory nobody
/// plants links between two looks; the real host walks by descriptors. What only looks at a path follows all links in it,
/// as stat(1) does; what opens it does not.
pub(crate) trait ObserveFiles {
    /// What a path is, a link at its end not followed; `None` if there is nothing.
    fn lstat(&self, path: &AbsPath) -> Result<Option<Meta>, SysError>;

    /// The rest of that, where a real host has it.
    fn times(&self, _path: &AbsPath) -> Option<Times> {
        None
    }

    /// The path with every link in it followed; `None` if that leads nowhere.
    fn resolve(&self, path: &AbsPath) -> Result<Option<AbsPath>, SysError>;

    /// What a path leads to, links at its end followed too; `None` if that is nothing.
    fn stat(&self, path: &AbsPath) -> Result<Option<Meta>, SysError> {
        match self.resolve(path)? {
            Some(real) => self.lstat(&real),
            None => Ok(None),
        }
    }

    /// The text of a link.
    fn read_link(&self, path: &AbsPath) -> Result<String, SysError>;

    /// The sha256 of a regular file's content.
    fn digest(&self, path: &AbsPath) -> Result<Digest, SysError>;

    /// A regular file's content if it has at most `limit` bytes.
    fn read(&self, path: &AbsPath, limit: u64) -> Result<Option<Vec<u8>>, SysError>;

    /// The bytes of a wanted content if it has at most `limit` bytes.
    fn wanted(&self, content: &Content, limit: u64) -> Result<Option<Vec<u8>>, SysError>;

    /// Says whose bytes will be [wanted](ObserveFiles::wanted) next, in this order.
    fn foresee(&self, contents: &[&Content]);

    /// The names in a directory, sorted. A name that is not UTF-8 is an error that shows it.
    fn list(&self, path: &AbsPath) -> Result<Vec<String>, SysError>;

    /// The path by which a change would come to what a path means, links in it followed as far as they are trusted; `None`
    /// if it leads nowhere. An error names the link that is not trusted, and the path to write instead for what is `below`.
    fn way(&self, path: &AbsPath, end: End, below: &[&str]) -> Result<Option<Way>, SysError>;

    /// The path of a place, links in its root followed as far as they are trusted; `None` if below that a link, or anything
    /// else that is no directory, stands in the way.
    fn real(&self, place: &Place) -> Result<Option<AbsPath>, SysError> {
        let components = place.components();
        let way = self.way(place.root(), End::Directory, &components)?;
        let Some(way) = way else { return Ok(None) };
        let last = components.len().saturating_sub(1);
        let mut at = way.path.clone();
        for (n, component) in components.into_iter().enumerate() {
            at = at.join(component).map_err(|error| SysError::new(error.to_string()))?;
            if n < last {
                let Some(meta) = self.lstat(&at)? else { return Ok(None) };
                if meta.kind != FileKind::Directory {
                    return Ok(None);
                }
                let allowed = way.allows(&at, &meta.attrs.owner);
                allowed.map_err(|refused| refused.error(|uid| self.user_name(uid)))?;
            }
        }
        Ok(Some(at))
    }

    /// What is at a place; nothing, if the way below its root leads through a link.
    fn lstat_at(&self, place: &Place) -> Result<Option<Meta>, SysError> {
        match self.real(place)? {
            Some(at) => self.lstat(&at),
            None => Ok(None),
        }
    }

    /// The sha256 of a regular file's content, by a way as [`ObserveFiles::lstat_at`] takes it.
    fn digest_at(&self, place: &Place) -> Result<Digest, SysError> {
        self.digest(&self.real(place)?.unwrap_or_else(|| place.path().clone()))
    }

    /// What is at each of many places, and whether it is a file with the content that is given for it.
    fn survey(&self, places: &[(&Place, Option<&Content>)]) -> Result<Vec<Seen>, SysError> {
        places.iter().map(|(place, content)| Seen::at(place, *content, self)).collect()
    }

    /// A regular file's content if it has at most `limit` bytes, by a way as [`ObserveFiles::lstat_at`] takes it.
    fn read_at(&self, place: &Place, limit: u64) -> Result<Option<Vec<u8>>, SysError> {
        self.read(&self.real(place)?.unwrap_or_else(|| place.path().clone()), limit)
    }

    /// The names in a directory, sorted, by a way as [`ObserveFiles::lstat_at`] takes it.
    fn list_at(&self, place: &Place) -> Result<Vec<String>, SysError> {
        self.list(&self.real(place)?.unwrap_or_else(|| place.path().clone()))
    }

    /// Whether what was seen at a place is no directory and has names elsewhere, and its name here may have been given by
    /// somebody who is neither root nor the acting user.
    fn is_shared(&self, place: &Place, meta: &Meta) -> Result<bool, SysError> {
        if meta.kind == FileKind::Directory || meta.names < 2 {
            return Ok(false);
        }
        let Some(at) = self.real(place)? else { return Ok(false) };
        let holder = self.lstat(&at.parent().unwrap_or_else(AbsPath::root))?;
        Ok(holder.is_none_or(|holder| !walk::is_closed(&holder.attrs, self.own_ids().0)))
    }

    /// The mount points at a path and below it; the path must have no links in it.
    fn mounts(&self, path: &AbsPath) -> Result<Vec<AbsPath>, SysError>;

    /// Why the file system would refuse a change, as far as that can be known without trying.
    fn refusal(&self, _place: &Place, _deed: Deed<'_>) -> Option<SysError> {
        None
    }

    /// The ACL of what is at each of many places; `Acl::None` where there is nothing, or no ACL.
    fn acls(&self, places: &[(&Place, FileKind)]) -> Result<Vec<Acl>, SysError>;

    /// The rights that a directory's default ACL leaves to what is made in it, as the bits of a mode; `None` without one. The
    /// umask counts only where there is none (umask(2)).
    fn handed_down(&self, directory: &AbsPath) -> Result<Option<PermissionBits>, SysError>;

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
