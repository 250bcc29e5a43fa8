//! A small apt repository of packages that behave well, badly and slowly, built by Debian's own tools.
//!
//! Every host has it at [`ON_HOST`], known to apt; [`LOOSE_DEB`] lies beside it and is in no repository.
//!
//! | package | what it is for |
//! |---|---|
//! | `hep-greeter` 1.0, 1.1, 2.0 | versions; `/etc/hep-greeter.conf` is a conffile that differs in each |
//! | `hep-mail-a`, `hep-mail-b` | both provide `hep-mail-agent` and conflict with each other |
//! | `hep-broken` | its postinst complains on stderr and exits 1 |
//! | `hep-slow` | its postinst takes 25 seconds and prints a line in each |
//! | `hep-svc` | a daemon with an init script and a unit; started by its postinst |
//! | `hep-user` | its postinst makes the system user `hepd` and `/etc/hep-user/hep-user.conf` |
//! | `hep-needs` | depends on `hep-greeter (>= 2.0)` |
//! | `hep-conflict` | installing it removes `hep-greeter` |
//! | `hep-source` | a source package that build-depends on `hep-greeter` |

use crate::error::{Doing as _, Result, run, run_args};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

/// Where the repository lies on a host.
pub const ON_HOST: &str = "/srv/hep-repo";

/// A package on the host that apt has not heard of.
pub const LOOSE_DEB: &str = "/srv/hep-loose_1.0_all.deb";

/// The log that `hep-svc` appends `start PID` to when its daemon starts and `reload PID` on SIGHUP.
///
/// The start's line is there when the service manager or the init script says that it has started.
pub const SERVICE_LOG: &str = "/var/log/hep-svc.log";

/// A file of a package: path below the root, mode, text.
type PackageFile = (&'static str, u32, &'static str);

struct Package {
    name: &'static str,
    version: &'static str,
    /// Further lines of deb-control(5).
    control: &'static str,
    /// What goes into the package; what is below `DEBIAN/` are its maintainer scripts.
    files: &'static [PackageFile],
}

const PACKAGES: &[Package] = &[
    greeter(
        "1.0",
        &[GREETER, GREETER_CONFFILES, ("etc/hep-greeter.conf", 0o644, "greeting=hello\n")],
    ),
    greeter(
        "1.1",
        &[GREETER, GREETER_CONFFILES, ("etc/hep-greeter.conf", 0o644, "greeting='good day'\n")],
    ),
    greeter(
        "2.0",
        &[
            GREETER,
            GREETER_CONFFILES,
            ("etc/hep-greeter.conf", 0o644, "# since 2.0\ngreeting=welcome\n"),
        ],
    ),
    Package {
        name: "hep-mail-a",
        version: "1.0",
        control: "Provides: hep-mail-agent\nConflicts: hep-mail-agent\nReplaces: hep-mail-agent\n",
        files: &[],
    },
    Package {
        name: "hep-mail-b",
        version: "1.0",
        control: "Provides: hep-mail-agent\nConflicts: hep-mail-agent\nReplaces: hep-mail-agent\n",
        files: &[],
    },
    Package {
        name: "hep-broken",
        version: "1.0",
        control: "",
        files: &[("DEBIAN/postinst", 0o755, BROKEN)],
    },
    Package {
        name: "hep-slow",
        version: "1.0",
        control: "",
        files: &[("DEBIAN/postinst", 0o755, SLOW)],
    },
    Package {
        name: "hep-svc",
        version: "1.0",
        control: "Depends: init-system-helpers\n",
        files: &[
            ("usr/sbin/hep-svc", 0o755, SERVICE_DAEMON),
            ("etc/init.d/hep-svc", 0o755, SERVICE_INIT),
            ("lib/systemd/system/hep-svc.service", 0o644, SERVICE_UNIT),
            ("DEBIAN/conffiles", 0o644, "/etc/init.d/hep-svc\n"),
            ("DEBIAN/postinst", 0o755, SERVICE_POSTINST),
            ("DEBIAN/prerm", 0o755, SERVICE_PRERM),
            ("DEBIAN/postrm", 0o755, SERVICE_POSTRM),
        ],
    },
    Package {
        name: "hep-user",
        version: "1.0",
        control: "Depends: passwd\n",
        files: &[("DEBIAN/postinst", 0o755, USER)],
    },
    Package {
        name: "hep-needs",
        version: "1.0",
        control: "Depends: hep-greeter (>= 2.0)\n",
        files: &[],
    },
    Package {
        name: "hep-conflict",
        version: "1.0",
        control: "Conflicts: hep-greeter\n",
        files: &[],
    },
];

