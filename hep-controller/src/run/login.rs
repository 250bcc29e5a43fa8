//! How to log in to hosts: what the command line says, then a host's line, then the config, then what is usual. Contacts
//! nothing.

use crate::cli;
use crate::config::Config;
use crate::inputs::LocalUser;
use crate::inventory::Host;
use crate::refusal::Refusal;
use crate::remote::password_command::{Printed, Sources};
use crate::remote::{self, Destination, Secret, Transport, UploadMode};
use crate::stop::Stop;
use crate::ui::complaints;
use crate::writers;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// All that says how to log in, beside a host's own line.
pub(crate) struct Logins<'a> {
    pub(crate) login: &'a cli::Login,
    /// The password that was typed.
    pub(crate) asked: Option<Secret>,
    pub(crate) config: &'a Config,
    pub(crate) usual: &'a LocalUser,
}

/// What is told of every host and of how to log in there.
///
/// # Errors
/// Nothing says as whom to log in, or a setting cannot be right.
pub(crate) fn targets(
    hosts: Vec<Host>,
    logins: &Logins<'_>,
    stop: &Stop,
) -> Result<Vec<Destination>, Refusal> {
    let Logins { login, asked, config, usual } = logins;
    let mut printed = Printed::new(stop, complaints());
    let target = |host: Host| {
        let arguments = ssh_arguments(&host)?;
        let upload = match login.agent_upload {
            Some(mode) => Some(mode),
            None => agent_upload(&host)?.or(config.ssh.agent_upload),
        };
        let user = login.user.clone().or(host.user).or_else(|| config.ssh.username.clone());
        if user.is_none() && usual.user.is_none() {
            let what = "no user to log in as is set, and the current user has no name";
            return Err(Refusal::new(what, "give it with `--user`"));
        }
        let (from_line, from_config) = named_keys(logins);
        let sources = Sources {
            typed: asked.as_ref(),
            line: login.password_command.as_deref(),
            host: (host.password.as_ref(), host.password_command.as_deref()),
            config: (config.ssh.password.as_ref(), config.ssh.password_command.as_deref()),
        };
        let password = printed
            .nearest(sources, "password_command")
            .map_err(|problem| Refusal::unless_stopped(problem, stop))?;
        Ok(Destination {
            upload,
            transport: transport(host.transport, logins),
            arguments,
            name: host.name,
            address: host.address,
            port: login.port.or(host.port).or(config.ssh.port),
            user,
            password,
            private_key: from_line.or(host.private_key).or(from_config),
        })
    };
    hosts.into_iter().map(target).collect()
}

/// Which way leads to a host of which the inventory says this.
pub(crate) fn transport(said: Option<Transport>, logins: &Logins<'_>) -> Transport {
    let Logins { login, config, .. } = logins;
    // A host that is this machine stays this machine.
    let given = login.transport.filter(|_| said != Some(Transport::Local));
    given.or(said).or(config.ssh.transport).unwrap_or_default()
}

/// How the agent comes onto this host, as its variable `agent_upload` says.
fn agent_upload(host: &Host) -> Result<Option<UploadMode>, Refusal> {
    let effective = host.effective();
    let Some(found) = effective.iter().find(|variable| variable.name == "agent_upload") else {
        return Ok(None);
    };
    let mode = found.value.as_str().and_then(|text| text.parse().ok());
    mode.map(Some).ok_or_else(|| {
        let what = format!("`agent_upload` of `{}` is not a way to upload", host.name);
        Refusal::new(what, "write `sftp`, `exec` or `cache`")
    })
}

