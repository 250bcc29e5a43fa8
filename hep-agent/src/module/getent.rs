//! The module `getent`: what the host knows by name, for later tasks.

use super::{Input, Module, Plan};
use crate::sys::accounts::{Asked, OWN, Records};
use crate::sys::{Observe, Subject, SysError};
use hep_protocol::task::getent::Getent;
use serde_json::{Map, Value, json};

impl Module for Getent {
    type State = Records;

    fn inspect(&self, _input: &Input<'_>, host: &dyn Observe) -> Result<Records, SysError> {
        let (database, key) = (self.database.as_str(), self.key.as_deref());
        let records = host.records(&Asked { database, key, service: self.service.as_deref() })?;
        let subject = match (&records, key, database) {
            (Records::NoKey, Some(key), "passwd" | "shadow") => Subject::User(key),
            (Records::NoKey, Some(key), "group" | "gshadow") => Subject::Group(key),
            (Records::NoKey, _, _) => Subject::Hindrance,
            (Records::Lines(_) | Records::NoDatabase | Records::NoList, _, _) => {
                return Ok(records);
            }
        };
        match host.depends(subject) {
            Some(cause) => Err(SysError::unknown(cause.to_string())),
            None => Ok(records),
        }
    }

    fn plan(&self, _input: &Input<'_>, records: &Records) -> Result<Plan, SysError> {
        let Self { database, key, split, .. } = self;
        let key = key.as_deref().unwrap_or_default();
        let (entries, told) = match records {
            Records::Lines(text) => {
                let own = OWN.contains(&database.as_str()).then_some(":");
                (entries(text, split.as_deref().or(own)), None)
            }
            Records::NoKey if !self.fail_key => {
                let told = "One or more supplied key could not be found in the database.";
                (Map::from_iter([(key.to_owned(), Value::Null)]), Some(told))
            }
            Records::NoKey => {
                let error =
                    SysError::new(format!("there is no `{key}` in the database {database}"));
                return Err(error.hint("correct `key`, or add `fail_key: false`"));
            }
            Records::NoDatabase => {
                let error = SysError::new(format!("there is no database `{database}`"));
                return Err(error.hint("`getent --help` on the host lists them"));
            }
            Records::NoList => {
                let error = SysError::new(format!("the database {database} cannot be listed"));
                return Err(error.hint("name the entry with `key`"));
            }
        };
        let facts = Map::from_iter([(format!("getent_{database}"), Value::Object(entries))]);
        let data = told.map(|told| ("msg".to_owned(), json!(told))).into_iter().collect();
        Ok(Plan { data, facts, ..Plan::default() })
    }
}

/// The fields of each entry after its name. One that is there several times has a list of them.
fn entries(text: &str, split: Option<&str>) -> Map<String, Value> {
    let mut found: Map<String, Value> = Map::new();
    let mut several: Vec<String> = Vec::new();
    for line in text.lines() {
        let mut fields: Vec<&str> = match split {
            Some(split) => line.split(split).collect(),
            None => line.split_whitespace().collect(),
        };
        if fields.is_empty() {
            continue;
        }
        let name = fields.remove(0);
        match found.get_mut(name) {
            None => {
                found.insert(name.to_owned(), json!(fields));
            }
            Some(Value::Array(all)) if several.iter().any(|known| known == name) => {
                all.push(json!(fields));
            }
            Some(first) => {
                *first = json!([first.take(), fields]);
                several.push(name.to_owned());
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::converge::testing::{settles, task, tried, with_input};
    use crate::sys::overlay::Overlay;
    use crate::sys::overlay::empty::Empty;
    use hep_protocol::plan::DiffMode;
    use hep_protocol::task::TaskSpec;

    #[test]
    fn entries_are_fields_by_name() {
        let check = |text: &str, split, expected: Value| {
            assert_eq!(Value::Object(entries(text, split)), expected);
        };
        check("root:x:0\nada:x:\n", Some(":"), json!({"root": ["x", "0"], "ada": ["x", ""]}));
        check("::1   localhost ip6\n\n", None, json!({"::1": ["localhost", "ip6"]}));
        check("a 1\na 2\na 3\n", None, json!({"a": [["1"], ["2"], ["3"]]}));
    }

    /// What later tasks have.
    fn facts(params: &Value, host: &mut Overlay<Empty>) -> Value {
        let params: Getent = serde_json::from_value(params.clone()).unwrap();
        let task = task(TaskSpec::Getent(params.clone()));
        with_input(&task, DiffMode::Off, |input| {
            let state = params.inspect(input, host).unwrap();
            Value::Object(params.plan(input, &state).unwrap().facts)
        })
    }

    #[test]
    fn missing_entry_fails_unless_it_may_be_missing() {
        let mut host = Overlay::new(Empty);
        let root = json!({"database": "passwd", "key": "root"});
        let expected =
            json!({"getent_passwd": {"root": ["x", "0", "0", "", "/home/root", "/bin/sh"]}});
        assert_eq!(facts(&root, &mut host), expected);
        let nobody = json!({"database": "passwd", "key": "ada"});
        let missing = "failed: there is no `ada` in the database passwd";
        settles("getent", &nobody, &mut host, missing);
        let may = json!({"database": "passwd", "key": "ada", "fail_key": false});
        let null = json!({"getent_passwd": {"ada": null}});
        assert_eq!(facts(&may, &mut host), null);
        let unknown = json!({"database": "nonsense"});
        settles("getent", &unknown, &mut host, "failed: there is no database `nonsense`");
        tried("user", &json!({"name": "ada", "create_home": false}), &mut host);
        settles("getent", &nobody, &mut host, "failed: depends on user ada");
    }
}
