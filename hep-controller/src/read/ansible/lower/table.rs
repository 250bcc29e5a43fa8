//! What is known of a module of Ansible's: its parameters, and what lowers it.

use super::arguments::{Arguments, FREE};
use super::is_own;
use super::line::Reader;

/// A module of Ansible's.
pub(super) struct Row {
    pub(super) name: &'static str,
    /// How its arguments are read from a line.
    pub(super) reader: Reader,
    takes: Takes,
    lower: fn(&mut Arguments<'_>) -> &'static str,
}

/// Which parameters a module takes.
enum Takes {
    /// These; a group is shared by several modules.
    Parameters(&'static [&'static [Parameter]]),
    /// Any names.
    Names,
    /// Those of hep's module of the same name, and these.
    Own(&'static [&'static [Parameter]]),
}

/// A parameter of a module of Ansible's.
#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) also: &'static [&'static str],
    pub(super) does: Does,
}

/// What is done with a parameter that the module's function leaves.
#[derive(Clone, Copy, Debug)]
pub(super) enum Does {
    /// hep has it under this name.
    As(&'static str),
    /// It changes nothing that hep does.
    Nothing,
    /// It may only have this value, by which it changes nothing; the way out.
    Only(&'static str, &'static str),
    /// hep cannot do it; the way out.
    Refused(&'static str),
    /// The module's function takes it.
    Own,
}

/// A parameter that hep has under another name, or the same.
pub(super) const fn named(name: &'static str, ours: &'static str) -> Parameter {
    Parameter { name, also: &[], does: Does::As(ours) }
}

/// A parameter that hep calls the same.
pub(super) const fn same(name: &'static str) -> Parameter {
    named(name, name)
}

/// A parameter that the module's function takes.
pub(super) const fn own(name: &'static str) -> Parameter {
    Parameter { name, also: &[], does: Does::Own }
}

/// A parameter without any effect here.
pub(super) const fn nothing(name: &'static str) -> Parameter {
    Parameter { name, also: &[], does: Does::Nothing }
}

/// A parameter that hep has not.
pub(super) const fn refused(name: &'static str, hint: &'static str) -> Parameter {
    Parameter { name, also: &[], does: Does::Refused(hint) }
}

/// A parameter that may only have the value it has without being given.
pub(super) const fn only(name: &'static str, value: &'static str, hint: &'static str) -> Parameter {
    Parameter { name, also: &[], does: Does::Only(value, hint) }
}

impl Parameter {
    /// With other names.
    pub(super) const fn also(self, also: &'static [&'static str]) -> Self {
        Self { also, ..self }
    }

    fn is(&self, name: &str) -> bool {
        self.name == name || self.also.contains(&name)
    }
}

/// What a module takes whose parameters have no table.
static ANY: Parameter = own("");

impl Row {
    pub(super) const fn of(
        name: &'static str,
        parameters: &'static [&'static [Parameter]],
        lower: fn(&mut Arguments<'_>) -> &'static str,
    ) -> Self {
        Self { name, reader: Reader::Module, takes: Takes::Parameters(parameters), lower }
    }

    pub(super) const fn program(self) -> Self {
        Self { reader: Reader::Program, ..self }
    }

    pub(super) const fn names(self) -> Self {
        Self { takes: Takes::Names, ..self }
    }

    /// A module that hep has under the same name with the same parameters.
    pub(super) const fn own(name: &'static str) -> Self {
        Self { name, reader: Reader::Module, takes: Takes::Own(&[]), lower: |_| "" }
    }

    /// The same, where Ansible's has further parameters, or some that mean something else.
    pub(super) const fn own_and(
        name: &'static str,
        parameters: &'static [&'static [Parameter]],
        lower: fn(&mut Arguments<'_>) -> &'static str,
    ) -> Self {
        Self { name, reader: Reader::Module, takes: Takes::Own(parameters), lower }
    }

    /// Whether hep has what the module leads to.
    pub(super) fn is_known(&self) -> bool {
        match self.takes {
            Takes::Own(_) => is_own(self.name),
            Takes::Parameters(_) | Takes::Names => true,
        }
    }

    /// Lowers the arguments, and gives the name of hep's module.
    pub(super) fn lower(&self, arguments: &mut Arguments<'_>) -> &'static str {
        let lowered = match self.takes {
            Takes::Names => {
                arguments.hand_on();
                (self.lower)(arguments)
            }
            Takes::Own(_) | Takes::Parameters(_) => (self.lower)(arguments),
        };
        arguments.rest();
        match self.takes {
            Takes::Own(_) => {
                arguments.hand_on();
                self.name
            }
            Takes::Names if lowered.is_empty() => self.name,
            Takes::Names | Takes::Parameters(_) => lowered,
        }
    }

    /// The parameter of this name.
    pub(super) fn parameter(&self, name: &str) -> Option<&'static Parameter> {
        match self.takes {
            Takes::Parameters(groups) => {
                groups.iter().flat_map(|group| group.iter()).find(|one| one.is(name))
            }
            Takes::Names | Takes::Own(_) if name == FREE => None,
            Takes::Names => Some(&ANY),
            Takes::Own(groups) => {
                let known = groups.iter().flat_map(|group| group.iter()).find(|one| one.is(name));
                Some(known.unwrap_or(&ANY))
            }
        }
    }

    /// The names of all parameters.
    pub(super) fn names_of_parameters(&self) -> Vec<&'static str> {
        match self.takes {
            Takes::Parameters(groups) => {
                groups.iter().flat_map(|group| group.iter()).map(|one| one.name).collect()
            }
            Takes::Names | Takes::Own(_) => Vec::new(),
        }
    }
}