/// What Ansible would give `ssh` on its command line for this host.
fn ssh_arguments(host: &Host) -> Result<Vec<String>, Refusal> {
    const NAMES: [&str; 3] =
        ["ansible_ssh_args", "ansible_ssh_common_args", "ansible_ssh_extra_args"];
    let effective = host.effective();
    let mut arguments = Vec::new();
    for name in NAMES {
        let found = effective.iter().find(|variable| variable.name == name);
        let Some((variable, text)) = found.and_then(|one| Some((one, one.value.as_str()?))) else {
            continue;
        };
        // `ssh` runs what they name: a ProxyCommand.
        let path = variable.origin.file();
        if let Some(exposed) = writers::exposed(path) {
            let what = format!("`{name}` is not taken from {}: {exposed}", path.display());
            let hint = "let nobody else write the file and its directory: `chown`, `chmod go-w`";
            return Err(Refusal::new(what, hint));
        }
        let wrong = |what: &str| {
            let message = format!("`{name}` of `{}` {what}", host.name);
            Refusal::new(message, "write options of ssh(1), as `-o ProxyJump=bastion`")
        };
        if text.contains("{{") || text.contains("{%") {
            return Err(wrong("is an expression"));
        }
        arguments.extend(remote::ssh_config::words_of(text).ok_or_else(|| wrong("lacks a quote"))?);
    }
    Ok(arguments)
}

/// The keys that the command line and the config name.
fn named_keys(logins: &Logins<'_>) -> (Option<PathBuf>, Option<PathBuf>) {
    let expanded =
        |path: &Option<PathBuf>| path.as_deref().map(|path| expanded(path, logins.usual));
    (expanded(&logins.login.private_key), expanded(&logins.config.ssh.private_key))
}

/// Reads every private key that a target names: a wrong name is the operator's mistake, not a host's.
///
/// # Errors
/// The first key that cannot be read or is none, and who names it.
pub(crate) fn check_keys(targets: &[Destination], logins: &Logins<'_>) -> Result<(), Refusal> {
    let (from_line, from_config) = named_keys(logins);
    // `ssh` takes more than hep reads: a public key whose other half ssh-agent has, and keys on tokens.
    let own = targets.iter().filter(|target| target.transport != Transport::Openssh);
    let paths = own.filter_map(|target| target.private_key.as_ref());
    for path in paths.collect::<BTreeSet<_>>() {
        let named_by = if from_line.as_ref() == Some(path) {
            "`--private-key` names it"
        } else if from_config.as_ref() == Some(path) {
            "`ssh.private_key` in the config names it"
        } else {
            "`private_key` in the hosts file names it"
        };
        remote::check_key(path).map_err(|problem| match problem.hint {
            Some(hint) => Refusal::new(problem.what, format!("{named_by}; {hint}")),
            None => Refusal::new(problem.what, named_by),
        })?;
    }
    Ok(())
}

