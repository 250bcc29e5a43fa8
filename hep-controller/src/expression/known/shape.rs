//! What may be read below a name.

use hep_protocol::expression::has_expression;
use hep_protocol::facts;
use hep_protocol::names::{RESULT_FIELDS, RESULTS};
use serde_json::Value as Json;

/// What a value looks like, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Anything.
    Any,
    /// Something without parts, in words: `a text`.
    Leaf(&'static str),
    /// A list of such values.
    List(Box<Shape>),
    /// A mapping with these names and no others.
    Fields(Vec<(String, Shape)>),
    /// A mapping from names that are not known.
    Named(Box<Shape>),
    /// The result of a task with a loop: the module's own fields are in its items.
    Repeated(Vec<(String, Shape)>),
}

/// Why something is not below.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Missing<'s> {
    Leaf(&'static str),
    List,
    Repeated,
    /// The names that are there.
    Field(Vec<&'s str>),
}

impl Shape {
    /// The shape of a value that is written out; what an expression in it gives is not known.
    pub(crate) fn of(json: &Json) -> Shape {
        match json {
            Json::Null => Shape::Any,
            Json::Bool(_) => Shape::Leaf("true or false"),
            Json::Number(_) => Shape::Leaf("a number"),
            Json::String(text) if has_expression(text) => Shape::Any,
            Json::String(_) => Shape::Leaf("a text"),
            Json::Array(items) => Shape::List(Box::new(Shape::of_each(items))),
            Json::Object(entries) => Shape::Fields(
                entries.iter().map(|(key, value)| (key.clone(), Shape::of(value))).collect(),
            ),
        }
    }

    /// The shape of any of some values: what one of them has may be read.
    pub(crate) fn of_each(items: &[Json]) -> Shape {
        let mut shapes = items.iter().map(Shape::of);
        shapes.next().map_or(Shape::Any, |first| shapes.fold(first, Shape::or))
    }

    /// The result of a task: `own` are the fields that its module adds.
    pub(crate) fn of_result(own: &[&str]) -> Shape {
        Shape::Fields(result_fields(own))
    }

    /// The result of a task with a loop.
    pub(crate) fn of_results(own: &[&str]) -> Shape {
        let mut items = result_fields(own);
        items.push(("item".to_owned(), Shape::Any));
        Shape::Repeated(items)
    }

    /// What stands beside the facts.
    pub(super) fn of_built_in(name: &str) -> Shape {
        match name {
            "check_mode" => Shape::Leaf("true or false"),
            "group_names" => Shape::List(Box::new(Shape::Leaf("a text"))),
            "host" => Shape::Leaf("a text"),
            _ => Shape::Any,
        }
    }

    pub(super) fn of_fact(shape: &facts::Shape) -> Shape {
        match shape {
            facts::Shape::Text => Shape::Leaf("a text"),
            facts::Shape::Number => Shape::Leaf("a number"),
            facts::Shape::Switch => Shape::Leaf("true or false"),
            facts::Shape::List(item) => Shape::List(Box::new(Shape::of_fact(item))),
            facts::Shape::Mapping(fields) => {
                let field =
                    |field: &facts::Field| (field.name.to_owned(), Shape::of_fact(&field.shape));
                Shape::Fields(fields.iter().map(field).collect())
            }
            facts::Shape::Named(value) => Shape::Named(Box::new(Shape::of_fact(value))),
            facts::Shape::Any => Shape::Any,
        }
    }

    fn or(self, other: Shape) -> Shape {
        match (self, other) {
            (Shape::Leaf(_), Shape::Leaf(what)) => Shape::Leaf(what),
            (Shape::Fields(mut fields), Shape::Fields(others)) => {
                for (name, shape) in others {
                    match fields.iter_mut().find(|(known, _)| *known == name) {
                        Some((_, known)) => *known = std::mem::replace(known, Shape::Any).or(shape),
                        None => fields.push((name, shape)),
                    }
                }
                Shape::Fields(fields)
            }
            (Shape::List(one), Shape::List(other)) => Shape::List(Box::new(one.or(*other))),
            _ => Shape::Any,
        }
    }

    /// What is below.
    pub(super) fn below(&self, name: &str) -> Result<&Shape, Missing<'_>> {
        match self {
            Shape::Any => Ok(&Shape::Any),
            Shape::Leaf(what) => Err(Missing::Leaf(what)),
            Shape::List(item) | Shape::Named(item)
                if !matches!(self, Shape::List(_)) || is_number(name) =>
            {
                Ok(item)
            }
            Shape::List(_) | Shape::Named(_) => Err(Missing::List),
            Shape::Fields(fields) => match fields.iter().find(|(known, _)| known == name) {
                Some((_, shape)) => Ok(shape),
                None => {
                    Err(Missing::Field(fields.iter().map(|(known, _)| known.as_str()).collect()))
                }
            },
            Shape::Repeated(items) => match name {
                RESULTS => Ok(&Shape::Any),
                name if RESULT_FIELDS.iter().any(|(known, _)| *known == name) => Ok(&Shape::Any),
                name if items.iter().any(|(known, _)| known == name) => Err(Missing::Repeated),
                _ => {
                    let shared = RESULT_FIELDS.iter().map(|(name, _)| *name);
                    Err(Missing::Field(std::iter::once(RESULTS).chain(shared).collect()))
                }
            },
        }
    }
}

/// The fields of every result and those of its module.
fn result_fields(own: &[&str]) -> Vec<(String, Shape)> {
    let shared = RESULT_FIELDS.into_iter().map(|(name, _)| name);
    shared.chain(own.iter().copied()).map(|name| (name.to_owned(), Shape::Any)).collect()
}

fn is_number(name: &str) -> bool {
    name.strip_prefix('-').unwrap_or(name).parse::<u64>().is_ok()
}
