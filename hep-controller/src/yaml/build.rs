//! From parser events to a tree. Iterative, so that no nesting overflows the stack.

use super::tags::{is_secret, is_unsafe, raw};
use super::{Entry, Key, Kind, MAX_ALIASED, MAX_DEPTH, MAX_NODES, Node, Scalar, Style};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::{Source, Span};
use hep_protocol::redact::SHORTEST;
use serde_yaml::granit_parser::{self as granit, Event, ScalarStyle, StructureStyle, Tag};
use std::collections::HashMap;
use std::sync::Arc;

/// A tree under construction.
pub(super) struct Builder<'s> {
    source: &'s Arc<Source>,
    /// Where the parsed piece begins in the source.
    base: usize,
    frames: Vec<Frame>,
    /// How many collections are open around the one that is tagged `!secret`.
    secret: Option<usize>,
    /// The same of `!unsafe`, whose texts are no expressions.
    raw: Option<usize>,
    roots: Vec<Node>,
    anchors: HashMap<usize, Node>,
    /// Nodes that are written so far.
    written: u64,
    /// What aliases stand for, by weight.
    aliased: u64,
    /// Anchors may lie in a part that could not be read, so an unknown alias proves nothing.
    anchors_lost: bool,
    /// Where the last part that was understood ends.
    pub(super) consumed: usize,
    pub(super) problems: Diagnostics,
    /// Whether the file is one of Ansible's.
    foreign: bool,
    warnings: Diagnostics,
}

/// A collection that is still open.
pub(super) struct Frame {
    pub(super) start: usize,
    style: StructureStyle,
    anchor: usize,
    open: Open,
}

enum Open {
    Seq(Vec<Node>),
    Map {
        entries: Vec<Entry>,
        seen: HashMap<Arc<str>, Span>,
        /// The key whose value comes next; a bad one takes its value with it.
        key: Option<Option<Key>>,
        /// Whether it is `{{ name }}`, which is meant to be a text.
        braces: bool,
    },
}

/// Why building stopped before the end.
pub(super) struct TooMuch;

/// After so many mistakes a file is taken for something else: a hostile one should take no memory for each.
const MAX_MISTAKES: usize = 1000;

impl<'s> Builder<'s> {
    pub(super) fn new(source: &'s Arc<Source>) -> Builder<'s> {
        Builder {
            source,
            base: 0,
            frames: Vec::new(),
            secret: None,
            raw: None,
            roots: Vec::new(),
            anchors: HashMap::new(),
            written: 0,
            aliased: 0,
            anchors_lost: false,
            consumed: 0,
            problems: Diagnostics::default(),
            foreign: false,
            warnings: Diagnostics::default(),
        }
    }

    /// For a file of Ansible's.
    pub(super) fn foreign(self) -> Builder<'s> {
        Builder { foreign: true, ..self }
    }

    /// Continues with a piece of the source that begins at `base`; anchors of what was before are unknown to it.
    pub(super) fn continue_at(&mut self, base: usize) {
        self.base = base;
        self.anchors.clear();
        self.anchors_lost = true;
    }

    pub(super) fn open(&self) -> &[Frame] {
        &self.frames
    }

    /// The list whose items are gone through one by one after a mistake, with its place among the open collections.
    pub(super) fn outermost_list(&self) -> Option<(usize, &Frame)> {
        self.frames.iter().enumerate().find(|(_, frame)| matches!(frame.open, Open::Seq(_)))
    }

    /// Says that nothing after this place was read.
    pub(super) fn give_up(&mut self, at: usize) {
        let message = "the file has too many mistakes to go on; nothing from here on was read";
        self.problem(Span::new(at, at + 1), message, "correct those above first");
    }

    pub(super) fn second_document(&mut self, at: &granit::Span) {
        let span = self.span(at);
        self.problem(
            span,
            "a second document begins here",
            "a file holds one document: remove the `---`",
        );
    }

    /// The root, once all collections are closed.
    pub(super) fn into_root(mut self) -> (Option<Node>, Diagnostics, Diagnostics) {
        (self.roots.pop(), self.problems, self.warnings)
    }

