//! What `systemctl show` says of one unit, and what that means. Reads nothing itself.

use crate::sys::services::{Boot, Definition, Presence, Reload, Running, ServiceState};
use hep_protocol::outcome::Exit;
use std::collections::BTreeMap;

/// The properties that are asked for (org.freedesktop.systemd1(5)).
pub(super) const PROPERTIES: &str = "Id,LoadState,LoadError,ActiveState,SubState,UnitFileState,\
    NeedDaemonReload,Result,CanReload,CanStart,ConditionResult,ConditionTimestampMonotonic,AssertResult,AssertTimestampMonotonic,SourcePath,Type,\
    RemainAfterExit,NRestarts,ExecMainCode,ExecMainStatus,StatusText,InvocationID";

/// One unit as systemd sees it now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Unit {
    properties: BTreeMap<String, String>,
}

impl Unit {
    /// Reads the lines `Name=value`; what systemd does not know of a unit it leaves out.
    pub(super) fn parse(text: &str) -> Self {
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        let properties = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { properties }
    }

    /// A property; empty if systemd did not give it.
    pub(super) fn get(&self, name: &str) -> &str {
        self.properties.get(name).map_or("", String::as_str)
    }

    fn is(&self, name: &str) -> bool {
        self.get(name) == "yes"
    }

    /// The unit's own name, whatever alias it was asked for by.
    pub(super) fn id(&self) -> &str {
        self.get("Id")
    }

    /// Whether there is nothing of that name: no unit file, and nothing left that runs.
    pub(super) fn is_missing(&self) -> bool {
        self.get("LoadState") == "not-found" && self.running() == Running::No
    }

    /// Why its unit file cannot be used, in systemd's words.
    pub(super) fn load_error(&self) -> Option<&str> {
        match self.get("LoadState") {
            "bad-setting" | "error" => {
                // The value is a D-Bus error's name and its message in quotes.
                let error = self.get("LoadError");
                Some(error.split_once(' ').map_or(error, |(_, message)| message).trim_matches('"'))
            }
            _ => None,
        }
    }

    /// Whether it runs.
    pub(super) fn running(&self) -> Running {
        match self.get("ActiveState") {
            "active" | "reloading" | "refreshing" => Running::Yes,
            "activating" | "deactivating" | "maintenance" => Running::Between,
            _ => Running::No,
        }
    }

    /// The script in `/etc/init.d` that systemd made the unit from, if it did (systemd-sysv-generator(8)).
    pub(super) fn script(&self) -> Option<&str> {
        let script = self.get("SourcePath").strip_prefix("/etc/init.d/")?;
        (self.get("UnitFileState") == "generated").then_some(script)
    }

    /// Whether it starts at boot; a unit made from a script is for the script's links to say.
    pub(super) fn boot(&self) -> Boot {
        if self.get("LoadState") == "masked" {
            return Boot::Masked;
        }
        match self.get("UnitFileState") {
            "enabled" => Boot::Enabled,
            "masked" | "masked-runtime" => Boot::Masked,
            // What holds until the next boot only does not make it start then; a linked unit is known and not enabled.
            "disabled" | "enabled-runtime" | "linked" | "linked-runtime" => Boot::Disabled,
            "" => Boot::Fixed("no unit file".to_owned()),
            word => Boot::Fixed(word.to_owned()),
        }
    }

    /// The service's state. `links` is what the links in `/etc/rc?.d` say if the unit is made from a script.
    pub(super) fn state(&self, links: Option<Boot>) -> ServiceState {
        ServiceState {
            presence: Presence::Here,
            running: self.running(),
            boot: links.unwrap_or_else(|| self.boot()),
            reload: if self.is("CanReload") { Reload::Possible } else { Reload::Impossible },
            definition: if self.is("NeedDaemonReload") {
                Definition::Stale
            } else {
                Definition::Current
            },
        }
    }

    /// Whether, started a moment ago, it may still turn out to have failed: with these types systemd does not wait for
    /// the service to say that it is ready (systemd.service(5)).
    pub(super) fn may_yet_fail(&self) -> bool {
        matches!(self.get("Type"), "simple" | "exec" | "idle" | "forking")
    }

    /// Whether its process is meant to end and to leave the unit inactive.
    pub(super) fn ends_by_itself(&self) -> bool {
        self.get("Type") == "oneshot" && !self.is("RemainAfterExit")
    }

    /// In what way it failed, by the result that systemd keeps until the next start.
    pub(super) fn failure(&self) -> Option<String> {
        let result = self.get("Result");
        let words = match (self.exit(), result) {
            (_, "" | "success") if self.get("ActiveState") != "failed" => return None,
            (Some(exit), "exit-code" | "signal" | "core-dump") => format!("it failed: {exit}"),
            (None, "exit-code" | "signal" | "core-dump") => {
                format!("one of its processes failed ({result})")
            }
            (_, "start-limit-hit") => {
                "it was started too often within a short time (start-limit-hit)".to_owned()
            }
            (_, "timeout") => "it did not become ready within its own time limit".to_owned(),
            (Some(exit), _) => format!("it failed ({result}): {exit}"),
            (None, _) => format!("it failed ({result})"),
        };
        Some(words)
    }

