//! The cases: what is run, over which line, and what it was to reach.

use std::cell::Cell;
use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use hep_tests::relay::Options;

use super::measure::{Cost, Found, Side, in_turns, peak_during};
use super::peers::{self, Peer};
use super::stage::{Stage, Way, random_file};
use crate::demo::harness;
use crate::shell::{self, Failure};

/// Something that is measured.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    /// How many hosts it needs.
    pub(super) hosts: usize,
    pub(super) run: fn(&Stage) -> Result<Found, Failure>,
}

#[rustfmt::skip]
pub(super) static CASES: &[Case] = &[
    Case { name: "road", title: "17 tasks, converged, one host, RTT 100 ms", hosts: 1, run: road },
    Case { name: "near", title: "17 tasks, converged, one host, RTT 0", hosts: 1, run: near },
    Case { name: "thin", title: "17 tasks, first run, one host, 1 Mbit/s and RTT 200 ms", hosts: 1, run: thin },
    Case { name: "lossy", title: "17 tasks, converged, one host, RTT 100 ms, 1 % of segments lost", hosts: 1, run: lossy },
    Case { name: "twenty", title: "17 tasks, converged, 20 hosts at once, RTT 0", hosts: 20, run: twenty },
    Case { name: "many", title: "17 tasks, first run, 200 sshd, 50 at a time", hosts: 20, run: many },
    Case { name: "large", title: "a file of 1 GiB", hosts: 1, run: large },
    Case { name: "tree", title: "a tree of 10,000 files of 4 KB in 100 directories", hosts: 1, run: tree },
    Case { name: "tasks", title: "1,000 converged file tasks", hosts: 1, run: tasks },
    Case { name: "compile", title: "a manifest of 10,000 tasks", hosts: 0, run: compile },
];

/// What the seventeen tasks make on a host.
const REMOVE: &str = "rm -rf /etc/bench*";

/// The floor.
const SSH: &str = "ssh host true";

fn floor<'a>(way: &'a Way<'a>) -> Side<'a> {
    Side::new(SSH, move || way.measure(&mut way.ssh(way.end()?)))
}

fn hep<'a>(way: &'a Way<'a>, name: &str, manifest: &'a str, options: &'a [&'a str]) -> Side<'a> {
    Side::new(name, move || way.measure(&mut way.hep(manifest, options)))
}

/// The peers, if they are installed; `before` runs on the hosts before each run.
fn others<'a>(way: &'a Way<'a>, which: &[Peer], before: Option<&'a str>) -> Vec<Side<'a>> {
    let Some(all) = &way.stage.peers else { return Vec::new() };
    let side = |peer: &Peer| {
        let (peer, runs) = (*peer, Cell::new(0));
        Side::new(peer.name(), move || {
            runs.set(runs.get() + 1);
            before.map_or(Ok(()), |script| way.on_hosts(script))?;
            way.measure(&mut all.command(peer, way, runs.get())?)
        })
    };
    which.iter().map(side).collect()
}

fn road(stage: &Stage) -> Result<Found, Failure> {
    let way = stage.line(Options { rtt: Duration::from_millis(100), ..Options::default() })?;
    let mut sides = vec![
        floor(&way),
        hep(&way, "hep", "site.yml", &[]),
        hep(&way, "hep, exec", "site.yml", &["--agent-upload", "exec"]),
        hep(&way, "hep, cache", "site.yml", &["--agent-upload", "cache"]),
    ];
    sides.extend(others(&way, &peers::ALL, None));
    let mut found = in_turns(sides, stage.runs)?;
    for (name, trips, time) in
        [("hep", 15.0, 1.6), ("hep, exec", 10.0, 1.2), ("hep, cache", 10.0, 1.0)]
    {
        found.trips(name, trips)?;
        found.time(name, time, SSH)?;
    }
    Ok(found)
}

fn near(stage: &Stage) -> Result<Found, Failure> {
    let way = stage.straight(1)?;
    let mut sides = vec![floor(&way), hep(&way, "hep", "site.yml", &[])];
    sides.extend(others(&way, &peers::ALL, None));
    let mut found = in_turns(sides, stage.runs)?;
    found.time("hep", 0.9, SSH)?;
    Ok(found)
}

/// Ansible takes minutes where these do not.
const RIVALS: [Peer; 2] = [Peer::Mitogen, Peer::Pyinfra];

