//! Nodes as the values that the protocol decodes, and all mistakes of a mapping instead of the first.

use super::{Entry, Kind, Meaning, Node};
use hep_protocol::decode::{Mistake, Shape, Tree, What};
use std::borrow::Cow;

impl Tree for Node {
    fn shape(&self) -> Shape<'_, Node> {
        match &self.kind {
            Kind::Broken => Shape::Reported,
            Kind::Seq(items) => Shape::List(items),
            Kind::Map(entries) => Shape::Mapping(Box::new(entries.iter().map(Entry::pair))),
            Kind::Scalar(scalar) => match scalar.meaning() {
                Meaning::Null => Shape::Absent,
                Meaning::Bool(value) => Shape::Bool(value),
                Meaning::Unsigned(value) => Shape::Unsigned(value),
                Meaning::Negative(value) => Shape::Negative(value),
                Meaning::Float(value) => Shape::Float(value),
                Meaning::Text(text) => Shape::Text(text),
            },
        }
    }

    fn text(&self) -> Option<Cow<'_, str>> {
        Node::text(self).map(Cow::Borrowed)
    }
}

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
    let inside = |left_out: &&Mistake| left_out.path.starts_with(&mistake.path);
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
