//! Mistakes that some hosts have and others do not: each is told once, with the hosts if not all have it. One in what
//! perhaps no host reaches is a doubt: it is told, and stops nothing.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::Span;
use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;

/// Mistakes by the classes of hosts that have them.
#[derive(Debug, Default)]
pub(super) struct Mistakes {
    /// Those of plays that are done.
    pub(super) all: Diagnostics,
    /// The same of what only hosts can decide whether it is reached.
    pub(super) doubts: Vec<Diagnostic>,
    /// Whether hosts decide whether what is looked at is reached.
    pub(super) doubtful: bool,
    /// The hosts of each class of the present play.
    classes: Vec<Vec<usize>>,
    found: Vec<Found>,
    places: HashMap<(PathBuf, Option<Span>, String), usize>,
}

/// A mistake of the present play.
#[derive(Debug)]
struct Found {
    diagnostic: Diagnostic,
    /// The classes of hosts that have it.
    classes: BTreeSet<usize>,
    /// Those of them that surely meet it.
    sure: BTreeSet<usize>,
    /// Whether it is one only if all hosts have it.
    of_all: bool,
}

impl Mistakes {
    /// From here on mistakes are of these hosts.
    pub(super) fn begin_class(&mut self, members: &[usize]) {
        self.classes.push(members.to_vec());
    }

    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        self.push_as(diagnostic, false);
    }

    /// One that is a mistake only if every host has it.
    pub(super) fn push_of_all(&mut self, diagnostic: Diagnostic) {
        self.push_as(diagnostic, true);
    }

    fn push_as(&mut self, diagnostic: Diagnostic, of_all: bool) {
        let class = self.classes.len().saturating_sub(1);
        let span = diagnostic.place.as_ref().map(|place| place.span);
        let key = (diagnostic.path.clone(), span, diagnostic.message.clone());
        let next = self.found.len();
        let at = *self.places.entry(key).or_insert(next);
        let sure = (!self.doubtful).then_some(class);
        match self.found.get_mut(at) {
            Some(found) => {
                found.classes.insert(class);
                found.sure.extend(sure);
            }
            None => {
                let (classes, sure) = (BTreeSet::from([class]), sure.into_iter().collect());
                self.found.push(Found { diagnostic, classes, sure, of_all });
            }
        }
    }

    pub(super) fn extend(&mut self, diagnostics: Diagnostics) {
        diagnostics.into_iter().for_each(|diagnostic| self.push(diagnostic));
    }

    /// The play's hosts are through.
    pub(super) fn end_play(&mut self, name: &dyn Fn(&usize) -> String) {
        let count = self.classes.len();
        for found in std::mem::take(&mut self.found) {
            let Found { mut diagnostic, classes, sure, of_all } = found;
            if classes.len() < count {
                let members = classes.iter().filter_map(|class| self.classes.get(*class)).flatten();
                let names: Vec<String> = members.map(name).collect();
                diagnostic.message = format!("{}, for {}", diagnostic.message, some(&names));
            }
            let needed = if of_all { count } else { 1 };
            if sure.len() < needed {
                self.doubts.push(diagnostic);
            } else {
                self.all.push(diagnostic);
            }
        }
        self.classes.clear();
        self.places.clear();
    }

    /// The doubts, a line for each message.
    pub(super) fn told_doubts(&self) -> Vec<String> {
        let mut lines: Vec<(&Diagnostic, usize)> = Vec::new();
        for doubt in &self.doubts {
            match lines.iter_mut().find(|(first, _)| first.message == doubt.message) {
                Some((_, times)) => *times += 1,
                None => lines.push((doubt, 1)),
            }
        }
        let line = |(doubt, times): (&Diagnostic, usize)| match times {
            1 => doubt.in_a_line(),
            _ => format!("{}; the same in {} more places", doubt.in_a_line(), times - 1),
        };
        lines.into_iter().map(line).collect()
    }
}

/// Three names at most.
fn some(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(3).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(shown.len()) {
        0 => shown.join(", "),
        more => format!("{} and {more} more hosts", shown.join(", ")),
    }
}
