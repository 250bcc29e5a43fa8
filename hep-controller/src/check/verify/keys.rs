//! What a task's keys hold: rights, numbers, conditions after a try.

use super::{Context, Rendered, Verifier};
use crate::ast::control::Control;
use crate::ast::rights::Rights;
use crate::ast::texts::Evaluated;
use crate::ast::{Piece, Spot};
use crate::check::scope::Layer;
use crate::expression::{Origin, Shape};
use hep_protocol::expression::Rank;
use hep_protocol::truth::truth_of_value;
use std::sync::Arc;

impl Verifier<'_, '_> {
    /// The user that something runs as: a truth value, and a name.
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
        let after = after_a_try(context, control.register.as_ref(), &result);
        control.each_evaluated(&mut |evaluated| match evaluated {
            Evaluated::AfterTry(conditions) => drop(self.decide(conditions, &mut after.clone())),
            Evaluated::Number(piece) => self.number(piece, context),
            Evaluated::Env(piece) => drop(self.tree(piece, context)),
            Evaluated::Label(label) => drop(self.text(label, context)),
            // Looked at elsewhere: variables where they are read, rights with those of what is around.
            Evaluated::Name(_)
            | Evaluated::When(_)
            | Evaluated::Loop(_)
            | Evaluated::Vars(_)
            | Evaluated::Rights(_)
            | Evaluated::Parameters(_)
            | Evaluated::Bare(_) => {}
        });
        self.rights(context);
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
        let later = Layer::later([name.to_owned()], "the task's result");
        after.layers.add(Rank::Local, Arc::new(later));
        after.shapes.push((name.to_owned(), Origin::Result, result.clone()));
    }
    after
}
