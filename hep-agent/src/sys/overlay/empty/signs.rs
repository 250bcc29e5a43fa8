//! `ObserveSigns` of the empty host.

use super::Empty;
use crate::sys::SysError;
use crate::sys::signs::{Address, ObserveSigns, Sight};

impl ObserveSigns for Empty {
    fn port(&self, _address: &Address) -> Result<Sight, SysError> {
        Ok(Sight::Gone("connection refused".to_owned()))
    }
}
