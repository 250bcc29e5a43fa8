//! Real scripts in a temporary `/etc/init.d`.

use super::*;
use std::cell::RefCell;

struct Host {
    directory: tempfile::TempDir,
    said: RefCell<Vec<String>>,
}

impl Host {
    /// A host with one script `x`; in its text `@` stands for the host's root.
    fn with(body: &str) -> Self {
        let host = Self { directory: tempfile::tempdir().unwrap(), said: RefCell::default() };
        fs::create_dir_all(host.path("etc/init.d")).unwrap();
        fs::create_dir_all(host.path("run")).unwrap();
        let text = format!("#!/bin/sh\n{}", body.replace('@', &host.path("").to_string_lossy()));
        fs::write(host.path("etc/init.d/x"), text).unwrap();
        fs::set_permissions(host.path("etc/init.d/x"), fs::Permissions::from_mode(0o755)).unwrap();
        host
    }

    fn path(&self, below: &str) -> PathBuf {
        self.directory.path().join(below)
    }

    fn sysv(&self) -> Sysv {
        Sysv { root: self.directory.path().to_owned() }
    }

    fn running(&self, pattern: Option<&str>) -> Running {
        self.sysv().inspect(&name("x"), pattern).unwrap().unwrap().running
    }

    fn act(&self, verb: Verb, pattern: Option<&str>) -> Result<(), String> {
        let timeout = Duration::from_secs(2);
        let job =
            ServiceJob { name: name("x"), verb, pattern: pattern.map(str::to_owned), timeout };
        let say = |text| self.said.borrow_mut().push(text);
        let root = self.path("").to_string_lossy().into_owned();
        self.sysv().act(&job, &say).map_err(|error| error.to_string().replace(&root, "/"))
    }
}

fn name(text: &str) -> ServiceName {
    ServiceName::try_from(text.to_owned()).unwrap()
}

/// Runs until it is stopped or a minute is over; `%` makes its command line its own.
const DAEMON: &str = "sleep 60.%";

fn daemon(mark: u32) -> String {
    DAEMON.replace('%', &mark.to_string())
}

#[test]
fn script_with_status_is_started_and_stopped() {
    let host = Host::with(
        "case $1 in start) touch @run/up;; stop) rm @run/up;; status) test -e @run/up || exit 3;; esac",
    );
    assert_eq!(host.running(None), Running::No);
    host.act(Verb::Start, None).unwrap();
    assert_eq!(host.running(None), Running::Yes);
    host.act(Verb::Restart, None).unwrap();
    host.act(Verb::Stop, None).unwrap();
    assert_eq!(host.running(None), Running::No);
}

#[test]
fn script_is_never_called_with_what_it_does_not_know() {
    let host = Host::with("case $1 in start) ;; stop) ;; *) touch @run/called;; esac");
    assert!(matches!(host.running(None), Running::Unknown(_)));
    host.act(Verb::Restart, None).unwrap();
    assert!(!host.path("run/called").exists());
}

