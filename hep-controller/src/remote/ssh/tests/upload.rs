//! Uploads that are larger than every window on their way: disks that fill up midway, and lines that are thin or stand still.

use super::*;
use std::sync::atomic::{AtomicBool, Ordering};

/// A script that says where it lies, then ends, padded to many bytes.
fn large(server: &Server, bytes: usize) -> Try {
    let mut try_ = Try::at(server).script("echo \"$0\"; exit\n");
    // What gzip makes hardly smaller.
    let mut number = 1_u64;
    try_.script.push('#');
    for _ in 0..bytes {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        try_.script.push(char::from(
            b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"
                [(number >> 58) as usize],
        ));
    }
    try_
}

#[test]
fn a_disk_that_fills_up_midway_is_passed_over_and_left_empty() {
    for size in ["16k", "1m", "5m"] {
        let mount = format!("mount -t tmpfs -o size={size} tmpfs /var/tmp");
        let server = Server::with("", &mount);
        let try_ = large(&server, 16 << 20);
        let started = Instant::now();
        let (mut link, _) = try_.launch().unwrap_or_else(|error| panic!("{size}: {error}"));
        assert!(started.elapsed() < Duration::from_secs(20), "{size}: {:?}", started.elapsed());
        let place = hello(&mut *link).unwrap();
        assert!(place.starts_with("./.hep-"), "{size}: {place}");
        assert_eq!(leftovers(&server), [] as [&str; 0], "{size}");
        // A file without a name would still fill the disk if the server had it open.
        let disk = nix::sys::statvfs::statvfs(&server.root().join("var/tmp")).unwrap();
        assert_eq!(disk.blocks_free(), disk.blocks(), "{size}");
        link.finish();
    }
}

#[test]
fn all_disks_full_is_an_error_soon_and_none_keeps_anything() {
    let before = "mount --bind $DIR /mnt && for d in /var/tmp /root /dev/shm /tmp /run; do mount -t tmpfs -o size=64k \
                  tmpfs $d; done && mkdir -p $DIR /run/sshd && mount --bind /mnt $DIR";
    let server = Server::with("", before);
    let started = Instant::now();
    let failed = large(&server, 8 << 20).fails_at(Stage::Upload);
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    assert_eq!(failed.what.matches("write failed (full or read-only?)").count(), 5, "{failed}");
    assert_eq!(leftovers(&server), [] as [&str; 0]);
}

/// Where the agent was started, by its own word.
fn place(try_: &Try) -> String {
    let (mut link, _) = try_.launch().unwrap();
    let place = hello(&mut *link).unwrap();
    link.finish();
    place
}

#[test]
fn without_sftp_the_agent_comes_through_the_shell() {
    for config in
        ["Subsystem none /bin/true", "Subsystem sftp /bin/false", "Subsystem sftp /no/such"]
    {
        let server = Server::with(config, "true");
        let place = place(&large(&server, 1_500_000));
        assert!(place.starts_with("/var/tmp/.hep-"), "{config}: {place}");
        assert_eq!(leftovers(&server), [] as [&str; 0], "{config}");
    }
}

#[test]
fn where_sftp_shows_another_tree_the_agent_comes_through_the_shell() {
    let sftp = "Subsystem sftp /usr/sbin/chroot DIR/tree /usr/lib/openssh/sftp-server";
    let before = "mkdir -p $DIR/tree/var/tmp $DIR/tree/usr $DIR/tree/lib $DIR/tree/lib64 $DIR/tree/dev \
                  && mount --bind /usr $DIR/tree/usr && mount --bind /dev $DIR/tree/dev \
                  && mount --bind /usr/lib $DIR/tree/lib && mount --bind /usr/lib64 $DIR/tree/lib64";
    let server = Server::with(sftp, before);
    let place = place(&large(&server, 100_000));
    assert!(place.starts_with("/var/tmp/.hep-"), "{place}");
    assert_eq!(leftovers(&server), [] as [&str; 0]);
    let tree = server.root().join(server.path("tree/var/tmp").strip_prefix("/").unwrap());
    assert_eq!(std::fs::read_dir(tree).unwrap().count(), 0);
}

#[test]
fn through_the_shell_what_does_not_take_the_agent_is_passed_over_and_left_empty() {
    for options in ["size=4k", "size=1m", "ro", "noexec"] {
        let server = Server::with("", &format!("mount -t tmpfs -o {options} tmpfs /var/tmp"));
        let mut try_ = large(&server, 3 << 20);
        try_.upload = UploadMode::Exec;
        let place = place(&try_);
        assert!(place.starts_with("./.hep-"), "{options}: {place}");
        assert_eq!(leftovers(&server), [] as [&str; 0], "{options}");
    }
}

#[test]
fn through_the_shell_an_error_names_every_directory() {
    let before = "mount --bind $DIR /mnt && for d in /var/tmp /root /dev/shm /tmp /run; do mount -t tmpfs -o size=64k \
                  tmpfs $d; done && mkdir -p $DIR /run/sshd && mount --bind /mnt $DIR && mount -o remount,noexec /run";
    let server = Server::with("", before);
    for mode in [UploadMode::Exec, UploadMode::Cache] {
        let mut try_ = large(&server, 8 << 20);
        try_.upload = mode;
        let failed = try_.fails_at(Stage::Upload);
        assert_eq!(
            failed.what.matches("write failed (full or read-only?)").count(),
            4 + usize::from(mode == UploadMode::Cache),
            "{failed}"
        );
        assert!(failed.what.ends_with("; /run: no program may run there (noexec)"), "{failed}");
        assert_eq!(leftovers(&server), [] as [&str; 0]);
    }
}

