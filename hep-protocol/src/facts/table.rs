//! The facts by name: what `hep doc facts` prints, what the agent gathers, what may be read.

use super::Shape::{Any, List, Mapping, Named, Number, Switch, Text};
use super::{Fact, Field, Shape};

const fn field(name: &'static str, doc: &'static str, shape: Shape) -> Field {
    Field { name, doc, shape }
}

/// All facts, in the order in which they are shown. Each is gathered when it is first read, and kept for the run.
pub static FACTS: &[Fact] = &[
    Fact {
        name: "hostname",
        doc: "the node name, as `uname -n` prints it",
        example: "hostname == \"web1\"",
        shape: Text,
    },
    Fact {
        name: "fqdn",
        doc: "the full name: the host name's own line in /etc/hosts, else the host name; DNS is never asked",
        example: "fqdn.endswith(\".example.org\")",
        shape: Text,
    },
    Fact {
        name: "os",
        doc: "the distribution, from /etc/os-release",
        example: "os.family == \"debian\" and os.major >= 12",
        shape: Mapping(&[
            field("id", "`ID`, as `debian`, `ubuntu`, `rocky`", Text),
            field("version", "`VERSION_ID`, as `12` or `24.04`; null on unreleased systems", Text),
            field("major", "the number that the version begins with, as 12 or 24", Number),
            field("codename", "`VERSION_CODENAME`, as `bookworm`; null where there is none", Text),
            field("family", FAMILY, Text),
            field("name", "`NAME`, as `Debian GNU/Linux`", Text),
        ]),
    },
    Fact {
        name: "kernel",
        doc: "the running kernel, as uname(2) tells it",
        example: "kernel.release",
        shape: Mapping(&[
            field("name", "the kernel's name, as `Linux`", Text),
            field("release", "as `6.1.0-13-amd64`", Text),
            field(
                "version",
                "of which build, as `#1 SMP PREEMPT_DYNAMIC Debian 6.1.55-1 (2023-09-29)`",
                Text,
            ),
        ]),
    },
    Fact {
        name: "arch",
        doc: "the machine, as `uname -m` prints it: `x86_64`, `aarch64`",
        example: "arch == \"aarch64\"",
        shape: Text,
    },
    Fact {
        name: "init",
        doc: "what manages services: `systemd` where it is process 1, `openrc`, else `sysv`",
        example: "init == \"systemd\"",
        shape: Text,
    },
    Fact {
        name: "virtualization",
        doc: "what the host runs in",
        example: "virtualization.role != \"container\"",
        shape: Mapping(&[
            field("kind", KIND, Text),
            field("role", "`container`, `vm`, or `none` on a machine of its own", Text),
        ]),
    },
    Fact {
        name: "cpus",
        doc: "the processors",
        example: "cpus.count * 2",
        shape: Mapping(&[
            field("count", "logical processors that are online", Number),
            field("cores", "physical cores; null where the kernel does not tell", Number),
            field("sockets", "physical processors; null where the kernel does not tell", Number),
            field(
                "model",
                "the first processor's model; null where the kernel does not tell",
                Text,
            ),
        ]),
    },
    Fact {
        name: "memory",
        doc: "main memory and swap in bytes, from /proc/meminfo",
        example: "memory.total >= 4 * 1024 ** 3",
        shape: Mapping(&[
            field("total", "bytes that the kernel manages", Number),
            field("free", "bytes that nothing uses, not even a cache", Number),
            field("available", "bytes that programs could get without swapping", Number),
            field("swap_total", "bytes of swap; 0 where there is none", Number),
            field("swap_free", "bytes of swap that are not in use", Number),
        ]),
    },
    Fact {
        name: "mounts",
        doc: "what is mounted, in the kernel's order (/proc/self/mountinfo)",
        example: "mounts | selectattr(\"fstype\", \"equalto\", \"ext4\") | map(attribute=\"path\") | list",
        shape: List(&Mapping(&[
            field("path", "where", Text),
            field("device", "what: a device, `server:/path`, or a word of the file system's", Text),
            field("fstype", "as `ext4`, `tmpfs`, `nfs4`", Text),
            field("options", "the mount's and the file system's, as `rw`, `noatime`", List(&Text)),
            field("size", SIZE, Number),
            field("free", "bytes left to users other than root; null as `size` is", Number),
        ])),
    },
    Fact {
        name: "interfaces",
        doc: "the network interfaces by name",
        example: "interfaces.eth0.ipv4[0].address",
        shape: Named(&Mapping(&[
            field(
                "mac",
                "the hardware address, as `52:54:00:12:34:56`; null where there is none",
                Text,
            ),
            field("mtu", "the largest packet in bytes; null without /sys", Number),
            field("up", "whether it is up and has a link (IFF_UP and IFF_RUNNING)", Switch),
            field("ipv4", "its addresses", List(&ADDRESS)),
            field("ipv6", "its addresses, link-local ones too, without a zone", List(&ADDRESS)),
        ])),
    },
    Fact {
        name: "addresses",
        doc: "the addresses that others can reach the host by: those of all interfaces but loopback and link-local ones",
        example: "addresses.ipv4 | join(\" \")",
        shape: Mapping(&[
            field("ipv4", "in the order of the interfaces", List(&Text)),
            field("ipv6", "in the order of the interfaces", List(&Text)),
        ]),
    },
    Fact {
        name: "default_ipv4",
        doc: "the IPv4 default route with the lowest metric; all null where there is none",
        example: "default_ipv4.address",
        shape: DEFAULT_ROUTE,
    },
    Fact {
        name: "default_ipv6",
        doc: "the IPv6 default route with the lowest metric; all null where there is none",
        example: "default_ipv6.interface is none",
        shape: DEFAULT_ROUTE,
    },
    Fact {
        name: "users",
        doc: "the users of /etc/passwd by name; those of a directory service are not asked for",
        example: "\"www-data\" in users",
        shape: Named(&Mapping(&[
            field("uid", "the user's number", Number),
            field("gid", "the primary group's number", Number),
            field("gecos", "the real name and more, as passwd(5) has it", Text),
            field("home", "the home directory", Text),
            field("shell", "the login shell; empty means /bin/sh", Text),
        ])),
    },
    Fact {
        name: "timezone",
        doc: "the time zone's name, as `Europe/Berlin`: where /etc/localtime leads, else /etc/timezone; `UTC` without both",
        example: "timezone == \"Europe/Berlin\"",
        shape: Text,
    },
    Fact {
        name: "package_manager",
        doc: "`apt`, `dnf`, `yum`, `zypper`, `apk`, `pacman`, `portage`, `xbps`, `opkg`: the family's own if it is there, else any",
        example: "package_manager == \"apt\"",
        shape: Text,
    },
    Fact {
        name: "local",
        doc: "the host's own facts: what /etc/hep/facts.d/NAME.json holds, by NAME; such files are read and never run",
        example: "local.site.rack == \"b7\"",
        shape: Named(&Any),
    },
];

const FAMILY: &str = "`debian`, `redhat`, `suse`, `alpine`, `arch`, `gentoo`, ...: from `ID` and `ID_LIKE`, else the id";

const KIND: &str = "`docker`, `podman`, `lxc`, `systemd-nspawn`, `kubernetes`, `openvz`, `wsl`; `kvm`, `qemu`, `vmware`, \
    `virtualbox`, `xen`, `hyperv`, `bhyve`, `parallels`, `apple`, `other`; or `none`";

const SIZE: &str = "bytes of the file system; null for network, FUSE and automounted ones, which are not asked as they may not answer";

const ADDRESS: Shape = Mapping(&[
    field("address", "as `192.0.2.10` or `2001:db8::10`", Text),
    field("prefix", "the length of the network's prefix in bits, as 24", Number),
]);

const DEFAULT_ROUTE: Shape = Mapping(&[
    field("interface", "the interface that it leaves by", Text),
    field("gateway", "the router's address; null on a link that has none", Text),
    field("address", "the interface's first address that is not link-local", Text),
]);
