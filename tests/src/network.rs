//! One bridge for all hosts of the machine, one network namespace and one address per host.
//!
//! Addresses are of 198.18.0.0/15, which RFC 2544 sets aside for tests: no real network is shadowed. The
//! machine forwards for the bridge, with masquerading, so that apt on a host reaches the machine's mirror.

use crate::error::{Doing as _, Result, run_args, say};
use crate::slot::Slot;
use std::fs;
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Command, Stdio};

const BRIDGE: &str = "hep0";
const GATEWAY: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 1);
const PREFIX: u8 = 16;

const RULES: &str = "table ip hep-hosts
delete table ip hep-hosts
table ip hep-hosts {
  chain postrouting {
    type nat hook postrouting priority srcnat
    ip saddr 198.18.0.0/16 ip daddr != 198.18.0.0/16 masquerade
  }
}
";

/// The address of the host with this number.
pub fn address(slot: &Slot) -> Ipv4Addr {
    // No host has an address that ends in 0 or 255: some programs refuse those.
    let [high, low] = [slot.number / 250 + 1, slot.number % 250 + 1];
    Ipv4Addr::from([198, 18, high.to_be_bytes()[1], low.to_be_bytes()[1]])
}

/// Makes the bridge and the forwarding where they are not. The caller holds the slots' lock.
pub(crate) fn ensure_bridge() -> Result<()> {
    if Path::new("/sys/class/net").join(BRIDGE).exists() {
        return Ok(());
    }
    // With an address of its own the bridge keeps it when ports come and go; hosts remember it.
    run_args(&["ip", "link", "add", BRIDGE, "address", "02:68:65:70:00:00", "type", "bridge"])?;
    run_args(&["ip", "address", "add", &format!("{GATEWAY}/{PREFIX}"), "dev", BRIDGE])?;
    run_args(&["ip", "link", "set", BRIDGE, "up"])?;
    // Without forwarding hosts still work; only what is not in apt's cache cannot be fetched.
    forward().unwrap_or_else(|e| say(&format!("warning: hosts will not reach the mirror: {e}")));
    Ok(())
}

fn forward() -> Result<()> {
    fs::write("/proc/sys/net/ipv4/ip_forward", "1")
        .doing(|| "enable IPv4 forwarding".to_owned())?;
    let mut nft = Command::new("nft")
        .args(["-f", "-"])
        .stdin(Stdio::piped())
        .spawn()
        .doing(|| "start nft".to_owned())?;
    if let Some(mut stdin) = nft.stdin.take() {
        stdin.write_all(RULES.as_bytes()).doing(|| "write nft's rules".to_owned())?;
    }
    let status = nft.wait().doing(|| "wait for nft".to_owned())?;
    status
        .success()
        .then_some(())
        .ok_or(status)
        .doing(|| "set the rules for masquerading".to_owned())
}

/// Makes the host's network namespace with its `eth0`, connected to the bridge.
pub(crate) fn create(slot: &Slot) -> Result<()> {
    let name = slot.name();
    let [high, low] = slot.number.to_be_bytes();
    // Derived from the number, so that the machine's neighbour table stays right when a number is reused.
    let mac = format!("02:68:65:70:{high:02x}:{low:02x}");
    let address = format!("{}/{PREFIX}", address(slot));
    run_args(&["ip", "netns", "add", &name])?;
    run_args(&[
        "ip", "link", "add", &name, "type", "veth", "peer", "name", "eth0", "address", &mac,
        "netns", &name,
    ])?;
    run_args(&["ip", "link", "set", &name, "master", BRIDGE, "up"])?;
    run_args(&["ip", "-n", &name, "address", "add", &address, "dev", "eth0"])?;
    run_args(&["ip", "-n", &name, "link", "set", "lo", "up"])?;
    run_args(&["ip", "-n", &name, "link", "set", "eth0", "up"])?;
    run_args(&["ip", "-n", &name, "route", "add", "default", "via", &GATEWAY.to_string()])?;
    Ok(())
}

/// Removes what `create` made, as far as it is there.
pub(crate) fn remove(slot: &Slot) {
    let name = slot.name();
    // The device first: the kernel may remove a namespace, and the device with it, seconds later.
    let _absent = run_args(&["ip", "link", "delete", &name]);
    let _absent = run_args(&["ip", "netns", "delete", &name]);
}
