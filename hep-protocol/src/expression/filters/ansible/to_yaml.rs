//! Writes YAML byte for byte as Ansible's `to_yaml` and `to_nice_yaml` do: the layout of libyaml's emitter, and quotes
//! wherever YAML 1.1 would read a text as something else.

pub(super) mod scalars;

use super::super::{Registry, defined, trouble};
use crate::expression::convert::to_json;
use minijinja::value::Kwargs;
use minijinja::{Error, Value};
use serde_json::{Map, Value as Json};

pub(super) fn register(engine: &mut Registry<'_>) {
    engine.add_filter("to_yaml", |value: &Value, flow: Option<Value>, kwargs: Kwargs| {
        dumped(value, flow, &kwargs, Layout { indent: 2, flow: Flow::Innermost })
    });
    engine.add_filter("to_nice_yaml", |value: &Value, indent: Option<Value>, kwargs: Kwargs| {
        let indent = super::argument(indent.as_ref(), &kwargs, "indent")?;
        let indent = indent.and_then(|indent| indent.as_usize()).unwrap_or(4);
        dumped(value, None, &kwargs, Layout { indent, flow: Flow::Never })
    });
}

/// Which collections stand on one line, in brackets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Never,
    /// Those without collections in them.
    Innermost,
    Always,
}

#[derive(Clone, Copy)]
struct Layout {
    indent: usize,
    flow: Flow,
}

fn dumped(
    value: &Value,
    flow: Option<Value>,
    kwargs: &Kwargs,
    layout: Layout,
) -> Result<String, Error> {
    let indent = kwargs.get::<Option<usize>>("indent")?.unwrap_or(layout.indent);
    let width = kwargs.get::<Option<Value>>("width")?;
    let width = width.and_then(|width| f64::try_from(width).ok());
    let sort = kwargs.get::<Option<bool>>("sort_keys")?.unwrap_or(true);
    let unicode = kwargs.get::<Option<bool>>("allow_unicode")?.unwrap_or(true);
    let start = kwargs.get::<Option<bool>>("explicit_start")?.unwrap_or(false);
    let flow = match super::argument(flow.as_ref(), kwargs, "default_flow_style")? {
        Some(flow) if flow.is_none() => Flow::Innermost,
        Some(flow) if flow.is_true() => Flow::Always,
        Some(_) => Flow::Never,
        None => layout.flow,
    };
    let _dumper = kwargs.get::<Option<bool>>("dump_vault_tags")?;
    kwargs.assert_all_used()?;
    let mut json = to_json(defined(value)?).map_err(trouble)?;
    if sort {
        json.sort_all_objects();
    }
    let indent = if (2..10).contains(&indent) { indent } else { 2 };
    let width = match width {
        Some(width) if width > 1e9 => usize::MAX,
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is between 20 and 1e9"
        )]
        Some(width) if width > 2.0 * 9.0 => width as usize,
        Some(_) | None => 80,
    };
    let mut emitter = Emitter { indent, width, unicode, ..Emitter::new(flow) };
    if start {
        emitter.indicator("---", true, false, false);
    }
    emitter.node(&json, None, At::Root);
    emitter.line_break();
    Ok(emitter.out)
}

/// Where a node stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Root,
    Item,
    Key,
    Entry,
}

/// What is written, and where that leads to.
struct Emitter {
    out: String,
    indent: usize,
    width: usize,
    unicode: bool,
    flow: Flow,
    /// How many brackets are open.
    depth: usize,
    column: usize,
    /// The last thing written is a blank.
    whitespace: bool,
    /// Nothing but indentation and dashes is on the line.
    indention: bool,
}

impl Emitter {
    fn new(flow: Flow) -> Self {
        Self {
            out: String::new(),
            indent: 4,
            width: 80,
            unicode: true,
            flow,
            depth: 0,
            column: 0,
            whitespace: true,
            indention: true,
        }
    }

    fn put(&mut self, text: &str) {
        self.out.push_str(text);
        self.column = self.column.saturating_add(text.chars().count());
    }

