//! Collections in brackets.

use super::{Loader, MAX_DEPTH, Read, merge, scalars};
use serde_json::{Map, Value as Json};

impl Loader<'_> {
    pub(super) fn flow(&mut self) -> Read<Json> {
        if self.depth >= MAX_DEPTH {
            return Err("values nest too deeply".to_owned());
        }
        self.depth = self.depth.saturating_add(1);
        let value = if self.take("[") { self.flow_list() } else { self.flow_mapping() };
        self.depth = self.depth.saturating_sub(1);
        value
    }

    fn flow_list(&mut self) -> Read<Json> {
        let mut items = Vec::new();
        loop {
            self.gap();
            if self.take("]") {
                return Ok(Json::Array(items));
            }
            let item = self.flow_value()?;
            self.gap();
            // `[a: b]` is a list of one mapping.
            if self.take(":") {
                self.gap();
                let key = scalars::as_key(&item)?;
                let value = self.flow_value()?;
                items.push(Json::Object(Map::from_iter([(key, value)])));
                self.gap();
            } else {
                items.push(item);
            }
            self.next("]")?;
        }
    }

    fn flow_mapping(&mut self) -> Read<Json> {
        self.take("{");
        let (mut map, mut merged) = (Map::new(), Vec::new());
        loop {
            self.gap();
            if self.take("}") {
                merge(&mut map, merged)?;
                return Ok(Json::Object(map));
            }
            let quoted = matches!(self.peek(), Some('"' | '\''));
            let key = if quoted { Json::String(self.quoted()?) } else { self.flow_value()? };
            let key = scalars::as_key(&key)?;
            self.gap();
            let value = if self.take(":") {
                self.gap();
                if matches!(self.peek(), Some(',' | '}')) { Json::Null } else { self.flow_value()? }
            } else {
                Json::Null
            };
            if key == "<<" && !quoted {
                merged.push(value);
            } else {
                map.insert(key, value);
            }
            self.gap();
            self.next("}")?;
        }
    }

    /// The comma after an item, or the bracket at the end, which stays.
    fn next(&mut self, end: &str) -> Read<()> {
        if self.take(",") || self.rest().starts_with(end) {
            return Ok(());
        }
        Err(format!("`,` or `{end}` is needed here"))
    }

    fn flow_value(&mut self) -> Read<Json> {
        let (mut anchor, mut tag) = (None, None);
        loop {
            match self.peek() {
                Some('&') => anchor = Some(self.word("&")),
                Some('!') => tag = Some(self.word("!")),
                _ => break,
            }
            self.gap();
        }
        let value = match self.peek() {
            None => return Err("a bracket is never closed".to_owned()),
            Some('[' | '{') => self.flow()?,
            Some('*') => self.alias()?,
            Some('"' | '\'') => {
                let text = self.quoted()?;
                scalars::tagged(tag.or(Some("!!str".to_owned())), &text)?
            }
            Some(_) => scalars::tagged(tag, &self.flow_plain())?,
        };
        self.kept(anchor, Ok(value))
    }

    fn flow_plain(&mut self) -> String {
        let rest = self.rest();
        let mut before = ' ';
        let mut end = rest.len();
        let mut characters = rest.char_indices().peekable();
        while let Some((at, c)) = characters.next() {
            let next = characters.peek().map(|(_, next)| *next);
            let colon = c == ':' && next.is_none_or(|n| n.is_whitespace() || ",[]{}".contains(n));
            if colon || ",[]{}".contains(c) || c == '#' && before.is_whitespace() {
                end = at;
                break;
            }
            before = c;
        }
        self.forward(end);
        let lines = rest.get(..end).unwrap_or_default().split('\n').map(str::trim);
        lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
    }
}
