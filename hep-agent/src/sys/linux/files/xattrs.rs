//! Extended attributes of a replaced file: ACLs, the SELinux label and the operator's own go over to the new one (xattr(7)).

use super::acl::ACCESS;
use super::temp::descriptor_path;
use crate::sys::SysError;
use crate::sys::files::Acl;
use hep_protocol::value::AbsPath;
use rustix::fs::XattrFlags;
use rustix::io::Errno;
use std::fs::File;
use std::os::fd::AsFd;

/// The kernel's limits on the list of names and on one value (`XATTR_LIST_MAX`, `XATTR_SIZE_MAX`), in bytes.
const LIMIT: usize = 64 * 1024;

/// Of the old content, not of the file: what a program was allowed to do (write(2) takes that away too, and dpkg does not
/// keep it), and checksums.
const OF_THE_CONTENT: [&str; 3] = [CAPABILITY, "security.ima", "security.evm"];
const CAPABILITY: &str = "security.capability";

/// Gives the new file the old one's extended attributes, its ACL only where that is to stay. `old` may be open without the
/// right to read (`O_PATH`).
pub(super) fn carry_over(
    old: &File,
    new: &File,
    path: &AbsPath,
    acl: &Acl,
) -> Result<(), SysError> {
    let old = descriptor_path(old);
    let failed = |what: &str, error: Errno| {
        SysError::io(format!("cannot keep the extended attributes of {path}: {what}"), error)
    };
    let names = names(&old).map_err(|error| failed("list", error))?;
    let stays = |name: &&String| !OF_THE_CONTENT.contains(&name.as_str()) && *name != ACCESS;
    let keeps = |name: &&String| *name == ACCESS && *acl != Acl::None;
    for name in names.iter().filter(|name| stays(name) || keeps(name)) {
        let value = value(&old, name).map_err(|error| failed(name, error))?;
        let current = value_of_open(new, name);
        // A label that the new file already has may be one that nobody may set.
        if current.as_deref() != Some(value.as_slice()) {
            rustix::fs::fsetxattr(new, name.as_str(), &value, XattrFlags::empty())
                .map_err(|error| failed(name, error))?;
        }
    }
    // One that the directory gave to the new file; the old may have none.
    if !names.iter().any(|name| name == ACCESS) && value_of_open(new, ACCESS).is_some() {
        rustix::fs::fremovexattr(new, ACCESS).map_err(|error| failed(ACCESS, error))?;
    }
    Ok(())
}

/// Whether an open file has capabilities.
pub(super) fn has_capabilities(file: impl AsFd) -> bool {
    let mut buffer = [0; 64];
    rustix::fs::getxattr(descriptor_path(file), CAPABILITY, &mut buffer[..]).is_ok()
}

fn names(path: &str) -> Result<Vec<String>, Errno> {
    let mut buffer = vec![0; LIMIT];
    match rustix::fs::listxattr(path, buffer.as_mut_slice()) {
        Ok(len) => {
            let names = buffer.get(..len).unwrap_or_default().split(|byte| *byte == 0);
            Ok(names
                .filter(|name| !name.is_empty())
                .map(|name| String::from_utf8_lossy(name).into_owned())
                .collect())
        }
        // A file system without any.
        Err(Errno::OPNOTSUPP) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn value(path: &str, name: &str) -> Result<Vec<u8>, Errno> {
    let mut buffer = vec![0; LIMIT];
    let len = rustix::fs::getxattr(path, name, buffer.as_mut_slice())?;
    buffer.truncate(len);
    Ok(buffer)
}

fn value_of_open(file: &File, name: &str) -> Option<Vec<u8>> {
    let mut buffer = vec![0; LIMIT];
    let len = rustix::fs::fgetxattr(file, name, buffer.as_mut_slice()).ok()?;
    buffer.truncate(len);
    Some(buffer)
}
