//! What Debian's way to a small agent needs: its rustc with the sources of the standard library, zig as the linker, and
//! cargo-zigbuild between them. What is not Debian's is pinned, since it links the program that becomes root everywhere.

use std::fs;

use crate::packages;
use crate::shell::{self, Failure};
use crate::workspace::Workspace;

/// The compiler and its sources: their versions match each other, which the toolchain's own sources need not.
const PACKAGES: [&str; 2] = ["rustc-web", "rust-web-src"];

/// The zig to install, by version and hash.
const ZIG: &str = include_str!("../zig-requirements.txt");

/// The version of cargo-zigbuild; crates.io keeps each as it is, and `--locked` those that it depends on.
const ZIGBUILD: &str = "0.24.1";

/// What the workspace is written for.
const NEEDED: &str = env!("CARGO_PKG_RUST_VERSION");

/// What is missing here to go this way, or nothing.
pub(crate) fn obstacle(workspace: &Workspace) -> Option<String> {
    let versions = PACKAGES.map(installed);
    let [Some(compiler), Some(sources)] = versions else {
        let offered = candidate(PACKAGES[0]).filter(|offered| is_too_old(offered));
        return Some(match offered {
            Some(offered) => too_old(&offered),
            None => "no rustc-web and rust-web-src: `cargo xtask dist --setup-musl`".to_owned(),
        });
    };
    if is_too_old(&compiler) {
        return Some(too_old(&compiler));
    }
    if compiler != sources {
        return Some(format!("rustc-web is {compiler}, but rust-web-src is {sources}"));
    }
    match pinned(workspace) {
        Pinned::Yes => None,
        Pinned::Missing => Some("no zig: `cargo xtask dist --setup-musl`".to_owned()),
        Pinned::Other => Some(
            "zig and cargo-zigbuild in target/tools are not those that are pinned: `cargo xtask dist --setup-musl`"
                .to_owned(),
        ),
    }
}

fn too_old(version: &str) -> String {
    format!("Debian's rustc-web here is {version}, and hep needs Rust {NEEDED}")
}

/// Installs it all: two Debian packages, and under target/tools zig as a wheel and cargo-zigbuild. Where Debian has no compiler
/// that is new enough nothing is installed, and [`obstacle`] says so to who looks for a way.
pub(crate) fn set_up(workspace: &Workspace) -> Result<(), Failure> {
    if !debian_is_ready() {
        // A list that is old names versions that are old, or gone.
        if let Err(failure) = packages::refresh() {
            shell::say(&format!("the package lists stay as they are: {failure}"));
        }
        match candidate(PACKAGES[0]) {
            Some(offered) if is_too_old(&offered) => {
                shell::say(&too_old(&offered));
                return Ok(());
            }
            Some(_) | None => packages::install(&PACKAGES)?,
        }
    }
    match pinned(workspace) {
        Pinned::Yes => Ok(()),
        Pinned::Missing | Pinned::Other => install_tools(workspace),
    }
}

fn debian_is_ready() -> bool {
    let [compiler, sources] = PACKAGES.map(installed);
    compiler.as_ref().is_some_and(|version| !is_too_old(version)) && compiler == sources
}

/// Whether the tools are there, and are the pinned ones.
#[derive(Debug, PartialEq, Eq)]
enum Pinned {
    Yes,
    Missing,
    Other,
}

/// All that is pinned, as it was when the tools were installed.
fn pins() -> String {
    format!("{ZIG}cargo-zigbuild {ZIGBUILD}\n")
}

fn pinned(workspace: &Workspace) -> Pinned {
    let tools = workspace.tools();
    if !tools.join("bin/cargo-zigbuild").exists() || !tools.join("zig/bin/python3").exists() {
        return Pinned::Missing;
    }
    match fs::read_to_string(tools.join("pins")) {
        Ok(found) if found == pins() => Pinned::Yes,
        Ok(_) | Err(_) => Pinned::Other,
    }
}

