//! What every module that writes one file is told besides its content: one list of parameters for all that edit files.

use super::{Argv, Mode, Owner};

/// Who may do what with a file, and how a new content comes to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// The owner.
    pub owner: Option<Owner>,
    /// The group.
    pub group: Option<Owner>,
    /// The mode.
    pub mode: Option<Mode>,
    /// Whether the old content is kept beside the new.
    pub backup: bool,
    /// What must accept the new content first; `%s` is its path.
    pub validate: Option<Argv>,
}

/// Adds to a module's parameters those of [`Attributes`]. Flattening would do the same at the price of a decoder that keeps
/// all values first, and has no place for a mistake.
macro_rules! with_attributes {
    (
        $(#[$of_struct:meta])*
        pub struct $Params:ident { $($(#[$of_field:meta])* pub $field:ident: $Type:ty,)* }
    ) => {
        $(#[$of_struct])*
        pub struct $Params {
            $($(#[$of_field])* pub $field: $Type,)*
            /// The owner, by name or number.
            #[serde(default)]
            pub owner: Option<$crate::value::Owner>,
            /// The group, by name or number.
            #[serde(default)]
            pub group: Option<$crate::value::Owner>,
            /// The mode. A new file without it has 0644.
            #[serde(default)]
            pub mode: Option<$crate::value::Mode>,
            /// Keep the old content next to the new; its name contains the time.
            #[serde(default)]
            pub backup: bool,
            /// A command that must accept the new content before it replaces the old; `%s` is its path.
            #[serde(default)]
            pub validate: Option<$crate::value::Argv>,
        }

        impl $Params {
            /// Who may do what with the file, and how a new content comes to be.
            #[must_use]
            pub fn attributes(&self) -> $crate::value::Attributes {
                $crate::value::Attributes {
                    owner: self.owner.clone(),
                    group: self.group.clone(),
                    mode: self.mode.clone(),
                    backup: self.backup,
                    validate: self.validate.clone(),
                }
            }
        }
    };
}
pub(crate) use with_attributes;
