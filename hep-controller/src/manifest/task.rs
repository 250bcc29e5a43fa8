//! One task: its keys, its module, and the module's parameters checked by their own types.

use super::{ManifestTask, ansible, parameter};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::{Source, Span};
use crate::words::{all_of, alternatives, nearest};
use crate::yaml::{self, Decoder, Entry, Kind, Mistake, Node, What, decode_each};
use hep_protocol::plan::OnError;
use hep_protocol::task::TaskSpec;
use serde::Deserialize;
use serde::de::{self, DeserializeSeed, EnumAccess, VariantAccess, Visitor};
use serde::forward_to_deserialize_any;
use std::sync::Arc;

/// A task's keys beside its module.
const KEYS: [&str; 3] = ["ignore_error", "ignore_errors", "name"];

/// The parameter that most tasks of a module need, for hints.
const MAIN_PARAMETERS: [(&str, &str); 4] =
    [("apt", "package"), ("command", "argv"), ("file", "dest"), ("service", "name")];

/// Reads one task; its mistakes go to `problems`.
pub(super) fn read(
    source: &Arc<Source>,
    item: &Node,
    problems: &mut Diagnostics,
) -> Option<ManifestTask> {
    match &item.kind {
        Kind::Map(_) => {}
        Kind::Broken => return None,
        Kind::Scalar(_) | Kind::Seq(_) => {
            let message = format!("a task is a mapping, found {}", item.describe());
            let hint =
                "write `name:` and a module, as in `- file: {dest: /etc/motd, content: hello}`";
            problems.push(Diagnostic::at(source, item.span, message).hint(hint));
            return None;
        }
    }
    let (mut name, mut on_error, mut modules, mut strange) = (None, OnError::Stop, vec![], vec![]);
    for entry in item.entries() {
        match &*entry.key.text {
            "name" => name = text(source, entry, problems),
            "ignore_error" | "ignore_errors" => {
                if truth(source, entry, problems) == Some(true) {
                    on_error = OnError::GoOn;
                }
            }
            key if TaskSpec::MODULES.contains(&key) => modules.push(entry),
            _ => strange.push(entry),
        }
    }
    strange.iter().for_each(|entry| problems.push(unknown_key(source, entry, &modules)));
    match modules.as_slice() {
        [] if strange.is_empty() => {
            let hint = format!("add one of {}", alternatives(&TaskSpec::MODULES));
            problems.push(Diagnostic::at(source, item.span, "the task has no module").hint(hint));
        }
        [first, second, ..] => {
            let (one, two) = (&first.key.text, &second.key.text);
            let message = format!("a task has one module, and this one has `{one}` and `{two}`");
            problems.push(
                Diagnostic::at(source, second.key.span, message)
                    .label("the second module")
                    .also(first.key.span, "the first module")
                    .hint("make two tasks of it, each beginning with `- `"),
            );
        }
        [] | [_] => {}
    }
    let mut specs = modules.iter().map(|entry| (entry, read_module(source, entry, problems)));
    let (entry, spec) = specs.next()?;
    specs.for_each(drop);
    let spec = spec?;
    Some(ManifestTask {
        name: name.unwrap_or_else(|| spec.params().title()),
        spec,
        on_error,
        module_span: entry.key.span,
        params: entry.value.clone(),
    })
}

/// The text of a key such as `name`.
pub(super) fn text(
    source: &Arc<Source>,
    entry: &Entry,
    problems: &mut Diagnostics,
) -> Option<String> {
    decode::<String>(source, entry, problems)
}

fn truth(source: &Arc<Source>, entry: &Entry, problems: &mut Diagnostics) -> Option<bool> {
    decode::<bool>(source, entry, problems)
}

fn decode<'de, T: Deserialize<'de>>(
    source: &Arc<Source>,
    entry: &'de Entry,
    problems: &mut Diagnostics,
) -> Option<T> {
    match T::deserialize(Decoder(&entry.value)) {
        Ok(value) => Some(value),
        Err(mistake) => {
            let mistake = mistake.under(&entry.key);
            let place = parameter::Place {
                source,
                module: "a task",
                words: parameter::Words::Keys,
                key: entry.key.span,
            };
            place.explain(&mistake, &entry.value).into_iter().for_each(|d| problems.push(d));
            None
        }
    }
}

/// Decodes a module's parameters and checks them together.
fn read_module(
    source: &Arc<Source>,
    entry: &Entry,
    problems: &mut Diagnostics,
) -> Option<TaskSpec> {
    let module: &str = &entry.key.text;
    let (key, params) = (entry.key.span, &entry.value);
    match &params.kind {
        Kind::Map(_) => {}
        Kind::Broken => return None,
        Kind::Scalar(_) | Kind::Seq(_) => {
            problems.push(no_mapping(source, module, entry));
            return None;
        }
    }
    match decode_each(params, |params| TaskSpec::deserialize(Module { module, params })) {
        Ok(spec) => match spec.params().check() {
            Ok(()) => Some(spec),
            Err(bad) => {
                let place = params.entry(bad.key).map_or(key, |entry| entry.key.span);
                problems.push(Diagnostic::at(source, place, bad.message).hint(bad.hint));
                None
            }
        },
        Err(mistakes) => {
            let place =
                parameter::Place { source, module, words: parameter::Words::Parameters, key };
            let explained = mistakes.iter().filter_map(|mistake| place.explain(mistake, params));
            explained.for_each(|diagnostic| problems.push(diagnostic));
            None
        }
    }
}

