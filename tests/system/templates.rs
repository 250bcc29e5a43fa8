//! Templates rendered on real hosts.

use crate::operator::{Operator, start};
use hep_tests::{Flavour, Host};

fn sum(host: &Host, path: &str) -> String {
    host.shell(&format!("sha256sum < {path}")).unwrap()
}

#[test]
fn difference_shows_rendered_text() {
    let (host, operator) = start(Flavour::Sysv);
    host.write("/srv/site.conf", "name old\nport 80\n").unwrap();
    operator.write(
        "site.j2",
        "name {{ hostname }}\n{% for port in ports %}\nport {{ port }}\n{% endfor %}\n",
    );
    operator.write(
        "manifest.yml",
        "- file: {template: site.j2, dest: /srv/site.conf}\n  vars: {ports: [80, 443]}\n",
    );
    let run = operator.run(&["push", "-i", "hosts", "--check", "--diff", "manifest.yml"]).ends(0);
    for line in ["-name old", "+name web1", " port 80", "+port 443"] {
        assert!(run.stdout.contains(line), "{line}: {}", run.stdout);
    }
    assert!(!run.stdout.contains("{%") && !run.stdout.contains("{{"), "{}", run.stdout);
    assert_eq!(host.read("/srv/site.conf").unwrap(), "name old\nport 80\n");
    operator.run(&["push", "-i", "hosts", "--diff", "manifest.yml"]).ends(0);
    assert_eq!(host.read("/srv/site.conf").unwrap(), "name web1\nport 80\nport 443\n");
}

#[test]
fn mistake_that_only_the_host_can_see_is_told_at_its_place() {
    let (host, operator) = start(Flavour::Sysv);
    operator.write("sub/site.j2", "one\ntwo {{ users.nobodysuch.home }}\n");
    let manifest = "- file: {template: sub/site.j2, dest: /srv/site.conf}\n";
    let error = operator.push(manifest, &[]).ends(1).error();
    assert!(error.contains("sub/site.j2:2:"), "{error}");
    assert!(error.contains("nobodysuch"), "{error}");
    assert!(!host.exists("/srv/site.conf"));
}

#[test]
fn mistake_that_is_known_before_contacts_nothing() {
    let operator = Operator::new(&[]);
    operator.write("hosts", "web1 host=127.0.0.1 port=9 user=root\n");
    let manifest = "- file: {template: site.j2, dest: /srv/site.conf}\n  vars: {greeting: hi}\n";
    for (template, place) in
        [("one\ntwo {{ greting }}\n", "site.j2:2:8"), ("one\n\n{% if %}\n", "site.j2:3:")]
    {
        operator.write("site.j2", template);
        let run = operator.push(manifest, &[]).ends(2);
        assert!(run.stderr.contains(place), "{}", run.stderr);
        assert!(run.stdout.is_empty(), "{}", run.stdout);
    }
}

#[test]
fn big_template_arrives_whole() {
    let (host, operator) = start(Flavour::Sysv);
    let line = "{{ hostname }} 0123456789012345678901234567890123456789012345678\n";
    let count = 5_000_000 / line.len();
    operator.write("big.j2", line.repeat(count));
    let manifest = "- file: {template: big.j2, dest: /srv/big, mode: 600}\n";
    assert_eq!(operator.push(manifest, &[]).ends(0).statuses(), ["changed"]);
    operator.write("rendered", line.replace("{{ hostname }}", "web1").repeat(count));
    std::fs::copy(operator.path("rendered"), host.path("/srv/expected")).unwrap();
    assert_eq!(sum(&host, "/srv/big"), sum(&host, "/srv/expected"));
    assert_eq!(host.shell("stat -c '%a %U' /srv/big").unwrap().trim(), "600 root");
    assert_eq!(operator.push(manifest, &[]).ends(0).statuses(), ["ok"]);
}

#[test]
fn fact_chooses_among_the_files_of_the_operator() {
    let (host, operator) = start(Flavour::Sysv);
    let codename = host.shell(". /etc/os-release; echo $VERSION_CODENAME").unwrap();
    operator.write(&format!("conf/{}.j2", codename.trim()), "for {{ os.codename }}\n");
    operator.write("conf/potato.j2", "not {{ os.codename }}\n");
    let manifest = "- file: {template: 'conf/{{ os.codename }}.j2', dest: /srv/conf}\n";
    operator.push(manifest, &[]).ends(0);
    assert_eq!(host.read("/srv/conf").unwrap(), format!("for {codename}"));
}
