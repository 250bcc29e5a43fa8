//! What is wrong with a value, before it is known what the value is for.

use super::Key;
use crate::source::Span;
pub(crate) use hep_protocol::decode::What;
use serde::de;
use std::fmt;

/// A mistake found while decoding.
#[derive(Debug)]
pub(crate) struct Mistake {
    /// The innermost place it could be found at; `None` when that is the whole.
    pub(crate) span: Option<Span>,
    /// The innermost key it lies below.
    pub(crate) key: Option<Key>,
    /// The way to it: the places in the collections it lies in, innermost first.
    pub(super) path: Vec<usize>,
    /// How many keys it lies below.
    keys: usize,
    /// Boxed, since most decoding goes well and hands results around.
    pub(crate) what: Box<What>,
}

impl Mistake {
    pub(super) fn new(what: What) -> Mistake {
        Mistake { span: None, key: None, path: Vec::new(), keys: 0, what: Box::new(what) }
    }

    /// Unless a more exact place is known.
    pub(super) fn at(mut self, span: Span) -> Mistake {
        self.span.get_or_insert(span);
        self
    }

    /// Whether the key it is about is one of the outermost mapping.
    pub(crate) fn is_outermost(&self) -> bool {
        self.keys == 1
    }

    /// The same, of the value of this key, where no mapping was decoded.
    pub(crate) fn under(self, key: &Key) -> Mistake {
        self.below(0, key)
    }

    /// Lies at or below this key, the entry of this number.
    pub(super) fn below(mut self, index: usize, key: &Key) -> Mistake {
        self.key.get_or_insert_with(|| key.clone());
        self.keys += 1;
        self.inside(index)
    }

    /// Lies in the item of this number.
    pub(super) fn inside(mut self, index: usize) -> Mistake {
        self.path.push(index);
        self
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.what)
    }
}

impl std::error::Error for Mistake {}

impl de::Error for Mistake {
    fn custom<T: fmt::Display>(message: T) -> Mistake {
        Mistake::new(What::Other(message.to_string()))
    }

    fn invalid_type(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Mistake {
        Mistake::new(What::wrong_type(found, expected))
    }

    fn invalid_value(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Mistake {
        Mistake::invalid_type(found, expected)
    }

    fn unknown_field(field: &str, known: &'static [&'static str]) -> Mistake {
        Mistake::new(What::UnknownField { field: field.to_owned(), known })
    }

    fn unknown_variant(word: &str, known: &'static [&'static str]) -> Mistake {
        Mistake::new(What::UnknownVariant { word: word.to_owned(), known })
    }

    fn missing_field(field: &'static str) -> Mistake {
        Mistake::new(What::Missing(field))
    }

    fn duplicate_field(field: &'static str) -> Mistake {
        Mistake::new(What::Twice(field))
    }
}
