//! Secrets in what tasks report: every text of an outcome, and every text of a value.

use super::Redactor;
use crate::outcome::{Change, Details, Failure, ItemOutcome, MAX_SHOWN, Outcome, Told};
use crate::value::Json;
use serde_json::Value;

/// From this length on a captured output may have lost its beginning: as many bytes as a failure carries, less one
/// broken character.
const MAYBE_CUT: usize = MAX_SHOWN - 3;

impl Redactor {
    /// Masks all texts of an outcome, and of its elements.
    pub fn mask_outcome(&self, outcome: &mut Outcome) {
        let Outcome { status: _, details, items, ms: _ } = outcome;
        self.details(details);
        for item in items {
            let ItemOutcome { label, status: _, details, ms: _ } = item;
            self.mask_in(label);
            self.details(details);
        }
    }

    fn details(&self, Details { changes, notes, failure }: &mut Details) {
        for Change { line, diff, action } in changes {
            self.mask_in(line);
            diff.iter_mut().for_each(|diff| self.mask_in(diff));
            match action {
                Told::Action(Json(action)) => self.mask_value(action),
                Told::Nothing | Told::TooMuch => {}
            }
        }
        notes.iter_mut().for_each(|note| self.mask_in(note));
        failure.iter_mut().for_each(|failure| self.mask_failure(failure));
    }

    /// Masks all texts of a failure; of captured output that lost its beginning also what is left of a secret there.
    pub fn mask_failure(&self, failure: &mut Failure) {
        let Failure { message, hint, exit: _, stdout, stderr } = failure;
        for output in [&mut *stdout, &mut *stderr] {
            if output.len() >= MAYBE_CUT {
                self.drop_broken(output);
            }
        }
        for text in [message, stdout, stderr].into_iter().chain(hint.as_mut()) {
            self.mask_in(text);
        }
    }

    /// Masks all texts in a value but the names of its entries.
    pub fn mask_value(&self, value: &mut Value) {
        match value {
            Value::String(text) => self.mask_in(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.mask_value(item)),
            Value::Object(entries) => entries.values_mut().for_each(|entry| self.mask_value(entry)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captured_output_begins_in_no_secret() {
        let redactor = Redactor::new(["hunter22"]);
        let cut = format!("nter22{}", "x".repeat(64 * 1024 - 6));
        let mut failure = Failure { stdout: cut, stderr: "nter22".into(), ..Failure::default() };
        redactor.mask_failure(&mut failure);
        assert!(failure.stdout.starts_with('x'));
        assert_eq!(failure.stderr, "nter22");
    }
}
