//! `ObserveServices` and `ChangeServices` on the real host.

use super::Linux;
use crate::sys::services::{ChangeServices, ObserveServices};

impl ObserveServices for Linux {}

impl ChangeServices for Linux {}
