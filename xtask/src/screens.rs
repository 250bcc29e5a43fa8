//! `cargo xtask screens`: runs the commands of docs/screens.md on a throwaway host, and writes what hep prints below each.
//! The fleet of forty is forty names of that host: what is shown is hep's report, not the hosts.

use std::fs;
use std::path::Path;

use hep_tests::{Flavour, Host};

use crate::demo;
use crate::shell::{self, Failure};
use crate::workspace::Workspace;

const MANIFESTS: [(&str, &str); 3] = [
    ("site.yml", include_str!("screens/site.yml")),
    ("next.yml", include_str!("screens/next.yml")),
    ("broken.yml", include_str!("screens/broken.yml")),
];

/// Runs every command of the page again.
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
    let page = workspace.root.join("docs/screens.md");
    let old = fs::read_to_string(&page).map_err(shell::file_error("read", &page))?;
    let new = with_output(&old, |typed| seen(&hep, &place, typed))?;
    demo::write(&page, &new)
}

/// The page with the output of each command in a block that begins with `$ `.
fn with_output(
    page: &str,
    run: impl Fn(&str) -> Result<String, Failure>,
) -> Result<String, Failure> {
    let mut blocks = page.split("```console\n$ ");
    let mut text = blocks.next().unwrap_or_default().to_owned();
    for block in blocks {
        let (shown, after) = block.split_once("```\n").unwrap_or((block, ""));
        let typed = shown.lines().next().unwrap_or_default();
        text.push_str(&format!("```console\n$ {typed}\n{}```\n{after}", run(typed)?));
    }
    Ok(text)
}

/// What hep prints, however it ends.
fn seen(hep: &Path, place: &Path, typed: &str) -> Result<String, Failure> {
    shell::say(&format!("$ {typed}"));
    let line = typed.replacen("hep", &hep.display().to_string(), 1);
    let mut sh = shell::command("sh");
    sh.args(["-c", &format!("{line} 2>&1; true")]).current_dir(place);
    sh.env("HOME", place.join("home")).env_remove("SSH_AUTH_SOCK");
    shell::output(&mut sh)
}

fn write_files(place: &Path, host: &Host) -> Result<(), Failure> {
    demo::operator(place, host.known_hosts(), &demo::inventory_line(host))?;
    let name = |n: u32| {
        // Nobody listens there.
        let port = if n == 17 { 9 } else { host.port() };
        let (address, key) = (host.addr(), host.private_key().display());
        format!("web{n:02} host={address} port={port} user=root private_key={key}\n")
    };
    demo::write(&place.join("forty"), &(1..=40).map(name).collect::<String>())?;
    MANIFESTS.iter().try_for_each(|(name, text)| demo::write(&place.join(name), text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_output_of_each_command_is_replaced() {
        let page = "# A\n\n```console\n$ hep one\nold\nlines\n```\n\nB:\n\n```console\n$ hep two\n```\nC\n";
        let expected = "# A\n\n```console\n$ hep one\nhep one!\n```\n\nB:\n\n```console\n$ hep two\nhep two!\n```\nC\n";
        assert_eq!(with_output(page, |typed| Ok(format!("{typed}!\n"))).unwrap(), expected);
    }
}
