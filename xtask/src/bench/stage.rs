//! Where the cases play: throwaway hosts, the files of the operator, and the ways to the hosts, with a relay or without.

use std::cell::Cell;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use hep_tests::relay::{Counters, Options};
use hep_tests::{Flavour, Host, Relay};

use super::measure::{self, Cost};
use super::peers::Peers;
use crate::demo::{self, harness};
use crate::shell::{self, Failure};

/// Ports of the sshd of each host, beside 22: names of many hosts lead to few.
const PORTS: u16 = 10;

/// The hep that is measured.
pub(super) struct Built {
    pub(super) hep: PathBuf,
    pub(super) agents: PathBuf,
}

/// The bench's world.
pub(super) struct Stage {
    /// Everything that is made lies there.
    pub(super) place: PathBuf,
    pub(super) built: Built,
    pub(super) peers: Option<Peers>,
    pub(super) runs: u32,
    hosts: Vec<Host>,
    logs: Cell<u32>,
}

impl Stage {
    pub(super) fn new(
        built: Built,
        place: PathBuf,
        peers: Option<Peers>,
        runs: u32,
    ) -> Result<Stage, Failure> {
        let stage = Stage { place, built, peers, runs, hosts: Vec::new(), logs: Cell::new(0) };
        let site = include_str!("site/site.yml");
        stage.keep("site/site.yml", site.replace("PLACE", ""))?;
        stage.keep("site/many.yml", site.replace("PLACE", "{{ place }}"))?;
        stage.keep("site/playbook.yml", include_str!("site/playbook.yml"))?;
        // Settings of the developer's are not to count.
        stage.keep("site/ansible.cfg", "")?;
        stage.keep("site/deploy.py", include_str!("site/deploy.py"))?;
        for number in 0..10 {
            let text = format!("line {number} of a file that is like others\n").repeat(69);
            stage.keep(&format!("site/files/{number}"), text)?;
        }
        Ok(stage)
    }

    /// Writes a file of the bench.
    pub(super) fn keep(&self, name: &str, text: impl AsRef<[u8]>) -> Result<(), Failure> {
        let path = self.place.join(name);
        let directory = path.parent().unwrap_or(&self.place);
        fs::create_dir_all(directory).map_err(shell::file_error("create", directory))?;
        fs::write(&path, text).map_err(shell::file_error("write", &path))
    }

    /// Writes so many files of this size that no compression makes smaller.
    pub(super) fn keep_noise(
        &self,
        files: usize,
        size: usize,
        name: impl Fn(usize) -> String,
    ) -> Result<(), Failure> {
        let noise = self.place.join(format!("noise-{size}"));
        random_file(&noise, (files * size) as u64)?;
        let bytes = fs::read(&noise).map_err(shell::file_error("read", &noise))?;
        let mut contents = bytes.chunks(size).enumerate();
        contents.try_for_each(|(number, content)| self.keep(&name(number), content))
    }

    /// Has so many hosts up, as far as they are not yet.
    pub(super) fn need(&mut self, hosts: usize) -> Result<(), Failure> {
        let names: Vec<String> =
            (self.hosts.len()..hosts).map(|number| format!("bench{number:02}")).collect();
        if !names.is_empty() {
            shell::say(&format!("starting {} hosts", names.len()));
        }
        let started: Result<Vec<Vec<Host>>, Failure> = thread::scope(|scope| {
            let start = |names: Vec<String>| {
                names.iter().map(|name| Host::start(Flavour::Sysv, name).map_err(harness)).collect()
            };
            let threads: Vec<_> = names
                .chunks(names.len().div_ceil(4).max(1))
                .map(|names| scope.spawn(move || start(names.to_vec())))
                .collect();
            let broke = || Failure::Told("a thread that starts hosts broke".to_owned());
            threads.into_iter().map(|thread| thread.join().map_err(|_| broke())?).collect()
        });
        for host in started?.into_iter().flatten() {
            self.furnish(&host)?;
            self.hosts.push(host);
        }
        Ok(())
    }

