//! `ObserveServices` and `ChangeServices` in memory.

use super::Overlay;
use crate::sys::files::ObserveFiles as _;
use crate::sys::services::{
    Boot, ChangeServices, Definition, ObserveServices, Running, ServiceJob, ServiceState,
    script_name, unit_name,
};
use crate::sys::{Cause, Observe, Subject, SysError};
use hep_protocol::facts::Init;
use hep_protocol::value::{AbsPath, ServiceName};
use std::collections::BTreeMap;

/// Where systemd.unit(5) looks for units, the first before the last.
const UNIT_DIRECTORIES: [&str; 5] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/lib/systemd/system",
    "/usr/lib/systemd/system",
];

/// No unit file is larger; a larger one is not looked into.
const UNIT_LIMIT: u64 = 1024 * 1024;

/// What is different about services: the state of every one that was acted on, by its unit's name.
#[derive(Default)]
pub(super) struct Changed {
    states: BTreeMap<String, ServiceState>,
    refreshed: bool,
}

impl<O: Observe> ObserveServices for Overlay<O> {
    fn service_manager(&self) -> Init {
        self.base.service_manager()
    }

    fn service(
        &self,
        name: &ServiceName,
        pattern: Option<&str>,
    ) -> Result<Option<ServiceState>, SysError> {
        let found = match self.services.states.get(&unit_name(name)) {
            Some(state) => Some(state.clone()),
            None => match self.base.service(name, pattern)? {
                Some(state) => Some(state),
                None => match self.service_of_new_file(name)? {
                    Some(state) => Some(state),
                    None => self.service_to_come(name)?,
                },
            },
        };
        Ok(found.map(|state| match self.services.refreshed {
            true => ServiceState { definition: Definition::Current, ..state },
            false => state,
        }))
    }

    fn services(&self) -> Result<Vec<String>, SysError> {
        self.base.services()
    }
}

impl<O: Observe> Overlay<O> {
    /// A service that is nowhere yet, if an earlier task may bring it.
    fn service_to_come(&self, name: &ServiceName) -> Result<Option<ServiceState>, SysError> {
        match self.depends(Subject::Service(name)) {
            None => Ok(None),
            Some(Cause::Command(_)) => Ok(Some(ServiceState::later())),
            Some(Cause::Packages(_)) => {
                // invoke-rc.d(8) asks this program whether packages may start services.
                let policy = AbsPath::try_from("/usr/sbin/policy-rc.d".to_owned())
                    .map_err(|error| SysError::new(error.to_string()))?;
                let forbidden = self.lstat(&policy)?.is_some();
                let running = if forbidden { Running::No } else { Running::Yes };
                Ok(Some(ServiceState::of_package(running)))
            }
        }
    }

    /// A service whose unit or script an earlier task would put in place.
    fn service_of_new_file(&self, name: &ServiceName) -> Result<Option<ServiceState>, SysError> {
        let path = |directory: &str, file: &str| {
            AbsPath::try_from(format!("{directory}/{file}"))
                .map_err(|error| SysError::new(error.to_string()))
        };
        match self.base.service_manager() {
            Init::Sysv => {
                let there = self.lstat(&path("/etc/init.d", script_name(name))?)?.is_some();
                Ok(there.then(|| ServiceState::fresh(Boot::Disabled)))
            }
            Init::Systemd => {
                for directory in UNIT_DIRECTORIES {
                    let unit = path(directory, &unit_name(name))?;
                    if let Some(real) = self.resolve(&unit)? {
                        let text = self.read(&real, UNIT_LIMIT)?;
                        return Ok(Some(ServiceState::fresh(boot_of_unit(text.as_deref()))));
                    }
                }
                Ok(None)
            }
        }
    }
}

/// Whether a unit that was never enabled can be: by its section [Install] (systemd.unit(5)).
fn boot_of_unit(text: Option<&[u8]>) -> Boot {
    let Some(text) = text else { return Boot::Disabled };
    let text = String::from_utf8_lossy(text);
    if text.lines().any(|line| line.trim() == "[Install]") {
        Boot::Disabled
    } else {
        Boot::Fixed("static".to_owned())
    }
}

impl<O: Observe> ChangeServices for Overlay<O> {
    fn act_on_service(&mut self, job: &ServiceJob) -> Result<(), SysError> {
        let before = self.service(&job.name, job.pattern.as_deref())?;
        let after = before.unwrap_or_else(ServiceState::later).after(job.verb);
        self.services.states.insert(unit_name(&job.name), after);
        Ok(())
    }

    fn refresh_units(&mut self) -> Result<(), SysError> {
        self.services.refreshed = true;
        Ok(())
    }
}

#[cfg(test)]
impl<O: Observe> Overlay<O> {
    /// Puts a service on the host as the test wants it.
    pub(crate) fn set_service(&mut self, name: &str, state: ServiceState) {
        self.services.states.insert(name.to_owned(), state);
    }

    /// Lets an earlier task have done what only its real run would show.
    pub(crate) fn set_cause(&mut self, cause: Cause) {
        self.causes.push(cause);
    }
}
