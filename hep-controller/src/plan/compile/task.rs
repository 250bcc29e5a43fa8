//! What one task is called and says, as the plan has it.

use super::{Inherited, conditions, json, looped, value};
use crate::ast::ManifestTask;
use hep_protocol::plan::{Control, Retry};
use hep_protocol::rights::ActAs;
use hep_protocol::value::Json;
use serde_json::Value;

impl ManifestTask {
    /// Ansible's: three more tries where only `until` is given, and five seconds between two.
    fn retry(&self) -> Option<Retry> {
        let keys = &self.control;
        let retries = match (&keys.retries, keys.until.is_empty()) {
            (Some(retries), _) => value(retries),
            (None, false) => Json(Value::from(3)),
            (None, true) => return None,
        };
        let delay = keys.delay.as_ref().map_or(Json(Value::from(5)), value);
        Some(Retry { retries, delay, until: conditions(&keys.until) })
    }

    pub(super) fn plan_control(
        &self,
        inherited: Inherited,
        notify: Vec<u32>,
        usual: &ActAs,
    ) -> Option<Box<Control>> {
        let keys = &self.control;
        let Inherited { on_error: _, env, privacy, check, timeout, act_as } = inherited;
        let control = Control {
            when: conditions(&keys.when),
            each: keys.each.as_deref().map(looped),
            register: keys.register.as_ref().map(|name| name.text.clone()),
            notify,
            retry: self.retry(),
            changed_when: keys.changed_when.as_deref().map(conditions),
            failed_when: keys.failed_when.as_deref().map(conditions),
            vars: json(self.vars()),
            env,
            timeout,
            privacy: privacy.unwrap_or_default(),
            check: check.unwrap_or_default(),
            act_as: act_as.act_as(usual),
        };
        (control != Control::default()).then(|| Box::new(control))
    }
}
