//! `cargo xtask demo`: pushes the example to two throwaway hosts, one SysV and one systemd, once with --check and twice
//! without, and fetches the page they serve. Around hep's own output there are only headings and the commands as typed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use hep_tests::host::Page;
use hep_tests::{Flavour, Host};

use crate::agents::{self, Libc, Machine, Wanted};
use crate::packages;
use crate::shell::{self, Failure};
use crate::workspace::Workspace;

const MANIFEST: &str = "examples/manifests/manifest.yml";
/// What examples/app/index.php prints.
const GREETING: &str = "Hello, world!";

/// Runs the demo. It takes a few minutes, the first time somewhat more.
pub(crate) fn demo(workspace: &Workspace) -> Result<(), Failure> {
    build(workspace)?;
    hep_tests::ensure_tools().map_err(harness)?;
    hep_tests::tools::ensure_root().map_err(harness)?;
    heading("Two Debian hosts: web1 with SysV init, web2 with systemd");
    let begun = Instant::now();
    let hosts = boot()?;
    shell::say(&format!("both are up after {:.1} s", begun.elapsed().as_secs_f64()));
    let place = workspace.target.join("demo");
    let known: String =
        hosts.iter().map(|host| format!("{}\n", host.known_hosts().trim_end())).collect();
    operator(&place, &known, &hosts.iter().map(inventory_line).collect::<String>())?;

    heading("Check: what a push would change");
    push(workspace, &place, &["--check"])?;
    heading("The push");
    push(workspace, &place, &[])?;
    heading("A second push: no changes except the restart, which this manifest always performs");
    push(workspace, &place, &[])?;

    heading("What the hosts serve");
    let pages: Result<Vec<_>, _> = hosts.iter().map(page).collect();
    let pages = pages?;
    show(&hosts, &pages);
    shell::say("\nThe hosts are removed now. The hep you saw is target/debug/hep.");
    let good = |page: &Page| page.status == 200 && page.body.contains(GREETING);
    if pages.iter().all(good) {
        Ok(())
    } else {
        Err(Failure::Told(format!("not every host says `{GREETING}`")))
    }
}

/// The hep of the dev profile with the static agent inside: what users get, but built in half the time.
pub(crate) fn build(workspace: &Workspace) -> Result<(), Failure> {
    packages::ensure(packages::COMPILING)?;
    packages::ensure(packages::OPENSSL)?;
    agents::build(workspace, &Wanted::Exactly(vec![Machine::own()?]), Libc::Any)?;
    let mut build = shell::cargo();
    build.args(["build", "--workspace", "--bins"]);
    shell::run(build.env("HEP_AGENTS_DIR", workspace.agents()))
}

fn boot() -> Result<[Host; 2], Failure> {
    let sysv = thread::spawn(|| Host::start(Flavour::Sysv, "web1"));
    let systemd = Host::start(Flavour::Systemd, "web2").map_err(harness)?;
    let sysv = sysv.join().map_err(|_| Failure::Told("the SysV host's thread broke".to_owned()))?;
    Ok([sysv.map_err(harness)?, systemd])
}

/// The files of an operator: the hosts file, and a home for hep with its known_hosts, so that the developer's stay out.
pub(crate) fn operator(place: &Path, known_hosts: &str, hosts: &str) -> Result<(), Failure> {
    let ssh = place.join("home/.ssh");
    fs::create_dir_all(&ssh).map_err(shell::file_error("create", &ssh))?;
    let private = fs::Permissions::from_mode(0o700);
    fs::set_permissions(&ssh, private).map_err(shell::file_error("protect", &ssh))?;
    write(&ssh.join("known_hosts"), known_hosts)?;
    write(&place.join("hosts"), hosts)
}

pub(crate) fn inventory_line(host: &Host) -> String {
    let key = host.private_key().display();
    format!(
        "{} host={} port={} user=root private_key={key}\n",
        host.name(),
        host.addr(),
        host.port()
    )
}

pub(crate) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(shell::file_error("write", path))
}

/// Runs `hep push` with its output live, and shows how it ended.
fn push(workspace: &Workspace, place: &Path, flags: &[&str]) -> Result<(), Failure> {
    let mut hep: Command = shell::command(workspace.debug_hep());
    hep.arg("push").args(flags).arg("-i").arg(place.join("hosts")).arg(MANIFEST);
    // The runner does not show it: no user would type it.
    shell::run(hep.env("HOME", place.join("home")))
}

/// Asks for the page until the restarted server answers, ten seconds at most.
fn page(host: &Host) -> Result<Page, Failure> {
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        match host.http_get("/") {
            Ok(page) => return Ok(page),
            Err(error) if Instant::now() > until => return Err(harness(error)),
            Err(_) => thread::sleep(Duration::from_millis(100)),
        }
    }
}

fn show(hosts: &[Host], pages: &[Page]) {
    for (host, page) in hosts.iter().zip(pages) {
        let flavour = host.flavour().name();
        shell::say(&format!("$ curl http://{}/        # {}, {flavour}", host.addr(), host.name()));
        shell::say(page.body.trim_end());
    }
}

fn heading(text: &str) {
    shell::say(&format!("\n== {text}\n"));
}

pub(crate) fn harness(error: hep_tests::Error) -> Failure {
    Failure::Told(error.to_string())
}
