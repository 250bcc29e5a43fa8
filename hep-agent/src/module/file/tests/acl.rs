//! ACLs, on a directory of the real machine and foreseen: kept where nobody asks who may get in, gone where somebody does.

use super::*;
use rustix::fs::XattrFlags;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

const ACCESS: &str = "system.posix_acl_access";
const DEFAULT: &str = "system.posix_acl_default";

/// A user without a name.
const STRANGER: u32 = 54_321;

/// What the kernel keeps: its owner's rights, those of the stranger, of its group, the mask and those of all others.
fn acl(rights: [u16; 5]) -> Vec<u8> {
    let mut bytes = 2_u32.to_le_bytes().to_vec();
    let tags = [(1_u16, u32::MAX), (2, STRANGER), (4, u32::MAX), (16, u32::MAX), (32, u32::MAX)];
    for ((tag, id), rights) in tags.into_iter().zip(rights) {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(rights.to_le_bytes());
        bytes.extend(id.to_le_bytes());
    }
    bytes
}

/// A directory with a file `f` and a directory `d`, both of which let the stranger in.
struct World {
    directory: tempfile::TempDir,
}

impl World {
    /// `None` on a file system without ACLs, which has nothing to get wrong.
    fn new() -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let world = Self { directory };
        // Its own mode would be as the umask of the tests wants it.
        std::fs::set_permissions(world.path(""), std::fs::Permissions::from_mode(0o700)).unwrap();
        std::fs::write(world.path("f"), "old").unwrap();
        std::fs::create_dir(world.path("d")).unwrap();
        let given = world.give("f", ACCESS, [6, 6, 4, 6, 0]);
        given.then(|| {
            assert!(world.give("d", ACCESS, [7, 7, 5, 7, 0]));
            assert!(world.give("d", DEFAULT, [7, 7, 7, 7, 4]));
            world
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().canonicalize().unwrap().join(name)
    }

    fn give(&self, name: &str, which: &str, rights: [u16; 5]) -> bool {
        rustix::fs::setxattr(self.path(name), which, &acl(rights), XattrFlags::empty()).is_ok()
    }

    /// The stranger's rights by an ACL, as far as its mask lets him have them.
    fn stranger(&self, name: &str, which: &str) -> Option<u16> {
        let mut value = [0_u8; 256];
        rustix::fs::getxattr(self.path(name), which, &mut value[..]).ok()?;
        let rights = |at: usize| u16::from_le_bytes([value[at], value[at + 1]]);
        Some(rights(4 + 8 + 2) & rights(4 + 3 * 8 + 2))
    }

    fn mode(&self, name: &str) -> u32 {
        std::fs::metadata(self.path(name)).unwrap().permissions().mode() & 0o7777
    }

    /// Runs a task foreseen and for real; both must say this.
    #[track_caller]
    fn check(&self, params: &Value, expected: &str) {
        let root = self.path("").to_str().unwrap().trim_end_matches('/').to_owned();
        let params = moved(params, &root);
        let back = |text: String| text.replace(&root, "/t").replace(&own_names(), "root:root");
        let host = || Linux::new(Arc::new(Contents));
        let foreseen = run(&mut Overlay::new(host()), &params, DiffMode::Off);
        let outcome = run(&mut host(), &params, DiffMode::Off);
        assert_eq!(back(shown(&foreseen)), expected, "foreseen: {params}");
        assert_eq!(back(shown(&outcome)), expected, "for real: {params}");
        check_law(&mut host(), &params, &outcome);
    }
}

#[test]
fn acl_stays_where_neither_owner_nor_mode_is_asked_for() {
    let Some(world) = World::new() else { return };
    world.check(&json!({"dest": "/t/f", "content": "new!"}), "replace /t/f (3 -> 4 bytes)");
    assert_eq!((world.stranger("f", ACCESS), world.mode("f")), (Some(6), 0o660));
    let group = nix::unistd::getegid().to_string();
    world.check(&json!({"dest": "/t/f", "group": group}), "");
    assert_eq!(world.stranger("f", ACCESS), Some(6));
}

#[test]
fn acl_goes_where_a_mode_or_an_owner_is_asked_for() {
    let owner = nix::unistd::geteuid().to_string();
    for (params, expected, mode) in [
        (
            json!({"dest": "/t/f", "content": "new!", "mode": "0640"}),
            "replace /t/f (3 -> 4 bytes, mode 0660 -> 0640, ACL user:54321:rw- -> none)",
            0o640,
        ),
        (
            json!({"dest": "/t/f", "content": "old", "owner": owner}),
            "set /t/f: ACL user:54321:rw- -> none",
            0o660,
        ),
        (
            json!({"dest": "/t/f", "mode": "0600"}),
            "set /t/f: mode 0660 -> 0600, ACL user:54321:rw- -> none",
            0o600,
        ),
        (
            json!({"dest": "/t/f", "content": "new!", "mode": "0660", "in_place": true}),
            "rewrite /t/f (3 -> 4 bytes, ACL user:54321:rw- -> none)",
            0o660,
        ),
    ] {
        let Some(world) = World::new() else { return };
        world.check(&params, expected);
        assert_eq!((world.stranger("f", ACCESS), world.mode("f")), (None, mode), "{params}");
        // Somebody lets himself in again, and nothing else is other than it was.
        assert!(world.give("f", ACCESS, [6, 6, 4, 6, 0]));
        world.check(
            &json!({"dest": "/t/f", "mode": "0660"}),
            "set /t/f: ACL user:54321:rw- -> none",
        );
    }
}

#[test]
fn link_has_no_acl_to_lose() {
    let Some(world) = World::new() else { return };
    std::os::unix::fs::symlink("f", world.path("l")).unwrap();
    let owner = nix::unistd::geteuid().to_string();
    let link = json!({"action": "link", "dest": "/t/l", "src": "f", "owner": owner});
    world.check(&link, "");
    world.check(
        &json!({"dest": "/t/d/f", "content": "", "backup": true}),
        "create /t/d/f (0 bytes, 0664 root:root)",
    );
}

#[test]
fn directory_that_gets_a_mode_hands_nothing_down() {
    let Some(world) = World::new() else { return };
    world.check(
        &json!({"action": "directory", "dest": "/t/d", "mode": "0770"}),
        "set /t/d: ACL user:54321:rwx,default:user:54321:rwx -> none",
    );
    assert_eq!((world.stranger("d", ACCESS), world.stranger("d", DEFAULT)), (None, None));

    let Some(world) = World::new() else { return };
    world.check(
        &json!({"action": "directory", "dest": "/t", "recurse": true, "mode": "0660"}),
        "set 2 entries below /t: d (ACL user:54321:rwx,default:user:54321:rwx -> none), f (ACL user:54321:rw- -> none)\n\
         set /t: mode 0700 -> 0770",
    );
}

#[test]
fn new_things_have_what_the_directory_hands_down_unless_asked_otherwise() {
    let Some(world) = World::new() else { return };
    world.check(
        &json!({"dest": "/t/d/log", "content": ""}),
        "create /t/d/log (0 bytes, 0664 root:root)",
    );
    assert_eq!((world.stranger("d/log", ACCESS), world.mode("d/log")), (Some(6), 0o664));
    world.check(
        &json!({"src": "run.sh", "dest": "/t/d/x"}),
        "create /t/d/x (10 bytes, 0774 root:root)",
    );
    assert_eq!(world.stranger("d/x", ACCESS), Some(7));
    world.check(&directory("/t/d/e"), "make directory /t/d/e (0774 root:root)");
    assert_eq!((world.stranger("d/e", ACCESS), world.stranger("d/e", DEFAULT)), (Some(7), Some(7)));

    world.check(
        &json!({"dest": "/t/d/p/q/f", "content": "", "parents": true}),
        "make directory /t/d/p (0774 root:root)\nmake directory /t/d/p/q (0774 root:root)\n\
         create /t/d/p/q/f (0 bytes, 0664 root:root)",
    );
    assert_eq!(world.stranger("d/p/q/f", ACCESS), Some(6));

    world.check(
        &json!({"dest": "/t/d/key", "content": "k", "mode": "0640"}),
        "create /t/d/key (1 byte, 0640 root:root)",
    );
    assert_eq!((world.stranger("d/key", ACCESS), world.mode("d/key")), (None, 0o640));
    let owner = nix::unistd::geteuid().to_string();
    world.check(
        &json!({"dest": "/t/d/own", "content": "k", "owner": owner}),
        "create /t/d/own (1 byte, 0644 root:root)",
    );
    assert_eq!((world.stranger("d/own", ACCESS), world.mode("d/own")), (None, 0o644));
    world.check(
        &json!({"action": "directory", "dest": "/t/d/shut", "mode": "0750"}),
        "make directory /t/d/shut (0750 root:root)",
    );
    let left = (world.stranger("d/shut", ACCESS), world.stranger("d/shut", DEFAULT));
    assert_eq!((left, world.mode("d/shut")), ((None, None), 0o750));
    assert!(!Path::new("/t").exists());
}
