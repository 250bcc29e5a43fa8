//! Settings of a real host: its name, its time zone, its locales, its kernel and its alternatives.

use crate::check::converges;
use crate::operator::{start, started};
use hep_tests::{Flavour, Host};

fn shell(host: &Host, command: &str) -> String {
    host.shell(command).unwrap().trim_end().to_owned()
}

#[test]
fn name_and_time_zone_are_those_that_systemd_tells() {
    let (host, operator) = start(Flavour::Systemd);
    operator.push("- apt: {package: tzdata}\n", &[]).ends(0);
    converges(&operator, "- hostname: {name: web2}\n- timezone: {name: Europe/Berlin}\n");
    assert_eq!(shell(&host, "cat /etc/hostname; uname -n"), "web2\nweb2");
    assert_eq!(shell(&host, "hostnamectl --static; hostnamectl --pretty"), "web2\nweb2");
    assert_eq!(shell(&host, "readlink /etc/localtime"), "../usr/share/zoneinfo/Europe/Berlin");
    assert_eq!(shell(&host, "date -d @0 +%Z%H"), "CET01");
    let refused = operator.push("- timezone: {name: Mars/Base}\n", &[]).ends(1);
    assert!(refused.error().contains("no time zone `Mars/Base`"), "{}", refused.stdout);
}

#[test]
fn name_and_time_zone_are_kept_in_files_without_systemd() {
    let (host, operator) = start(Flavour::Sysv);
    operator.push("- apt: {package: tzdata}\n", &[]).ends(0);
    converges(&operator, "- hostname: {name: web2}\n- timezone: {name: Europe/Berlin}\n");
    assert_eq!(shell(&host, "cat /etc/hostname /etc/timezone"), "web2\nEurope/Berlin");
    assert_eq!(shell(&host, "readlink /etc/localtime"), "/usr/share/zoneinfo/Europe/Berlin");
}

#[test]
fn alternatives_are_what_update_alternatives_tells_and_converged_settings_start_no_process() {
    let (host, operator) = start(Flavour::Sysv);
    host.shell("for n in a b; do printf '#!/bin/sh\\necho '$n > /usr/local/bin/say-$n; chmod 755 /usr/local/bin/say-$n; done").unwrap();
    let choice = |name: &str, more: &str| {
        format!(
            "- alternatives: {{name: say, link: /usr/local/bin/say, path: /usr/local/bin/say-{name}{more}}}\n"
        )
    };
    converges(&operator, &choice("a", ", priority: 10"));
    assert_eq!(shell(&host, "say"), "a");
    converges(&operator, &choice("b", ", priority: 20, state: present"));
    assert_eq!(shell(&host, "say"), "a");
    converges(&operator, &choice("b", ", state: auto"));
    assert_eq!(
        shell(&host, "say; update-alternatives --query say | grep Status"),
        "b\nStatus: auto"
    );
    converges(&operator, &choice("b", ", state: absent"));
    assert_eq!(shell(&host, "say"), "a");
    let manifest = choice("a", ", state: present")
        + "- hostname: {name: web1}\n- sysctl: {name: kernel.x, value: 1, reload: false, sysctl_file: /etc/sysctl.d/x.conf}\n";
    operator.push(&manifest, &[]).ends(0);
    let trace = started(&host, &operator, &manifest);
    let programs = trace.lines().filter(|line| line.contains("execve(")).count();
    assert_eq!(programs, 2, "chroot and the agent, and nothing else: {trace}");
}

#[test]
fn parameters_of_the_kernel_are_lines_of_a_file() {
    let (host, operator) = start(Flavour::Sysv);
    host.write("/etc/sysctl.d/x.conf", "# kept\n vm.swappiness = 1\n").unwrap();
    let task = |more: &str| {
        format!("- sysctl: {{sysctl_file: /etc/sysctl.d/x.conf, reload: false, {more}}}\n")
    };
    converges(&operator, &task("name: net.ipv4.ip_forward, value: yes"));
    assert_eq!(
        shell(&host, "cat /etc/sysctl.d/x.conf"),
        "# kept\nvm.swappiness=1\nnet.ipv4.ip_forward=1"
    );
    converges(&operator, &task("name: vm.swappiness, state: absent"));
    assert_eq!(shell(&host, "cat /etc/sysctl.d/x.conf"), "# kept\nnet.ipv4.ip_forward=1");
    let unknown = "- sysctl: {name: net.none, value: 1}\n";
    let refused = operator.push(unknown, &[]).ends(1);
    assert!(refused.error().contains("no parameter `net.none`"), "{}", refused.stdout);
}
