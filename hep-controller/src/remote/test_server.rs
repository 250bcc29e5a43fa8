//! A real sshd on the loopback address for tests, with keys and mounts (an empty `/var/tmp`, to begin with) of its own.
//! Needs root, as sshd does.

use super::askpass;
use std::fs::{self, File};
use std::io::Read as _;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Asks at hep's door, as hep does when `ssh` starts it.
const VISITOR: &str = "#!/usr/bin/perl
use Socket;
socket(my $door, AF_UNIX, SOCK_STREAM, 0) or exit 1;
connect($door, pack('S a*', AF_UNIX, \"\\0$ENV{HEP_ASKPASS}\")) or exit 1;
syswrite($door, $ARGV[0]);
shutdown($door, 1);
my $answer = join '', <$door>;
$answer =~ s/^\\x01// or exit 1;
print \"$answer\\n\";
";

/// Ends with its owner.
pub(super) struct Server {
    pub(super) port: u16,
    pub(super) directory: tempfile::TempDir,
    sshd: Child,
}

impl Server {
    pub(super) fn start() -> Server {
        Server::with("", "true")
    }

    /// With lines added to sshd_config(5), in which `DIR` is the server's directory, and a command that runs before it in the same mount namespace, where
    /// `$DIR` is the server's directory.
    pub(super) fn with(config: &str, before: &str) -> Server {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        keygen(&path.join("host"), "ed25519", "");
        keygen(&path.join("user"), "ed25519", "");
        fs::copy(path.join("user.pub"), path.join("authorized")).unwrap();
        fs::create_dir_all("/run/sshd").unwrap();
        let port = free_port();
        let at = path.display();
        let config = config.replace("DIR", &at.to_string());
        let sftp = if config.contains("Subsystem") { "" } else { "Subsystem sftp internal-sftp" };
        // First come, first served: the test's lines win.
        let text = format!(
            "{config}\nListenAddress 127.0.0.1:{port}\nHostKey {at}/host\nAuthorizedKeysFile {at}/authorized\n\
             PermitRootLogin yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nUsePAM no\n\
             StrictModes no\nPidFile none\nPrintMotd no\nUseDNS no\n{sftp}\n"
        );
        fs::write(path.join("config"), text).unwrap();
        let script = format!(
            "mount -t tmpfs tmpfs /var/tmp && {before} && exec /usr/sbin/sshd -D -E {at}/log -f {at}/config"
        );
        let sshd = Command::new("unshare")
            .args(["--mount", "sh", "-c", &script])
            .env("DIR", path)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let server = Server { port, directory, sshd };
        server.wait();
        server
    }

    /// Goes by what it says itself: whoever else has got hold of the port would take a connection too, and each that is made
    /// counts among those that have not logged in (MaxStartups).
    fn wait(&self) {
        let listens = format!("Server listening on 127.0.0.1 port {}.", self.port);
        for _ in 0..1200 {
            if self.log().contains(&listens) {
                return;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        panic!("sshd does not start: {}", self.log());
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A program in the server's directory.
    pub(super) fn program(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        path
    }

    /// Whatever `ssh` asks in this process comes to hep's door, for as long as the server is there.
    pub(super) fn answers_at_heps_door(&self) {
        let visitor = self.program("visitor", VISITOR);
        let _ = askpass::tests::PROGRAM.set(visitor.display().to_string());
    }

    /// The file system as the server and the agents on it see it.
    pub(super) fn root(&self) -> PathBuf {
        format!("/proc/{}/root", self.sshd.id()).into()
    }

    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }
}

/// One that no connection of another test is given meanwhile: below those that the system gives out by itself (ip(7),
/// ip_local_port_range), which begin at 32768 where nobody has changed that.
fn free_port() -> u16 {
    let mut random = [0; 2];
    loop {
        File::open("/dev/urandom").unwrap().read_exact(&mut random).unwrap();
        let port = 20_000 + u16::from_ne_bytes(random) % 12_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.sshd.kill();
        let _ = self.sshd.wait();
    }
}

pub(super) fn keygen(file: &Path, kind: &str, passphrase: &str) {
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", kind, "-N", passphrase, "-C", "test", "-f"])
        .arg(file)
        .status();
    assert!(made.unwrap().success());
}
