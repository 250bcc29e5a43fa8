//! Why sudo, doas or su did not start an agent, told from its own words.

use super::{Attempt, Refused};
use crate::sys::linux::passwd;
use crate::sys::{ProcessEnd, SysError};
use hep_protocol::outcome::Exit;
use hep_protocol::rights::Method;

/// Advice on where a password comes from.
const GIVE: &str = "give one with `-K`, `become_password` or `become_password_command`";

/// Advice on a password that is not the right one.
const MEND: &str = "see `-K`, `become_password` and `become_password_command`";

/// What the programs say in English, and what it means; the first that fits.
const WORDS: &[(&str, Meaning)] = &[
    // Some say after it that the password was wrong as well.
    ("expired", Meaning::Expired),
    ("required to change", Meaning::Expired),
    ("sorry, try again", Meaning::WrongPassword),
    ("incorrect password attempt", Meaning::WrongPassword),
    ("authentication fail", Meaning::WrongPassword),
    ("incorrect password", Meaning::WrongPassword),
    ("is not in the sudoers file", Meaning::NotAllowed),
    ("is not allowed to", Meaning::NotAllowed),
    ("may not run sudo", Meaning::NotAllowed),
    ("operation not permitted", Meaning::NotAllowed),
    ("permission denied", Meaning::NotAllowed),
    ("currently not available", Meaning::NoLogin),
    ("terminal is required", Meaning::NoTerminal),
    ("must have a tty", Meaning::NoTerminal),
    ("a tty is required", Meaning::NoTerminal),
    ("no tty present", Meaning::NoTerminal),
    ("must be setuid", Meaning::NotSetuid),
    ("must be owned by uid 0", Meaning::NotSetuid),
    ("not installed setuid", Meaning::NotSetuid),
    ("no new privileges", Meaning::NotSetuid),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    WrongPassword,
    NotAllowed,
    Expired,
    NoLogin,
    NoTerminal,
    NotSetuid,
}

impl Attempt<'_> {
    /// There is nothing to answer its question with.
    pub(super) fn no_password(&self) -> SysError {
        let Self { method, .. } = self;
        let asks = match method {
            Method::Sudo | Method::Doas => format!("`{}` asks for a password", method.name()),
            Method::Su => format!("`su` asks for the password of `{}`", self.user),
        };
        SysError::new(format!("{asks} on the host, and none was given")).hint(GIVE)
    }

    /// What is typed on its terminal would be read by a process of that user.
    pub(super) fn overheard(&self, uid: u32) -> SysError {
        let name = self.method.name();
        let user = passwd::local_user(uid).map_or_else(|| uid.to_string(), |user| user.name);
        let what = format!(
            "`{name}` hides what is typed, and a process of `{user}` is on its terminal: the password was not typed"
        );
        SysError::new(what)
            .hint(format!("see what `{user}` runs on the host, and what `{name}` is"))
    }

    /// There is no telling who would read what is typed on its terminal.
    pub(super) fn unseen(&self) -> SysError {
        let Self { method, user, login } = self;
        let name = method.name();
        let what = format!(
            "`{name}` asks for a password, and /proc does not show `{login}` whose processes could read it: the password was \
             not typed"
        );
        SysError::new(what).hint(format!(
            "become root, let `{name}` ask for no password to become `{user}`, or have `{login}` see all processes (the \
             `hidepid` and `gid` of /proc)"
        ))
    }

    /// It asked once more; `said` is what was on its terminal.
    pub(super) fn asks_again(&self, said: &str) -> Refused {
        let lower = said.to_lowercase();
        let signs = ["expired", "new password", "required to change"];
        let words = last_words(None, said);
        if signs.iter().any(|sign| lower.contains(sign)) {
            self.expired().process(words).into()
        } else {
            Refused::Password(self.wrong_password().process(words))
        }
    }

    fn wrong_password(&self) -> SysError {
        let whose = match self.method {
            Method::Sudo | Method::Doas => self.login,
            Method::Su => self.user,
        };
        let name = self.method.name();
        SysError::new(format!("the password of `{whose}` is wrong: `{name}` rejected it"))
            .hint(MEND)
    }

    fn expired(&self) -> SysError {
        let name = self.method.name();
        SysError::new(format!("`{name}` refuses: an account or password has expired"))
    }

    /// The run is to stop, and has not waited for it.
    pub(super) fn stopped(&self) -> SysError {
        let Self { method, user, .. } = self;
        let name = method.name();
        SysError::new(format!("stopped before `{name}` started an agent as `{user}`"))
            .hint("the run was cancelled or its controller went away; push again")
    }

    /// It took too long.
    pub(super) fn too_late(&self, seconds: u64, said: &str) -> SysError {
        let Self { method, user, .. } = self;
        let name = method.name();
        SysError::new(format!("`{name}` did not start an agent as `{user}` within {seconds} s"))
            .process(last_words(None, said))
    }

    /// It ended, and no agent was started; `said` is what was on its terminal.
    pub(super) fn ended(&self, exit: Exit, said: &str) -> Refused {
        let Self { user, login, .. } = self;
        let name = self.method.name();
        let lower = said.to_lowercase();
        // Of the agent's own file it is about the directory, not about rights to act as others.
        let of_file = |words| words == "permission denied" && lower.contains("hep-agent");
        let found = WORDS.iter().find(|(words, _)| lower.contains(words) && !of_file(*words));
        let meaning = found.map(|&(_, meaning)| meaning);
        let error = match meaning {
            Some(Meaning::WrongPassword) => self.wrong_password(),
            Some(Meaning::NotAllowed) => SysError::new(format!(
                "`{name}` does not let `{login}` act as `{user}` on the host"
            ))
            .hint(allowing(self.method)),
            Some(Meaning::Expired) => self.expired(),
            Some(Meaning::NoLogin) => {
                SysError::new(format!("`{name}` refuses: `{user}` has no shell to log in with"))
                    .hint("`become_method: sudo` needs no shell")
            }
            Some(Meaning::NoTerminal) => {
                SysError::new(format!("`{name}` wants a terminal and does not take the one it got"))
            }
            Some(Meaning::NotSetuid) => {
                SysError::new(format!("`{name}` cannot act as other users on this host"))
            }
            None => SysError::new(format!("`{name}` did not start an agent as `{user}`: {exit}")),
        };
        let error = error.process(last_words(Some(exit), said));
        match meaning {
            Some(Meaning::WrongPassword) => Refused::Password(error),
            Some(
                Meaning::NotAllowed
                | Meaning::Expired
                | Meaning::NoLogin
                | Meaning::NoTerminal
                | Meaning::NotSetuid,
            )
            | None => error.into(),
        }
    }
}

