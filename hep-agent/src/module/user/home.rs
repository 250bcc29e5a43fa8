//! The home directory: made with its first content where it is missing, for a new user and for an old one.

use crate::module::file::text::{text_of, value_of};
use crate::sys::accounts::{Account, User as Entry};
use crate::sys::files::{
    Acl, Attrs, Content, Durable, FileAction, FileKind, FileState, NewFile, NewLink, Place,
};
use crate::sys::{Observe, SysError};
use hep_protocol::action::Action;
use hep_protocol::task::user::User;
use hep_protocol::value::{AbsPath, PermissionBits};

/// What a home directory has at first, where the task does not say.
const SKELETON: &str = "/etc/skel";

/// The largest file of a skeleton, in bytes.
const LIMIT: u64 = 1024 * 1024;

/// What has to be made, in order; nothing if the home directory is there.
#[derive(Debug, Default)]
pub(super) struct State(Vec<FileAction>);

impl State {
    pub(super) fn look(params: &User, user: &Entry, host: &dyn Observe) -> Result<Self, SysError> {
        let wanted = params.home.clone().or_else(|| user.home.parse().ok());
        let Some(home) = wanted.filter(|_| params.create_home) else { return Ok(Self::default()) };
        // A home directory that moves is there afterwards.
        let moves = params.move_home && home.as_str() != user.home;
        if moves || host.resolve(&home)?.is_some() {
            return Ok(Self::default());
        }
        let (root, own) = host.own_ids();
        let attrs = |owner, group, mode| Attrs { owner, group, mode, acl: Acl::AsItIs };
        let plain = attrs(Account::Number(root), Account::Number(own), PermissionBits(0o755));
        let mut missing = Vec::new();
        let mut above = home.parent();
        while let Some(path) = above {
            if host.resolve(&path)?.is_some() {
                break;
            }
            above = path.parent();
            missing.push(directory(path, plain.clone(), "root:root"));
        }
        missing.reverse();
        let mine = |mode| attrs(user.uid.clone(), user.gid.clone(), mode);
        let whose = super::whose(params, user, host);
        missing.push(directory(home.clone(), mine(mode(params, host)?), &whose));
        let skeleton = match &params.skeleton {
            Some(path) => path.clone(),
            None => SKELETON.parse().map_err(|_| SysError::new("the skeleton has no path"))?,
        };
        if let Some(from) = host.resolve(&skeleton)?
            && host.lstat(&from)?.is_some_and(|meta| meta.kind == FileKind::Directory)
        {
            let new = New { mine: &mine, whose: &whose, host };
            copy(&from, &home, &new, &mut missing)?;
        }
        Ok(Self(missing))
    }
}

/// The mode of a new home directory, as useradd(8) has it.
fn mode(params: &User, host: &dyn Observe) -> Result<PermissionBits, SysError> {
    let defaults = text_of("/etc/login.defs", host)?;
    let octal = |text: &str| u16::from_str_radix(text, 8).ok();
    let own = value_of(&defaults, "HOME_MODE", ' ').and_then(octal);
    let umask = params.umask.as_deref().or_else(|| value_of(&defaults, "UMASK", ' '));
    let masked = 0o777 & !umask.and_then(octal).unwrap_or(0o022);
    Ok(PermissionBits(own.unwrap_or(masked)))
}

fn directory(path: AbsPath, to: Attrs, whose: &str) -> FileAction {
    let (place, from, durable) = (Place::of(path), None, Durable::AtOnce);
    let detail = format!("{} {whose}", to.mode);
    FileAction::MakeDirectory { place, from, to, durable, detail }
}

/// Whose new files are.
struct New<'a> {
    mine: &'a dyn Fn(PermissionBits) -> Attrs,
    /// The same for a reader.
    whose: &'a str,
    host: &'a dyn Observe,
}

/// What a directory has is made below another one.
fn copy(
    from: &AbsPath,
    below: &AbsPath,
    new: &New<'_>,
    actions: &mut Vec<FileAction>,
) -> Result<(), SysError> {
    let New { mine, whose, host } = *new;
    let (durable, was) = (Durable::AtOnce, None);
    for name in host.list(from)? {
        let join = |path: &AbsPath| path.join(&name).map_err(|e| SysError::new(e.to_string()));
        let (source, path) = (join(from)?, join(below)?);
        let Some(meta) = host.lstat(&source)? else { continue };
        let to = mine(meta.attrs.mode);
        match meta.kind {
            FileKind::Directory => {
                actions.push(directory(path.clone(), to, whose));
                copy(&source, &path, new, actions)?;
            }
            FileKind::Link => {
                let to = NewLink { target: host.read_link(&source)?, attrs: to };
                let (place, detail) = (Place::of(path), String::new());
                actions.push(FileAction::Link { place, from: was.clone(), to, durable, detail });
            }
            FileKind::File => {
                let too_large = || SysError::new(format!("{source} has more than {LIMIT} bytes"));
                let bytes = host.read(&source, LIMIT)?.ok_or_else(too_large)?;
                let detail = format!("{} bytes, {} {whose}", bytes.len(), to.mode);
                let to = FileState { content: Content::inline(&bytes), attrs: to };
                let (place, backup, validate) = (Place::of(path), false, None);
                let (from, in_place) = (was.clone(), false);
                let file = NewFile { place, from, to, backup, validate, in_place, durable, detail };
                actions.push(FileAction::Put(Box::new(file)));
            }
            FileKind::Special => {}
        }
    }
    Ok(())
}

pub(super) fn steps(state: &State) -> Vec<Action> {
    state.0.iter().cloned().map(Action::File).collect()
}
