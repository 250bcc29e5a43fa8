//! Settings of the host: each a name that has a value, or none.

use super::SysError;
pub(crate) use hep_protocol::action::settings::{By, Setting, What};

/// Reads settings. No process is started.
pub(crate) trait ObserveSettings {
    /// The value of a setting; `None` if it has none here.
    fn setting(&self, what: &What) -> Result<Option<String>, SysError>;
}