#[test]
fn a_cancel_during_the_delivery_leaves_nothing() {
    let server = Server::start();
    let mut try_ = large(&server, 16 << 20);
    try_.upload = UploadMode::Exec;
    try_.target.port = thin(&server, 2_000_000, 1_000_000);
    try_.timeouts.upload = Duration::from_secs(1);
    try_.fails_at(Stage::Upload);
    for _ in 0..100 {
        if leftovers(&server).is_empty() {
            return;
        }
        thread::sleep(Duration::from_millis(400));
    }
    panic!("{:?}", leftovers(&server));
}

/// A port that leads to the server's over a line that takes so many bytes in a second from the client, and none any more
/// after so many.
fn thin(server: &Server, rate: usize, stops_after: usize) -> u16 {
    let near = TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, server) = (near.local_addr().unwrap().port(), server.port);
    thread::spawn(move || {
        let (client, host) =
            (near.accept().unwrap().0, TcpStream::connect(("127.0.0.1", server)).unwrap());
        let (mut back, mut to_client) = (host.try_clone().unwrap(), client.try_clone().unwrap());
        let ended = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&ended);
        thread::spawn(move || {
            let _ = io::copy(&mut back, &mut to_client);
            told.store(true, Ordering::SeqCst);
        });
        let (mut client, mut host) = (client, host);
        let (mut buffer, mut passed) = ([0; 4096], 0);
        while let Ok(read @ 1..) = client.read(&mut buffer) {
            passed += read;
            if passed > stops_after {
                // The line stays up for longer than the test waits.
                thread::sleep(Duration::from_secs(30));
                break;
            }
            thread::sleep(Duration::from_secs_f64(read as f64 / rate as f64));
            if ended.load(Ordering::SeqCst) || host.write_all(&buffer[..read]).is_err() {
                break;
            }
        }
        let _ = host.shutdown(Shutdown::Both);
    });
    port
}

#[test]
fn a_thin_line_may_take_its_time_as_long_as_something_moves() {
    let server = Server::start();
    let mut try_ = large(&server, 1_500_000);
    try_.target.port = thin(&server, 200_000, usize::MAX);
    try_.timeouts.upload = Duration::from_secs(2);
    let started = Instant::now();
    let (mut link, _) = try_.launch().unwrap();
    assert!(started.elapsed() > Duration::from_secs(6), "{:?}", started.elapsed());
    assert!(hello(&mut *link).unwrap().starts_with("/var/tmp/.hep-"));
    link.finish();
}

#[test]
fn a_line_that_stands_still_midway_is_given_up() {
    let server = Server::start();
    let mut try_ = large(&server, 16 << 20);
    try_.target.port = thin(&server, 1_000_000, 300_000);
    try_.timeouts.upload = Duration::from_secs(1);
    let started = Instant::now();
    let failed = try_.fails_at(Stage::Upload);
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    assert_eq!(failed.source.unwrap().to_string(), "no answer within 1 s");
}

/// A user of the host who reads the name in the launcher's arguments is there first, with a link to a directory.
#[test]
fn a_link_in_the_place_of_the_upload_is_passed_over_and_nothing_stays_where_it_leads() {
    let server = Server::start();
    std::fs::create_dir(server.path("victim")).unwrap();
    let place = |token: &str| server.root().join(format!("var/tmp/.hep-{token}"));
    for _ in 0..10 {
        let done = AtomicBool::new(false);
        let (reached, planted) = thread::scope(|scope| {
            let planter = scope.spawn(|| {
                let mut planted = Vec::new();
                while !done.load(Ordering::SeqCst) {
                    for token in tokens() {
                        // What is already there, the launch made.
                        if std::os::unix::fs::symlink(server.path("victim"), place(&token)).is_ok()
                        {
                            planted.push(token);
                        }
                    }
                }
                planted
            });
            let mut try_ = Try::at(&server).script("echo \"$0\"; exit\n");
            try_.target.port = thin(&server, 10_000, usize::MAX);
            let (mut link, _) = try_.launch().unwrap();
            let reached = hello(&mut *link).unwrap();
            link.finish();
            done.store(true, Ordering::SeqCst);
            (reached, planter.join().unwrap())
        });
        for token in &planted {
            std::fs::remove_file(place(token)).ok();
        }
        let stayed: Vec<_> = std::fs::read_dir(server.path("victim")).unwrap().collect();
        assert!(stayed.is_empty(), "{stayed:?}");
        // The other way round the planter was too late.
        if !reached.starts_with("/var/tmp/") {
            assert!(reached.starts_with("./.hep-"), "{reached}");
            return;
        }
    }
    panic!("the link was never there first");
}

/// The names that launchers of this machine have in their arguments.
fn tokens() -> Vec<String> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    let arguments = processes.filter_map(|path| std::fs::read(path.join("cmdline")).ok());
    let token = |bytes: Vec<u8>| {
        let words = bytes.split(|byte| *byte == 0).skip_while(|word| *word != b"hep").nth(1);
        let text = String::from_utf8(words?.to_vec()).ok()?;
        Some(text).filter(|text| text.len() == 16)
    };
    arguments.filter_map(token).collect()
}
