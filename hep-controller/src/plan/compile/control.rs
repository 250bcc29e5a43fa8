//! What the keys of a task come to in the plan: its own, and those of the blocks around it.

use super::travelling;
use crate::ast::control::{Control as Keys, Gives as Written, ManifestLoop};
use crate::ast::rights::Rights;
use crate::ast::{ManifestTask, Piece, Spot};
use hep_protocol::plan::{CheckPolicy, Condition, Control, Gives, Loop, OnError, Privacy, Retry};
use hep_protocol::rights::ActAs;
use hep_protocol::value::Json;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// What blocks say of the tasks in them.
#[derive(Clone, Default)]
pub(super) struct Inherited {
    pub(super) on_error: Option<OnError>,
    pub(super) env: Vec<Json>,
    pub(super) privacy: Option<Privacy>,
    pub(super) check: Option<CheckPolicy>,
    pub(super) timeout: Option<Json>,
    pub(super) act_as: Rights,
}

impl Inherited {
    pub(super) fn with(&self, keys: &Keys) -> Inherited {
        let Inherited { on_error, env, privacy, check, timeout, act_as } = self.clone();
        Inherited {
            on_error: keys.on_error.clone().or(on_error),
            env: env.into_iter().chain(keys.env.iter().map(value)).collect(),
            privacy: keys.privacy.or(privacy),
            check: keys.check.or(check),
            timeout: keys.timeout.as_ref().map(value).or(timeout),
            act_as: keys.act_as.within(&act_as),
        }
    }
}

/// A task's control, if it has any. Destructures, so that a new key is decided about here or does not compile.
pub(super) fn control_of(
    task: &ManifestTask,
    inherited: Inherited,
    notify: Vec<u32>,
    usual: &ActAs,
) -> Option<Box<Control>> {
    let Inherited { on_error: _, env, privacy, check, timeout, act_as } = inherited;
    let Keys {
        name: _,
        when,
        each,
        register,
        notify: _,
        listen: _,
        on_error: _,
        ignored_if: _,
        retries,
        delay,
        until,
        changed_when,
        failed_when,
        vars: _,
        env: _,
        tags: _,
        timeout: _,
        privacy: _,
        check: _,
        act_as: _,
        choice,
        gives,
        ends_play,
    } = &task.control;
    // Ansible's: three more tries where only `until` is given, and five seconds between two.
    let usual_tries = || (!until.is_empty()).then(|| Json(Value::from(3)));
    let retry = retries.as_ref().map(value).or_else(usual_tries).map(|retries| Retry {
        retries,
        delay: delay.as_ref().map_or(Json(Value::from(5)), value),
        until: conditions(until),
    });
    let control = Control {
        when: conditions(when),
        each: each.as_deref().map(looped),
        register: register.as_ref().map(|name| name.text.clone()),
        notify,
        retry,
        changed_when: changed_when.as_deref().map(conditions),
        failed_when: failed_when.as_deref().map(conditions),
        layers: travelling(task.layers()),
        env,
        timeout,
        privacy: privacy.unwrap_or_default(),
        check: check.unwrap_or_default(),
        act_as: act_as.act_as(usual),
        choice: *choice,
        gives: gives.as_ref().map(given),
        ends_play: *ends_play,
    };
    (control != Control::default()).then(|| Box::new(control))
}

fn given(gives: &Written) -> Box<Gives> {
    let Written { rank, chosen, files } = gives;
    let whole = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let file = |(name, path): &(String, PathBuf)| {
        (name.clone(), whole(path).to_string_lossy().into_owned())
    };
    let chosen = chosen.as_ref().map(|chosen| chosen.text.clone());
    Box::new(Gives { rank: *rank, chosen, files: files.iter().map(file).collect() })
}

pub(super) fn conditions(spots: &[Spot]) -> Vec<Condition> {
    spots.iter().map(|spot| Condition(spot.text.clone())).collect()
}

pub(super) fn looped(each: &ManifestLoop) -> Loop {
    Loop {
        over: value(&each.over),
        var: each.var.clone(),
        index: each.index.clone(),
        label: each.label.as_ref().map(|label| label.text.clone()),
        kind: each.kind.as_ref().map(|kind| kind.text.clone()),
        pause: each.pause.as_ref().map(value),
        extended: each.extended,
    }
}

fn value(piece: &Piece) -> Json {
    Json(piece.node.to_json())
}
