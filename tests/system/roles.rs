//! Whole roles, as people publish them, written in hep's language: each converges on a real host, is foretold by check
//! mode, and has nothing left to do when pushed again.

use crate::check::foretold;
use crate::operator::{Operator, Run, workspace};
use hep_tests::{Flavour, Host};

/// Pushes a role of examples/roles to a new host, and gives the host for a look.
fn converges(role: &str) -> Host {
    let host = Host::start(Flavour::Systemd, "web1").unwrap();
    let operator = Operator::new(&[&host]);
    let inventory = operator.path("hosts");
    let manifest = workspace().join(format!("examples/roles/{role}.yml"));
    let run = |options: &[&str]| {
        let mut hep =
            operator.hep(&["push", "--output", "json", "-i", inventory.to_str().unwrap()]);
        Run::of(hep.args(options).arg(&manifest).output().unwrap()).ends(0)
    };
    let check = run(&["--check", "--diff"]);
    foretold(&check, &run(&[]));
    let again = run(&[]);
    for task in again.events("task") {
        assert!(task["status"] == "ok" || task["status"] == "skipped", "{role}: {task}");
    }
    host
}

#[test]
fn nginx_serves_its_virtual_hosts() {
    let host = converges("nginx");
    let page = |name: &str| {
        let request = format!("GET / HTTP/1.0\\r\\nHost: {name}\\r\\n\\r\\n");
        let get = format!("exec 3<>/dev/tcp/127.0.0.1/8080; printf '{request}' >&3; cat <&3");
        host.exec_ok(&["bash", "-c", &get]).unwrap()
    };
    assert!(page("blog.example").contains("X-Frame-Options: DENY"));
    assert!(page("shop.example").contains("<h1>shop.example on web1</h1>"));
}

#[test]
fn haproxy_listens_for_its_frontends() {
    let host = converges("haproxy");
    assert!(host.shell("cat /proc/net/tcp").unwrap().contains(":1F91"));
    assert_eq!(
        host.shell("stat -c '%a %G' /etc/haproxy/haproxy.cfg").unwrap().trim(),
        "640 haproxy"
    );
}

#[test]
fn memcached_listens_on_its_port() {
    let host = converges("memcached");
    assert!(host.shell("cat /proc/net/tcp").unwrap().contains("0100007F:2C2F"));
}

#[test]
fn redis_reads_its_settings() {
    let host = converges("redis");
    assert!(
        host.shell("redis-cli -p 6380 config get maxmemory-policy")
            .unwrap()
            .contains("allkeys-lru")
    );
}

#[test]
fn accounts_have_their_groups_and_keys() {
    let host = converges("accounts");
    assert!(host.shell("id -nG ada").unwrap().contains("sudo"));
    assert_eq!(host.shell("getent passwd bob | cut -d: -f7").unwrap().trim(), "/bin/sh");
    assert_eq!(
        host.shell("stat -c '%a %U' /home/ada/.ssh/authorized_keys").unwrap().trim(),
        "600 ada"
    );
}
