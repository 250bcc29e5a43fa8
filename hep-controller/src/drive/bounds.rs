//! How much of what a host tells of its changes is taken and kept. Touches nothing.

use hep_protocol::message::{OUTPUT_OF_HOST, OUTPUT_OF_TASK, output_cost};
use hep_protocol::outcome::{Change, Details, Failure, ItemOutcome, Outcome};

/// The most changes, notes and elements of a loop in one task: beyond what a manifest is for.
const COUNT: usize = 200_000;

/// The most bytes that one task's changes, diffs and notes may take. An agent keeps well below by itself.
const OF_A_TASK: usize = 16 * 1024 * 1024;

/// What is kept of all that one host tells in a run, in bytes. Beyond that only how tasks ended is told.
const OF_A_HOST: usize = 64 * 1024 * 1024;

/// Where even that is too much, in bytes: an agent whose loop never ends must not fill the memory.
const IN_ALL: usize = 2 * OF_A_HOST;

/// What a host may say of the progress of its tasks in all, in bytes: a word a second for weeks.
const PROGRESS: u64 = 128 * 1024 * 1024;

/// What a line takes in memory beside its text, in bytes, about.
const LINE: usize = 64;

/// What an action takes in memory, by its size on the way, about.
const VALUE: usize = 4;

/// What a task's end takes in memory beside its lines, in bytes, about.
const TURN: usize = 256;

/// What is left of a failure's message when the host has told enough, in bytes.
const SHORT: usize = 1024;

/// What one host has told so far, in bytes.
#[derive(Debug, Default)]
pub(super) struct Told {
    told: usize,
    /// What is left of it after shortening.
    kept: usize,
}

impl Told {
    /// Takes note of an outcome, and shortens it if the host has told enough already.
    ///
    /// # Errors
    /// The outcome is larger than any that an agent sends, or the host told far too much; how.
    pub(super) fn take(&mut self, outcome: &mut Outcome) -> Result<(), String> {
        let count = count(outcome);
        if count > COUNT {
            return Err(format!("{count} changes, notes and items, and {COUNT} are allowed"));
        }
        let size = size(outcome);
        if size > OF_A_TASK {
            return Err(format!("{size} bytes of changes, and {OF_A_TASK} are allowed"));
        }
        self.told = self.told.saturating_add(size);
        let shortened = self.told > OF_A_HOST;
        if shortened {
            shorten(outcome, count);
        }
        let kept = if shortened { self::size(outcome) } else { size };
        self.kept = self.kept.saturating_add(kept + TURN);
        if self.kept > IN_ALL {
            return Err(format!("with it, more than {} MiB in all", IN_ALL >> 20));
        }
        Ok(())
    }
}

/// Leaves how the task ended, and a note in the place of `count` lines.
fn shorten(outcome: &mut Outcome, count: usize) {
    if count > 0 {
        let limit = OF_A_HOST >> 20;
        let note =
            format!("{count} lines are not shown: this host has reported more than {limit} MiB");
        outcome.details.changes = Vec::new();
        outcome.items = Vec::new();
        outcome.details.notes = vec![note];
    }
    if let Some(Failure { message, hint, exit: _, stdout, stderr }) = &mut outcome.details.failure {
        *message = beginning(std::mem::take(message), SHORT);
        *hint = hint.take().map(|hint| beginning(hint, SHORT));
        *stdout = String::new();
        *stderr = String::new();
    }
}

/// The first bytes of a text, at most so many; whole characters.
pub(super) fn beginning(mut text: String, most: usize) -> String {
    let mut at = most.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    text.truncate(at);
    // What was cut off must not stay in memory.
    text.shrink_to_fit();
    text
}

fn count(outcome: &Outcome) -> usize {
    let Outcome { details, items, status: _, ms: _ } = outcome;
    let count = |details: &Details| details.changes.len() + details.notes.len();
    count(details) + items.iter().map(|item| 1 + count(&item.details)).sum::<usize>()
}

fn size(outcome: &Outcome) -> usize {
    let Outcome { details, items, status: _, ms: _ } = outcome;
    size_of_details(details) + items.iter().map(size_of_item).sum::<usize>()
}

fn size_of_item(item: &ItemOutcome) -> usize {
    let ItemOutcome { label, status: _, details, ms: _ } = item;
    label.len() + TURN + size_of_details(details)
}

fn size_of_details(Details { changes, notes, failure }: &Details) -> usize {
    let lines = changes.iter().map(size_of_change).chain(notes.iter().map(|n| n.len() + LINE));
    lines.chain(failure.iter().map(size_of_failure)).sum()
}

fn size_of_change(Change { line, diff, action }: &Change) -> usize {
    line.len() + diff.as_ref().map_or(0, String::len) + VALUE * action.size() + LINE
}

fn size_of_failure(Failure { message, hint, exit: _, stdout, stderr }: &Failure) -> usize {
    message.len() + hint.as_ref().map_or(0, String::len) + stdout.len() + stderr.len()
}

/// What processes of a host have written so far, as its agent sent it.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// Of the present task.
    task: u64,
    host: u64,
    /// Words about progress, with what a message takes.
    progress: u64,
}

impl Written {
    /// Another task begins.
    pub(super) fn begin(&mut self) {
        self.task = 0;
    }

