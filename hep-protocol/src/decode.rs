//! Parameters decoded into their types: what a manifest says literally, and what expressions gave. Both are read by the one
//! decoder, so they are taken with the same leniency, and a wrong value is refused by the same sentence on both sides.

mod decoder;
mod home;
mod lenient;
mod sentence;
mod tree;

pub use home::{Homes, STAND_IN, begins_at_home, expanded};
pub use sentence::{About, Origin, Sentence, What, Words};
pub use tree::{Shape, Tree};

use crate::about::About as OfModule;
use crate::dialect::Dialect;
use crate::task::TaskSpec;
use decoder::{Decoder, Reading};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use std::fmt;

/// A mistake in a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The innermost key it lies below.
    pub key: Option<String>,
    /// The way to the wrong value: keys and numbers of items, outermost first.
    pub path: Vec<String>,
    /// What is wrong. Boxed, since most decoding goes well and hands results around.
    pub what: Box<What>,
    /// The wrong value as a person would write it.
    written: String,
}

/// Decodes a value.
///
/// # Errors
/// The first mistake.
pub fn decode<R: DeserializeOwned>(tree: &impl Tree) -> Result<R, Mistake> {
    let reading = Reading { dialect: Dialect::Hep, about: &OfModule::UNKNOWN, homes: STAND_IN };
    R::deserialize(Decoder::new(tree, reading))
}

/// Decodes a module's parameters as a dialect reads them.
///
/// # Errors
/// The first mistake.
pub(crate) fn decode_in<R: DeserializeOwned>(
    dialect: Dialect,
    about: &'static OfModule,
    tree: &impl Tree,
    homes: Homes<'_>,
) -> Result<R, Mistake> {
    R::deserialize(Decoder::new(tree, Reading { dialect, about, homes }))
}

impl TaskSpec {
    /// Decodes a module's parameters in hep's dialect and checks them together.
    ///
    /// # Errors
    /// The first mistake; also when there is no such module.
    pub fn from_json(module: &str, params: &Json) -> Result<Self, Mistake> {
        Self::from_json_in(Dialect::Hep, module, params, STAND_IN)
    }

    /// The same in any dialect, where the homes are known with which paths may begin.
    ///
    /// # Errors
    /// The first mistake; also when there is no such module.
    pub fn from_json_in(
        dialect: Dialect,
        module: &str,
        params: &Json,
        homes: Homes<'_>,
    ) -> Result<Self, Mistake> {
        let spec = Self::decode_in(dialect, module, params, homes)?;
        spec.params().check_in(dialect).map_err(|bad| {
            let written = params.get(bad.key).map(Tree::written).unwrap_or_default();
            let what = What::Unfit { message: bad.message, hint: bad.hint };
            let key = bad.key.to_owned();
            Mistake { path: vec![key.clone()], key: Some(key), what: Box::new(what), written }
        })?;
        Ok(spec)
    }
}

impl Mistake {
    /// In words; `module` is whose parameters were decoded.
    #[must_use]
    pub fn sentence(&self, module: &str) -> Sentence {
        let about = About {
            module,
            words: Words::Parameters,
            key: self.key.as_deref(),
            outermost: self.path.len() <= 1,
            written: &self.written,
            origin: Origin::Rendered,
        };
        self.what.sentence(&about).unwrap_or_default()
    }

    /// A mistake in the value of this key, where no mapping was decoded.
    #[must_use]
    pub fn under(mut self, key: &str) -> Self {
        self.key.get_or_insert_with(|| key.to_owned());
        self
    }

    pub(crate) fn new(what: What) -> Self {
        Self { key: None, path: Vec::new(), what: Box::new(what), written: String::new() }
    }

    /// About this value, unless a more exact one is known.
    fn about(mut self, value: &impl Tree) -> Self {
        if self.written.is_empty() && self.path.is_empty() {
            self.written = value.written();
        }
        self
    }

    /// Lies at or below this key.
    fn below(self, key: &str) -> Self {
        self.under(key).inside(key.to_owned())
    }

    /// Lies in this entry or item.
    fn inside(mut self, step: String) -> Self {
        self.path.insert(0, step);
        self
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence("the task").message)
    }
}

impl std::error::Error for Mistake {}

#[cfg(test)]
mod tests;
