//! `ObservePackages` and `ChangePackages` in memory.

use super::Overlay;
use crate::sys::Observe;
use crate::sys::packages::{ChangePackages, ObservePackages};

impl<O: Observe> ObservePackages for Overlay<O> {}

impl<O: Observe> ChangePackages for Overlay<O> {}
