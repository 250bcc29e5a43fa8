//! Users and groups with all that passwd(5), group(5) and shadow(5) say of them, and the programs that change them.

use super::super::Linux;
use super::super::locks::Locks;
use super::super::passwd::Database;
use super::super::process::Program;
use super::{asks_elsewhere, getent};
use crate::sys::accounts::{
    Account, AccountAction, Aging, Asked, Group, OWN, ObserveAccounts, Reach, Records, User,
};
use crate::sys::{Effect, SysError};
use hep_protocol::outcome::Exit;
use hep_protocol::value::Secret;
use std::fs;
use std::io::ErrorKind;
use std::time::{Duration, Instant};

/// What programs that change accounts hold: lckpwdf(3), and the files of shadow's own libraries.
const LOCKS: Locks = Locks {
    records: &["/etc/.pwd.lock"],
    files: &["/etc/passwd.lock", "/etc/group.lock", "/etc/shadow.lock", "/etc/gshadow.lock"],
    who: "another program that changes accounts",
    hint: "see what it is doing; a lock file of a process that is gone is no hindrance",
};

/// How long another program may take to let go of the files.
const PATIENCE: Duration = Duration::from_secs(60);

impl ObserveAccounts for Linux {
    fn user_entry(&self, name: &str, reach: Reach) -> Result<Option<User>, SysError> {
        let line = match line_of(&Database::Passwd.read()?, name) {
            Some(line) => Some(line),
            None => elsewhere(Database::Passwd, name, reach)?,
        };
        let Some(line) = line else { return Ok(None) };
        let groups = members(&Database::Group.read()?, name);
        let shadow = Shadow::read()?;
        user(&line, groups, &shadow).map(Some).ok_or_else(|| {
            SysError::new(format!("the line of `{name}` in /etc/passwd is not as passwd(5) says"))
        })
    }

    fn users_of(&self, group: &Account) -> Result<Vec<String>, SysError> {
        let gid = group.to_string();
        let text = Database::Passwd.read()?;
        let own = |line: &str| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            (fields.nth(2) == Some(gid.as_str())).then(|| name.to_owned())
        };
        Ok(text.lines().filter_map(own).collect())
    }

    fn group_entry(&self, name: &str, reach: Reach) -> Result<Option<Group>, SysError> {
        let line = match line_of(&Database::Group.read()?, name) {
            Some(line) => Some(line),
            None => elsewhere(Database::Group, name, reach)?,
        };
        Ok(line.and_then(|line| group(&line)))
    }

    fn records(&self, asked: &Asked<'_>) -> Result<Records, SysError> {
        let Asked { database, key, service } = asked;
        let switch = fs::read_to_string("/etc/nsswitch.conf").unwrap_or_default();
        let is_own = OWN.contains(database) && service.is_none();
        // What this user may not read, getent(1) may not either, but it says so in its own way.
        let text = if is_own && !asks_elsewhere(&switch, &[database]) {
            fs::read(format!("/etc/{database}")).ok()
        } else {
            None
        };
        let Some(text) = text else { return ask_getent(asked) };
        let text = String::from_utf8_lossy(&text);
        let Some(key) = key else { return Ok(Records::Lines(text.into_owned())) };
        let is_number = !database.ends_with("shadow") && key.parse::<u32>().is_ok();
        let has = |line: &&str| {
            let mut fields = line.split(':');
            fields.next() == Some(key) || is_number && fields.nth(1) == Some(key)
        };
        Ok(text.lines().find(has).map_or(Records::NoKey, |line| Records::Lines(line.to_owned())))
    }
}

/// What getent(1) says.
fn ask_getent(asked: &Asked<'_>) -> Result<Records, SysError> {
    let Asked { database, key, service } = *asked;
    let words = [Some("getent"), Some(database), key].into_iter().chain(match service {
        Some(service) => [Some("-s"), Some(service)],
        None => [None, None],
    });
    let argv: Vec<String> = words.flatten().map(str::to_owned).collect();
    let end = Program { timeout: Some(PATIENCE), ..Program::new(&argv) }.run()?;
    match end.exit {
        Some(Exit::Code(0)) => {
            Ok(Records::Lines(String::from_utf8_lossy(&end.stdout).into_owned()))
        }
        Some(Exit::Code(1)) => Ok(Records::NoDatabase),
        Some(Exit::Code(2)) => Ok(Records::NoKey),
        Some(Exit::Code(3)) => Ok(Records::NoList),
        Some(Exit::Code(_) | Exit::Signal(_)) | None => {
            Err(SysError::new(format!("`{}` failed", argv.join(" "))).process(end))
        }
    }
}

