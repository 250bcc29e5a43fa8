//! A slow, thin or failing line: a TCP relay on loopback between a client and a host.
//!
//! It delays every byte by half the round trip in each direction, and a new connection by one round trip
//! more, as TCP's handshake would. It must not change, merge across a pause or lose a byte until it is cut.

use crate::error::{Doing as _, Error, Result};
use nix::sys::socket::{setsockopt, sockopt};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How soon a cut is noticed by a thread that waits for bytes.
const TICK: Duration = Duration::from_millis(10);

/// The most that one read takes, in bytes: small enough for a bandwidth cap to be smooth.
const CHUNK: usize = 16 * 1024;

/// What one packet carries, in bytes.
const SEGMENT: usize = 1460;

/// What the line is like. The default is loopback as it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// The round trip's time, both directions together.
    pub rtt: Duration,
    /// The most that passes in each direction, for each connection.
    pub bytes_per_second: Option<u64>,
    /// How many of a thousand segments get lost. Each is sent again, as after TCP's three duplicate acknowledgements (RFC 5681):
    /// it comes a round trip late, and what is after it waits.
    pub lost_per_mille: u16,
    /// Cuts the line by itself once this many bytes have come from the clients, in all connections.
    pub cut_after_sent: Option<(u64, Cut)>,
    /// Cuts the line by itself once this many bytes have come from the host, in all connections.
    pub cut_after_received: Option<(u64, Cut)>,
}

/// How a line ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Both ends get a reset, and so does every new connection.
    Reset,
    /// Nothing passes any more and nobody is told, as when a cable is pulled.
    Hang,
}

/// Bytes that came in from each side, as one who pays for the line counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counters {
    /// From the clients to the host.
    pub sent: u64,
    /// From the host to the clients.
    pub received: u64,
    /// Connections that clients made.
    pub connections: u64,
    /// How many round trips clients waited for, one after the other: how often one spoke after the host had, at least a round
    /// trip's time after it had last done so. What crosses in a stream counts by how long it takes.
    pub turns: u64,
}

/// A running relay. Dropping it resets what is connected.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    line: Arc<Line>,
}

impl Relay {
    /// Listens on a free port of loopback and relays to `target`.
    pub fn start(target: SocketAddr, options: Options) -> Result<Self> {
        let what = || "listen on loopback".to_owned();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).doing(what)?;
        let address = listener.local_addr().doing(what)?;
        let line = Arc::new(Line::new(target, options));
        let served = Arc::clone(&line);
        thread::spawn(move || accept(&listener, &served));
        Ok(Self { address, line })
    }

    /// Where clients connect.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// The bytes that have come in so far.
    pub fn counters(&self) -> Counters {
        Counters {
            sent: self.line.sent.load(Ordering::SeqCst),
            received: self.line.received.load(Ordering::SeqCst),
            connections: self.line.connections.load(Ordering::SeqCst),
            turns: self.line.turns.load(Ordering::SeqCst),
        }
    }

    /// Cuts the line for good.
    pub fn cut(&self, how: Cut) {
        self.line.cut(how);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.line.cut(Cut::Reset);
        self.line.closed.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts, so that it sees the end and frees the port.
        let _refused = TcpStream::connect(self.address);
    }
}

const WHOLE: u8 = 0;
const RESET: u8 = 1;
const HUNG: u8 = 2;

#[derive(Debug)]
struct Line {
    target: SocketAddr,
    options: Options,
    state: AtomicU8,
    closed: AtomicBool,
    sent: AtomicU64,
    received: AtomicU64,
    connections: AtomicU64,
    turns: AtomicU64,
    /// Whether the host was the last to be heard by a client.
    answered: AtomicBool,
    last_turn: Mutex<Option<Instant>>,
}

#[derive(Debug, Clone, Copy)]
enum Direction {
    ToHost,
    ToClient,
}

impl Line {
    fn new(target: SocketAddr, options: Options) -> Self {
        let [sent, received, connections, turns] = [0, 0, 0, 0].map(AtomicU64::new);
        let [closed, answered] = [false, true].map(AtomicBool::new);
        let state = AtomicU8::new(WHOLE);
        Self {
            target,
            options,
            state,
            closed,
            sent,
            received,
            connections,
            turns,
            answered,
            last_turn: Mutex::default(),
        }
    }

    fn cut(&self, how: Cut) {
        let state = match how {
            Cut::Reset => RESET,
            Cut::Hang => HUNG,
        };
        self.state.store(state, Ordering::SeqCst);
    }

    fn state(&self) -> u8 {
        self.state.load(Ordering::SeqCst)
    }