const LOOSE: Package = Package {
    name: "hep-loose",
    version: "1.0",
    control: "",
    files: &[("usr/share/hep-loose/loose.txt", 0o644, "from a loose package\n")],
};

const fn greeter(version: &'static str, files: &'static [PackageFile]) -> Package {
    Package { name: "hep-greeter", version, control: "", files }
}

const GREETER: PackageFile =
    ("usr/bin/hep-greeter", 0o755, "#!/bin/sh\n. /etc/hep-greeter.conf\necho \"$greeting\"\n");
const GREETER_CONFFILES: PackageFile = ("DEBIAN/conffiles", 0o644, "/etc/hep-greeter.conf\n");

const BROKEN: &str = "#!/bin/sh
echo 'hep-broken: the moon is in the wrong phase' >&2
exit 1
";

const SLOW: &str = "#!/bin/sh
[ \"$1\" = configure ] || exit 0
for i in $(seq 25); do echo \"hep-slow: step $i of 25\"; sleep 1; done
";

const USER: &str = "#!/bin/sh
set -e
getent passwd hepd >/dev/null || useradd --system --home-dir /nonexistent --shell /usr/sbin/nologin hepd
mkdir -p /etc/hep-user
[ -e /etc/hep-user/hep-user.conf ] || echo 'owner=hepd' > /etc/hep-user/hep-user.conf
chown hepd /etc/hep-user/hep-user.conf
";

const SERVICE_DAEMON: &str = "#!/bin/sh
log() { echo \"$1 $$\" >> /var/log/hep-svc.log; }
trap 'log reload' HUP
trap 'kill $!; exit 0' TERM
log start
touch /run/hep-svc.ready
while :; do sleep 3600 & wait; kill $!; done
";

const SERVICE_INIT: &str = "#!/bin/sh
### BEGIN INIT INFO
# Provides:          hep-svc
# Required-Start:    $remote_fs
# Required-Stop:     $remote_fs
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: a daemon for hep's tests
### END INIT INFO
DAEMON=/usr/sbin/hep-svc
PIDFILE=/run/hep-svc.pid
. /lib/lsb/init-functions
start() {
  rm -f /run/hep-svc.ready
  start-stop-daemon --start --oknodo --background --make-pidfile --pidfile $PIDFILE --startas $DAEMON
  until [ -e /run/hep-svc.ready ]; do sleep 0.05; done
}
stop() { start-stop-daemon --stop --oknodo --retry 5 --remove-pidfile --pidfile $PIDFILE; }
case \"$1\" in
  start) status_of_proc -p $PIDFILE $DAEMON hep-svc >/dev/null || start ;;
  stop) stop ;;
  restart|force-reload) stop; start ;;
  reload) start-stop-daemon --stop --signal HUP --pidfile $PIDFILE ;;
  status) status_of_proc -p $PIDFILE $DAEMON hep-svc ;;
  *) echo \"Usage: $0 {start|stop|restart|reload|status}\" >&2; exit 2 ;;
esac
";

const SERVICE_UNIT: &str = "[Unit]
Description=a daemon for hep's tests

[Service]
ExecStartPre=/bin/rm -f /run/hep-svc.ready
ExecStart=/usr/sbin/hep-svc
ExecStartPost=/bin/sh -c 'until [ -e /run/hep-svc.ready ]; do sleep 0.05; done'
ExecReload=/bin/kill -HUP $MAINPID

[Install]
WantedBy=multi-user.target
";

