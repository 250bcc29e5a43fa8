//! The module `package_facts`: the packages that dpkg has, for later tasks.

use super::{Input, Module, Plan};
use crate::sys::packages::{Database, Origins};
use crate::sys::{Cause, Observe, SysError};
use hep_protocol::task::package_facts::PackageFacts;
use serde_json::{Map, Value, json};

impl Module for PackageFacts {
    type State = (Database, Origins);

    fn inspect(&self, _input: &Input<'_>, host: &dyn Observe) -> Result<Self::State, SysError> {
        let database = host.packages()?;
        // Its version only a real run would show.
        let open =
            database.iter().find(|one| one.is_installed() && one.version.as_str().is_empty());
        if let Some(open) = open {
            let cause = Cause::Packages(vec![open.name.clone()]);
            return Err(SysError::unknown(cause.to_string()));
        }
        Ok((database, host.origins()?))
    }

    fn plan(&self, _input: &Input<'_>, state: &Self::State) -> Result<Plan, SysError> {
        let (database, origins) = state;
        let mut packages: Map<String, Value> = Map::new();
        for entry in database.iter().filter(|entry| entry.is_installed()) {
            // apt calls one of another architecture by both.
            let name = match database.qualifier(&entry.arch) {
                Some(arch) => format!("{}:{arch}", entry.name),
                None => entry.name.clone(),
            };
            let package = json!({
                "name": name,
                "version": entry.version.as_str(),
                "arch": entry.arch,
                "category": entry.section,
                "origin": origins.of(&entry.name, &entry.version),
                "source": "apt",
            });
            packages.insert(name, json!([package]));
        }
        let facts = Map::from_iter([("packages".to_owned(), Value::Object(packages))]);
        Ok(Plan { facts, ..Plan::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::converge::testing::{task, tried, with_input};
    use crate::sys::overlay::Overlay;
    use crate::sys::overlay::empty::Empty;
    use hep_protocol::plan::DiffMode;
    use hep_protocol::task::TaskSpec;

    #[test]
    fn installed_packages_are_listed_by_name() {
        let mut host = Overlay::new(Empty);
        tried("apt", &json!({"package": "greeter"}), &mut host);
        let task = task(TaskSpec::PackageFacts(PackageFacts {}));
        let facts = with_input(&task, DiffMode::Off, |input| {
            let state = PackageFacts {}.inspect(input, &host).unwrap();
            PackageFacts {}.plan(input, &state).unwrap().facts
        });
        let greeter = json!({"name": "greeter", "version": "2.0", "arch": "all", "category": "",
            "origin": "", "source": "apt"});
        assert_eq!(Value::Object(facts), json!({"packages": {"greeter": [greeter]}}));
    }
}
