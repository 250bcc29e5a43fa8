//! Inventories on disk: the same hosts, groups and variables as `ansible-inventory --list` gives.

#![expect(clippy::too_many_lines, reason = "a snapshot is as long as what it shows")]

use super::*;
use insta::assert_snapshot;
use serde_json::Value;

fn around() -> Surroundings {
    Surroundings { working_directory: "/nowhere".into(), home: Some("/home/me".into()) }
}

/// The inventory at a path among the fixtures, as JSON, beside what Ansible said of it.
fn check(path: &str) {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/inventories");
    let name = path.split('/').next().unwrap();
    let inventory = read(&fixtures.join(path), &around()).unwrap_or_else(|said| panic!("{said}"));
    let all: Vec<usize> = (0..inventory.hosts.len()).collect();
    let text = fs::read_to_string(fixtures.join(format!("{name}.json"))).unwrap();
    let expected: Value = serde_json::from_str(&text).unwrap();
    let mut found = inventory.json(&all);
    found.sort_all_objects();
    let (found, expected) = (format!("{found:#}"), format!("{expected:#}"));
    let differs = |(at, (one, other)): (usize, (&str, &str))| {
        (one != other).then(|| format!("line {}: {one} instead of {other}", at + 1))
    };
    let difference = found.lines().zip(expected.lines()).enumerate().find_map(differs);
    assert_eq!((difference, found.lines().count()), (None, expected.lines().count()), "{path}");
}

/// Several inventories with a playbook's variables, in Ansible's dialect, beside what `ansible-inventory` 2.19 said of them.
fn check_ansible(paths: &[&str], playbook: &str, expected: &str) {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/inventories");
    let paths: Vec<PathBuf> = paths
        .iter()
        .map(|path| if path.contains(',') { path.into() } else { fixtures.join(path) })
        .collect();
    let playbook = fixtures.join(playbook);
    let wanted = AnsibleSources {
        paths: &paths,
        playbook: &playbook,
        extra: &Map::new(),
        defaults: &[],
        config: None,
    };
    let inventory = read_ansible(&wanted, &around()).unwrap_or_else(|said| panic!("{said}"));
    let all: Vec<usize> = (0..inventory.hosts.len()).collect();
    let text = fs::read_to_string(fixtures.join(expected)).unwrap();
    let mut expected: Value = serde_json::from_str(&text).unwrap();
    expected
        .as_object_mut()
        .unwrap()
        .get_mut("_meta")
        .unwrap()
        .as_object_mut()
        .unwrap()
        .remove("profile");
    let mut found = inventory.json(&all);
    found.sort_all_objects();
    expected.sort_all_objects();
    assert_eq!(format!("{found:#}"), format!("{expected:#}"));
}

#[test]
fn several_inventories_and_a_playbook_are_as_ansible_has_them() {
    check_ansible(
        &["dialect/one/hosts", "dialect/two", "extra1,extra2,"],
        "dialect/play",
        "dialect.json",
    );
}

#[test]
fn nested_groups_and_ranges_are_as_ansible_has_them() {
    check("nested/hosts");
}

#[test]
fn a_cluster_with_directories_of_variables_is_as_ansible_has_it() {
    check("cluster/inventory.ini");
}

#[test]
fn variables_of_every_type_are_as_ansible_has_them() {
    check("types/hosts.ini");
}

#[test]
fn a_yaml_inventory_is_as_ansible_has_it() {
    check("yaml/inventory.yml");
}

#[test]
fn a_directory_is_as_ansible_has_it() {
    check("directory");
}

#[test]
fn variables_beside_a_hosts_file_are_as_ansible_has_them() {
    check("webapp/production");
}

#[test]
fn what_vagrant_writes_is_as_ansible_has_it() {
    check("vagrant/vagrant_ansible_inventory");
}

#[test]
fn depth_priority_and_name_rank_groups_as_ansible_does() {
    check("priority/hosts");
}

#[test]
fn odd_spellings_are_as_ansible_has_them() {
    check("odd/hosts");
}

#[test]
fn a_json_inventory_is_as_ansible_has_it() {
    check("json/inventory.json");
}

/// What reading these files says, without the directory's name.
fn said(files: &[(&str, &str)], inventory: &str) -> String {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let text = match read(&directory.path().join(inventory), &around()) {
        Err(problems) => problems.to_string(),
        Ok(inventory) => {
            let lines = inventory.hosts.iter().map(|host| {
                let vars = host.effective().into_iter();
                let vars = vars.map(|v| format!("  {} = {} ({})\n", v.name, v.value, v.origin));
                let vars: String = vars.collect();
                format!("{} {:?}\n{vars}", host.name, host.groups)
            });
            lines.collect()
        }
    };
    text.replace(&format!("{}/", directory.path().display()), "")
}