    /// Why a unit that was just started and did not fail is not up; `None` while nothing speaks against it.
    pub(super) fn absence(&self) -> Option<String> {
        // systemd forgets a unit that nothing refers to as soon as it is inactive; what is shown of it then was never
        // tried, and proves nothing.
        let unmet = |what: &str| {
            let time = self.get(&format!("{what}TimestampMonotonic"));
            self.get(&format!("{what}Result")) == "no" && !matches!(time, "" | "0")
        };
        match (self.get("ActiveState"), self.exit()) {
            ("inactive", _) if self.ends_by_itself() => None,
            ("inactive", _) if unmet("Condition") => {
                Some("a condition of its unit does not hold".to_owned())
            }
            ("inactive", _) if unmet("Assert") => {
                Some("an assertion of its unit does not hold".to_owned())
            }
            ("inactive", Some(exit)) => Some(format!("it ended at once: {exit}")),
            ("inactive", None) => Some("it was started but is not running".to_owned()),
            ("activating", _) if self.get("SubState") == "auto-restart" => {
                Some("it ended at once and waits to be restarted".to_owned())
            }
            _ => None,
        }
    }

    /// How its main process ended, in the terms of `si_code` and `si_status` (sigaction(2)).
    pub(super) fn exit(&self) -> Option<Exit> {
        let status = self.get("ExecMainStatus").parse().ok()?;
        match self.get("ExecMainCode") {
            "1" => Some(Exit::Code(status)),
            "2" | "3" => Some(Exit::Signal(status)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(text: &str) -> Unit {
        Unit::parse(&text.replace(' ', "\n"))
    }

    fn check(text: &str, running: Running, boot: Boot) {
        let unit = unit(text);
        assert_eq!((unit.running(), unit.boot()), (running, boot), "{text}");
    }

    #[test]
    fn states_are_told_apart() {
        check(
            "LoadState=loaded ActiveState=active UnitFileState=enabled",
            Running::Yes,
            Boot::Enabled,
        );
        check(
            "LoadState=loaded ActiveState=failed UnitFileState=disabled",
            Running::No,
            Boot::Disabled,
        );
        check(
            "LoadState=masked ActiveState=active UnitFileState=masked",
            Running::Yes,
            Boot::Masked,
        );
        check(
            "LoadState=masked ActiveState=inactive UnitFileState=masked-runtime",
            Running::No,
            Boot::Masked,
        );
        check(
            "LoadState=loaded ActiveState=activating UnitFileState=static",
            Running::Between,
            Boot::Fixed("static".into()),
        );
        check(
            "LoadState=loaded ActiveState=reloading UnitFileState=enabled-runtime",
            Running::Yes,
            Boot::Disabled,
        );
        check(
            "LoadState=loaded ActiveState=inactive UnitFileState=",
            Running::No,
            Boot::Fixed("no unit file".into()),
        );
    }

    #[test]
    fn missing_is_what_has_no_file_and_does_not_run() {
        assert!(unit("LoadState=not-found ActiveState=inactive").is_missing());
        assert!(!unit("LoadState=not-found ActiveState=active").is_missing());
        assert!(!unit("LoadState=masked ActiveState=inactive").is_missing());
    }

    #[test]
    fn bad_unit_files_say_why() {
        let text = "LoadState=bad-setting\nLoadError=org.freedesktop.systemd1.BadUnitSetting \"Unit x.service has a bad unit file setting.\"\n";
        let unit = Unit::parse(text);
        assert_eq!(unit.load_error(), Some("Unit x.service has a bad unit file setting."));
    }

    #[test]
    fn generated_units_lead_to_their_script() {
        let text = "LoadState=loaded UnitFileState=generated SourcePath=/etc/init.d/exim4";
        assert_eq!(unit(text).script(), Some("exim4"));
        assert_eq!(unit("UnitFileState=generated SourcePath=/etc/fstab").script(), None);
        assert_eq!(unit("UnitFileState=enabled SourcePath=/etc/init.d/x").script(), None);
    }

    #[test]
    fn what_speaks_against_a_started_unit() {
        let check = |text: &str, expected: Option<&str>| {
            let unit = unit(text);
            let words = unit.failure().or_else(|| unit.absence());
            assert_eq!(words.as_deref(), expected, "{text}");
        };
        check("ActiveState=active Result=success", None);
        check("ActiveState=inactive Result=success Type=oneshot RemainAfterExit=no", None);
        check("ActiveState=activating SubState=start Result=success", None);
        check(
            "ActiveState=failed Result=exit-code ExecMainCode=1 ExecMainStatus=3",
            Some("it failed: exit code 3"),
        );
        check(
            "ActiveState=activating SubState=auto-restart Result=signal ExecMainCode=2 ExecMainStatus=11",
            Some("it failed: killed by signal 11"),
        );
        check(
            "ActiveState=activating SubState=auto-restart Result=success",
            Some("it ended at once and waits to be restarted"),
        );
        check(
            "ActiveState=inactive Result=success Type=simple ExecMainCode=1 ExecMainStatus=0",
            Some("it ended at once: exit code 0"),
        );
        check(
            "ActiveState=inactive Result=success Type=simple ConditionResult=no ConditionTimestampMonotonic=7",
            Some("a condition of its unit does not hold"),
        );
        check(
            "ActiveState=inactive Result=success Type=simple ConditionResult=no ConditionTimestampMonotonic=0",
            Some("it was started but is not running"),
        );
        check("ActiveState=inactive Result=success Type=oneshot ConditionResult=no", None);
        check(
            "ActiveState=failed Result=exit-code ExecMainCode=0 ExecMainStatus=0",
            Some("one of its processes failed (exit-code)"),
        );
        check(
            "ActiveState=failed Result=start-limit-hit ExecMainCode=1 ExecMainStatus=1",
            Some("it was started too often within a short time (start-limit-hit)"),
        );
    }
}
