//! The module `setup`: facts by Ansible's names, gathered now.

use super::{Input, Module, Plan};
use crate::facts::setup::{Asked, LIMIT, LOCAL, gather, is_local, local_files};
use crate::sys::{Cause, Observe, SysError};
use hep_protocol::facts::setup::{Collector, chosen};
use hep_protocol::task::setup::Setup;
use hep_protocol::value::AbsPath;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::time::Duration;

impl Module for Setup {
    type State = (Map<String, Value>, Vec<String>);

    fn inspect(&self, input: &Input<'_>, host: &dyn Observe) -> Result<Self::State, SysError> {
        let control = input.task.control.as_ref();
        let is_registered = control.is_some_and(|control| control.register.is_some());
        let asked = Asked {
            subset: &self.gather_subset,
            filter: &self.filter,
            local: self.fact_path.as_ref().map_or(LOCAL, |path| path.as_str()),
            patience: self.gather_timeout.map(|seconds| Duration::from_secs(seconds.into())),
            wanted: input.names.wanted_facts().filter(|_| !is_registered),
        };
        let is_wanted = asked.wanted.is_none_or(|wanted| wanted.contains(&Collector::Local));
        if is_wanted && chosen(asked.subset).is_ok_and(|all| all.contains(&Collector::Local)) {
            as_on_host(asked.local, host)?;
        }
        gather(&asked)
    }

    fn plan(&self, _input: &Input<'_>, (facts, notes): &Self::State) -> Result<Plan, SysError> {
        Ok(Plan { facts: facts.clone(), notes: notes.clone(), ..Plan::default() })
    }
}

/// Local facts are read, and their programs run, on the host itself. What an earlier step would do to their directory only its
/// real run would show.
fn as_on_host(directory: &str, host: &dyn Observe) -> Result<(), SysError> {
    let path = |text: String| AbsPath::try_from(text).map_err(|e| SysError::new(e.to_string()));
    // What cannot be read there is told by who gathers.
    let real = |path: &AbsPath| host.resolve(path).ok().flatten();
    let at = path(directory.to_owned())?;
    let would_be = real(&at).and_then(|at| host.list(&at).ok()).unwrap_or_default();
    let are = local_files(directory);
    let names: BTreeSet<String> = would_be.into_iter().chain(are.keys().cloned()).collect();
    for name in names.into_iter().filter(|name| is_local(name)) {
        let file = path(format!("{directory}/{name}"))?;
        let would_be = real(&file).and_then(|file| host.read(&file, LIMIT).ok().flatten());
        if would_be.as_ref() != are.get(&name) {
            return Err(SysError::unknown(Cause::File(file.to_string()).to_string()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::converge::testing::tried;
    use crate::sys::overlay::Overlay;
    use crate::sys::overlay::empty::Empty;
    use serde_json::json;

    #[test]
    fn local_facts_that_an_earlier_step_would_write_are_unknown() {
        let mut host = Overlay::new(Empty);
        assert!(as_on_host("/nowhere/facts.d", &host).is_ok());
        let file = json!({"dest": "/facts.d/a.fact", "content": "[a]\nb=c\n", "parents": true});
        tried("file", &file, &mut host);
        let error = as_on_host("/facts.d", &host).unwrap_err();
        assert_eq!(error.depends(), Some("file /facts.d/a.fact"));
    }
}
