//! The module `locale_gen`: lines of /etc/locale.gen, and locale-gen(8), which compiles what they name.

use super::file::text::{Part, found_text, text_of};
use super::{Input, Module, Plan};
use crate::planned::Planned;
use crate::sys::settings::{By, Setting, What};
use crate::sys::{Observe, Subject, SysError};
use hep_protocol::action::Action;
use hep_protocol::action::programs::Call;
use hep_protocol::task::State as Wanted;
use hep_protocol::task::locale_gen::LocaleGen;
use hep_protocol::value::AbsPath;
use serde_json::{Map, json};

/// What is compiled.
const FILE: &str = "/etc/locale.gen";

/// What could be.
const SUPPORTED: &str = "/usr/share/i18n/SUPPORTED";

/// What has to change.
pub(crate) struct State {
    part: Option<Part>,
    /// The locales that come or go.
    names: Vec<String>,
}

impl Module for LocaleGen {
    type State = State;

    fn inspect(&self, input: &Input<'_>, host: &dyn Observe) -> Result<State, SysError> {
        let Some(text) = found_text(FILE, host)? else { return Err(missing(host)) };
        let mut there = Vec::new();
        for name in self.name.iter() {
            there.push(host.setting(&What::Locale(name.clone()))?.is_some());
        }
        let supported = text_of(SUPPORTED, host)?;
        let known = |name: &str| supported.lines().any(|line| named(line) == Some(name));
        let unknown = self.name.iter().zip(&there).find(|(name, there)| !**there && !known(name));
        if let Some((name, _)) = unknown {
            let error = SysError::new(format!("there is no locale `{name}` to be had"));
            return Err(error.hint(format!("write it as in {SUPPORTED} on the host")));
        }
        // As with Ansible, some of them are none of them.
        let all = there.iter().all(|there| *there);
        let wanted = self.state == Wanted::Present;
        if all == wanted {
            return Ok(State { part: None, names: Vec::new() });
        }
        let lines: String = text.lines().map(|line| rewritten(self, line) + "\n").collect();
        let listed = |name: &String| lines.lines().any(|line| named(line) == Some(name));
        if let Some(name) = self.name.iter().find(|name| wanted && !listed(name)) {
            let error = SysError::new(format!("{FILE} has no line for the locale `{name}`"));
            return Err(error.hint("add it with `lineinfile` first"));
        }
        let names = self.name.iter().zip(there).filter(|(_, there)| *there != wanted);
        let names = names.map(|(name, _)| name.clone()).collect();
        let params = json!({"dest": FILE, "content": lines, "follow": true});
        let part = (lines != text).then(|| Part::look(params, input, host)).transpose()?;
        Ok(State { part, names })
    }

    fn plan(&self, input: &Input<'_>, state: &State) -> Result<Plan, SysError> {
        let mut steps = match &state.part {
            Some(part) => part.steps(input)?,
            None => Vec::new(),
        };
        let present = self.state == Wanted::Present;
        for (number, name) in state.names.iter().enumerate() {
            // One run compiles all of them.
            let calls = if number == 0 { vec![Call::new(["locale-gen"])] } else { Vec::new() };
            let (there, gone) = (Some(String::new()), None);
            let (from, to) = if present { (gone, there) } else { (there, gone) };
            let (what, by) = (What::Locale(name.clone()), By::Programs(calls));
            steps.push(Planned::new(Action::Setting(Setting { what, from, to, by })));
        }
        let data = Map::from_iter([("name".to_owned(), json!(*self.name))]);
        Ok(Plan { steps, data, ..Plan::default() })
    }
}

fn missing(host: &dyn Observe) -> SysError {
    let path: Option<AbsPath> = FILE.parse().ok();
    match path.and_then(|path| host.depends(Subject::Path(&path))) {
        Some(cause) => SysError::unknown(cause.to_string()),
        None => SysError::new(format!("{FILE} does not exist"))
            .hint("install the package locales in an earlier task"),
    }
}

/// The locale that a line names, whether it is a comment or not.
fn named(line: &str) -> Option<&str> {
    let line = line.strip_prefix('#').unwrap_or(line).trim_start();
    line.split_once(' ').map(|(name, _)| name)
}

/// The line as it should be.
fn rewritten(params: &LocaleGen, line: &str) -> String {
    let Some(name) = named(line).filter(|name| params.name.iter().any(|own| own == name)) else {
        return line.to_owned();
    };
    let bare = line.strip_prefix('#').unwrap_or(line).trim_start();
    let charset = bare.strip_prefix(name).unwrap_or_default();
    match params.state {
        Wanted::Present => format!("{name}{charset}"),
        Wanted::Absent => format!("# {name}{charset}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::converge::testing::{settles, tried};
    use crate::sys::overlay::Overlay;
    use crate::sys::overlay::empty::Empty;

    const TEXT: &str = "# a comment\n# de_DE ISO-8859-1\n# de_DE.UTF-8 UTF-8\nen_US.UTF-8 UTF-8\n";

    fn host() -> Overlay<Empty> {
        let mut host = Overlay::new(Empty);
        for path in ["/etc", "/usr", "/usr/share", "/usr/share/i18n"] {
            tried("file", &json!({"dest": path, "action": "directory"}), &mut host);
        }
        tried("file", &json!({"dest": FILE, "content": TEXT}), &mut host);
        let supported = "de_DE.UTF-8 UTF-8\nde_DE ISO-8859-1\nfr_FR.UTF-8 UTF-8\n";
        tried("file", &json!({"dest": SUPPORTED, "content": supported}), &mut host);
        host
    }

    #[test]
    fn locales_are_compiled_once_and_dropped_again() {
        let mut host = host();
        let german = json!({"name": "de_DE.UTF-8"});
        let (lines, _) = tried("locale_gen", &german, &mut host);
        assert!(lines.ends_with("add locale de_DE.UTF-8"), "{lines}");
        assert_eq!(tried("locale_gen", &german, &mut host).0, "");
        let gone = json!({"name": ["de_DE.UTF-8"], "state": "absent"});
        let (lines, _) = tried("locale_gen", &gone, &mut host);
        assert!(lines.ends_with("remove locale de_DE.UTF-8"), "{lines}");
        assert_eq!(tried("locale_gen", &gone, &mut host).0, "");
        let unknown = "failed: there is no locale `xx_XX` to be had";
        settles("locale_gen", &json!({"name": "xx_XX"}), &mut host, unknown);
        let unlisted = "failed: /etc/locale.gen has no line for the locale `fr_FR.UTF-8`";
        settles("locale_gen", &json!({"name": "fr_FR.UTF-8"}), &mut host, unlisted);
        let none = "failed: /etc/locale.gen does not exist";
        settles("locale_gen", &german, &mut Overlay::new(Empty), none);
    }

    #[test]
    fn lines_are_those_of_the_locales_alone() {
        let line = |state: &str, line: &str| {
            let params = json!({"name": "de_DE", "state": state});
            rewritten(&serde_json::from_value::<LocaleGen>(params).unwrap(), line)
        };
        assert_eq!(line("present", "# de_DE ISO-8859-1  "), "de_DE ISO-8859-1  ");
        assert_eq!(line("present", "# de_DE.UTF-8 UTF-8"), "# de_DE.UTF-8 UTF-8");
        assert_eq!(line("absent", "de_DE ISO-8859-1"), "# de_DE ISO-8859-1");
    }
}
