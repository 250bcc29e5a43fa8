//! What can be decoded: values, each a scalar or a collection of others. Their owner may know more, such as their
//! places.

use crate::words::shorten;
use serde_json::Value as Json;
use std::borrow::Cow;

/// A value that can be decoded.
pub trait Tree: Sized {
    /// What it is.
    fn shape(&self) -> Shape<'_, Self>;

    /// A scalar's text; none of a collection, and none of nothing.
    fn text(&self) -> Option<Cow<'_, str>>;

    /// As a person would write it.
    fn written(&self) -> String {
        self.text().unwrap_or_default().into_owned()
    }

    /// In words: `a list`, `the number 3`.
    fn describe(&self) -> String {
        let text = || self.text().unwrap_or_default();
        match self.shape() {
            Shape::Absent | Shape::Nothing => "nothing".to_owned(),
            Shape::Bool(value) => format!("`{value}`"),
            Shape::Unsigned(_) | Shape::Negative(_) | Shape::Float(_) => {
                format!("the number {}", text())
            }
            Shape::Text(text) => format!("the text `{}`", shorten(text)),
            Shape::List(_) => "a list".to_owned(),
            Shape::Mapping(_) => "a mapping".to_owned(),
            Shape::Reported => "something broken".to_owned(),
        }
    }
}

/// What a value is.
pub enum Shape<'t, T> {
    /// A key without a value. More often something was forgotten, so it is no value of anything.
    Absent,
    /// None, which is a value for what takes any.
    Nothing,
    /// A truth value.
    Bool(bool),
    /// A whole number from 0.
    Unsigned(u64),
    /// A whole number below 0.
    Negative(i64),
    /// Any other number.
    Float(f64),
    /// A text.
    Text(&'t str),
    /// Values in their order.
    List(&'t [T]),
    /// Values by their keys.
    Mapping(Box<dyn Iterator<Item = (&'t str, &'t T)> + 't>),
    /// Something a mistake was reported for already.
    Reported,
}

impl Tree for Json {
    fn shape(&self) -> Shape<'_, Self> {
        match self {
            Json::Null => Shape::Nothing,
            Json::Bool(value) => Shape::Bool(*value),
            Json::String(text) => Shape::Text(text),
            Json::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(value), _, _) => Shape::Unsigned(value),
                (None, Some(value), _) => Shape::Negative(value),
                (None, None, value) => Shape::Float(value.unwrap_or(f64::NAN)),
            },
            Json::Array(items) => Shape::List(items),
            Json::Object(map) => {
                Shape::Mapping(Box::new(map.iter().map(|(key, value)| (key.as_str(), value))))
            }
        }
    }

    fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Json::String(text) => Some(Cow::Borrowed(text)),
            Json::Number(number) => Some(Cow::Owned(number.to_string())),
            Json::Bool(value) => Some(Cow::Borrowed(if *value { "true" } else { "false" })),
            Json::Null | Json::Array(_) | Json::Object(_) => None,
        }
    }

    fn written(&self) -> String {
        self.text().map_or_else(|| self.to_string(), Cow::into_owned)
    }
}
