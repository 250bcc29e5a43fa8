//! A real sshd on the loopback address for tests, with keys and mounts (an empty `/var/tmp`, to begin with) of its own.
//! Needs root, as sshd does.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

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
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
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

    fn wait(&self) {
        for _ in 0..200 {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        panic!("sshd does not start: {}", self.log());
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The file system as the server and the agents on it see it.
    pub(super) fn root(&self) -> PathBuf {
        format!("/proc/{}/root", self.sshd.id()).into()
    }

    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
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
