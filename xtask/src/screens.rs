//! `cargo xtask screens`: hep at a terminal of 100 columns, on a throwaway host; what is seen there becomes docs/screens/*.svg.
//! The fleet of forty is forty names of that host: what is shown is hep's screen, not the hosts.

mod svg;
mod terminal;

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use hep_tests::{Flavour, Host};

use crate::demo;
use crate::shell::{self, Failure};
use crate::workspace::Workspace;

/// What the hosts shall be.
const SITE: &str = "\
- name: make the place of the site
  file: {dest: '/srv/{{ host }}', action: directory, mode: 755}
- name: place the page
  file: {dest: '/srv/{{ host }}/index.html', content: \"Hello from {{ host }}\\n\", mode: 644}
- name: warm up
  command: {argv: [sleep, '0.4']}
";

/// The same with another page.
const NEXT: &str = "\
- name: make the place of the site
  file: {dest: '/srv/{{ host }}', action: directory, mode: 755}
- name: place the page
  file: {dest: '/srv/{{ host }}/index.html', content: \"Good morning from {{ host }}\\n\", mode: 640}
";

/// A manifest that fails on one host.
const BROKEN: &str = "\
- name: make the place of the site
  file: {dest: '/srv/{{ host }}', action: directory, mode: 755}
- name: test the configuration
  command: {argv: [ls, '/srv/{{ host }}/site.conf']}
- name: never reached
  file: {dest: '/srv/{{ host }}/done', content: \"done\\n\"}
";

/// Makes all captures anew.
pub(crate) fn screens(workspace: &Workspace) -> Result<(), Failure> {
    let hep = match std::env::var_os("HEP_BIN") {
        // It is run in another directory.
        Some(hep) => {
            std::path::absolute(hep).map_err(shell::file_error("find", Path::new("HEP_BIN")))?
        }
        None => {
            demo::build(workspace)?;
            workspace.debug_hep()
        }
    };
    hep_tests::ensure_tools().map_err(demo::harness)?;
    hep_tests::tools::ensure_root().map_err(demo::harness)?;
    let host = Host::start(Flavour::Sysv, "web1").map_err(demo::harness)?;
    // Forty names log in at the same sshd, which would refuse some of them by chance.
    let patient =
        "echo 'MaxStartups 100' >> /etc/ssh/sshd_config && kill -HUP $(cat /run/sshd.pid)";
    host.exec_ok(&["sh", "-c", patient]).map_err(demo::harness)?;
    let place = workspace.target.join("screens");
    write_files(&place, &host)?;
    let stage = Stage { hep: &hep, place: &place, pictures: workspace.root.join("docs/screens") };
    stage.capture("one-host", "hep push -i one site.yml")?;
    stage.capture("check", "hep push -i one --check --diff next.yml")?;
    stage.capture("failure", "hep push -i one broken.yml")?;
    stage.capture("forty-hosts", "hep push -i forty --forks 10 --connect-timeout 20 site.yml")?;
    Ok(())
}

fn write_files(place: &Path, host: &Host) -> Result<(), Failure> {
    let ssh = place.join("home/.ssh");
    fs::create_dir_all(&ssh).map_err(shell::file_error("create", &ssh))?;
    let private = fs::Permissions::from_mode(0o700);
    fs::set_permissions(&ssh, private).map_err(shell::file_error("protect", &ssh))?;
    demo::write(&ssh.join("known_hosts"), host.known_hosts())?;
    demo::write(&place.join("one"), &demo::inventory_line(host))?;
    let mut forty = String::new();
    for n in 1..=40 {
        // Nobody listens there.
        let port = if n == 17 { 9 } else { host.port() };
        let (address, key) = (host.addr(), host.private_key().display());
        // Writing to a String cannot fail.
        let _ = writeln!(forty, "web{n:02} host={address} port={port} user=root private_key={key}");
    }
    demo::write(&place.join("forty"), &forty)?;
    for (name, text) in [("site.yml", SITE), ("next.yml", NEXT), ("broken.yml", BROKEN)] {
        demo::write(&place.join(name), text)?;
    }
    Ok(())
}

/// Where captures are made.
struct Stage<'a> {
    hep: &'a Path,
    place: &'a Path,
    pictures: PathBuf,
}

impl Stage<'_> {
    /// Runs what a person would type, and keeps what is seen; of a longer run also what was seen midway.
    fn capture(&self, name: &str, typed: &str) -> Result<(), Failure> {
        let hep = self.hep.display().to_string();
        let line = typed.replacen("hep", &hep, 1);
        let mut script = shell::command("script");
        let inner = format!("stty cols {} rows 40; {line}", terminal::COLUMNS);
        script.args(["-q", "-c", &inner, "/dev/null"]).current_dir(self.place);
        script.env("HOME", self.place.join("home")).env("TERM", "xterm-256color");
        script.env_remove("NO_COLOR").env_remove("COLUMNS").env_remove("SSH_AUTH_SOCK");
        shell::say(&format!("$ {typed}"));
        let seen = shell::output(&mut script)?;
        self.draw(name, typed, &seen)?;
        let redraws: Vec<usize> = seen.match_indices("\u{1b}[K").map(|(at, _)| at).collect();
        if name == "forty-hosts" {
            let busy = |at: &&usize| seen.get(..**at).is_some_and(midway);
            let busy: Vec<&usize> = redraws.iter().filter(busy).collect();
            if let Some(part) = busy.get(busy.len() / 2).and_then(|at| seen.get(..**at)) {
                self.draw("progress", typed, part)?;
            }
        }
        Ok(())
    }

    fn draw(&self, name: &str, typed: &str, seen: &str) -> Result<(), Failure> {
        let lines = terminal::lines(&format!("\u{1b}[1m$ {typed}\u{1b}[0m\n{seen}"))
            .map_err(|what| Failure::Told(format!("{name}: {what}")))?;
        fs::create_dir_all(&self.pictures).map_err(shell::file_error("create", &self.pictures))?;
        demo::write(&self.pictures.join(format!("{name}.svg")), &svg::picture(&lines))
    }
}

/// Whether the last that was drawn is a status line about hosts that run.
fn midway(seen: &str) -> bool {
    seen.rsplit('\r').next().is_some_and(|line| line.contains(" running; "))
}
