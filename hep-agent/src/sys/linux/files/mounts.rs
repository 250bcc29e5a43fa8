//! What is mounted where (`/proc/self/mountinfo`, proc_pid_mountinfo(5)).

use crate::sys::SysError;
use hep_protocol::value::AbsPath;
use std::os::unix::ffi::OsStrExt;

/// The mount points at a path and below it.
pub(super) fn at_or_below(path: &AbsPath) -> Result<Vec<AbsPath>, SysError> {
    match std::fs::read("/proc/self/mountinfo") {
        Ok(bytes) => Ok(among(&String::from_utf8_lossy(&bytes), path)),
        Err(error) => Err(SysError::io(format!("cannot tell what is mounted below {path}"), error)),
    }
}

fn among(mountinfo: &str, path: &AbsPath) -> Vec<AbsPath> {
    let points = mountinfo.lines().filter_map(|line| line.split(' ').nth(4)).map(unescaped);
    points
        .filter_map(|point| AbsPath::try_from(point).ok())
        .filter(|point| point.as_ref().starts_with(path))
        .collect()
}

/// A field of the table as it was: space, tab, newline and backslash are written as three octal digits.
pub(crate) fn unescaped(field: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = field.as_bytes();
    while let [first, after @ ..] = rest {
        match after {
            [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', after @ ..] if *first == b'\\' => {
                bytes.push(((a - b'0') << 6) | ((b - b'0') << 3) | (c - b'0'));
                rest = after;
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    std::ffi::OsStr::from_bytes(&bytes).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_at_or_below_the_path_counts() {
        let text = "1 0 8:1 / / rw - ext4 a rw\n2 1 0:5 / /srv/a\\040b rw - tmpfs t rw\n3 1 0:6 / /srv2 rw - tmpfs t rw\n";
        let found = among(text, &"/srv".parse().unwrap());
        assert_eq!(found, ["/srv/a b".parse().unwrap()]);
    }
}
