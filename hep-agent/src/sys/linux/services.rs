//! `ObserveServices` and `ChangeServices` on the real host: systemd when it is process 1, else the scripts in
//! `/etc/init.d`. What decides is what runs, never which programs are installed.

mod systemd;
mod sysv;

use super::Linux;
use crate::sys::SysError;
use crate::sys::services::{ChangeServices, ObserveServices, ServiceJob, ServiceState};
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

impl ChangeServices for Linux {
    fn act_on_service(&mut self, job: &ServiceJob) -> Result<(), SysError> {
        match self.service_manager() {
            Init::Systemd => systemd::act(job),
            Init::Sysv => Sysv::host().act(job, &|text| self.progress(text)),
        }
    }

    fn refresh_units(&mut self) -> Result<(), SysError> {
        match self.service_manager() {
            Init::Systemd => systemd::refresh_units(),
            Init::Sysv => Ok(()),
        }
    }
}
