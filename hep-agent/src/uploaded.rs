//! The agent's own file on the host: removed first, not last, so that a killed agent leaves nothing.
//!
//! A push puts it at `DIRECTORY/.hep-<16 hex digits>/hep-agent`. Only a file at such a place is removed, and with it what
//! pushes that were killed during their upload left beside it.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// A directory that nothing was written to for so long is not an upload under way.
const QUIET: Duration = Duration::from_secs(15);

/// Removes this program's file if it was uploaded, and its directory. Errors leave things as they are: the run matters more.
pub(crate) fn remove_own_file() {
    let Ok(own) = std::env::current_exe() else { return };
    let size = fs::metadata(&own).map_or(0, |meta| meta.len());
    let Some(directory) = own.parent().filter(|dir| is_upload(dir) && own.ends_with("hep-agent"))
    else {
        return;
    };
    fs::remove_file(&own).ok();
    fs::remove_dir(directory).ok();
    let siblings = directory.parent().and_then(|parent| fs::read_dir(parent).ok());
    for entry in siblings.into_iter().flatten().flatten() {
        let path = entry.path();
        if is_upload(&path) && is_abandoned(&path, size) {
            fs::remove_file(path.join("hep-agent")).ok();
            fs::remove_dir(&path).ok();
        }
    }
}

fn is_upload(directory: &Path) -> bool {
    let name = directory.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.strip_prefix(".hep-").is_some_and(|hex| {
        hex.len() == 16
            && hex.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    })
}

/// Whether a push died here: ours, not open, and long untouched. Root need not wait when the file is unfinished: it sees
/// who has what open. Others see nothing of an `sftp-server` of their own, as sshd keeps its processes from being looked at
/// (`PR_SET_DUMPABLE`, prctl(2)).
fn is_abandoned(directory: &Path, whole: u64) -> bool {
    let own = nix::unistd::geteuid().as_raw();
    let ours = |meta: &Metadata| meta.uid() == own;
    let Some(dir_meta) =
        fs::symlink_metadata(directory).ok().filter(|meta| meta.is_dir() && ours(meta))
    else {
        return false;
    };
    let file = directory.join("hep-agent");
    let meta = fs::symlink_metadata(&file).ok().filter(|meta| meta.is_file() && ours(meta));
    let touched =
        meta.as_ref().unwrap_or(&dir_meta).modified().unwrap_or_else(|_| SystemTime::now());
    let quiet = touched.elapsed().is_ok_and(|age| age > QUIET);
    let unfinished = meta.is_some_and(|meta| meta.len() < whole);
    (quiet || (unfinished && own == 0)) && !is_open(&file)
}

/// Whether any process we may look at has the file open or runs it.
fn is_open(file: &Path) -> bool {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter(|entry| entry.file_name().to_string_lossy().bytes().all(|b| b.is_ascii_digit()))
        .any(|process| {
            let links = fs::read_dir(process.path().join("fd")).into_iter().flatten().flatten();
            links
                .map(|link| link.path())
                .chain([process.path().join("exe")])
                .any(|link| fs::read_link(link).is_ok_and(|target| target == file))
        })
}