#[test]
fn pid_file_and_pattern_tell_what_the_script_does_not() {
    let host = Host::with(&format!(
        "PIDFILE=@run/other.pid\ncase $1 in start) {} & echo $! > $PIDFILE;; stop) kill $(cat $PIDFILE); rm $PIDFILE;; esac",
        daemon(1)
    ));
    // A pid file that the script declares is looked for below the root of this test, where the path leads again.
    let declared = host.path("run/other.pid");
    let inner = host.path(declared.strip_prefix("/").unwrap().to_str().unwrap());
    fs::create_dir_all(inner.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(&declared, &inner).unwrap();
    assert_eq!(host.running(None), Running::No);
    host.act(Verb::Start, None).unwrap();
    assert_eq!(host.running(None), Running::Yes);
    host.act(Verb::Stop, None).unwrap();
    assert_eq!(host.running(None), Running::No);

    let command = daemon(2);
    let pattern = Some(command.as_str());
    let host =
        Host::with(&format!("case $1 in start) {command} & ;; stop) pkill -f '{command}';; esac"));
    assert!(matches!(host.running(None), Running::Unknown(_)));
    assert_eq!(host.running(pattern), Running::No);
    host.act(Verb::Start, pattern).unwrap();
    assert_eq!(host.running(pattern), Running::Yes);
    host.act(Verb::Stop, pattern).unwrap();
    assert_eq!(host.running(pattern), Running::No);
}

#[test]
fn status_is_asked_for_in_english() {
    let host = Host::with(
        "case $1 in start) echo ${LC_ALL:-none} > @run/up;; status) test -e @run/up && exit 0
         LANG=de_DE.UTF-8; test $LC_ALL = C && echo 'is not running' || echo 'ist aus';; esac; exit 0",
    );
    assert_eq!(host.running(None), Running::No);
    host.act(Verb::Start, None).unwrap();
    assert_eq!(fs::read_to_string(host.path("run/up")).unwrap(), "none\n");
}

/// A script whose `status` always ends with 0; only its words tell.
fn lying(mark: u32) -> String {
    format!(
        "alive() {{ [ -f @run/l.pid ] && kill -0 $(cat @run/l.pid) 2>/dev/null; }}\n\
         case $1 in start) alive || {{ {} >/dev/null 2>&1 & echo $! > @run/l.pid; }};;\n\
         stop) alive && kill $(cat @run/l.pid); rm -f @run/l.pid;;\n\
         status) if alive; then echo 'x is running'; else echo 'x is not running'; fi;; esac; exit 0",
        daemon(mark)
    )
}

#[test]
fn script_that_ends_well_whatever_it_says_is_taken_at_its_word() {
    for pattern in [None, Some(daemon(3))] {
        let host = Host::with(&lying(3));
        let pattern = pattern.as_deref();
        assert_eq!(host.running(pattern), Running::No);
        host.act(Verb::Start, pattern).unwrap();
        assert_eq!(host.running(pattern), Running::Yes);
        host.act(Verb::Stop, pattern).unwrap();
        assert_eq!(host.running(pattern), Running::No);
    }
}

#[test]
fn daemon_that_keeps_writing_lives_on() {
    let host = Host::with(
        "case $1 in start) (while :; do echo alive; sleep 0.02; done) & echo $! > @run/x.pid;;\n\
         stop) kill $(cat @run/x.pid); rm @run/x.pid;; esac",
    );
    // Told by the usual place of a pid file.
    fs::write(host.path("run/x.pid"), "4194304\n").unwrap();
    assert_eq!(host.running(None), Running::No);
    let begin = Instant::now();
    host.act(Verb::Start, None).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(host.running(None), Running::Yes);
    host.act(Verb::Stop, None).unwrap();
    assert!(begin.elapsed() < Duration::from_secs(2));
}

#[test]
fn service_that_is_not_there_after_its_start_is_an_error() {
    let host = Host::with("case $1 in start) echo moon >&2; exit 7;; status) exit 3;; esac");
    assert_eq!(
        host.act(Verb::Start, None),
        Err("cannot start x: `/etc/init.d/x start`: exit code 7, and it does not run".to_owned())
    );
    let host = Host::with(
        "case $1 in start) touch @run/p; (sleep 0.1; rm @run/p) & ;; status) test -e @run/p || exit 3;; esac",
    );
    assert_eq!(
        host.act(Verb::Start, None),
        Err("cannot start x: `/etc/init.d/x start` succeeded, but after 2 s it does not run"
            .to_owned())
    );
    assert_eq!(*host.said.borrow(), ["waiting for the start of x, up to 2 s"]);
}

#[test]
fn links_of_any_runlevel_that_is_booted_into_count() {
    let host = Host::with("");
    let boot = || host.sysv().boot("x").unwrap();
    assert_eq!(boot(), Boot::Disabled);
    for link in ["rc0.d/K01x", "rc2.d/K01x", "rc3.d/S01xy", "rc6.d/S01x", "rc1.d/S01x"] {
        let path = host.path("etc").join(link);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
        assert_eq!(boot(), Boot::Disabled, "{link}");
    }
    fs::write(host.path("etc/rc3.d/S20x"), "").unwrap();
    assert_eq!(boot(), Boot::Enabled);
}

#[test]
fn what_is_no_script_is_told_apart() {
    let host = Host::with("");
    assert_eq!(host.sysv().inspect(&name("y"), None).unwrap(), None);
    assert_eq!(host.sysv().names().unwrap(), ["x"]);
    fs::set_permissions(host.path("etc/init.d/x"), fs::Permissions::from_mode(0o644)).unwrap();
    let error = host.sysv().inspect(&name("x"), None).unwrap_err();
    assert!(error.to_string().ends_with("/etc/init.d/x is not executable"), "{error}");
}
