//! Services in memory.

use super::Overlay;
use crate::sys::files::ObserveFiles as _;
use crate::sys::services::script::{Script, not_executable};
use crate::sys::services::{
    Boot, Definition, ObserveServices, Reload, Running, ServiceAction, ServiceJob, ServiceState,
    Verb, effect, script_name, unit_name,
};
use crate::sys::{Cause, Effect, Observe, Subject, SysError};
use hep_protocol::facts::Init;
use hep_protocol::plan::Privacy;
use hep_protocol::value::{AbsPath, ServiceName};
use std::collections::BTreeMap;

/// Where systemd.unit(5) looks for units, the first before the last.
const UNIT_DIRECTORIES: [&str; 5] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/lib/systemd/system",
    "/usr/lib/systemd/system",
];

/// No unit or script is larger; a larger one is not looked into.
const DEFINITION_LIMIT: u64 = 1024 * 1024;

/// What is different about services: the state of every one that was acted on, by its unit's name.
#[derive(Default)]
pub(super) struct Changed {
    states: BTreeMap<String, ServiceState>,
    refreshed: bool,
    /// The one acted on last.
    latest: Option<Cause>,
}

impl<O: Observe> ObserveServices for Overlay<O> {
    fn service_manager(&self) -> Init {
        self.base.service_manager()
    }

    fn service(
        &self,
        name: &ServiceName,
        pattern: Option<&str>,
    ) -> Result<Option<ServiceState>, SysError> {
        let found = match self.services.states.get(&unit_name(name)) {
            Some(state) => Some(state.clone()),
            None => match self.base.service(name, pattern)? {
                Some(state) => Some(state),
                None => match self.service_of_new_file(name)? {
                    Some(state) => Some(state),
                    None => self.service_to_come(name)?,
                },
            },
        };
        Ok(found.map(|state| match self.services.refreshed {
            true => ServiceState { definition: Definition::Current, ..state },
            false => state,
        }))
    }

    fn services(&self) -> Result<Vec<String>, SysError> {
        self.base.services()
    }
}

impl<O: Observe> Overlay<O> {
    /// The service that an earlier task acted on last.
    pub(super) fn acted_on(&self) -> Option<Cause> {
        self.services.latest.clone()
    }

    /// A service that is nowhere yet, if an earlier task may bring it.
    fn service_to_come(&self, name: &ServiceName) -> Result<Option<ServiceState>, SysError> {
        match self.depends(Subject::Service(name)) {
            None => Ok(None),
            Some(
                Cause::Command(_)
                | Cause::Account(_)
                | Cause::File(_)
                | Cause::Service(_)
                | Cause::Task(_)
                | Cause::Sensitive,
            ) => Ok(Some(ServiceState::later())),
            Some(Cause::Packages(_)) => {
                // invoke-rc.d(8) asks this program whether packages may start services.
                let policy = AbsPath::try_from("/usr/sbin/policy-rc.d".to_owned())
                    .map_err(|error| SysError::new(error.to_string()))?;
                let forbidden = self.lstat(&policy)?.is_some();
                let running = if forbidden { Running::No } else { Running::Yes };
                Ok(Some(ServiceState::of_package(running)))
            }
        }
    }

    /// A service whose unit or script an earlier task would put in place.
    fn service_of_new_file(&self, name: &ServiceName) -> Result<Option<ServiceState>, SysError> {
        // systemd makes a unit of a script that has none (systemd-sysv-generator(8)).
        let script = format!("/etc/init.d/{}", script_name(name));
        let candidates = match self.base.service_manager() {
            Init::Sysv => vec![script.clone()],
            Init::Systemd => {
                let unit = unit_name(name);
                let units = UNIT_DIRECTORIES.iter().map(|directory| format!("{directory}/{unit}"));
                units.chain([script.clone()]).collect()
            }
        };
        for path in candidates {
            let path = AbsPath::try_from(path).map_err(|e| SysError::new(e.to_string()))?;
            if let Some(real) = self.resolve(&path)? {
                let text = self.read(&real, DEFINITION_LIMIT)?.unwrap_or_default();
                let text = String::from_utf8_lossy(&text).into_owned();
                let mode = self.lstat(&real)?.map_or(0, |meta| meta.attrs.mode.0);
                return match (path.as_str() == script, mode & 0o111) {
                    (false, _) => Ok(Some(of_unit(&text))),
                    (true, 0) => Err(not_executable(path.as_str())),
                    (true, _) => Ok(Some(of_script(text))),
                };
            }
        }
        Ok(None)
    }
}

