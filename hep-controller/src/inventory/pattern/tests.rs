//! Patterns over one inventory.

use super::super::draft::Draft;
use super::super::{Surroundings, ini, resolve};
use super::*;
use std::sync::Arc;

const HOSTS: &str = "jump\n[web]\nweb[1:4] host=10.0.0.1\n[db]\ndb1 host=10.0.0.1\ndb2\n[prod:children]\ndb\n\
                     [prod]\nweb1\nweb3\n[test]\nweb2\n[empty]\n";

fn inventory() -> Inventory {
    let source = Arc::new(Source { path: "hosts".into(), text: HOSTS.to_owned() });
    let around = Surroundings { working_directory: "/nowhere".into(), home: None };
    let mut draft = Draft::new(Dialect::Hep);
    ini::read(&source, &mut draft);
    resolve::resolve(draft, Path::new("hosts"), &serde_json::Map::new(), &around).unwrap()
}

fn names(inventory: &Inventory, found: Result<Vec<usize>, NoSelection>) -> String {
    match found {
        Ok(numbers) => {
            let name = |number: &usize| inventory.host(*number).unwrap().name.as_str();
            numbers.iter().map(name).collect::<Vec<_>>().join(" ")
        }
        Err(NoSelection { message, hint }) => format!("{message}; {}", hint.unwrap_or_default()),
    }
}

fn check(pattern: &str, expected: &str) {
    let inventory = inventory();
    assert_eq!(names(&inventory, inventory.select(pattern)), expected, "{pattern}");
}

#[test]
fn names_groups_and_globs_select() {
    check("all", "jump web1 web2 web3 web4 db1 db2");
    check("*", "jump web1 web2 web3 web4 db1 db2");
    check("ungrouped", "jump");
    check("web", "web1 web2 web3 web4");
    check("prod", "web1 web3 db1 db2");
    check("db2", "db2");
    check("db2,web1", "db2 web1");
    check("web1:db", "web1 db1 db2");
    check("web?", "web1 web2 web3 web4");
    check("*1", "web1 db1");
    check("web[!12]", "web3 web4");
    check("[dw]*2", "web2 db2");
    check("~(web|db)[12]$", "web1 web2 db1 db2");
    check("~web[12]{1,3}:jump", "web1 web2 jump");
    check("empty", "");
    check("x*", "");
}

#[test]
fn signs_cut_and_exclude_in_any_order() {
    check("web:&prod", "web1 web3");
    check("web:&prod:!web3", "web1");
    check("!web3:&prod:web", "web1");
    check("web,!prod", "web2 web4");
    check("!web", "jump db1 db2");
    check("&test", "web2");
    check("all:!~web.*:!jump", "db1 db2");
}

#[test]
fn ranges_of_groups_count_from_0_and_from_the_end() {
    check("web[0]", "web1");
    check("web[-1]", "web4");
    check("web[1:2]", "web2 web3");
    check("web[2:]", "web3 web4");
    check("web[2:99]", "web3 web4");
    check("web[4]", "`web[4]` matches no host; `web` has 4, the first is `[0]`");
    check("web[-5]", "`web[-5]` matches no host; `web` has 4, the first is `[0]`");
    check(
        "web[1-4]",
        "`[1-4]` may mean positions or letters; write `web[1:4]` for positions, `~web[1-4]$` for names",
    );
    check(
        "web[x:y]",
        "`[x:y]` is not a range of hosts; write it as `web[0:2]`, `web[1]` or `web[-1]`",
    );
}

#[test]
fn names_that_nobody_has_are_mistakes() {
    check("wbe", "there is no host or group `wbe`; did you mean `web`?");
    check("web:!wbe3", "there is no host or group `wbe3`; did you mean `web3`?");
    check("nothing", "there is no host or group `nothing`; `hep hosts` shows those there are");
    check(" , ", "this pattern is empty; write a host, a group, or `all`");
    let inventory = inventory();
    let said = names(&inventory, inventory.select("~we(b"));
    assert!(said.contains("`~we(b` is not a regular expression"), "{said}");
}

#[test]
fn this_machine_is_there_without_being_named() {
    check("localhost", "localhost");
    check("web1,localhost", "web1 localhost");
    let inventory = inventory();
    let localhost = inventory.host(inventory.select("localhost").unwrap()[0]).unwrap();
    assert_eq!(localhost.transport, Some(crate::remote::Transport::Local));
}

#[test]
fn a_limit_leaves_what_it_names() {
    let inventory = inventory();
    let prod = inventory.select("prod").unwrap();
    let check = |limit: &str, expected: &str| {
        assert_eq!(names(&inventory, inventory.limit(&prod, limit)), expected, "{limit}");
    };
    check("web", "web1 web3");
    check("!db", "web1 web3");
    check("test", "");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("failed");
    std::fs::write(&path, "# of yesterday\nweb3\n\n  db1  \nweb2\n").unwrap();
    check(&format!("@{}", path.display()), "web3 db1");
    check(&format!("web1,@{}", path.display()), "web1 web3 db1");
    std::fs::write(&path, "web33\n").unwrap();
    check(
        &format!("@{}", path.display()),
        "there is no host or group `web33`; did you mean `web3`?",
    );
    check(
        "@/nowhere/failed",
        "cannot read the limit's file `/nowhere/failed`: no such file or directory; after the `@`, name a file with one host per line",
    );
}
