//! What lies around an expression: names and their shapes; and where in a manifest expressions are.

use super::{Context, HostClass};
use crate::ast::rights::Rights;
use crate::ast::texts::Evaluated;
use crate::ast::{ManifestTask, Piece, Spot};
use crate::expression::{self, Origin, Shape};
use crate::yaml::Node;
use hep_protocol::expression::{Rank, Variables, has_expression};
use hep_protocol::plan::Privacy;
use serde_json::{Map, Value};
use std::sync::Arc;

/// The names in scope, with these of results.
pub(super) fn names<'k, 'r>(
    results: impl Iterator<Item = (&'r String, &'r Shape)>,
    context: &'k Context,
) -> expression::Known<'k> {
    let mut names = context.class.names.inner();
    for (name, origin, shape) in &context.shapes {
        if *origin == Origin::Variable {
            names.add(name, *origin, shape.clone());
        }
    }
    results.for_each(|(name, shape)| names.add(name, Origin::Result, shape.clone()));
    for (name, origin, shape) in &context.shapes {
        if *origin != Origin::Variable {
            names.add(name, *origin, shape.clone());
        }
    }
    context.conditions.iter().for_each(|condition| names.assure(condition));
    names
}

impl Context {
    /// What lies around the first entry of a play.
    pub(super) fn of(class: Arc<HostClass>, rights: Rights) -> Context {
        Context {
            layers: class.layers.clone(),
            class,
            shapes: Vec::new(),
            conditions: Vec::new(),
            rights,
            privacy: Privacy::Open,
            doubtful: false,
            home: None,
            kind: "files",
        }
    }

    pub(super) fn take_layers(&mut self, layers: Vec<(Rank, Map<String, Value>)>) {
        for (rank, vars) in layers {
            for (name, value) in &vars {
                self.shapes.push((name.clone(), Origin::Variable, Shape::of(value)));
            }
            self.layers.add(rank, Arc::new(Variables(vars)));
        }
    }
}

/// Every text with an expression in a value, with its node.
pub(super) fn spots_of<'n>(piece: &Piece, node: &'n Node, found: &mut Vec<(Spot, &'n Node)>) {
    match &node.kind {
        crate::yaml::Kind::Broken => {}
        crate::yaml::Kind::Scalar(_) => {
            if let Some(text) = node.text().filter(|text| has_expression(text)) {
                let (text, source) = (text.to_owned(), Arc::clone(&piece.source));
                found.push((Spot { text, source, span: node.span }, node));
            }
        }
        crate::yaml::Kind::Seq(items) => {
            items.iter().for_each(|item| spots_of(piece, item, found));
        }
        crate::yaml::Kind::Map(entries) => {
            entries.iter().for_each(|entry| spots_of(piece, &entry.value, found));
        }
    }
}

/// What may be read below the name of a task's result.
pub(super) fn result_shape(task: &ManifestTask) -> Shape {
    match (task.about().results, task.control.each.is_some()) {
        (Some(own), false) => Shape::of_result(own),
        (Some(own), true) => Shape::of_results(own),
        (None, _) => Shape::Any,
    }
}

/// The same of one try, which is for one element.
pub(super) fn result_shape_of_try(task: &ManifestTask) -> Shape {
    task.about().results.map_or(Shape::Any, Shape::of_result)
}

/// Whether anything is evaluated in a task, or in the keys that set its user.
pub(super) fn has_expressions(task: &ManifestTask, rights: &Rights) -> bool {
    let mut any = task.spec.is_none() || task.template().is_some();
    let mut look = |evaluated: Evaluated<'_>| evaluated.each_expression(&mut |_| any = true);
    task.each_evaluated(&mut look);
    rights.each_evaluated(&mut look);
    any
}