/// `apt: nginx`, `apt:` and `apt: [a, b]`, where parameters should be.
fn no_mapping(source: &Arc<Source>, module: &str, entry: &Entry) -> Diagnostic {
    let value = &entry.value;
    let main = MAIN_PARAMETERS.iter().find(|(name, _)| *name == module).map(|(_, key)| *key);
    let main = main.unwrap_or("name");
    if value.is_null() {
        return Diagnostic::at(source, entry.key.span, format!("`{module}` has no parameters"))
            .hint(format!("write them below it, indented further: `{main}: ...`"));
    }
    let hint = match value.text() {
        Some(text) if text.split_whitespace().any(|word| word.contains('=')) => {
            format!("write each parameter as `key: value` on its own line below `{module}:`")
        }
        Some(text) => format!("write `{module}: {{{main}: {}}}`", quoted(&yaml::shorten(text))),
        None => format!("write `{module}: {{{main}: [...]}}`"),
    };
    let message = format!("`{module}` takes a mapping of parameters, found {}", value.describe());
    Diagnostic::at(source, value.span, message).hint(hint)
}

/// As a scalar that means the same inside `{}`.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=".contains(c);
    if text.chars().all(plain) && !text.is_empty() { text.to_owned() } else { format!("{text:?}") }
}

/// A key that is neither a module nor a task's own.
fn unknown_key(source: &Arc<Source>, entry: &Entry, modules: &[&Entry]) -> Diagnostic {
    let (key, span): (&str, Span) = (&entry.key.text, entry.key.span);
    if let Some(foreign) = ansible::task_key(key) {
        return foreign.diagnostic(source, key, span);
    }
    if let Some(module) = ansible::qualified(key).filter(|name| TaskSpec::MODULES.contains(name)) {
        return Diagnostic::at(
            source,
            span,
            format!("modules of hep have short names, found `{key}`"),
        )
        .hint(format!("write `{module}`"));
    }
    let shown = yaml::shorten(key);
    let owner = modules.iter().find(|module| parameters(&module.key.text).contains(&key));
    if let Some(module) = owner {
        let module = &module.key.text;
        return Diagnostic::at(source, span, format!("`{shown}` is a parameter of `{module}`"))
            .hint(format!("indent it further than `{module}`"));
    }
    let known = TaskSpec::MODULES.into_iter().chain(KEYS);
    let modules_and_keys = format!(
        "the modules are {}; further keys are `name` and `ignore_error`",
        all_of(&TaskSpec::MODULES)
    );
    let hint = match nearest(key, known) {
        Some(name) => format!("did you mean `{name}`? {modules_and_keys}"),
        None => modules_and_keys,
    };
    let kind = if modules.is_empty() { "unknown module" } else { "unknown key" };
    Diagnostic::at(source, span, format!("{kind} `{shown}`")).hint(hint)
}

/// The names of a module's parameters, as its type itself tells them when it meets one that is none.
fn parameters(module: &str) -> &'static [&'static str] {
    struct Nothing;
    impl<'de> de::MapAccess<'de> for Nothing {
        type Error = Mistake;
        fn next_key_seed<K: DeserializeSeed<'de>>(
            &mut self,
            seed: K,
        ) -> Result<Option<K::Value>, Mistake> {
            seed.deserialize(de::value::BorrowedStrDeserializer::new("\0")).map(Some)
        }
        fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, _: V) -> Result<V::Value, Mistake> {
            Err(Mistake::reported())
        }
    }
    let probe = de::value::MapAccessDeserializer::new(Nothing);
    match TaskSpec::deserialize(Module { module, params: probe }).map_err(|mistake| *mistake.what) {
        Err(What::UnknownField { known, .. }) => known,
        Ok(_) | Err(_) => &[],
    }
}

/// A module's name and parameters as the enum that they are: no list of modules is needed here.
struct Module<'m, P> {
    module: &'m str,
    params: P,
}

/// What can become the deserializer of a module's parameters.
trait IntoParams<'de> {
    type Decoder: de::Deserializer<'de, Error = Mistake>;
    fn into_params(self) -> Self::Decoder;
}

impl<'de> IntoParams<'de> for &'de Node {
    type Decoder = Decoder<'de>;
    fn into_params(self) -> Decoder<'de> {
        Decoder(self)
    }
}

impl<'de, A: de::MapAccess<'de, Error = Mistake>> IntoParams<'de>
    for de::value::MapAccessDeserializer<A>
{
    type Decoder = Self;
    fn into_params(self) -> Self {
        self
    }
}

impl<'de, P: IntoParams<'de>> de::Deserializer<'de> for Module<'_, P> {
    type Error = Mistake;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        visitor.visit_enum(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de, P: IntoParams<'de>> EnumAccess<'de> for Module<'_, P> {
    type Error = Mistake;
    type Variant = Params<P>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Params<P>), Mistake> {
        let name = de::value::StrDeserializer::<Mistake>::new(self.module);
        Ok((seed.deserialize(name)?, Params(self.params)))
    }
}

struct Params<P>(P);

impl<'de, P: IntoParams<'de>> VariantAccess<'de> for Params<P> {
    type Error = Mistake;

    fn unit_variant(self) -> Result<(), Mistake> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Mistake> {
        seed.deserialize(self.0.into_params())
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, v: V) -> Result<V::Value, Mistake> {
        de::Deserializer::deserialize_any(self.0.into_params(), v)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        de::Deserializer::deserialize_any(self.0.into_params(), visitor)
    }
}
