//! Values that cannot be wrong once made: paths, modes, names.
//!
//! Each is made from text in one place (`TryFrom<String>`), so what a manifest, a rendered expression or a
//! frame contains is checked by the same words everywhere.

mod argv;
mod attributes;
mod document;
mod json;
pub(crate) mod kind;
mod list;
mod loose;
mod mode;
mod name;
mod package;
mod path;
#[cfg(feature = "schema")]
mod schema;
mod secret;

pub use argv::Argv;
pub use attributes::Attributes;
pub(crate) use attributes::with_attributes;
pub(crate) use document::document;
pub use json::Json;
pub use list::OneOrMany;
pub(crate) use list::whole;
pub use loose::{Id, Names, Scalar, Whole};
pub use mode::{Mode, PermissionBits};
pub use name::{Owner, ServiceName};
pub use package::{Package, PackageName};
pub(crate) use path::any_path;
pub use path::{AbsPath, Dest};
pub use secret::Secret;

use std::fmt;

/// A text that is not a value of its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidValue {
    kind: &'static str,
    text: String,
    why: String,
}

impl InvalidValue {
    /// `kind` with its article (`a mode`), the text, and why not or what to write instead (may be empty).
    pub(crate) fn new(kind: &'static str, text: &str, why: impl Into<String>) -> Self {
        // A hostile value may be megabytes long; a message is not.
        let text = text.chars().take(120).collect();
        Self { kind, text, why: why.into() }
    }
}

impl fmt::Display for InvalidValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not {}", self.text.escape_debug(), self.kind)?;
        if self.why.is_empty() { Ok(()) } else { write!(f, ": {}", self.why) }
    }
}

impl std::error::Error for InvalidValue {}

/// The serde, text and display plumbing every text value has in common.
macro_rules! text_value {
    ($type:ident) => {
        impl std::str::FromStr for $type {
            type Err = $crate::value::InvalidValue;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::try_from(text.to_owned())
            }
        }

        impl From<$type> for String {
            fn from(value: $type) -> Self {
                value.to_string()
            }
        }
    };
}
pub(crate) use text_value;