    /// Takes note of a piece of output.
    ///
    /// # Errors
    /// It is empty, or more than an agent sends; which.
    pub(super) fn output(&mut self, data: &[u8]) -> Result<(), String> {
        if data.is_empty() {
            return Err("the agent sent output without a byte".to_owned());
        }
        self.task += output_cost(data);
        self.host += output_cost(data);
        let over = [
            (self.task > OUTPUT_OF_TASK, "of one task", OUTPUT_OF_TASK),
            (self.host > OUTPUT_OF_HOST, "in all", OUTPUT_OF_HOST),
        ];
        match over.into_iter().find(|(over, ..)| *over) {
            Some((_, what, most)) => {
                Err(format!("the agent sent more than {} MiB of output {what}", most >> 20))
            }
            None => Ok(()),
        }
    }

    /// Takes note of a word about progress.
    ///
    /// # Errors
    /// These are more than an agent sends.
    pub(super) fn progress(&mut self, text: &str) -> Result<(), String> {
        self.progress += (text.len() + LINE) as u64;
        if self.progress > PROGRESS {
            return Err(format!("the agent sent more than {} MiB of progress", PROGRESS >> 20));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hep_protocol::outcome::Status;

    fn outcome(lines: usize, length: usize) -> Outcome {
        let changes = vec![Change::new("x".repeat(length)); lines];
        Outcome::new(Status::Changed, Details { changes, ..Details::default() })
    }

    fn item(label: usize, lines: usize) -> ItemOutcome {
        let Outcome { status, details, items: _, ms } = outcome(lines, 0);
        ItemOutcome { label: "x".repeat(label), status, details, ms }
    }

    #[test]
    fn an_outcome_is_bounded() {
        let check = |mut outcome: Outcome, expected: Result<(), &str>| {
            assert_eq!(Told::default().take(&mut outcome), expected.map_err(str::to_owned));
        };
        check(outcome(COUNT, 0), Ok(()));
        let many = "200001 changes, notes and items, and 200000 are allowed";
        check(outcome(COUNT + 1, 0), Err(many));
        check(Outcome { items: vec![item(0, COUNT)], ..outcome(0, 0) }, Err(many));
        check(Outcome { items: vec![item(0, 0); 50_000], ..outcome(0, 0) }, Ok(()));
        check(outcome(1, OF_A_TASK - LINE), Ok(()));
        let long = "16777217 bytes of changes, and 16777216 are allowed";
        check(outcome(1, OF_A_TASK - LINE + 1), Err(long));
        let diff = Some("x".repeat(OF_A_TASK - LINE + 1));
        let changes = vec![Change { diff, ..Change::new("") }];
        let details = Details { changes, ..Details::default() };
        check(Outcome::new(Status::Changed, details), Err(long));
        let failure = Failure { message: "x".repeat(OF_A_TASK + 1), ..Failure::default() };
        let details = Details { failure: Some(failure), ..Details::default() };
        check(Outcome::new(Status::Failed, details), Err(long));
        let items = vec![item(OF_A_TASK - TURN + 1, 0)];
        check(Outcome { items, ..outcome(0, 0) }, Err(long));
    }

    #[test]
    fn beyond_the_total_of_a_host_only_the_end_is_told() {
        let mut told = Told::default();
        for _ in 0..4 {
            let mut outcome = outcome(1, OF_A_TASK - LINE);
            told.take(&mut outcome).unwrap();
            assert_eq!(outcome.details.changes.len(), 1);
        }
        let mut more = Outcome { items: vec![item(1, 1)], ..outcome(2, 1) };
        told.take(&mut more).unwrap();
        let note = "4 lines are not shown: this host has reported more than 64 MiB".to_owned();
        let details = Details { notes: vec![note], ..Details::default() };
        assert_eq!(more, Outcome::new(Status::Changed, details));
        let mut nothing = outcome(0, 0);
        told.take(&mut nothing).unwrap();
        assert_eq!(nothing, outcome(0, 0));
        let (message, stdout) = ("\u{fc}".repeat(SHORT), "said".to_owned());
        let failure = Failure { message, stdout, ..Failure::default() };
        let details = Details { failure: Some(failure), ..Details::default() };
        let mut failed = Outcome::new(Status::Failed, details);
        told.take(&mut failed).unwrap();
        let message = "\u{fc}".repeat(SHORT / 2);
        assert_eq!(failed.details.failure, Some(Failure { message, ..Failure::default() }));
    }

    #[test]
    fn output_is_bounded_by_task_and_by_host() {
        let piece = vec![b'x'; 1 << 20];
        let mut written = Written::default();
        for _ in 0..16 {
            written.begin();
            (0..16).for_each(|_| written.output(&piece).unwrap());
        }
        let in_all = "the agent sent more than 256 MiB of output in all";
        written.begin();
        assert_eq!(written.output(b"x"), Err(in_all.to_owned()));
        let mut written = Written::default();
        (0..16).for_each(|_| written.output(&piece).unwrap());
        let of_one = "the agent sent more than 16 MiB of output of one task";
        assert_eq!(written.output(b"x"), Err(of_one.to_owned()));
        let nothing = "the agent sent output without a byte";
        assert_eq!(Written::default().output(b""), Err(nothing.to_owned()));
        let progress = (0..).find_map(|_| written.progress("").err());
        let most = "the agent sent more than 128 MiB of progress";
        assert_eq!(progress, Some(most.to_owned()));
    }

    #[test]
    fn an_endless_loop_comes_to_an_end() {
        let mut told = Told::default();
        let taken =
            (0..usize::MAX).find_map(|n| told.take(&mut outcome(0, 0)).err().map(|e| (n, e)));
        assert_eq!(taken, Some((IN_ALL / TURN, "with it, more than 128 MiB in all".to_owned())));
    }
}
