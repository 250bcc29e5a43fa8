//! Putting a file in place: whole, with its attributes from the first moment, or not at all.

use super::spot::Spot;
use super::supply::{Known, fill, write_failed};
use super::temp::{self, TempName, descriptor_path};
use super::trouble::trouble;
use super::{acl, attributes, backup, in_place, partial, walk, xattrs};
use crate::outside::Outside;
use crate::sys::SysError;
use crate::sys::files::{Acl, Durable, FileKind, NewFile};
use crate::sys::linux::process::Program;
use hep_protocol::outcome::Exit;
use hep_protocol::value::{AbsPath, Argv};
use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;
use std::fs::File;
use std::time::Duration;

/// How long a look at the new content may take: one that waits for input or a lock must not hold the run forever.
const VALIDATION: Duration = Duration::from_secs(300);

/// Puts the file in place; gives the name under which the old one is kept, if that was asked.
pub(super) fn put_file(
    new: &NewFile,
    spot: &Spot,
    known: &Known,
    outside: &dyn Outside,
) -> Result<Option<AbsPath>, SysError> {
    let old = if new.was().is_some() { open_old(spot)? } else { None };
    let mut draft = match &new.validate {
        // A program needs a name to look at.
        Some(_) => Draft::named(spot),
        None => Draft::unnamed(spot),
    }
    .or_else(|error| match new.in_place {
        // The directory takes no new file, but the file itself may be written (a bind mount, a read-only directory).
        true if new.validate.is_none() => Draft::elsewhere(),
        _ => Err(error),
    })
    .map_err(|error| trouble("write a new file beside", spot, error))?;
    fill(&mut draft.file, &new.to.content, spot, known, outside)?;
    if new.in_place {
        if let (Some(validate), Some(name)) = (&new.validate, &draft.name) {
            attributes::set_open(&draft.file, spot, &new.to.attrs)?;
            accepted(validate, spot, &draft.file, name.name())?;
        }
        let kept = if new.backup { Some(backup::copy(spot)?) } else { None };
        in_place::rewrite(spot, &mut draft.file, new)?;
        return Ok(kept);
    }
    let failed = |error| trouble("give its attributes to", spot, error);
    attributes::set_owner(&draft.file, &new.to.attrs)?.map_err(failed)?;
    if let Some(old) = &old {
        xattrs::carry_over(old, &draft.file, &spot.path, &new.to.attrs.acl)?;
    }
    if new.to.attrs.acl == Acl::None {
        // The directory may have handed one down.
        acl::drop_all(&draft.file).map_err(failed)?;
    }
    // After the owner: chown(2) takes the set-id bits away. After the ACL: the mode's group bits are its mask (acl(5)).
    rustix::fs::fchmod(&draft.file, mode_bits(new)).map_err(failed)?;
    // What is replaced later may be gone after a crash only when this is there.
    if new.durable == Durable::AtOnce || new.was().is_some() {
        draft.file.sync_all().map_err(|error| write_failed(spot, &error))?;
    }
    if let (Some(validate), Some(name)) = (&new.validate, &draft.name) {
        accepted(validate, spot, &draft.file, name.name())?;
    }
    let kept = match (new.backup, new.was()) {
        (true, Some(FileKind::File | FileKind::Link | FileKind::Special)) => {
            Some(backup::keep(spot)?)
        }
        (true, Some(FileKind::Directory) | None) | (false, _) => None,
    };
    let kept = draft.install(spot, new)?.or(kept);
    spot.sync_if(new.durable)?;
    Ok(kept)
}

fn mode_bits(new: &NewFile) -> Mode {
    Mode::from_raw_mode(u32::from(new.to.attrs.mode.0))
}

/// The new content on its way.
struct Draft<'a> {
    file: File,
    /// Its name, if it has one already.
    name: Option<TempName<'a>>,
}

