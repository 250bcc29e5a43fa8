//! What links lead to, and what is there.

use super::Look;
use crate::module::file::{Dangling, Scope, Want};
use crate::sys::files::Place;
use crate::sys::{Subject, SysError};
use hep_protocol::task::file::Action;
use hep_protocol::value::AbsPath;

impl Look<'_> {
    pub(super) fn link(&mut self, target: &str) -> Result<(), SysError> {
        let name = target.trim_end_matches('/').rsplit('/').next();
        let into = self.params.dest.into;
        let path = self.destination(name.filter(|name| into && !name.is_empty()))?;
        let leads = self.behind(&path, target)?;
        let dangling = match self.host.resolve(&leads)? {
            Some(_) if self.leads_through(&leads, &path)? => Dangling::Circle,
            Some(_) => Dangling::No,
            None => Dangling::Missing(self.host.depends(Subject::Path(&leads))),
        };
        let is_there = matches!(dangling, Dangling::No);
        let want = Want::Link { target: target.to_owned(), dangling };
        if !self.params.follow || self.params.action != Action::Link {
            return self.add(Place::of(path), want, Scope::Asked);
        }
        self.add(Place::of(path), want, Scope::Holder)?;
        if !is_there || self.asked.is_empty() {
            return Ok(());
        }
        match self.trusted(&leads)? {
            Some(real) => self.add(Place::of(real), Want::Attributes { cause: None }, Scope::Asked),
            None => Ok(()),
        }
    }

    pub(super) fn hardlink(&mut self, target: &str) -> Result<(), SysError> {
        let target = AbsPath::try_from(target.to_owned()).map_err(|error| {
            SysError::new(error.to_string()).hint("write the full path on the host in `src`")
        })?;
        let target = self.followed(target)?;
        let target_place = Place::of(target.clone());
        let target_meta = self.host.lstat_at(&target_place)?;
        let mut shared = false;
        if let Some(meta) = &target_meta {
            self.names.learn(&meta.attrs, self.host);
            shared = self.host.is_shared(&target_place, meta)?;
        }
        let cause = self.host.depends(Subject::Path(&target));
        let path = self.destination(None)?;
        let want = Want::Hardlink { target, target_meta, shared, cause };
        self.add(Place::of(path), want, Scope::Asked)
    }
}
