//! The throwaway hosts themselves: every other system test stands on what is stated here.

use hep_tests::{Error, Flavour, Host, Result, aptrepo, keys, sweep};
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::thread;

#[test]
fn a_sysv_host_lets_in_installs_and_runs_services() -> Result<()> {
    let host = check(Flavour::Sysv, "service hep-svc status")?;
    assert_eq!(host.exec_ok(&["readlink", "/proc/1/exe"])?, "/usr/sbin/init\n");
    assert_eq!(host.exec_ok(&["runlevel"])?, "N 2\n");
    Ok(())
}

#[test]
fn a_systemd_host_lets_in_installs_and_runs_services() -> Result<()> {
    let host =
        check(Flavour::Systemd, "systemctl is-active hep-svc && systemctl is-enabled hep-svc")?;
    assert_eq!(host.exec_ok(&["readlink", "/proc/1/exe"])?, "/usr/lib/systemd/systemd\n");
    assert_eq!(host.exec_ok(&["systemctl", "is-system-running"])?, "running\n");
    Ok(())
}

fn check(flavour: Flavour, status: &str) -> Result<Host> {
    let host = Host::start(flavour, "web1")?;
    let login = host.ssh(&["hostname; id -u"])?;
    assert_eq!(String::from_utf8_lossy(&login.stdout), "web1\n0\n", "{login:?}");
    assert_eq!(password_login(&host)?, "root\n");

    host.exec_ok(&["apt-get", "install", "-y", "hep-greeter=1.1", "hep-svc"])?;
    assert_eq!(host.exec_ok(&["hep-greeter"])?, "good day\n");
    host.shell(status)?;
    host.exec_ok(&["service", "hep-svc", "restart"])?;
    let log = host.read(aptrepo::SERVICE_LOG)?;
    let alive = |line: &str| host.exists(&line.replace("start ", "/proc/"));
    assert_eq!(log.lines().map(alive).collect::<Vec<_>>(), [false, true], "{log}");
    // Not in the host's cache: it comes from the machine's mirror.
    host.exec_ok(&["apt-get", "install", "-y", "hello"])?;
    Ok(host)
}

/// As the user without a key, who becomes root with the same password.
fn password_login(host: &Host) -> Result<String> {
    let to = format!("{}@{}", keys::USER, host.addr());
    let become_root = format!("echo {} | sudo -S -p '' whoami", keys::PASSWORD);
    let mut ssh = Command::new("sshpass");
    ssh.args(["-p", keys::PASSWORD, "ssh", "-F", "none", "-o", "PubkeyAuthentication=no", "-o"]);
    ssh.arg(format!("UserKnownHostsFile={}", host.known_hosts_file().display()));
    hep_tests::error::run(ssh.args([&to, &become_root]))
}

#[test]
fn two_hosts_have_each_their_own_port_80() -> Result<()> {
    let pages = thread::scope(|scope| {
        let serve = |name: &'static str| {
            let host = Host::start(Flavour::Sysv, name)?;
            host.exec_ok(&["apt-get", "install", "-y", "--no-download", "apache2"])?;
            host.write("/var/www/html/index.html", name)?;
            Ok::<_, Error>((host.http_get("/")?.body, host))
        };
        let both = ["one", "two"].map(|name| scope.spawn(move || serve(name)));
        both.map(|thread| thread.join().expect("the test's thread does not panic"))
    });
    // Both hosts live until both pages have been read.
    let [one, two] = pages;
    assert_eq!([one?.0, two?.0], ["one", "two"]);
    Ok(())
}

#[test]
fn the_packages_are_as_their_table_says() -> Result<()> {
    let host = Host::start(Flavour::Sysv, "packages")?;
    let install = |package: &str| host.exec_ok(&["apt-get", "install", "-y", package]);
    let installed = |package: &str| {
        let query =
            host.exec(&["dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", package])?;
        Ok::<_, Error>(String::from_utf8_lossy(&query.stdout).into_owned())
    };

    let plan = host.exec_ok(&["apt-get", "--simulate", "build-dep", "hep-source"])?;
    assert!(plan.contains("Inst hep-greeter (2.0"), "{plan}");
    install("hep-greeter=1.0")?;
    install("hep-needs")?;
    assert_eq!(installed("hep-greeter")?, "installed 2.0");
    install("hep-conflict")?;
    assert_eq!(installed("hep-greeter")?, "config-files 2.0");

    install("hep-mail-a")?;
    install("hep-mail-b")?;
    assert_eq!(installed("hep-mail-a")?, "");

    install("hep-user")?;
    assert_eq!(host.exec_ok(&["stat", "-c", "%U", "/etc/hep-user/hep-user.conf"])?, "hepd\n");
    install(aptrepo::LOOSE_DEB)?;
    assert_eq!(installed("hep-loose")?, "installed 1.0");

    let broken = host.exec(&["apt-get", "install", "-y", "hep-broken"])?;
    assert_eq!(broken.status.code(), Some(100));
    // apt runs dpkg on a terminal of its own, where the postinst's stderr is apt's stdout.
    assert!(String::from_utf8_lossy(&broken.stdout).contains("the moon is in the wrong phase"));
    assert_eq!(installed("hep-broken")?, "half-configured 1.0");
    Ok(())
}

#[test]
fn what_a_killed_test_leaves_is_swept_up() -> Result<()> {
    let start = |e| Error::new(format!("cannot start the test's own binary: {e}"));
    let mut test = Command::new(std::env::current_exe().map_err(start)?)
        .args(["--ignored", "--exact", "a_host_that_is_never_dropped", "--nocapture"])
        .stdout(Stdio::piped())
        .spawn()
        .map_err(start)?;
    let out = BufReader::new(test.stdout.take().expect("stdout is piped"));
    let line = out.lines().map_while(std::io::Result::ok).find(|line| line.contains("root_dir="));
    let root_dir = line.expect("the host starts").replace("root_dir=", "");
    test.kill().map_err(start)?;
    test.wait().map_err(start)?;
    assert!(std::path::Path::new(&root_dir).join("etc/hostname").exists(), "{root_dir}");
    sweep()?;
    assert!(!std::path::Path::new(&root_dir).exists(), "{root_dir}");
    Ok(())
}

#[test]
#[ignore = "run by what_a_killed_test_leaves_is_swept_up, and killed"]
fn a_host_that_is_never_dropped() -> Result<()> {
    let host = Host::start(Flavour::Sysv, "orphan")?;
    println!("\nroot_dir={}", host.root_dir().display());
    loop {
        thread::park();
    }
}
