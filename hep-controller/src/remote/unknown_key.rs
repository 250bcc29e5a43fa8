//! A key of a host of which nothing is known yet: what to ask the operator, and what becomes of the answer.

use super::host_key::{HostKeys, Shown};
use super::public_key::PublicKey;
use super::{Demands, Problem, Target};
use std::sync::Arc;
use std::time::SystemTime;

/// What a host showed, and proved to have, before anybody logged in.
#[derive(Debug)]
pub(crate) struct UnknownKey {
    pub(super) target: Target,
    pub(super) key: PublicKey,
    pub(super) demands: Demands,
    pub(super) host_keys: Arc<HostKeys>,
}

impl UnknownKey {
    /// None if the key, or another one of the host, is known by now.
    pub(crate) fn question(&self) -> Option<String> {
        self.host_keys.question(&self.shown())
    }

    /// Makes it known.
    ///
    /// # Errors
    /// It cannot be recorded.
    pub(crate) fn trust(&self) -> Result<(), Problem> {
        self.host_keys.trust(&self.shown())
    }

    /// It is not asked about again in this run.
    pub(crate) fn distrust(&self) {
        self.host_keys.distrust(&self.shown());
    }

    pub(super) fn shown(&self) -> Shown<'_> {
        let UnknownKey { target, key, demands, .. } = self;
        Shown { target, key, certificate: None, demands, now: SystemTime::now() }
    }
}
