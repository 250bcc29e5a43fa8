//! What Ansible's result of `stat` says.

use super::Found;
use crate::sys::Observe;
use crate::sys::files::{Account, FileKind, Times, told};
use hep_protocol::task::stat::Stat;
use hep_protocol::value::AbsPath;
use serde_json::{Map, Value, json};

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

/// The fields of `stat` for something that is there.
pub(super) fn fields(
    params: &Stat,
    at: &AbsPath,
    found: &Found,
    host: &dyn Observe,
) -> Map<String, Value> {
    let meta = &found.meta;
    let mode = meta.attrs.mode.0;
    let is = |kind: FileKind| json!(meta.kind == kind);
    let times = host.times(at);
    let format = times.map_or(0, |times| times.mode & 0o170_000);
    let mut fields: Map<String, Value> = [
        ("exists", json!(true)),
        ("path", json!(params.path)),
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
    told::accounts(&mut fields, meta, host, ["uid", "pw_name", "gid", "gr_name"]);
    let mut put = |name: &str, value: Value| drop(fields.insert(name.to_owned(), value));
    BITS.iter().for_each(|(name, bit)| put(name, json!(mode & bit != 0)));
    SPECIAL.iter().for_each(|(name, bits)| put(name, json!(format == *bits)));
    for (name, bit) in [("readable", 4), ("writeable", 2), ("executable", 1)] {
        put(name, json!(may(found, bit, host)));
    }
    if let Some(Times { mode: _, atime, mtime, ctime, blocks, block_size }) = times {
        [("atime", atime), ("mtime", mtime), ("ctime", ctime)]
            .into_iter()
            .for_each(|(name, time)| put(name, json!(time)));
        [("blocks", blocks), ("block_size", block_size)]
            .into_iter()
            .for_each(|(name, number)| put(name, json!(number)));
    }
    if let Some(target) = &found.target {
        put("lnk_target", json!(target));
        let source = host.resolve(at).ok().flatten();
        put("lnk_source", source.map_or_else(|| json!(target), |source| json!(source)));
    }
    if let Some(checksum) = &found.checksum {
        put("checksum", json!(checksum));
    }
    fields
}

/// Whether the acting user may do that (access(2)); root may run only what somebody may run.
fn may(found: &Found, bit: u16, host: &dyn Observe) -> bool {
    let (meta, (uid, gid)) = (&found.meta, host.own_ids());
    let mode = meta.attrs.mode.0;
    let any = mode & 0o111 != 0 || meta.kind == FileKind::Directory;
    let class = if meta.attrs.owner == Account::Number(uid) {
        6
    } else if meta.attrs.group == Account::Number(gid) {
        3
    } else {
        0
    };
    if uid == 0 { bit != 1 || any } else { mode >> class & bit != 0 }
}
