//! Names of types whose values a dialect reads by rules of its own: they tell a decoder what is asked for.

/// A mode: in Ansible's dialect a number is one by its value, not by its digits.
pub(crate) const MODE: &str = "Mode";
/// A program with its arguments: in Ansible's dialect a text is split as a shell would split it.
pub(crate) const ARGV: &str = "Argv";
/// A list: in Ansible's dialect a text is its items with commas between.
pub(crate) const LIST: &str = "List";
/// The content of a file: in Ansible's dialect a collection is JSON.
pub(crate) const DOCUMENT: &str = "Document";
/// A path on a host: in Ansible's dialect it may begin with somebody's home directory.
pub(crate) const PATH: &str = "Path";