    fn line_break(&mut self) {
        self.out.push('\n');
        self.column = 0;
        (self.whitespace, self.indention) = (true, true);
    }

    /// Goes to a column, on the next line unless nothing but indentation is on this one.
    fn go_to(&mut self, column: usize) {
        if !self.indention || self.column > column || self.column == column && !self.whitespace {
            self.line_break();
        }
        if self.column < column {
            self.put(&" ".repeat(column.saturating_sub(self.column)));
            self.whitespace = true;
        }
    }

    fn indicator(&mut self, text: &str, apart: bool, whitespace: bool, indention: bool) {
        if apart && !self.whitespace {
            self.put(" ");
        }
        self.put(text);
        self.whitespace = whitespace;
        self.indention = self.indention && indention;
    }

    /// `column` is that of the collection around it.
    fn node(&mut self, json: &Json, column: Option<usize>, at: At) {
        let inner = column.map_or(0, |column| column.saturating_add(self.indent));
        match json {
            Json::Array(items) if self.on_one_line(items.iter()) => {
                let inner = column.map_or(self.indent, |_| inner);
                self.flow_sequence(items, inner);
            }
            Json::Object(map) if self.on_one_line(map.values()) => {
                let inner = column.map_or(self.indent, |_| inner);
                self.flow_mapping(map, inner);
            }
            Json::Array(items) => {
                // Below a key the dashes stand under it.
                let under = at == At::Entry && !self.indention;
                let own = if under { column.unwrap_or_default() } else { inner };
                for item in items {
                    self.go_to(own);
                    self.indicator("-", true, false, true);
                    self.node(item, Some(own), At::Item);
                }
            }
            Json::Object(map) => {
                for (key, value) in map {
                    self.go_to(inner);
                    self.key(key, value, inner);
                }
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {
                // A text goes on where what is in its collection stands.
                let around = match at {
                    At::Root => 0,
                    At::Item | At::Key | At::Entry => column.unwrap_or_default(),
                };
                let inner = if self.depth == 0 && at != At::Root { inner } else { around };
                scalars::write(self, json, inner, at);
            }
        }
    }

    fn on_one_line<'j>(&self, mut children: impl ExactSizeIterator<Item = &'j Json>) -> bool {
        let scalar = |json: &Json| !json.is_array() && !json.is_object();
        self.depth > 0
            || children.len() == 0
            || match self.flow {
                Flow::Never => false,
                Flow::Innermost => children.all(scalar),
                Flow::Always => true,
            }
    }

    /// A key, and its value.
    fn key(&mut self, key: &str, value: &Json, column: usize) {
        let text = Json::from(key);
        if scalars::is_simple_key(key) {
            self.node(&text, Some(column), At::Key);
            self.indicator(":", false, false, false);
        } else {
            self.indicator("?", true, false, true);
            self.node(&text, Some(column), At::Entry);
            self.go_to(column);
            self.indicator(":", true, false, true);
        }
        self.node(value, Some(column), At::Entry);
    }

    fn flow_sequence(&mut self, items: &[Json], column: usize) {
        self.open("[");
        for (at, item) in items.iter().enumerate() {
            self.next(at, column);
            self.node(item, Some(column), At::Item);
        }
        self.close("]");
    }

    fn flow_mapping(&mut self, map: &Map<String, Json>, column: usize) {
        self.open("{");
        for (at, (key, value)) in map.iter().enumerate() {
            self.next(at, column);
            self.key(key, value, column);
        }
        self.close("}");
    }

    fn open(&mut self, bracket: &str) {
        self.indicator(bracket, true, true, false);
        self.depth = self.depth.saturating_add(1);
    }

    fn close(&mut self, bracket: &str) {
        self.depth = self.depth.saturating_sub(1);
        self.indicator(bracket, false, false, false);
    }

    fn next(&mut self, at: usize, column: usize) {
        if at > 0 {
            self.indicator(",", false, false, false);
        }
        if self.column > self.width {
            self.go_to(column);
        }
    }
}

#[cfg(test)]
mod tests;
