//! Every text of a task, block or include that may be evaluated: the one list of them. Whoever has to see all of them
//! goes through here; what a text means is decided elsewhere.

use super::control::{Control, ManifestLoop};
use super::rights::Rights;
use super::{ManifestBlock, ManifestTask, Piece, Spot};
use hep_protocol::expression::has_expression;

/// Something that may be evaluated.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Evaluated<'m> {
    /// An expression without braces.
    Condition(&'m Spot),
    /// A text, in which braces hold expressions.
    Text(&'m Spot),
    /// A value with texts anywhere in it, in which braces hold expressions.
    Value(&'m Piece),
    /// A value each text of which may be an expression without braces.
    Bare(&'m crate::yaml::Node),
    /// The parameters of a module, in which braces hold expressions.
    Parameters(&'m crate::yaml::Node),
}

impl Evaluated<'_> {
    /// Each text of it that is evaluated.
    pub(crate) fn each_expression(self, see: &mut dyn FnMut(&str)) {
        let mut braced = |text: &str| {
            if has_expression(text) {
                see(text);
            }
        };
        match self {
            Evaluated::Text(spot) => braced(&spot.text),
            Evaluated::Value(piece) => piece.node.each_text(&mut braced),
            Evaluated::Parameters(node) => node.each_text(&mut braced),
            Evaluated::Condition(spot) => see(&spot.text),
            Evaluated::Bare(node) => node.each_text(see),
        }
    }

    /// Whether something in it is evaluated.
    pub(crate) fn is_any(self) -> bool {
        match self {
            Evaluated::Condition(_) | Evaluated::Bare(_) => true,
            Evaluated::Text(spot) => has_expression(&spot.text),
            Evaluated::Value(piece) => piece.node.any_text(&has_expression),
            Evaluated::Parameters(node) => node.any_text(&has_expression),
        }
    }
}

impl Control {
    /// Destructures, so that a new key is decided about here or does not compile.
    pub(crate) fn each_evaluated<'m>(&'m self, see: &mut dyn FnMut(Evaluated<'m>)) {
        let Control {
            name,
            when,
            each,
            register: _,
            notify: _,
            listen: _,
            // What it asks stands in `ignored_if`, with its place.
            on_error: _,
            ignored_if,
            retries,
            delay,
            until,
            changed_when,
            failed_when,
            vars,
            env,
            tags: _,
            timeout,
            privacy: _,
            check: _,
            act_as,
        } = self;
        name.iter().for_each(|name| see(Evaluated::Text(name)));
        let lists = [Some(when), Some(until), changed_when.as_ref(), failed_when.as_ref()];
        let conditions = lists.into_iter().flatten().flatten().chain(ignored_if);
        conditions.for_each(|condition| see(Evaluated::Condition(condition)));
        if let Some(each) = each {
            let ManifestLoop { over, var: _, index: _, label } = &**each;
            see(Evaluated::Value(over));
            label.iter().for_each(|label| see(Evaluated::Text(label)));
        }
        let values = [retries, delay, vars, env, timeout];
        values.into_iter().flatten().for_each(|value| see(Evaluated::Value(value)));
        act_as.each_evaluated(see);
    }
}

impl Rights {
    pub(crate) fn each_evaluated<'m>(&'m self, see: &mut dyn FnMut(Evaluated<'m>)) {
        let Rights { wanted, user, method: _ } = self;
        wanted.iter().chain(user).for_each(|value| see(Evaluated::Value(value)));
    }

    pub(crate) fn has_expressions(&self) -> bool {
        let mut any = false;
        self.each_evaluated(&mut |evaluated| any |= evaluated.is_any());
        any
    }
}

impl ManifestTask {
    /// What the task holds, without the templates that it names.
    pub(crate) fn each_evaluated<'m>(&'m self, see: &mut dyn FnMut(Evaluated<'m>)) {
        let ManifestTask { number: _, control, module: _, params, spec, broken: _, file_vars } =
            self;
        control.each_evaluated(see);
        file_vars.iter().for_each(|vars| see(Evaluated::Value(vars)));
        if self.about().bare.is_some() {
            see(Evaluated::Bare(params));
        } else if spec.is_none() {
            see(Evaluated::Parameters(params));
        }
    }
}

impl ManifestBlock {
    /// What the block itself holds, without its tasks.
    pub(crate) fn each_evaluated<'m>(&'m self, see: &mut dyn FnMut(Evaluated<'m>)) {
        let ManifestBlock { control, file_vars, body: _, rescue: _, always: _ } = self;
        control.each_evaluated(see);
        file_vars.iter().for_each(|vars| see(Evaluated::Value(vars)));
    }
}
