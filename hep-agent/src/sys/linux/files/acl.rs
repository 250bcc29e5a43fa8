//! Access control lists (acl(5)): reading them, and taking them away.

use super::spot::Spot;
use super::temp::descriptor_path;
use crate::sys::SysError;
use crate::sys::files::{Acl, FileKind, Place};
use hep_protocol::value::{AbsPath, PermissionBits};
use rustix::fs::OFlags;
use rustix::io::Errno;
use std::os::fd::{AsFd, OwnedFd};

/// Who has access, and what new files in a directory inherit.
pub(super) const ACCESS: &str = "system.posix_acl_access";
const DEFAULT: &str = "system.posix_acl_default";

/// Tags of entries, as `linux/posix_acl.h` numbers them.
const USER_OBJ: u16 = 0x01;
const USER: u16 = 0x02;
const GROUP_OBJ: u16 = 0x04;
const GROUP: u16 = 0x08;
const MASK: u16 = 0x10;
const OTHER: u16 = 0x20;

/// Most ACLs fit; the limit is that of all extended attributes (`XATTR_SIZE_MAX`), in bytes.
const USUAL: usize = 1024;
const LIMIT: usize = 64 * 1024;

/// What an account is called, if it has a name.
pub(super) type Called<'a> = &'a dyn Fn(u32) -> Option<String>;

/// The ACLs of what is at these places. A link has none.
pub(super) fn of(
    places: &[(&Place, FileKind)],
    user: Called<'_>,
    group: Called<'_>,
) -> Result<Vec<Acl>, SysError> {
    let mut directory: Option<(&Place, OwnedFd)> = None;
    let mut acls = Vec::with_capacity(places.len());
    for (place, kind) in places {
        let names: &[&str] = match kind {
            FileKind::File | FileKind::Special => &[ACCESS],
            FileKind::Directory => &[ACCESS, DEFAULT],
            FileKind::Link => &[],
        };
        let opened = match directory.take().filter(|(known, _)| known.is_beside(place)) {
            Some((_, directory)) => Ok(directory),
            None => Spot::directory_of(place),
        };
        let opened = match opened {
            Ok(opened) => opened,
            Err(error) if error.is_absence() => {
                acls.push(Acl::None);
                continue;
            }
            Err(error) => return Err(error.doing(unreadable(place.path()))),
        };
        let path = format!("{}/{}", descriptor_path(&opened), place.name());
        let mut words = Vec::new();
        for name in names {
            let bytes = value(&path, name, AtTheEnd::Stay);
            let bytes = bytes.map_err(|error| SysError::io(unreadable(place.path()), error))?;
            let prefix = if *name == DEFAULT { "default:" } else { "" };
            words.extend(bytes.iter().flat_map(|bytes| in_words(bytes, prefix, user, group)));
        }
        acls.push(if words.is_empty() { Acl::None } else { Acl::Entries(words.join(",")) });
        directory = Some((place, opened));
    }
    Ok(acls)
}

fn unreadable(path: &AbsPath) -> String {
    format!("cannot read the ACL of {path}")
}

/// The bits that a directory's default ACL leaves of a mode: its owner's entry, its mask or else its group's, and that of all
/// others.
pub(super) fn handed_down(directory: &AbsPath) -> Result<Option<PermissionBits>, SysError> {
    let place = Place::below(directory.clone(), directory.clone());
    let opened = match Spot::open_at(&place, OFlags::PATH | OFlags::DIRECTORY) {
        Ok(opened) => opened,
        Err(error) if error.is_absence() => return Ok(None),
        Err(error) => return Err(error.doing(unreadable(directory))),
    };
    let bytes = value(&descriptor_path(&opened), DEFAULT, AtTheEnd::Follow);
    let bytes = bytes.map_err(|error| SysError::io(unreadable(directory), error))?;
    let Some(bytes) = bytes else { return Ok(None) };
    let entries = entries(&bytes);
    let right = |tag| entries.iter().find(|entry| entry.tag == tag).map(|entry| entry.rights & 7);
    let bits = right(USER_OBJ).unwrap_or_default() << 6
        | right(MASK).or(right(GROUP_OBJ)).unwrap_or_default() << 3
        | right(OTHER).unwrap_or_default();
    Ok(Some(PermissionBits(bits)))
}