fn last_words(exit: Option<Exit>, said: &str) -> ProcessEnd {
    ProcessEnd { exit, stderr: said.as_bytes().to_vec(), ..ProcessEnd::default() }
}

fn allowing(method: Method) -> &'static str {
    match method {
        Method::Sudo => "see sudoers(5) on the host, or name another user or `become_method`",
        Method::Doas => "see doas.conf(5) on the host, or name another user or `become_method`",
        Method::Su => "name another user or `become_method`",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: Method, said: &str, expected: &str) {
        let attempt = Attempt { method, user: "root", login: "me" };
        let refused = attempt.ended(Exit::Code(1), said);
        let of_password = matches!(refused, Refused::Password(_));
        assert_eq!(of_password, expected.starts_with("the password of"), "{said}");
        assert_eq!(SysError::from(refused).to_string(), expected, "{said}");
    }

    #[test]
    fn known_words_have_a_sentence_of_ours() {
        let denied = "`sudo` does not let `me` act as `root` on the host";
        check(Method::Sudo, "me is not in the sudoers file.\r\n", denied);
        check(Method::Sudo, "Sorry, user me is not allowed to execute '/x' as root on h.", denied);
        check(
            Method::Doas,
            "doas: Operation not permitted",
            "`doas` does not let `me` act as `root` on the host",
        );
        let wrong = "the password of `me` is wrong: `doas` rejected it";
        check(Method::Doas, "doas: Authentication failed", wrong);
        let wrong = "the password of `root` is wrong: `su` rejected it";
        check(Method::Su, "Password: \r\nsu: Authentication failure", wrong);
        check(
            Method::Su,
            "This account is currently not available.",
            "`su` refuses: `root` has no shell to log in with",
        );
    }

    #[test]
    fn unknown_words_are_passed_on() {
        let attempt = Attempt { method: Method::Sudo, user: "root", login: "me" };
        let error = SysError::from(attempt.ended(Exit::Code(7), "odd"));
        assert_eq!(error.ended().unwrap().stderr, b"odd");
        assert_eq!(error.to_string(), "`sudo` did not start an agent as `root`: exit code 7");
    }
}
