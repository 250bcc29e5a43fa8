//! One text of a manifest: its names judged, its value as far as that is known, and what is said when it has none.

use super::context::{names, spots_of};
use super::{Context, Decision, Rendered, Verifier};
use crate::ast::{Manifest, Piece, Spot};
use crate::check::lookups::{Looking, Programs, asked_in, lookups_in};
use crate::check::scope::Layer;
use crate::diagnostic::Diagnostic;
use crate::expression::{self, Form, Mapping, Reading, is_sound, judge, place};
use crate::yaml::Node;
use hep_protocol::dialect::Dialect;
use hep_protocol::expression::{Rank, Scope, Trouble, TroubleKind};
use hep_protocol::names::is_name;
use hep_protocol::plan::Privacy;
use serde_json::{Map, Value};
use std::sync::Arc;

impl Verifier<'_, '_> {
    /// Whether all conditions hold; those that a host decides do.
    pub(super) fn decide(&mut self, conditions: &[Spot], context: &mut Context) -> Decision {
        for condition in conditions {
            // One that is wrong decides nothing: what it guards has mistakes of its own.
            let Some(reading) = self.judged(condition, Form::Bare, context) else { continue };
            let scope = self.scope(context);
            let held = self.language.holds(&condition.text, &scope);
            match held {
                Ok(true) => context.conditions.push(reading),
                Ok(false) => return Decision::NotDone,
                Err(trouble) if matches!(trouble.kind, TroubleKind::Unknown { .. }) => {
                    context.conditions.push(reading);
                    self.doubt(context);
                }
                Err(trouble) => {
                    self.trouble(condition, trouble, context);
                    self.doubt(context);
                }
            }
        }
        Decision::Done
    }

    /// Whether a condition does not hold whatever a loop's element is.
    pub(super) fn surely_skipped(&self, conditions: &[Spot], context: &Context) -> bool {
        let scope = self.scope(context);
        conditions.iter().any(|condition| self.language.holds(&condition.text, &scope) == Ok(false))
    }

    /// From here on only hosts know whether what follows is reached. In hep's dialect a mistake is one wherever it stands.
    pub(super) fn doubt(&mut self, context: &mut Context) {
        context.doubtful |= self.dialect() == Dialect::Ansible;
        self.mistakes.doubtful = context.doubtful;
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.input.manifest.dialect
    }

    /// A text with expressions in it.
    pub(crate) fn text(&mut self, spot: &Spot, context: &Context) -> Rendered {
        if self.judged(spot, Form::Text, context).is_none() {
            return Rendered::Wrong;
        }
        let scope = self.scope(context);
        let value = self.language.part(&Value::from(spot.text.as_str()), &scope);
        self.known(spot, value, context)
    }

    /// An expression without braces.
    pub(crate) fn bare(&mut self, spot: &Spot, context: &Context) {
        if self.judged(spot, Form::Bare, context).is_some() {
            let scope = self.scope(context);
            let value = self.language.evaluate(&spot.text, &scope);
            self.known(spot, value.map(Some), context);
        }
    }

    pub(super) fn known(
        &mut self,
        spot: &Spot,
        value: Result<Option<Value>, Trouble>,
        context: &Context,
    ) -> Rendered {
        match value {
            Ok(Some(value)) => Rendered::Known(value),
            Ok(None) => Rendered::Omitted,
            Err(Trouble { kind: TroubleKind::Unknown { .. }, .. }) => Rendered::Later,
            Err(trouble) => {
                self.trouble(spot, trouble, context);
                Rendered::Wrong
            }
        }
    }

    /// A value with expressions in any of its texts.
    pub(crate) fn tree(&mut self, piece: &Piece, context: &Context) -> Rendered {
        let mut spots = Vec::new();
        spots_of(piece, &piece.node, &mut spots);
        let (mut wrong, mut later) = (piece.node.has_broken(), false);
        if let [spot] = spots.as_slice() {
            // Most are one text, whose value is evaluated once.
            if spot.1.span == piece.node.span {
                return self.text(&spot.0, context);
            }
        }
        for (spot, _) in &spots {
            match self.text(spot, context) {
                Rendered::Known(_) | Rendered::Omitted => {}
                Rendered::Later => later = true,
                Rendered::Wrong => wrong = true,
            }
        }
        match (wrong, later) {
            (true, _) => Rendered::Wrong,
            (false, true) => Rendered::Later,
            (false, false) => {
                let scope = self.scope(context);
                match self.language.tree(&piece.node.to_json(), &scope) {
                    Ok(value) => Rendered::Known(value),
                    Err(_) => Rendered::Later,
                }
            }
        }
    }

