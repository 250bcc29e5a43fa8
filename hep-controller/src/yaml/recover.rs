//! Parsing that survives mistakes: after one, it goes on with the next item of the outermost list.

use super::build::Builder;
use super::{MAX_DEPTH, Node, encrypted, syntax};
use crate::diagnostic::Diagnostics;
use crate::source::{Source, Span};
use serde_yaml::granit_parser::{self as granit, Event, Parser, ScanError};
use std::sync::Arc;

/// After so many a reader has enough, and a hostile file costs no more time.
const MAX_SYNTAX_ERRORS: usize = 50;

/// The tree of a source, as far as it can be read, and what was wrong; no tree when the file has no value.
pub(crate) fn parse(source: &Arc<Source>) -> (Option<Node>, Diagnostics) {
    let (root, problems, _) = parse_with(source, Builder::new(source));
    (root, problems)
}

/// The same of a file of Ansible's, where of a key that is given twice the last counts, which is told as a warning, and
/// `!unsafe` makes a text that holds no expressions.
pub(crate) fn parse_foreign(source: &Arc<Source>) -> (Option<Node>, Diagnostics, Diagnostics) {
    parse_with(source, Builder::new(source).foreign())
}

fn parse_with(
    source: &Arc<Source>,
    mut builder: Builder<'_>,
) -> (Option<Node>, Diagnostics, Diagnostics) {
    let mut piece = Span::new(0, source.text.len());
    for number in 1..=MAX_SYNTAX_ERRORS {
        match feed(&mut builder, source, piece) {
            Feed::Complete | Feed::TooMuch => break,
            Feed::Error(error) => {
                let at = piece.start + error.marker().byte_offset().unwrap_or_default();
                let problem = syntax::explain(source, at, &error, &builder);
                builder.problems.push(problem);
                match next_item(&builder, &source.text) {
                    Some((_, next)) if number == MAX_SYNTAX_ERRORS => builder.give_up(next.start),
                    Some((list, next)) => {
                        builder.drop_open_item(list);
                        builder.continue_at(next.start);
                        piece = next;
                    }
                    None => break,
                }
            }
        }
    }
    if let Some((list, _)) = builder.outermost_list() {
        builder.drop_open_item(list);
    }
    builder.close_all();
    let (mut root, mut problems, warnings) = builder.into_root();
    if let Some(root) = &mut root
        && let Some(problem) = encrypted::problem(source, root)
    {
        problems.push(problem);
        *root = Node::broken(root.span);
    }
    (root, problems, warnings)
}

enum Feed {
    Complete,
    TooMuch,
    Error(ScanError),
}

/// Parses a piece of the source into the builder. A piece after the first is again a list; its items continue the one
/// that is still open.
#[expect(clippy::wildcard_enum_match_arm, reason = "all other events build the tree")]
fn feed(builder: &mut Builder<'_>, source: &Arc<Source>, piece: Span) -> Feed {
    let options = granit::options! {
        emit_unresolved_aliases: true,
        emit_comments: false,
        // YAML's 1024 exist for small machines; a long key is no mistake of the operator.
        simple_key_max_lookahead: 65_536,
        flow_nesting_limit: usize::from(MAX_DEPTH) + 1,
        block_nesting_limit: usize::from(MAX_DEPTH) + 1,
    };
    let mut skip_start = !builder.open().is_empty();
    let floor = builder.open().len();
    let mut documents = 0;
    for next in Parser::new_from_str_with_options(source.slice(piece), options) {
        let (event, span) = match next {
            Ok(next) => next,
            Err(error) => return Feed::Error(error),
        };
        let resumed_list_ends =
            floor > 0 && builder.open().len() == floor && matches!(event, Event::SequenceEnd);
        match &event {
            Event::DocumentStart(..) if documents > 0 => {
                builder.second_document(&span);
                return Feed::Complete;
            }
            Event::DocumentStart(..) => documents += 1,
            Event::SequenceStart(..) if skip_start => skip_start = false,
            // The list stays open: another mistake may follow.
            _ if resumed_list_ends => {}
            _ => {
                if builder.event(event, &span).is_err() {
                    return Feed::TooMuch;
                }
            }
        }
    }
    Feed::Complete
}

/// The outermost open list, and the text from the item on that follows the broken one; `None` when there is none.
fn next_item(builder: &Builder<'_>, text: &str) -> Option<(usize, Span)> {
    let (list, frame) = builder.outermost_list()?;
    let dash = frame.start;
    let indent = dash - line_start(text, dash);
    let broken = match builder.open().get(list + 1) {
        Some(item) => item.start,
        // Nothing of the item was understood: it begins with the first word after what was.
        None => {
            let rest = text.get(builder.consumed..)?;
            builder.consumed + (rest.len() - rest.trim_start().len())
        }
    };
    let mut at = line_start(text, broken);
    let mut next = None;
    for (number, line) in text.get(at..)?.split_inclusive('\n').enumerate() {
        let content = line.trim_start_matches(' ');
        let blank = content.trim().is_empty() || content.starts_with('#');
        let outside = !blank && line.len() - content.len() < indent;
        if number > 0 && outside {
            break;
        }
        if number > 0 && next.is_none() && is_item(line, indent) {
            next = Some(at);
        }
        at += line.len();
    }
    next.map(|start| (list, Span::new(start, at)))
}

fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1)
}

/// Whether a line begins with a dash in this column.
fn is_item(line: &str, indent: usize) -> bool {
    let spaces = line.get(..indent).is_some_and(|spaces| spaces.bytes().all(|b| b == b' '));
    let rest = line.get(indent..).and_then(|rest| rest.strip_prefix('-'));
    spaces && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\n', '\r', '\t']))
}