impl Linux {
    /// Has the host's programs change an account.
    pub(in crate::sys::linux) fn apply_account(
        &mut self,
        action: &AccountAction,
    ) -> Result<Effect, SysError> {
        self.wait_for_locks(&LOCKS, Instant::now(), PATIENCE)?;
        let by = match action {
            AccountAction::User(change) => &change.by,
            AccountAction::Group(change) => &change.by,
        };
        let said = self.call(by, action)?;
        Ok(Effect::Said(said))
    }
}

/// The line of a name.
fn line_of(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find(|line| line.split(':').next() == Some(name))?;
    Some(line.to_owned())
}

/// What a directory says of a name, where the host asks one.
fn elsewhere(database: Database, name: &str, reach: Reach) -> Result<Option<String>, SysError> {
    let switch = fs::read_to_string("/etc/nsswitch.conf").unwrap_or_default();
    if reach == Reach::Local || !asks_elsewhere(&switch, &[database.name()]) {
        return Ok(None);
    }
    Ok(getent(database.name(), name)?.and_then(|text| text.lines().next().map(str::to_owned)))
}

/// The groups that name a user.
fn members(groups: &str, name: &str) -> Vec<String> {
    let mut found: Vec<String> = groups
        .lines()
        .filter(|line| line.rsplit(':').next().unwrap_or_default().split(',').any(|m| m == name))
        .filter_map(|line| line.split(':').next().map(str::to_owned))
        .collect();
    found.sort_unstable();
    found
}

/// The text of /etc/shadow; `None` where this user may not read it.
struct Shadow(Option<String>);

impl Shadow {
    fn read() -> Result<Self, SysError> {
        match fs::read_to_string("/etc/shadow") {
            Ok(text) => Ok(Self(Some(text))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self(Some(String::new()))),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(Self(None)),
            Err(error) => Err(SysError::io("cannot read /etc/shadow", error)),
        }
    }
}

fn user(line: &str, groups: Vec<String>, shadow: &Shadow) -> Option<User> {
    let [name, own, uid, gid, comment, home, shell] =
        <[&str; 7]>::try_from(line.split(':').collect::<Vec<_>>()).ok()?;
    let shadow = shadow.0.as_deref().map(|text| line_of(text, name).unwrap_or_default());
    let fields: Vec<&str> = shadow.iter().flat_map(|line| line.split(':')).collect();
    let days = |index: usize| fields.get(index).and_then(|field| field.parse::<i64>().ok());
    let password = match own.len() {
        // The field is a mark: what counts is in shadow(5).
        0 | 1 => shadow.as_ref().map(|_| fields.get(1).copied().unwrap_or_default()),
        _ => Some(own),
    };
    let (min, max, warn, inactive) = (days(3), days(4), days(5), days(6));
    Some(User {
        uid: Account::Number(uid.parse().ok()?),
        gid: Account::Number(gid.parse().ok()?),
        comment: comment.to_owned(),
        home: home.to_owned(),
        shell: shell.to_owned(),
        groups,
        password: password.map(Secret::new),
        aging: Aging { expires: days(7), min, max, warn, inactive },
    })
}

fn group(line: &str) -> Option<Group> {
    let mut fields = line.split(':').skip(2);
    let gid = fields.next()?.parse().ok()?;
    let members = fields.next().unwrap_or_default().split(',').filter(|name| !name.is_empty());
    let mut members: Vec<String> = members.map(str::to_owned).collect();
    members.sort_unstable();
    Some(Group { gid: Account::Number(gid), members })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_is_what_three_files_say() {
        let shadow = Shadow(Some("ada:$6$x:19000:1:90:7::20000:\n".to_owned()));
        let groups = members("adm:x:4:ada,bob\nada:x:1000:\nsudo:x:27:bob,ada\n", "ada");
        assert_eq!(groups, ["adm", "sudo"]);
        let line = "ada:x:1000:1001:Ada,,,:/home/ada:/bin/sh";
        let found = user(line, groups.clone(), &shadow).unwrap();
        assert_eq!((found.uid, found.gid), (Account::Number(1000), Account::Number(1001)));
        assert_eq!(found.password.unwrap().reveal(), "$6$x");
        let aging = Aging {
            expires: Some(20000),
            min: Some(1),
            max: Some(90),
            warn: Some(7),
            inactive: None,
        };
        assert_eq!(found.aging, aging);
        let unreadable = user(line, groups, &Shadow(None)).unwrap();
        assert_eq!((unreadable.password, unreadable.aging), (None, Aging::default()));
        let absent = Shadow(Some(String::new()));
        assert_eq!(user(line, Vec::new(), &absent).unwrap().password.unwrap().reveal(), "");
    }

    #[test]
    fn group_is_its_number_and_its_members() {
        let found = group("adm:x:4:bob,ada").unwrap();
        assert_eq!(
            (found.gid, found.members),
            (Account::Number(4), vec!["ada".into(), "bob".into()])
        );
        assert_eq!(group("broken"), None);
    }
}
