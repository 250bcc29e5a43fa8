//! What only system calls tell of the machine: its names, its network addresses, the room of its file systems.

use hep_protocol::facts::Init;
use nix::ifaddrs::InterfaceAddress;
use nix::net::if_::InterfaceFlags;
use nix::sys::socket::SockaddrStorage;
use std::ffi::OsStr;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;

/// The names that uname(2) gives; empty should it fail.
#[derive(Clone, Debug, Default)]
pub(crate) struct Uname {
    /// The kernel's name.
    pub(crate) system: String,
    /// The node name.
    pub(crate) node: String,
    /// The kernel's release.
    pub(crate) release: String,
    /// The kernel's build.
    pub(crate) version: String,
    /// The architecture.
    pub(crate) machine: String,
}

/// The names of the machine and its kernel.
pub(crate) fn uname() -> Uname {
    let text = |value: &OsStr| value.to_string_lossy().into_owned();
    nix::sys::utsname::uname().map_or_else(
        |_| Uname::default(),
        |name| Uname {
            system: text(name.sysname()),
            node: text(name.nodename()),
            release: text(name.release()),
            version: text(name.version()),
            machine: text(name.machine()),
        },
    )
}

/// What manages services on the host below a root directory: sd_booted(3) tells by this directory, whatever else is installed.
pub(crate) fn init(root: &Path) -> Init {
    if root.join("run/systemd/system").is_dir() { Init::Systemd } else { Init::Sysv }
}

/// A network interface and its addresses with the lengths of their networks' prefixes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Interface {
    pub(crate) name: String,
    /// IFF_UP and IFF_RUNNING.
    pub(crate) up: bool,
    pub(crate) loopback: bool,
    pub(crate) mac: Option<[u8; 6]>,
    pub(crate) ipv4: Vec<(Ipv4Addr, u32)>,
    pub(crate) ipv6: Vec<(Ipv6Addr, u32)>,
}

/// The interfaces in the kernel's order (getifaddrs(3)); none where the kernel does not tell.
pub(crate) fn interfaces() -> Vec<Interface> {
    let mut interfaces: Vec<Interface> = Vec::new();
    for entry in nix::ifaddrs::getifaddrs().into_iter().flatten() {
        // glibc names an address by its label, which is the interface's name, a colon and more.
        let name = entry.interface_name.split(':').next().unwrap_or_default();
        match interfaces.iter_mut().find(|known| known.name == name) {
            Some(known) => add(known, &entry),
            None => {
                let running = InterfaceFlags::IFF_UP | InterfaceFlags::IFF_RUNNING;
                let mut new = Interface {
                    name: name.to_owned(),
                    up: entry.flags.contains(running),
                    loopback: entry.flags.contains(InterfaceFlags::IFF_LOOPBACK),
                    ..Interface::default()
                };
                add(&mut new, &entry);
                interfaces.push(new);
            }
        }
    }
    interfaces
}

fn add(interface: &mut Interface, entry: &InterfaceAddress) {
    let Some(address) = &entry.address else { return };
    let mask = entry.netmask.as_ref();
    if let Some(ip) = address.as_sockaddr_in() {
        let mask = mask.and_then(SockaddrStorage::as_sockaddr_in);
        // Without a mask the address is a network of its own.
        let prefix = mask.map_or(32, |mask| u32::from(mask.ip()).count_ones());
        interface.ipv4.push((ip.ip(), prefix));
    } else if let Some(ip) = address.as_sockaddr_in6() {
        let mask = mask.and_then(SockaddrStorage::as_sockaddr_in6);
        let prefix = mask.map_or(128, |mask| u128::from(mask.ip()).count_ones());
        interface.ipv6.push((ip.ip(), prefix));
    } else if let Some(link) = address.as_link_addr() {
        interface.mac = link.addr();
    }
}

/// The room of a file system, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Room {
    /// All of it.
    pub(crate) size: u64,
    /// What users other than root may still fill.
    pub(crate) free: u64,
}

/// The room of the file system that a path is on (statvfs(3)). May wait forever where a server does not answer.
pub(crate) fn room(path: &Path) -> Option<Room> {
    let told = nix::sys::statvfs::statvfs(path).ok()?;
    #[allow(clippy::useless_conversion, reason = "these numbers have 32 bits on some machines")]
    let bytes = |blocks| u64::from(told.fragment_size()).saturating_mul(u64::from(blocks));
    Some(Room { size: bytes(told.blocks()), free: bytes(told.blocks_available()) })
}

/// What statvfs(3) tells of a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Capacity {
    /// The bytes of what the counts of blocks are in.
    pub(crate) unit: u64,
    /// The bytes of a block for reading and writing.
    pub(crate) block: u64,
    /// All blocks.
    pub(crate) blocks: u64,
    /// Those that users other than root may still fill.
    pub(crate) blocks_free: u64,
    /// All inodes.
    pub(crate) inodes: u64,
    /// Those that users other than root may still use.
    pub(crate) inodes_free: u64,
}

/// The capacity of the file system that a path is on. May wait forever where a server does not answer.
pub(crate) fn capacity(path: &Path) -> Option<Capacity> {
    let told = nix::sys::statvfs::statvfs(path).ok()?;
    #[allow(clippy::useless_conversion, reason = "these numbers have 32 bits on some machines")]
    Some(Capacity {
        unit: u64::from(told.fragment_size()),
        block: u64::from(told.block_size()),
        blocks: u64::from(told.blocks()),
        blocks_free: u64::from(told.blocks_available()),
        inodes: u64::from(told.files()),
        inodes_free: u64::from(told.files_available()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_names_loopback_and_room() {
        let names = uname();
        assert_eq!(names.system, "Linux");
        assert!(
            ![names.node, names.release, names.version, names.machine].contains(&String::new())
        );
        let interfaces = interfaces();
        let lo = interfaces.iter().find(|interface| interface.name == "lo").unwrap();
        assert!(lo.loopback && lo.ipv4.contains(&(Ipv4Addr::LOCALHOST, 8)), "{lo:?}");
        assert!(room(Path::new("/")).is_some_and(|room| room.size >= room.free && room.size > 0));
        assert_eq!(room(Path::new("/nonexistent")), None);
    }
}
