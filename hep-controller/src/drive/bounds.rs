//! How much of what a host tells of its changes is taken and kept. Touches nothing.

use hep_protocol::outcome::{Change, Failure, Outcome};

/// The most changes and notes of one task: a tree of that many files is beyond what a manifest is for.
const COUNT: usize = 200_000;

/// The most bytes that one task's changes, diffs and notes may take. An agent keeps well below by itself.
const OF_A_TASK: usize = 16 * 1024 * 1024;

/// What is kept of all that one host tells in a run, in bytes. Beyond that only how tasks ended is told.
const OF_A_HOST: usize = 64 * 1024 * 1024;

/// What a line takes in memory beside its text, in bytes, about.
const LINE: usize = 64;

/// What one host has told so far.
#[derive(Debug, Default)]
pub(super) struct Told(usize);

impl Told {
    /// Takes note of an outcome, and empties it if the host has told enough already.
    ///
    /// # Errors
    /// The outcome is larger than any that an agent sends; how.
    pub(super) fn take(&mut self, outcome: &mut Outcome) -> Result<(), String> {
        let Outcome { changes, notes, failure, status: _, ms: _ } = &*outcome;
        let count = changes.len().saturating_add(notes.len());
        if count > COUNT {
            return Err(format!("{count} changes and notes, and {COUNT} are allowed"));
        }
        let lines = changes.iter().map(size_of_change).chain(notes.iter().map(|n| n.len() + LINE));
        let size = lines.chain(failure.iter().map(size_of_failure)).sum();
        if size > OF_A_TASK {
            return Err(format!("{size} bytes of changes, and {OF_A_TASK} are allowed"));
        }
        self.0 = self.0.saturating_add(size);
        if self.0 > OF_A_HOST && count > 0 {
            let note = format!(
                "{count} lines are not shown: this host has told more than {} MiB",
                OF_A_HOST >> 20
            );
            outcome.changes = Vec::new();
            outcome.notes = vec![note];
        }
        Ok(())
    }
}

fn size_of_change(Change { line, diff }: &Change) -> usize {
    line.len() + diff.as_ref().map_or(0, String::len) + LINE
}

fn size_of_failure(Failure { message, hint, exit: _, stdout, stderr }: &Failure) -> usize {
    message.len() + hint.as_ref().map_or(0, String::len) + stdout.len() + stderr.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hep_protocol::outcome::Status;

    fn outcome(lines: usize, length: usize) -> Outcome {
        let change = Change { line: "x".repeat(length), diff: None };
        let changes = vec![change; lines];
        Outcome { status: Status::Changed, changes, notes: vec![], failure: None, ms: 0 }
    }

    #[test]
    fn an_outcome_is_bounded() {
        let check = |mut outcome: Outcome, expected: Result<(), &str>| {
            assert_eq!(Told::default().take(&mut outcome), expected.map_err(str::to_owned));
        };
        check(outcome(COUNT, 0), Ok(()));
        let many = "200001 changes and notes, and 200000 are allowed";
        check(outcome(COUNT + 1, 0), Err(many));
        check(outcome(1, OF_A_TASK - LINE), Ok(()));
        let long = "16777217 bytes of changes, and 16777216 are allowed";
        check(outcome(1, OF_A_TASK - LINE + 1), Err(long));
        let diff = Some("x".repeat(OF_A_TASK - LINE + 1));
        let changes = vec![Change { line: String::new(), diff }];
        check(Outcome { changes, ..outcome(0, 0) }, Err(long));
        let failure = Failure { message: "x".repeat(OF_A_TASK + 1), ..Failure::default() };
        check(Outcome { failure: Some(failure), ..outcome(0, 0) }, Err(long));
    }

    #[test]
    fn beyond_the_total_of_a_host_only_the_end_is_told() {
        let mut told = Told::default();
        for _ in 0..4 {
            let mut outcome = outcome(1, OF_A_TASK - LINE);
            told.take(&mut outcome).unwrap();
            assert_eq!(outcome.changes.len(), 1);
        }
        let mut more = outcome(2, 1);
        told.take(&mut more).unwrap();
        let note = "2 lines are not shown: this host has told more than 64 MiB".to_owned();
        assert_eq!(more, Outcome { notes: vec![note], ..outcome(0, 0) });
        let mut nothing = outcome(0, 0);
        told.take(&mut nothing).unwrap();
        assert_eq!(nothing, outcome(0, 0));
    }
}
