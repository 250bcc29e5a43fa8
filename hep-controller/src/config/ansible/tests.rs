//! Configurations as operators have them.

use super::*;
use insta::assert_snapshot;
use std::fs;
use tempfile::TempDir;

/// What a configuration in an otherwise empty working directory comes to.
fn read(text: &str, environment: &[(&str, &str)]) -> Result<AnsibleConfig, String> {
    let directory = TempDir::new().unwrap();
    let root = directory.path().to_string_lossy().into_owned();
    fs::write(directory.path().join("named.cfg"), text).unwrap();
    let around = Surroundings {
        working_directory: directory.path().to_owned(),
        home: Some(PathBuf::from("/home/me")),
    };
    let named = ("ANSIBLE_CONFIG", "named.cfg");
    let environment = environment.iter().chain([&named]);
    let environment: Environment =
        environment.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    AnsibleConfig::read(&environment, &around)
        .map_err(|problems| problems.to_string().replace(&root, "DIR"))
}

#[test]
fn what_hep_has_is_taken() {
    let text = "[defaults]\ninventory = hosts, more\nroles_path = roles:~/r:/opt/r\nremote_user = deploy\n\
                private_key_file = keys/id\nhost_key_checking = False\nforks = 20\ntimeout = 7\n\
                [privilege_escalation]\nbecome = yes\nbecome_method = su\nbecome_user = app\n\
                [ssh_connection]\nssh_args = -o ProxyJump=x\nretries = 3\n[tags]\nskip = slow,late\n";
    let config = read(text, &[("ANSIBLE_FORKS", "5"), ("ANSIBLE_DIFF_ALWAYS", "1")]).unwrap();
    let root = config.file.as_ref().unwrap().parent().unwrap().to_owned();
    assert_eq!(config.inventory, [root.join("hosts"), root.join("more")]);
    let roles = [root.join("roles"), "/home/me/r".into(), "/opt/r".into()];
    assert_eq!(config.roles_path, roles);
    let collections = ["/home/me/.ansible/collections", "/usr/share/ansible/collections"];
    assert_eq!(config.collections_path, collections.map(PathBuf::from));
    assert_eq!(config.remote_user.as_deref(), Some("deploy"));
    assert_eq!(config.private_key, Some(root.join("keys/id")));
    assert_eq!(config.host_key_checking, Some(false));
    assert_eq!((config.forks, config.timeout, config.retries), (Some(5), Some(7), Some(3)));
    assert!(config.becomes && config.diff && !config.ask_pass);
    assert_eq!(config.become_user.as_deref(), Some("app"));
    assert_eq!(config.ssh_arguments, [("ansible_ssh_args", "-o ProxyJump=x".to_owned())]);
    assert_eq!(config.skip_tags, ["slow", "late"]);
    assert!(config.mentions.is_empty() && config.warnings.is_empty(), "{config:?}");
}

#[test]
fn what_changes_hosts_is_refused_with_a_way_out() {
    let text = "[defaults]\nhash_behaviour = merge\nforks = many\n";
    assert_snapshot!(read(text, &[("ANSIBLE_PRECEDENCE", "x")]).unwrap_err(), @r#"
    error: hep does not do what `hash_behaviour = merge` asks for
     --> DIR/named.cfg:2:1
      |
    2 | hash_behaviour = merge
      | ^^^^^^^^^^^^^^^^^^^^^^
      |
      = hint: use the filter `combine` where mappings are to be merged

    error: `many` is not a number that fits here
     --> DIR/named.cfg:3:1
      |
    3 | forks = many
      | ^^^^^^^^^^^^
      |
      = hint: write a whole number

    error: hep does not do what `precedence = x` asks for
    --> ANSIBLE_PRECEDENCE
     = hint: remove it; hep has Ansible's default alone
    "#);
}

#[test]
fn what_changes_nothing_is_mentioned() {
    let text = "[defaults]\nstdout_callback = yaml\nhash_behaviour = replace\n[colors]\nok = blue\n\
                [ssh_connection]\npipelining = True\n";
    let config = read(text, &[("ANSIBLE_NOCOLOR", "1")]).unwrap();
    let mentions: Vec<&str> =
        config.mentions.iter().map(|line| line.rsplit('/').next().unwrap()).collect();
    assert_snapshot!(mentions.join("\n"), @r#"
    ANSIBLE_NOCOLOR changes nothing here
    named.cfg:5: `ok` changes nothing here
    named.cfg:2: `stdout_callback` changes nothing here
    named.cfg:7: `pipelining` changes nothing here
    "#);
}