    fn client_spoke(&self) {
        let mut last = self.last_turn.lock().unwrap_or_else(PoisonError::into_inner);
        // A little less: the clocks of two threads are read one after the other.
        let trip = self.options.rtt.mul_f64(0.9);
        let later = last.is_none_or(|last| last.elapsed() >= trip);
        if later && self.answered.swap(false, Ordering::SeqCst) {
            *last = Some(Instant::now());
            self.turns.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Waits while the line hangs; false when it has been reset.
    fn passes(&self) -> bool {
        while self.state() == HUNG {
            thread::sleep(TICK);
        }
        self.state() == WHOLE
    }

    /// Counts what came in and gives how much of it may still pass.
    fn count(&self, direction: Direction, bytes: usize) -> usize {
        let (counter, limit) = match direction {
            Direction::ToHost => (&self.sent, self.options.cut_after_sent),
            Direction::ToClient => (&self.received, self.options.cut_after_received),
        };
        let before = counter.fetch_add(bytes as u64, Ordering::SeqCst);
        if matches!(direction, Direction::ToHost) {
            self.client_spoke();
        }
        match limit {
            Some((limit, how)) if before + bytes as u64 >= limit => {
                self.cut(how);
                usize::try_from(limit.saturating_sub(before)).unwrap_or(bytes).min(bytes)
            }
            Some(_) | None => bytes,
        }
    }
}

fn accept(listener: &TcpListener, line: &Arc<Line>) {
    for client in listener.incoming().flatten() {
        if line.closed.load(Ordering::SeqCst) {
            break;
        }
        line.connections.fetch_add(1, Ordering::SeqCst);
        let line = Arc::clone(line);
        thread::spawn(move || {
            // An error here is a client or a host that went away: the other side has been told by then.
            let _over = relay(client, &line);
        });
    }
}

fn relay(client: TcpStream, line: &Arc<Line>) -> Result<()> {
    let client = Arc::new(prepare(client)?);
    thread::sleep(line.options.rtt);
    if !line.passes() {
        return reset(&client);
    }
    let Ok(host) = TcpStream::connect_timeout(&line.target, Duration::from_secs(10)) else {
        return reset(&client);
    };
    let host = Arc::new(prepare(host)?);
    let pumps = [
        pump(&client, &host, Direction::ToHost, line),
        pump(&host, &client, Direction::ToClient, line),
    ];
    for thread in pumps.into_iter().flatten() {
        thread.join().map_err(|_| Error::new("a thread of the relay panicked"))?;
    }
    if line.passes() {
        return Ok(());
    }
    // Only the last owner's close is the reset, and the pumps are gone by now.
    reset(&client)?;
    reset(&host)
}

fn prepare(stream: TcpStream) -> Result<TcpStream> {
    let set = stream
        .set_nodelay(true)
        .and_then(|()| stream.set_read_timeout(Some(TICK)))
        .and_then(|()| stream.set_write_timeout(Some(TICK)));
    set.doing(|| "set up a connection".to_owned()).map(|()| stream)
}

/// Makes the close that follows a reset: with a linger time of zero TCP does not say goodbye.
fn reset(stream: &TcpStream) -> Result<()> {
    let linger = nix::libc::linger { l_onoff: 1, l_linger: 0 };
    setsockopt(stream, sockopt::Linger, &linger).doing(|| "reset a connection".to_owned())
}

fn is_pause(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

/// Bytes and when they may go on; no bytes are the end of the stream.
type Parcel = (Instant, Vec<u8>);

/// Two threads for one direction: what is on its way must not hold up what comes in after it.
fn pump(
    from: &Arc<TcpStream>,
    to: &Arc<TcpStream>,
    direction: Direction,
    line: &Arc<Line>,
) -> [thread::JoinHandle<()>; 2] {
    let (sender, receiver) = sync_channel(1024);
    let (from, to) = (Arc::clone(from), Arc::clone(to));
    let lines = [Arc::clone(line), Arc::clone(line)];
    let [reading, writing] = lines;
    [
        thread::spawn(move || take_in(&from, &sender, direction, &reading)),
        thread::spawn(move || pass_on(&receiver, &to, direction, &writing)),
    ]
}

/// Which segments get lost: by a fixed sequence, so that two runs meet the same line.
struct Losses {
    per_mille: u64,
    state: u64,
}

impl Losses {
    fn new(per_mille: u16, direction: Direction) -> Self {
        let state = match direction {
            Direction::ToHost => 0x9e37_79b9_7f4a_7c15,
            Direction::ToClient => 0xd1b5_4a32_d192_ed03,
        };
        Self { per_mille: per_mille.into(), state }
    }

    /// Whether one of the next so many is lost.
    fn any_of(&mut self, segments: usize) -> bool {
        (0..segments).fold(false, |any, _| {
            // Marsaglia's xorshift generator (Journal of Statistical Software 8, 14).
            self.state ^= self.state << 13;
            self.state ^= self.state >> 7;
            self.state ^= self.state << 17;
            any | (self.state % 1000 < self.per_mille)
        })
    }
}

fn take_in(mut from: &TcpStream, parcels: &SyncSender<Parcel>, direction: Direction, line: &Line) {
    let mut buffer = vec![0; CHUNK];
    let mut free_at = Instant::now();
    let mut losses = Losses::new(line.options.lost_per_mille, direction);
    while line.passes() {
        let read = match from.read(&mut buffer) {
            Err(e) if is_pause(&e) => continue,
            // The far end's reset: the near end should see the end of the stream.
            Err(_) => 0,
            Ok(read) => read,
        };
        let passing = line.count(direction, read);
        let bytes = buffer.get(..passing).unwrap_or_default().to_vec();
        let now = Instant::now();
        let takes = line.options.bytes_per_second.map_or(Duration::ZERO, |rate| {
            Duration::from_secs_f64(passing as f64 / rate.max(1) as f64)
        });
        free_at = free_at.max(now) + takes;
        // A full line is not read from either: the sender feels the back pressure.
        thread::sleep((free_at - now).saturating_sub(TICK));
        // No bytes mean the end of the stream, which a cut line must not tell.
        if read > 0 && bytes.is_empty() {
            continue;
        }
        let late = if losses.any_of(passing.div_ceil(SEGMENT)) {
            line.options.rtt
        } else {
            Duration::ZERO
        };
        if parcels.send((free_at + line.options.rtt / 2 + late, bytes)).is_err() || read == 0 {
            break;
        }
    }
}

fn pass_on(parcels: &Receiver<Parcel>, mut to: &TcpStream, direction: Direction, line: &Line) {
    for (due, bytes) in parcels {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        if matches!(direction, Direction::ToClient) {
            line.answered.store(true, Ordering::SeqCst);
        }
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            // What was on its way when the line was cut still arrives, if somebody takes it.
            match to.write(rest) {
                Ok(written) => rest = rest.get(written..).unwrap_or_default(),
                Err(e) if is_pause(&e) && line.state() != RESET => {}
                Err(_) => return,
            }
        }
        if bytes.is_empty() {
            // The other end may have closed by itself already.
            let _closed = to.shutdown(Shutdown::Write);
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A client through a relay to a server that sends back what it gets.
    fn echo(options: Options) -> (Relay, TcpStream) {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let target = server.local_addr().unwrap();
        thread::spawn(move || {
            for stream in server.incoming().flatten() {
                thread::spawn(move || io::copy(&mut &stream, &mut &stream));
            }
        });
        let relay = Relay::start(target, options).unwrap();
        let client = TcpStream::connect(relay.addr()).unwrap();
        client.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        (relay, client)
    }

    fn round_trip(mut client: &TcpStream, bytes: &[u8]) -> Duration {
        let started = Instant::now();
        client.write_all(bytes).unwrap();
        let mut back = vec![0; bytes.len()];
        client.read_exact(&mut back).unwrap();
        assert_eq!(back, bytes);
        started.elapsed()
    }

    fn assert_between(low: u64, high: u64, time: Duration) {
        let range = Duration::from_millis(low)..Duration::from_millis(high);
        assert!(range.contains(&time), "{time:?} is not within {range:?}");
    }

    #[test]
    fn a_round_trip_takes_its_time_and_the_first_one_twice_that() {
        let (relay, client) =
            echo(Options { rtt: Duration::from_millis(100), ..Options::default() });
        assert_between(200, 800, round_trip(&client, b"first"));
        assert_between(100, 600, round_trip(&client, b"second"));
        // Delay is not a limit of bandwidth: many chunks travel at a time.
        assert_between(100, 800, round_trip(&client, &vec![7; 500_000]));
        let Counters { sent, received, connections, .. } = relay.counters();
        assert_eq!((sent, received, connections), (500_011, 500_011, 1));
    }

    #[test]
    fn a_thin_line_takes_as_long_as_its_bytes() {
        let options = Options { bytes_per_second: Some(200_000), ..Options::default() };
        let (_relay, client) = echo(options);
        assert_between(480, 1500, round_trip(&client, &vec![7; 100_000]));
    }

    #[test]
    fn a_lossy_line_loses_no_byte_but_time() {
        let rtt = Duration::from_millis(40);
        let took = |lost_per_mille| {
            let (_relay, client) = echo(Options { rtt, lost_per_mille, ..Options::default() });
            (0..20).map(|_| round_trip(&client, &[7; 3 * SEGMENT])).sum::<Duration>()
        };
        let (good, bad) = (took(0), took(100));
        assert!(bad > good + 5 * rtt, "{good:?} and {bad:?}");
    }

    #[test]
    fn a_cut_line_delivers_the_bytes_before_the_cut_and_resets() {
        let options =
            Options { cut_after_received: Some((70_000, Cut::Reset)), ..Options::default() };
        let (relay, mut client) = echo(options);
        client.write_all(&vec![7; 100_000]).unwrap();
        let mut back = Vec::new();
        let error = client.read_to_end(&mut back).unwrap_err();
        assert_eq!((back.len(), error.kind()), (70_000, ErrorKind::ConnectionReset));

        let mut next = TcpStream::connect(relay.addr()).unwrap();
        let error = next.read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    }

    #[test]
    fn a_hung_line_says_nothing_at_all() {
        let (relay, mut client) = echo(Options::default());
        round_trip(&client, b"alive");
        relay.cut(Cut::Hang);
        thread::sleep(Duration::from_millis(50));
        client.write_all(b"anybody there?").unwrap();
        client.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        assert!(is_pause(&client.read(&mut [0]).unwrap_err()));
        drop(relay);
        client.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let error = client.read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    }
}
