//! The cases: what is run, over which line, and what it was to reach.

use std::cell::Cell;
use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use hep_tests::relay::Options;

use super::measure::{Cost, Found, Peak, Row, Side, Target, in_turns};
use super::peers::{self, Peer};
use super::stage::{Stage, Way, random_file};
use crate::demo::harness;
use crate::shell::{self, Failure};

/// Something that is measured.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) run: fn(&mut Stage) -> Result<Found, Failure>,
}

pub(super) static CASES: &[Case] = &[
    Case { name: "road", title: "17 tasks, converged, one host, RTT 100 ms", run: road },
    Case { name: "near", title: "17 tasks, converged, one host, RTT 0", run: near },
    Case {
        name: "thin",
        title: "17 tasks, first run, one host, 1 Mbit/s and RTT 200 ms",
        run: thin,
    },
    Case {
        name: "lossy",
        title: "17 tasks, converged, one host, RTT 100 ms, 1 % of segments lost",
        run: lossy,
    },
    Case { name: "twenty", title: "17 tasks, converged, 20 hosts at once, RTT 0", run: twenty },
    Case { name: "many", title: "17 tasks, first run, 200 sshd, 50 at a time", run: many },
    Case { name: "large", title: "a file of 1 GiB", run: large },
    Case { name: "tree", title: "a tree of 10,000 files of 4 KB in 100 directories", run: tree },
    Case { name: "tasks", title: "1,000 converged file tasks", run: tasks },
    Case { name: "compile", title: "a manifest of 10,000 tasks", run: compile },
];

/// What the seventeen tasks make on a host.
const REMOVE: &str = "rm -rf /etc/bench*";

/// `ssh host true`, the floor.
fn floor<'a>(way: &'a Way<'a>) -> Side<'a> {
    Side::new("ssh host true", move || way.measure(&mut way.ssh(way.end()?)))
}

fn hep<'a>(way: &'a Way<'a>, name: &str, options: &'a [&'a str]) -> Side<'a> {
    Side::new(name, move || way.measure(&mut way.hep("site.yml", options)))
}

/// The peers that are installed.
fn others<'a>(way: &'a Way<'a>, which: &[Peer], before: Option<&'a str>) -> Vec<Side<'a>> {
    let Some(all) = &way.stage.peers else { return Vec::new() };
    let side = |peer: &Peer| {
        let (peer, runs) = (*peer, Cell::new(0));
        Side::new(peer.name(), move || {
            runs.set(runs.get() + 1);
            if let Some(script) = before {
                way.on_hosts(script)?;
            }
            way.measure(&mut all.command(peer, way, runs.get())?)
        })
    };
    which.iter().map(side).collect()
}

fn row<'a>(rows: &'a [Row], name: &str) -> Result<&'a Row, Failure> {
    rows.iter()
        .find(|row| row.name == name)
        .ok_or_else(|| Failure::Told(format!("nothing was measured of {name}")))
}

/// How much longer one side took than another, at most.
fn at_most(rows: &[Row], name: &str, bound: f64, other: &str) -> Result<Target, Failure> {
    let ratio = row(rows, name)?.ratio(row(rows, other)?);
    Ok(Target::at_most(&format!("{name}: time / {other}"), bound, ratio, ""))
}

fn trips(rows: &[Row], name: &str, bound: f64) -> Result<Target, Failure> {
    let trips = row(rows, name)?.count(|cost| cost.trips).unwrap_or_default();
    Ok(Target::at_most(&format!("{name}: round trips"), bound, trips as f64, ""))
}

