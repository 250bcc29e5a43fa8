//! What `creates` and `removes` name: a path, or a pattern of paths (glob(7)).

use crate::glob;
use crate::sys::files::FileKind;
use crate::sys::{Observe, SysError};
use hep_protocol::value::AbsPath;

/// The path itself if something is there, also where its name looks like a pattern; else the first that the pattern fits.
pub(super) fn first(path: &AbsPath, host: &dyn Observe) -> Result<Option<AbsPath>, SysError> {
    if host.lstat(path)?.is_some() {
        return Ok(Some(path.clone()));
    }
    let parts: Vec<&str> = path.as_str().split('/').filter(|part| !part.is_empty()).collect();
    match parts.iter().any(|part| glob::is_pattern(part)) {
        true => below(&AbsPath::root(), &parts, host),
        false => Ok(None),
    }
}

/// The first path below a directory that fits the rest of a pattern, by name.
fn below(
    directory: &AbsPath,
    parts: &[&str],
    host: &dyn Observe,
) -> Result<Option<AbsPath>, SysError> {
    let Some((part, rest)) = parts.split_first() else {
        return Ok(host.lstat(directory)?.map(|_| directory.clone()));
    };
    let joined = |name: &str| directory.join(name).map_err(|e| SysError::new(e.to_string()));
    if !glob::is_pattern(part) {
        return below(&joined(part)?, rest, host);
    }
    let is_directory = |kind| kind == FileKind::Directory;
    if !host.stat(directory)?.is_some_and(|meta| is_directory(meta.kind)) {
        return Ok(None);
    }
    for name in host.list(directory)? {
        // A leading dot is only matched by one.
        if (part.starts_with('.') || !name.starts_with('.'))
            && glob::matches(part, &name)
            && let Some(found) = below(&joined(&name)?, rest, host)?
        {
            return Ok(Some(found));
        }
    }
    Ok(None)
}
