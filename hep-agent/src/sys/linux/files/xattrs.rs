//! Extended attributes of a replaced file: ACLs, the SELinux label and the operator's own go over to the new one (xattr(7)).

use super::temp::descriptor_path;
use crate::sys::SysError;
use hep_protocol::value::AbsPath;
use rustix::fs::XattrFlags;
use rustix::io::Errno;
use std::fs::File;

/// The kernel's limits on the list of names and on one value (`XATTR_LIST_MAX`, `XATTR_SIZE_MAX`), in bytes.
const LIMIT: usize = 64 * 1024;

/// Of the old content, not of the file: what a program was allowed to do (write(2) takes that away too, and dpkg does not
/// keep it), and checksums.
const OF_THE_CONTENT: [&str; 3] = ["security.capability", "security.ima", "security.evm"];

/// An ACL that a directory gave to the new file; the old may have none.
const ACL: &str = "system.posix_acl_access";

/// Gives the new file the old one's extended attributes. `old` may be open without the right to read (`O_PATH`).
pub(super) fn carry_over(old: &File, new: &File, path: &AbsPath) -> Result<(), SysError> {
    let old = descriptor_path(old);
    let failed = |what: &str, error: Errno| {
        SysError::io(format!("cannot keep the extended attributes of {path}: {what}"), error)
    };
    let names = names(&old).map_err(|error| failed("list", error))?;
    for name in names.iter().filter(|name| !OF_THE_CONTENT.contains(&name.as_str())) {
        let value = value(&old, name).map_err(|error| failed(name, error))?;
        let current = value_of_open(new, name);
        // A label that the new file already has may be one that nobody may set.
        if current.as_deref() != Some(value.as_slice()) {
            rustix::fs::fsetxattr(new, name.as_str(), &value, XattrFlags::empty())
                .map_err(|error| failed(name, error))?;
        }
    }
    if !names.iter().any(|name| name == ACL) && value_of_open(new, ACL).is_some() {
        rustix::fs::fremovexattr(new, ACL).map_err(|error| failed(ACL, error))?;
    }
    Ok(())
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
