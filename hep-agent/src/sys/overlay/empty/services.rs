//! `ObserveServices` of a host where none can be acted on: scripts would manage them, and two names serve as the nearest.

use super::Empty;
use crate::sys::SysError;
use crate::sys::services::{ObserveServices, ServiceState};
use hep_protocol::facts::Init;
use hep_protocol::value::ServiceName;

impl ObserveServices for Empty {
    fn service_manager(&self) -> Init {
        Init::Sysv
    }

    fn service(
        &self,
        _name: &ServiceName,
        _pattern: Option<&str>,
    ) -> Result<Option<ServiceState>, SysError> {
        Ok(None)
    }

    fn services(&self) -> Result<Vec<String>, SysError> {
        Ok(vec!["apache2".to_owned(), "ssh".to_owned()])
    }
}
