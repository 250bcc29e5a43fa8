//! The module `authorized_key`: lines of a user's file of keys. What is written, and in which order, is as in Ansible.

use super::file::edit;
use super::file::text::{Part, file};
use super::{Input, Module, Plan};
use crate::planned::Planned;
use crate::sys::accounts::Reach;
use crate::sys::{Observe, Subject, SysError};
use hep_protocol::task::State as Wanted;
use hep_protocol::task::authorized_key::{AuthorizedKey, Key};
use hep_protocol::value::AbsPath;
use serde_json::{Value, json};

/// What has to change, and where.
pub(crate) struct State {
    keyfile: AbsPath,
    directory: Option<Part>,
    file: Option<Part>,
}

impl Module for AuthorizedKey {
    type State = State;

    fn inspect(&self, input: &Input<'_>, host: &dyn Observe) -> Result<State, SysError> {
        let name = self.user.to_string();
        let user = host.user_entry(&name, Reach::Everywhere)?;
        let user = user.ok_or_else(|| missing(&name, host))?;
        let keyfile = match &self.path {
            Some(path) => path.clone(),
            None => format!("{}/.ssh/authorized_keys", user.home)
                .parse()
                .map_err(|error| SysError::new(format!("the home directory of {name}: {error}")))?,
        };
        let old = edit::read(&edit::behind_links(&keyfile, host)?, host)?.unwrap_or_default();
        let Some(new) = rewritten(self, &old.shown) else {
            return Ok(State { keyfile, directory: None, file: None });
        };
        let (owner, group) = (user.uid.to_string(), user.gid.to_string());
        let own = |more: Value| {
            let mut params = json!({"owner": owner, "group": group});
            if let (Value::Object(params), Value::Object(more)) = (&mut params, more) {
                params.extend(more);
            }
            params
        };
        let above = keyfile.parent().filter(|_| self.manage_dir);
        let directory = above.map(|above| {
            let params = own(json!({"dest": above, "action": "directory", "mode": "0700"}));
            Part::look(params, input, host)
        });
        let directory = directory.transpose()?;
        let params =
            own(json!({"dest": keyfile, "mode": "0600", "follow": self.follow, "parents": true}));
        let file = Part::with(file(params)?, &old.bytes(&new), input, host)?;
        Ok(State { keyfile, directory, file: Some(file) })
    }

    fn plan(&self, input: &Input<'_>, state: &State) -> Result<Plan, SysError> {
        let steps = |part: &Option<Part>| -> Result<Vec<Planned>, SysError> {
            part.as_ref().map_or(Ok(Vec::new()), |part| part.steps(input))
        };
        let Value::Object(mut data) = json!(self) else { return Err(SysError::new("no mapping")) };
        data.insert("keyfile".to_owned(), json!(state.keyfile));
        let directory = steps(&state.directory)?;
        if directory.is_empty() {
            return Ok(Plan { steps: steps(&state.file)?, data, ..Plan::default() });
        }
        // The file is looked at again once its directory is there.
        Ok(Plan { steps: directory, data, again: true, ..Plan::default() })
    }
}

fn missing(name: &str, host: &dyn Observe) -> SysError {
    match host.depends(Subject::User(name)) {
        Some(cause) => SysError::unknown(cause.to_string()),
        None => SysError::new(format!("there is no user `{name}` on the host"))
            .hint("create it in an earlier task, with `user`"),
    }
}

/// A line of the file, by what makes it one of its kind.
struct Line<'t> {
    name: &'t str,
    key: Option<Key<'t>>,
    /// Where it goes.
    rank: usize,
}

