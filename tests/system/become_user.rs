//! Becoming the run's user by a real sudo, doas and su: one clear end for each, no password in any list, nothing left.
//!
//! The agent is driven by frames over OpenSSH's client, as the host's user without rights.

mod bench;
mod hostile;
mod others;
mod push;

use bench::{Bench, CODE, Came, as_user};
use hep_protocol::rights::Method::{Doas, Su, Sudo};

/// Nobody's password.
const WRONG: &str = "Sesame 0815";

/// What sudo does with all that a terminal may be asked for.
const STRICT: &str =
    "Defaults requiretty, lecture=always, use_pty, pwfeedback, timestamp_timeout=0\n";

fn sudo(bench: &Bench, rules: &str) {
    bench.host.shell("rm -f /etc/sudoers.d/t; rm -rf /run/sudo/ts /var/lib/sudo").unwrap();
    bench.host.write("/etc/sudoers.d/t", rules).unwrap();
    bench.host.shell("chmod 440 /etc/sudoers.d/t && visudo -cq").unwrap();
}

fn doas(bench: &Bench, rules: &str) {
    bench.host.write("/etc/doas.conf", rules).unwrap();
    bench
        .host
        .shell("chmod 400 /etc/doas.conf && chown root: /etc/doas.conf; rm -rf /run/doas")
        .unwrap();
}

#[test]
fn sudo_lets_in_with_the_password_whatever_its_terminal_must_do() {
    let bench = Bench::new();
    for rules in [
        "",
        "Defaults lecture=always\n",
        "Defaults requiretty\n",
        "Defaults use_pty\n",
        "Defaults !use_pty, timestamp_timeout=0\n",
        "Defaults pwfeedback\n",
        "Defaults passprompt_override, passprompt=\"Kennwort bitte\"\n",
        "Defaults log_input, log_output\n",
        STRICT,
    ] {
        sudo(&bench, rules);
        assert_eq!(
            as_user(&bench, Sudo, Some(CODE), "root"),
            Came::As("root /root root".into()),
            "{rules}"
        );
        assert_eq!(
            as_user(&bench, Sudo, Some(CODE), "bob"),
            Came::As("bob /home/bob bob".into()),
            "{rules}"
        );
    }
    // What sudo keeps of the terminal holds neither the plan nor what came of it.
    let logs = bench
        .host
        .shell("find /var/log/sudo-io -type f | wc -l; zgrep -rl 'id -un' /var/log/sudo-io || true")
        .unwrap();
    assert!(logs.trim().parse::<u32>().unwrap() > 0, "{logs}");
    bench.nothing_is_left();
}

#[test]
fn agent_that_became_root_runs_each_task_as_its_own_user() {
    let bench = Bench::new();
    sudo(&bench, STRICT);
    let mut agent = bench.agent(Sudo, Some(CODE), "root");
    assert_eq!(agent.became(), Ok(()));
    let look = "echo $(id -un):$(id -Gn):$HOME";
    agent.begin_all(&[(look, None), (look, Some("root")), (look, Some("bob")), (look, None)]);
    let op = "op:op sudo:/home/op";
    let expected = format!("{op}\nroot:root:/root\nbob:bob:/home/bob\n{op}");
    assert_eq!(agent.output(), expected);
    bench.nothing_is_left();
}

#[test]
fn sudo_that_asks_nothing_needs_no_password() {
    let bench = Bench::new();
    sudo(&bench, "Defaults requiretty, lecture=always\nop ALL=(ALL) NOPASSWD: ALL\n");
    for password in [None, Some("never asked for")] {
        assert_eq!(as_user(&bench, Sudo, password, "root"), Came::As("root /root root".into()));
        assert_eq!(as_user(&bench, Sudo, password, "bob"), Came::As("bob /home/bob bob".into()));
    }
    bench.nothing_is_left();
}

#[test]
fn sudo_that_refuses_has_one_clear_error() {
    let bench = Bench::new();
    let refused = |password, user: &str| as_user(&bench, Sudo, password, user).message();
    for rules in ["Defaults timestamp_timeout=0\n", STRICT, "Defaults passwd_tries=1\n"] {
        sudo(&bench, rules);
        assert_eq!(
            refused(Some("wrong"), "root"),
            "the password of `op` is wrong: `sudo` rejected it",
            "{rules}"
        );
        assert_eq!(
            refused(None, "root"),
            "`sudo` asks for a password on the host, and none was given",
            "{rules}"
        );
    }
    assert_eq!(
        refused(Some(CODE), "nobody-at-all"),
        "there is no user `nobody-at-all` on the host"
    );
    bench.host.shell("gpasswd -d op sudo").unwrap();
    for rules in ["op ALL=(bob) NOPASSWD: /bin/true\n", "# nothing\n"] {
        sudo(&bench, rules);
        assert_eq!(
            refused(Some(CODE), "root"),
            "`sudo` does not let `op` act as `root` on the host",
            "{rules}"
        );
    }
    bench.host.shell("chmod u-s /usr/bin/sudo").unwrap();
    assert_eq!(refused(Some(CODE), "root"), "`sudo` cannot act as other users on this host");
    bench.host.shell("mv /usr/bin/sudo /usr/bin/sudo.away").unwrap();
    assert_eq!(refused(Some(CODE), "root"), "there is no `sudo` on the host");
    bench.nothing_is_left();
}

