//! The hosts of a run that did not converge, in a file for `--limit @FILE`.

use crate::open;
use crate::refusal::Refusal;
use crate::report::{HostStatus, RunEnd};
use crate::text::{count, shown};
use crate::ui::Ui;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use tempfile::NamedTempFile;

/// Writes the hosts that did not converge to a file, and says how they are pushed to again.
pub(crate) fn keep_and_tell(file: &Path, end: &RunEnd, names: &[String], ui: &mut Ui) {
    let shown = shown(&file.to_string_lossy());
    match keep(file, end, names) {
        Ok(0) => {}
        Ok(hosts) => {
            let hosts = count(hosts, "host");
            ui.err(&format!("{hosts} in {shown}: `--limit @{shown}` pushes to them again\n"));
        }
        Err(error) => {
            let what = format!("cannot write the failed hosts to {shown}: {error}");
            ui.error(&what, None);
        }
    }
}

/// Replaces the file, one name per line in the run's order; without such hosts it is removed. Gives how many there are.
///
/// # Errors
/// The file is as it was, and why.
fn keep(file: &Path, end: &RunEnd, names: &[String]) -> io::Result<usize> {
    let failed = end.reports.iter().filter(|report| report.status != HostStatus::Converged);
    let failed: Vec<&str> =
        failed.filter_map(|report| names.get(report.host.0)).map(String::as_str).collect();
    if failed.is_empty() {
        return match fs::remove_file(file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(0),
        };
    }
    let mut whole = beside(file)?;
    whole.write_all((failed.join("\n") + "\n").as_bytes())?;
    whole.persist(file).map_err(|error| error.error)?;
    Ok(failed.len())
}

/// Refuses a file that [`keep`] will not be able to replace, as far as that can be known before.
///
/// # Errors
/// It will not, and why.
pub(crate) fn check(file: &Path) -> Result<(), Refusal> {
    can_keep(file).map_err(|error| {
        let file = shown(&file.to_string_lossy());
        let what = format!("cannot write the failed hosts to `{file}`: {error}");
        Refusal::new(what, "`--failed-hosts` takes a file in a directory that you can write to")
    })
}

fn can_keep(file: &Path) -> io::Result<()> {
    open::replaceable(file)?;
    beside(file).map(drop)
}

fn beside(file: &Path) -> io::Result<NamedTempFile> {
    let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    NamedTempFile::new_in(directory.unwrap_or(Path::new("."))).map_err(|error| {
        // `CAUSE at path "..."`: the name of the new file is no concern of the operator's.
        let text = error.to_string();
        let cause = text.split_once(" at path ").map_or(text.as_str(), |(cause, _)| cause);
        io::Error::new(error.kind(), cause)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::HostId;
    use crate::report::HostReport;

    #[test]
    fn who_failed_is_kept_and_nobody_leaves_no_file() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("failed");
        let names = ["a", "b", "c"].map(str::to_owned);
        let end = |statuses: [HostStatus; 3]| {
            let report = |(at, status)| HostReport { status, ..HostReport::unreached(HostId(at)) };
            let reports = statuses.into_iter().enumerate().map(report).collect();
            RunEnd { reports, cancelled: false, ms: 0 }
        };
        use HostStatus::{Converged, Failed, NotStarted, Stopped, Unreachable};
        assert_eq!(keep(&file, &end([Failed, Converged, Unreachable]), &names).unwrap(), 2);
        assert_eq!(fs::read_to_string(&file).unwrap(), "a\nc\n");
        assert_eq!(keep(&file, &end([Converged, Stopped, NotStarted]), &names).unwrap(), 2);
        assert_eq!(fs::read_to_string(&file).unwrap(), "b\nc\n");
        assert_eq!(keep(&file, &end([Converged; 3]), &names).unwrap(), 0);
        assert!(!file.exists());
        assert_eq!(keep(&file, &end([Converged; 3]), &names).unwrap(), 0);
        assert!(keep(&file.join("below"), &end([Failed; 3]), &names).is_err());
    }

    #[test]
    fn what_cannot_be_written_is_known_before() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("failed");
        can_keep(&file).unwrap();
        assert!(!file.exists());
        assert!(can_keep(directory.path()).is_err());
        let why = can_keep(&directory.path().join("missing/failed")).unwrap_err().to_string();
        assert_eq!(why, "No such file or directory (os error 2)");
    }
}
