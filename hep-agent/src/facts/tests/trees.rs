//! Hosts as files: what the facts' tests plant below a root directory.

/// Paths and texts: `-> target` is a symbolic link, a path with a `/` at its end a directory.
pub(in crate::facts) type Tree<'a> = &'a [(&'a str, &'a str)];

const X86: &str = "processor\t: 0\nmodel name\t: Intel Xeon (Skylake)\nphysical id\t: 0\ncore id\t\t: 0\nflags\t: fpu hypervisor\n\n\
    processor\t: 1\nmodel name\t: Intel Xeon (Skylake)\nphysical id\t: 0\ncore id\t\t: 1\nflags\t: fpu hypervisor\n\n\
    processor\t: 2\nmodel name\t: Intel Xeon (Skylake)\nphysical id\t: 0\ncore id\t\t: 0\nflags\t: fpu hypervisor\n\n\
    processor\t: 3\nmodel name\t: Intel Xeon (Skylake)\nphysical id\t: 0\ncore id\t\t: 1\nflags\t: fpu hypervisor\n";

const ARM: &str =
    "processor\t: 0\nBogoMIPS\t: 50.00\nCPU part\t: 0xd0c\n\nprocessor\t: 1\nCPU part\t: 0xd0c\n";

const MEMORY: &str = "MemTotal:        4008648 kB\nMemFree:             400 kB\nMemAvailable:       2000 kB\n\
    SwapTotal:             0 kB\nSwapFree:              0 kB\nHugePages_Total:       0\n";

/// What lies below a network mount is on no file system that is asked either.
const MOUNTS: &str = "22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro\n\
    40 22 0:40 / /srv/a\\040b rw - nfs4 files:/a\\040b rw\n\
    41 40 0:41 / /srv/a\\040b/below rw - tmpfs tmpfs rw\n";

const IPV4_ROUTES: &str = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
    wg0\t00000000\t00000000\t0001\t0\t0\t600\t00000000\t0\t0\t0\n\
    eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n\
    eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n";

const IPV6_ROUTES: &str = "\
20010db8000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000005 00000400 00000001 00000000 00000003     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo
";

pub(in crate::facts) const DEBIAN_12: Tree<'static> = &[
    ("etc/os-release", "-> ../usr/lib/os-release"),
    (
        "usr/lib/os-release",
        "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\n\
         VERSION=\"12 (bookworm)\"\nVERSION_CODENAME=bookworm\nID=debian\nHOME_URL=\"https://www.debian.org/\"\n",
    ),
    (
        "etc/hosts",
        "127.0.0.1\tlocalhost\n127.0.1.1\tweb1.example.org\tweb1\n::1 localhost ip6-localhost\n",
    ),
    ("etc/timezone", "Etc/UTC\n"),
    ("etc/localtime", "-> /usr/share/zoneinfo/Europe/Berlin"),
    (
        "etc/passwd",
        "root:x:0:0:root:/root:/bin/bash\nwww-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\n+::::::\n",
    ),
    ("etc/hep/facts.d/site.json", "{\"rack\": 7}\n"),
    ("usr/bin/apt-get", ""),
    ("run/systemd/system/", ""),
    ("proc/cpuinfo", X86),
    ("proc/meminfo", MEMORY),
    ("proc/self/mountinfo", MOUNTS),
    ("proc/net/route", IPV4_ROUTES),
    ("proc/net/ipv6_route", IPV6_ROUTES),
    ("proc/1/cgroup", "0::/init.scope\n"),
    ("srv/a b/below/", ""),
    ("sys/devices/system/cpu/online", "0-3\n"),
    (
        "sys/devices/system/clocksource/clocksource0/available_clocksource",
        "kvm-clock tsc acpi_pm \n",
    ),
    ("sys/class/dmi/id/sys_vendor", "QEMU\n"),
    ("sys/class/net/eth0/address", "52:54:00:12:34:56\n"),
    ("sys/class/net/eth0/mtu", "1500\n"),
    ("sys/class/net/lo/address", "00:00:00:00:00:00\n"),
];

pub(in crate::facts) const DEBIAN_13: Tree<'static> = &[
    (
        "etc/os-release",
        "PRETTY_NAME=\"Debian GNU/Linux 13 (trixie)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"13\"\n\
         VERSION=\"13 (trixie)\"\nVERSION_CODENAME=trixie\nDEBIAN_VERSION_FULL=13.1\nID=debian\n",
    ),
    ("etc/hosts", "127.0.0.1 localhost\n127.0.1.1 web1\n"),
    ("etc/localtime", "-> ../usr/share/zoneinfo/Etc/UTC"),
    ("proc/cpuinfo", ARM),
    ("proc/net/route", "Iface\tDestination\n"),
];

pub(in crate::facts) const UBUNTU_24_04: Tree<'static> = &[
    (
        "etc/os-release",
        "PRETTY_NAME=\"Ubuntu 24.04.1 LTS\"\nNAME=\"Ubuntu\"\nVERSION_ID=\"24.04\"\nVERSION=\"24.04.1 LTS (Noble Numbat)\"\n\
         VERSION_CODENAME=noble\nID=ubuntu\nID_LIKE=debian\nUBUNTU_CODENAME=noble\n",
    ),
    // A copy, not a link: only the other file can tell.
    ("etc/localtime", "TZif2"),
    ("etc/timezone", "America/New_York\n"),
    ("proc/1/environ", "container=lxc\0container_ttys=\0"),
    ("sys/class/dmi/id/sys_vendor", "QEMU\n"),
];

pub(in crate::facts) const ALPINE: Tree<'static> = &[
    (
        "etc/os-release",
        "NAME=\"Alpine Linux\"\nID=alpine\nVERSION_ID=3.20.3\nPRETTY_NAME=\"Alpine Linux v3.20\"\n",
    ),
    (".dockerenv", ""),
    ("sbin/apk", ""),
    ("run/openrc/", ""),
];

pub(in crate::facts) const ROCKY_9: Tree<'static> = &[
    (
        "etc/os-release",
        "NAME=\"Rocky Linux\"\nVERSION=\"9.4 (Blue Onyx)\"\nID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n\
         VERSION_ID=\"9.4\"\n",
    ),
    ("etc/hosts", "127.0.0.1 localhost localhost.localdomain\n192.0.2.10 web1.example.com web1\n"),
    ("usr/bin/apt-get", ""),
    ("usr/bin/dnf", "-> dnf-3"),
    ("usr/bin/dnf-3", ""),
    ("sys/class/dmi/id/sys_vendor", "Microsoft Corporation\n"),
    ("sys/class/dmi/id/product_name", "Virtual Machine\n"),
    ("run/systemd/system/", ""),
];
