//! Every text, number and truth value somewhere in a value, as JSON has them. No tree of the whole is made: a plan may be
//! very long.

use serde::ser::{self, Serialize};
use serde_json::{Error, Value};

/// Shows every leaf to `look`.
///
/// # Errors
/// The value cannot be looked through.
pub(crate) fn visit(value: &impl Serialize, look: &mut dyn FnMut(&Value)) -> Result<(), Error> {
    value.serialize(&mut Leaves(look))
}

struct Leaves<'a>(&'a mut dyn FnMut(&Value));

impl Leaves<'_> {
    #[expect(clippy::unnecessary_wraps, reason = "every method of a serializer gives this")]
    fn leaf(&mut self, leaf: impl Into<Value>) -> Result<(), Error> {
        (self.0)(&leaf.into());
        Ok(())
    }
}

/// Methods of a serializer whose values are leaves as they are.
macro_rules! leaves {
    ($($method:ident: $type:ty,)*) => {
        $(fn $method(self, value: $type) -> Result<(), Error> {
            self.leaf(value)
        })*
    };
}

impl ser::Serializer for &mut Leaves<'_> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    leaves! {
        serialize_bool: bool,
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
        serialize_u8: u8,
        serialize_u16: u16,
        serialize_u32: u32,
        serialize_u64: u64,
        serialize_f32: f32,
        serialize_f64: f64,
        serialize_str: &str,
    }

    fn serialize_char(self, value: char) -> Result<(), Error> {
        self.leaf(value.to_string())
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), Error> {
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Error> {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        Ok(())
    }

    fn serialize_unit_variant(self, _: &str, _: u32, variant: &'static str) -> Result<(), Error> {
        self.leaf(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self, Error> {
        Ok(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, Error> {
        Ok(self)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Error> {
        Ok(self)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Error> {
        Ok(self)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self, Error> {
        Ok(self)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Error> {
        Ok(self)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Error> {
        Ok(self)
    }
}

/// Compounds: each part is looked through in its turn.
macro_rules! parts {
    ($($compound:ident: $method:ident($($name:ident)?),)*) => {
        $(impl ser::$compound for &mut Leaves<'_> {
            type Ok = ();
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(
                &mut self,
                $($name: &'static str,)?
                value: &T,
            ) -> Result<(), Error> {
                $(let _ = $name;)?
                value.serialize(&mut **self)
            }

            fn end(self) -> Result<(), Error> {
                Ok(())
            }
        })*
    };
}

parts! {
    SerializeSeq: serialize_element(),
    SerializeTuple: serialize_element(),
    SerializeTupleStruct: serialize_field(),
    SerializeTupleVariant: serialize_field(),
    SerializeStruct: serialize_field(key),
    SerializeStructVariant: serialize_field(key),
}

impl ser::SerializeMap for &mut Leaves<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, _: &T) -> Result<(), Error> {
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(&mut **self)
    }

    fn end(self) -> Result<(), Error> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hep_protocol::plan::{OnError, Play, Spec, Task};
    use serde_json::json;

    fn leaves(value: &impl Serialize) -> Vec<Value> {
        let mut found = Vec::new();
        visit(value, &mut |leaf| found.push(leaf.clone())).unwrap();
        found
    }

    /// Those of the tree that JSON would be.
    fn of_tree(value: &Value, found: &mut Vec<Value>) {
        match value {
            Value::Null => {}
            Value::Bool(_) | Value::Number(_) | Value::String(_) => found.push(value.clone()),
            Value::Array(items) => items.iter().for_each(|item| of_tree(item, found)),
            Value::Object(entries) => entries.values().for_each(|value| of_tree(value, found)),
        }
    }

    #[test]
    fn leaves_are_those_of_the_json_tree() {
        let spec = json!({"file": {"content": "a\n\"b\"", "dest": "/srv/x", "mode": 644}});
        let task = Task {
            name: "a task".into(),
            spec: Spec::Typed(serde_json::from_value(spec).unwrap()),
            sources: vec![],
            on_error: OnError::Stop,
            control: None,
        };
        let play = Play { tasks: vec![task], handlers: vec![7], ..Play::default() };
        let mut expected = Vec::new();
        of_tree(&serde_json::to_value(&play).unwrap(), &mut expected);
        assert_eq!(leaves(&play), expected);
        assert_eq!(leaves(&json!({"a": [1, -2, 1.5, null, true], "b": {"c": "d"}})).len(), 5);
    }
}
