//! What useradd(8), usermod(8), userdel(8), chpasswd(8) and chage(1) are asked for.

use super::State;
use crate::module::file::text::{text_of, value_of};
use crate::sys::accounts::{Account, AccountChange, Aging, Home, Reach, User as Entry};
use crate::sys::{Observe, SysError};
use hep_protocol::action::programs::Call;
use hep_protocol::task::user::{UpdatePassword, User};
use hep_protocol::value::{AbsPath, Secret, Whole};

/// How many seconds a day has.
const DAY: i64 = 24 * 60 * 60;

/// What a new user gets that the task does not say.
#[derive(Debug, Default)]
pub(super) struct Defaults {
    home: String,
    shell: String,
    /// The number of the group that it gets where there is a group of its name.
    gid: Option<u32>,
}

impl Defaults {
    /// What useradd(8) takes them from.
    pub(super) fn look(params: &User, host: &dyn Observe) -> Result<Self, SysError> {
        let text = text_of("/etc/default/useradd", host)?;
        let value = |key, or: &str| value_of(&text, key, '=').unwrap_or(or).to_owned();
        let name = params.name.to_string();
        let taken = host.group_entry(&name, Reach::Everywhere)?.is_some();
        let gid = value("GROUP", "100").parse().unwrap_or(100);
        Ok(Self {
            home: format!("{}/{name}", value("HOME", "/home")),
            shell: value("SHELL", "/bin/sh"),
            gid: taken.then_some(gid),
        })
    }
}

/// A command line that grows.
struct Words(Vec<String>);

impl Words {
    fn of(program: &str) -> Self {
        Self(vec![program.to_owned()])
    }

    fn flag(&mut self, wanted: bool, flag: &str) {
        self.0.extend(wanted.then(|| flag.to_owned()));
    }

    fn option(&mut self, flag: &str, value: Option<impl ToString>) {
        let words = value.map(|value| [flag.to_owned(), value.to_string()]);
        self.0.extend(words.into_iter().flatten());
    }

    /// The call for a user, if it asks for anything.
    fn call(mut self, params: &User) -> Option<Call> {
        (self.0.len() > 1).then(|| {
            self.0.push(params.name.to_string());
            Call::new(self.0)
        })
    }
}

fn change(
    params: &User,
    from: Option<&Entry>,
    to: Option<Entry>,
    by: Vec<Call>,
) -> AccountChange<Entry> {
    let (name, home) = (params.name.to_string(), Home::Stays);
    AccountChange { name, from: from.cloned(), to, by, home }
}

/// A user that is not there is added, without its home directory.
pub(super) fn addition(params: &User, state: &State) -> AccountChange<Entry> {
    let name = params.name.to_string();
    let Defaults { home, shell, gid } = &state.defaults;
    let mut words = Words::of("useradd");
    words.option("-u", params.uid);
    words.flag(params.uid.is_some() && params.non_unique, "-o");
    words.option("-g", state.group.as_ref().map(|(name, _)| name));
    words.flag(state.group.is_none() && gid.is_some(), "-N");
    let groups = state.groups.clone().unwrap_or_default();
    words.option("-G", (!groups.is_empty()).then(|| groups.join(",")));
    words.option("-c", params.comment.as_ref());
    words.option("-d", params.home.as_ref());
    words.option("-s", params.shell.as_ref());
    words.flag(true, "-M");
    words.flag(params.system, "-r");
    words.option("-K", params.uid_min.map(|id| format!("UID_MIN={id}")));
    words.option("-K", params.uid_max.map(|id| format!("UID_MAX={id}")));
    let own = gid.map_or_else(|| Account::Expected(name.clone()), Account::Number);
    let password = new_password(params);
    let aging = aging(params, Aging::default());
    let to = Entry {
        uid: params.uid.map_or_else(|| Account::Expected(name), |uid| Account::Number(uid.0)),
        gid: state.group.as_ref().map_or(own, |(_, gid)| gid.clone()),
        comment: params.comment.clone().unwrap_or_default(),
        home: params.home.as_ref().map_or_else(|| home.clone(), ToString::to_string),
        shell: params.shell.clone().unwrap_or_else(|| shell.clone()),
        groups: sorted(groups),
        password: password.clone().or_else(|| Some(Secret::new("!"))),
        aging,
    };
    let calls =
        [words.call(params), set_password(params, password), age(params, Aging::default(), aging)];
    change(params, None, Some(to), calls.into_iter().flatten().collect())
}

/// The password that the task asks for, locked if it asks for that.
fn new_password(params: &User) -> Option<Secret> {
    let password = params.password.as_ref()?;
    Some(match params.password_lock {
        Some(true) => Secret::new(format!("!{}", password.reveal())),
        Some(false) | None => password.clone(),
    })
}

/// On standard input: a list of processes shows arguments to everybody.
fn set_password(params: &User, password: Option<Secret>) -> Option<Call> {
    let stdin = format!("{}:{}\n", params.name, password?.reveal()).into_bytes();
    Some(Call { stdin, ..Call::new(["chpasswd", "-e"]) })
}

