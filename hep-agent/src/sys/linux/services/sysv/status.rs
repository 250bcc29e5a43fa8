//! Whether a SysV service runs: the decision, from what was found. Reads nothing itself.

use super::processes::Pid;
use super::words::{self, Said};
use crate::sys::services::script::Knows;
use hep_protocol::outcome::Exit;

/// What was found out about a service, the weightiest first.
#[derive(Clone, Debug)]
pub(super) struct Evidence {
    /// Whether a process bears the operator's `pattern`; `None` without one.
    pub(super) pattern: Option<Option<Pid>>,
    /// Whether the script has a `status`.
    pub(super) knows: Knows,
    /// What `status` said; `None` if the script was not asked, having none or not being needed.
    pub(super) answer: Option<Answer>,
    /// What its pid file says.
    pub(super) pid_file: PidFile,
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

/// Decides. The operator's pattern counts first, then LSB's exit codes unless the script's words contradict them, then words
/// where there is no such code, then the pid file.
pub(super) fn decide(evidence: &Evidence) -> Status {
    let Evidence { pattern, knows, answer, pid_file } = evidence;
    let said = || answer.as_ref().and_then(|answer| said(*knows, answer));
    match pattern {
        Some(Some(pid)) => Status::Running(Some(*pid)),
        Some(None) => Status::Stopped,
        None => said().unwrap_or_else(|| by_pid_file(*pid_file)),
    }
}

fn by_pid_file(pid_file: PidFile) -> Status {
    match pid_file {
        PidFile::Alive(pid) => Status::Running(Some(pid)),
        PidFile::Dead | PidFile::Missing => Status::Stopped,
        PidFile::Foreign(_) => Status::Unknown(
            "its script gives no status, and its pid file names a process of another program",
        ),
        PidFile::Nowhere => Status::Unknown("its script gives no status, and there is no pid file"),
    }
}

/// What the script's own answer means; `None` if it means nothing.
fn said(knows: Knows, answer: &Answer) -> Option<Status> {
    let text = plain(&answer.text);
    // A script that was asked for what it does not know tells how to call it, with whatever exit code.
    if knows != Knows::Yes && text.lines().any(|line| line.trim_start().starts_with("usage")) {
        return None;
    }
    // LSB Core, "Init Script Actions": 0 runs, 1 to 3 do not, 4 is unknown.
    match answer.exit {
        // Many scripts end with 0 whatever they have to say.
        Some(Exit::Code(0)) if denies(&text) => Some(Status::Stopped),
        Some(Exit::Code(0)) => Some(Status::Running(None)),
        Some(Exit::Code(1..=3)) => Some(Status::Stopped),
        Some(_) | None => by_words(&text),
    }
}

/// Whether a text denies that a service runs, and says nothing to the contrary.
fn denies(text: &str) -> bool {
    let Said { denied, affirmed, failed } = words::read(text);
    (denied || failed) && !affirmed
}

fn by_words(text: &str) -> Option<Status> {
    let Said { denied, affirmed, failed: _ } = words::read(text);
    match (denied, affirmed) {
        (true, _) => Some(Status::Stopped),
        (false, true) => Some(Status::Running(None)),
        (false, false) => None,
    }
}

/// A text in small letters, with single spaces and lines, and without the colours of a terminal.
fn plain(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        // A sequence ends with its first letter (ECMA-48, 5.4).
        let end = part.find(|c: char| ('@'..='~').contains(&c)).map_or(part.len(), |end| end + 1);
        plain.push_str(part.get(end..).unwrap_or_default());
    }
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    plain.to_lowercase().lines().map(words).collect::<Vec<_>>().join("\n")
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
        let evidence = Evidence { pattern, knows, answer, pid_file };
        assert_eq!(&decide(&evidence), expected, "{evidence:?}");
    }

    #[test]
    fn exit_codes_of_lsb_count_unless_words_deny_what_they_say() {
        use Knows::{Unclear, Yes};
        use PidFile::{Dead, Nowhere};
        let running = Status::Running(None);
        check(Yes, Some((0, "")), Nowhere, None, &running);
        check(Yes, Some((0, "\u{1b}[31m%% ok ~~ usage: 4711")), Dead, None, &running);
        check(Yes, Some((3, "everything is running")), PidFile::Alive(7), None, &Status::Stopped);
        check(Yes, Some((1, "dead, pid file exists")), Nowhere, None, &Status::Stopped);
        check(Yes, Some((2, "")), PidFile::Alive(7), None, &Status::Stopped);
        check(Unclear, Some((0, "up 3 days")), Nowhere, None, &running);
    }

    #[test]
    fn zero_of_a_script_that_denies_is_no_yes() {
        for denial in [
            "foo is not running",
            "foo is NOT  running.",
            "Foo isn't running",
            "\u{1b}[31mstopped\u{1b}[0m",
            "foo: \u{1b}[1;31mNot Running\u{1b}[m",
            "Checking foo ... stopped",
            "foo dead but pid file exists",
            "foo is down",
            "active: inactive (dead)",
            "no process found",
            "liar process not found",
            "no liar process found",
            "Checking liar...failed!",
            "checking status of liar: failed.",
            "[FAIL] liar",
            "liar has not been started",
            "liar was never started",
            "liar has not yet been started (last started on Monday)",
            "liar is not currently up and running",
            "liar: offline",
            "liar is shut down",
            "liar dead, pid file exists",
            "liar isn\u{2019}t running",
            "pid file does not exist",
            "0 processes running",
            "could not connect to liar",
            "l\u{e4}uft nicht",
            "liar failed to start",
        ] {
            check(Knows::Yes, Some((0, denial)), PidFile::Alive(7), None, &Status::Stopped);
        }
        for said in [
            "foo is running",
            "foo is running; 2 workers were stopped",
            "foo (pid 12) is running...\nbar is not running",
            "3 back ends down, 0 dead",
            "unstoppable",
            "foo is alive",
            "stopped workers: 0, liar is up",
            "liar is running, no errors found",
            "OK, no errors found",
            "liar ok: 2 requests failed, 1 stopped",
            "liar is running: 3 failed",
            "not stopped",
            "config not found: using defaults",
            "up 3 days, 1 restart failed",
        ] {
            check(Knows::Yes, Some((0, said)), PidFile::Dead, None, &Status::Running(None));
        }
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
    fn pattern_counts_before_all_that_is_said() {
        use Knows::{No, Yes};
        for pid_file in [
            PidFile::Alive(7),
            PidFile::Dead,
            PidFile::Missing,
            PidFile::Foreign(7),
            PidFile::Nowhere,
        ] {
            for answer in [None, Some((0, "running")), Some((3, "stopped")), Some((4, ""))] {
                let knows = if answer.is_some() { Yes } else { No };
                check(knows, answer, pid_file, Some(Some(8)), &Status::Running(Some(8)));
                check(knows, answer, pid_file, Some(None), &Status::Stopped);
            }
        }
    }

    #[test]
    fn pid_file_counts_where_the_script_says_nothing() {
        use Knows::No;
        check(No, None, PidFile::Alive(7), None, &Status::Running(Some(7)));
        check(No, None, PidFile::Dead, None, &Status::Stopped);
        check(No, None, PidFile::Missing, None, &Status::Stopped);
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
