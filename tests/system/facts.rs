//! Facts, held against what the host's own programs say.

use crate::operator::{Operator, agent, start};
use hep_tests::{Flavour, Host};
use serde_json::{Value, json};

/// The facts that hep tells of the host.
fn facts(operator: &Operator, names: &[&str]) -> Value {
    let run = operator
        .run(&[&["facts", "-i", "hosts", "--output", "json", "web1"], names].concat())
        .ends(0);
    serde_json::from_str::<Value>(&run.stdout).unwrap()["web1"].take()
}

/// One line of a program on the host.
fn says(host: &Host, shell: &str) -> String {
    host.shell(shell).unwrap().trim_end().to_owned()
}

/// The facts of either host, against its own word.
fn agree(flavour: Flavour, init: &str) {
    let (host, operator) = start(flavour);
    host.shell("useradd --system --uid 987 --shell /bin/sh --comment 'A B,,,' tester").unwrap();
    let facts = facts(&operator, &[]);
    let release = |key: &str| says(&host, &format!(". /etc/os-release; echo \"${key}\""));
    assert_eq!(facts["os"]["id"], release("ID"));
    assert_eq!(facts["os"]["version"], release("VERSION_ID"));
    assert_eq!(facts["os"]["codename"], release("VERSION_CODENAME"));
    assert_eq!(facts["os"]["family"], "debian");
    assert_eq!(facts["init"], init);
    assert_eq!(facts["hostname"], says(&host, "hostname"));
    assert_eq!(facts["fqdn"], says(&host, "hostname -f"));
    assert_eq!(facts["arch"], says(&host, "uname -m"));
    assert_eq!(facts["kernel"]["release"], says(&host, "uname -r"));
    assert_eq!(facts["package_manager"], "apt");
    assert_eq!(facts["cpus"]["count"], says(&host, "nproc").parse::<u64>().unwrap());
    assert_eq!(facts["default_ipv4"]["address"], host.addr().to_string());
    assert_eq!(
        facts["memory"]["total"],
        says(&host, "free -b | awk '/^Mem:/ {print $2}'").parse::<u64>().unwrap()
    );
    let users = facts["users"].as_object().unwrap();
    let passwd = says(&host, "getent passwd");
    assert_eq!(users.len(), passwd.lines().count());
    for line in passwd.lines() {
        let part: Vec<&str> = line.split(':').collect();
        let user = &users[part[0]];
        let number = |text: &str| json!(text.parse::<u32>().unwrap());
        assert_eq!((&user["uid"], &user["gid"]), (&number(part[2]), &number(part[3])), "{line}");
        assert_eq!((&user["home"], &user["shell"]), (&json!(part[5]), &json!(part[6])), "{line}");
    }
}

#[test]
fn sysv_host_agrees_with_its_facts() {
    agree(Flavour::Sysv, "sysv");
}

#[test]
fn systemd_host_agrees_with_its_facts() {
    agree(Flavour::Systemd, "systemd");
}

#[test]
fn local_facts_are_read_from_their_directory_and_only_the_named_are_shown() {
    let (host, operator) = start(Flavour::Sysv);
    host.shell("mkdir -p /etc/hep/facts.d").unwrap();
    host.write("/etc/hep/facts.d/site.json", r#"{"rack": 7, "roles": ["web", "db"]}"#).unwrap();
    let told = facts(&operator, &["local", "hostname"]);
    let local = json!({"site": {"rack": 7, "roles": ["web", "db"]}});
    assert_eq!(told, json!({"local": local, "hostname": "web1"}));
    let manifest = "- file: {dest: /srv/rack, content: '{{ local.site.rack }} {{ local.site.roles | join(\"+\") }}'}\n\
                    - file: {dest: /srv/never, content: x}\n  when: local.site.rack != 7 or facts.local.other is defined\n";
    operator.push(manifest, &[]).ends(0);
    assert_eq!(host.read("/srv/rack").unwrap(), "7 web+db");
    assert!(!host.exists("/srv/never"));
}

/// The files below /etc and /proc that the agent opens on the host for a manifest.
fn opened(host: &Host, operator: &Operator, manifest: &str) -> Vec<String> {
    operator.write("manifest.yml", manifest);
    operator.run(&["bundle", "manifest.yml", "-o", "site.hep"]).ends(0);
    std::fs::copy(operator.path("site.hep"), host.path("/root/site.hep")).unwrap();
    std::fs::copy(agent(), host.path("/root/agent")).unwrap();
    let output = host
        .exec(&[
            "strace",
            "-f",
            "-qq",
            "-e",
            "trace=open,openat,openat2,readlink,readlinkat",
            "-o",
            "/root/trace",
            "/root/agent",
            "apply",
            "/root/site.hep",
        ])
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let trace = host.read("/root/trace").unwrap();
    // What comes before the bundle is opened is the start of the agent.
    let own = trace.lines().skip_while(|line| !line.contains("site.hep"));
    own.map(str::to_owned).collect()
}

#[test]
fn manifest_that_reads_no_fact_opens_none_of_their_files() {
    let (host, operator) = start(Flavour::Sysv);
    let sources = [
        "os-release",
        "facts.d",
        "cpuinfo",
        "meminfo",
        "/proc/net",
        "if_inet6",
        "mountinfo",
        "/etc/hosts",
        "timezone",
        "localtime",
    ];
    let count = |trace: &[String]| {
        trace.iter().filter(|line| sources.iter().any(|source| line.contains(source))).count()
    };
    let none = opened(
        &host,
        &operator,
        "- file: {dest: '/srv/{{ n }}', content: x}\n  vars: {n: 1}\n  when: n == 1\n",
    );
    assert!(none.iter().any(|line| line.contains("site.hep")), "{none:?}");
    assert_eq!(count(&none), 0, "{none:#?}");
    // One that reads the release opens its file, and no other fact's.
    let one = opened(&host, &operator, "- file: {dest: '/srv/{{ os.id }}', content: x}\n");
    assert_eq!(count(&one), 1, "{one:#?}");
    assert!(host.exists("/srv/debian"));
}
