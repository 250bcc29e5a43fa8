//! What Ansible's results say of a path on the host.

use super::{Account, FileKind, Meta, Times};
use crate::sys::{Observe, SysError};
use hep_protocol::expression::digest_of;
use hep_protocol::value::AbsPath;
use serde_json::{Map, Value, json};

/// The largest file whose digest is told, in bytes: it is held in memory.
const MOST: u64 = 256 << 20;

/// Owner, mode, size and type of what is there.
pub(crate) fn of(meta: &Meta, host: &dyn Observe) -> Map<String, Value> {
    let state = match meta.kind {
        FileKind::File | FileKind::Special if meta.names > 1 => "hard".to_owned(),
        FileKind::File | FileKind::Special => FileKind::File.to_string(),
        kind @ (FileKind::Directory | FileKind::Link) => kind.to_string(),
    };
    let mut fields: Map<String, Value> = [
        ("mode", json!(format!("0{:03o}", meta.attrs.mode.0))),
        ("size", json!(meta.size)),
        ("state", json!(state)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into_iter()
    .collect();
    accounts(&mut fields, meta, host, ["uid", "owner", "gid", "group"]);
    fields
}

/// The bits of a mode, each by its field (inode(7)).
const BITS: [(&str, u16); 11] = [
    ("isuid", 0o4000),
    ("isgid", 0o2000),
    ("rusr", 0o400),
    ("wusr", 0o200),
    ("xusr", 0o100),
    ("rgrp", 0o040),
    ("wgrp", 0o020),
    ("xgrp", 0o010),
    ("roth", 0o004),
    ("woth", 0o002),
    ("xoth", 0o001),
];

/// The types that are special, by their bits.
const SPECIAL: [(&str, u32); 4] =
    [("ischr", 0o020_000), ("isblk", 0o060_000), ("isfifo", 0o010_000), ("issock", 0o140_000)];

/// All that its inode says; without times where an earlier task's real run would change them.
pub(crate) fn inode(meta: &Meta, path: &AbsPath, host: &dyn Observe) -> Map<String, Value> {
    let mode = meta.attrs.mode.0;
    let is = |kind: FileKind| json!(meta.kind == kind);
    let times = host.times(path);
    let format = times.map_or(0, |times| times.mode & 0o170_000);
    let mut fields: Map<String, Value> = [
        ("mode", json!(format!("{mode:04o}"))),
        ("size", json!(meta.size)),
        ("nlink", json!(meta.names)),
        ("inode", json!(meta.id.1)),
        ("dev", json!(meta.id.0)),
        ("isdir", is(FileKind::Directory)),
        ("isreg", is(FileKind::File)),
        ("islnk", is(FileKind::Link)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into_iter()
    .collect();
    accounts(&mut fields, meta, host, ["uid", "pw_name", "gid", "gr_name"]);
    let mut put = |name: &str, value: Value| drop(fields.insert(name.to_owned(), value));
    BITS.iter().for_each(|(name, bit)| put(name, json!(mode & bit != 0)));
    SPECIAL.iter().for_each(|(name, bits)| put(name, json!(format == *bits)));
    if let Some(Times { atime, mtime, ctime, .. }) = times {
        [("atime", atime), ("mtime", mtime), ("ctime", ctime)]
            .into_iter()
            .for_each(|(name, time)| put(name, json!(time)));
    }
    fields
}

/// The numbers and names of owner and group; a number stands for one without a name.
pub(crate) fn accounts(
    fields: &mut Map<String, Value>,
    meta: &Meta,
    host: &dyn Observe,
    [uid, user, gid, group]: [&str; 4],
) {
    let mut add = |account: &Account, names: [&str; 2], name: &dyn Fn(u32) -> Option<String>| {
        let called = match account {
            Account::Number(number) => {
                fields.insert(names[0].to_owned(), json!(number));
                name(*number).unwrap_or_else(|| number.to_string())
            }
            Account::Expected(name) => name.clone(),
        };
        fields.insert(names[1].to_owned(), json!(called));
    };
    add(&meta.attrs.owner, [uid, user], &|number| host.user_name(number));
    add(&meta.attrs.group, [gid, group], &|number| host.group_name(number));
}

/// A digest of a file's content; none of one that is too large.
pub(crate) fn digest(
    path: &AbsPath,
    kind: &str,
    host: &dyn Observe,
) -> Result<Option<String>, SysError> {
    Ok(host.read(path, MOST)?.and_then(|bytes| digest_of(&bytes, kind)))
}