    /// Takes in one event.
    ///
    /// # Errors
    /// When the document is too deep, too large or too wrong to go on; the reason is among the problems.
    pub(super) fn event(&mut self, event: Event<'_>, at: &granit::Span) -> Result<(), TooMuch> {
        let span = self.span(at);
        if self.problems.len() >= MAX_MISTAKES {
            self.problem(
                span,
                "what follows was not looked at",
                "fix the mistakes before it first",
            );
            return Err(TooMuch);
        }
        if event.is_node() {
            self.consumed = self.consumed.max(span.end);
        }
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let style = if style == ScalarStyle::Plain { Style::Plain } else { Style::Text };
                if is_secret(tag.as_deref()) || self.within_secret() {
                    self.learn(&text, span);
                }
                let kind = self.tagged(text.into(), style, tag.as_deref(), span);
                self.finish(Node::new(span, kind), anchor)
            }
            Event::SequenceStart(style, anchor, tag) => {
                self.collection(tag.as_deref(), span);
                self.push(Frame { start: span.start, style, anchor, open: Open::Seq(Vec::new()) })
            }
            Event::MappingStart(style, anchor, tag) => {
                self.collection(tag.as_deref(), span);
                let (entries, seen) = (Vec::new(), HashMap::new());
                let open = Open::Map { entries, seen, key: None, braces: false };
                self.push(Frame { start: span.start, style, anchor, open })
            }
            Event::SequenceEnd | Event::MappingEnd => match self.frames.pop() {
                Some(frame) => self.close(frame, span.end),
                None => Ok(()),
            },
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::UnresolvedAlias(name) => {
                self.unresolved(&name, span);
                self.finish(Node::new(span, Kind::Broken), 0)
            }
            Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(..)
            | Event::DocumentEnd
            | Event::Anchor(..) => Ok(()),
            // Comments, where some other dependent of the library switched them on.
            #[allow(
                unreachable_patterns,
                reason = "the variant exists with a feature of the library only"
            )]
            _ => Ok(()),
        }
    }

    fn unresolved(&mut self, name: &str, span: Span) {
        if self.anchors_lost && self.source.text.contains(&format!("&{name}")) {
            return;
        }
        let message = format!("there is no anchor `&{name}` before this");
        let hint = "a text that begins with `*` needs quotes";
        match self.anchor_like(name, span.start) {
            Some(near) => {
                let hint = format!("did you mean `*{near}`? {hint}");
                self.problem(span, message, &hint);
            }
            None => self.problem(span, message, hint),
        }
    }

    /// Drops what is open above the first list and closes that: a list keeps the items it had before a mistake.
    pub(super) fn drop_open_item(&mut self, list: usize) {
        self.frames.truncate(list + 1);
    }

    /// Closes everything that is open, as it stands.
    pub(super) fn close_all(&mut self) {
        while let Some(frame) = self.frames.pop() {
            let end = frame.start;
            if self.close(frame, end).is_err() {
                return;
            }
        }
    }

    fn span(&self, at: &granit::Span) -> Span {
        let range = at.byte_range().unwrap_or_default();
        Span::new(self.base + range.start, self.base + range.end)
    }

    pub(super) fn problem(&mut self, span: Span, message: impl Into<String>, hint: &str) {
        self.problems.push(Diagnostic::at(self.source, span, message).hint(hint));
    }

    fn push(&mut self, frame: Frame) -> Result<(), TooMuch> {
        if self.frames.len() >= usize::from(MAX_DEPTH) {
            self.too_deep(Span::new(frame.start, frame.start + 1))
        } else {
            self.frames.push(frame);
            Ok(())
        }
    }

    fn too_deep(&mut self, span: Span) -> Result<(), TooMuch> {
        let message = format!("lists and mappings nest more than {MAX_DEPTH} deep here");
        self.problem(span, message, "no part of hep needs such a depth");
        Err(TooMuch)
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), TooMuch> {
        match self.anchors.get(&anchor).cloned() {
            Some(node) => {
                self.aliased = self.aliased.saturating_add(node.weight);
                let most = MAX_ALIASED.max(self.written.saturating_mul(10));
                if self.aliased > most {
                    let message = format!("aliases stand for more than {most} values");
                    let hint = "write fewer aliases of aliases, and of long texts";
                    self.problem(span, message, hint);
                    return Err(TooMuch);
                }
                if self.within_secret() {
                    self.learn_all(&node);
                }
                self.finish(Node { span, ..node }, 0)
            }
            None => {
                self.problem(
                    span,
                    "this alias is inside what it stands for",
                    "write the value out",
                );
                self.finish(Node::new(span, Kind::Broken), 0)
            }
        }
    }

    fn close(&mut self, frame: Frame, end: usize) -> Result<(), TooMuch> {
        let depth = Some(self.frames.len());
        for around in [&mut self.secret, &mut self.raw] {
            if *around == depth {
                *around = None;
            }
        }
        let Frame { start, style, anchor, open } = frame;
        let (kind, last) = match open {
            Open::Seq(items) => {
                let last = items.last().map(|item| item.span.end);
                (Kind::Seq(Arc::new(items)), last)
            }
            Open::Map { entries, braces: true, .. } if entries.is_empty() => {
                // In a block the value goes on to the end of the line: `{{ etc }}/motd`.
                let block = self.frames.iter().all(|frame| frame.style == StructureStyle::Block);
                let span = if block {
                    super::indentation::rest_of_line(&self.source.text, start)
                } else {
                    Span::new(start, end)
                };
                let (message, hint) = super::indentation::needs_quotes(self.source.slice(span));
                self.problem(span, message, &hint);
                (Kind::Broken, None)
            }
            Open::Map { entries, .. } => {
                let last = entries.last().map(|entry| entry.value.span.end);
                (Kind::Map(Arc::new(self.merged(entries))), last)
            }
        };
        // A block ends where the next begins, lines below; its last part is what a reader sees as its end.
        let end = if style == StructureStyle::Block { last.unwrap_or(end) } else { end };
        self.written = self.written.saturating_add(1);
        self.place(Node::new(Span::new(start, end.max(start)), kind), anchor)
    }

    /// A complete scalar or alias.
    fn finish(&mut self, node: Node, anchor: usize) -> Result<(), TooMuch> {
        self.written = self.written.saturating_add(1);
        if self.written.saturating_add(self.aliased) > MAX_NODES {
            let message = format!("the file has more than {MAX_NODES} values");
            self.problem(node.span, message, "split it into several files");
            return Err(TooMuch);
        }
        if self.frames.len() + usize::from(node.height) > usize::from(MAX_DEPTH) {
            return self.too_deep(node.span);
        }
        self.place(node, anchor)
    }

    /// Puts a complete node where it belongs.
    fn place(&mut self, node: Node, anchor: usize) -> Result<(), TooMuch> {
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(frame) = self.frames.last_mut() else {
            self.roots.push(node);
            return Ok(());
        };
        match &mut frame.open {
            Open::Seq(items) => items.push(node),
            Open::Map { entries, seen, key, braces } => match key.take() {
                Some(Some(key)) => entries.push(entry(key, node)),
                Some(None) => {}
                None if matches!(node.kind, Kind::Map(_)) && entries.is_empty() => {
                    *braces = true;
                    *key = Some(None);
                }
                None => {
                    let (found, problem) = as_key(self.source, node.clone(), seen);
                    let again = match &node.kind {
                        Kind::Scalar(scalar) if self.foreign && found.is_none() => Some(scalar),
                        Kind::Scalar(_) | Kind::Seq(_) | Kind::Map(_) | Kind::Broken => None,
                    };
                    if let Some(scalar) = again {
                        // The last of several counts.
                        entries.retain(|entry| entry.key.text != scalar.text);
                        *key = Some(Some(Key { span: node.span, text: scalar.text.clone() }));
                        problem.into_iter().for_each(|problem| self.warnings.push(problem));
                    } else {
                        *key = Some(found);
                        problem.into_iter().for_each(|problem| self.problems.push(problem));
                    }
                }
            },
        }
        Ok(())
    }

    /// The name of an anchor before a place, if one is like this.
    fn anchor_like(&self, name: &str, before: usize) -> Option<String> {
        let before = self.source.text.get(..before)?;
        let word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        let named = |part: &'s str| part.split(|c| !word(c)).next().unwrap_or_default();
        let text: &'s str = self.source.text.get(..before.len())?;
        let anchors = text.split([' ', '[', ',', '\n']).filter_map(|part| part.strip_prefix('&'));
        crate::words::nearest(name, anchors.map(named)).map(str::to_owned)
    }

    fn tagged(&mut self, text: Arc<str>, style: Style, tag: Option<&Tag>, span: Span) -> Kind {
        match tag.map(Tag::core_suffix) {
            None if self.raw.is_some() && !self.at_key() => Kind::Scalar(raw(text, style)),
            None => Kind::Scalar(Scalar { text, style }),
            Some(Some("str")) => Kind::Scalar(Scalar { text, style: Style::Text }),
            Some(Some(_)) => Kind::Scalar(Scalar { text, style: Style::Plain }),
            Some(None) if is_secret(tag) => Kind::Scalar(Scalar { text, style }),
            Some(None) if self.foreign && is_unsafe(tag) => Kind::Scalar(raw(text, style)),
            Some(None) => {
                self.refuse_tag(tag, span);
                Kind::Broken
            }
        }
    }

    /// The tag of a list or a mapping.
    fn collection(&mut self, tag: Option<&Tag>, span: Span) {
        if is_secret(tag) {
            self.secret.get_or_insert(self.frames.len());
        } else if self.foreign && is_unsafe(tag) {
            self.raw.get_or_insert(self.frames.len());
        } else {
            self.refuse_tag(tag, span);
        }
    }

    /// Whether the next scalar is a value in a secret collection; its keys are no secrets.
    fn within_secret(&self) -> bool {
        self.secret.is_some() && !self.at_key()
    }

    /// Whether the next scalar is a key.
    fn at_key(&self) -> bool {
        matches!(self.frames.last(), Some(Frame { open: Open::Map { key: None, .. }, .. }))
    }

    /// Takes note of all values of an alias in a secret collection.
    fn learn_all(&mut self, node: &Node) {
        match &node.kind {
            Kind::Scalar(scalar) => self.learn(&scalar.text, node.span),
            Kind::Seq(items) => items.iter().for_each(|item| self.learn_all(item)),
            Kind::Map(entries) => entries.iter().for_each(|entry| self.learn_all(&entry.value)),
            Kind::Broken => {}
        }
    }

    /// Takes note of a secret, unless it is none that could be hidden.
    fn learn(&mut self, text: &str, span: Span) {
        if hep_protocol::expression::has_expression(text) {
            let hint = "put `!secret` on the variables that it is made of";
            self.problem(span, "an expression cannot be a secret", hint);
        } else if text.trim().len() < SHORTEST || matches!(text, "true" | "false" | "null") {
            let message = format!(
                "a secret of fewer than {SHORTEST} characters, or a word like `true`, cannot be hidden"
            );
            self.problem(span, message, "take a longer one, or remove `!secret`");
        } else {
            crate::secrets::learn(text);
            crate::secrets::learn_written(self.source.slice(span));
        }
    }

    fn refuse_tag(&mut self, tag: Option<&Tag>, span: Span) {
        if let Some(tag) = tag.filter(|tag| tag.core_suffix().is_none()) {
            // The value begins after its tag; what is wrong is the tag.
            let written = tag.original();
            let before = self.source.text.get(..span.start).unwrap_or_default();
            let found = before.rfind(written.as_str()).map(|at| Span::new(at, at + written.len()));
            let span = found.unwrap_or(span);
            if tag.original() == "!vault" {
                let message = "this is encrypted with ansible-vault, which hep cannot decrypt";
                let hint =
                    "write the value itself, or leave it out here and give it with `-e @FILE`";
                return self.problem(span, message, hint);
            }
            let message = format!("the tag `{}` means nothing to hep", tag.original());
            self.problem(span, message, "remove it; a text that begins with `!` needs quotes");
        }
    }
}

