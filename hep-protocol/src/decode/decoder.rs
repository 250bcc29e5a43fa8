//! A serde deserializer over values. It asks of each what a manifest's plain scalars are asked: a text may be given by a
//! number, a number never by a text.

use super::{Mistake, Shape, Tree, What};
use serde::de::{self, DeserializeSeed, Deserializer, Visitor};
use serde::forward_to_deserialize_any;
use std::borrow::Cow;

/// Decodes one value.
pub(super) struct Decoder<'de, T>(pub(super) &'de T);

impl<T: Tree> Decoder<'_, T> {
    fn expected(&self, expected: &str) -> Mistake {
        let what = match self.0.shape() {
            Shape::Reported => What::Reported,
            Shape::Absent | Shape::Nothing => What::NoValue,
            Shape::Bool(_)
            | Shape::Unsigned(_)
            | Shape::Negative(_)
            | Shape::Float(_)
            | Shape::Text(_)
            | Shape::List(_)
            | Shape::Mapping(_) => {
                What::Type { expected: expected.to_owned(), found: self.0.describe() }
            }
        };
        Mistake::new(what).about(self.0)
    }

    fn is_nothing(&self) -> bool {
        matches!(self.0.shape(), Shape::Absent | Shape::Nothing)
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
            let value = match self.0.shape() {
                Shape::Unsigned(value) => <$type>::try_from(value).ok(),
                Shape::Negative(value) => <$type>::try_from(value).ok(),
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
            located(self.0, visitor.$visit(value))
        }
    )*};
}

impl<'de, T: Tree> Deserializer<'de> for Decoder<'de, T> {
    type Error = Mistake;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        let tree = self.0;
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
        if let Shape::Bool(value) = self.0.shape() {
            located(self.0, visitor.visit_bool(value))
        } else {
            Err(self.expected("`true` or `false`"))
        }
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
        let visited = match self.0.text() {
            Some(Cow::Borrowed(text)) => visitor.visit_borrowed_str(text),
            Some(Cow::Owned(text)) => visitor.visit_string(text),
            None => Err(self.expected("a text")),
        };
        located(self.0, visited)
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

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        if let Shape::List(items) = self.0.shape() {
            located(self.0, visitor.visit_seq(Items(items.iter().enumerate())))
        } else {
            Err(self.expected("a list"))
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        if let Shape::Mapping(rest) = self.0.shape() {
            located(self.0, visitor.visit_map(Entries { rest, current: None }))
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
        self.deserialize_map(visitor)
    }

    /// Only enums of words: no parameter has another form.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        match self.0.text() {
            Some(text) => {
                let word = de::value::CowStrDeserializer::<Mistake>::new(text);
                located(self.0, visitor.visit_enum(word))
            }
            None => Err(self.expected("a word")),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct }
}

struct Items<'de, T>(std::iter::Enumerate<std::slice::Iter<'de, T>>);

impl<'de, T: Tree> de::SeqAccess<'de> for Items<'de, T> {
    type Error = Mistake;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Mistake> {
        let decode = |(index, item): (usize, &'de T)| {
            let decoded = located(item, seed.deserialize(Decoder(item)));
            decoded.map_err(|mistake| mistake.inside(index.to_string()))
        };
        self.0.next().map(decode).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

struct Entries<'de, T> {
    rest: Box<dyn Iterator<Item = (&'de str, &'de T)> + 'de>,
    current: Option<(&'de str, &'de T)>,
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
        located(value, seed.deserialize(Decoder(value))).map_err(|mistake| mistake.below(key))
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
