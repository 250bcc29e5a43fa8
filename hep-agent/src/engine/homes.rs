//! The homes with which paths of tasks may begin: those of users that the host has, also of ones that a check has foreseen.

use super::Walk;
use super::task::Job;
use crate::render::{Names, Rendered, Unrendered};
use crate::sys::accounts::Reach;
use crate::sys::{Host, Subject};
use std::cell::RefCell;

impl Walk<'_> {
    /// The task with its expressions replaced, and the homes with which its paths begin; `acting` is the user that it runs as, if
    /// not the process's own.
    pub(super) fn rendered<'t>(
        &mut self,
        job: &Job<'t>,
        names: &Names,
        acting: Option<&str>,
    ) -> Result<Rendered<'t>, Unrendered> {
        let machine = RefCell::new(&mut self.machine);
        let unknown = RefCell::new(None);
        let home = |named: &str| {
            let user = match (named, acting) {
                ("", None) => return std::env::var("HOME").ok(),
                ("", Some(user)) | (user, _) => user,
            };
            let look = |host: &mut dyn Host, _| {
                let entry = host.user_entry(user, Reach::Everywhere);
                (entry, host.depends(Subject::User(user)))
            };
            match machine.borrow_mut().with(job.control.check, look)? {
                (Ok(Some(entry)), _) => Some(entry.home),
                (Ok(None), None) => None,
                (Ok(None), Some(cause)) => {
                    unknown.replace(Some(Unrendered::Unknown(cause.to_string())));
                    None
                }
                (Err(error), _) => {
                    unknown.replace(Some(Unrendered::Wrong(error)));
                    None
                }
            }
        };
        let rendered = names.task(job.task, self.outside, &home);
        rendered.map_err(|why| unknown.take().unwrap_or(why))
    }
}