/// A value left out has no place of its own; its key has.
fn entry(key: Key, mut value: Node) -> Entry {
    if value.is_null() && value.span.start >= value.span.end {
        value.span = key.span;
    }
    Entry { key, value }
}

/// The key that a node is, unless it is none or was there before.
fn as_key(
    source: &Arc<Source>,
    node: Node,
    seen: &mut HashMap<Arc<str>, Span>,
) -> (Option<Key>, Option<Diagnostic>) {
    let refuse = |message: &str, hint: &str| {
        (None, Some(Diagnostic::at(source, node.span, message).hint(hint)))
    };
    match &node.kind {
        Kind::Broken => (None, None),
        Kind::Map(_) => refuse(
            "a mapping cannot be a key",
            "a text that begins with `{` needs quotes: `\"{{ name }}\"`",
        ),
        Kind::Seq(_) => {
            refuse("a list cannot be a key", "a text that begins with `[` needs quotes")
        }
        Kind::Scalar(scalar) => match seen.insert(scalar.text.clone(), node.span) {
            None => (Some(Key { span: node.span, text: scalar.text.clone() }), None),
            Some(first) => {
                seen.insert(scalar.text.clone(), first);
                let message = format!("the key `{}` is given twice", super::shorten(&scalar.text));
                let twice = Diagnostic::at(source, node.span, message)
                    .label("and again here")
                    .also(first, "first here")
                    .hint("keep one of them");
                (None, Some(twice))
            }
        },
    }
}
