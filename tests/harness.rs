//! The throwaway hosts themselves: every other system test stands on what is stated here.

use hep_tests::{Flavour, Host, Result, aptrepo};

#[test]
fn a_sysv_host_lets_in_installs_and_runs_services() -> Result<()> {
    check(Flavour::Sysv, "service hep-svc status")
}

#[test]
fn a_systemd_host_lets_in_installs_and_runs_services() -> Result<()> {
    check(Flavour::Systemd, "systemctl is-active hep-svc")
}

fn check(flavour: Flavour, status: &str) -> Result<()> {
    let host = Host::start(flavour, "web1")?;
    let login = host.ssh(&["hostname; id -u"])?;
    assert_eq!(String::from_utf8_lossy(&login.stdout), "web1\n0\n", "{login:?}");

    host.exec_ok(&["apt-get", "install", "-y", "hep-greeter=1.1", "hep-svc"])?;
    assert_eq!(host.exec_ok(&["hep-greeter"])?, "good day\n");
    host.shell(status)?;
    let log = host.read(aptrepo::SERVICE_LOG)?;
    assert_eq!(log.lines().count(), 1, "the daemon was started once: {log}");
    assert!(host.exists(aptrepo::LOOSE_DEB));

    let root_dir = host.root_dir();
    drop(host);
    assert!(!root_dir.exists(), "the host's init is gone");
    Ok(())
}