/// Takes away every ACL of an open file or directory. What the bits of its mode give stays.
pub(super) fn drop_all(file: impl AsFd) -> Result<(), Errno> {
    // A descriptor that is not open for reading cannot be given to fremovexattr(2); its name in /proc can.
    let path = descriptor_path(&file);
    for name in [ACCESS, DEFAULT] {
        match rustix::fs::removexattr(path.as_str(), name) {
            // None there, a file system without any, or nothing that can have a default one.
            Ok(()) | Err(Errno::NODATA | Errno::OPNOTSUPP | Errno::ACCESS) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Whether an open file or directory has an ACL, and would lose something by [`drop_all`].
pub(super) fn has_any(file: impl AsFd) -> bool {
    let path = descriptor_path(&file);
    let has = |name: &&str| matches!(value(&path, name, AtTheEnd::Follow), Ok(Some(_)));
    [ACCESS, DEFAULT].iter().any(has)
}

/// What to do with a link at the end of a path; that to an open file in /proc is one.
#[derive(Clone, Copy)]
enum AtTheEnd {
    Stay,
    Follow,
}

fn value(path: &str, name: &str, at_the_end: AtTheEnd) -> Result<Option<Vec<u8>>, Errno> {
    let mut size = USUAL;
    loop {
        let mut buffer = vec![0; size];
        let got = match at_the_end {
            AtTheEnd::Stay => rustix::fs::lgetxattr(path, name, buffer.as_mut_slice()),
            AtTheEnd::Follow => rustix::fs::getxattr(path, name, buffer.as_mut_slice()),
        };
        match got {
            Ok(len) => {
                buffer.truncate(len);
                return Ok(Some(buffer));
            }
            Err(Errno::RANGE) if size < LIMIT => size = LIMIT,
            Err(Errno::NODATA | Errno::OPNOTSUPP | Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        }
    }
}

struct Entry {
    tag: u16,
    rights: u16,
    id: u32,
}

/// The entries after the version number, all in little-endian order (`linux/posix_acl_xattr.h`).
fn entries(bytes: &[u8]) -> Vec<Entry> {
    let (entries, _) = bytes.get(4..).unwrap_or_default().as_chunks::<8>();
    let entry = |[t0, t1, r0, r1, i0, i1, i2, i3]: &[u8; 8]| Entry {
        tag: u16::from_le_bytes([*t0, *t1]),
        rights: u16::from_le_bytes([*r0, *r1]),
        id: u32::from_le_bytes([*i0, *i1, *i2, *i3]),
    };
    entries.iter().map(entry).collect()
}

/// The entries that a mode has no bits for; if there are only others, all of them.
fn in_words(bytes: &[u8], prefix: &str, user: Called<'_>, group: Called<'_>) -> Vec<String> {
    let all = entries(bytes);
    let is_named = |entry: &&Entry| matches!(entry.tag, USER | GROUP);
    let named = all.iter().any(|entry| is_named(&entry));
    let shown = all.iter().filter(|entry| !named || is_named(entry));
    shown.map(|entry| format!("{prefix}{}", entry.in_words(user, group))).collect()
}

impl Entry {
    fn in_words(&self, user: Called<'_>, group: Called<'_>) -> String {
        let number = |name: Option<String>| name.unwrap_or_else(|| self.id.to_string());
        let whose = match self.tag {
            USER_OBJ => "user:".to_owned(),
            USER => format!("user:{}", number(user(self.id))),
            GROUP_OBJ => "group:".to_owned(),
            GROUP => format!("group:{}", number(group(self.id))),
            MASK => "mask:".to_owned(),
            OTHER => "other:".to_owned(),
            tag => format!("tag {tag}:"),
        };
        let right = |bit, letter| if self.rights & bit == 0 { '-' } else { letter };
        format!("{whose}:{}{}{}", right(4, 'r'), right(2, 'w'), right(1, 'x'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acl(entries: &[(u16, u16, u32)]) -> Vec<u8> {
        let mut bytes = 2_u32.to_le_bytes().to_vec();
        for (tag, rights, id) in entries {
            bytes.extend(tag.to_le_bytes());
            bytes.extend(rights.to_le_bytes());
            bytes.extend(id.to_le_bytes());
        }
        bytes
    }

    fn words(entries: &[(u16, u16, u32)]) -> String {
        let user = |uid| (uid == 33).then(|| "www-data".to_owned());
        in_words(&acl(entries), "", &user, &|_| None).join(",")
    }

    #[test]
    fn entries_read_as_getfacl_writes_them() {
        let base = [(USER_OBJ, 6, u32::MAX), (GROUP_OBJ, 4, u32::MAX), (OTHER, 0, u32::MAX)];
        let mask = (MASK, 6, u32::MAX);
        let named = [base[0], (USER, 6, 33), (USER, 1, 99), base[1], (GROUP, 4, 7), mask, base[2]];
        assert_eq!(words(&named), "user:www-data:rw-,user:99:--x,group:7:r--");
        assert_eq!(
            words(&[base[0], base[1], mask, base[2]]),
            "user::rw-,group::r--,mask::rw-,other::---"
        );
        assert_eq!(words(&[]), "");
        assert_eq!(in_words(&[2, 0, 0, 0, 1], "", &|_| None, &|_| None), Vec::<String>::new());
    }
}