// The three scripts say what debhelper's dh_installinit and dh_installsystemd would.
const SERVICE_POSTINST: &str = "#!/bin/sh
set -e
[ \"$1\" = configure ] || exit 0
deb-systemd-helper unmask hep-svc.service >/dev/null || true
deb-systemd-helper enable hep-svc.service >/dev/null || true
update-rc.d hep-svc defaults >/dev/null
if [ -d /run/systemd/system ]; then
  systemctl --system daemon-reload >/dev/null || true
  deb-systemd-invoke start hep-svc.service >/dev/null || true
else
  invoke-rc.d --skip-systemd-native hep-svc start
fi
";

const SERVICE_PRERM: &str = "#!/bin/sh
set -e
if [ -d /run/systemd/system ]; then
  deb-systemd-invoke stop hep-svc.service >/dev/null || true
else
  invoke-rc.d --skip-systemd-native hep-svc stop
fi
";

const SERVICE_POSTRM: &str = "#!/bin/sh
set -e
[ ! -d /run/systemd/system ] || systemctl --system daemon-reload >/dev/null || true
if [ \"$1\" = purge ]; then
  update-rc.d hep-svc remove >/dev/null
  deb-systemd-helper purge hep-svc.service >/dev/null || true
  rm -f /var/log/hep-svc.log
fi
";

const SOURCE: &[PackageFile] = &[
    (
        "debian/control",
        0o644,
        "Source: hep-source\nMaintainer: hep tests <root@localhost>\nBuild-Depends: hep-greeter\n\
         Standards-Version: 4.6.2\n\nPackage: hep-source\nArchitecture: all\nDescription: built from source\n",
    ),
    (
        "debian/changelog",
        0o644,
        "hep-source (1.0) stable; urgency=low\n\n  * Made for tests.\n\n \
         -- hep tests <root@localhost>  Mon, 01 Jan 2024 00:00:00 +0000\n",
    ),
    ("debian/rules", 0o755, "#!/usr/bin/make -f\n%:\n\t:\n"),
    ("debian/source/format", 0o644, "3.0 (native)\n"),
];

/// Builds `hep-repo/` and the loose package in `dir`, laid out as below `/srv` of a host.
pub fn build(dir: &Path) -> Result<()> {
    let repo = dir.join("hep-repo");
    let work = dir.join("work");
    fs::create_dir_all(&repo).doing(|| format!("make {}", repo.display()))?;
    for package in PACKAGES {
        build_package(package, &work, &repo)?;
    }
    build_package(&LOOSE, &work, dir)?;

    let source = work.join("hep-source-1.0");
    SOURCE.iter().try_for_each(|file| write_file(&source, file))?;
    run(Command::new("dpkg-source").arg("-b").arg(&source).current_dir(&repo))?;

    for (what, index) in [("packages", "Packages"), ("sources", "Sources"), ("release", "Release")]
    {
        let text = run(Command::new("apt-ftparchive").args([what, "."]).current_dir(&repo))?;
        fs::write(repo.join(index), text).doing(|| format!("write the index {index}"))?;
    }
    fs::remove_dir_all(&work).doing(|| format!("remove {}", work.display()))
}

fn build_package(package: &Package, work: &Path, into: &Path) -> Result<()> {
    let Package { name, version, control, files } = package;
    let tree = work.join(format!("{name}_{version}"));
    files.iter().try_for_each(|file| write_file(&tree, file))?;
    let control = format!(
        "Package: {name}\nVersion: {version}\nArchitecture: all\n\
         Maintainer: hep tests <root@localhost>\nPriority: optional\n{control}\
         Description: {name} {version} of hep's tests\n"
    );
    let control_path = tree.join("DEBIAN/control");
    fs::create_dir_all(tree.join("DEBIAN")).doing(|| format!("make {}", tree.display()))?;
    fs::write(&control_path, control).doing(|| format!("write {}", control_path.display()))?;
    let deb = into.join(format!("{name}_{version}_all.deb"));
    run_args(&[
        "dpkg-deb",
        "--root-owner-group",
        "--build",
        &tree.to_string_lossy(),
        &deb.to_string_lossy(),
    ])
    .map(drop)
}

fn write_file(root: &Path, (path, mode, text): &PackageFile) -> Result<()> {
    let path = root.join(path);
    let what = || format!("write {}", path.display());
    fs::create_dir_all(path.parent().unwrap_or(root)).doing(what)?;
    fs::write(&path, text).doing(what)?;
    fs::set_permissions(&path, Permissions::from_mode(*mode)).doing(what)
}
