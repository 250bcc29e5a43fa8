//! What is mounted (proc_pid_mountinfo(5)), and how much room there is.

use super::host::Host;
use super::mapping;
use crate::sys::linux::machine::{Room, room};
use crate::sys::linux::unescaped_mount;
use serde_json::Value as Json;
use std::path::Path;

pub(super) fn fact(host: &Host) -> Json {
    let table = host.text("proc/self/mountinfo").unwrap_or_default();
    let mounts: Vec<Mount> = table.lines().filter_map(parse).collect();
    let may_hang: Vec<String> = mounts
        .iter()
        .filter(|mount| may_hang(&mount.fstype))
        .map(|mount| mount.path.clone())
        .collect();
    let is_asked =
        |mount: &Mount| !may_hang.iter().any(|at| Path::new(&mount.path).starts_with(at));
    let describe = |mount: Mount| {
        let below_root = mount.path.trim_start_matches('/');
        let room: Option<Room> = if is_asked(&mount) { room(&host.path(below_root)) } else { None };
        mapping([
            ("path", mount.path.into()),
            ("device", mount.device.into()),
            ("fstype", mount.fstype.into()),
            ("options", mount.options.into()),
            ("size", room.map(|room| room.size).into()),
            ("free", room.map(|room| room.free).into()),
        ])
    };
    mounts.into_iter().map(describe).collect()
}

struct Mount {
    path: String,
    device: String,
    fstype: String,
    options: Vec<String>,
}

/// `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue`: any number of fields stand before
/// the `-`.
fn parse(line: &str) -> Option<Mount> {
    let (mount, file_system) = line.split_once(" - ")?;
    let mut mount = mount.split(' ').skip(4);
    let mut file_system = file_system.split(' ');
    let path = unescaped_mount(mount.next()?);
    let of_mount = mount.next()?;
    let (fstype, device) = (file_system.next()?.to_owned(), unescaped_mount(file_system.next()?));
    let mut options: Vec<String> = Vec::new();
    for option in of_mount.split(',').chain(file_system.next().unwrap_or_default().split(',')) {
        // `ro` of the mount wins over `rw` of the file system below it.
        let is_said = matches!(option, "" | "rw" | "ro") && !options.is_empty();
        let option = unescaped_mount(option);
        if !is_said && !options.contains(&option) {
            options.push(option);
        }
    }
    Some(Mount { path, device, fstype, options })
}

/// File systems that ask a server or another process, which may be gone, and those that mount when they are asked.
fn may_hang(fstype: &str) -> bool {
    const NETWORK: [&str; 12] = [
        "9p",
        "afs",
        "autofs",
        "beegfs",
        "ceph",
        "cifs",
        "fuse",
        "glusterfs",
        "lustre",
        "ncpfs",
        "smb3",
        "smbfs",
    ];
    NETWORK.contains(&fstype) || fstype.starts_with("nfs") || fstype.starts_with("fuse.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_before_the_dash_are_of_any_number() {
        for optional in ["", " master:1", " shared:2 master:1 propagate_from:3"] {
            let line = format!(
                "36 35 98:0 / /srv/a\\040b ro,noatime{optional} - ext4 /dev/x\\011y rw,errors=continue"
            );
            let mount = parse(&line).unwrap();
            assert_eq!(
                (&*mount.path, &*mount.device, &*mount.fstype),
                ("/srv/a b", "/dev/x\ty", "ext4")
            );
            assert_eq!(mount.options, ["ro", "noatime", "errors=continue"]);
        }
        for broken in ["", "1 2 3", "36 35 98:0 / /srv rw - ", "36 35 98:0 / - ext4 x rw"] {
            assert!(parse(broken).is_none(), "{broken}");
        }
    }
}
