//! What the values look like in a manifest, for editors and `hep doc`. Only with the feature `schema`.
//!
//! A schema may take more than its type does, never less: what it refuses, the type refuses too.

use super::{
    AbsPath, Argv, Dest, Id, Mode, Names, OneOrMany, Owner, Package, PackageName, Scalar,
    ServiceName, Whole,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::borrow::Cow;

/// Whether a number without quotes may stand for the text.
#[derive(Clone, Copy)]
enum Digits {
    Taken,
    Refused,
}

/// The schema of a value that is written as one text; `title` is what `hep doc` calls it.
fn text(title: &str, pattern: &str, digits: Digits) -> Schema {
    match digits {
        Digits::Taken => {
            json_schema!({"title": title, "type": ["string", "integer"], "minimum": 0, "pattern": pattern})
        }
        Digits::Refused => json_schema!({"title": title, "type": "string", "pattern": pattern}),
    }
}

/// Schemas of values that are texts: type, title, pattern, digits.
macro_rules! text_schemas {
    ($($type:ident: $title:literal, $pattern:expr, $digits:ident;)*) => {$(
        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($type))
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                text($title, $pattern, Digits::$digits)
            }
        }
    )*};
}

const MODE: &str =
    "^(0o)?0?[0-7]{1,4}$|^[ugoa]*([-+=]([rwxXst]*|[ugo]))+(,[ugoa]*([-+=]([rwxXst]*|[ugo]))+)*$";
const PACKAGE_NAME: &str = r"^[a-z0-9*?\[]([a-z0-9+.*?\[\]-]*[a-z0-9+.*?\[\]])?$";
const PACKAGE: &str = r"^[a-z0-9*?\[]([a-z0-9+.*?\[\]-]*[a-z0-9+.*?\[\]])?(:[a-z0-9][a-z0-9-]*)?(=[A-Za-z0-9.+~:*?\[\]-]+)?$|^/.*\.deb$";

text_schemas! {
    AbsPath: "path", "^/", Refused;
    Dest: "path", "^/", Refused;
    Owner: "user or group", r"^[^-\s:,/][^\s:,/]*$", Taken;
    Id: "number", r"^[0-9]+$", Taken;
    ServiceName: "service", r"^[A-Za-z0-9_][A-Za-z0-9:_.\\@+-]*$", Taken;
    PackageName: "package", PACKAGE_NAME, Taken;
    Package: "package", PACKAGE, Taken;
}

impl JsonSchema for Mode {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("Mode")
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // A number is read by its digits: 7777 is the last.
        json_schema!({
            "title": "mode", "type": ["string", "integer"], "minimum": 0, "maximum": 7777, "pattern": MODE
        })
    }
}

impl JsonSchema for Whole {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("Whole")
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "title": "number", "type": ["string", "number"], "pattern": r"^-?[0-9]+(\.[0-9]*)?$"
        })
    }
}

impl JsonSchema for Scalar {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("Scalar")
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"title": "text or number", "type": ["string", "number", "boolean"]})
    }
}

impl JsonSchema for Names {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("Names")
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        OneOrMany::<String>::json_schema(generator)
    }
}

impl JsonSchema for Argv {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("Argv")
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "title": "command: text or list",
            "anyOf": [
                {"type": "string", "minLength": 1},
                {"type": "array", "items": {"type": "string"}, "minItems": 1}
            ]
        })
    }
}

impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Cow::Owned(format!("OneOrMany_{}", T::schema_name()))
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({"anyOf": [one, {"type": "array", "items": one}]})
    }
}
