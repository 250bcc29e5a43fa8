//! Loops: `loop` and `with_*`, with their `loop_control`.

use super::Reader;
use super::inherit::Keys;
use super::scalars::{self, Truth, piece, spot};
use crate::ast::Spot;
use crate::ast::control::ManifestLoop;
use crate::source::Source;
use crate::words::nearest;
use crate::yaml::{Entry, Node, shorten};
use std::sync::Arc;

/// A loop that is read: its keyword, and what `loop_control` says.
#[derive(Default)]
pub(super) struct Looping<'n> {
    pub(super) over: Option<&'n Entry>,
    pub(super) control: Option<&'n Entry>,
}

impl Reader<'_> {
    /// Reads a loop.
    pub(super) fn looping(&mut self, source: &Arc<Source>, looping: Looping<'_>, keys: &mut Keys) {
        let Looping { over: Some(over), control } = looping else { return };
        // To Ansible a loop over nothing is none.
        if over.value.is_null() {
            return;
        }
        let kind = over.key.text.strip_prefix("with_").map(|kind| spot_of_key(source, over, kind));
        let mut each = ManifestLoop { kind, ..ManifestLoop::over(piece(source, &over.value)) };
        for entry in control.iter().flat_map(|entry| entry.value.entries()) {
            let text = entry.value.text();
            match &*entry.key.text {
                "loop_var" => match self.variable_name(source, entry) {
                    Some(name) => each.var = name.text,
                    None => each.over.node = Node::broken(over.value.span),
                },
                "index_var" => each.index = self.variable_name(source, entry).map(|name| name.text),
                "label" => each.label = text.map(|text| spot(source, &entry.value, text)),
                "pause" => each.pause = self.number_of(source, entry),
                "extended" => {
                    each.extended =
                        matches!(scalars::truth(source, &entry.value), Truth::Known(true));
                }
                "extended_allitems" => {}
                "break_when" => {
                    let why = "hep runs a loop to its end";
                    let way_out = "narrow the list, or give the task a `when`";
                    self.refuse_key(source, entry, &mut keys.handed, (why, way_out));
                }
                key => {
                    let known = [
                        "loop_var",
                        "index_var",
                        "label",
                        "pause",
                        "extended",
                        "extended_allitems",
                    ];
                    let hint = match nearest(key, known) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => "it has `loop_var`, `index_var`, `label`, `pause` and `extended`"
                            .to_owned(),
                    };
                    let message = format!("unknown key `{}` of `loop_control`", shorten(key));
                    self.refuse(source, entry.key.span, message, hint);
                }
            }
        }
        keys.each = Some(each);
    }
}

fn spot_of_key(source: &Arc<Source>, entry: &Entry, text: &str) -> Spot {
    Spot { text: text.to_owned(), source: Arc::clone(source), span: entry.key.span }
}
