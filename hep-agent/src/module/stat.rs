//! The module `stat`: reads, and decides what of that is known.

mod ansible;

use super::{Done, Input, Module, Plan, WithoutRun};
use crate::sys::files::{Account, FileKind, Meta, told};
use crate::sys::{Observe, Subject, SysError};
use hep_protocol::task::stat::Stat;
use hep_protocol::value::AbsPath;
use serde_json::{Map, Value, json};

/// What was found at the path.
pub(crate) enum State {
    /// Something.
    There(Box<Found>),
    /// Nothing.
    Nothing,
    /// That is not known yet: an earlier task's real run may bring it, change it or take it away.
    Later,
}

/// Something at a path.
pub(crate) struct Found {
    meta: Meta,
    owner: Option<String>,
    group: Option<String>,
    target: Option<String>,
    sha256: Option<String>,
    checksum: Option<String>,
    /// What only Ansible's result has.
    ansible: Option<Map<String, Value>>,
}

impl Module for Stat {
    type State = State;

    fn inspect(&self, input: &Input<'_>, host: &dyn Observe) -> Result<State, SysError> {
        let at = if self.follow { host.resolve(&self.path)? } else { Some(self.path.clone()) };
        let meta = match &at {
            Some(at) => host.lstat(at)?.map(|meta| (at, meta)),
            None => None,
        };
        match meta {
            Some((at, _)) if host.depends(Subject::There(at)).is_some() => Ok(State::Later),
            Some((at, meta)) => {
                let mut found = found(self, at, meta, host)?;
                if input.as_ansible() {
                    found.ansible = Some(ansible::fields(self, at, &found, host));
                }
                Ok(State::There(Box::new(found)))
            }
            None if host.depends(Subject::Path(&self.path)).is_some() => Ok(State::Later),
            None => Ok(State::Nothing),
        }
    }

    fn plan(&self, input: &Input<'_>, state: &State) -> Result<Plan, SysError> {
        let (mut data, unforeseen) = match state {
            State::There(found) => fields(found),
            State::Nothing if input.as_ansible() => {
                ([("exists".to_owned(), json!(false))].into_iter().collect(), false)
            }
            State::Nothing => (absent(), false),
            State::Later => (Map::new(), true),
        };
        if !unforeseen {
            // Within this one nothing could be left open.
            data.insert("stat".to_owned(), Value::Object(data.clone()));
        }
        Ok(Plan { data, unforeseen, ..Plan::default() })
    }

    fn as_ansible(&self, done: &Done<'_>) -> Map<String, Value> {
        let stat = done.data.get("stat");
        stat.map(|stat| ("stat".to_owned(), stat.clone())).into_iter().collect()
    }

    /// Not looked at.
    fn fields_without_run(_why: WithoutRun) -> Map<String, Value> {
        let mut fields = absent();
        fields.values_mut().for_each(|value| *value = Value::Null);
        fields.insert("stat".to_owned(), Value::Object(fields.clone()));
        fields
    }
}

fn found(params: &Stat, at: &AbsPath, meta: Meta, host: &dyn Observe) -> Result<Found, SysError> {
    let name = |account: &Account, known: Option<String>| match account {
        Account::Number(number) => known.unwrap_or_else(|| number.to_string()),
        Account::Expected(name) => name.clone(),
    };
    let user = number(&meta.attrs.owner).and_then(|uid| host.user_name(uid));
    let group = number(&meta.attrs.group).and_then(|gid| host.group_name(gid));
    Ok(Found {
        owner: Some(name(&meta.attrs.owner, user)),
        group: Some(name(&meta.attrs.group, group)),
        target: match meta.kind {
            FileKind::Link => Some(host.read_link(at)?),
            FileKind::File | FileKind::Directory | FileKind::Special => None,
        },
        sha256: match (params.checksum, meta.kind) {
            (true, FileKind::File) => Some(host.digest(at)?.to_string()),
            (true, FileKind::Directory | FileKind::Link | FileKind::Special) | (false, _) => None,
        },
        checksum: match (params.algorithm, meta.kind) {
            (Some(kind), FileKind::File) => told::digest(at, kind.name(), host)?,
            (Some(_), FileKind::Directory | FileKind::Link | FileKind::Special) | (None, _) => None,
        },
        ansible: None,
        meta,
    })
}

fn number(account: &Account) -> Option<u32> {
    match account {
        Account::Number(number) => Some(*number),
        Account::Expected(_) => None,
    }
}

/// The fields, and whether some of them only a real run could tell; those are left out.
fn fields(found: &Found) -> (Map<String, Value>, bool) {
    let Found { meta, owner, group, target, sha256, checksum, ansible } = found;
    if let Some(fields) = ansible {
        return (fields.clone(), false);
    }
    let kind = match meta.kind {
        kind @ (FileKind::File | FileKind::Directory | FileKind::Link) => kind.to_string(),
        FileKind::Special => "special".to_owned(),
    };
    let mode = meta.attrs.mode.0;
    let known = [
        ("checksum", json!(checksum)),
        ("executable", json!(mode & 0o111 != 0)),
        ("exists", json!(true)),
        ("group", json!(group)),
        ("kind", json!(kind)),
        ("mode", json!(format!("{mode:04o}"))),
        ("owner", json!(owner)),
        ("sha256", json!(sha256)),
        ("size", json!(meta.size)),
        ("target", json!(target)),
    ];
    let open = [
        ("gid", number(&meta.attrs.group).map(|gid| json!(gid))),
        ("mtime", meta.mtime.map(|mtime| json!(mtime))),
        ("uid", number(&meta.attrs.owner).map(|uid| json!(uid))),
    ];
    let unforeseen = open.iter().any(|(_, value)| value.is_none());
    let open = open.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let all = known.into_iter().chain(open).map(|(name, value)| (name.to_owned(), value));
    (all.collect(), unforeseen)
}

/// Nothing is there: that is known, and no other field applies.
fn absent() -> Map<String, Value> {
    let fields = [
        "checksum", "gid", "group", "kind", "mode", "mtime", "owner", "sha256", "size", "target",
        "uid",
    ];
    let none = fields.into_iter().map(|name| (name.to_owned(), Value::Null));
    let no = ["executable", "exists"].map(|name| (name.to_owned(), json!(false)));
    none.chain(no).collect()
}

#[cfg(test)]
mod tests;
