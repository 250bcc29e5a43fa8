//! Debian packages: what dpkg has installed, and what apt would and does do.

/// Reads the package database.
pub(crate) trait ObservePackages {}

/// Changes packages.
pub(crate) trait ChangePackages {}