fn road(stage: &mut Stage) -> Result<Found, Failure> {
    stage.need(1)?;
    let way = stage.line(Options { rtt: Duration::from_millis(100), ..Options::default() })?;
    let [exec, cache] = [["--agent-upload", "exec"], ["--agent-upload", "cache"]];
    let mut sides = vec![
        floor(&way),
        hep(&way, "hep", &[]),
        hep(&way, "hep, exec", &exec),
        hep(&way, "hep, cache", &cache),
    ];
    sides.extend(others(&way, &peers::ALL, None));
    let rows = in_turns(&mut sides, stage.runs)?;
    let ssh = "ssh host true";
    let targets = vec![
        trips(&rows, "hep", 15.0)?,
        at_most(&rows, "hep", 1.6, ssh)?,
        trips(&rows, "hep, exec", 10.0)?,
        at_most(&rows, "hep, exec", 1.2, ssh)?,
        trips(&rows, "hep, cache", 10.0)?,
        at_most(&rows, "hep, cache", 1.0, ssh)?,
    ];
    drop(sides);
    Ok(Found { rows, targets, notes: Vec::new() })
}

fn near(stage: &mut Stage) -> Result<Found, Failure> {
    stage.need(1)?;
    let way = stage.straight(1)?;
    let mut sides = vec![floor(&way), hep(&way, "hep", &[])];
    sides.extend(others(&way, &peers::ALL, None));
    let rows = in_turns(&mut sides, stage.runs)?;
    let targets = vec![at_most(&rows, "hep", 0.9, "ssh host true")?];
    drop(sides);
    Ok(Found { rows, targets, notes: Vec::new() })
}

fn thin(stage: &mut Stage) -> Result<Found, Failure> {
    stage.need(1)?;
    let way = stage.line(Options {
        rtt: Duration::from_millis(200),
        bytes_per_second: Some(125_000),
        ..Options::default()
    })?;
    let first = Side::new("hep", || {
        way.on_hosts(REMOVE)?;
        way.measure(&mut way.hep("site.yml", &[]))
    });
    let rivals = [Peer::Mitogen, Peer::Pyinfra];
    let mut sides = vec![floor(&way), first];
    sides.extend(others(&way, &rivals, Some(REMOVE)));
    let rows = in_turns(&mut sides, stage.runs.min(3))?;
    let mut targets = Vec::new();
    if stage.peers.is_some() {
        for peer in rivals {
            targets.push(at_most(&rows, "hep", 1.0, peer.name())?);
        }
    }
    drop(sides);
    Ok(Found { rows, targets, notes: Vec::new() })
}

fn lossy(stage: &mut Stage) -> Result<Found, Failure> {
    stage.need(1)?;
    let rtt = Duration::from_millis(100);
    let way = stage.line(Options { rtt, lost_per_mille: 10, ..Options::default() })?;
    let mut sides = vec![floor(&way), hep(&way, "hep", &[])];
    sides.extend(others(&way, &[Peer::Mitogen, Peer::Pyinfra], None));
    let rows = in_turns(&mut sides, stage.runs)?;
    drop(sides);
    Ok(Found { rows, ..Found::default() })
}

/// `ssh host true` for all ends at once.
fn all_at_once(way: &Way<'_>) -> Result<Cost, Failure> {
    let begin = Instant::now();
    let start = |end| {
        let mut ssh = way.ssh(end);
        ssh.stdout(Stdio::null()).stderr(Stdio::null());
        ssh.spawn().map_err(|source| Failure::Start { command: "ssh".to_owned(), source })
    };
    let children: Vec<_> = way.ends.iter().map(start).collect::<Result<_, _>>()?;
    let mut all = true;
    for mut child in children {
        all &= child.wait().is_ok_and(|status| status.success());
    }
    let wall = begin.elapsed().as_secs_f64();
    let failed = || Failure::Told("`ssh host true` failed for a host".to_owned());
    if all { Ok(Cost { wall, ..Cost::default() }) } else { Err(failed()) }
}

