//! JSON, YAML and base64.

use super::super::convert::{to_json, to_value};
use super::encoded::encoding;
use super::kinds::text;
use super::{Registry, advise, defined, described, refuse, trouble};
use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use minijinja::value::Kwargs;
use minijinja::{Error, Value};
use serde::Serialize;
use serde_json::Value as Json;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};
use std::io;

pub(super) fn register(engine: &mut Registry<'_>) {
    engine.add_filter("to_json", |value: &Value, kwargs: Kwargs| {
        let indent = kwargs.get::<Option<usize>>("indent")?;
        written(&sorted(value, &kwargs, Order::AsGiven)?, indent)
    });
    engine.add_filter("to_nice_json", |value: &Value, kwargs: Kwargs| {
        let indent = kwargs.get::<Option<usize>>("indent")?.unwrap_or(4);
        written(&sorted(value, &kwargs, Order::Sorted)?, Some(indent))
    });
    engine.add_filter("tojson", |value: &Value, kwargs: Kwargs| {
        written(&sorted(value, &kwargs, Order::AsGiven)?, None)
    });
    engine.add_filter_named("from_json", &["profile"], |value: &Value, _: Option<Value>| {
        from_json(value)
    });
    engine.add_filter("to_yaml", |value: &Value, kwargs: Kwargs| to_yaml(value, &kwargs, 2));
    engine.add_filter("to_nice_yaml", |value: &Value, kwargs: Kwargs| to_yaml(value, &kwargs, 4));
    engine.add_filter("b64encode", |value: &Value| {
        let bytes = match value.as_bytes() {
            Some(bytes) => bytes.to_vec(),
            None => text(value, "b64encode")?.into_bytes(),
        };
        value.as_str().map(encoding);
        Ok::<_, Error>(STANDARD.encode(bytes))
    });
    let arguments = &["encoding", "urlsafe"];
    engine.add_filter_named(
        "b64decode",
        arguments,
        |value: &Value, encoding: Option<String>, safe: Option<bool>| match encoding
            .as_deref()
            .unwrap_or("utf-8")
        {
            "utf-8" | "utf8" | "ascii" => b64decode(value, safe.unwrap_or(false)),
            other => Err(refuse(format!("`b64decode` has no encoding `{other}` here"))),
        },
    );
}

/// Whether the keys of mappings are sorted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    AsGiven,
    Sorted,
}

/// The value, with its keys in the order that is wanted; `sort_keys` says otherwise.
fn sorted(value: &Value, kwargs: &Kwargs, order: Order) -> Result<Json, Error> {
    let sort = kwargs.get::<Option<bool>>("sort_keys")?.unwrap_or(order == Order::Sorted);
    // Text is always written as it is.
    let _ascii = kwargs.get::<Option<bool>>("ensure_ascii")?;
    let _width = kwargs.get::<Option<Value>>("width")?;
    let _flow = kwargs.get::<Option<Value>>("default_flow_style")?;
    let _unicode = kwargs.get::<Option<Value>>("allow_unicode")?;
    let _indent = kwargs.get::<Option<usize>>("indent")?;
    kwargs.assert_all_used()?;
    let mut json = to_json(defined(value)?).map_err(trouble)?;
    if sort {
        json.sort_all_objects();
    }
    Ok(json)
}

fn to_yaml(value: &Value, kwargs: &Kwargs, indent: usize) -> Result<String, Error> {
    let indent = kwargs.get::<Option<usize>>("indent")?.unwrap_or(indent);
    Ok(super::yaml::written(&sorted(value, kwargs, Order::Sorted)?, indent.clamp(2, 9)))
}

fn written(json: &Json, indent: Option<usize>) -> Result<String, Error> {
    let mut out = Vec::new();
    let done = match indent {
        None => json.serialize(&mut Serializer::with_formatter(&mut out, Spaced)),
        Some(indent) => {
            let indent = " ".repeat(indent.min(16));
            let pretty = PrettyFormatter::with_indent(indent.as_bytes());
            json.serialize(&mut Serializer::with_formatter(&mut out, pretty))
        }
    };
    done.map_err(|error| refuse(error.to_string()))?;
    String::from_utf8(out).map_err(|error| refuse(error.to_string()))
}

/// One line with a space after each comma and colon, as Python writes it.
struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}

fn from_json(value: &Value) -> Result<Value, Error> {
    let Some(text) = defined(value)?.as_str() else {
        let message = format!("`from_json` takes a text, found {}", described(value));
        return Err(advise(message, "leave `from_json` out: the value is one already"));
    };
    let json: Result<Json, _> = serde_json::from_str(text);
    json.map(|json| to_value(&json)).map_err(|error| {
        refuse(format!("`from_json`: this is not JSON: {}: {error}", crate::words::shorten(text)))
    })
}

fn b64decode(value: &Value, safe: bool) -> Result<String, Error> {
    // Padding is often lost where base64 is copied by hand.
    let lenient = GeneralPurposeConfig::new()
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent);
    let text: String =
        text(value, "b64decode")?.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let alphabet = if safe { &base64::alphabet::URL_SAFE } else { &base64::alphabet::STANDARD };
    let bytes = GeneralPurpose::new(alphabet, lenient)
        .decode(text)
        .map_err(|error| refuse(format!("`b64decode`: this is not base64: {error}")))?;
    String::from_utf8(bytes).map_err(|_| {
        let hint = "values of hep are texts; to write bytes to a file give it as `src`";
        advise("`b64decode` gives bytes that are no text (UTF-8)", hint)
    })
}
