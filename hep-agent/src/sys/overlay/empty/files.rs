//! `ObserveFiles` of the empty host.

use super::Empty;
use crate::sys::SysError;
use crate::sys::files::walk::{End, Way};
use crate::sys::files::{Account, Acl, Attrs, Content, Deed, FileKind, Meta, ObserveFiles, Place};
use hep_protocol::blob::Digest;
use hep_protocol::value::{AbsPath, PermissionBits};
use std::cell::Cell;

const ACCOUNTS: [(&str, u32); 2] = [("root", 0), ("www-data", 33)];

thread_local! {
    /// The path that cannot be changed; each test has a thread of its own.
    static REFUSED: Cell<Option<&'static str>> = const { Cell::new(None) };
}

impl Empty {
    /// Makes as if the file system refused to change a path.
    pub(crate) fn refuses(path: &'static str) {
        REFUSED.set(Some(path));
    }
}

fn nothing<T>(path: &AbsPath) -> Result<T, SysError> {
    Err(SysError::new(format!("there is nothing at {path}")))
}

fn number(name: &str) -> Option<u32> {
    ACCOUNTS.iter().find(|(known, _)| *known == name).map(|(_, number)| *number)
}

fn name(number: u32) -> Option<String> {
    ACCOUNTS.iter().find(|(_, known)| *known == number).map(|(name, _)| (*name).to_owned())
}

impl ObserveFiles for Empty {
    fn lstat(&self, path: &AbsPath) -> Result<Option<Meta>, SysError> {
        let owners = (Account::Number(0), Account::Number(0));
        let attrs = Attrs {
            owner: owners.0,
            group: owners.1,
            mode: PermissionBits(0o755),
            acl: Acl::AsItIs,
        };
        let root = Meta {
            kind: FileKind::Directory,
            attrs,
            size: 0,
            mtime: Some(0),
            id: (0, 1),
            names: 2,
        };
        Ok((*path == AbsPath::root()).then_some(root))
    }

    fn resolve(&self, path: &AbsPath) -> Result<Option<AbsPath>, SysError> {
        Ok((*path == AbsPath::root()).then(AbsPath::root))
    }

    fn way(&self, path: &AbsPath, _end: End, _below: &[&str]) -> Result<Option<Way>, SysError> {
        let is_there = *path == AbsPath::root();
        Ok(is_there.then(|| Way { path: AbsPath::root(), bounds: Vec::new() }))
    }

    fn read_link(&self, path: &AbsPath) -> Result<String, SysError> {
        nothing(path)
    }

    fn digest(&self, path: &AbsPath) -> Result<Digest, SysError> {
        nothing(path)
    }

    fn read(&self, path: &AbsPath, _limit: u64) -> Result<Option<Vec<u8>>, SysError> {
        nothing(path)
    }

    fn foresee(&self, _contents: &[&Content]) {}

    fn wanted(&self, content: &Content, limit: u64) -> Result<Option<Vec<u8>>, SysError> {
        Ok(content.inline.clone().filter(|_| content.size <= limit))
    }

    fn list(&self, _path: &AbsPath) -> Result<Vec<String>, SysError> {
        Ok(Vec::new())
    }

    fn mounts(&self, _path: &AbsPath) -> Result<Vec<AbsPath>, SysError> {
        Ok(Vec::new())
    }

    fn refusal(&self, place: &Place, _deed: Deed<'_>) -> Option<SysError> {
        let path = place.path();
        let refused = REFUSED.get().is_some_and(|refused| refused == path.as_str());
        refused.then(|| SysError::new(format!("{path} is in the way")))
    }

    fn acls(&self, places: &[(&Place, FileKind)]) -> Result<Vec<Acl>, SysError> {
        Ok(vec![Acl::None; places.len()])
    }

    fn handed_down(&self, _directory: &AbsPath) -> Result<Option<PermissionBits>, SysError> {
        Ok(None)
    }

    fn user(&self, name: &str) -> Result<Option<u32>, SysError> {
        Ok(number(name))
    }

    fn group(&self, name: &str) -> Result<Option<u32>, SysError> {
        Ok(number(name))
    }

    fn user_name(&self, uid: u32) -> Option<String> {
        name(uid)
    }

    fn group_name(&self, gid: u32) -> Option<String> {
        name(gid)
    }

    fn own_ids(&self) -> (u32, u32) {
        (0, 0)
    }
}
