//! Whether a SysV service runs: the decision, from what was found. Reads nothing itself.

use super::processes::Pid;
use crate::sys::services::script::Knows;
use hep_protocol::outcome::Exit;

/// What was found out about a service, the weightiest first.
#[derive(Clone, Debug)]
pub(super) struct Evidence {
    /// Whether the script has a `status`.
    pub(super) knows: Knows,
    /// What `status` said; `None` if the script was not asked because it has none.
    pub(super) answer: Option<Answer>,
    /// What its pid file says.
    pub(super) pid_file: PidFile,
    /// Whether a process bears the operator's `pattern`; `None` without one.
    pub(super) pattern: Option<Option<Pid>>,
}

/// What a script's `status` said.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// Its exit code.
    pub(super) exit: Option<Exit>,
    /// What it printed, standard output first.
    pub(super) text: String,
}

/// What a pid file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PidFile {
    /// There is none where one would be expected.
    Nowhere,
    /// The script names one, and it is not there.
    Missing,
    /// Its process has ended.
    Dead,
    /// Its process runs.
    Alive(Pid),
    /// A process with its number runs, and it is not the service's.
    Foreign(Pid),
}

/// Whether a service runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// It does; its process, if that is how it is known.
    Running(Option<Pid>),
    /// It does not.
    Stopped,
    /// Nothing tells; what was looked at.
    Unknown(&'static str),
}

/// Decides. LSB's exit codes count first, then words where there is no such code, then the pid file, then the pattern.
pub(super) fn decide(evidence: &Evidence) -> Status {
    let Evidence { knows, answer, pid_file, pattern } = evidence;
    if let Some(status) = answer.as_ref().and_then(|answer| said(*knows, answer)) {
        return status;
    }
    match (pid_file, pattern) {
        (PidFile::Alive(pid), _) => Status::Running(Some(*pid)),
        (PidFile::Dead, _) => Status::Stopped,
        (_, Some(Some(pid))) => Status::Running(Some(*pid)),
        (_, Some(None)) => Status::Stopped,
        (PidFile::Missing, None) => Status::Stopped,
        (PidFile::Foreign(_), None) => Status::Unknown(
            "its script gives no status, and its pid file names a process of another program",
        ),
        (PidFile::Nowhere, None) => {
            Status::Unknown("its script gives no status, and there is no pid file")
        }
    }
}

/// What the script's own answer means; `None` if it means nothing.
fn said(knows: Knows, answer: &Answer) -> Option<Status> {
    let text = answer.text.to_lowercase();
    // A script that was asked for what it does not know tells how to call it, with whatever exit code.
    if knows != Knows::Yes && text.lines().any(|line| line.trim_start().starts_with("usage")) {
        return None;
    }
    // LSB Core, "Init Script Actions": 0 runs, 1 to 3 do not, 4 is unknown.
    match answer.exit {
        Some(Exit::Code(0)) => Some(Status::Running(None)),
        Some(Exit::Code(1..=3)) => Some(Status::Stopped),
        Some(_) | None => by_words(&text),
    }
}

fn by_words(text: &str) -> Option<Status> {
    let says = |words: &[&str]| words.iter().any(|words| has_words(text, words));
    let no = says(&[
        "not running",
        "isn't running",
        "not active",
        "not started",
        "no process",
        "stopped",
        "inactive",
        "dead",
        "down",
    ]);
    let yes = says(&["running", "is active", "started", "is up", "alive"]);
    match (no, yes) {
        (true, _) => Some(Status::Stopped),
        (false, true) => Some(Status::Running(None)),
        (false, false) => None,
    }
}

/// Whether a text has these words, each whole.
fn has_words(text: &str, words: &str) -> bool {
    let letter = |c: char| c.is_alphanumeric();
    text.match_indices(words).any(|(at, _)| {
        let before = text.get(..at).is_some_and(|before| !before.ends_with(letter));
        let after = text.get(at + words.len()..).is_some_and(|after| !after.starts_with(letter));
        before && after
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_STATUS: Status =
        Status::Unknown("its script gives no status, and there is no pid file");

    fn check(
        knows: Knows,
        answer: Option<(i32, &str)>,
        pid_file: PidFile,
        pattern: Option<Option<Pid>>,
        expected: &Status,
    ) {
        let answer =
            answer.map(|(code, text)| Answer { exit: Some(Exit::Code(code)), text: text.into() });
        let evidence = Evidence { knows, answer, pid_file, pattern };
        assert_eq!(&decide(&evidence), expected, "{evidence:?}");
    }

    #[test]
    fn exit_codes_of_lsb_count_whatever_is_printed() {
        use Knows::{Unclear, Yes};
        use PidFile::{Dead, Nowhere};
        let running = Status::Running(None);
        check(Yes, Some((0, "")), Nowhere, None, &running);
        check(Yes, Some((0, "\u{1b}[31m%% not running ~~ usage: 4711")), Dead, None, &running);
        check(Yes, Some((3, "everything is running")), PidFile::Alive(7), None, &Status::Stopped);
        check(Yes, Some((1, "dead, pid file exists")), Nowhere, None, &Status::Stopped);
        check(Yes, Some((2, "")), Nowhere, Some(Some(7)), &Status::Stopped);
        check(Unclear, Some((0, "up 3 days")), Nowhere, None, &running);
    }

    #[test]
    fn words_count_where_the_code_says_nothing() {
        use Knows::Yes;
        use PidFile::Nowhere;
        let running = Status::Running(None);
        check(Yes, Some((4, "foo is running (pid 12)")), Nowhere, None, &running);
        check(Yes, Some((150, "foo is NOT running")), Nowhere, None, &Status::Stopped);
        check(Yes, Some((4, "foo: stopped")), PidFile::Alive(7), None, &Status::Stopped);
        check(Yes, Some((4, "overrunning the downtown")), Nowhere, None, &NO_STATUS);
        check(Yes, Some((4, "")), PidFile::Alive(7), None, &Status::Running(Some(7)));
    }

    #[test]
    fn usage_is_no_answer() {
        let usage = "Usage: /etc/init.d/x {start|stop|running}";
        for code in [0, 1, 2, 3, 64] {
            check(Knows::Unclear, Some((code, usage)), PidFile::Nowhere, None, &NO_STATUS);
        }
    }

    #[test]
    fn pid_file_counts_before_the_pattern() {
        use Knows::No;
        check(No, None, PidFile::Alive(7), Some(None), &Status::Running(Some(7)));
        check(No, None, PidFile::Dead, Some(Some(8)), &Status::Stopped);
        check(No, None, PidFile::Missing, Some(Some(8)), &Status::Running(Some(8)));
        check(No, None, PidFile::Foreign(7), Some(None), &Status::Stopped);
        check(No, None, PidFile::Nowhere, Some(Some(8)), &Status::Running(Some(8)));
        check(No, None, PidFile::Nowhere, Some(None), &Status::Stopped);
    }

    #[test]
    fn without_any_of_it_nothing_is_guessed() {
        check(Knows::No, None, PidFile::Missing, None, &Status::Stopped);
        check(Knows::No, None, PidFile::Nowhere, None, &NO_STATUS);
        check(
            Knows::No,
            None,
            PidFile::Foreign(7),
            None,
            &Status::Unknown(
                "its script gives no status, and its pid file names a process of another program",
            ),
        );
    }
}
