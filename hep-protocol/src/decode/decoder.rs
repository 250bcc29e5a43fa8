//! A serde deserializer over values. In hep's dialect it asks of each what a manifest's plain scalars are asked: a text may be
//! given by a number, a number never by a text. In Ansible's a text may also be a truth value, a number or a list.

use super::home::{self, Homes};
use super::lenient;
use super::{Mistake, Shape, Tree, What};
use crate::about::About;
use crate::dialect::Dialect;
use crate::value::kind;
use serde::de::{self, DeserializeSeed, Deserializer, Visitor};
use serde::forward_to_deserialize_any;
use std::borrow::Cow;

/// Decodes one value.
pub(super) struct Decoder<'de, T> {
    tree: &'de T,
    reading: Reading<'de>,
    /// Ansible's words for this value, and hep's.
    words: &'static [(&'static str, &'static str)],
}

/// How values are read.
#[derive(Clone, Copy)]
pub(super) struct Reading<'de> {
    pub(super) dialect: Dialect,
    /// The module whose parameters they are.
    pub(super) about: &'static About,
    /// Where homes are, for paths of Ansible's dialect.
    pub(super) homes: Homes<'de>,
}

impl<'de, T> Decoder<'de, T> {
    pub(super) fn new(tree: &'de T, reading: Reading<'de>) -> Self {
        Self { tree, reading, words: &[] }
    }
}

impl<T: Tree> Decoder<'_, T> {
    fn expected(&self, expected: &str) -> Mistake {
        let what = match self.tree.shape() {
            Shape::Reported => What::Reported,
            Shape::Absent | Shape::Nothing => What::NoValue,
            Shape::Bool(_)
            | Shape::Unsigned(_)
            | Shape::Negative(_)
            | Shape::Float(_)
            | Shape::Text(_)
            | Shape::List(_)
            | Shape::Mapping(_) => {
                What::Type { expected: expected.to_owned(), found: self.tree.describe() }
            }
        };
        Mistake::new(what).about(self.tree)
    }

    fn is_nothing(&self) -> bool {
        matches!(self.tree.shape(), Shape::Absent | Shape::Nothing)
    }

    /// Whether a text may stand for a value of another type.
    fn is_lenient(&self) -> bool {
        self.reading.dialect == Dialect::Ansible
    }

    /// The text that this is or stands for.
    fn as_text(&self) -> Option<Cow<'_, str>> {
        match self.tree.shape() {
            Shape::Bool(value) if self.is_lenient() => Some(lenient::shown(value).into()),
            Shape::Bool(_)
            | Shape::Absent
            | Shape::Nothing
            | Shape::Unsigned(_)
            | Shape::Negative(_)
            | Shape::Float(_)
            | Shape::Text(_)
            | Shape::List(_)
            | Shape::Mapping(_)
            | Shape::Reported => self.tree.text(),
        }
    }
}

/// A mistake about this value, unless a more exact one is known.
fn located<T: Tree, R>(tree: &T, result: Result<R, Mistake>) -> Result<R, Mistake> {
    result.map_err(|mistake| mistake.about(tree))
}

/// Methods that ask for a whole number.
macro_rules! whole_number {
    ($($method:ident $visit:ident $type:ty, $words:expr;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
            let value = match self.tree.shape() {
                Shape::Unsigned(value) => <$type>::try_from(value).ok(),
                Shape::Negative(value) => <$type>::try_from(value).ok(),
                Shape::Float(value) if self.is_lenient() => {
                    lenient::whole(value).and_then(|value| <$type>::try_from(value).ok())
                }
                Shape::Text(text) if self.is_lenient() => {
                    lenient::number(text).and_then(|value| <$type>::try_from(value).ok())
                }
                Shape::Absent
                | Shape::Nothing
                | Shape::Bool(_)
                | Shape::Float(_)
                | Shape::Text(_)
                | Shape::List(_)
                | Shape::Mapping(_)
                | Shape::Reported => None,
            };
            let value = value.ok_or_else(|| self.expected($words))?;
            located(self.tree, visitor.$visit(value))
        }
    )*};
}

