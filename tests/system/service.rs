//! `service` against real SysV scripts and a real systemd, the ill-behaved ones included.

use crate::operator::Operator;
use hep_tests::{Flavour, Host};

fn start(flavour: Flavour) -> (Host, Operator) {
    let host = Host::start(flavour, "web1").unwrap();
    let operator = Operator::new(&[&host]);
    (host, operator)
}

/// Pushes one service task and gives its status.
#[track_caller]
fn status(operator: &Operator, parameters: &str) -> String {
    operator.push(&format!("- service: {{{parameters}}}\n"), &[]).ends(0).statuses().remove(0)
}

#[track_caller]
fn refused(operator: &Operator, parameters: &str, words: &[&str]) {
    let error = operator.push(&format!("- service: {{{parameters}}}\n"), &[]).ends(1).error();
    for word in words {
        assert!(error.contains(word), "`{word}` is not in {error}");
    }
}

/// Installs a script of init and makes it executable.
fn script(host: &Host, name: &str, body: &str) {
    let path = format!("/etc/init.d/{name}");
    let header = "#!/bin/sh\n### BEGIN INIT INFO\n# Required-Start:\n# Required-Stop:\n# Default-Start: 2 3 4 5\n# Default-Stop: 0 1 6\n";
    host.write(&path, format!("{header}# Provides: {name}\n### END INIT INFO\n{body}")).unwrap();
    host.exec_ok(&["chmod", "755", &path]).unwrap();
}

fn runs(host: &Host, pattern: &str) -> bool {
    host.processes().unwrap().iter().any(|process| process.command.contains(pattern))
}

/// What a well-behaved package's service goes through on either init.
fn whole_life(flavour: Flavour, enabled: &str) {
    let (host, operator) = start(flavour);
    operator.push("- apt: {package: hep-svc}\n", &[]).ends(0);
    let daemon = || host.shell("pgrep -o -f '[/]usr/sbin/hep-svc' || true").unwrap();
    let is_enabled = || host.shell(enabled).unwrap().trim() == "yes";
    assert!(is_enabled());

    assert_eq!(status(&operator, "name: hep-svc, action: start, enabled: true"), "ok");
    let first = daemon();
    assert_eq!(status(&operator, "name: hep-svc, action: restart"), "changed");
    assert!(!daemon().is_empty() && daemon() != first);
    assert_eq!(status(&operator, "service: hep-svc, action: reload"), "changed");
    assert!(host.read("/var/log/hep-svc.log").unwrap().contains("reload"));

    assert_eq!(status(&operator, "name: hep-svc, action: stop, enabled: false"), "changed");
    assert_eq!(status(&operator, "name: hep-svc, action: stop, enabled: false"), "ok");
    assert!(daemon().is_empty() && !is_enabled());
    assert_eq!(status(&operator, "name: hep-svc, action: reload"), "changed");
    assert!(!daemon().is_empty());
    assert_eq!(status(&operator, "name: hep-svc, enabled: true"), "changed");
    assert_eq!(status(&operator, "name: hep-svc, enabled: true"), "ok");
    assert!(is_enabled());
    refused(&operator, "name: hep-svk, action: start", &["hep-svk", "hep-svc"]);
}

#[test]
fn sysv_service_is_started_stopped_enabled_and_disabled() {
    whole_life(Flavour::Sysv, "ls /etc/rc2.d | grep -q 'S..hep-svc' && echo yes || echo no");
}

#[test]
fn systemd_service_is_started_stopped_enabled_and_disabled() {
    whole_life(Flavour::Systemd, "systemctl is-enabled -q hep-svc && echo yes || echo no");
}

#[test]
fn script_without_status_is_told_by_its_pid_file_or_pattern_and_never_guessed() {
    let (host, operator) = start(Flavour::Sysv);
    let body = |pidfile: &str| {
        format!(
            "case \"$1\" in\nstart) start-stop-daemon -S -b {pidfile} -x /bin/sleep -- 54321;;\n\
             stop) pkill -f 'sleep 54321'; rm -f /run/mute.pid;;\nrestart) $0 stop; $0 start;;\n\
             *) echo \"Usage: $0 {{start|stop|restart}}\" >&2; exit 1;;\nesac\n"
        )
    };
    script(&host, "mute", &body(""));
    refused(&operator, "name: mute, action: start", &["mute", "pattern"]);
    assert!(!runs(&host, "sleep 54321"));
    assert_eq!(status(&operator, "name: mute, action: start, pattern: sleep 54321"), "changed");
    assert_eq!(status(&operator, "name: mute, action: start, pattern: sleep 54321"), "ok");
    assert!(runs(&host, "sleep 54321"));
    assert_eq!(status(&operator, "name: mute, action: stop, pattern: sleep 54321"), "changed");
    assert!(!runs(&host, "sleep 54321"));
    assert_eq!(status(&operator, "name: mute, action: restart"), "changed");
    host.shell("/etc/init.d/mute stop").unwrap();

    script(&host, "mute", &body("-m -p /run/mute.pid"));
    host.shell("/etc/init.d/mute start; sleep 0.3").unwrap();
    assert_eq!(status(&operator, "name: mute, action: start"), "ok");
}