    /// Reads a text, or knows what it read before.
    pub(super) fn read(&mut self, text: &str, form: Form) -> Arc<Reading> {
        let known = self.readings.entry(form).or_default();
        if let Some(reading) = known.get(text) {
            return Arc::clone(reading);
        }
        let reading = Arc::new(expression::read(text, form));
        known.insert(text.to_owned(), Arc::clone(&reading));
        reading
    }

    /// Reads a text; nothing is told of it if names in it are wrong, which is reported.
    pub(super) fn judged(
        &mut self,
        spot: &Spot,
        form: Form,
        context: &Context,
    ) -> Option<Arc<Reading>> {
        self.evaluations += 1;
        let reading = self.read(&spot.text, form);
        // What Ansible does not reach it does not miss: there is no mistake but what evaluation meets.
        if self.dialect() == Dialect::Ansible {
            self.ask(&lookups_in(&spot.text), context);
            return Some(reading);
        }
        let mapping = || place(&spot.source, &Node::of_scalar(&spot.source, spot.span, &spot.text));
        let problems = self.judge(&reading, mapping, context);
        if problems.is_empty() {
            return Some(reading);
        }
        problems.into_iter().for_each(|problem| self.mistakes.push(problem));
        None
    }

    /// Everything wrong with the names in a text.
    pub(crate) fn judge(
        &self,
        reading: &Reading,
        mapping: impl FnOnce() -> Mapping,
        context: &Context,
    ) -> Vec<Diagnostic> {
        if reading.problems.is_empty() && reading.names.is_empty() {
            return Vec::new();
        }
        let mentioned = reading
            .names
            .iter()
            .filter_map(|name| self.registered.shapes.get_key_value(name.name.as_str()));
        if is_sound(reading, &names(mentioned, context)) {
            return Vec::new();
        }
        // Only suggestions need the names of all results: there may be thousands.
        judge(reading, &names(self.registered.shapes.iter(), context), &mapping())
    }

    pub(crate) fn scope(&self, context: &Context) -> Arc<dyn Scope> {
        let later = Layer::Later(Arc::clone(&self.registered.later));
        let layers = context.layers.clone().with(Rank::Registered, later);
        Arc::new(match self.dialect() {
            Dialect::Hep => layers,
            Dialect::Ansible => {
                let doubtful = context.doubtful || self.mistakes.doubtful;
                layers.with(Rank::Local, self.looking(context, doubtful))
            }
        })
    }

    fn looking(&self, context: &Context, doubtful: bool) -> Looking {
        let here = &self.input.options.working_directory;
        let beside = || vec![Manifest::directory(&self.input.manifest.source)];
        let roots = context.home.as_ref().map_or_else(beside, |home| home.roots.clone());
        let roots = roots.iter().map(|root| here.join(root)).collect();
        let certain = !doubtful || self.programs != Programs::Start;
        let programs = if certain { self.programs } else { Programs::Doubtful };
        Looking { answers: Arc::clone(&self.answers), roots, kind: context.kind, programs }
    }

    /// Asks what lookups in variables ask: an evaluation that needs what only hosts know ends before it comes to them.
    pub(super) fn ask_ahead(&self, context: &Context, layers: &[(Rank, Map<String, Value>)]) {
        if self.dialect() == Dialect::Ansible {
            let mut calls = Vec::new();
            layers.iter().flat_map(|(_, vars)| vars.values()).for_each(|v| asked_in(v, &mut calls));
            self.ask(&calls, context);
        }
    }