fn twenty(stage: &mut Stage) -> Result<Found, Failure> {
    stage.need(20)?;
    let way = stage.straight(20)?;
    let ssh = "ssh host true, 20 at once";
    // Ansible takes minutes for these, each time.
    let mut sides = vec![Side::new(ssh, || all_at_once(&way)), hep(&way, "hep", &[])];
    sides.extend(others(&way, &[Peer::Mitogen, Peer::Pyinfra], None));
    let rows = in_turns(&mut sides, stage.runs.min(3))?;
    let targets = vec![at_most(&rows, "hep", 1.0, ssh)?];
    drop(sides);
    Ok(Found { rows, targets, notes: Vec::new() })
}

fn many(stage: &mut Stage) -> Result<Found, Failure> {
    stage.need(20)?;
    let way = stage.ports()?;
    let options = ["--forks", "50"];
    let push = || way.hep("many.yml", &options);
    let first = Side::new("hep", || {
        for (host, ..) in way.ends.iter().take(20) {
            host.shell(REMOVE).map_err(harness)?;
        }
        way.measure(&mut push())
    });
    let rows = in_turns(&mut [first], 1)?;
    let peak = stage.peak(&push())? as f64 / 1024.0;
    let hosts = way.ends.len() as f64;
    let cpu = row(&rows, "hep")?.median(|cost| cost.cpu);
    let note = format!(
        "all {hosts} converged (a push that leaves one out fails this case); hep's processor time: {:.1} ms a host",
        cpu / hosts * 1e3
    );
    let targets = vec![Target::at_most("hep: peak memory", 64.0, peak, " MiB")];
    Ok(Found { rows, targets, notes: vec![note] })
}

/// Peak memory of hep and of its agent for one push, in MiB.
fn peaks(stage: &Stage, way: &Way<'_>, manifest: &str) -> Result<(f64, f64), Failure> {
    let watch = Peak::watch(|line| line.contains("/hep-agent "));
    let own = stage.peak(&way.hep(manifest, &[]));
    let agent = watch.kib();
    Ok((own? as f64 / 1024.0, agent as f64 / 1024.0))
}

fn large(stage: &mut Stage) -> Result<Found, Failure> {
    stage.need(1)?;
    let stage = &*stage;
    let file = stage.place.join("site/large");
    random_file(&file, 1 << 30)?;
    stage.keep("site/large.yml", "- file: {src: large, dest: /srv/large, mode: 644}\n")?;
    let way = stage.straight(1)?;
    let clear = "rm -f /srv/large /srv/copy; sync";
    let scp = || {
        let end = way.end()?;
        way.on_hosts(clear)?;
        let mut scp = shell::command("scp");
        scp.args(way.ssh_options(end)).args(["-q", "-P", &end.1.port().to_string()]);
        scp.arg(&file).arg(format!("root@{}:/srv/copy", end.1.ip()));
        way.measure(&mut scp)
    };
    let first = |options: &[&str]| {
        way.on_hosts(clear)?;
        way.measure(&mut way.hep("large.yml", options))
    };
    let openssh = ["--transport", "openssh"];
    let mut sides = [
        Side::new("scp", scp),
        Side::new("hep, first", || first(&[])),
        Side::new("hep by openssh, first", || first(&openssh)),
    ];
    let mut rows = in_turns(&mut sides, stage.runs.min(3))?;
    drop(sides);
    way.on_hosts(clear)?;
    let (own, agent) = peaks(stage, &way, "large.yml")?;
    rows.extend(in_turns(&mut [hep_of(&way, "hep, converged", "large.yml")], stage.runs.min(3))?);
    let line = stage.line(Options::default())?;
    let sent = line.measure(&mut line.hep("large.yml", &[]))?.sent.unwrap_or_default();
    let throughput = 1.0 / row(&rows, "hep, first")?.ratio(row(&rows, "scp")?);
    let targets = vec![
        Target {
            asked: "hep, first: throughput >= 0.9 x scp".to_owned(),
            found: format!("{throughput:.2}"),
            met: throughput >= 0.9,
        },
        Target::at_most("hep, converged: sent", 4.0, sent as f64 / 1e6, " MB"),
        Target::at_most("hep: peak memory", 32.0, own, " MiB"),
        Target::at_most("agent: peak memory", 32.0, agent, " MiB"),
    ];
    way.on_hosts(clear)?;
    Ok(Found { rows, targets, notes: Vec::new() })
}

