//! What the host is, from files and uname(2); no process is started.

use hep_protocol::facts::{Facts, Init};
use std::collections::HashMap;
use std::process::ExitCode;

/// `hep-agent facts`.
pub(crate) fn main() -> ExitCode {
    match serde_json::to_string_pretty(&gather()) {
        Ok(text) => crate::apply::say(&text),
        Err(error) => crate::apply::refuse(&format!("hep-agent: cannot show the facts: {error}")),
    }
}

/// The host's facts. What the host does not tell is empty.
pub(crate) fn gather() -> Facts {
    let (hostname, kernel, arch) = crate::sys::linux::uname();
    // os-release(5): the second is the vendor's copy, read when the first is missing.
    let release = ["/etc/os-release", "/usr/lib/os-release"]
        .iter()
        .find_map(|path| std::fs::read_to_string(path).ok())
        .unwrap_or_default();
    let mut os = parse_os_release(&release);
    let mut take = |key: &str| os.remove(key).unwrap_or_default();
    Facts {
        hostname,
        kernel,
        arch,
        os_id: take("ID"),
        os_version: take("VERSION_ID"),
        os_codename: take("VERSION_CODENAME"),
        init: init(),
    }
}

/// What manages services: sd_booted(3) tells by this directory, whatever else is installed.
pub(crate) fn init() -> Init {
    if std::path::Path::new("/run/systemd/system").is_dir() { Init::Systemd } else { Init::Sysv }
}

fn parse_os_release(text: &str) -> HashMap<&str, String> {
    text.lines()
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| (key.trim(), value.trim().trim_matches(['"', '\'']).to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_of_os_release_are_not_part_of_the_value() {
        let os = parse_os_release("# c\nID=debian\nVERSION_ID=\"12\"\n\nNAME='x y'\n");
        assert_eq!(
            (os["ID"].as_str(), os["VERSION_ID"].as_str(), os["NAME"].as_str()),
            ("debian", "12", "x y")
        );
    }
}
