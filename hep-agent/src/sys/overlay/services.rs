//! `ObserveServices` and `ChangeServices` in memory.

use super::Overlay;
use crate::sys::Observe;
use crate::sys::services::{ChangeServices, ObserveServices};

impl<O: Observe> ObserveServices for Overlay<O> {}

impl<O: Observe> ChangeServices for Overlay<O> {}