impl<'de, T: Tree> Deserializer<'de> for Decoder<'de, T> {
    type Error = Mistake;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        let tree = self.tree;
        located(
            tree,
            match tree.shape() {
                Shape::Reported | Shape::Absent => Err(self.expected("")),
                // Only what takes any value takes none.
                Shape::Nothing => visitor.visit_unit().map_err(|_: Mistake| self.expected("")),
                Shape::List(_) => self.deserialize_seq(visitor),
                Shape::Mapping(_) => self.deserialize_map(visitor),
                Shape::Bool(value) => visitor.visit_bool(value),
                Shape::Unsigned(value) => visitor.visit_u64(value),
                Shape::Negative(value) => visitor.visit_i64(value),
                Shape::Float(value) => visitor.visit_f64(value),
                Shape::Text(text) => visitor.visit_borrowed_str(text),
            },
        )
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        let value = match self.tree.shape() {
            Shape::Bool(value) => Some(value),
            Shape::Text(text) if self.is_lenient() => lenient::answer(text),
            Shape::Unsigned(number @ (0 | 1)) if self.is_lenient() => Some(number == 1),
            Shape::Absent
            | Shape::Nothing
            | Shape::Unsigned(_)
            | Shape::Negative(_)
            | Shape::Float(_)
            | Shape::Text(_)
            | Shape::List(_)
            | Shape::Mapping(_)
            | Shape::Reported => None,
        };
        let value = value.ok_or_else(|| self.expected("`true` or `false`"))?;
        located(self.tree, visitor.visit_bool(value))
    }

    whole_number! {
        deserialize_u8 visit_u8 u8, "a whole number up to 255";
        deserialize_u16 visit_u16 u16, "a whole number up to 65535";
        deserialize_u32 visit_u32 u32, "a whole number";
        deserialize_u64 visit_u64 u64, "a whole number";
        deserialize_i8 visit_i8 i8, "a whole number";
        deserialize_i16 visit_i16 i16, "a whole number";
        deserialize_i32 visit_i32 i32, "a whole number";
        deserialize_i64 visit_i64 i64, "a whole number";
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        if self.is_lenient() {
            let text = self.as_text().ok_or_else(|| self.expected("a text"))?.into_owned();
            return located(self.tree, visitor.visit_string(text));
        }
        let visited = match self.tree.text() {
            Some(Cow::Borrowed(text)) => visitor.visit_borrowed_str(text),
            Some(Cow::Owned(text)) => visitor.visit_string(text),
            None => Err(self.expected("a text")),
        };
        located(self.tree, visited)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        self.deserialize_str(visitor)
    }

    /// A key without a value is no way to leave it out.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        if self.is_nothing() { Err(self.expected("a value")) } else { visitor.visit_some(self) }
    }

    /// Where the dialects read a type differently, its name tells which it is.
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        let tree = self.tree;
        if !self.is_lenient() {
            return visitor.visit_newtype_struct(self);
        }
        let text = |text: String| de::value::StringDeserializer::<Mistake>::new(text);
        let list =
            |items: Vec<String>| de::value::SeqDeserializer::<_, Mistake>::new(items.into_iter());
        let read = match (name, tree.shape()) {
            (kind::MODE, Shape::Unsigned(number)) => {
                visitor.visit_newtype_struct(text(format!("{number:04o}")))
            }
            (kind::ARGV, Shape::Text(line)) => match lenient::words(line) {
                Some(words) => visitor.visit_newtype_struct(list(words)),
                None => Err(Mistake::new(What::Other(lenient::OPEN.to_owned()))),
            },
            (kind::PATH, Shape::Text(path)) => match home::expanded(path, self.reading.homes) {
                Ok(Some(path)) => visitor.visit_newtype_struct(text(path)),
                Ok(None) => visitor.visit_newtype_struct(self),
                Err(message) => Err(Mistake::new(What::Other(message))),
            },
            (kind::LIST, Shape::Text(line)) => {
                visitor.visit_newtype_struct(list(lenient::items(line)))
            }
            (kind::DOCUMENT, Shape::List(_) | Shape::Mapping(_)) => {
                visitor.visit_newtype_struct(text(lenient::json(tree)))
            }
            (_, _) => visitor.visit_newtype_struct(self),
        };
        located(tree, read)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        let reading = self.reading;
        match self.tree.shape() {
            Shape::List(items) => {
                let items = Items { rest: items.iter().enumerate(), reading };
                located(self.tree, visitor.visit_seq(items))
            }
            Shape::Text(text) if self.is_lenient() => {
                let items = lenient::items(text).into_iter();
                let items = de::value::SeqDeserializer::<_, Mistake>::new(items);
                located(self.tree, visitor.visit_seq(items))
            }
            Shape::Bool(_) | Shape::Unsigned(_) | Shape::Negative(_) | Shape::Float(_)
                if self.is_lenient() =>
            {
                let items =
                    Items { rest: std::slice::from_ref(self.tree).iter().enumerate(), reading };
                located(self.tree, visitor.visit_seq(items))
            }
            Shape::Absent
            | Shape::Nothing
            | Shape::Bool(_)
            | Shape::Unsigned(_)
            | Shape::Negative(_)
            | Shape::Float(_)
            | Shape::Text(_)
            | Shape::Mapping(_)
            | Shape::Reported => Err(self.expected("a list")),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        if let Shape::Mapping(rest) = self.tree.shape() {
            let entries = Entries { rest, current: None, reading: self.reading };
            located(self.tree, visitor.visit_map(entries))
        } else {
            Err(self.expected("a mapping"))
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        if let (true, Shape::Mapping(rest)) = (self.is_lenient(), self.tree.shape()) {
            // What is none is not given.
            let given =
                |(_, value): &(&str, &T)| !matches!(value.shape(), Shape::Absent | Shape::Nothing);
            let rest = Box::new(rest.filter(given));
            let entries = Entries { rest, current: None, reading: self.reading };
            return located(self.tree, visitor.visit_map(entries));
        }
        self.deserialize_map(visitor)
    }

    /// Only enums of words: no parameter has another form.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        match self.as_text() {
            Some(text) => {
                let ours = self.words.iter().find(|(theirs, _)| *theirs == text);
                let text = ours.map_or(text, |(_, ours)| Cow::Borrowed(*ours));
                let word = de::value::CowStrDeserializer::<Mistake>::new(text);
                located(self.tree, visitor.visit_enum(word))
            }
            None => Err(self.expected("a word")),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct }
}

