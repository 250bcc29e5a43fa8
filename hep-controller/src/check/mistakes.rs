//! Mistakes that some hosts have and others do not: each is told once, with the hosts if not all have it.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::Span;
use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;

/// Mistakes by the classes of hosts that have them.
#[derive(Debug, Default)]
pub(super) struct Mistakes {
    /// Those of plays that are done.
    pub(super) all: Diagnostics,
    /// The hosts of each class of the present play.
    classes: Vec<Vec<usize>>,
    found: Vec<(Diagnostic, BTreeSet<usize>)>,
    places: HashMap<(PathBuf, Option<Span>, String), usize>,
}

impl Mistakes {
    /// From here on mistakes are of these hosts.
    pub(super) fn begin_class(&mut self, members: &[usize]) {
        self.classes.push(members.to_vec());
    }

    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        let class = self.classes.len().saturating_sub(1);
        let span = diagnostic.place.as_ref().map(|place| place.span);
        let key = (diagnostic.path.clone(), span, diagnostic.message.clone());
        let next = self.found.len();
        let at = *self.places.entry(key).or_insert(next);
        match self.found.get_mut(at) {
            Some((_, classes)) => drop(classes.insert(class)),
            None => self.found.push((diagnostic, BTreeSet::from([class]))),
        }
    }

    pub(super) fn extend(&mut self, diagnostics: Diagnostics) {
        diagnostics.into_iter().for_each(|diagnostic| self.push(diagnostic));
    }

    /// The play's hosts are through.
    pub(super) fn end_play(&mut self, name: &dyn Fn(&usize) -> String) {
        let count = self.classes.len();
        for (mut diagnostic, classes) in std::mem::take(&mut self.found) {
            if classes.len() < count {
                let members = classes.iter().filter_map(|class| self.classes.get(*class)).flatten();
                let names: Vec<String> = members.map(name).collect();
                diagnostic.message = format!("{}, for {}", diagnostic.message, some(&names));
            }
            self.all.push(diagnostic);
        }
        self.classes.clear();
        self.places.clear();
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
