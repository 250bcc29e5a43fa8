//! `json_query`: JMESPath as Python's `jmespath` evaluates it, which keeps the order of mappings, orders texts too, and takes
//! literals without quotes.

mod functions;
mod parse;

use super::super::{Registry, refuse, trouble};
use super::string;
use crate::expression::convert::{to_json, to_value};
use minijinja::{Error, State, Value};
use parse::{Comparison, Expression, Slice};
use serde_json::{Map, Value as Json};
use std::borrow::Cow;

pub(super) fn register(engine: &mut Registry<'_>) {
    for name in ["json_query", "community.general.json_query"] {
        engine.add_filter_named(name, &["expr"], |state: &State, value: &Value, query: &Value| {
            let query = parse::parsed(&string(query)?)?;
            let json = to_json(value).map_err(trouble)?;
            let found = Query { state }.value(&query, &json)?;
            Ok::<_, Error>(to_value(&found))
        });
    }
}

/// An evaluation, whose steps are bounded as those of any expression.
struct Query<'s, 'e, 'f> {
    state: &'s State<'e, 'f>,
}

type Found<'j> = Result<Cow<'j, Json>, Error>;

const NOTHING: Cow<'static, Json> = Cow::Owned(Json::Null);

impl Query<'_, '_, '_> {
    /// What an expression gives of a value.
    fn value<'j>(&self, expression: &Expression, json: &'j Json) -> Found<'j> {
        self.state.consume_fuel(1)?;
        Ok(match expression {
            Expression::Current => Cow::Borrowed(json),
            Expression::Literal(literal) => Cow::Owned(literal.clone()),
            Expression::Field(name) => json.get(name).map_or(NOTHING, Cow::Borrowed),
            Expression::Index(at) => index(json, *at).map_or(NOTHING, Cow::Borrowed),
            Expression::Slice(slice) => slice_of(json, slice)?,
            Expression::Then(first, next) => self.then(first, next, json)?,
            Expression::Flatten(of) => flattened(&*self.value(of, json)?),
            Expression::Items(of, each) => match &*self.value(of, json)? {
                Json::Array(items) => self.each(items.iter(), each)?,
                _ => NOTHING,
            },
            Expression::Values(of, each) => match &*self.value(of, json)? {
                Json::Object(map) => self.each(map.values(), each)?,
                _ => NOTHING,
            },
            Expression::Filter { of, condition, each } => match &*self.value(of, json)? {
                Json::Array(items) => {
                    let mut kept = Vec::new();
                    for item in items {
                        if is_true(&*self.value(condition, item)?) {
                            kept.push(item);
                        }
                    }
                    self.each(kept.into_iter(), each)?
                }
                _ => NOTHING,
            },
            Expression::List(_) | Expression::Hash(_) if json.is_null() => NOTHING,
            Expression::List(all) => {
                let all = all.iter().map(|one| Ok(self.value(one, json)?.into_owned()));
                Cow::Owned(Json::Array(all.collect::<Result<_, Error>>()?))
            }
            Expression::Hash(all) => {
                let all = all
                    .iter()
                    .map(|(name, one)| Ok((name.clone(), self.value(one, json)?.into_owned())));
                Cow::Owned(Json::Object(all.collect::<Result<Map<_, _>, Error>>()?))
            }
            Expression::Or(left, right) => match self.value(left, json)? {
                left if is_true(&left) => left,
                _ => self.value(right, json)?,
            },
            Expression::And(left, right) => match self.value(left, json)? {
                left if is_true(&left) => self.value(right, json)?,
                left => left,
            },
            Expression::Not(of) => Cow::Owned(Json::Bool(!is_true(&*self.value(of, json)?))),
            Expression::Compare(left, comparison, right) => {
                let (left, right) = (self.value(left, json)?, self.value(right, json)?);
                Cow::Owned(compared(&left, *comparison, &right))
            }
            Expression::Call(name, arguments) => Cow::Owned(self.call(name, arguments, json)?),
            Expression::Reference(_) => {
                return Err(refuse("`json_query`: `&` stands before an argument of a function"));
            }
        })
    }

    fn then<'j>(&self, first: &Expression, next: &Expression, json: &'j Json) -> Found<'j> {
        Ok(match self.value(first, json)? {
            Cow::Borrowed(found) => self.value(next, found)?,
            Cow::Owned(found) => Cow::Owned(self.value(next, &found)?.into_owned()),
        })
    }

    /// What it gives of each item, without those that are nothing.
    fn each<'i>(&self, items: impl Iterator<Item = &'i Json>, each: &Expression) -> Found<'static> {
        let mut all = Vec::new();
        for item in items {
            let found = self.value(each, item)?;
            if !found.is_null() {
                all.push(found.into_owned());
            }
        }
        Ok(Cow::Owned(Json::Array(all)))
    }
}