/// The days that the task asks for, the others as they are.
fn aging(params: &User, from: Aging) -> Aging {
    let or = |asked: Option<Whole>, now: Option<i64>| match asked {
        Some(Whole(days)) if days < 0 => None,
        Some(Whole(days)) => Some(days),
        None => now,
    };
    Aging {
        expires: or(
            params.expires.map(|Whole(seconds)| Whole(seconds.div_euclid(DAY))),
            from.expires,
        ),
        min: or(params.password_expire_min, from.min),
        max: or(params.password_expire_max, from.max),
        warn: or(params.password_expire_warn, from.warn),
        inactive: or(params.password_expire_account_disable, from.inactive),
    }
}

/// What chage(1) is asked for; -1 is how it takes "nothing".
fn age(params: &User, from: Aging, to: Aging) -> Option<Call> {
    let mut words = Words::of("chage");
    let mut day = |flag, from: Option<i64>, to: Option<i64>| {
        words.option(flag, (from != to).then(|| to.unwrap_or(-1)));
    };
    day("-E", from.expires, to.expires);
    day("-m", from.min, to.min);
    day("-M", from.max, to.max);
    day("-W", from.warn, to.warn);
    day("-I", from.inactive, to.inactive);
    words.call(params)
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort_unstable();
    names.dedup();
    names
}

/// What a user that is there lacks.
pub(super) fn difference(
    params: &User,
    state: &State,
    user: &Entry,
) -> Result<Option<AccountChange<Entry>>, SysError> {
    let mut words = Words::of("usermod");
    let mut to = user.clone();
    if let Some(uid) = params.uid.filter(|uid| user.uid != Account::Number(uid.0)) {
        words.option("-u", Some(uid));
        words.flag(params.non_unique, "-o");
        to.uid = Account::Number(uid.0);
    }
    if let Some((name, gid)) = state.group.as_ref().filter(|(_, gid)| user.gid != *gid) {
        words.option("-g", Some(name));
        to.gid = gid.clone();
    }
    if let Some(groups) = &state.groups {
        let mut wanted = groups.clone();
        wanted.extend(user.groups.iter().filter(|_| params.append).cloned());
        let wanted = sorted(wanted);
        if wanted != user.groups {
            words.flag(params.append, "-a");
            words.option("-G", Some(groups.join(",")));
            to.groups = wanted;
        }
    }
    let mut text = |flag, asked: Option<String>, now: &mut String| {
        if let Some(asked) = asked.filter(|asked| asked != now) {
            words.option(flag, Some(&asked));
            *now = asked;
        }
    };
    text("-c", params.comment.clone(), &mut to.comment);
    text("-s", params.shell.clone(), &mut to.shell);
    text("-d", params.home.as_ref().map(ToString::to_string), &mut to.home);
    let moves = to.home != user.home && params.move_home;
    words.flag(moves, "-m");
    let password = other_password(params, user);
    if password.is_none() {
        lock(params, user, &mut words, &mut to);
    }
    to.password = password.clone().or(to.password);
    to.aging = aging(params, user.aging);
    let calls =
        [words.call(params), set_password(params, password), age(params, user.aging, to.aging)];
    let by: Vec<Call> = calls.into_iter().flatten().collect();
    if by.is_empty() {
        return Ok(None);
    }
    let home = if moves { Home::Moved(path(&user.home)?, path(&to.home)?) } else { Home::Stays };
    Ok(Some(AccountChange { home, ..change(params, Some(user), Some(to), by) }))
}

fn path(text: &str) -> Result<AbsPath, SysError> {
    text.parse().map_err(|error| SysError::new(format!("the home directory: {error}")))
}

/// The password, if it is another than the user has; whether either is locked makes no difference.
fn other_password(params: &User, user: &Entry) -> Option<Secret> {
    let bare = |secret: &Secret| secret.reveal().trim_start_matches('!').to_owned();
    let asked = params.password.as_ref()?;
    let other = user.password.as_ref().map(bare) != Some(bare(asked));
    (other && params.update_password == UpdatePassword::Always).then(|| new_password(params))?
}

/// Locks the password that there is, or unlocks it.
fn lock(params: &User, user: &Entry, words: &mut Words, to: &mut Entry) {
    let Some(now) = user.password.as_ref().map(Secret::reveal) else { return };
    match (params.password_lock, now.strip_prefix('!')) {
        (Some(true), None) => {
            words.flag(true, "-L");
            to.password = Some(Secret::new(format!("!{now}")));
        }
        (Some(false), Some(open)) if !open.is_empty() => {
            words.flag(true, "-U");
            to.password = Some(Secret::new(open));
        }
        (Some(true) | None, Some(_)) | (Some(false), _) | (None, None) => {}
    }
}

/// Says that a password cannot be unlocked, as there is none.
pub(super) fn unlockable(params: &User, user: &Entry) -> Option<String> {
    let locked = user.password.as_ref().is_some_and(|password| password.reveal() == "!");
    let stays = params.password_lock == Some(false) && locked && params.password.is_none();
    stays.then(|| format!("{} has no password that could be unlocked", params.name))
}

/// A user that should not be there goes.
pub(super) fn removal(params: &User, user: &Entry) -> Result<AccountChange<Entry>, SysError> {
    let mut words = Words::of("userdel");
    words.flag(params.force, "-f");
    words.flag(params.remove, "-r");
    words.0.push(params.name.to_string());
    let home = match params.remove {
        true => user.home.parse().map_or(Home::Stays, Home::Removed),
        false => Home::Stays,
    };
    Ok(AccountChange { home, ..change(params, Some(user), None, vec![Call::new(words.0)]) })
}