/// The file's text with the keys or without them; `None` if it is as it should be. Lines that say the same are one.
fn rewritten(params: &AuthorizedKey, old: &str) -> Option<String> {
    let mut lines: Vec<Line<'_>> = Vec::new();
    for (rank, text) in old.split_inclusive('\n').enumerate() {
        let key = Key::parse(text);
        let name = key.as_ref().map_or(text, |key| key.data);
        lines.retain(|line| line.name != name);
        lines.push(Line { name, key, rank });
    }
    let (mut changes, after, mut kept) = (false, lines.len(), Vec::new());
    for (number, key) in params.keys().enumerate() {
        let at = lines.iter().position(|line| line.name == key.data);
        let there = at.and_then(|at| lines.get(at)?.key.as_ref());
        let is_new = !there.is_some_and(|there| there.is(&key));
        kept.push(key.data);
        match (params.state, at) {
            (Wanted::Present, _) if !is_new => {}
            (Wanted::Absent, None) => {}
            (Wanted::Present, _) | (Wanted::Absent, Some(_)) => {
                changes = true;
                lines.retain(|line| line.name != key.data);
                let line = Line { name: key.data, key: Some(key), rank: after + number };
                lines.extend((params.state == Wanted::Present).then_some(line));
            }
        }
    }
    if params.exclusive && params.state == Wanted::Present {
        let before = lines.len();
        lines.retain(|line| kept.contains(&line.name));
        changes |= lines.len() != before;
    }
    lines.sort_by_key(|line| line.rank);
    let text = |line: &Line<'_>| match &line.key {
        Some(key) => key.line(),
        None if line.name.ends_with('\n') => line.name.to_owned(),
        None => format!("{}\n", line.name),
    };
    changes.then(|| lines.iter().map(text).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::converge::testing::{settles, tried};
    use crate::sys::overlay::Overlay;
    use crate::sys::overlay::empty::Empty;

    const ONE: &str = "ssh-ed25519 AAAA1 one@example";
    const TWO: &str = "ssh-ed25519 AAAA2 two@example";

    /// What becomes of a file's text.
    #[track_caller]
    fn check(old: &str, mut params: Value, expected: &str) {
        params["user"] = json!("ada");
        let params: AuthorizedKey = serde_json::from_value(params).unwrap();
        let new = rewritten(&params, old);
        assert_eq!(new.as_deref().unwrap_or(old), expected);
        assert_eq!(rewritten(&params, expected), None, "again");
    }

    #[test]
    fn keys_are_added_changed_and_removed() {
        let both = format!("{ONE}\n{TWO}\n");
        check("", json!({"key": ONE}), &format!("{ONE}\n"));
        check(&format!("{ONE}\n"), json!({"key": TWO}), &both);
        check(&both, json!({"key": ONE}), &both);
        check(&both, json!({"key": both}), &both);
        check(&both, json!({"key": ONE, "state": "absent"}), &format!("{TWO}\n"));
        let other = format!("{TWO}\nssh-ed25519 AAAA1 other\n");
        check(&both, json!({"key": ONE, "comment": "other"}), &other);
        let limited = format!("no-pty {ONE}\n");
        check("", json!({"key": ONE, "key_options": "no-pty"}), &limited);
        check(&limited, json!({"key": ONE}), &format!("{ONE}\n"));
        // As in Ansible, a key without a comment has a blank after it.
        check("", json!({"key": "ssh-rsa AAAA"}), "ssh-rsa AAAA \n");
    }

    #[test]
    fn other_lines_stay_unless_it_is_exclusive() {
        let old = format!("# kept\nfrom=\"10.0.0.1\" {TWO} and  more");
        let new = format!("# kept\nfrom=\"10.0.0.1\" {TWO} and more\n{ONE}\n");
        check(&old, json!({"key": ONE}), &new);
        check("# x", json!({"key": ONE}), &format!("# x\n{ONE}\n"));
        check(&old, json!({"key": ONE, "exclusive": true}), &format!("{ONE}\n"));
        let swapped = format!("{ONE}\n{TWO}\n");
        let params = json!({"key": swapped, "exclusive": true});
        check(&format!("{TWO}\n"), params, &format!("{TWO}\n{ONE}\n"));
    }

    #[test]
    fn file_and_directory_are_the_user_s_alone() {
        let mut host = Overlay::new(Empty);
        for path in ["/home", "/home/www-data"] {
            tried("file", &json!({"dest": path, "action": "directory"}), &mut host);
        }
        let params = json!({"user": "www-data", "key": ONE});
        let made = "make directory /home/www-data/.ssh (0700 www-data:www-data)\n\
             create /home/www-data/.ssh/authorized_keys (30 bytes, 0600 www-data:www-data)";
        settles("authorized_key", &params, &mut host, made);
        let (_, data) = tried("authorized_key", &params, &mut host);
        assert_eq!(data["keyfile"], "/home/www-data/.ssh/authorized_keys");
        let nobody = "failed: there is no user `nobody` on the host";
        settles("authorized_key", &json!({"user": "nobody", "key": ONE}), &mut host, nobody);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let mut host = Overlay::new(Empty);
        let mut refused = |key: &str, expected: &str| {
            settles("authorized_key", &json!({"user": "root", "key": key}), &mut host, expected);
        };
        refused("not a key", "refused: `not a key` is not a public key");
        refused("https://example.com/a", "refused: hep does not fetch keys from an address");
    }
}
