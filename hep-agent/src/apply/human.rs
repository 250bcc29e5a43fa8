//! The report for a person: what became of each task, and at the end how many ended how.

use hep_protocol::outcome::{Change, Counts, Details, Failure, ItemOutcome, Outcome, Status};
use hep_protocol::text::{shown, shown_diff};

/// Where the text under a task begins.
const INDENT: &str = "         ";

/// What is counted at the end even if there is none of it.
const USUAL: [Status; 4] = [Status::Ok, Status::Changed, Status::Pending, Status::Failed];

/// What is counted only if there is any of it.
const RARE: [Status; 3] = [Status::Ignored, Status::Rescued, Status::Skipped];

/// How a task ended, without the last newline.
pub(super) fn task(name: &str, outcome: &Outcome) -> String {
    let Outcome { status, details, items, ms: _ } = outcome;
    let Details { changes, notes, failure } = details;
    let mut lines = vec![format!("{status:<8} {}", shown(name))];
    lines.extend(parts(INDENT, changes, notes, None));
    lines.extend(elements(items));
    lines.extend(parts(INDENT, &[], &[], failure.as_ref()));
    lines.join("\n")
}

/// How the run ended.
pub(super) fn end(counts: Counts) -> String {
    let rare = RARE.into_iter().filter(|status| counts.of(*status) > 0);
    let parts = USUAL.into_iter().chain(rare);
    let parts: Vec<String> =
        parts.map(|status| format!("{} {status}", counts.of(status))).collect();
    format!("\n{}", parts.join(", "))
}

/// The elements of a loop, and of those that did nothing how many there are.
fn elements(items: &[ItemOutcome]) -> Vec<String> {
    let mut lines = Vec::new();
    let below = format!("{INDENT}  ");
    for item in items.iter().filter(|item| !item.is_quiet()) {
        let ItemOutcome { label, status, details, ms: _ } = item;
        let Details { changes, notes, failure } = details;
        lines.push(format!("{INDENT}{status:<8} {}", shown(label)));
        lines.extend(parts(&below, changes, notes, failure.as_ref()));
    }
    for status in [Status::Ok, Status::Skipped] {
        match items.iter().filter(|item| item.is_quiet() && item.status == status).count() {
            0 => {}
            1 => lines.push(format!("{INDENT}1 item {status}")),
            n => lines.push(format!("{INDENT}{n} items {status}")),
        }
    }
    lines
}

fn parts(
    indent: &str,
    changes: &[Change],
    notes: &[String],
    failure: Option<&Failure>,
) -> Vec<String> {
    let mut lines = Vec::new();
    for change in changes {
        lines.push(format!("{indent}{}", shown(&change.line)));
        let diff = change.diff.iter().flat_map(|diff| shown_diff(diff));
        lines.extend(diff.map(|line| format!("{indent}  {line}")));
    }
    let noted = notes.iter().flat_map(|note| note.lines());
    lines.extend(noted.map(|line| format!("{indent}{}", shown(line))));
    if let Some(failure) = failure {
        lines.push(format!("{indent}error: {}", shown(&failure.message)));
        lines.extend(failure.hint.iter().map(|hint| format!("{indent}hint: {}", shown(hint))));
        lines.extend(failure.exit.iter().map(|exit| format!("{indent}{exit}")));
        for (what, text) in [("stdout", &failure.stdout), ("stderr", &failure.stderr)] {
            lines.extend(text.lines().map(|line| format!("{indent}{what}: {}", shown(line))));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_of_a_loop_stand_under_their_task() {
        let item = |label: &str, status, line: &[&str]| ItemOutcome {
            label: label.to_owned(),
            status,
            details: Details {
                changes: line.iter().map(|line| Change::new(*line)).collect(),
                ..Details::default()
            },
            ms: 1,
        };
        let items = vec![
            item("a", Status::Ok, &[]),
            item("b\u{1b}", Status::Changed, &["create /b"]),
            item("c", Status::Ok, &[]),
            item("d", Status::Skipped, &[]),
        ];
        let details = Details { notes: vec!["two\nlines".to_owned()], ..Details::default() };
        let outcome = Outcome { status: Status::Changed, details, items, ms: 1 };
        assert_eq!(
            task("place files", &outcome),
            "changed  place files\n         two\n         lines\n         changed  b\\u{1b}\n           create /b\n         2 items ok\n         1 item skipped"
        );
    }

    #[test]
    fn the_end_counts_what_there_was() {
        let mut counts = Counts::default();
        assert_eq!(end(counts), "\n0 ok, 0 changed, 0 pending, 0 failed");
        [Status::Ok, Status::Rescued, Status::Rescued].into_iter().for_each(|s| counts.add(s));
        assert_eq!(end(counts), "\n1 ok, 0 changed, 0 pending, 0 failed, 2 rescued");
    }
}