    /// What the other sides need on a host, and more ports.
    fn furnish(&self, host: &Host) -> Result<(), Failure> {
        // sshd listens on no more than 16 sockets.
        let ports: String = (0..PORTS).map(|port| format!("Port {}\\n", 2200 + port)).collect();
        let more = format!(
            "printf 'AddressFamily inet\\nPort 22\\n{ports}' >> /etc/ssh/sshd_config && kill -HUP $(cat /run/sshd.pid)"
        );
        host.shell(&more).map_err(harness)?;
        answers(SocketAddr::new(host.addr(), 2200 + PORTS - 1))?;
        let packages = if self.peers.is_some() { "rsync python3 python3-apt" } else { "rsync" };
        let install = format!(
            "apt-get -qq install -y --no-install-recommends {packages} > /dev/null 2>&1 || \
             {{ apt-get -qq update && apt-get -qq install -y --no-install-recommends {packages}; }} > /dev/null"
        );
        host.shell(&install).map_err(harness).map(drop)
    }

    pub(super) fn host(&self) -> Result<&Host, Failure> {
        self.hosts.first().ok_or_else(|| Failure::Told("no host was started".to_owned()))
    }

    /// A way to the first host over a line.
    pub(super) fn line(&self, options: Options) -> Result<Way<'_>, Failure> {
        let host = self.host()?;
        let relay = Relay::start(host.address(), options).map_err(harness)?;
        let mut way = Way::new(self, vec![(host, relay.addr(), "web1".to_owned())])?;
        way.relay = Some(relay);
        Ok(way)
    }

    /// Straight to the first hosts.
    pub(super) fn straight(&self, count: usize) -> Result<Way<'_>, Failure> {
        let hosts = self.hosts.iter().take(count).enumerate();
        let ends = hosts.map(|(n, host)| (host, host.address(), format!("web{}", n + 1)));
        Way::new(self, ends.collect())
    }

    /// To many names of the hosts, each another port.
    pub(super) fn ports(&self) -> Result<Way<'_>, Failure> {
        let ends = (0..PORTS).flat_map(|port| {
            self.hosts.iter().enumerate().map(move |(n, host)| {
                let address = SocketAddr::new(host.addr(), 2200 + port);
                (host, address, format!("web{}", usize::from(port) * self.hosts.len() + n + 1))
            })
        });
        Way::new(self, ends.collect())
    }

    /// Runs a command and measures it; what it says is kept under its number.
    pub(super) fn measure(&self, command: &mut Command) -> Result<Cost, Failure> {
        self.logs.set(self.logs.get() + 1);
        let logs = self.place.join("logs");
        fs::create_dir_all(&logs).map_err(shell::file_error("create", &logs))?;
        measure::run(command, &logs.join(self.logs.get().to_string()))
    }

    /// The most memory that a command has at a time, in MiB (GNU time).
    pub(super) fn peak(&self, command: &Command) -> Result<f64, Failure> {
        let file = self.place.join("peak");
        let mut time = shell::command("time");
        time.args(["-f", "%M", "-o"]).arg(&file).arg(command.get_program());
        time.args(command.get_args());
        time.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        if let Some(directory) = command.get_current_dir() {
            time.current_dir(directory);
        }
        self.measure(&mut time)?;
        let text = fs::read_to_string(&file).map_err(shell::file_error("read", &file))?;
        let no_number = |_| Failure::Told(format!("time said no number: {text}"));
        Ok(text.trim().parse::<f64>().map_err(no_number)? / 1024.0)
    }
}

/// A way to one host or several, with the files of an operator who knows it.
pub(super) struct Way<'a> {
    pub(super) stage: &'a Stage,
    pub(super) ends: Vec<(&'a Host, SocketAddr, String)>,
    relay: Option<Relay>,
    /// Holds home, hosts files and known_hosts.
    pub(super) place: PathBuf,
}

impl<'a> Way<'a> {
    fn new(
        stage: &'a Stage,
        ends: Vec<(&'a Host, SocketAddr, String)>,
    ) -> Result<Way<'a>, Failure> {
        let place = stage.place.join(match ends.as_slice() {
            [one] => format!("way-{}", one.1.port()),
            all => format!("way-of-{}", all.len()),
        });
        let (mut known, mut hosts) = (String::new(), String::new());
        for (number, (host, address, name)) in ends.iter().enumerate() {
            let own = host.addr().to_string();
            let (ip, port) = (address.ip(), address.port());
            let shown = if port == 22 { ip.to_string() } else { format!("[{ip}]:{port}") };
            known.push_str(&host.known_hosts().replace(&own, &shown));
            let key = host.private_key().display();
            // Writing to a String cannot fail.
            let _ = writeln!(
                hosts,
                "{name} host={ip} port={port} user=root private_key={key} place={number}"
            );
        }
        demo::operator(&place, &known, &hosts)?;
        Ok(Way { stage, ends, relay: None, place })
    }

