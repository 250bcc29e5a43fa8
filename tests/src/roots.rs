//! The roots that hosts stand on: made once with mmdebstrap, kept under `target/hosts/roots`, never changed.
//!
//! A root's name holds a hash of its recipe; a changed recipe makes a new root beside the old.

use crate::error::{Doing as _, Error, Result, run, say};
use crate::lock::Lock;
use crate::{aptrepo, hosts_dir, keys, machine, tools};
use std::fs::{self, Permissions};
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// The init system of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flavour {
    /// sysvinit as PID 1, scripts in `/etc/init.d` linked by insserv; no systemd.
    Sysv,
    /// systemd as PID 1.
    Systemd,
}

impl Flavour {
    /// The name in paths and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sysv => "sysv",
            Self::Systemd => "systemd",
        }
    }

    fn packages(self) -> &'static str {
        match self {
            Self::Sysv => "sysvinit-core,sysv-rc,insserv,initscripts",
            Self::Systemd => "systemd-sysv,dbus",
        }
    }

    /// What only this init needs done in the root.
    fn settings(self) -> &'static str {
        match self {
            // No terminals, hence no gettys; and nothing may bring systemd in as a recommendation.
            Self::Sysv => {
                "sed -i '/getty/d' \"$root/etc/inittab\"
printf 'Package: systemd-sysv\\nPin: release *\\nPin-Priority: -1\\n' > \"$root/etc/apt/preferences.d/sysv\"
"
            }
            // Timers would take dpkg's lock or the processor at a moment no test expects.
            Self::Systemd => {
                "for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \\
  fstrim.timer man-db.timer systemd-tmpfiles-clean.timer console-getty.service systemd-firstboot.service; do
  ln -sf /dev/null \"$root/etc/systemd/system/$unit\"
done
"
            }
        }
    }
}

/// In every root, beside Debian's minimal base.
const PACKAGES: &str =
    "openssh-server,openssh-sftp-server,procps,iproute2,curl,sudo,opendoas,strace,less,apt-utils";

/// Their packages lie in apt's cache on every host, so that installing them downloads nothing.
pub const PREFETCHED: &[&str] = &[
    "apache2",
    "haproxy",
    "libapache2-mod-php",
    "memcached",
    "nginx-light",
    "php",
    "redis-server",
    "sudo",
];

/// The root of a flavour, built now if it is not there. Safe to call from many processes at once.
pub fn ensure(flavour: Flavour) -> Result<PathBuf> {
    tools::ensure_tools()?;
    tools::ensure_root()?;
    let recipe = Recipe::of(flavour)?;
    let roots = hosts_dir().join("roots");
    let root = roots.join(format!("{}-{:016x}", flavour.name(), recipe.hash()));
    if !root.exists() {
        let _lock = Lock::wait(&roots.join(format!("{}.lock", flavour.name())))?;
        if !root.exists() {
            recipe.build(&root)?;
        }
    }
    Ok(root)
}

#[derive(Hash)]
struct Recipe {
    flavour: Flavour,
    suite: String,
    sources: Vec<String>,
    apt_conf: Vec<String>,
}

impl Recipe {
    fn of(flavour: Flavour) -> Result<Self> {
        let (suite, sources, apt_conf) =
            (machine::codename()?, machine::sources()?, machine::apt_conf()?);
        Ok(Self { flavour, suite, sources, apt_conf })
    }

    /// Covers the text of the files that shape a root, so that editing one is never forgotten.
    fn hash(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash_into(&mut hasher);
        hasher.finish()
    }

    fn hash_into(&self, hasher: &mut DefaultHasher) {
        Hash::hash(self, hasher);
        (include_str!("roots.rs"), include_str!("aptrepo.rs"), include_str!("keys.rs"))
            .hash(hasher);
    }

