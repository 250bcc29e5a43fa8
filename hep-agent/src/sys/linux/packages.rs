//! `ObservePackages` and `ChangePackages` on the real host.

use super::Linux;
use crate::sys::packages::{ChangePackages, ObservePackages};

impl ObservePackages for Linux {}

impl ChangePackages for Linux {}
