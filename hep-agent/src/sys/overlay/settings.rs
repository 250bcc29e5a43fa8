//! Settings in memory: one map.

use super::Overlay;
use crate::sys::settings::{ObserveSettings, Setting, What};
use crate::sys::{Effect, Observe, SysError};
use std::collections::BTreeMap;

/// What each setting has become.
pub(super) type Changed = BTreeMap<What, Option<String>>;

impl<O: Observe> ObserveSettings for Overlay<O> {
    fn setting(&self, what: &What) -> Result<Option<String>, SysError> {
        match self.settings.get(what) {
            Some(value) => Ok(value.clone()),
            None => self.base.setting(what),
        }
    }
}

impl<O> Overlay<O> {
    pub(super) fn apply_setting(&mut self, setting: &Setting) -> Effect {
        self.settings.insert(setting.what.clone(), setting.to.clone());
        Effect::Changed
    }
}