    fn build(&self, root: &Path) -> Result<()> {
        let started = Instant::now();
        let name = self.flavour.name();
        say(&format!("building the {name} root (once, about a minute) ..."));
        let work = root.with_extension("building");
        // What an interrupted build left is of no use.
        run(Command::new("rm").arg("-rf").arg("--one-file-system").arg(&work))?;
        let tree = work.join("root");
        aptrepo::build(&work.join("srv"))?;
        let write = |name: &str, text: &str| {
            let path = work.join(name);
            fs::write(&path, text).doing(|| format!("write {}", path.display())).map(|()| path)
        };
        let sources = write("debian.list", &(self.sources.join("\n") + "\n"))?;
        write("apt.conf", &(self.apt_conf.join("\n") + "\n"))?;
        let customize = write("customize", &self.customize())?;
        fs::set_permissions(&customize, Permissions::from_mode(0o755))
            .doing(|| format!("make {} executable", customize.display()))?;
        self.mmdebstrap(&tree, &sources, &customize)?;
        prune(root, self.flavour)?;
        fs::rename(&tree, root).doing(|| format!("move the new root to {}", root.display()))?;
        run(Command::new("rm").arg("-rf").arg(&work))?;
        say(&format!("built the {name} root in {:.0} s", started.elapsed().as_secs_f64()));
        Ok(())
    }

    fn mmdebstrap(&self, tree: &Path, sources: &Path, customize: &Path) -> Result<()> {
        let mut command = Command::new("mmdebstrap");
        // The package lists and the packages themselves stay, for apt on the hosts.
        command.args(["--quiet", "--mode=root", "--variant=minbase", "--format=directory"]);
        command.arg("--skip=cleanup/apt").arg("--dpkgopt=force-unsafe-io");
        command.args(self.apt_conf.iter().map(|line| format!("--aptopt={line}")));
        command.arg(format!("--include={},{}", PACKAGES, self.flavour.packages()));
        command.arg(format!("--customize-hook={}", customize.display()));
        run(command.arg(&self.suite).arg(tree).arg(sources))
            .map(drop)
            .map_err(|e| Error::new(format!("cannot build the {} root\n{e}", self.flavour.name())))
    }

    /// The script that mmdebstrap runs with the new root as its argument, before it is closed.
    fn customize(&self) -> String {
        let (user, password) = (keys::USER, keys::PASSWORD);
        let (prefetched, settings) = (PREFETCHED.join(" "), self.flavour.settings());
        let repo = aptrepo::ON_HOST;
        format!(
            "#!/bin/sh
set -eu
root=$1
here=$(dirname \"$0\")
chroot \"$root\" apt-get clean
cp -a \"$here\"/srv/. \"$root/srv\"
echo 'deb [trusted=yes] file:{repo} ./' > \"$root/etc/apt/sources.list.d/hep.list\"
echo 'deb-src [trusted=yes] file:{repo} ./' >> \"$root/etc/apt/sources.list.d/hep.list\"
# Behind https the mirror is known by the machine's certificates.
if grep -q 'https:' \"$root\"/etc/apt/sources.list.d/*; then
  install -D -m 644 /etc/ssl/certs/ca-certificates.crt \"$root/etc/ssl/certs/ca-certificates.crt\"
fi
chroot \"$root\" apt-get -q update
# While mmdebstrap is at work it has recommendations turned off in the root; on a host they are on.
chroot \"$root\" apt-get -q install -y --download-only -o APT::Install-Recommends=true {prefetched}
chroot \"$root\" useradd --create-home --shell /bin/bash --groups sudo {user}
printf 'root:{password}\\n{user}:{password}\\n' | chroot \"$root\" chpasswd
cat > \"$root/etc/ssh/sshd_config.d/hep-tests.conf\" <<'EOF'
PermitRootLogin yes
PasswordAuthentication yes
UseDNS no
MaxStartups 500
MaxSessions 100
LogLevel VERBOSE
EOF
printf '#!/bin/sh\\nexit 0\\n' > \"$root/etc/rc.local\"
{settings}"
        )
    }
}

/// Removes the roots of former recipes that no living host stands on; the caller holds the flavour's lock.
fn prune(new: &Path, flavour: Flavour) -> Result<()> {
    let roots = new.parent().unwrap_or(new);
    let mounts = fs::read_to_string("/proc/mounts").doing(|| "read /proc/mounts".to_owned())?;
    for entry in fs::read_dir(roots).doing(|| format!("read {}", roots.display()))?.flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        let former = name.starts_with(&format!("{}-", flavour.name())) && !name.contains('.');
        if former && path != new && !mounts.contains(&format!("lowerdir={},", path.display())) {
            run(Command::new("rm").arg("-rf").arg("--one-file-system").arg(&path))?;
        }
    }
    Ok(())
}
