//! Owner, group and mode of what is there.

use super::{Decide, existing, fresh, kept, shared_file};
use crate::module::file::{Entry, Found, Scope, words};
use crate::planned::Planned;
use crate::sys::files::{Attrs, FileAction, Meta, NewAttrs, Place};
use crate::sys::{Cause, SysError};

impl Decide<'_> {
    pub(super) fn attributes(
        &self,
        entry: &Entry,
        cause: Option<&Cause>,
    ) -> Result<Vec<Planned>, SysError> {
        let path = entry.place.path();
        match (&entry.found, cause) {
            (Some(found), _) => {
                self.refuse_mode_of_link(
                    entry,
                    "`follow: true` sets it on what the link leads to",
                )?;
                self.set(entry, found)
            }
            (None, Some(_)) if self.state.asked.is_empty() => Ok(Vec::new()),
            (None, Some(cause)) => {
                let attrs = fresh(&self.state.asked, entry, 0o644, false);
                let detail = words::asked(&self.state.asked, &attrs, &self.state.names);
                let place = entry.place.clone();
                let step = FileAction::Set { place, from: None, to: attrs, detail };
                Ok(vec![Planned { depends: Some(cause.clone()), ..self.planned(step) }])
            }
            (None, None) => Err(SysError::new(format!("{path} does not exist")).hint(
                "give `src` or `content` to make a file, `action: directory` to make a directory",
            )),
        }
    }

    /// One step for all of them: a tree may have very many. Its line shows the first.
    pub(super) fn attributes_below(
        &self,
        entry: &Entry,
        entries: &[(String, Place, Meta)],
    ) -> Vec<Planned> {
        const SHOWN: usize = 3;
        let wanted = |meta| existing(&self.state.asked, meta, Scope::Tree);
        let words = entries.iter().take(SHOWN).map(|(below, _, meta)| {
            let changes = words::changes(&meta.attrs, &wanted(meta), &self.state.names);
            format!("{below} ({changes})")
        });
        let mut words: Vec<String> = words.collect();
        if entries.len() > SHOWN {
            words.push(format!("and {} more", entries.len() - SHOWN));
        }
        let detail = words.join(", ");
        let set = entries.iter().map(|(_, place, meta)| NewAttrs {
            place: place.clone(),
            from: meta.attrs.clone(),
            to: wanted(meta),
        });
        let root = entry.place.path().clone();
        let step = FileAction::SetBelow { root, entries: set.collect(), detail };
        if entries.is_empty() { Vec::new() } else { vec![self.planned(step)] }
    }

    /// Fixes the attributes of what is there, if they need it.
    pub(super) fn set(&self, entry: &Entry, found: &Found) -> Result<Vec<Planned>, SysError> {
        let attrs = kept(&self.state.asked, entry, found);
        let steps = self.set_from(entry, &found.meta.attrs, attrs);
        if found.shared && !steps.is_empty() {
            return Err(shared_file(entry.place.path()));
        }
        Ok(steps)
    }

    pub(super) fn set_from(&self, entry: &Entry, from: &Attrs, to: Attrs) -> Vec<Planned> {
        let detail = words::changes(from, &to, &self.state.names);
        if detail.is_empty() && *from == to {
            Vec::new()
        } else {
            let (place, from) = (entry.place.clone(), Some(from.clone()));
            vec![self.planned(FileAction::Set { place, from, to, detail })]
        }
    }
}
