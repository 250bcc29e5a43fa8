//! No host is sent anything that is another's: all that each is sent, searched for what belongs to whom.

use super::*;
use crate::ast::Manifest;
use crate::check::select::Choice;
use crate::check::targets::Targets;
use crate::check::variables::Extra;
use crate::check::{Input, Options};
use crate::inventory::{Inventory, Surroundings};
use crate::plan::compile::{Compiled, compile};
use hep_protocol::blob::TreeKind;
use hep_protocol::plan::Play;
use hep_protocol::rights::ActAs;
use std::fmt::Write as _;

/// One play's worth of everything that a play can hold; `@` stands for a name, and so does `@@` in capitals.
const PLAY: &str = "
- name: play-of-@
  hosts: '@'
  vars: {plain: variable-of-@, pw: !secret secret-of-@, led: '{{ hostvar }}'}
  vars_files: ['file-@.yml']
  tasks:
    - file: {dest: /srv/1, content: 'inline-of-@ {{ pw }} {{ plain }} {{ extra_@ }}'}
    - file: {src: 'small-@', dest: /srv/2}
    - file: {src: 'large-@', dest: /srv/3}
    - file: {template: '@.j2', dest: /srv/4}
      notify: handler-of-@
    - file: {src: 'tree-@/', dest: /srv/5}
    - file: {dest: /srv/6, content: '{{ led }}'}
    - name: block-of-@
      block:
        - {name: task-of-@, debug: {msg: 'words-of-@'}, vars: {inner: inner-of-@}, register: result_of_@}
      rescue:
        - fail: {msg: 'rescue-of-@'}
      when: \"'condition-of-@' != 'x'\"
  handlers:
    - {name: handler-of-@, command: {argv: [touch, 'command-of-@']}}
";

/// What a play of that name has, each in no other.
const MARKS: [&str; 23] = [
    "play-of-@",
    "variable-of-@",
    "secret-of-@",
    "of-file-@",
    "inline-of-@",
    "small-content-of-@",
    "large-content-of-@",
    "template-of-@",
    "tree-content-of-@",
    "block-of-@",
    "task-of-@",
    "words-of-@",
    "inner-of-@",
    "result_of_@",
    "rescue-of-@",
    "condition-of-@",
    "handler-of-@",
    "command-of-@",
    "extra-of-@",
    "extra-of-template-of-@",
    "extra-of-hostvar-of-@",
    "beyond-of-@",
    "secret-extra-of-@",
];

/// Larger than what goes ahead, and no two pieces of it are alike.
fn large(name: &str) -> String {
    let lines = (0..8000).map(|n| Digest::of(format!("{name} {n}").as_bytes()).to_string());
    format!("{}\nlarge-content-of-{name}\n", lines.collect::<Vec<_>>().join("\n"))
}

