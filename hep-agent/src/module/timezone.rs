//! The module `timezone`: the link /etc/localtime, and the name in /etc/timezone where Debian's tools read it.

use super::file::text::{Part, found_text};
use super::{Input, Module, Plan};
use crate::sys::files::FileKind;
use crate::sys::{Observe, Subject, SysError};
use hep_protocol::facts::Init;
use hep_protocol::task::timezone::Timezone;
use hep_protocol::value::AbsPath;
use serde_json::json;

/// The zone of the host (localtime(5)).
const LINK: &str = "/etc/localtime";

/// Its name, as Debian keeps it.
const NAME: &str = "/etc/timezone";

/// Where the zones are.
const ZONES: &str = "/usr/share/zoneinfo";

impl Module for Timezone {
    type State = Vec<Part>;

    fn inspect(&self, input: &Input<'_>, host: &dyn Observe) -> Result<Vec<Part>, SysError> {
        let zone: AbsPath = format!("{ZONES}/{}", self.name)
            .parse()
            .map_err(|error| SysError::new(format!("`name`: {error}")))?;
        // A part of the world is a directory.
        let at = host.stat(&zone)?;
        let is_zone = at.is_some_and(|meta| meta.kind == FileKind::File);
        if !is_zone && host.depends(Subject::Path(&zone)).is_none() {
            let error = SysError::new(format!("there is no time zone `{}` on the host", self.name));
            return Err(error.hint("correct `name`, or install the package tzdata first"));
        }
        let link: AbsPath = LINK.parse().map_err(|_| SysError::new("the link has no path"))?;
        let target = match host.lstat(&link)? {
            Some(meta) if meta.kind == FileKind::Link => host.read_link(&link)?,
            Some(_) | None => String::new(),
        };
        let text = found_text(NAME, host)?;
        let systemd = host.service_manager() == Init::Systemd;
        let zones = ZONES.trim_start_matches('/');
        let linked = target.split_once(zones).map(|(_, zone)| zone.trim_start_matches('/'));
        let named = systemd || text.as_deref().map(str::trim) == Some(&self.name);
        let mut parts = Vec::new();
        if linked != Some(&self.name) || !named {
            // timedatectl(1) makes the link relative.
            let source = if systemd { format!("..{zone}") } else { zone.to_string() };
            let params = json!({"dest": LINK, "action": "link", "src": source, "force": true});
            parts.push(Part::look(params, input, host)?);
            // timedatectl(1) leaves the name alone.
            if !systemd {
                let content = format!("{}\n", self.name);
                parts.push(Part::look(json!({"dest": NAME, "content": content}), input, host)?);
            }
        }
        Ok(parts)
    }

    fn plan(&self, input: &Input<'_>, parts: &Vec<Part>) -> Result<Plan, SysError> {
        let mut steps = Vec::new();
        for part in parts {
            steps.extend(part.steps(input)?);
        }
        Ok(Plan { steps, ..Plan::default() })
    }
}

#[cfg(test)]
mod tests {
    use crate::converge::testing::{settles, tried};
    use crate::sys::overlay::Overlay;
    use crate::sys::overlay::empty::Empty;
    use serde_json::json;

    #[test]
    fn zone_is_a_link_and_a_name() {
        let mut host = Overlay::new(Empty);
        for path in ["/etc", "/usr", "/usr/share", "/usr/share/zoneinfo"] {
            tried("file", &json!({"dest": path, "action": "directory"}), &mut host);
        }
        let missing = "failed: there is no time zone `UTC` on the host";
        settles("timezone", &json!({"name": "UTC"}), &mut host, missing);
        let zone = json!({"dest": "/usr/share/zoneinfo/UTC", "content": "TZif"});
        tried("file", &zone, &mut host);
        let made = "link /etc/localtime -> /usr/share/zoneinfo/UTC\n\
             create /etc/timezone (4 bytes, 0644 root:root)";
        settles("timezone", &json!({"name": "UTC"}), &mut host, made);
    }
}