fn hep_of<'a>(way: &'a Way<'a>, name: &str, manifest: &'a str) -> Side<'a> {
    Side::new(name, move || way.measure(&mut way.hep(manifest, &[])))
}

fn tree(stage: &mut Stage) -> Result<Found, Failure> {
    stage.need(1)?;
    let stage = &*stage;
    make_tree(stage)?;
    let way = stage.straight(1)?;
    let rsync = |to: u32| {
        let end = way.end()?;
        let ssh = format!("ssh {} -p {}", way.ssh_options(end).join(" "), end.1.port());
        let mut rsync = shell::command("rsync");
        rsync.args(["-a", "-e", &ssh]).arg(stage.place.join("site/tree/"));
        rsync.arg(format!("root@{}:/srv/copy{to}/", end.1.ip()));
        way.measure(&mut rsync)
    };
    let push = |to: u32| {
        stage.keep("site/tree.yml", format!("- file: {{src: tree/, dest: /srv/tree{to}}}\n"))?;
        way.measure(&mut way.hep("tree.yml", &[]))
    };
    // Each first run has a place of its own: for some seconds ext4 is slow to make files where as many were removed.
    let [copies, trees] = [Cell::new(0), Cell::new(0)];
    let next = |number: &Cell<u32>| number.replace(number.get() + 1);
    let runs = stage.runs.min(5);
    let first = &mut [
        Side::new("rsync -a, first", || rsync(next(&copies))),
        Side::new("hep, first", || push(next(&trees))),
    ];
    let mut rows = in_turns(first, runs)?;
    let again = &mut [
        Side::new("rsync -a, converged", || rsync(0)),
        Side::new("hep, converged", || push(0)),
    ];
    rows.extend(in_turns(again, runs)?);
    let targets = vec![
        at_most(&rows, "hep, first", 1.2, "rsync -a, first")?,
        at_most(&rows, "hep, converged", 1.2, "rsync -a, converged")?,
    ];
    way.on_hosts("rm -rf /srv/tree* /srv/copy*")?;
    Ok(Found { rows, targets, notes: Vec::new() })
}

fn make_tree(stage: &Stage) -> Result<(), Failure> {
    let root = stage.place.join("site/tree");
    if root.join("99/99").exists() {
        return Ok(());
    }
    let noise = stage.place.join("noise");
    random_file(&noise, 10_000 * 4096)?;
    let bytes = fs::read(&noise).map_err(shell::file_error("read", &noise))?;
    for (number, content) in bytes.chunks(4096).enumerate() {
        let directory = root.join(format!("{:02}", number / 100));
        fs::create_dir_all(&directory).map_err(shell::file_error("create", &directory))?;
        let file = directory.join(format!("{:02}", number % 100));
        fs::write(&file, content).map_err(shell::file_error("write", &file))?;
    }
    Ok(())
}

