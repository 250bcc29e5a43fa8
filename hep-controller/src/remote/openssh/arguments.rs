//! The words for the operator's `ssh`: what hep was told becomes options, which beat ssh_config; the rest is left to it.
//! Decides words only.

use super::version::{self, Version};
use crate::remote::host_key::HostKeyPolicy;
use crate::remote::ssh_config::Answer;
use crate::remote::{Timeouts, connect};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The usual keys, those of security tokens among them.
const USUAL_KEYS: [&str; 5] = ["id_ed25519", "id_ed25519_sk", "id_ecdsa", "id_ecdsa_sk", "id_rsa"];

/// What hep knows that `ssh` does not.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wishes<'a> {
    /// The name that `ssh` is to look up.
    pub(crate) address: &'a str,
    /// The words that make `ssh` mean the same host, without its name.
    pub(crate) words: &'a [String],
    /// What `ssh -G` says of it, if that could be asked.
    pub(crate) answer: Option<&'a Answer>,
    /// What the command line says.
    pub(crate) connect_timeout: Option<Duration>,
    /// The operator's home directory, if that is not the one that `ssh` takes for it.
    pub(crate) other_home: Option<&'a Path>,
    /// Whether a key is named beside those of ssh_config.
    pub(crate) has_key: bool,
    pub(crate) has_password: bool,
}

impl Wishes<'_> {
    /// All words but the program's name. `log` is the file for what `ssh` itself has to say.
    pub(super) fn arguments(
        &self,
        version: Version,
        policy: HostKeyPolicy,
        log: &str,
        command: &str,
    ) -> Vec<String> {
        let mut words = Vec::new();
        // First come, first served: these before all others.
        for (option, value) in self.options(version, policy) {
            words.extend(["-o".to_owned(), format!("{option}={value}")]);
        }
        words.extend(self.words.iter().cloned());
        for key in self.keys() {
            words.extend(["-i".to_owned(), key.display().to_string()]);
        }
        // Of these the last counts: what hep lends no host, and the same is said by options only so that nothing else says it.
        words.extend(["-a", "-x", "-k"].map(str::to_owned));
        words.extend(["-T", "-E", log, "--", self.address, command].map(str::to_owned));
        words
    }

    fn options(&self, version: Version, policy: HostKeyPolicy) -> Vec<(&'static str, String)> {
        let mut options: Vec<(&'static str, String)> = Vec::new();
        let mut set = |option: &'static str, value: &str| options.push((option, value.to_owned()));
        // The stages of a login are told at this level alone.
        set("LogLevel", "DEBUG1");
        set("RemoteCommand", "none");
        set("ClearAllForwardings", "yes");
        for lent in ["ForwardAgent", "ForwardX11", "ForwardX11Trusted", "Tunnel"] {
            set(lent, "no");
        }
        set("PermitLocalCommand", "no");
        // Questions come to hep, which has an answer or none.
        set("BatchMode", "no");
        set("NumberOfPasswordPrompts", "1");
        let yes = |whether| if whether { "yes" } else { "no" };
        // What ssh_config bars stays barred.
        let barred = self.answer.map(|answer| &answer.demands.barred);
        let password = self.has_password && barred.is_none_or(|barred| barred.password.is_none());
        let interactive =
            self.has_password && barred.is_none_or(|barred| barred.interactive.is_none());
        set("PasswordAuthentication", yes(password));
        set("KbdInteractiveAuthentication", yes(interactive && version >= version::MARKS));
        // A master that is there is used. One that stays by itself may be made; but a process of hep's ends with its push,
        // and must not take with it what others do over its connection.
        if !self.answer.is_some_and(|answer| answer.persists) {
            set("ControlMaster", "no");
        }
        // Without one a host's first address could take all the time that is for all of them.
        let usual = self.answer.is_none_or(|answer| answer.connect_timeout.is_none());
        let usual = usual.then(|| Timeouts::default().handshake);
        if let Some(timeout) = self.connect_timeout.or(usual) {
            set("ConnectTimeout", &timeout.as_secs().max(1).to_string());
        }
        if self.answer.is_none_or(|answer| answer.alive.is_none()) {
            set("ServerAliveInterval", &connect::KEEPALIVE.as_secs().to_string());
            set("ServerAliveCountMax", &connect::UNANSWERED.to_string());
        }
        options.extend(self.trust(policy));
        options
    }

    /// Always said, and never `no` where a key may be known: with that `ssh` goes on to a host whose key has changed.
    fn trust(&self, policy: HostKeyPolicy) -> Vec<(&'static str, String)> {
        let none = || "/dev/null".to_owned();
        let word = match policy {
            HostKeyPolicy::Ask => "ask",
            HostKeyPolicy::Strict => "yes",
            HostKeyPolicy::AcceptNew | HostKeyPolicy::Lax => "accept-new",
            HostKeyPolicy::Off => {
                return vec![
                    ("StrictHostKeyChecking", "no".to_owned()),
                    ("UserKnownHostsFile", none()),
                    ("GlobalKnownHostsFile", none()),
                ];
            }
        };
        let mut options = vec![("StrictHostKeyChecking", word.to_owned())];
        let usual = self.answer.is_none_or(|answer| answer.user_known_hosts.is_none());
        if let Some(home) = self.other_home.filter(|_| usual) {
            let file = |name| quoted(&home.join(".ssh").join(name));
            let files = [file("known_hosts"), file("known_hosts2")].join(" ");
            options.push(("UserKnownHostsFile", files));
        }
        options
    }

    /// The usual keys of a home directory that `ssh` does not take for the operator's.
    fn keys(&self) -> Vec<PathBuf> {
        let named =
            self.has_key || self.answer.is_some_and(|answer| answer.identity_files.is_some());
        let home = self.other_home.filter(|_| !named);
        let paths =
            home.into_iter().flat_map(|home| USUAL_KEYS.map(|name| home.join(".ssh").join(name)));
        paths.filter(|path| path.is_file()).collect()
    }
}