    /// `hep push` of a manifest of the site, with more options.
    pub(super) fn hep(&self, manifest: &str, options: &[&str]) -> Command {
        let mut hep = shell::command(&self.stage.built.hep);
        hep.arg("push").arg("-i").arg(self.place.join("hosts")).args(options).arg(manifest);
        self.at_site(&mut hep);
        hep
    }

    /// Runs it as the operator, in the directory of the site.
    pub(super) fn at_site(&self, command: &mut Command) {
        command.current_dir(self.stage.place.join("site")).env("HOME", self.place.join("home"));
        command.env_remove("SSH_AUTH_SOCK");
    }

    /// OpenSSH's arguments for one end, without a destination.
    pub(super) fn ssh_options(&self, end: &(&Host, SocketAddr, String)) -> Vec<String> {
        let known = format!("UserKnownHostsFile={}", self.known_hosts().display());
        let key = end.0.private_key().display().to_string();
        let set = ["BatchMode=yes", "IdentitiesOnly=yes", "GlobalKnownHostsFile=none", &known];
        let set = set.iter().flat_map(|option| ["-o", option]).map(str::to_owned);
        ["-F", "none", "-i", &key].map(str::to_owned).into_iter().chain(set).collect()
    }

    /// Writes a list of hosts in another tool's form, and gives its path.
    pub(super) fn write_hosts(
        &self,
        name: &str,
        (before, after): (&str, &str),
        line: impl Fn(&str, SocketAddr, &Path) -> String,
    ) -> Result<PathBuf, Failure> {
        let ends = self.ends.iter();
        let lines = ends.map(|(host, address, name)| line(name, *address, host.private_key()));
        let path = self.place.join(name);
        demo::write(&path, &format!("{before}{}{after}", lines.collect::<String>()))?;
        Ok(path)
    }

    pub(super) fn known_hosts(&self) -> PathBuf {
        self.place.join("home/.ssh/known_hosts")
    }

    /// `ssh host true` for one end.
    pub(super) fn ssh(&self, end: &(&Host, SocketAddr, String)) -> Command {
        let mut ssh = shell::command("ssh");
        ssh.args(self.ssh_options(end)).args(["-p", &end.1.port().to_string()]);
        ssh.arg(format!("root@{}", end.1.ip())).arg("true");
        ssh
    }

    /// The only end.
    pub(super) fn end(&self) -> Result<&(&'a Host, SocketAddr, String), Failure> {
        self.ends.first().ok_or_else(|| Failure::Told("a way without an end".to_owned()))
    }

    /// Measures a command that goes this way, with what crossed the line.
    pub(super) fn measure(&self, command: &mut Command) -> Result<Cost, Failure> {
        let before = self.counters();
        let cost = self.stage.measure(command)?;
        let Some((before, after)) = before.zip(self.counters()) else { return Ok(cost) };
        // The goodbye after the host's last word is a turn to the relay, but nobody waits for its answer.
        let turns = after.turns - before.turns + (after.connections - before.connections);
        Ok(Cost {
            trips: Some(turns.saturating_sub(1)),
            sent: Some(after.sent - before.sent),
            received: Some(after.received - before.received),
            ..cost
        })
    }

    fn counters(&self) -> Option<Counters> {
        self.relay.as_ref().map(Relay::counters)
    }

    /// Runs a script on all hosts of the way, unmeasured.
    pub(super) fn on_hosts(&self, script: &str) -> Result<(), Failure> {
        self.ends.iter().try_for_each(|(host, ..)| host.shell(script).map_err(harness).map(drop))
    }
}

/// Waits until sshd listens there.
fn answers(address: SocketAddr) -> Result<(), Failure> {
    let until = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_err() {
        if Instant::now() > until {
            return Err(Failure::Told(format!("no sshd at {address}")));
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// A file of so many bytes that no compression makes smaller.
pub(super) fn random_file(path: &Path, bytes: u64) -> Result<(), Failure> {
    if fs::metadata(path).is_ok_and(|file| file.len() == bytes) {
        return Ok(());
    }
    let source = Path::new("/dev/urandom");
    let random = fs::File::open(source).map_err(shell::file_error("open", source))?;
    let mut file = fs::File::create(path).map_err(shell::file_error("create", path))?;
    io::copy(&mut random.take(bytes), &mut file).map_err(shell::file_error("write", path))?;
    Ok(())
}
