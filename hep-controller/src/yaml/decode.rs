//! A serde deserializer over nodes. What a plain scalar means depends on what is asked for, and every mistake keeps
//! its place.

use super::{Entry, Kind, Meaning, Mistake, Node, What};
use serde::de::{self, DeserializeSeed, Deserializer, Visitor};
use serde::forward_to_deserialize_any;

/// More than a person wants to read of one mapping.
const MAX_MISTAKES: usize = 50;

/// Decodes again and again, each time without the entry that was wrong, until all mistakes of a mapping are known.
///
/// # Errors
/// All mistakes, except those that follow from others.
pub(crate) fn decode_each<T>(
    node: &Node,
    decode: impl Fn(&Node) -> Result<T, Mistake>,
) -> Result<T, Vec<Mistake>> {
    let mut mistakes: Vec<Mistake> = Vec::new();
    let mut rest = node.clone();
    loop {
        match decode(&rest) {
            Ok(value) if mistakes.is_empty() => return Ok(value),
            Ok(_) => return Err(mistakes),
            Err(mistake) => {
                let next = rest.without(&mistake.path);
                if !follows(&mistake, &mistakes) {
                    mistakes.push(mistake);
                }
                match next {
                    Some(next) if mistakes.len() < MAX_MISTAKES => rest = next,
                    Some(_) | None => return Err(mistakes),
                }
            }
        }
    }
}

/// Whether something seems missing only because what was wrong had been left out.
fn follows(mistake: &Mistake, before: &[Mistake]) -> bool {
    let What::Missing(missing) = &*mistake.what else { return false };
    // Of a mapping inside, only what was left out of it counts.
    let scope = mistake.key.as_ref().and(mistake.span);
    let inside = |left_out: &&Mistake| match (scope, &left_out.key) {
        (Some(scope), Some(key)) => scope.start <= key.span.start && key.span.end <= scope.end,
        (None, _) | (_, None) => true,
    };
    before.iter().filter(inside).any(|left_out| match &*left_out.what {
        What::UnknownField { field, .. } => {
            // `dest:/etc/motd` is a key for YAML.
            let key = field.split(':').next().unwrap_or_default();
            crate::words::similar(key, missing)
        }
        // It may have been given under another name, which is not known here.
        What::Other(_)
        | What::Type { .. }
        | What::UnknownVariant { .. }
        | What::Missing(_)
        | What::Twice(_)
        | What::NoValue
        | What::Unfit { .. }
        | What::Reported => true,
    })
}

/// Decodes one node.
#[derive(Clone, Copy)]
pub(crate) struct Decoder<'de>(pub(crate) &'de Node);

impl<'de> Decoder<'de> {
    fn expected(self, expected: &str) -> Mistake {
        let node = self.0;
        let what = match &node.kind {
            Kind::Broken => What::Reported,
            Kind::Scalar(_) if node.is_null() => What::NoValue,
            Kind::Scalar(_) | Kind::Seq(_) | Kind::Map(_) => {
                What::Type { expected: expected.to_owned(), found: node.describe() }
            }
        };
        Mistake::new(what).at(node.span)
    }

    fn meaning(self) -> Option<Meaning<'de>> {
        match &self.0.kind {
            Kind::Scalar(scalar) => Some(scalar.meaning()),
            Kind::Seq(_) | Kind::Map(_) | Kind::Broken => None,
        }
    }

    fn located<T>(self, result: Result<T, Mistake>) -> Result<T, Mistake> {
        result.map_err(|mistake| mistake.at(self.0.span))
    }
}

/// Methods that ask for a whole number.
macro_rules! whole_number {
    ($($method:ident $visit:ident $type:ty, $words:expr;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
            let value = match self.meaning() {
                Some(Meaning::Unsigned(value)) => <$type>::try_from(value).ok(),
                Some(Meaning::Negative(value)) => <$type>::try_from(value).ok(),
                Some(
                    Meaning::Null | Meaning::Bool(_) | Meaning::Float(_) | Meaning::Text(_),
                )
                | None => None,
            };
            let value = value.ok_or_else(|| self.expected($words))?;
            self.located(visitor.$visit(value))
        }
    )*};
}

impl<'de> Deserializer<'de> for Decoder<'de> {
    type Error = Mistake;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        self.located(match &self.0.kind {
            Kind::Broken => Err(self.expected("")),
            Kind::Seq(_) => self.deserialize_seq(visitor),
            Kind::Map(_) => self.deserialize_map(visitor),
            Kind::Scalar(scalar) => match scalar.meaning() {
                Meaning::Null => Err(self.expected("")),
                Meaning::Bool(value) => visitor.visit_bool(value),
                Meaning::Unsigned(value) => visitor.visit_u64(value),
                Meaning::Negative(value) => visitor.visit_i64(value),
                Meaning::Float(value) => visitor.visit_f64(value),
                Meaning::Text(text) => visitor.visit_borrowed_str(text),
            },
        })
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        match self.meaning() {
            Some(Meaning::Bool(value)) => self.located(visitor.visit_bool(value)),
            Some(_) | None => Err(self.expected("`true` or `false`")),
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
        match self.0.text() {
            Some(text) => self.located(visitor.visit_borrowed_str(text)),
            None => Err(self.expected("a text")),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        self.deserialize_str(visitor)
    }

    /// A key without a value is no way to leave it out: more often something was forgotten.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        if self.0.is_null() { Err(self.expected("a value")) } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        match &self.0.kind {
            Kind::Seq(items) => self.located(visitor.visit_seq(Items(items.iter().enumerate()))),
            Kind::Scalar(_) | Kind::Map(_) | Kind::Broken => Err(self.expected("a list")),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        match &self.0.kind {
            Kind::Map(entries) => self.located(
                visitor.visit_map(Entries { rest: entries.iter().enumerate(), current: None }),
            ),
            Kind::Scalar(_) | Kind::Seq(_) | Kind::Broken => Err(self.expected("a mapping")),
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

    /// Only enums of words: no type of hep's has another form in YAML.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        match self.0.text() {
            Some(text) => {
                let word = de::value::BorrowedStrDeserializer::<Mistake>::new(text);
                self.located(visitor.visit_enum(word))
            }
            None => Err(self.expected("a word")),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct }
}

struct Items<'de>(std::iter::Enumerate<std::slice::Iter<'de, Node>>);

impl<'de> de::SeqAccess<'de> for Items<'de> {
    type Error = Mistake;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Mistake> {
        let decode = |(index, node): (usize, &'de Node)| {
            let located = |mistake: Mistake| mistake.at(node.span).inside(index);
            seed.deserialize(Decoder(node)).map_err(located)
        };
        self.0.next().map(decode).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

struct Entries<'de> {
    rest: std::iter::Enumerate<std::slice::Iter<'de, Entry>>,
    current: Option<(usize, &'de Entry)>,
}

impl<'de> de::MapAccess<'de> for Entries<'de> {
    type Error = Mistake;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Mistake> {
        self.current = self.rest.next();
        let decode = |(index, entry): (usize, &'de Entry)| {
            let key = de::value::BorrowedStrDeserializer::<Mistake>::new(&entry.key.text);
            seed.deserialize(key).map_err(|m| m.at(entry.key.span).below(index, &entry.key))
        };
        self.current.map(decode).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Mistake> {
        let (index, entry) =
            self.current.ok_or_else(|| de::Error::custom("a value without a key"))?;
        seed.deserialize(Decoder(&entry.value))
            .map_err(|mistake| mistake.at(entry.value.span).below(index, &entry.key))
    }
}
