//! A unified diff of two texts, as diff -u writes it (POSIX, diff: "Diff -u or -U Output Format").
//!
//! Lines are compared by one algorithm of `similar`; its own texts would bring all of them into the agent.

use similar::algorithms::{Capture, Compact, Replace, myers};
use similar::{ChangeTag, DiffOp};
use std::fmt::{self, Write as _};
use std::ops::Range;
use std::time::{Duration, Instant};

/// So many equal lines are shown around what differs.
const CONTEXT: usize = 3;

/// How long the shortest diff is searched for; then a longer one will do.
const SEARCH: Duration = Duration::from_secs(2);

/// The diff, under two names; empty if the texts are equal.
pub(super) fn unified(names: [&str; 2], old: &str, new: &str) -> String {
    let [old, new] = [old, new].map(|text| text.split_inclusive('\n').collect::<Vec<_>>());
    let (old, new) = (old.as_slice(), new.as_slice());
    let mut hook = Compact::new(Replace::new(Capture::new()), old, new);
    let until = Instant::now().checked_add(SEARCH);
    let (all_old, all_new) = (0..old.len(), 0..new.len());
    // The hook keeps what it is told and never fails.
    let Ok(()) = myers::diff_deadline(&mut hook, old, all_old, new, all_new, until);
    let hunks = hook.into_inner().into_inner().into_grouped_ops(CONTEXT);
    let mut text = String::new();
    for hunk in hunks.iter().filter(|hunk| !hunk.is_empty()) {
        if text.is_empty() {
            let [before, after] = names;
            // Writing to a String cannot fail.
            let _ = writeln!(text, "--- {before}\n+++ {after}");
        }
        let _ = append(hunk, old, new, &mut text);
    }
    text
}

fn append(hunk: &[DiffOp], old: &[&str], new: &[&str], text: &mut String) -> fmt::Result {
    let (Some(first), Some(last)) = (hunk.first(), hunk.last()) else { return Ok(()) };
    let before = first.old_range().start..last.old_range().end;
    let after = first.new_range().start..last.new_range().end;
    writeln!(text, "@@ -{} +{} @@", lines(&before), lines(&after))?;
    for operation in hunk {
        let (tag, before, after) = operation.as_tag_tuple();
        match tag {
            similar::DiffTag::Equal => side(ChangeTag::Equal, old, before, text)?,
            similar::DiffTag::Delete | similar::DiffTag::Insert | similar::DiffTag::Replace => {
                side(ChangeTag::Delete, old, before, text)?;
                side(ChangeTag::Insert, new, after, text)?;
            }
        }
    }
    Ok(())
}

fn side(tag: ChangeTag, all: &[&str], lines: Range<usize>, text: &mut String) -> fmt::Result {
    for line in all.get(lines).unwrap_or_default() {
        write!(text, "{tag}{line}")?;
        if !line.ends_with('\n') {
            text.push_str("\n\\ No newline at end of file\n");
        }
    }
    Ok(())
}

/// Counted from one; where there are none, the line before.
fn lines(range: &Range<usize>) -> String {
    match range.len() {
        0 => format!("{},0", range.start),
        1 => format!("{}", range.start + 1),
        len => format!("{},{len}", range.start + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(old: &str, new: &str, expected: &str) {
        assert_eq!(unified(["a", "b"], old, new), expected);
    }

    #[test]
    fn hunks_are_as_diff_writes_them() {
        check("x\n", "x\n", "");
        check("", "x\n", "--- a\n+++ b\n@@ -0,0 +1 @@\n+x\n");
        check("x\ny\n", "", "--- a\n+++ b\n@@ -1,2 +0,0 @@\n-x\n-y\n");
        let no_end = "\n\\ No newline at end of file\n";
        check("x", "x\n", &format!("--- a\n+++ b\n@@ -1 +1 @@\n-x{no_end}+x\n"));
        let lines = |changed: &[u32]| {
            let line =
                |n: u32| if changed.contains(&n) { "new\n".into() } else { format!("{n}\n") };
            (1..=20).map(line).collect::<String>()
        };
        check(
            &lines(&[]),
            &lines(&[5, 18]),
            "--- a\n+++ b\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+new\n 6\n 7\n 8\n\
             @@ -15,6 +15,6 @@\n 15\n 16\n 17\n-18\n+new\n 19\n 20\n",
        );
    }
}