#[test]
fn every_value_knows_where_it_comes_from() {
    let files = [
        ("inv/hosts", "[web]\nweb1 a=1 b=2\n[web:vars]\nc=3\nd=4\n"),
        ("inv/group_vars/all.yml", "# all\nd: 5\ne:\n  - 1\n"),
        ("inv/host_vars/web1/x.yml", "b: 6\n"),
    ];
    assert_snapshot!(said(&files, "inv/hosts"), @r#"
    web1 ["web"]
      c = 3 (group web, inv/hosts:4)
      d = 5 (group all, inv/group_vars/all.yml:2)
      e = [1] (group all, inv/group_vars/all.yml:3)
      a = 1 (host web1, inv/hosts:2)
      b = 6 (host web1, inv/host_vars/web1/x.yml:1)
    "#);
}

#[test]
fn lists_of_hosts_need_no_file() {
    let listed = read(Path::new("web1,root@web2:22,"), &around()).unwrap();
    let names: Vec<&str> = listed.hosts.iter().map(|host| host.name.as_str()).collect();
    assert_eq!(names, ["web1", "root@web2:22"]);
}

#[test]
fn variables_of_nobody_are_told() {
    let check = |more: &[(&str, &str)], inventory: &str, expected: &[&str]| {
        let directory = tempfile::tempdir().unwrap();
        let mut files = vec![
            ("inv/hosts", "[web]\nweb1\n"),
            ("inv/group_vars/all.yml", "a: 1\n"),
            ("inv/group_vars/web/main.yml", "a: 1\n"),
            ("inv/host_vars/web1.yml", "a: 1\n"),
            ("inv/host_vars/README.md", "a\n"),
        ];
        files.extend(more);
        for (name, text) in files {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let found = read(&directory.path().join(inventory), &around()).unwrap().warnings;
        let bare = |text: &String| text.replace(&format!("{}/", directory.path().display()), "");
        assert_eq!(found.iter().map(bare).collect::<Vec<_>>(), expected);
    };
    check(&[], "inv/hosts", &[]);
    let strays = [("inv/group_vars/wbe.yml", "a: 1\n"), ("inv/host_vars/mail/x.yml", "a: 1\n")];
    let told = [
        "inv/group_vars: there is no group `wbe`; did you mean `web`?",
        "inv/host_vars: there is no host `mail`",
    ];
    check(&strays, "inv/hosts", &told);
    check(&strays, "inv", &told);
    // Another inventory has it.
    let strays = [strays.as_slice(), &[("inv/staging", "[wbe]\nmail port=22\n")]].concat();
    check(&strays, "inv/hosts", &[]);
}

#[test]
fn what_cannot_be_read_is_said_of_all_files_at_once() {
    let files = [
        ("inv/a.yml", "plugin: aws_ec2\n"),
        ("inv/b.sh", "#!/bin/sh\necho {}\n"),
        ("inv/c.toml", "[web]\n"),
        ("inv/d", "$ANSIBLE_VAULT;1.1;AES256\n3839\n"),
        ("inv/e.yml", "web:\n  host:\n    w1:\n  hosts: [w2]\n  children: 5\n"),
        ("inv/f.yml", "web: [w1]\nall:\n  hosts:\n    w1: 5\n    'w[3:1]':\n"),
        ("inv/g.yml", "- web1\n"),
        ("inv/h", "[web]\nw1\n[wbe:vars]\na=1\n"),
        ("inv/group_vars/web.yml", "- a\n"),
        ("inv/group_vars/all/vault.yml", "$ANSIBLE_VAULT;1.1;AES256\n3839\n"),
        ("inv/host_vars/w1.yml", "a: 1\na: 2\n"),
    ];
    assert_snapshot!(said(&files, "inv"), @"
    error: this configures an inventory plugin of Ansible, and hep has none
     --> inv/a.yml:1:1
      |
    1 | plugin: aws_ec2
      | ^^^^^^^^^^^^^^^
      |
      = hint: write what it says into a file: `ansible-inventory -i FILE --list -y > hosts.yml`

    error: this is a program: hep runs none to learn of hosts
    --> inv/b.sh
     = hint: write what it says into a file: `ansible-inventory -i FILE --list -y > hosts.yml`

    error: hep reads no TOML
    --> inv/c.toml
     = hint: write it as YAML: `ansible-inventory -i FILE --list -y > hosts.yml`

    error: the file is encrypted with ansible-vault, which hep cannot decrypt
    --> inv/d
     = hint: decrypt it for the run: `ansible-vault decrypt inv/d`, or hand variables over with `-e @<(ansible-vault view inv/d)`

    error: unknown key `host` of a group
     --> inv/e.yml:2:3
      |
    2 |   host:
      |   ^^^^
      |
      = hint: did you mean `hosts`?

    error: `hosts` takes a mapping, found a list
     --> inv/e.yml:4:10
      |
    4 |   hosts: [w2]
      |          ^^^^
      |
      = hint: write each name as a key: `web1:`

    error: a group is a mapping, found a list
     --> inv/f.yml:1:6
      |
    1 | web: [w1]
      |      ^^^^
      |
      = hint: write groups with `hosts`, `children` and `vars`, as `web: {hosts: {web1: {}}}`

    error: a host's variables are a mapping, found the number 5
     --> inv/f.yml:4:9
      |
    4 |     w1: 5
      |         ^
      |
      = hint: write names with their values, as `web1: {http_port: 8080}`

    error: `w[3:1]` is not a range: its end comes before its begin
     --> inv/f.yml:5:5
      |
    5 |     'w[3:1]':
      |     ^^^^^^^^
      |
      = hint: write a range as `web[01:20]`, `db-[a:f]` or `n[0:10:2]`

    error: an inventory is a mapping, found a list
     --> inv/g.yml:1:1
      |
    1 | - web1
      | ^^^^^^
      |
      = hint: write groups with `hosts`, `children` and `vars`, as `web: {hosts: {web1: {}}}`

    error: the file is encrypted with ansible-vault, which hep cannot decrypt
    --> inv/group_vars/all/vault.yml
     = hint: decrypt it for the run: `ansible-vault decrypt inv/group_vars/all/vault.yml`, or hand variables over with `-e @<(ansible-vault view inv/group_vars/all/vault.yml)`

    error: variables are a mapping, found a list
     --> inv/group_vars/web.yml:1:1
      |
    1 | - a
      | ^^^
      |
      = hint: write names with their values, as `http_port: 8080`

    error: there is no group `wbe` for these variables
     --> inv/h:3:2
      |
    3 | [wbe:vars]
      |  ^^^
      |
      = hint: did you mean `web`?

    error: the key `a` is given twice
     --> inv/host_vars/w1.yml:2:1
      |
    2 | a: 2
      | ^ and again here
      |
     ::: inv/host_vars/w1.yml:1:1
      |
    1 | a: 1
      | ^ first here
      |
      = hint: keep one of them
    ");
}

/// The page of the documentation shows what hep says of the example.
#[test]
fn the_example_is_shown_as_the_documentation_has_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let inventory = read(&root.join("examples/hosts.ini"), &around()).unwrap();
    let tree = inventory.tree(&inventory.select("prod:!web").unwrap());
    let page = fs::read_to_string(root.join("docs/inventory.md")).unwrap();
    assert!(page.contains(&format!("'prod:!web'\n{tree}```")), "{tree}");
}

/// What `hep hosts --output json` prints is an inventory with the same hosts, groups and variables.
#[test]
fn the_listing_is_read_back() {
    let directory = tempfile::tempdir().unwrap();
    let key = directory.path().join("key");
    fs::write(&key, "").unwrap();
    let written = "web1 host=10.0.0.1 port=2222 user=deploy private_key=KEY become=true become_user=app http_port=80\n\
                   [web]\nweb1\nweb[2:3] tier=front ansible_ssh_user=bob\n[db]\ndb1 data='{\"a\": [1, null]}'\n\
                   [db:vars]\nhep_transport=openssh\npassword_age=3\n[site:children]\nweb\ndb\n[site:vars]\nzone=eu\n[empty]\n";
    let written = written.replace("KEY", key.to_str().unwrap());
    let around = Surroundings { working_directory: "/".into(), home: None };
    let read = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::write(&path, text).unwrap();
        Inventory::read(&path, &around).unwrap_or_else(|problems| panic!("{problems}"))
    };
    let all = |inventory: &Inventory| (0..inventory.hosts.len()).collect::<Vec<_>>();
    let first = read("hosts", &written);
    let listing = first.json(&all(&first));
    for name in ["listing.json", "listing"] {
        let again = read(name, &format!("{listing:#}\n"));
        assert_eq!(again.json(&all(&again)), listing);
        let reached = |inventory: &Inventory| {
            let mut hosts: Vec<_> = inventory
                .hosts
                .iter()
                .map(|host| {
                    let host = host.clone();
                    (
                        host.name,
                        host.address,
                        host.port,
                        host.user,
                        host.private_key,
                        host.transport,
                        host.rights,
                        host.groups,
                    )
                })
                .collect();
            hosts.sort_by(|a, b| a.0.cmp(&b.0));
            hosts
        };
        assert_eq!(reached(&again), reached(&first));
    }
}