/// A path as ssh_config(5) takes one among others.
fn quoted(path: &Path) -> String {
    format!("\"{}\"", path.display().to_string().replace('%', "%%"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wishes(words: &[String]) -> Wishes<'_> {
        Wishes {
            address: "web1",
            words,
            answer: None,
            connect_timeout: None,
            other_home: None,
            has_key: false,
            has_password: false,
        }
    }

    #[test]
    fn what_hep_was_told_comes_before_what_the_inventory_adds() {
        let words = ["-p", "2222", "-o", "ProxyJump=bastion"].map(str::to_owned);
        let wishes = wishes(&words);
        let text = wishes.arguments(version::MARKS, HostKeyPolicy::Ask, "/log", "true").join(" ");
        assert_eq!(
            text,
            "-o LogLevel=DEBUG1 -o RemoteCommand=none -o ClearAllForwardings=yes -o ForwardAgent=no -o ForwardX11=no \
             -o ForwardX11Trusted=no -o Tunnel=no -o PermitLocalCommand=no -o BatchMode=no -o NumberOfPasswordPrompts=1 -o PasswordAuthentication=no -o KbdInteractiveAuthentication=no \
             -o ControlMaster=no -o ConnectTimeout=20 -o ServerAliveInterval=15 -o ServerAliveCountMax=3 \
             -o StrictHostKeyChecking=ask -p 2222 -o ProxyJump=bastion \
             -a -x -k -T -E /log -- web1 true"
        );
    }

    #[test]
    fn options_say_what_the_command_line_says() {
        let check_with = |wishes: Wishes<'_>, policy, expected: &[&str]| {
            let words = wishes.arguments(version::MARKS, policy, "/log", "true");
            for word in expected {
                assert!(words.iter().any(|there| there == word), "{word}: {words:?}");
            }
        };
        let check = |wishes, expected: &[&str]| check_with(wishes, HostKeyPolicy::Ask, expected);
        let plain = wishes(&[]);
        check(
            Wishes { connect_timeout: Some(Duration::from_secs(7)), has_password: true, ..plain },
            &["ConnectTimeout=7", "PasswordAuthentication=yes", "KbdInteractiveAuthentication=yes"],
        );
        let older = Wishes { has_password: true, ..plain };
        let words = older.arguments(version::ASKS, HostKeyPolicy::Ask, "/log", "true");
        assert!(words.contains(&"PasswordAuthentication=yes".to_owned()), "{words:?}");
        assert!(words.contains(&"KbdInteractiveAuthentication=no".to_owned()), "{words:?}");
        let home = tempfile::tempdir().unwrap();
        let own = home.path().join(".ssh");
        std::fs::create_dir(&own).unwrap();
        std::fs::write(own.join("id_ed25519"), "").unwrap();
        let key = own.join("id_ed25519").display().to_string();
        let elsewhere = Wishes { other_home: Some(home.path()), ..plain };
        let known =
            format!("UserKnownHostsFile=\"{0}/known_hosts\" \"{0}/known_hosts2\"", own.display());
        check(elsewhere, &[&known, "-i", &key]);
        assert_eq!(Wishes { has_key: true, ..elsewhere }.keys(), [] as [PathBuf; 0]);
        for (policy, word) in [
            (HostKeyPolicy::Ask, "ask"),
            (HostKeyPolicy::Strict, "yes"),
            (HostKeyPolicy::AcceptNew, "accept-new"),
            (HostKeyPolicy::Lax, "accept-new"),
        ] {
            let option = format!("StrictHostKeyChecking={word}");
            check_with(elsewhere, policy, &[&option, &known]);
        }
        let off = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null"];
        check_with(elsewhere, HostKeyPolicy::Off, &off);
    }
}
