//! The keys `become`, `become_user` and `become_method`.

use super::values::Value;
use crate::ast::rights::Rights;
use crate::ast::{Piece, Spot};
use crate::yaml::shorten;
use hep_protocol::rights::Method;

impl Rights {
    /// Reads one of the keys; whether it is one.
    pub(crate) fn take(&mut self, key: &str, value: &mut Value<'_>) -> bool {
        match key {
            "become" => self.wanted = value.truth_or_expression(),
            "become_user" => self.user = user(value),
            "become_method" => self.method = read_method(value),
            _ => return false,
        }
        true
    }
}

fn user(value: &mut Value<'_>) -> Option<Piece> {
    let text = value.text()?.text;
    if text.trim().is_empty() {
        value
            .refuse("`become_user` is empty", "write a user's name, as in `become_user: postgres`");
        return None;
    }
    Some(value.piece())
}

fn read_method(value: &mut Value<'_>) -> Option<(Method, Spot)> {
    let spot = value.text()?;
    let found = Method::named(&spot.text);
    if found.is_none() {
        let message = format!("hep knows no `become_method: {}`", shorten(&spot.text));
        value.refuse(message, format!("write {}", Method::names()));
    }
    found.map(|method| (method, spot))
}