fn install_tools(workspace: &Workspace) -> Result<(), Failure> {
    let tools = workspace.tools();
    let (zig, stamp) = (tools.join("zig"), tools.join("pins"));
    // What is there says no longer what it is, until all of it is new.
    for path in [&stamp, &zig] {
        let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        match removed {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(shell::file_error("remove", path)(error)),
        }
    }
    if !shell::succeeds(shell::command("python3").args(["-c", "import ensurepip, venv"])) {
        packages::install(&["python3-venv"])?;
    }
    shell::run(shell::command("python3").args(["-m", "venv"]).arg(&zig))?;
    let mut pip = shell::command(zig.join("bin/python3"));
    pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:"]);
    pip.args(["--require-hashes", "-r"]).arg(workspace.root.join("xtask/zig-requirements.txt"));
    shell::run(&mut pip)?;
    let mut install = shell::cargo();
    install.args(["install", "--quiet", "--locked", "--force", "--version"]);
    install.arg(format!("={ZIGBUILD}")).args(["cargo-zigbuild", "--root"]).arg(&tools);
    shell::run(install.arg("--target-dir").arg(tools.join("build")))?;
    fs::write(&stamp, pins()).map_err(shell::file_error("write", &stamp))
}

fn installed(package: &str) -> Option<String> {
    let mut query = shell::command("dpkg-query");
    query.args(["-W", "-f", "${db:Status-Abbrev} ${Version}", package]);
    let answer = shell::output(&mut query).ok()?;
    answer.strip_prefix("ii").map(|version| version.trim().to_owned())
}

/// The version that apt would install, by the lists as they are.
fn candidate(package: &str) -> Option<String> {
    let mut policy = shell::command("apt-cache");
    policy.args(["policy", package]).env("LC_ALL", "C");
    candidate_in(&shell::output(&mut policy).ok()?)
}

fn candidate_in(policy: &str) -> Option<String> {
    let line = policy.lines().find_map(|line| line.trim().strip_prefix("Candidate: "));
    line.filter(|version| *version != "(none)").map(str::to_owned)
}

/// Major and minor number of a Rust.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Version(u32, u32);

impl Version {
    /// `1.88`, or Debian's `1.85.0+dfsg3-1~deb12u3`.
    fn read(text: &str) -> Option<Version> {
        let (_, text) = text.split_once(':').unwrap_or(("", text));
        let mut numbers = text.split(|c: char| !c.is_ascii_digit()).map(str::parse);
        Some(Version(numbers.next()?.ok()?, numbers.next()?.ok()?))
    }
}

/// One that nobody can read is taken for new: cargo has the last word.
fn is_too_old(version: &str) -> bool {
    match (Version::read(version), Version::read(NEEDED)) {
        (Some(found), Some(needed)) => found < needed,
        (Some(_) | None, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(Version::read("1.85.0+dfsg3-1~deb12u3"), Some(Version(1, 85)));
        assert_eq!(Version::read("1:2.3-4"), Some(Version(2, 3)));
        assert_eq!(Version::read("1.100.0").max(Version::read("1.99.0")), Some(Version(1, 100)));
        assert_eq!(Version::read("unknown"), None);
        assert!(is_too_old("1.63.0+dfsg1-2") && is_too_old("1.85.0+dfsg3-1~deb12u3"));
        assert!(!is_too_old("1.96.0+dfsg1-1~deb12u2") && !is_too_old(NEEDED));
    }

    #[test]
    fn what_apt_would_install_is_read() {
        let policy = "rustc-web:\n  Installed: (none)\n  Candidate: 1.85.0+dfsg3-1~deb12u3\n  Version table:\n";
        assert_eq!(candidate_in(policy).as_deref(), Some("1.85.0+dfsg3-1~deb12u3"));
        assert_eq!(candidate_in("rustc-web:\n  Candidate: (none)\n"), None);
        assert_eq!(candidate_in(""), None);
    }

    #[test]
    fn tools_are_taken_only_as_they_are_pinned() {
        let root = std::env::temp_dir().join(format!("hep-xtask-{}", std::process::id()));
        let workspace = Workspace { root: root.clone(), target: root.join("target") };
        let tools = workspace.tools();
        assert_eq!(pinned(&workspace), Pinned::Missing);
        for file in ["bin/cargo-zigbuild", "zig/bin/python3"] {
            fs::create_dir_all(tools.join(file).parent().unwrap()).unwrap();
            fs::write(tools.join(file), "").unwrap();
        }
        assert_eq!(pinned(&workspace), Pinned::Other);
        fs::write(tools.join("pins"), pins().replace("0.17", "0.16")).unwrap();
        assert_eq!(pinned(&workspace), Pinned::Other);
        fs::write(tools.join("pins"), pins()).unwrap();
        assert_eq!(pinned(&workspace), Pinned::Yes);
        fs::remove_dir_all(&root).unwrap();
    }

    #[test]
    fn each_pin_has_a_version_and_a_hash() {
        assert!(ZIG.contains("ziglang==") && ZIG.matches("--hash=sha256:").count() == 2, "{ZIG}");
    }
}
