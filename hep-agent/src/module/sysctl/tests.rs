//! Lines of files and values of the kernel, as Ansible has them.

use super::*;
use crate::converge::testing::{settles, tried};
use crate::sys::Change as _;
use crate::sys::overlay::Overlay;
use crate::sys::overlay::empty::Empty;
use serde_json::Value;

/// A host with a file and two parameters of the kernel.
fn host() -> Overlay<Empty> {
    let mut host = Overlay::new(Empty);
    tried("file", &json!({"dest": "/etc", "action": "directory"}), &mut host);
    let text = "# kept\n net.a = 1\n;x=y\nnet.a=2\nvm.b=10 20\n";
    tried("file", &json!({"dest": FILE, "content": text}), &mut host);
    for (path, value) in [("net/a", "2"), ("vm/b", "10\t20"), ("net/c", "0")] {
        let (what, by) = (What::KernelParameter(path.to_owned()), By::Programs(Vec::new()));
        let setting = Setting { what, from: None, to: Some(value.to_owned()), by };
        host.apply(&Action::Setting(setting)).unwrap();
    }
    host
}

#[track_caller]
fn check(params: Value, expected: &str) {
    settles("sysctl", &params, &mut host(), expected);
}

#[test]
fn file_and_kernel_get_the_value() {
    let replaced = "replace /etc/sysctl.conf";
    check(json!({"name": "net.a", "value": 2}), "");
    check(json!({"name": "vm.b", "value": "10 20", "sysctl_set": true}), "");
    let mut host = host();
    let (lines, _) = tried("sysctl", &json!({"name": "net.c", "value": "yes"}), &mut host);
    assert!(lines.starts_with(replaced), "{lines}");
    assert!(lines.contains("set kernel parameter net/c: 0 -> 1"), "{lines}");
    // All of the file goes to the kernel.
    assert!(lines.contains("set kernel parameter net/a: 2 -> 1"), "{lines}");
    let set = json!({"name": "net.c", "value": 5, "sysctl_set": true, "reload": false});
    let (lines, _) = tried("sysctl", &set, &mut host);
    assert!(lines.starts_with("set kernel parameter net/c: 1 -> 5\nreplace"), "{lines}");
}

#[test]
fn unknown_parameter_is_refused_or_passed_over() {
    let unknown = "failed: the kernel has no parameter `net.none`";
    check(json!({"name": "net.none", "value": 1}), unknown);
    let (lines, _) = tried(
        "sysctl",
        &json!({"name": "net.none", "value": 1, "ignoreerrors": true}),
        &mut host(),
    );
    assert!(lines.starts_with("replace /etc/sysctl.conf"), "{lines}");
    for params in [
        json!({"name": "net..a", "value": 1}),
        json!({"name": "net.a"}),
        json!({"name": "../x", "value": "1"}),
        json!({"name": "net.a", "value": "1\n2"}),
    ] {
        assert!(tried("sysctl", &params, &mut host()).0.starts_with("refused: "), "{params}");
    }
}

#[test]
fn lines_are_rewritten_as_ansible_does() {
    let old = "# kept\n net.a = 1\n;x=y\nnet.a=2\n\nvm.b=10 20";
    let check = |name, value, expected: &str| assert_eq!(rewritten(old, name, value), expected);
    check("net.a", Some("3"), "# kept\nnet.a=3\n;x=y\n\nvm.b=10 20\n");
    check("net.a", None, "# kept\n;x=y\n\nvm.b=10 20\n");
    check("c.d", Some("1"), "# kept\nnet.a=1\n;x=y\n\nvm.b=10 20\nc.d=1\n");
    assert_eq!(below_proc("net.ipv4.conf.eth0/1.x"), "net/ipv4/conf/eth0.1/x");
    assert_eq!(below_proc("net/ipv4/conf/eth0.1/x"), "net/ipv4/conf/eth0.1/x");
}