struct Items<'de, T> {
    rest: std::iter::Enumerate<std::slice::Iter<'de, T>>,
    reading: Reading<'de>,
}

impl<'de, T: Tree> de::SeqAccess<'de> for Items<'de, T> {
    type Error = Mistake;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Mistake> {
        let reading = self.reading;
        let decode = |(index, item): (usize, &'de T)| {
            let decoded = located(item, seed.deserialize(Decoder::new(item, reading)));
            decoded.map_err(|mistake| mistake.inside(index.to_string()))
        };
        self.rest.next().map(decode).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

struct Entries<'de, T> {
    rest: Box<dyn Iterator<Item = (&'de str, &'de T)> + 'de>,
    current: Option<(&'de str, &'de T)>,
    reading: Reading<'de>,
}

impl<'de, T: Tree> de::MapAccess<'de> for Entries<'de, T> {
    type Error = Mistake;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Mistake> {
        self.current = self.rest.next();
        let decode = |(key, value): (&'de str, &'de T)| {
            let word = de::value::BorrowedStrDeserializer::<Mistake>::new(key);
            located(value, seed.deserialize(word)).map_err(|mistake| mistake.below(key))
        };
        self.current.map(decode).transpose()
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Mistake> {
        let (key, value) =
            self.current.ok_or_else(|| de::Error::custom("a value without a key"))?;
        let words = match self.reading.dialect {
            Dialect::Hep => &[],
            Dialect::Ansible => self.reading.about.words_of(key),
        };
        let decoder = Decoder { tree: value, reading: self.reading, words };
        located(value, seed.deserialize(decoder)).map_err(|mistake| mistake.below(key))
    }
}

impl de::Error for Mistake {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Self::new(What::Other(message.to_string()))
    }

    fn invalid_type(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::new(What::wrong_type(found, expected))
    }

    fn invalid_value(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn unknown_field(field: &str, known: &'static [&'static str]) -> Self {
        Self::new(What::UnknownField { field: field.to_owned(), known })
    }

    fn unknown_variant(word: &str, known: &'static [&'static str]) -> Self {
        Self::new(What::UnknownVariant { word: word.to_owned(), known })
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(What::Missing(field))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::new(What::Twice(field))
    }
}