fn thin(stage: &Stage) -> Result<Found, Failure> {
    let rtt = Duration::from_millis(200);
    let way = stage.line(Options { rtt, bytes_per_second: Some(125_000), ..Options::default() })?;
    let first = Side::new("hep", || {
        way.on_hosts(REMOVE)?;
        way.measure(&mut way.hep("site.yml", &[]))
    });
    let mut sides = vec![floor(&way), first];
    sides.extend(others(&way, &RIVALS, Some(REMOVE)));
    let mut found = in_turns(sides, stage.runs.min(3))?;
    if stage.peers.is_some() {
        RIVALS.iter().try_for_each(|peer| found.time("hep", 1.0, peer.name()))?;
    }
    Ok(found)
}

fn lossy(stage: &Stage) -> Result<Found, Failure> {
    let rtt = Duration::from_millis(100);
    let way = stage.line(Options { rtt, lost_per_mille: 10, ..Options::default() })?;
    let mut sides = vec![floor(&way), hep(&way, "hep", "site.yml", &[])];
    sides.extend(others(&way, &RIVALS, None));
    in_turns(sides, stage.runs)
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

fn twenty(stage: &Stage) -> Result<Found, Failure> {
    let way = stage.straight(20)?;
    let ssh = "ssh host true, 20 at once";
    let mut sides = vec![Side::new(ssh, || all_at_once(&way)), hep(&way, "hep", "site.yml", &[])];
    sides.extend(others(&way, &RIVALS, None));
    let mut found = in_turns(sides, stage.runs.min(3))?;
    found.time("hep", 1.0, ssh)?;
    Ok(found)
}

fn many(stage: &Stage) -> Result<Found, Failure> {
    let way = stage.ports()?;
    let push = || way.hep("many.yml", &["--forks", "50"]);
    let first = Side::new("hep", || {
        for (host, ..) in way.ends.iter().take(20) {
            host.shell(REMOVE).map_err(harness)?;
        }
        way.measure(&mut push())
    });
    let mut found = in_turns(vec![first], 1)?;
    let hosts = way.ends.len() as f64;
    let cpu = found.median("hep", |cost| Some(cost.cpu))? / hosts * 1e3;
    found.notes.push(format!(
        "all {hosts} converged (a push that leaves one out fails this case); hep's processor time: {cpu:.1} ms a host"
    ));
    found.at_most("hep: peak memory", 64.0, stage.peak(&push())?, " MiB");
    Ok(found)
}

fn large(stage: &Stage) -> Result<Found, Failure> {
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
    let sides = vec![
        Side::new("scp", scp),
        Side::new("hep, first", || first(&[])),
        Side::new("hep by openssh, first", || first(&["--transport", "openssh"])),
    ];
    let runs = stage.runs.min(3);
    let mut found = in_turns(sides, runs)?;
    way.on_hosts(clear)?;
    let is_agent = |line: &str| line.contains("/hep-agent ");
    let (own, agent) = peak_during(is_agent, || stage.peak(&way.hep("large.yml", &[])));
    found.and(in_turns(vec![hep(&way, "hep, converged", "large.yml", &[])], runs)?);
    let line = stage.line(Options::default())?;
    let sent = line.measure(&mut line.hep("large.yml", &[]))?.sent.unwrap_or_default();
    found.time("hep, first", 1.11, "scp")?;
    found.at_most("hep, converged: sent", 4.0, sent as f64 / 1e6, " MB");
    found.at_most("hep: peak memory", 32.0, own?, " MiB");
    found.at_most("agent: peak memory", 32.0, agent as f64 / 1024.0, " MiB");
    way.on_hosts(clear)?;
    Ok(found)
}

fn tree(stage: &Stage) -> Result<Found, Failure> {
    if !stage.place.join("site/tree/99/99").exists() {
        let name = |number| format!("site/tree/{:02}/{:02}", number / 100, number % 100);
        stage.keep_noise(10_000, 4096, name)?;
    }
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
    let first = vec![
        Side::new("rsync -a, first", || rsync(next(&copies))),
        Side::new("hep, first", || push(next(&trees))),
    ];
    let mut found = in_turns(first, runs)?;
    let again = vec![
        Side::new("rsync -a, converged", || rsync(0)),
        Side::new("hep, converged", || push(0)),
    ];
    found.and(in_turns(again, runs)?);
    found.time("hep, first", 1.2, "rsync -a, first")?;
    found.time("hep, converged", 1.2, "rsync -a, converged")?;
    way.on_hosts("rm -rf /srv/tree* /srv/copy*")?;
    Ok(found)
}

fn tasks(stage: &Stage) -> Result<Found, Failure> {
    // Contents of the second size are never sent unasked: what crosses on a converged host is then no content.
    for (name, size) in [("small", 256), ("mid", 70_000)] {
        stage.keep_noise(1000, size, |number| format!("site/{name}/{number}"))?;
        let task = |number| {
            format!(
                "- file: {{src: {name}/{number}, dest: /srv/{name}/{number}, owner: root, group: root, mode: 644, parents: true}}\n"
            )
        };
        stage.keep(&format!("site/{name}.yml"), (0..1000).map(task).collect::<String>())?;
    }
    stage.keep("site/none.yml", "- debug: {msg: nothing}\n")?;
    let line = stage.line(Options::default())?;
    let sent = |manifest: &str| {
        let mut push = line.hep(manifest, &["--agent-upload", "cache"]);
        line.measure(&mut push)?;
        Ok::<_, Failure>(line.measure(&mut push)?.sent.unwrap_or_default())
    };
    let beyond = sent("mid.yml")? - sent("none.yml")?;
    let mut found = agent_alone(stage)?;
    let cpu = found.median("hep-agent apply", |cost| Some(cost.cpu))?;
    found.at_most("agent: processor time", 100.0, cpu * 1e3, " ms");
    found.at_most("sent beyond contents", 150.0, beyond as f64 / 1e3, " KB");
    line.on_hosts("rm -rf /srv/small /srv/mid")?;
    Ok(found)
}

/// The agent on the host with a bundle of the thousand tasks: what it takes is then its own.
fn agent_alone(stage: &Stage) -> Result<Found, Failure> {
    let (host, bundle) = (stage.host()?, stage.place.join("tasks.hep"));
    let mut make = shell::command(&stage.built.hep);
    make.args(["bundle", "small.yml", "-o"]).arg(&bundle).current_dir(stage.place.join("site"));
    stage.measure(&mut make)?;
    let agent = stage.built.agents.join(format!("hep-agent-{}", std::env::consts::ARCH));
    for (from, to) in [(&bundle, "/root/tasks.hep"), (&agent, "/root/agent")] {
        fs::copy(from, host.path(to)).map_err(shell::file_error("copy", from))?;
    }
    let apply = || stage.measure(&mut host.command(&["/root/agent", "apply", "/root/tasks.hep"]));
    in_turns(vec![Side::new("hep-agent apply", apply)], stage.runs)
}

fn compile(stage: &Stage) -> Result<Found, Failure> {
    let (mut inline, mut files) = (String::new(), String::new());
    for number in 0..10_000 {
        let dest = format!(
            "dest: /srv/app/{}/{number}, owner: root, group: root, mode: 644",
            number % 100
        );
        stage.keep(&format!("site/ten/{number}"), format!("port = {number}\n"))?;
        let name = format!("- name: setting {number}\n  file:");
        inline.push_str(&format!("{name} {{content: 'port = {number}', {dest}}}\n"));
        files.push_str(&format!("{name} {{src: ten/{number}, {dest}}}\n"));
    }
    stage.keep("site/inline.yml", &inline)?;
    stage.keep("site/files.yml", &files)?;
    let validate = |manifest: &str| {
        let mut hep = shell::command(&stage.built.hep);
        hep.arg("validate").arg(manifest).current_dir(stage.place.join("site"));
        hep
    };
    let sides = [
        ("hep validate, content in the manifest", "inline.yml"),
        ("hep validate, 10,000 files as src", "files.yml"),
    ];
    let side = |(name, manifest): (&'static str, &'static str)| {
        Side::new(name, move || stage.measure(&mut validate(manifest)))
    };
    let mut found = in_turns(sides.map(side).into(), stage.runs)?;
    for (name, manifest) in sides {
        let wall = found.median(name, |cost| Some(cost.wall))? * 1e3;
        found.at_most(&format!("{name}: time"), 300.0, wall, " ms");
        let peak = stage.peak(&validate(manifest))?;
        found.at_most(&format!("{name}: peak memory"), 100.0, peak, " MiB");
    }
    Ok(found)
}
