//! How often a launch waits for the host.

use super::*;
use std::sync::Mutex;

/// A port that leads to the server's, a little way off, and how often the client answered what the server had said.
fn far_from(server: &Server) -> (u16, Arc<Mutex<Turns>>) {
    let near = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = near.local_addr().unwrap().port();
    let server = server.port;
    let turns = Arc::new(Mutex::new(Turns::default()));
    let seen = Arc::clone(&turns);
    thread::spawn(move || {
        let client = near.accept().unwrap().0;
        let host = TcpStream::connect(("127.0.0.1", server)).unwrap();
        for (from, to, is_client) in [(&client, &host, true), (&host, &client, false)] {
            let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
            let seen = Arc::clone(&seen);
            thread::spawn(move || {
                let mut buffer = vec![0; 1 << 16];
                while let Ok(read @ 1..) = from.read(&mut buffer) {
                    seen.lock().unwrap().speaks(is_client);
                    // So that what is sent at once also arrives at once.
                    thread::sleep(Duration::from_millis(5));
                    let _ = to.write_all(&buffer[..read]);
                }
                let _ = to.shutdown(Shutdown::Both);
            });
        }
    });
    (port, turns)
}

#[derive(Default)]
struct Turns {
    client_spoke_last: bool,
    count: usize,
}

impl Turns {
    fn speaks(&mut self, is_client: bool) {
        self.count += usize::from(is_client && !self.client_spoke_last);
        self.client_spoke_last = is_client;
    }
}

#[test]
fn a_launch_takes_few_round_trips_in_every_mode() {
    let server = Server::with("SetEnv XDG_CACHE_HOME=/var/tmp/cache", "true");
    let (cold, warm) = ("cache, cold", "cache, warm");
    // The connection is one more. Some slack: an answer may be cut in two on its way, and be answered in two.
    let cases = [
        ("sftp", UploadMode::Sftp, 12),
        ("exec", UploadMode::Exec, 8),
        (cold, UploadMode::Cache, 8),
        (warm, UploadMode::Cache, 7),
    ];
    for (name, mode, usual) in cases {
        let mut try_ = Try::at(&server);
        // It stays where it is, as a kept agent does.
        try_.script = "#!/bin/sh\necho hello\nexit\n".to_owned();
        try_.upload = mode;
        let (port, turns) = far_from(&server);
        try_.target.port = port;
        let (mut link, _) = try_.launch().unwrap();
        let count = turns.lock().unwrap().count;
        eprintln!("{name}: {count}");
        assert!((usual - 1..=usual + 2).contains(&count), "{name}: {count} round trips");
        link.finish();
    }
}
