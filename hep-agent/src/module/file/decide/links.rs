//! Symbolic and hard links.

use super::{Decide, durable, existing, fresh, refuse_protected};
use crate::module::file::{Asked, Dangling, Entry, words};
use crate::planned::Planned;
use crate::sys::files::{Attrs, FileAction, FileKind, Meta, NewLink};
use crate::sys::{Cause, SysError};
use hep_protocol::task::file::Action;
use hep_protocol::value::AbsPath;

impl Decide<'_> {
    pub(super) fn link(
        &self,
        entry: &Entry,
        target: &str,
        dangling: &Dangling,
    ) -> Result<Vec<Planned>, SysError> {
        let path = entry.place.path();
        let own = self.params.action == Action::Link;
        if own && self.state.asked.mode.is_some() && !self.params.follow {
            return Err(SysError::new(format!("{path}: a link has no mode of its own"))
                .hint("`follow: true` sets it on what the link leads to"));
        }
        let refused = |why: &str| {
            Err(SysError::new(format!("{target}, which {path} would point to, {why}"))
                .hint("`force: true` makes the link all the same"))
        };
        let cause = match dangling {
            Dangling::No => None,
            Dangling::Missing(_) | Dangling::Circle if self.params.force => None,
            Dangling::Missing(Some(cause)) => Some(cause),
            Dangling::Missing(None) => return refused("does not exist"),
            Dangling::Circle => return refused("leads back to it"),
        };
        let mut steps = match &entry.found {
            Some(found) if found.link.as_deref() == Some(target) => self.set(entry, found)?,
            Some(found) if found.meta.kind == FileKind::Link => {
                refuse_protected(found)?;
                let attrs = existing(&self.state.asked, &found.meta, entry.scope);
                let was = found.link.as_deref().unwrap_or_default();
                let changes = words::changes(&found.meta.attrs, &attrs, &self.state.names);
                let detail = format!(" ({})", words::joined(format!("was -> {was}"), &changes));
                vec![self.make_link(entry, target, attrs, detail)]
            }
            Some(_) | None => {
                if entry.found.is_some() {
                    self.may_give_way(entry, "a link")?;
                }
                let attrs = fresh(&self.state.asked, entry, 0o777, false);
                let detail = self.owners_asked(&attrs);
                vec![self.make_link(entry, target, attrs, detail)]
            }
        };
        if let Some(cause) = cause {
            let depending = steps.iter_mut().map(|planned| &mut planned.depends);
            depending.for_each(|depends| *depends = Some(cause.clone()));
        }
        Ok(steps)
    }

    pub(super) fn make_link(
        &self,
        entry: &Entry,
        target: &str,
        attrs: Attrs,
        detail: String,
    ) -> Planned {
        let (place, from) = (entry.place.clone(), entry.former());
        let to = NewLink { target: target.to_owned(), attrs };
        self.planned(FileAction::Link { place, from, to, durable: durable(entry), detail })
    }

    /// The owners of the link itself.
    fn owners_asked(&self, attrs: &Attrs) -> String {
        let asked = Asked { mode: None, directory_mode: None, ..self.state.asked.clone() };
        if asked.is_empty() || self.params.follow {
            String::new()
        } else {
            format!(" ({})", words::asked(&asked, attrs, &self.state.names))
        }
    }

    pub(super) fn hardlink(
        &self,
        entry: &Entry,
        target: &AbsPath,
        target_meta: Option<&Meta>,
        cause: Option<&Cause>,
    ) -> Result<Vec<Planned>, SysError> {
        let link = |depends: Option<&Cause>| {
            let (place, from, to) = (entry.place.clone(), entry.former(), target.clone());
            let mut planned = self.planned(FileAction::Hardlink { place, from, to });
            if let Some(cause) = depends {
                planned.depends = Some(cause.clone());
            }
            planned
        };
        self.file_may_come(entry)?;
        let Some(meta) = target_meta else {
            return match cause {
                Some(cause) => Ok(vec![link(Some(cause))]),
                None => Err(SysError::new(format!("there is no {target} to give a second name"))
                    .hint("correct `src`")),
            };
        };
        if meta.kind == FileKind::Directory {
            return Err(SysError::new(format!(
                "{target} is a directory: it can have no second name"
            ))
            .hint("write `action: link`"));
        }
        let is_same = entry.found.as_ref().is_some_and(|found| found.meta.id == meta.id);
        let attrs = existing(&self.state.asked, meta, entry.scope);
        let mut steps = if is_same { Vec::new() } else { vec![link(None)] };
        steps.extend(self.set_from(entry, &meta.attrs, attrs));
        Ok(steps)
    }
}
