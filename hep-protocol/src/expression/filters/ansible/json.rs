//! JSON as Python writes it: what is not ASCII is escaped unless it is told otherwise.

use super::super::{Registry, defined, items, refuse, trouble};
use super::string;
use crate::expression::convert::to_json;
use crate::expression::python;
use minijinja::value::{Kwargs, Rest, ValueOrKwargs};
use minijinja::{Error, State, Value};
use serde::Serialize as _;
use serde_json::ser::{Formatter, Serializer};
use std::fmt::Write as _;
use std::io;

pub(super) fn register(engine: &mut Registry<'_>) {
    engine.add_filter("to_json", |value: &Value, kwargs: Kwargs| written(value, &kwargs, None));
    let spread =
        Value::from_function(|value: &Value, kwargs: Kwargs| written(value, &kwargs, Some(4)));
    engine.add_filter(
        "to_nice_json",
        move |state: &mut State, value: &Value, rest: Rest<ValueOrKwargs>| {
            let given = rest.into_values();
            let (placed, named): (&[Value], Kwargs) = minijinja::value::from_args(&given)?;
            let of_place = ["indent", "sort_keys"].into_iter().zip(placed.iter().cloned());
            let of_name = named.args().map(|name| Ok((name, named.get::<Value>(name)?)));
            let all = of_place.map(Ok).chain(of_name).collect::<Result<Kwargs, Error>>()?;
            spread.call(state, &[value.clone(), Value::from(all)])
        },
    );
    // Jinja's own, which is safe within HTML.
    engine.add_filter("tojson", |value: &Value, indent: Option<usize>, kwargs: Kwargs| {
        let indent = indent.or(kwargs.get("indent")?);
        kwargs.assert_all_used()?;
        let mut json = to_json(defined(value)?).map_err(trouble)?;
        json.sort_all_objects();
        let text = dumped(&json, Python::of(indent.map(|width| " ".repeat(width.min(64)))))?;
        let safe = [("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), ("'", "\\u0027")];
        Ok::<_, Error>(safe.iter().fold(escaped(&text), |text, (from, to)| text.replace(from, to)))
    });
}

/// `nice` is the indentation of a text that is to be read, and its keys are sorted.
fn written(value: &Value, kwargs: &Kwargs, nice: Option<usize>) -> Result<String, Error> {
    let sort = kwargs.get::<Option<bool>>("sort_keys")?.unwrap_or(nice.is_some());
    let ascii = kwargs.get::<Option<bool>>("ensure_ascii")?.unwrap_or(true);
    let indent = match kwargs.get::<Option<Value>>("indent")? {
        Some(indent) if indent.is_none() => None,
        Some(indent) => match (indent.as_str(), indent.as_usize()) {
            (Some(text), _) => Some(text.to_owned()),
            (None, Some(width)) => Some(" ".repeat(width.min(64))),
            (None, None) => return Err(refuse("`indent` is a number of blanks, or a text")),
        },
        None => nice.map(|width| " ".repeat(width)),
    };
    let separators = match kwargs.get::<Option<Value>>("separators")? {
        Some(pair) if !pair.is_none() => {
            let pair =
                items(&pair, "separators")?.iter().map(string).collect::<Result<Vec<_>, _>>()?;
            <[String; 2]>::try_from(pair).map_err(|_| refuse("`separators` are two texts"))?
        }
        Some(_) | None => Python::of(indent.clone()).separators,
    };
    for ignored in ["vault_to_text", "preprocess_unsafe", "profile", "check_circular", "allow_nan"]
    {
        let _known = kwargs.get::<Option<Value>>(ignored)?;
    }
    kwargs.assert_all_used()?;
    let mut json = to_json(defined(value)?).map_err(trouble)?;
    if sort {
        json.sort_all_objects();
    }
    let text = dumped(&json, Python { indent, separators, depth: 0, filled: false })?;
    Ok(if ascii { escaped(&text) } else { text })
}

fn dumped(json: &serde_json::Value, formatter: Python) -> Result<String, Error> {
    let mut out = Vec::new();
    json.serialize(&mut Serializer::with_formatter(&mut out, formatter))
        .map_err(|error| refuse(error.to_string()))?;
    String::from_utf8(out).map_err(|error| refuse(error.to_string()))
}

/// Only within quotes is there anything beyond ASCII.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character < '\u{7f}' {
            out.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a string does not fail.
                let _written = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}

struct Python {
    indent: Option<String>,
    separators: [String; 2],
    depth: usize,
    /// Something stands in the innermost collection.
    filled: bool,
}

impl Python {
    fn of(indent: Option<String>) -> Self {
        let comma = if indent.is_some() { "," } else { ", " };
        let separators = [comma.to_owned(), ": ".to_owned()];
        Self { indent, separators, depth: 0, filled: false }
    }

    fn line<W: ?Sized + io::Write>(&self, writer: &mut W) -> io::Result<()> {
        match &self.indent {
            Some(indent) => writer.write_all(format!("\n{}", indent.repeat(self.depth)).as_bytes()),
            None => Ok(()),
        }
    }

    fn open(&mut self) {
        self.depth = self.depth.saturating_add(1);
        self.filled = false;
    }

    fn close<W: ?Sized + io::Write>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth = self.depth.saturating_sub(1);
        if self.filled {
            self.line(writer)?;
        }
        self.filled = true;
        writer.write_all(bracket)
    }

    fn next<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.filled = true;
        if !first {
            let [comma, _] = &self.separators;
            writer.write_all(comma.as_bytes())?;
        }
        self.line(writer)
    }
}

impl Formatter for Python {
    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        writer.write_all(python::float(value).as_bytes())
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open();
        writer.write_all(b"[")
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"]")
    }

    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.next(writer, first)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open();
        writer.write_all(b"{")
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"}")
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.next(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        let [_, colon] = &self.separators;
        writer.write_all(colon.as_bytes())
    }
}