impl<'a> Draft<'a> {
    /// A file without a name (`O_TMPFILE`, open(2)): a killed agent leaves nothing. Not every file system has them.
    fn unnamed(spot: &'a Spot) -> Result<Self, Errno> {
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        match rustix::fs::openat(&*spot.dir, ".", flags, private()) {
            Ok(file) => {
                temp::lock(&file)?;
                Ok(Self { file: File::from(file), name: None })
            }
            Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL | Errno::NOENT) => Self::named(spot),
            Err(error) => Err(error),
        }
    }

    fn named(spot: &'a Spot) -> Result<Self, Errno> {
        let flags =
            OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::RDWR | OFlags::CLOEXEC;
        let mut made = None;
        let name = TempName::claim(spot, FileKind::File, |name| {
            let file = rustix::fs::openat(&*spot.dir, name, flags, private())?;
            temp::lock_named(spot, name, &file)?;
            made = Some(File::from(file));
            Ok(())
        })?;
        match made {
            Some(file) => Ok(Self { file, name: Some(name) }),
            None => Err(Errno::EXIST),
        }
    }

    /// A file somewhere else, to be copied from.
    fn elsewhere() -> Result<Self, Errno> {
        let file = crate::sys::linux::unnamed_file();
        let number = |error: std::io::Error| error.raw_os_error().unwrap_or(nix::libc::EIO);
        let file = file.map_err(|error| Errno::from_raw_os_error(number(error)))?;
        Ok(Self { file, name: None })
    }

    /// Moves it to its place. A directory that gives way is kept under a name of its own if that was asked.
    fn install(self, spot: &'a Spot, new: &NewFile) -> Result<Option<AbsPath>, SysError> {
        let doing = if new.was().is_some() { "replace" } else { "create" };
        let failed = |error| trouble(doing, spot, error);
        let link = |name: &str| {
            // A process that may not link a descriptor itself (open(2)) links it by name.
            match rustix::fs::linkat(&self.file, "", &*spot.dir, name, AtFlags::EMPTY_PATH) {
                Err(Errno::NOENT) => {
                    let (from, dir) = (descriptor_path(&self.file), &*spot.dir);
                    rustix::fs::linkat(dir, from, dir, name, AtFlags::SYMLINK_FOLLOW)
                }
                linked => linked,
            }
        };
        let mut name = match (self.name, new.was()) {
            (Some(name), _) => name,
            // Nothing is there: it gets its name at once.
            (None, None) => return link(&spot.name).map(|()| None).map_err(failed),
            (None, Some(_)) => TempName::claim(spot, FileKind::File, link).map_err(failed)?,
        };
        match new.was() {
            Some(FileKind::Directory) if new.backup => {
                name.exchange().map_err(failed)?;
                backup::rename(spot, name.name()).map(Some)
            }
            was => name.install(was, doing).map(|()| None),
        }
    }
}

/// Only ours to read and write until its owner and mode are set.
fn private() -> Mode {
    Mode::RUSR | Mode::WUSR
}

/// Opens what is to be replaced, to copy its attributes from; it is neither read nor followed.
fn open_old(spot: &Spot) -> Result<Option<File>, SysError> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match rustix::fs::openat(&*spot.dir, &spot.name, flags, Mode::empty()) {
        Ok(file) => {
            let file = File::from(file);
            let meta = file
                .metadata()
                .map_err(|error| SysError::io(format!("cannot look at {}", spot.path), error))?;
            Ok(Some(file).filter(|_| meta.is_file()))
        }
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(trouble("open", spot, error)),
    }
}

/// Has the operator's command look at the new content, by a name that leads to it and to nothing else.
fn accepted(validate: &Argv, spot: &Spot, draft: &File, name: &str) -> Result<(), SysError> {
    let directory = spot.path.parent().unwrap_or_else(AbsPath::root);
    let guarded = walk::guarded(&directory);
    let guarded = guarded.map_err(|e| e.doing(format!("cannot open the directory {directory}")))?;
    // Where another user could have the command look at something else, it gets a copy that only the acting user can reach.
    let (file, _copy) = match guarded {
        Some(real) => (real.join(name).map_err(|error| SysError::new(error.to_string()))?, None),
        None => {
            let copy = partial::Copied::of(draft, spot.name.as_str()).map_err(|error| {
                error.doing(format!("cannot copy the new content of {} to be looked at", spot.path))
            })?;
            (copy.path().clone(), Some(copy))
        }
    };
    let argv: Vec<String> =
        validate.parts().iter().map(|part| part.replace("%s", file.as_str())).collect();
    let program = Program { timeout: Some(VALIDATION), ..Program::new(&argv) };
    // Its limit is ours: there is no parameter to raise.
    let end = program.run().map_err(|error| error.hint("the old content is untouched"))?;
    match end.exit {
        Some(Exit::Code(0)) => Ok(()),
        Some(Exit::Code(_) | Exit::Signal(_)) | None => {
            Err(SysError::new(format!("`{validate}` refuses the new content of {}", spot.path))
                .hint("the old content is untouched")
                .process(end))
        }
    }
}
