//! What Ansible's results say of a path on the host.

use super::{Account, FileKind, Meta};
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