    pub(crate) fn ask(&self, calls: &[&str], context: &Context) {
        if !calls.is_empty() {
            let looking = self.looking(context, true);
            let later = Layer::Later(Arc::clone(&self.registered.later));
            let layers = context.layers.clone().with(Rank::Registered, later);
            let scope: Arc<dyn Scope> = Arc::new(layers.with(Rank::Local, looking));
            for call in calls {
                // What is wrong with it is told where it is reached.
                let _told_later = self.language.evaluate(call, &scope);
            }
        }
    }

    /// Trouble with a text of a variable is told once, in that text, and not wherever the variable is used.
    fn told_of_variable(&mut self, trouble: &Trouble, context: &Context) -> bool {
        if let TroubleKind::Circle { chain } = &trouble.kind {
            return self.told_of_circle(chain, trouble);
        }
        let path = trouble.variable.as_deref().unwrap_or_default();
        let name = path.split(['.', '[']).next().unwrap_or_default();
        let Some(texts) = self.texts.get(name).cloned() else { return false };
        match &trouble.kind {
            // What is no expression was told before.
            TroubleKind::Syntax => true,
            TroubleKind::Undefined { .. } => {
                let judged = texts.iter().map(|text| self.judged(text, Form::Text, context));
                judged.filter(Option::is_none).count() > 0
            }
            TroubleKind::Unknown { .. } | TroubleKind::Circle { .. } | TroubleKind::Other => false,
        }
    }

    /// A variable that needs itself, at its own text.
    fn told_of_circle(&mut self, chain: &[String], trouble: &Trouble) -> bool {
        let texts = chain.first().and_then(|name| self.texts.get(name));
        let Some(text) = texts.and_then(|texts| texts.first()) else { return false };
        let hint = if chain.len() == 2 {
            "a variable cannot use a variable of the same name: rename one of them"
        } else {
            "give one of them a value of its own"
        };
        let problem = text.problem(trouble.message.clone()).hint(hint);
        self.mistakes.push(problem);
        true
    }

    /// Trouble with a text, at the part of it that is wrong.
    pub(super) fn trouble(&mut self, spot: &Spot, trouble: Trouble, context: &Context) {
        if context.class.incomplete && matches!(trouble.kind, TroubleKind::Undefined { .. }) {
            return;
        }
        if self.dialect() == Dialect::Hep && self.told_of_variable(&trouble, context) {
            return;
        }
        let node = Node::of_scalar(&spot.source, spot.span, &spot.text);
        let mapping = place(&spot.source, &node);
        let span = trouble.range.as_ref().map_or(spot.span, |range| mapping.span(range));
        // A sentence about a value may quote it.
        let quotes = matches!(trouble.kind, TroubleKind::Circle { .. } | TroubleKind::Other);
        let told = quotes && context.privacy == Privacy::Sensitive;
        if told {
            let what = "this cannot be evaluated; why is hidden by `sensitive: true`";
            self.mistakes.push(Diagnostic::at(&spot.source, span, what));
            return;
        }
        let problem = Diagnostic::at(&spot.source, span, &*trouble.message);
        self.tell(&trouble, problem.with(hint_of(&trouble)));
    }

    /// Tells what is wrong where it is.
    pub(crate) fn tell(&mut self, trouble: &Trouble, problem: Diagnostic) {
        match (self.dialect(), &trouble.kind) {
            // One host may have what others have not, and be the only one to read it.
            (Dialect::Ansible, TroubleKind::Undefined { .. }) => self.mistakes.push_of_all(problem),
            (Dialect::Ansible | Dialect::Hep, _) => self.mistakes.push(problem),
        }
    }
}

/// What to do about trouble. A name without a judgement is guarded as a whole, and something below it was asked for.
pub(crate) fn hint_of(trouble: &Trouble) -> Option<String> {
    let own = trouble.hint.clone();
    own.or_else(|| match &trouble.kind {
        TroubleKind::Undefined { name } if is_name(name) => Some(format!(
            "where `{name}` itself may be missing, write `({name} | default({{}})).FIELD | default(..)`"
        )),
        TroubleKind::Undefined { .. }
        | TroubleKind::Unknown { .. }
        | TroubleKind::Syntax
        | TroubleKind::Circle { .. }
        | TroubleKind::Other => None,
    })
}
