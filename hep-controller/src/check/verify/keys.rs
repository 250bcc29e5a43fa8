//! What a task's keys hold: rights, numbers, conditions after a try.

use super::{Context, Rendered, Verifier};
use crate::ast::control::Control;
use crate::ast::rights::Rights;
use crate::ast::{Piece, Spot};
use crate::check::scope::Layer;
use crate::expression::{Origin, Shape};
use hep_protocol::truth::truth_of_value;
use std::collections::HashMap;
use std::sync::Arc;

impl Verifier<'_, '_> {
    /// As whom something runs: a truth value, and a name.
    pub(super) fn rights(&mut self, context: &Context) {
        let Rights { wanted, user, method: _ } = &context.rights;
        if let Some(piece) = wanted {
            let rendered = self.tree(piece, context);
            if let Rendered::Known(value) = rendered
                && truth_of_value(&value).is_none()
            {
                let message = format!("`become` takes true or false, and this gives {value}");
                self.mistakes.push(piece.problem(message));
            }
        }
        if let Some(piece) = user {
            let rendered = self.tree(piece, context);
            if let Rendered::Known(value) = rendered
                && value.as_str().is_none_or(|name| name.trim().is_empty())
            {
                let message = format!("`become_user` takes a name, and this gives {value}");
                self.mistakes.push(piece.problem(message));
            }
        }
    }

    /// What a task's keys hold beside its title, its condition and its loop.
    pub(super) fn keys(&mut self, control: &Control, context: &Context, result: Shape) {
        let Control {
            name: _,
            when: _,
            each,
            register,
            notify: _,
            listen: _,
            on_error: _,
            ignored_if,
            retries,
            delay,
            until,
            changed_when,
            failed_when,
            // They are evaluated where they are read.
            vars: _,
            env,
            tags: _,
            timeout,
            privacy: _,
            check: _,
            // With those of what is around it.
            act_as: _,
        } = control;
        if let Some(env) = env {
            self.tree(env, context);
        }
        for piece in [retries, delay, timeout].into_iter().flatten() {
            self.number(piece, context);
        }
        self.rights(context);
        if let Some(label) = each.as_ref().and_then(|each| each.label.as_ref()) {
            self.text(label, context);
        }
        let after = after_a_try(context, register.as_ref(), &result);
        let groups = [Some(until), changed_when.as_ref(), failed_when.as_ref()];
        let ignored = ignored_if.as_ref().map(std::slice::from_ref);
        for conditions in groups.into_iter().flatten().map(Vec::as_slice).chain(ignored) {
            self.decide(conditions, &mut after.clone());
        }
    }

    fn number(&mut self, piece: &Piece, context: &Context) {
        let Rendered::Known(value) = self.tree(piece, context) else { return };
        if !value.as_f64().is_some_and(|number| number >= 0.0) {
            let message = format!("a number of 0 or more is needed, and this gives {value}");
            self.mistakes.push(piece.problem(message));
        }
    }
}

/// Where a task's result can be read: as `result`, and by the task's own name for it, as Ansible has it.
pub(super) fn after_a_try(context: &Context, register: Option<&Spot>, result: &Shape) -> Context {
    let mut after = context.clone();
    for name in [Some("result"), register.map(|name| name.text.as_str())].into_iter().flatten() {
        let later = HashMap::from([(name.to_owned(), "the task's result".to_owned())]);
        after.loops.insert(0, Arc::new(Layer::Later(later)));
        after.shapes.push((name.to_owned(), Origin::Result, result.clone()));
    }
    after
}
