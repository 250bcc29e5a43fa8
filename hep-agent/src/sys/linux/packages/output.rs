//! What apt-get and dpkg say, understood: simulations to the letter, failures as far as they have a name.

use crate::sys::packages::*;
use crate::sys::{ProcessEnd, SysError};
use hep_protocol::outcome::Exit;

/// The lines of a simulation that change a package. A line that cannot be read is an error.
///
/// `Inst NAME [OLD] (NEW ARCHIVES [ARCH]) ...`, `Remv NAME [OLD] ...`, `Purg NAME [OLD]`; `Conf` repeats an `Inst` or
/// finishes what dpkg left.
pub(super) fn deltas(stdout: &[u8]) -> Result<Vec<Delta>, SysError> {
    let text = String::from_utf8_lossy(stdout);
    let mut deltas = Vec::new();
    for line in text.lines() {
        let Some((word, rest)) = line.split_once(' ') else { continue };
        let delta = match word {
            "Inst" => installed(rest),
            "Remv" => removed(rest, After::Removed),
            "Purg" => removed(rest, After::Purged),
            _ => continue,
        };
        deltas.push(delta.ok_or_else(|| {
            let line: String = line.chars().take(200).collect();
            SysError::new(format!(
                "cannot understand apt-get's simulation: `{}`",
                line.escape_debug()
            ))
        })?);
    }
    Ok(deltas)
}

fn installed(rest: &str) -> Option<Delta> {
    let (name, arch, rest) = named(rest)?;
    let (from, rest) = old(rest);
    let inside = rest.strip_prefix('(')?.split_once(')')?.0;
    let (version, archives) = inside.split_once(' ')?;
    let own = archives.rsplit_once('[')?.1.strip_suffix(']')?;
    let arch = if arch.is_empty() { own } else { arch };
    let to = After::Version(Version::new(version));
    Some(Delta { name: name.to_owned(), arch: arch.to_owned(), from, to })
}

fn removed(rest: &str, to: After) -> Option<Delta> {
    let (name, arch, rest) = named(rest)?;
    Some(Delta { name: name.to_owned(), arch: arch.to_owned(), from: old(rest).0, to })
}

/// The name, the architecture if it is not the machine's own, and what follows.
fn named(rest: &str) -> Option<(&str, &str, &str)> {
    let (full, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let (name, arch) = full.split_once(':').unwrap_or((full, ""));
    (!name.is_empty()).then_some((name, arch, rest))
}

/// The version that is there, in brackets, and what follows.
fn old(rest: &str) -> (Option<Version>, &str) {
    let inside = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    match inside {
        Some((version, rest)) => (Some(Version::new(version)), rest.trim_start()),
        None => (None, rest),
    }
}

fn text(end: &ProcessEnd) -> String {
    format!("{}\n{}", String::from_utf8_lossy(&end.stdout), String::from_utf8_lossy(&end.stderr))
}

/// The lines that apt marks as errors, without the mark.
fn errors(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.strip_prefix("E: ")).collect()
}

/// The end of a message: the last thing a program said on its standard error.
pub(super) fn last_words(end: &ProcessEnd) -> String {
    let text = String::from_utf8_lossy(&end.stderr);
    let last = text.lines().map(str::trim).rfind(|line| !line.is_empty());
    last.map(|line| format!(": {line}")).unwrap_or_default()
}

/// Whether another package manager was quicker to take a lock, in apt's or dpkg's own words.
pub(super) fn lost_the_lock(end: &ProcessEnd) -> bool {
    failed_saying(end, |line| {
        let apt = line.strip_prefix("E: ").is_some_and(|line| {
            ["Could not get lock ", "Unable to acquire the dpkg frontend lock"]
                .iter()
                .any(|known| line.starts_with(known))
        });
        let dpkg = line.starts_with("dpkg: error: ") && line.contains("locked by another process");
        apt || dpkg
    })
}

/// Whether debconf's database was taken, in its own words.
pub(super) fn lost_debconf(end: &ProcessEnd) -> bool {
    failed_saying(end, |line| {
        line.starts_with("debconf: ") && line.contains("is locked by another process")
    })
}

fn failed_saying(end: &ProcessEnd, known: impl Fn(&str) -> bool) -> bool {
    let text = String::from_utf8_lossy(&end.stderr);
    end.exit != Some(Exit::Code(0)) && text.lines().any(known)
}

