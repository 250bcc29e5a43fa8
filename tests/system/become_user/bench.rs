//! A host with users, and an agent on it that is driven by frames.

use crate::operator;
use hep_protocol::message::{Reply, Request};
use hep_protocol::outcome::Failure;
use hep_protocol::plan::{Control, DiffMode, HostPart, Plan, RunMode, Spec, Task};
use hep_protocol::rights::{ActAs, Means, Method};
use hep_protocol::value::{Json, Secret};
use hep_protocol::{frame, hello};
use hep_tests::{Flavour, Host, keys};
use serde_json::json;
use std::io::Write;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The password of every user.
pub(super) const CODE: &str = "Xyzzy 4711$'\"x";

/// A directory as a push makes it.
const PLACE: &str = "/var/tmp/.hep-00000000000000ab";

/// A host with the users `op`, who may use sudo, and `bob`.
pub(super) struct Bench {
    pub(super) host: Host,
}

/// How becoming ended.
#[derive(Debug, PartialEq)]
pub(super) enum Came {
    /// Tasks run; the user's name, home and `USER`.
    As(String),
    /// It was refused.
    Not(Box<Failure>),
}

impl Came {
    pub(super) fn message(self) -> String {
        match self {
            Came::As(who) => panic!("it became {who}"),
            Came::Not(failure) => {
                let all = format!("{failure:?}");
                assert!(!all.contains(CODE), "{all}");
                failure.message
            }
        }
    }
}

impl Bench {
    pub(super) fn new() -> Self {
        let host = Host::start(Flavour::Sysv, "become").unwrap();
        host.shell("useradd -m -s /bin/bash bob").unwrap();
        let mut change = host.command(&["chpasswd"]).stdin(Stdio::piped()).spawn().unwrap();
        let lines: String = ["root", "op", "bob"].map(|user| format!("{user}:{CODE}\n")).concat();
        change.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
        assert!(change.wait().unwrap().success());
        Self { host }
    }

    /// Uploads an agent as `op` and asks it to become another user.
    pub(super) fn agent(&self, method: Method, password: Option<&str>, user: &str) -> Agent {
        self.host.shell(&format!("install -d -m 700 -o op -g op {PLACE}")).unwrap();
        let file = format!("{PLACE}/hep-agent");
        std::fs::copy(operator::agent(), self.host.path(&file)).unwrap();
        self.host.shell(&format!("chown op:op {file} && chmod 700 {file}")).unwrap();
        let mut words = self.host.ssh_args();
        *words.last_mut().unwrap() = format!("{}@{}", keys::USER, self.host.addr());
        let mut child = Command::new("ssh")
            .args(words)
            .arg(format!("{file} serve"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut agent = Agent { child, stdin, stdout };
        hello::write(&mut agent.stdin).unwrap();
        hello::read(&mut agent.stdout).unwrap();
        assert!(matches!(agent.reply(), Some(Reply::Hello(_))));
        let password = password.map(Secret::new);
        let means = Means { method, password, start: Some(user.to_owned()) };
        agent.send(&Request::Become(means));
        agent
    }

    /// Waits until a script of sh succeeds on the host.
    pub(super) fn until(&self, script: &str) {
        let begun = Instant::now();
        while self.host.shell(script).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(40), "never so: {script}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Neither files nor processes of an agent.
    pub(super) fn nothing_is_left(&self) {
        self.until("! pgrep -f hep-agen[t] && ! ls -d /var/tmp/.hep-* /tmp/.hep-* /dev/shm/.hep-* /run/.hep-* 2>/dev/null");
    }
}

/// An agent under way.
pub(super) struct Agent {
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
}

impl Agent {
    fn send(&mut self, request: &Request) {
        frame::write(&mut self.stdin, request).unwrap();
        self.stdin.flush().unwrap();
    }

    fn reply(&mut self) -> Option<Reply> {
        frame::read(&mut self.stdout).unwrap()
    }

    /// Whether it is the wanted user now.
    pub(super) fn became(&mut self) -> Result<(), Box<Failure>> {
        match self.reply() {
            Some(Reply::Became) => Ok(()),
            Some(Reply::Refused(failure)) => {
                assert_eq!(self.reply(), None, "something follows a refusal");
                Err(Box::new(failure))
            }
            other => panic!("neither became nor refused: {other:?}"),
        }
    }

    /// Sends a run of one script, as the user that the agent became.
    pub(super) fn begin(&mut self, script: &str, user: &str) {
        self.begin_all(&[(script, Some(user))]);
    }

    /// Sends a run of scripts, each as a user, or as the login's.
    pub(super) fn begin_all(&mut self, scripts: &[(&str, Option<&str>)]) {
        let task = |(script, user): &(&str, Option<&str>)| {
            let params = serde_json::from_value(json!({"command": {"shell": script}})).unwrap();
            let mut task = Task::of("a script", Spec::Typed(Arc::new(params)));
            let wanted = Some(Json(user.is_some().into()));
            let act_as = ActAs { wanted, user: user.map(|user| Json(user.into())) };
            task.control = Some(Box::new(Control { act_as, ..Control::default() }));
            task
        };
        let tasks = scripts.iter().map(task).collect();
        let plan = Plan::of_tasks(RunMode::Apply, DiffMode::Off, tasks);
        let host = HostPart { plays: vec![0], ..HostPart::default() };
        self.send(&Request::Host(host));
        Request::of_plan(plan).for_each(|request| self.send(&request));
    }

    /// Reads on to the end of the stream, without a last word.
    pub(super) fn until_its_end(&mut self) {
        while let Some(reply) = self.reply() {
            assert!(!matches!(reply, Reply::Done(_)));
        }
    }

    /// What the script writes; the run has to end well.
    pub(super) fn output(&mut self) -> String {
        let mut said = Vec::new();
        loop {
            match self.reply() {
                Some(Reply::Output { data, .. }) => said.extend(data),
                Some(Reply::Done(_)) => return String::from_utf8(said).unwrap().trim().to_owned(),
                Some(_) => {}
                None => panic!("the agent is gone: {}", String::from_utf8_lossy(&said)),
            }
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Becomes a user and looks who that is.
pub(super) fn as_user(bench: &Bench, method: Method, password: Option<&str>, user: &str) -> Came {
    let mut agent = bench.agent(method, password, user);
    match agent.became() {
        Ok(()) => {
            agent.begin("echo $(id -un) $HOME ${USER-$(id -un)}", user);
            Came::As(agent.output())
        }
        Err(failure) => Came::Not(failure),
    }
}