fn tasks(stage: &mut Stage) -> Result<Found, Failure> {
    stage.need(1)?;
    let stage = &*stage;
    // Contents of the second size are never sent unasked: what crosses on a converged host is then no content.
    for (name, size) in [("small", 256), ("mid", 70_000)] {
        let noise = stage.place.join(format!("noise-{name}"));
        random_file(&noise, 1000 * size as u64)?;
        let bytes = fs::read(&noise).map_err(shell::file_error("read", &noise))?;
        let mut text = String::new();
        for (number, content) in bytes.chunks(size).enumerate() {
            stage.keep(&format!("site/{name}/{number}"), content)?;
            text.push_str(&format!(
                "- file: {{src: {name}/{number}, dest: /srv/{name}/{number}, owner: root, group: root, mode: 644, parents: true}}\n"
            ));
        }
        stage.keep(&format!("site/{name}.yml"), &text)?;
    }
    stage.keep("site/none.yml", "- debug: {msg: nothing}\n")?;
    let line = stage.line(Options::default())?;
    let cache = ["--agent-upload", "cache"];
    let sent = |manifest: &str| {
        line.measure(&mut line.hep(manifest, &cache))?;
        Ok::<_, Failure>(line.measure(&mut line.hep(manifest, &cache))?.sent.unwrap_or_default())
    };
    let (all, none) = (sent("mid.yml")?, sent("none.yml")?);
    let row = agent_alone(stage)?;
    let cpu = row.median(|cost| cost.cpu) * 1e3;
    let targets = vec![
        Target::at_most("agent: processor time", 100.0, cpu, " ms"),
        Target::at_most("sent beyond contents", 150.0, (all - none) as f64 / 1e3, " KB"),
    ];
    line.on_hosts("rm -rf /srv/small /srv/mid")?;
    Ok(Found { rows: vec![row], targets, notes: Vec::new() })
}

/// The agent on the host with a bundle of the thousand tasks: what it takes is then its own.
fn agent_alone(stage: &Stage) -> Result<Row, Failure> {
    let (host, bundle) = (stage.host()?, stage.place.join("tasks.hep"));
    let mut make = shell::command(&stage.hep);
    make.args(["bundle", "small.yml", "-o"]).arg(&bundle).current_dir(stage.place.join("site"));
    stage.measure(&mut make)?;
    let agent = stage.agents.join(format!("hep-agent-{}", std::env::consts::ARCH));
    for (from, to) in [(&bundle, "/root/tasks.hep"), (&agent, "/root/agent")] {
        fs::copy(from, host.path(to)).map_err(shell::file_error("copy", from))?;
    }
    let apply = || stage.measure(&mut host.command(&["/root/agent", "apply", "/root/tasks.hep"]));
    let rows = in_turns(&mut [Side::new("hep-agent apply", apply)], stage.runs)?;
    row(&rows, "hep-agent apply").cloned()
}

fn compile(stage: &mut Stage) -> Result<Found, Failure> {
    let stage = &*stage;
    let (mut inline, mut files) = (String::new(), String::new());
    for number in 0..10_000 {
        let dest = format!(
            "dest: /srv/app/{}/{number}, owner: root, group: root, mode: 644",
            number % 100
        );
        inline.push_str(&format!(
            "- name: setting {number}\n  file: {{content: 'port = {number}', {dest}}}\n"
        ));
        stage.keep(&format!("site/ten/{number}"), format!("port = {number}\n"))?;
        files.push_str(&format!(
            "- name: setting {number}\n  file: {{src: ten/{number}, {dest}}}\n"
        ));
    }
    stage.keep("site/inline.yml", &inline)?;
    stage.keep("site/files.yml", &files)?;
    let validate = |manifest: &str| {
        let mut hep = shell::command(&stage.hep);
        hep.arg("validate").arg(manifest).current_dir(stage.place.join("site"));
        hep
    };
    let [own, src] = ["hep validate, content in the manifest", "hep validate, 10,000 files as src"];
    let sides = [(own, "inline.yml"), (src, "files.yml")];
    let side = |(name, manifest): (&str, &'static str)| {
        Side::new(name, move || stage.measure(&mut validate(manifest)))
    };
    let rows = in_turns(&mut sides.map(side), stage.runs)?;
    let mut targets = Vec::new();
    for (name, manifest) in sides {
        let wall = row(&rows, name)?.wall() * 1e3;
        targets.push(Target::at_most(&format!("{name}: time"), 300.0, wall, " ms"));
        let peak = stage.peak(&validate(manifest))? as f64 / 1024.0;
        targets.push(Target::at_most(&format!("{name}: peak memory"), 100.0, peak, " MiB"));
    }
    Ok(Found { rows, targets, notes: Vec::new() })
}
