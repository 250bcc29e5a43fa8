//! The two languages that a play may be written in. A dialect travels with its play; tables whose rows differ between the two
//! have a column for each.

use serde::{Deserialize, Serialize};

/// The language of a play.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Dialect {
    /// hep's own (`hep push`).
    #[default]
    Hep,
    /// Ansible's, as ansible-core 2.19 takes it (`hep playbook`).
    Ansible,
}