/// A path with the home directory in place of `~`.
fn expanded(path: &Path, usual: &LocalUser) -> PathBuf {
    match (path.strip_prefix("~"), &usual.home) {
        (Ok(rest), Some(home)) => home.join(rest),
        (Ok(_) | Err(_), _) => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SshDefaults;

    /// `user@address:port password key` of a host that three places say something of.
    fn check(login: &cli::Login, line: &[&str], config: &[&str], expected: &str) {
        let word = |from: &[&str], key: &str| {
            from.iter().find_map(|pair| pair.strip_prefix(key)).map(str::to_owned)
        };
        let host = Host {
            name: "web1".to_owned(),
            address: "10.0.0.1".to_owned(),
            port: word(line, "port=").map(|port| port.parse().unwrap()),
            user: word(line, "user="),
            password: word(line, "password=").map(Secret::new),
            private_key: word(line, "key=").map(PathBuf::from),
            ..Host::default()
        };
        let ssh = SshDefaults {
            username: word(config, "user="),
            password: word(config, "password=").map(Secret::new),
            private_key: word(config, "key=").map(PathBuf::from),
            port: word(config, "port=").map(|port| port.parse().unwrap()),
            ..SshDefaults::default()
        };
        let config = Config { ssh, ..Config::default() };
        let home = Some(PathBuf::from("/home/me"));
        let usual =
            LocalUser { user: Some("me".to_owned()), home: home.clone(), system_home: home };
        let asked = login.ask_pass.then(|| Secret::new("typed"));
        let targets = targets(
            vec![host],
            &Logins { login, asked, config: &config, usual: &usual },
            &Stop::default(),
        )
        .unwrap();
        let Destination { address, port, user, password, private_key, .. } = &targets[0];
        let known = ["typed", "line", "config"].map(|text| (Some(Secret::new(text)), text));
        let password =
            known.iter().find(|(secret, _)| secret == password).map_or("-", |(_, text)| text);
        let key = private_key.as_deref().map_or("-".into(), |key| key.display().to_string());
        let user = user.as_deref().unwrap_or_default();
        let port = port.map(|port| port.to_string()).unwrap_or_default();
        assert_eq!(format!("{user}@{address}:{port} {password} {key}"), expected);
    }

    #[test]
    fn the_nearest_to_the_operator_wins() {
        let none = cli::Login::default();
        let said = cli::Login {
            user: Some("cli".to_owned()),
            port: Some(1),
            private_key: Some("k1".into()),
            ask_pass: true,
            ..cli::Login::default()
        };
        let line = ["user=line", "port=2", "password=line", "key=k2"];
        let config = ["user=config", "port=3", "password=config", "key=~/k3"];
        check(&said, &line, &config, "cli@10.0.0.1:1 typed k1");
        check(&none, &line, &config, "line@10.0.0.1:2 line k2");
        check(&none, &[], &config, "config@10.0.0.1:3 config /home/me/k3");
        check(&none, &[], &[], "@10.0.0.1: - -");
    }

    #[test]
    fn a_key_that_is_none_is_refused_with_who_names_it() {
        let directory = tempfile::tempdir().unwrap();
        let check = |from: &str, expected: &str| {
            let path = directory.path().join(from);
            let key = |place: &str| (place == from).then(|| path.clone());
            let login = cli::Login { private_key: key("line"), ..cli::Login::default() };
            let ssh = SshDefaults { private_key: key("config"), ..SshDefaults::default() };
            let config = Config { ssh, ..Config::default() };
            let usual = LocalUser { user: Some("me".to_owned()), ..LocalUser::default() };
            let host = Host {
                name: "web1".to_owned(),
                address: "10.0.0.1".to_owned(),
                private_key: key("host"),
                ..Host::default()
            };
            let logins = Logins { login: &login, asked: None, config: &config, usual: &usual };
            let targets = targets(vec![host], &logins, &Stop::default()).unwrap();
            let refused = |what: &str| {
                let Err(Refusal::Other { what: said, hint: Some(hint) }) =
                    check_keys(&targets, &logins)
                else {
                    panic!("taken")
                };
                assert!(said.contains(what), "{said}");
                assert_eq!(hint, expected);
            };
            refused("cannot read the private key");
            std::fs::write(&path, "ssh-ed25519 AAAA").unwrap();
            refused("is not a private key");
        };
        check("line", "`--private-key` names it");
        check("host", "`private_key` in the hosts file names it");
        check("config", "`ssh.private_key` in the config names it");
    }

    #[test]
    fn the_line_beats_the_inventory_but_this_machine_stays_it() {
        let check = |given, said, expected| {
            let login = cli::Login { transport: given, ..cli::Login::default() };
            let (config, usual) = (Config::default(), LocalUser::default());
            let logins = Logins { login: &login, asked: None, config: &config, usual: &usual };
            assert_eq!(transport(said, &logins), expected);
        };
        let (openssh, local) = (Some(Transport::Openssh), Some(Transport::Local));
        check(None, None, Transport::Ssh2);
        check(None, openssh, Transport::Openssh);
        check(Some(Transport::Ssh2), openssh, Transport::Ssh2);
        check(openssh, local, Transport::Local);
        check(local, None, Transport::Local);
    }
}
