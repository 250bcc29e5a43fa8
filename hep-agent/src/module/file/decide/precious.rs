//! What no task takes away: directories that a host lives on, and what is mounted.

use crate::module::file::Found;
use crate::sys::SysError;
use hep_protocol::value::AbsPath;

/// What no task means to remove or replace, be it a directory or, as `/bin` of a merged `/usr`, a link to one; and no task
/// gives one owner or mode to all that is in it. Sorted. Not among them are directories that people do treat as a whole:
/// `/etc/sudoers.d`, `/etc/apt/sources.list.d`, `/usr/local/bin`, `/usr/share/doc`, `/var/lib/apt/lists`, `/srv`.
const PROTECTED: [&str; 114] = [
    "/",
    "/bin",
    "/boot",
    "/boot/efi",
    "/boot/grub",
    "/dev",
    "/etc",
    "/etc/alternatives",
    "/etc/apt",
    "/etc/ca-certificates",
    "/etc/dbus-1",
    "/etc/default",
    "/etc/dpkg",
    "/etc/grub.d",
    "/etc/init.d",
    "/etc/initramfs-tools",
    "/etc/kernel",
    "/etc/ld.so.conf.d",
    "/etc/network",
    "/etc/pam.d",
    "/etc/polkit-1",
    "/etc/rc0.d",
    "/etc/rc1.d",
    "/etc/rc2.d",
    "/etc/rc3.d",
    "/etc/rc4.d",
    "/etc/rc5.d",
    "/etc/rc6.d",
    "/etc/rcS.d",
    "/etc/security",
    "/etc/ssh",
    "/etc/ssl",
    "/etc/ssl/certs",
    "/etc/systemd",
    "/etc/systemd/system",
    "/etc/udev",
    "/home",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/proc",
    "/root",
    "/run",
    "/run/dbus",
    "/run/lock",
    "/run/systemd",
    "/run/udev",
    "/run/user",
    "/sbin",
    "/sys",
    "/tmp",
    "/usr",
    "/usr/bin",
    "/usr/include",
    "/usr/lib",
    "/usr/lib/apt",
    "/usr/lib/dpkg",
    "/usr/lib/firmware",
    "/usr/lib/init",
    "/usr/lib/locale",
    "/usr/lib/lsb",
    "/usr/lib/modules",
    "/usr/lib/openssh",
    "/usr/lib/pam.d",
    "/usr/lib/python3",
    "/usr/lib/python3/dist-packages",
    "/usr/lib/ssl",
    "/usr/lib/sudo",
    "/usr/lib/sysctl.d",
    "/usr/lib/systemd",
    "/usr/lib/systemd/system",
    "/usr/lib/tmpfiles.d",
    "/usr/lib/udev",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/libexec",
    "/usr/libx32",
    "/usr/local",
    "/usr/sbin",
    "/usr/share",
    "/usr/share/ca-certificates",
    "/usr/share/dbus-1",
    "/usr/share/debconf",
    "/usr/share/dpkg",
    "/usr/share/pam",
    "/usr/share/perl",
    "/usr/share/perl5",
    "/usr/share/zoneinfo",
    "/var",
    "/var/cache",
    "/var/cache/debconf",
    "/var/lib",
    "/var/lib/apt",
    "/var/lib/dbus",
    "/var/lib/dpkg",
    "/var/lib/dpkg/alternatives",
    "/var/lib/dpkg/info",
    "/var/lib/dpkg/parts",
    "/var/lib/dpkg/triggers",
    "/var/lib/dpkg/updates",
    "/var/lib/initramfs-tools",
    "/var/lib/pam",
    "/var/lib/polkit-1",
    "/var/lib/private",
    "/var/lib/sudo",
    "/var/lib/systemd",
    "/var/lib/ucf",
    "/var/log",
    "/var/mail",
    "/var/spool",
    "/var/spool/cron",
    "/var/spool/cron/crontabs",
    "/var/tmp",
];

/// Whether a path is one of them; it must have no links above it.
pub(in crate::module::file) fn is_protected(at: &AbsPath) -> bool {
    let at = at.as_str();
    // Without a merged `/usr`, a part of what belongs there is here.
    let in_usr = if at.starts_with("/lib/") { format!("/usr{at}") } else { at.to_owned() };
    // The libraries of an architecture: `/usr/lib/x86_64-linux-gnu`.
    let library = in_usr.strip_prefix("/usr/lib/").filter(|name| !name.contains('/'));
    PROTECTED.contains(&in_usr.as_str()) || library.is_some_and(|name| name.contains("-linux-gnu"))
}

/// Refuses to give such a directory the owner, group and mode of a tree: `whose` says which.
pub(super) fn refuse_attributes(found: &Found, whose: &str) -> Result<(), SysError> {
    let at = &found.at;
    if is_protected(at) {
        Err(SysError::new(format!(
            "{at} never gets one owner, group or mode with {whose}: the host lives on it"
        ))
        .hint("name what is meant in it; is a variable in `dest` empty?"))
    } else {
        Ok(())
    }
}

/// Refuses to remove or replace what a system cannot be without.
pub(super) fn refuse_protected(found: &Found) -> Result<(), SysError> {
    let at = &found.at;
    if is_protected(at) {
        Err(SysError::new(format!("{at} is never removed or replaced: the host lives on it"))
            .hint("name what is meant in it"))
    } else {
        Ok(())
    }
}

/// Refuses to remove what is mounted.
pub(super) fn refuse_mounts(found: &Found) -> Result<(), SysError> {
    let at = &found.at;
    match found.mounts.first() {
        Some(mount) if mount == at => {
            Err(SysError::new(format!("{at} is a mount point"))
                .hint("unmount it in an earlier task"))
        }
        Some(mount) => Err(SysError::new(format!("{mount}, in {at}, is a mount point"))
            .hint("unmount it in an earlier task: what is mounted would be removed with the rest")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_the_system_is_told_from_what_is_of_applications() {
        let check = |paths: &[&str], expected: bool| {
            for path in paths {
                let at = AbsPath::try_from((*path).to_owned()).unwrap();
                assert_eq!(is_protected(&at), expected, "{path}");
            }
        };
        assert!(PROTECTED.is_sorted());
        check(&PROTECTED, true);
        check(&["/lib/systemd", "/lib/systemd/system", "/lib/x86_64-linux-gnu"], true);
        check(&["/usr/lib/aarch64-linux-gnu", "/usr/lib/arm-linux-gnueabihf"], true);
        check(
            &["/etc/nginx", "/etc/nginx/conf.d", "/etc/ssl/private", "/etc/ssh/sshd_config.d"],
            false,
        );
        check(&["/etc/systemd/system/x.service.d", "/lib/systemd/system/x.service.d"], false);
        check(&["/usr/lib/x86_64-linux-gnu/x", "/usr/lib/x", "/usr/local/bin", "/usr/src"], false);
        check(&["/var/lib/app", "/var/lib/dpkg/lock", "/var/lib/apt/lists", "/var/www"], false);
        check(&["/home/alice", "/srv", "/opt", "/opt/app", "/var/log/app", "/run/app"], false);
    }
}
