//! The services of a host as Ansible's `service_facts` lists them: those that systemd knows or has a unit file of, and the
//! scripts of SysV by what `service` says of them.

use super::host::Host;
use hep_protocol::facts::Init;
use serde_json::{Map, Value, json};

/// States of a unit that say more than whether it is active, and more than what its file says.
const BAD: [&str; 3] = ["not-found", "masked", "failed"];

/// The kind of unit that is a service.
const SERVICE: &str = ".service";

/// All services of this host by their names.
pub(crate) fn services(init: Init) -> Map<String, Value> {
    of(&Host::this(), init)
}

fn of(host: &Host, init: Init) -> Map<String, Value> {
    let said = |program: &str, arguments: &[&str]| {
        host.ask(program, arguments).map(|ran| ran.stdout).unwrap_or_default()
    };
    let mut found = scripts(&said("service", &["--status-all"]));
    match init {
        Init::Sysv => {}
        Init::Systemd => {
            let list = |what| {
                said("systemctl", &[what, "--no-pager", "--type", "service", "--all", "--plain"])
            };
            found.extend(units(&list("list-units")));
            let files = list("list-unit-files");
            let new: Vec<&str> = unit_files(&files)
                .map(|(name, _)| name)
                .filter(|name| !found.contains_key(*name))
                .collect();
            let asked: Vec<&str> =
                new.iter().copied().filter(|name| !name.contains("@.")).collect();
            let shown = match asked.as_slice() {
                [] => String::new(),
                names => {
                    said("systemctl", &[&["show", "--property=ActiveState", "--"], names].concat())
                }
            };
            add_files(&mut found, &files, &asked, &shown);
        }
    }
    found
}

/// ` [ + ]  cron`: what `service --status-all` prints of each script that has a status.
fn scripts(text: &str) -> Map<String, Value> {
    let script = |line: &str| {
        let (state, name) = line.trim().strip_prefix("[ ")?.split_once(" ]")?;
        let state = match state {
            "+" => "running",
            "-" => "stopped",
            _ => return None,
        };
        let name = name.trim();
        Some((name.to_owned(), json!({"name": name, "state": state, "source": "sysv"})))
    };
    text.lines().filter_map(script).collect()
}

/// What `systemctl list-units` prints: name, whether it was loaded, whether it is active, in which state it is.
fn units(text: &str) -> Map<String, Value> {
    let unit = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        // The last is a word of the description.
        let (_, told) = fields.split_last()?;
        let bad = BAD.iter().find(|bad| told.contains(bad));
        let status = bad.or(fields.get(2))?;
        let running = fields.get(3).is_some_and(|state| *state == "running");
        let state = if running { "running" } else { "stopped" };
        let name = *fields.first()?;
        Some((name.to_owned(), of_systemd(name, state, status)))
    };
    text.lines().filter(|line| line.contains(SERVICE)).filter_map(unit).collect()
}

fn of_systemd(name: &str, state: &str, status: &str) -> Value {
    json!({"name": name, "state": state, "status": status, "source": "systemd"})
}

/// The name of each unit file and its state.
fn unit_files(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().filter(|line| line.contains(SERVICE)).filter_map(|line| {
        let mut words = line.split_whitespace();
        Some((words.next()?, words.next()?))
    })
}

/// Takes unit files in: their state is the service's status, and of those that systemd has not loaded `shown` says, one
/// paragraph for each of the `asked`, whether they are active.
fn add_files(found: &mut Map<String, Value>, files: &str, asked: &[&str], shown: &str) {
    let states: Vec<&str> =
        shown.split("\n\n").map(|one| one.trim().trim_start_matches("ActiveState=")).collect();
    for (name, status) in unit_files(files) {
        match found.get_mut(name) {
            Some(service) => {
                let known = service.get("status").and_then(Value::as_str).unwrap_or_default();
                if !BAD.contains(&known)
                    && let Some(fields) = service.as_object_mut()
                {
                    fields.insert("status".to_owned(), status.into());
                }
            }
            None => {
                let at = asked.iter().position(|asked| *asked == name);
                let state = at.and_then(|at| states.get(at)).filter(|state| !state.is_empty());
                let state = state.copied().unwrap_or("unknown");
                found.insert(name.to_owned(), of_systemd(name, state, status));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_have_the_state_of_their_files_unless_that_of_the_unit_says_more() {
        let listed = "  UNIT LOAD ACTIVE SUB DESCRIPTION\n  ssh.service loaded active running OpenBSD Secure Shell\n  a.service not-found inactive dead a.service\n  b.service loaded failed failed B\n\n3 loaded units listed.\n";
        let mut found = units(listed);
        let files = "UNIT FILE STATE PRESET\nssh.service enabled enabled\nb.service enabled enabled\nc@.service static -\nd.service disabled enabled\n\n4 unit files listed.\n";
        add_files(&mut found, files, &["d.service"], "ActiveState=inactive\n");
        let check = |name: &str, state: &str, status: &str| {
            assert_eq!(found[name], of_systemd(name, state, status));
        };
        check("ssh.service", "running", "enabled");
        check("a.service", "stopped", "not-found");
        check("b.service", "stopped", "failed");
        check("c@.service", "unknown", "static");
        check("d.service", "inactive", "disabled");
        assert_eq!(found.len(), 5);
    }

    #[test]
    fn scripts_run_or_do_not() {
        let found = scripts(" [ + ]  cron\n [ - ]  ssh\n [ ? ]  hwclock.sh\n");
        let expected = json!({
            "cron": {"name": "cron", "state": "running", "source": "sysv"},
            "ssh": {"name": "ssh", "state": "stopped", "source": "sysv"},
        });
        assert_eq!(Value::Object(found), expected);
    }
}
