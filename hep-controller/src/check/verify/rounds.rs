//! Loops: what each round knows.

use super::{Context, Rendered, Verifier};
use crate::ast::control::ManifestLoop;
use crate::check::scope::Layer;
use crate::expression::{Origin, Shape};
use crate::yaml::Node;
use hep_protocol::dialect::Dialect;
use hep_protocol::expression::Rank;
use hep_protocol::plan::{PLACE, place};
use serde_json::{Value, json};
use std::sync::Arc;

/// How many elements of a loop are gone through.
const MAX_ELEMENTS: usize = 1000;

/// The same where each round also knows all elements.
const MAX_PLACES: usize = 100;

/// It was told.
struct Wrong;

impl Verifier<'_, '_> {
    /// One scope for each element of a loop; one with an unknown element, if those are not known.
    pub(super) fn rounds(&mut self, each: &ManifestLoop, context: &Context) -> Vec<Context> {
        let Ok(elements) = self.elements(each, context) else { return Vec::new() };
        let shape = elements.as_deref().map_or(Shape::Any, Shape::of_each);
        let names = [Some(each.var.as_str()), each.index.as_deref()];
        let names = names.into_iter().flatten().chain(each.extended.then_some(PLACE));
        let names: Vec<&str> = names.collect();
        let round = |context: &Context, layer: Layer| {
            let mut context = context.clone();
            context.layers.add(Rank::Local, Arc::new(layer));
            for name in &names {
                let shape = match *name {
                    name if name == each.var => shape.clone(),
                    PLACE => Shape::Any,
                    _ => Shape::Leaf("a number"),
                };
                context.shapes.push(((*name).to_owned(), Origin::LoopVariable, shape));
            }
            context
        };
        match &elements {
            Some(items) => {
                let layer = |at: usize| {
                    let value = |name: &&str| match *name {
                        name if name == each.var => items.get(at).cloned().unwrap_or_default(),
                        PLACE => place(at, items),
                        _ => json!(at),
                    };
                    let names = names.iter().map(|name| ((*name).to_owned(), value(name)));
                    round(context, Layer::Plain(names.collect()))
                };
                // A place tells of all elements.
                let most = if each.extended { MAX_PLACES } else { MAX_ELEMENTS };
                (0..items.len()).take(most).map(layer).collect()
            }
            None => {
                let cause = "the elements of the loop";
                let mut context = context.clone();
                self.doubt(&mut context);
                let names = names.iter().map(|name| (*name).to_owned());
                vec![round(&context, Layer::later(names, cause))]
            }
        }
    }

    /// What a loop goes over, if that is known; an error is a mistake that was told.
    fn elements(
        &mut self,
        each: &ManifestLoop,
        context: &Context,
    ) -> Result<Option<Vec<Value>>, Wrong> {
        let over = self.tree(&each.over, context);
        let over = self.looked_up(each, over, context);
        let ours = self.dialect() == Dialect::Hep;
        let (problem, hint) = match over {
            Rendered::Known(Value::Array(items)) => return Ok(Some(items)),
            Rendered::Known(Value::Object(map)) if ours => {
                let pair = |(key, value): (&String, &Value)| json!({"key": key, "value": value});
                return Ok(Some(map.iter().map(pair).collect()));
            }
            Rendered::Known(other) => {
                let found = Node::of_text("", each.over.node.span).rendered(&other).describe();
                let takes = if ours { "a list or a mapping" } else { "a list" };
                let what = format!("a loop takes {takes}, and this gives {found}");
                (each.over.problem(what), "write an expression that gives a list")
            }
            Rendered::Later => return Ok(None),
            Rendered::Omitted => {
                let problem = each.over.problem("a loop cannot be left out by `omit`");
                (problem, "write `default([])` where there may be nothing to do")
            }
            Rendered::Wrong => return Err(Wrong),
        };
        self.mistakes.push(problem.hint(hint));
        Err(Wrong)
    }

    /// What the lookup of a loop makes of its terms.
    fn looked_up(&mut self, each: &ManifestLoop, over: Rendered, context: &Context) -> Rendered {
        let Some(kind) = &each.kind else { return over };
        let terms = match over {
            Rendered::Known(Value::Array(terms)) => terms,
            Rendered::Known(one) => vec![one],
            Rendered::Omitted | Rendered::Later | Rendered::Wrong => return over,
        };
        // Which one it is, chance decides on the host.
        if kind.text == "random_choice" {
            return Rendered::Later;
        }
        let scope = self.scope(context);
        let found = self.language.look_up(&kind.text, terms, &scope);
        self.known(kind, found.map(|found| Some(Value::Array(found))), context)
    }
}