#[test]
fn doas_lets_in_or_says_why_not() {
    let bench = Bench::new();
    let refused = |password, user: &str| as_user(&bench, Doas, password, user).message();
    for (rules, password) in [
        ("permit nopass op\n", None),
        ("permit op\n", Some(CODE)),
        ("permit persist op\n", Some(CODE)),
    ] {
        doas(&bench, rules);
        for (user, came) in [("root", "root /root root"), ("bob", "bob /home/bob bob")] {
            assert_eq!(as_user(&bench, Doas, password, user), Came::As(came.into()), "{rules}");
        }
    }
    doas(&bench, "permit op\n");
    assert_eq!(refused(Some("wrong"), "root"), "the password of `op` is wrong: `doas` rejected it");
    assert_eq!(refused(None, "root"), "`doas` asks for a password on the host, and none was given");
    doas(&bench, "permit nopass op as bob\n");
    assert_eq!(refused(Some(CODE), "root"), "`doas` does not let `op` act as `root` on the host");
    bench.nothing_is_left();
}

#[test]
fn su_lets_in_or_says_why_not() {
    let bench = Bench::new();
    let refused = |password, user: &str| as_user(&bench, Su, password, user).message();
    assert_eq!(as_user(&bench, Su, Some(CODE), "root"), Came::As("root /root root".into()));
    assert_eq!(as_user(&bench, Su, Some(CODE), "bob"), Came::As("bob /home/bob bob".into()));
    assert_eq!(refused(Some("wrong"), "root"), "the password of `root` is wrong: `su` rejected it");
    assert_eq!(
        refused(None, "bob"),
        "`su` asks for the password of `bob` on the host, and none was given"
    );
    let expired = "`su` refuses: an account or password has expired";
    for days in ["-d 0", "-E 1"] {
        bench.host.shell(&format!("chage {days} bob")).unwrap();
        assert_eq!(refused(Some(CODE), "bob"), expired, "{days}");
        bench.host.shell("chage -d 20000 -E -1 bob").unwrap();
    }
    bench.host.shell("usermod -s /usr/sbin/nologin bob").unwrap();
    let message = refused(Some(CODE), "bob");
    assert_eq!(message, "`su` refuses: `bob` has no shell to log in with");
    bench.nothing_is_left();
}

#[test]
fn password_is_in_no_list_of_processes() {
    let bench = Bench::new();
    doas(&bench, "permit op\n");
    sudo(&bench, STRICT);
    let sampler = "while [ ! -e /root/stop ]; do cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'; done >/root/sample";
    let mut sampling = bench.host.command(&["sh", "-c", sampler]).spawn().unwrap();
    for method in [Sudo, Doas, Su] {
        assert_eq!(as_user(&bench, method, Some(CODE), "root"), Came::As("root /root root".into()));
        let wrong = as_user(&bench, method, Some(WRONG), "root").message();
        assert!(wrong.ends_with("rejected it"), "{wrong}");
    }
    bench.host.write("/root/stop", "").unwrap();
    sampling.wait().unwrap();
    let seen =
        |what: &str| bench.host.shell(&format!("grep -cF '{what}' /root/sample || true")).unwrap();
    assert_ne!(seen("hep-agent").trim(), "0");
    for typed in [CODE.split('$').next().unwrap(), WRONG] {
        assert_eq!(seen(typed).trim(), "0", "{typed}");
    }
    bench.nothing_is_left();
}

#[test]
fn controller_that_is_lost_leaves_nobody_waiting() {
    let bench = Bench::new();
    // Before: a program that never comes to an end. After: a run in the middle of a step.
    bench.host.write("/usr/local/bin/sudo", "#!/bin/sh\nsleep 1000\n").unwrap();
    bench.host.shell("chmod 755 /usr/local/bin/sudo").unwrap();
    let agent = bench.agent(Sudo, Some(CODE), "root");
    bench.until("pgrep -f 'slee[p] 1000'");
    drop(agent);
    bench.nothing_is_left();
    bench.host.shell("rm /usr/local/bin/sudo").unwrap();
    let mut agent = bench.agent(Sudo, Some(CODE), "root");
    assert_eq!(agent.became(), Ok(()));
    agent.begin("touch /root/begun; sleep 2; touch /root/ended", "root");
    bench.until("test -e /root/begun");
    drop(agent);
    bench.nothing_is_left();
    assert!(bench.host.exists("/root/ended"), "the step in hand was cut off");
}

#[test]
fn second_agent_that_is_killed_ends_the_stream() {
    let bench = Bench::new();
    for method in [Sudo, Su] {
        let mut agent = bench.agent(method, Some(CODE), "root");
        assert_eq!(agent.became(), Ok(()));
        agent.begin("touch /root/begun; exec sleep 3", "root");
        bench.until("test -e /root/begun");
        bench
            .host
            .shell("rm /root/begun; pkill -KILL -f '^/var/tmp/.hep-[0-9a-f]*/hep-agent ac[t]'")
            .unwrap();
        agent.until_its_end();
        bench.nothing_is_left();
    }
}

#[test]
fn first_agent_that_is_killed_leaves_what_the_next_one_sweeps() {
    let bench = Bench::new();
    bench.host.write("/usr/local/bin/sudo", "#!/bin/sh\nsleep 1000\n").unwrap();
    bench.host.shell("chmod 755 /usr/local/bin/sudo").unwrap();
    let agent = bench.agent(Sudo, Some(CODE), "root");
    bench.until("pgrep -f 'slee[p] 1000'");
    bench.host.shell("pkill -KILL -f 'hep-agent serv[e]'").unwrap();
    drop(agent);
    // Its terminal hangs up with it.
    bench.until("! pgrep -f 'slee[p] 1000'");
    bench
        .host
        .shell("ls -d /var/tmp/.hep-*; touch -d '1 minute ago' /var/tmp/.hep-*/hep-agent")
        .unwrap();
    bench.host.shell("rm /usr/local/bin/sudo").unwrap();
    assert_eq!(as_user(&bench, Sudo, Some(CODE), "root"), Came::As("root /root root".into()));
    bench.nothing_is_left();
}
