//! Services on the real host: systemd when it is process 1, else the scripts in
//! `/etc/init.d`. What decides is what runs, never which programs are installed.

mod systemd;
mod sysv;

use super::Linux;
use crate::sys::services::{ObserveServices, ServiceAction, ServiceState, effect};
use crate::sys::{Effect, SysError};
use hep_protocol::facts::Init;
use hep_protocol::value::ServiceName;
use std::path::Path;
use sysv::Sysv;

impl ObserveServices for Linux {
    fn service_manager(&self) -> Init {
        super::machine::init(Path::new("/"))
    }

    fn service(
        &self,
        name: &ServiceName,
        pattern: Option<&str>,
    ) -> Result<Option<ServiceState>, SysError> {
        match self.service_manager() {
            Init::Systemd => systemd::inspect(name),
            Init::Sysv => Sysv::host().inspect(name, pattern),
        }
    }

    fn services(&self) -> Result<Vec<String>, SysError> {
        match self.service_manager() {
            Init::Systemd => systemd::names(),
            Init::Sysv => Sysv::host().names(),
        }
    }
}

impl Linux {
    /// Acts, and waits until the service is as the verb says; an error if it does not get there in time.
    pub(super) fn apply_service(&mut self, action: &ServiceAction) -> Result<Effect, SysError> {
        match (action, self.service_manager()) {
            (ServiceAction::Act(job), Init::Systemd) => systemd::act(job)?,
            (ServiceAction::Act(job), Init::Sysv) => {
                Sysv::host().act(job, &|text| self.progress(text))?;
            }
            (ServiceAction::RefreshUnits | ServiceAction::ReadUnits, Init::Systemd) => {
                systemd::refresh_units()?;
            }
            (ServiceAction::RefreshUnits | ServiceAction::ReadUnits, Init::Sysv) => {}
        }
        Ok(effect(action))
    }
}