/// Plays for `web`, `sql`, and both; three hosts of `web` and two of `sql`.
fn site(directory: &Path) -> Compiled {
    let put = |name: &str, text: &str| {
        let path = directory.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let mut manifest = String::new();
    let mut extra = String::new();
    for name in ["web", "sql", "all"] {
        manifest.push_str(&PLAY.replace('@', name));
        put(&format!("file-{name}.yml"), &format!("filed: of-file-{name}\n"));
        put(&format!("small-{name}"), &format!("small-content-of-{name}\n"));
        put(&format!("large-{name}"), &large(name));
        put(&format!("tree-{name}/leaf"), &format!("tree-content-of-{name}\n"));
        let template =
            format!("template-of-{name} {{{{ template_{name} }}}} {{{{ secret_{name} }}}}\n");
        put(&format!("{name}.j2"), &template);
        write!(
            extra,
            "extra_{name}: extra-of-{name}\n\
             template_{name}: extra-of-template-of-{name}\n\
             hostvar_{name}: 'extra-of-hostvar-of-{name} {{{{ beyond_{name} }}}}'\n\
             beyond_{name}: beyond-of-{name}\n\
             secret_{name}: !secret secret-extra-of-{name}\n"
        )
        .unwrap();
    }
    put("extra.yml", &extra);
    let mut hosts = String::new();
    for (group, names) in [("web", &["web1", "web2", "web3"][..]), ("sql", &["sql1", "sql2"])] {
        writeln!(hosts, "[{group}]").unwrap();
        for name in names {
            let read = format!("{{{{ hostvar_{group} }}}} {{{{ hostvar_all }}}}");
            writeln!(hosts, "{name} own=var-of-{name} hostvar='{read}'").unwrap();
        }
    }
    put("hosts", &hosts);
    put("site.yml", &manifest);
    let around = Surroundings { working_directory: directory.to_owned(), home: None };
    let inventory = Inventory::read(&directory.join("hosts"), &around).unwrap();
    let options = Options {
        extra: Extra::read(&[format!("@{}", directory.join("extra.yml").display())]).unwrap(),
        choice: Choice::default(),
        working_directory: directory.to_owned(),
        mode: RunMode::Apply,
        diff: DiffMode::Off,
        pace: Pace::Straight,
        act_as: ActAs::default(),
        task_timeout: None,
        foreign: serde_json::Map::new(),
        login_user: None,
        assumed: Default::default(),
    };
    let manifest = Manifest::read(&directory.join("site.yml")).unwrap();
    let targets = Targets::of(inventory);
    compile(&Input { manifest: &manifest, targets: &targets, options: &options }).unwrap()
}

/// Has a host run all its tasks and ask for all their contents; gives all that it was sent, unpacked.
fn sent_to(job: &Job, host: usize) -> Vec<u8> {
    let (sender, receiver) = channel();
    let mut link = agent(move |agent| {
        let mut all = Vec::new();
        let (mut plays, mut waits): (Vec<Play>, Vec<u32>) = (Vec::new(), Vec::new());
        loop {
            let request = agent.hear().unwrap();
            all.extend(frame::encode(&request).unwrap());
            let begins = matches!(request, Request::Begin(_));
            if let Request::Host(part) = &request {
                waits.clone_from(&part.waits);
            }
            if let Request::Play(play) = request {
                plays.push(play);
            }
            if begins {
                break;
            }
        }
        for play in plays {
            if waits.contains(&play.number) {
                agent.say(Reply::Waits { play: play.number });
                assert_eq!(agent.hear(), Some(Request::GoAhead { alone: true }));
                waits.clear();
            }
            for (number, task) in (play.first..).zip(play.tasks) {
                let turn = Turn(vec![play.number, number]);
                agent.say(Reply::Started { task: number, turn, name: None });
                for digest in task.sources.iter().flat_map(|named| digests(&named.source)) {
                    agent.say(Reply::Want(vec![Want { digest, from: 0 }]));
                    while let Some(request) = agent.hear() {
                        all.extend(frame::encode(&request).unwrap());
                        if matches!(request, Request::Blob { last: true, .. }) {
                            break;
                        }
                    }
                }
                agent.say(Reply::Finished { task: number, outcome: outcome(Status::Ok) });
            }
        }
        agent.done(End::Completed);
        sender.send(all).unwrap();
    });
    job.opening(HostId(host)).unwrap().send(&[], &mut link).unwrap();
    let drive = Drive { job, host: HostId(host), stop: &Stop::default(), meeting: None };
    let conclusion = drive.run(&mut link, &mut |_| {}, &nobody);
    assert_eq!((conclusion.status, conclusion.trouble), (HostStatus::Converged, None));
    receiver.recv().unwrap()
}

fn digests(source: &Source) -> Vec<Digest> {
    match source {
        Source::File(file) => vec![file.digest],
        Source::Tree { entries, .. } => {
            let files = entries.iter().filter_map(|entry| match &entry.kind {
                TreeKind::File(file) => Some(file.digest),
                TreeKind::Directory | TreeKind::Link { .. } => None,
            });
            files.collect()
        }
    }
}

fn job_of(compiled: Compiled) -> Job {
    let Compiled { plan, hosts, contents, .. } = compiled;
    let parts = hosts.into_iter().map(|host| (host.part, host.settings));
    Job::new(plan, parts, contents).unwrap()
}

fn has(bytes: &[u8], mark: &str) -> bool {
    bytes.windows(mark.len()).any(|window| window == mark.as_bytes())
}

const HOSTS: [(&str, &str); 5] =
    [("web1", "web"), ("web2", "web"), ("web3", "web"), ("sql1", "sql"), ("sql2", "sql")];

#[test]
fn a_host_is_sent_its_own_plays_and_nothing_of_the_others() {
    let directory = tempfile::tempdir().unwrap();
    let job = job_of(site(directory.path()));
    for (host, (name, group)) in HOSTS.iter().enumerate() {
        let sent = sent_to(&job, host);
        for play in ["web", "sql", "all"] {
            let is_own = play == *group || play == "all";
            for mark in MARKS.map(|mark| mark.replace('@', play)) {
                assert_eq!(has(&sent, &mark), is_own, "{mark} at {name}");
            }
            let content = large(play);
            let pieces = [&content[100..200], &content[content.len() / 2..][..100]];
            for piece in pieces {
                assert_eq!(has(&sent, piece), is_own, "the large content of {play} at {name}");
            }
        }
        for (other, _) in HOSTS {
            assert_eq!(has(&sent, &format!("var-of-{other}")), other == *name);
            assert_eq!(has(&sent, other), other == *name, "the name of {other} at {name}");
        }
    }
}

#[test]
fn hosts_with_the_same_plays_share_what_they_are_sent() {
    let directory = tempfile::tempdir().unwrap();
    let job = job_of(site(directory.path()));
    let pieces = |host| -> Vec<*const u8> {
        let Opening(pieces) = job.opening(HostId(host)).unwrap();
        pieces.iter().map(|piece| piece.as_ptr()).collect()
    };
    let (web1, web2, sql1) = (pieces(0), pieces(1), pieces(3));
    // All but its own part.
    let shared = |one: &[*const u8], other: &[*const u8]| {
        one.iter().filter(|piece| other.contains(piece)).count()
    };
    assert_eq!((web1.len(), shared(&web1, &web2)), (web2.len(), web1.len() - 1));
    // The play for all of them with its three small contents.
    assert_eq!(shared(&web1, &sql1), 4);
    assert_eq!((job.plays.len(), job.shares.len()), (3, 2));
}

#[test]
fn content_of_another_hosts_play_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let job = job_of(site(directory.path()));
    let foreign = [large("sql"), "small-content-of-sql\n".to_owned()];
    for content in foreign {
        let digest = Digest::of(content.as_bytes());
        assert!(job.contents.get(&digest).is_some());
        let (sender, heard) = channel();
        let mut link = agent(move |agent| {
            let plan = agent.plan().1;
            let task = plan.plays[0].first + 1;
            agent.say(Reply::Started { task, turn: Turn(vec![0, 1]), name: None });
            agent.say(Reply::Want(vec![Want { digest, from: 0 }]));
            sender.send(agent.rest()).unwrap();
        });
        job.opening(HostId(0)).unwrap().send(&[], &mut link).unwrap();
        let drive = Drive { job: &job, host: HostId(0), stop: &Stop::default(), meeting: None };
        let conclusion = drive.run(&mut link, &mut |_| {}, &nobody);
        let trouble = conclusion.trouble.unwrap().what;
        assert!(trouble.contains("a content that no task of its needs"), "{trouble}");
        assert_eq!(heard.recv().unwrap(), b"", "something was sent");
    }
}
