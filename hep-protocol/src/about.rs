//! What is known of a module whatever its parameters say. Each module's file has its own; who wants to know something of
//! a module looks here and compares no names.

use serde_json::{Map, Value};

/// What is known of a module.
#[derive(Debug)]
pub struct About {
    /// Its name: the key of a task.
    pub name: &'static str,
    /// The parameter that a value alone is: `command: id` is `command: {argv: id}`.
    pub main: Option<&'static str>,
    /// Where the main parameter is a line of words: the names that Ansible takes in it as `name=value`. All other words with
    /// `=` are the program's.
    pub in_line: Option<&'static [&'static str]>,
    /// What stands below its key.
    pub form: Form,
    /// What it has to do with the host.
    pub effect: Effect,
    /// The fields that it adds to its results, sorted; `None`: these are not the same for all tasks.
    pub results: Option<&'static [&'static str]>,
    /// The parameter whose texts are expressions by themselves, without braces.
    pub bare: Option<&'static str>,
    /// Whether handlers that were notified run after it.
    pub flushes: bool,
    /// The parameters that name local files.
    pub local: Option<Local>,
    /// Ansible's words for values of parameters: the parameter, and for each word hep's. The host translates what an expression
    /// gives.
    pub foreign: &'static [(&'static str, &'static [(&'static str, &'static str)])],
}

/// What stands below a module's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Its parameters.
    Parameters,
    /// Any names, each with any value.
    Names,
    /// A single word.
    Word,
}

/// What a module has to do with the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It looks at nothing but the run's names, so nobody's rights matter to it.
    None,
    /// It looks at the host and leaves it as it is.
    Reads,
    /// It may change the host.
    Acts,
}

/// Parameters that name files on the controller.
#[derive(Debug)]
pub struct Local {
    /// Their names.
    pub parameters: &'static [&'static str],
    /// The one among them that names a file in the template language.
    pub template: Option<&'static str>,
    /// They do so only with this value of that parameter, or without that parameter.
    pub only_with: Option<(&'static str, &'static str)>,
}

impl About {
    /// What holds of most modules; nothing better is known of a name that is no module's.
    pub(crate) const UNKNOWN: Self = Self::module("", Effect::Acts);

    /// A module of this name and effect that has nothing special.
    #[must_use]
    pub const fn module(name: &'static str, effect: Effect) -> Self {
        Self {
            name,
            main: None,
            in_line: None,
            form: Form::Parameters,
            effect,
            results: None,
            bare: None,
            flushes: false,
            local: None,
            foreign: &[],
        }
    }

    /// Ansible's words for values of this parameter, and hep's.
    #[must_use]
    pub fn words_of(&self, parameter: &str) -> &'static [(&'static str, &'static str)] {
        let row = self.foreign.iter().find(|(name, _)| *name == parameter);
        row.map_or(&[], |(_, words)| words)
    }

    /// Whether its parameters are the names and values of variables for later tasks.
    #[must_use]
    pub fn gives_variables(&self) -> bool {
        self.form == Form::Names
    }

    /// Whether it runs a program of the operator's, whose end its results tell.
    #[must_use]
    pub fn runs_program(&self) -> bool {
        self.results.is_some_and(|fields| fields.contains(&"rc"))
    }

    /// Whether these parameters, by their names, have a template.
    #[must_use]
    pub fn has_template(&self, params: &Map<String, Value>) -> bool {
        let template = self.local.as_ref().and_then(|local| local.template);
        template.is_some_and(|template| params.contains_key(template))
    }
}

/// The names of a mapping's keys, with other names of them, by its schema.
#[cfg(feature = "schema")]
pub(crate) fn names(schema: &Value) -> Vec<String> {
    let properties = schema.get("properties").and_then(Value::as_object);
    let names = properties.into_iter().flatten().flat_map(|(name, schema)| {
        let aliases = schema.get("x-aliases").and_then(Value::as_array);
        let aliases = aliases.into_iter().flatten().filter_map(Value::as_str);
        aliases.chain([name.as_str()]).map(str::to_owned)
    });
    names.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::TaskSpec;

    /// They are sought by their order.
    #[test]
    fn every_module_is_found_by_its_name() {
        for module in TaskSpec::MODULES {
            assert_eq!(About::of(module).name, module);
        }
        assert_eq!(About::of("nothing").name, "");
    }
}
