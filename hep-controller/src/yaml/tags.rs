//! Tags of scalars and collections: `!secret`, and Ansible's `!unsafe`.

use super::{Scalar, Style};
use serde_yaml::granit_parser::Tag;
use std::sync::Arc;

/// A text as it stands, whatever braces are in it.
pub(super) fn raw(text: Arc<str>, style: Style) -> Scalar {
    if hep_protocol::expression::has_expression(&text) {
        let text = format!("{{% raw %}}{text}{{% endraw %}}").into();
        Scalar { text, style: Style::Text }
    } else {
        Scalar { text, style }
    }
}

/// Ansible's tag for it.
pub(super) fn is_unsafe(tag: Option<&Tag>) -> bool {
    tag.is_some_and(|tag| tag.original() == "!unsafe")
}

/// hep's tag for what is never shown.
pub(super) fn is_secret(tag: Option<&Tag>) -> bool {
    tag.is_some_and(|tag| tag.original() == "!secret")
}