/// Why apt would not even try.
pub(super) fn refusal(transaction: &Transaction, end: ProcessEnd) -> SysError {
    let text = text(&end);
    let mut reasons = unmet(&text);
    reasons.extend(errors(&text).into_iter().map(str::to_owned));
    if reasons.is_empty() {
        reasons.push(last_words(&end).trim_start_matches(": ").to_owned());
    }
    let what = subject(transaction);
    let error = SysError::new(format!("apt-get cannot {what}: {}", reasons.join("; ")));
    let hint = if text.contains("APT::Default-Release") {
        Some("correct `default_release`, or add its source and `update_cache: true`")
    } else if text.contains("'deb-src' URIs") {
        Some("add a `deb-src` line to the host's sources, then `update_cache: true`")
    } else if text.contains("no installation candidate") || text.contains("Unable to locate") {
        Some("add `update_cache: true`, or the source that has the package")
    } else if !unmet(&text).is_empty() {
        Some(
            "the packages do not fit together; see what holds them with `apt-cache policy NAME` on the host",
        )
    } else {
        None
    };
    let error = error.process(end);
    hint.into_iter().fold(error, SysError::hint)
}

/// The lines under `The following packages have unmet dependencies:`.
fn unmet(text: &str) -> Vec<String> {
    let mut lines = text.lines();
    lines.find(|line| line.starts_with("The following packages have unmet dependencies"));
    let indented = lines.take_while(|line| line.starts_with(' '));
    indented.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

fn subject(transaction: &Transaction) -> String {
    let verb = match transaction.verb {
        Verb::Install => "install",
        Verb::Remove => "remove",
        Verb::Purge => "purge",
        Verb::BuildDep => "install what is needed to build",
        Verb::Upgrade(_) => "upgrade the packages",
        Verb::Autoremove => "remove what is needed no more",
    };
    let names: Vec<String> = transaction.targets.iter().map(Target::to_string).collect();
    if names.is_empty() { verb.to_owned() } else { format!("{verb} {}", names.join(", ")) }
}

/// Why apt did not get to the end.
pub(super) fn failure(transaction: &Transaction, end: ProcessEnd) -> SysError {
    let text = text(&end);
    let what = subject(transaction);
    let packages = package_errors(&text);
    let exit = end.exit.map(|exit| format!(" ({exit})")).unwrap_or_default();
    let (why, hint) = if packages.is_empty() {
        let reasons = errors(&text).join("; ");
        let reasons = if reasons.is_empty() { last_words(&end) } else { format!(": {reasons}") };
        let hint = (reasons.contains("Failed to fetch") || reasons.contains("Unable to fetch"))
            .then_some("the index may be old: add `update_cache: true`");
        (reasons, hint)
    } else {
        (format!(": {}", packages.join("; ")), Some("fix the cause, then add `recover: true`"))
    };
    let error = SysError::new(format!("apt-get could not {what}{exit}{why}")).process(end);
    hint.into_iter().fold(error, SysError::hint)
}

/// dpkg's words on each package that it failed at: `dpkg: error processing package NAME (--configure):`, and the reason on
/// the next line.
fn package_errors(text: &str) -> Vec<String> {
    let mut lines = text.lines().peekable();
    let mut errors = Vec::new();
    while let Some(line) = lines.next() {
        let rest = line
            .strip_prefix("dpkg: error processing package ")
            .or_else(|| line.strip_prefix("dpkg: error processing archive "));
        if let Some(name) = rest.and_then(|rest| rest.split(' ').next()) {
            let reason = lines.peek().map_or("", |line| line.trim());
            let reason = reason.strip_prefix("installed ").unwrap_or(reason);
            let said = format!("package {name}: {reason}");
            if !errors.contains(&said) {
                errors.push(said);
            }
        }
    }
    errors
}

/// Why the index is not whole: apt-get's exit code, or a warning where an old apt-get takes a missing part lightly.
pub(super) fn missing_index(end: &ProcessEnd) -> Option<SysError> {
    let text = text(end);
    let light = |line: &&str| {
        ["W: Failed to fetch ", "W: Some index files failed", "W: GPG error"]
            .iter()
            .any(|known| line.starts_with(known))
    };
    let mut reasons = errors(&text);
    reasons.extend(text.lines().filter(light).filter_map(|line| line.strip_prefix("W: ")));
    // What follows from the others says nothing.
    let news = |reason: &&str| !reason.starts_with("Some index files failed");
    if reasons.iter().any(news) {
        reasons.retain(news);
    }
    (end.exit != Some(Exit::Code(0)) || !reasons.is_empty()).then(|| {
        let why =
            if reasons.is_empty() { last_words(end) } else { format!(": {}", reasons.join("; ")) };
        SysError::new(format!("the package index could not be refreshed as a whole{why}"))
            .hint("fix or remove the source, or leave out `update_cache`")
    })
}

/// What stays broken after all that can be done without losing anything.
pub(super) fn unrecovered(packages: &[String], end: ProcessEnd) -> SysError {
    let text = text(&end);
    let errors = package_errors(&text);
    let why = if errors.is_empty() { last_words(&end) } else { format!(": {}", errors.join("; ")) };
    let which = packages.join(", ");
    SysError::new(format!("dpkg was interrupted and cannot finish {which}{why}")).process(end)
}

#[cfg(test)]
mod tests;
