//! The answers that debconf(7) remembers, read from its default database.

use crate::sys::SysError;
use crate::sys::packages::control::each_stanza;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, ErrorKind};

/// The default database of everything but passwords (debconf.conf(5)).
const DATABASE: &str = "/var/cache/debconf/config.dat";

/// The answers to these questions, as far as it has any.
pub(super) fn answers(questions: &[&str]) -> Result<BTreeMap<String, String>, SysError> {
    let mut answers = BTreeMap::new();
    let file = match File::open(DATABASE) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(answers),
        Err(error) => return Err(SysError::io(format!("cannot open {DATABASE}"), error)),
    };
    each_stanza(BufReader::new(file), &["Name", "Value"], |stanza| {
        let name = stanza.get("Name");
        if questions.contains(&name) {
            answers.insert(name.to_owned(), stanza.get("Value").to_owned());
        }
        Ok(())
    })
    .map_err(|error| SysError::io(format!("cannot read {DATABASE}"), error))?;
    Ok(answers)
}
