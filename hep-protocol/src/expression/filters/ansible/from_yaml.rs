//! `from_yaml`: YAML 1.1 as far as data is written in it. Documents, anchors, merge keys and all kinds of scalars are
//! read; keys that are collections, and tags beside those of plain data, are refused.

mod flow;
mod scalars;

use super::super::{Registry, described, refuse};
use crate::expression::convert::to_value;
use minijinja::value::Rest;
use minijinja::{Error, Value};
use serde_json::{Map, Value as Json};
use std::collections::HashMap;

/// Deeper than any data a person writes.
const MAX_DEPTH: usize = 64;

/// How many values aliases may stand for.
const MAX_ALIASED: usize = 100_000;

pub(super) fn register(engine: &mut Registry<'_>) {
    engine.add_filter("from_yaml", |value: &Value| {
        let Some(text) = value.as_str() else { return Ok(value.clone()) };
        let mut documents = documents(text, "from_yaml")?.into_iter();
        match (documents.next(), documents.next()) {
            (first, None) => Ok(first.map_or_else(|| Value::from(()), |first| to_value(&first))),
            (_, Some(_)) => {
                Err(refuse("`from_yaml` takes one document; `from_yaml_all` takes more"))
            }
        }
    });
    engine.add_filter("from_yaml_all", |value: &Value, _: Rest<Value>| match value.as_str() {
        Some(text) => {
            Ok(documents(text, "from_yaml_all")?.iter().map(to_value).collect::<Vec<_>>())
        }
        None => Err(refuse(format!("`from_yaml_all` takes a text, found {}", described(value)))),
    });
}

fn documents(text: &str, filter: &str) -> Result<Vec<Json>, Error> {
    let text = text.replace("\r\n", "\n");
    let mut loader = Loader { text: &text, at: 0, anchors: HashMap::new(), depth: 0, aliased: 0 };
    loader.all().map_err(|message| {
        let line =
            text.get(..loader.at).unwrap_or_default().matches('\n').count().saturating_add(1);
        refuse(format!("`{filter}`: line {line}: {message}"))
    })
}

type Read<T> = Result<T, String>;

/// What is read, and how far.
struct Loader<'t> {
    text: &'t str,
    at: usize,
    anchors: HashMap<String, Json>,
    depth: usize,
    aliased: usize,
}