/// A service of a script that was just written.
fn of_script(text: String) -> ServiceState {
    let reload = Script::new(text).reload();
    ServiceState { reload, ..ServiceState::fresh(Boot::Disabled) }
}

/// A service of a unit that was just written: it can be enabled if it has a section `[Install]` (systemd.unit(5)), and
/// reloaded if it says how (systemd.service(5)). Of an empty text, as of a file too large to look into, nothing is known.
fn of_unit(text: &str) -> ServiceState {
    let has =
        |what: &str| text.is_empty() || text.lines().any(|line| line.trim().starts_with(what));
    let boot = if has("[Install]") { Boot::Disabled } else { Boot::Fixed("static".to_owned()) };
    let reload = if has("ExecReload=") { Reload::Possible } else { Reload::Impossible };
    ServiceState { reload, ..ServiceState::fresh(boot) }
}

impl<O: Observe> Overlay<O> {
    pub(super) fn apply_service(&mut self, action: &ServiceAction) -> Result<Effect, SysError> {
        match action {
            ServiceAction::Act(job) => self.act(job)?,
            ServiceAction::RefreshUnits | ServiceAction::ReadUnits => {
                self.services.refreshed = true
            }
        }
        Ok(effect(action))
    }

    fn act(&mut self, job: &ServiceJob) -> Result<(), SysError> {
        let before = self.service(&job.name, job.pattern.as_deref())?;
        let after = before.unwrap_or_else(ServiceState::later).after(job.verb);
        self.services.states.insert(unit_name(&job.name), after);
        if matches!(job.verb, Verb::Start | Verb::Stop | Verb::Restart | Verb::Reload) {
            self.services.latest = Some(match self.privacy {
                Privacy::Open => Cause::Service(script_name(&job.name).to_owned()),
                Privacy::Sensitive => Cause::Sensitive,
            });
        }
        Ok(())
    }
}

#[cfg(test)]
impl<O: Observe> Overlay<O> {
    /// Puts a service on the host as the test wants it.
    pub(crate) fn set_service(&mut self, name: &str, state: ServiceState) {
        self.services.states.insert(name.to_owned(), state);
    }

    /// Lets an earlier task have done what only its real run would show.
    pub(crate) fn set_cause(&mut self, cause: Cause) {
        self.causes.push(cause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_units_are_known_by_their_text() {
        let check = |text: &str, boot: Boot, reload: Reload| {
            let state = of_unit(text);
            assert_eq!((state.boot, state.reload), (boot, reload), "{text}");
        };
        let fixed = Boot::Fixed("static".to_owned());
        check("[Service]\nExecStart=/bin/x\n", fixed.clone(), Reload::Impossible);
        check("[Service]\nExecReload=/bin/kill $MAINPID\n", fixed, Reload::Possible);
        let install = "[Service]\n [Install]\nWantedBy=multi-user.target\n";
        check(install, Boot::Disabled, Reload::Impossible);
        check("", Boot::Disabled, Reload::Possible);
    }

    #[test]
    fn new_scripts_are_known_by_their_text() {
        let script = "case $1 in start) ;; stop) ;; esac".to_owned();
        assert_eq!(of_script(script.clone()).reload, Reload::Impossible);
        assert_eq!(of_script(script.replace("stop", "reload")).reload, Reload::Possible);
    }
}
