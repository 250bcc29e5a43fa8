//! What Ansible's result of `stat` says.

use super::Found;
use crate::sys::Observe;
use crate::sys::files::{Account, FileKind, Times, told};
use hep_protocol::task::stat::Stat;
use hep_protocol::value::AbsPath;
use serde_json::{Map, Value, json};

/// The fields of `stat` for something that is there.
pub(super) fn fields(
    params: &Stat,
    at: &AbsPath,
    found: &Found,
    host: &dyn Observe,
) -> Map<String, Value> {
    let meta = &found.meta;
    let mut fields = told::inode(meta, at, host);
    let mut put = |name: &str, value: Value| drop(fields.insert(name.to_owned(), value));
    put("exists", json!(true));
    put("path", json!(params.path));
    for (name, bit) in [("readable", 4), ("writeable", 2), ("executable", 1)] {
        put(name, json!(may(found, bit, host)));
    }
    if let Some(Times { blocks, block_size, .. }) = host.times(at) {
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
