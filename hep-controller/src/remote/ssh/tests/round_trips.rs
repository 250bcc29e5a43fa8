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
fn a_launch_takes_few_round_trips() {
    let server = Server::start();
    let mut try_ = Try::at(&server);
    let (port, turns) = far_from(&server);
    try_.target.port = port;
    try_.launch().unwrap();
    // The connection is one more. Some slack: an answer may be cut in two on its way, and be answered in two.
    let count = turns.lock().unwrap().count;
    assert!((8..=18).contains(&count), "{count} round trips");
}