#[test]
fn script_that_prints_junk_is_judged_by_its_exit_code() {
    let (host, operator) = start(Flavour::Sysv);
    let body = "case \"$1\" in\nstart) echo '*** not running ***'; touch /run/junk;;\nstop) rm -f /run/junk; printf '\\033[31m\\000stopped';;\n\
                status) head -c 2000 /dev/urandom; echo; echo 'is NOT running, is running'; [ -e /run/junk ] || exit 3;;\nesac\n";
    script(&host, "junk", body);
    assert_eq!(status(&operator, "name: junk, action: start"), "changed");
    assert_eq!(status(&operator, "name: junk, action: start"), "ok");
    assert_eq!(status(&operator, "name: junk, action: stop"), "changed");
    assert_eq!(status(&operator, "name: junk, action: stop"), "ok");
}

#[test]
fn daemon_that_holds_stdout_open_neither_hangs_the_run_nor_dies() {
    let (host, operator) = start(Flavour::Sysv);
    let body = "case \"$1\" in\nstart) sh -c 'while :; do echo alive; sleep 0.2; done' & echo $! > /run/chatty.pid;;\n\
                stop) kill $(cat /run/chatty.pid); rm -f /run/chatty.pid;;\n\
                status) kill -0 $(cat /run/chatty.pid 2>/dev/null) 2>/dev/null || exit 3;;\nesac\nexit 0\n";
    script(&host, "chatty", body);
    assert_eq!(status(&operator, "name: chatty, action: start, timeout: 20"), "changed");
    std::thread::sleep(std::time::Duration::from_secs(2));
    assert_eq!(status(&operator, "name: chatty, action: start"), "ok");
    assert_eq!(status(&operator, "name: chatty, action: stop"), "changed");
}

#[test]
fn start_that_fails_says_what_the_script_said() {
    let (host, operator) = start(Flavour::Sysv);
    script(
        &host,
        "sick",
        "case \"$1\" in\nstart) echo 'no such moon' >&2; exit 7;;\nstatus) exit 3;;\nesac\n",
    );
    refused(&operator, "name: sick, action: start", &["sick", "no such moon", "7"]);
    script(&host, "liar", "case \"$1\" in\nstart) exit 0;;\nstatus) exit 3;;\nesac\n");
    refused(&operator, "name: liar, action: start, timeout: 2", &["liar"]);
}

#[test]
fn masked_failing_and_changed_units_are_told_apart() {
    let (host, operator) = start(Flavour::Systemd);
    let unit = |name: &str, body: &str| {
        host.write(
            &format!("/etc/systemd/system/{name}.service"),
            format!("[Service]\n{body}\n[Install]\nWantedBy=multi-user.target\n"),
        )
        .unwrap();
    };
    unit("sick", "ExecStart=/bin/sh -c 'echo the moon is wrong; exit 7'");
    unit("brief", "Type=oneshot\nExecStart=/bin/true");
    unit("well", "ExecStart=/bin/sleep infinity");
    host.exec_ok(&["systemctl", "daemon-reload"]).unwrap();
    host.exec_ok(&["systemctl", "mask", "hep-masked.service"]).unwrap();
    refused(
        &operator,
        "name: hep-masked, action: start",
        &["hep-masked", "masked", "systemctl unmask"],
    );
    refused(&operator, "name: sick, action: start", &["sick", "the moon is wrong"]);
    refused(&operator, "name: nothing-like-it, action: start", &["nothing-like-it"]);
    assert_eq!(status(&operator, "name: brief, action: restart"), "changed");
    assert_eq!(status(&operator, "name: well, action: start, enabled: true"), "changed");
    assert_eq!(status(&operator, "name: well, action: start, enabled: true"), "ok");
    unit("well", "ExecStart=/bin/sleep 7654321");
    assert_eq!(status(&operator, "name: well, action: restart"), "changed");
    assert!(runs(&host, "sleep 7654321"));
}

#[test]
fn script_that_ends_well_and_says_no_is_started() {
    let (host, operator) = start(Flavour::Sysv);
    script(
        &host,
        "liar",
        "P=/run/liar.pid
alive() { [ -f $P ] && kill -0 $(cat $P) 2>/dev/null; }
case $1 in
start) alive || { sleep 7711 >/dev/null 2>&1 & echo $! > $P; };;
stop) alive && kill $(cat $P); rm -f $P;;
restart) $0 stop; $0 start;;
status) if alive; then echo 'liar is running'; else echo 'liar is not running'; fi;;
esac
exit 0
",
    );
    for pattern in ["", ", pattern: sleep 7711"] {
        let task = |action: &str| format!("name: liar, action: {action}{pattern}");
        assert_eq!(status(&operator, &task("start")), "changed");
        assert!(runs(&host, "sleep 7711"));
        assert_eq!(status(&operator, &task("start")), "ok");
        assert_eq!(status(&operator, &task("stop")), "changed");
        assert!(!runs(&host, "sleep 7711"));
        assert_eq!(status(&operator, &task("stop")), "ok");
    }
}
