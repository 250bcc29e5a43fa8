//! Services, of systemd or SysV.

/// Reads the state of services.
pub(crate) trait ObserveServices {}

/// Acts on services.
pub(crate) trait ChangeServices {}