/// Nothing, and what is empty, is false; zero is true.
fn is_true(json: &Json) -> bool {
    match json {
        Json::Null => false,
        Json::Bool(value) => *value,
        Json::Number(_) => true,
        Json::String(text) => !text.is_empty(),
        Json::Array(items) => !items.is_empty(),
        Json::Object(map) => !map.is_empty(),
    }
}

/// The item at a place; negative ones count from the end.
fn index(json: &Json, at: i64) -> Option<&Json> {
    let items = json.as_array()?;
    let length = i64::try_from(items.len()).ok()?;
    let at = if at < 0 { at.checked_add(length)? } else { at };
    items.get(usize::try_from(at).ok()?)
}

/// Python's slice of a list.
fn slice_of(json: &Json, slice: &Slice) -> Found<'static> {
    let Json::Array(items) = json else { return Ok(NOTHING) };
    let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let [start, stop, step] = slice.0;
    let step = step.unwrap_or(1);
    if step == 0 {
        return Err(refuse("`json_query`: a slice cannot go in steps of 0"));
    }
    let (least, most) = if step > 0 { (0, length) } else { (-1, length.saturating_sub(1)) };
    let bound = |given: Option<i64>, usual: i64| match given {
        None => usual,
        Some(at) if at < 0 => at.saturating_add(length).max(least),
        Some(at) => at.min(most),
    };
    let (mut at, stop) = match step > 0 {
        true => (bound(start, 0), bound(stop, length)),
        false => (bound(start, most), bound(stop, -1)),
    };
    let mut all = Vec::new();
    while if step > 0 { at < stop } else { at > stop } {
        all.extend(usize::try_from(at).ok().and_then(|at| items.get(at)).cloned());
        at = at.saturating_add(step);
    }
    Ok(Cow::Owned(Json::Array(all)))
}

/// The items of a list, and those of the lists among them.
fn flattened(json: &Json) -> Cow<'static, Json> {
    let Json::Array(items) = json else { return NOTHING };
    let mut all = Vec::new();
    for item in items {
        match item {
            Json::Array(inner) => all.extend(inner.iter().cloned()),
            item => all.push(item.clone()),
        }
    }
    Cow::Owned(Json::Array(all))
}

/// A truth; nothing where the values have no order.
fn compared(left: &Json, comparison: Comparison, right: &Json) -> Json {
    let order = match (left, right) {
        (Json::Number(left), Json::Number(right)) => {
            left.as_f64().zip(right.as_f64()).and_then(|(left, right)| left.partial_cmp(&right))
        }
        (Json::String(left), Json::String(right)) => Some(left.cmp(right)),
        _ => None,
    };
    let ordered = |holds: fn(std::cmp::Ordering) -> bool| {
        order.map_or(Json::Null, |order| holds(order).into())
    };
    match comparison {
        Comparison::Equal => are_equal(left, right).into(),
        Comparison::Unequal => (!are_equal(left, right)).into(),
        Comparison::Less => ordered(std::cmp::Ordering::is_lt),
        Comparison::AtMost => ordered(std::cmp::Ordering::is_le),
        Comparison::Greater => ordered(std::cmp::Ordering::is_gt),
        Comparison::AtLeast => ordered(std::cmp::Ordering::is_ge),
    }
}

/// `1` and `1.0` are.
fn are_equal(left: &Json, right: &Json) -> bool {
    match (left, right) {
        (Json::Number(left), Json::Number(right)) => {
            left == right || left.as_f64() == right.as_f64()
        }
        (Json::Array(left), Json::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(l, r)| are_equal(l, r))
        }
        (Json::Object(left), Json::Object(right)) => {
            let same =
                |(name, l): (&String, &Json)| right.get(name).is_some_and(|r| are_equal(l, r));
            left.len() == right.len() && left.iter().all(same)
        }
        (left, right) => left == right,
    }
}

#[cfg(test)]
mod tests;
