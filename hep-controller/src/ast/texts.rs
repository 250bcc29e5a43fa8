//! Every text of a task, block or include that may be evaluated: the one list of them. Code that has to see all of them
//! goes through here; what a text means is decided elsewhere.

use super::control::{Control, ManifestLoop};
use super::rights::Rights;
use super::{ManifestBlock, ManifestTask, Piece, Spot};
use crate::yaml::Node;
use hep_protocol::expression::has_expression;

/// Something that may be evaluated, by what it is for. Texts hold expressions in braces where nothing else is said.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Evaluated<'m> {
    /// The name of a task or block.
    Name(&'m Spot),
    /// Conditions, expressions without braces, that decide whether something is done.
    When(&'m [Spot]),
    /// Conditions on the result of a try.
    AfterTry(&'m [Spot]),
    /// What a loop goes through.
    Loop(&'m Piece),
    /// What an element of a loop is called; the name of a file.
    Label(&'m Spot),
    /// A number of 0 or more.
    Number(&'m Piece),
    /// Variables, which are evaluated where they are read.
    Vars(&'m Piece),
    /// Environment variables of programs.
    Env(&'m Piece),
    /// The user that something runs as.
    Rights(&'m Piece),
    /// A module's parameters.
    Parameters(&'m Node),
    /// The same, of a module that takes expressions without braces.
    Bare(&'m Node),
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
            Evaluated::Name(spot) | Evaluated::Label(spot) => braced(&spot.text),
            Evaluated::Loop(piece)
            | Evaluated::Number(piece)
            | Evaluated::Vars(piece)
            | Evaluated::Env(piece)
            | Evaluated::Rights(piece) => piece.node.each_text(&mut braced),
            Evaluated::Parameters(node) => node.each_text(&mut braced),
            Evaluated::When(spots) | Evaluated::AfterTry(spots) => {
                spots.iter().for_each(|spot| see(&spot.text));
            }
            Evaluated::Bare(node) => node.each_text(see),
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
            choice: _,
            gives,
            ends_play: _,
        } = self;
        name.iter().for_each(|name| see(Evaluated::Name(name)));
        let chosen = gives.iter().filter_map(|gives| gives.chosen.as_ref());
        chosen.for_each(|chosen| see(Evaluated::Label(chosen)));
        see(Evaluated::When(when));
        let after = [Some(until), changed_when.as_ref(), failed_when.as_ref()];
        after.into_iter().flatten().for_each(|conditions| see(Evaluated::AfterTry(conditions)));
        ignored_if.iter().for_each(|one| see(Evaluated::AfterTry(std::slice::from_ref(one))));
        if let Some(each) = each {
            let ManifestLoop { over, var: _, index: _, label, kind: _, pause, extended: _ } =
                &**each;
            pause.iter().for_each(|pause| see(Evaluated::Number(pause)));
            see(Evaluated::Loop(over));
            label.iter().for_each(|label| see(Evaluated::Label(label)));
        }
        let numbers = [retries, delay, timeout].into_iter().flatten();
        numbers.for_each(|number| see(Evaluated::Number(number)));
        vars.iter().for_each(|vars| see(Evaluated::Vars(vars)));
        env.iter().for_each(|env| see(Evaluated::Env(env)));
        act_as.each_evaluated(see);
    }
}

impl Rights {
    pub(crate) fn each_evaluated<'m>(&'m self, see: &mut dyn FnMut(Evaluated<'m>)) {
        let Rights { wanted, user, method: _ } = self;
        wanted.iter().chain(user).for_each(|value| see(Evaluated::Rights(value)));
    }
}

impl ManifestTask {
    /// What the task holds, without the templates that it names.
    pub(crate) fn each_evaluated<'m>(&'m self, see: &mut dyn FnMut(Evaluated<'m>)) {
        let ManifestTask {
            number: _,
            control,
            module: _,
            params,
            spec,
            broken: _,
            layers,
            origin: _,
        } = self;
        control.each_evaluated(see);
        layers.iter().for_each(|(_, vars)| see(Evaluated::Vars(vars)));
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
        let ManifestBlock { control, layers, body: _, rescue: _, always: _, gate: _ } = self;
        control.each_evaluated(see);
        layers.iter().for_each(|(_, vars)| see(Evaluated::Vars(vars)));
    }
}