impl<'t> Loader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn forward(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes).min(self.text.len());
    }

    fn take(&mut self, part: &str) -> bool {
        let found = self.rest().starts_with(part);
        if found {
            self.forward(part.len());
        }
        found
    }

    /// How many characters stand before the place on its line.
    fn column(&self) -> usize {
        let before = self.text.get(..self.at).unwrap_or_default();
        before.rsplit('\n').next().unwrap_or_default().chars().count()
    }

    /// Blanks on the line.
    fn blanks(&mut self) {
        let rest = self.rest();
        self.forward(rest.len().saturating_sub(rest.trim_start_matches([' ', '\t']).len()));
    }

    /// Blanks, comments and ends of lines. Whether a line was ended.
    fn gap(&mut self) -> bool {
        let mut ended = false;
        loop {
            let begin = self.at;
            self.blanks();
            let apart = self.at > begin || self.column() == 0;
            match self.peek() {
                Some('#') if apart => {
                    self.forward(self.rest().find('\n').unwrap_or(self.rest().len()))
                }
                Some('\n') => {
                    self.forward(1);
                    ended = true;
                }
                _ => return ended,
            }
        }
    }

    /// Whether `---` or `...` stands here.
    fn marker(&self) -> bool {
        let word = self.rest().get(..3).unwrap_or_default();
        let ends = self.rest().get(3..).unwrap_or_default().starts_with([' ', '\n', '\t']);
        self.column() == 0 && matches!(word, "---" | "...") && (ends || self.rest().len() == 3)
    }

    fn all(&mut self) -> Read<Vec<Json>> {
        let mut all = Vec::new();
        self.take("\u{feff}");
        loop {
            self.gap();
            while self.rest().starts_with('%') && self.column() == 0 {
                self.forward(self.rest().find('\n').unwrap_or(self.rest().len()));
                self.gap();
            }
            let explicit = self.marker() && self.take("---");
            if !explicit && (self.take("...") || self.rest().is_empty()) {
                if self.rest().is_empty() {
                    return Ok(all);
                }
                continue;
            }
            all.push(self.node(None, false)?);
            self.gap();
            if !self.rest().is_empty() && !self.marker() {
                return Err("there is something after the end of the value".to_owned());
            }
        }
    }

    /// A value that stands further right than `around`; in a mapping a list may stand under its key.
    fn node(&mut self, around: Option<usize>, under: bool) -> Read<Json> {
        if self.depth >= MAX_DEPTH {
            return Err("values nest too deeply".to_owned());
        }
        self.depth = self.depth.saturating_add(1);
        let node = self.node_within(around, under);
        self.depth = self.depth.saturating_sub(1);
        node
    }

    fn node_within(&mut self, around: Option<usize>, under: bool) -> Read<Json> {
        let (mut anchor, mut tag) = (None, None);
        let start = self.at;
        let mut fresh = self.gap() || start == 0 || self.column() == 0;
        loop {
            let column = self.column();
            let listed = under && self.is_item() && Some(column) == around;
            let inside = around.is_none_or(|around| column > around) || listed;
            if self.rest().is_empty() || self.marker() || !inside {
                return self.kept(anchor, scalars::tagged(tag, ""));
            }
            // On a line of its own after an anchor, a mapping's first key may have one too.
            match self.peek() {
                Some('&') => anchor = Some(self.word("&")),
                Some('!') => tag = Some(self.word("!")),
                _ => break,
            }
            fresh = self.gap() || fresh;
        }
        let value = match self.peek() {
            Some('-') if self.is_item() => self.sequence()?,
            Some('?') if self.rest().get(1..).is_some_and(|r| r.starts_with([' ', '\n'])) => {
                return Err("keys that are written with `?` are not read here".to_owned());
            }
            Some('|' | '>') => {
                let text = self.block_text(around)?;
                return self.kept(anchor, scalars::tagged(tag.or(Some("!!str".to_owned())), &text));
            }
            _ if self.key_ahead() => self.mapping(fresh)?,
            Some('*') => self.alias()?,
            Some('[' | '{') => self.flow()?,
            Some('"' | '\'') => {
                let text = self.quoted()?;
                scalars::tagged(tag.take().or(Some("!!str".to_owned())), &text)?
            }
            Some(c @ ('@' | '`' | '%')) => return Err(format!("no value begins with `{c}`")),
            _ => {
                let text = self.plain(around)?;
                return self.kept(anchor, scalars::tagged(tag, &text));
            }
        };
        let value = match tag.as_deref() {
            None | Some("!!map" | "!!seq" | "!!str" | "!!set" | "!!omap") => value,
            Some(tag) => return Err(format!("there is no tag `{tag}` for this value")),
        };
        self.kept(anchor, Ok(value))
    }

    fn kept(&mut self, anchor: Option<String>, value: Read<Json>) -> Read<Json> {
        let value = value?;
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor, value.clone());
        }
        Ok(value)
    }

    /// The word of an anchor, alias or tag; a tag with its exclamation mark.
    fn word(&mut self, mark: &str) -> String {
        let rest = self.rest();
        let ends = |c: char| c.is_whitespace() || matches!(c, ',' | '[' | ']' | '{' | '}');
        let end = rest.find(ends).unwrap_or(rest.len());
        self.forward(end);
        let word = rest.get(..end).unwrap_or_default();
        if mark == "!" { word.to_owned() } else { word.get(1..).unwrap_or_default().to_owned() }
    }

    fn alias(&mut self) -> Read<Json> {
        let name = self.word("*");
        let value = self.anchors.get(&name).cloned();
        let value =
            value.ok_or_else(|| format!("there is no anchor `&{name}` before this alias"))?;
        self.aliased = self.aliased.saturating_add(weight(&value));
        if self.aliased > MAX_ALIASED {
            return Err("aliases stand for too much".to_owned());
        }
        Ok(value)
    }

    /// Whether an item of a list begins here.
    fn is_item(&self) -> bool {
        let rest = self.rest();
        rest.starts_with('-')
            && rest.get(1..).is_none_or(|r| r.is_empty() || r.starts_with([' ', '\n', '\t']))
    }

    fn sequence(&mut self) -> Read<Json> {
        let column = self.column();
        let mut items = Vec::new();
        while self.column() == column && self.is_item() && !self.marker() {
            self.forward(1);
            items.push(self.node(Some(column), false)?);
            self.gap();
        }
        self.nothing_deeper(column)?;
        Ok(Json::Array(items))
    }

    fn nothing_deeper(&self, column: usize) -> Read<()> {
        if !self.rest().is_empty() && self.column() > column {
            return Err("this line is indented further than those before it".to_owned());
        }
        Ok(())
    }

    /// Whether what begins here is a key: a colon follows it on this line.
    fn key_ahead(&self) -> bool {
        let mut ahead = Loader { anchors: HashMap::new(), ..*self };
        let line = ahead.at;
        let read = match ahead.peek() {
            Some('"' | '\'') => ahead.quoted().map(drop),
            Some('*' | '&') => {
                ahead.word("*");
                Ok(())
            }
            Some('[' | '{' | '|' | '>' | '#') | None => return false,
            Some(_) => {
                ahead.plain_key();
                Ok(())
            }
        };
        ahead.blanks();
        let passed = ahead.text.get(line..ahead.at).unwrap_or_default();
        read.is_ok() && !passed.contains('\n') && ahead.is_colon()
    }

    fn is_colon(&self) -> bool {
        let rest = self.rest();
        rest.starts_with(':')
            && rest.get(1..).is_none_or(|r| r.is_empty() || r.starts_with([' ', '\n', '\t']))
    }

    /// A plain key, up to its colon.
    fn plain_key(&mut self) -> &'t str {
        let rest = self.rest();
        let line = rest.split('\n').next().unwrap_or_default();
        let colon = line.find(": ").or_else(|| line.find(":\t"));
        let colon = colon.or_else(|| {
            line.trim_end().ends_with(':').then(|| line.trim_end().len().saturating_sub(1))
        });
        let end = colon.unwrap_or(line.len());
        let comment = line.find(" #").unwrap_or(line.len());
        let end = end.min(comment);
        self.forward(end);
        line.get(..end).unwrap_or_default().trim_end()
    }

    fn mapping(&mut self, fresh: bool) -> Read<Json> {
        let column = self.column();
        // `a: b: c` is none.
        if !fresh
            && self
                .text
                .get(..self.at)
                .is_some_and(|before| before.trim_end_matches(' ').ends_with(':'))
        {
            return Err("a mapping does not begin on the line of its key".to_owned());
        }
        let (mut map, mut merged) = (Map::new(), Vec::new());
        loop {
            let mut anchor = None;
            if self.peek() == Some('&') {
                anchor = Some(self.word("&"));
                self.blanks();
            }
            let quoted = matches!(self.peek(), Some('"' | '\''));
            let key = match self.peek() {
                Some('"' | '\'') => self.quoted()?,
                Some('*') => scalars::as_key(&self.alias()?)?,
                _ => scalars::plain_as_key(self.plain_key())?,
            };
            if let Some(anchor) = anchor {
                self.anchors.insert(anchor, Json::from(key.as_str()));
            }
            self.blanks();
            if !self.is_colon() {
                return Err(format!("`{key}` is no key: there is no `: ` after it"));
            }
            self.forward(1);
            let value = self.node(Some(column), true)?;
            if key == "<<" && !quoted {
                merged.push(value);
            } else {
                map.insert(key, value);
            }
            self.gap();
            if self.rest().is_empty() || self.marker() || self.column() < column {
                break;
            }
            self.nothing_deeper(column)?;
            if !self.key_ahead() {
                return Err("a key is needed here, with `: ` after it".to_owned());
            }
        }
        merge(&mut map, merged)?;
        Ok(Json::Object(map))
    }
}

/// Entries of other mappings, under those of its own.
fn merge(map: &mut Map<String, Json>, merged: Vec<Json>) -> Read<()> {
    for value in merged {
        let mappings = match value {
            Json::Array(items) => items,
            other => vec![other],
        };
        for mapping in mappings {
            let Json::Object(entries) = mapping else {
                return Err("`<<` merges mappings alone".to_owned());
            };
            for (key, value) in entries {
                map.entry(key).or_insert(value);
            }
        }
    }
    Ok(())
}

fn weight(json: &Json) -> usize {
    let below: usize = match json {
        Json::Array(items) => items.iter().map(weight).sum(),
        Json::Object(map) => map.values().map(weight).sum(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => 0,
    };
    below.saturating_add(1)
}

#[cfg(test)]
mod tests;
