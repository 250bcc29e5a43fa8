//! What `ssh` says of itself (`-E`, at the level of `-v`): how far it has come, and why no further. Decides words only;
//! nothing on the host can write there.

use crate::remote::proxy::Proxy;
use crate::remote::{Problem, Stage};
use std::collections::VecDeque;

/// The longest line that is kept, in bytes, and how many of those that are no mere tracing.
const LINE: usize = 1024;
const LINES: usize = 40;

/// What was read so far.
#[derive(Debug, Default)]
pub(super) struct Log {
    line: Vec<u8>,
    said: VecDeque<String>,
    stage: Option<Stage>,
    killed: bool,
}

/// Why there is no agent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cause {
    pub(super) stage: Stage,
    pub(super) problem: Problem,
    /// The host took the connection and closed it before any key exchange.
    pub(super) hung_up: bool,
}

impl Log {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                b'\n' => {
                    let line = std::mem::take(&mut self.line);
                    self.take(String::from_utf8_lossy(&line).trim_end());
                }
                _ if self.line.len() < LINE => self.line.push(*byte),
                _ => {}
            }
        }
    }

    /// The stage that it has reached; none if it has only just begun.
    pub(super) fn stage(&self) -> Option<Stage> {
        self.stage
    }

    /// Whether the program on the host was ended by a signal.
    pub(super) fn tells_of_a_signal(&self) -> bool {
        self.killed
    }

    /// The last that it said of importance.
    pub(super) fn last(&self) -> Option<&str> {
        self.said.back().map(String::as_str)
    }

    fn take(&mut self, line: &str) {
        if let Some(stage) = reached(line) {
            self.stage = Some(stage);
        }
        self.killed |= line.starts_with("debug1: client_input_channel_req: channel ")
            && line.contains(" rtype exit-signal ");
        if !is_tracing(line) {
            if self.said.len() == LINES {
                self.said.pop_front();
            }
            self.said.push_back(line.to_owned());
        }
    }

    /// Why `ssh` has given up. `aside` is what others wrote to its stderr: who connects for it, most of all.
    pub(super) fn cause(&self, aside: &str) -> Cause {
        let found = self.said.iter().find_map(|line| told(line));
        let (stage, what, hint) = found.unwrap_or_else(|| {
            let stage = self.stage.unwrap_or(Stage::Resolve);
            (stage, String::new(), hint_at(stage))
        });
        // A connection that ends says nothing of why; the stage is where it was.
        let stage = match (stage, self.stage) {
            (Stage::Connect, Some(reached @ (Stage::HostKey | Stage::Login))) => reached,
            (stage, _) => stage,
        };
        let about_key = (stage == Stage::HostKey).then(|| self.about_the_key()).flatten();
        let (mut what, hint) =
            about_key.map_or((what, hint), |problem| (problem.what, problem.hint));
        if what.is_empty() {
            let said: Vec<&str> = self.said.iter().map(String::as_str).collect();
            what = match said.join("; ") {
                said if said.is_empty() => "`ssh` ends and says nothing".to_owned(),
                said => format!("`ssh` says: {said}"),
            };
        }
        if stage == Stage::Connect || self.stage.is_none() {
            let aside: Vec<&str> =
                aside.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
            if !aside.is_empty() {
                what.push_str(&format!("; who connects for it says: {}", aside.join("; ")));
            }
        }
        let itself = self.said.iter().any(|line| line.starts_with("kex_exchange_identification: "));
        let hung_up = stage == Stage::Connect && itself && Proxy::met_a_hangup(aside);
        Cause { stage, problem: Problem { what, hint }, hung_up }
    }

    /// Which line of known_hosts is in the way, if one is.
    fn about_the_key(&self) -> Option<Problem> {
        let has = |words: &str| self.said.iter().any(|line| line.contains(words));
        if has("REVOKED HOST KEY") {
            return Some(Problem::new("the host's key is revoked in known_hosts"));
        }
        let behind = |mark: &str| self.said.iter().find_map(|line| line.split_once(mark));
        let (_, place) = behind("Offending ").filter(|_| has("IDENTIFICATION HAS CHANGED"))?;
        let shown = self.said.iter().find(|line| line.starts_with("SHA256:"));
        let shown = shown.map_or("", |line| line.trim_end_matches('.'));
        let problem = Problem::new(format!(
            "the host's key {shown} is not the key known for it: {place}; somebody may be in the middle"
        ));
        Some(match behind("ssh-keygen -f ") {
            Some((_, words)) => problem.with_hint(format!(
                "if the host was really given a new key: `ssh-keygen -f {words}`, then push again"
            )),
            None => problem,
        })
    }
}

/// The stage that begins with a line.
fn reached(line: &str) -> Option<Stage> {
    let stages = [
        ("debug1: Connecting to ", Stage::Connect),
        ("debug1: Executing proxy command: ", Stage::Connect),
        ("debug1: Server host key: ", Stage::HostKey),
        ("debug1: Server host certificate: ", Stage::HostKey),
        ("debug1: SSH2_MSG_SERVICE_ACCEPT received", Stage::Login),
        ("Authenticated to ", Stage::Upload),
        // Over the connection of another `ssh`, which has logged in long ago.
        ("debug1: mux_client_request_session: ", Stage::Upload),
    ];
    stages.iter().find(|(mark, _)| line.starts_with(mark)).map(|(_, stage)| *stage)
}

/// What is of no interest to who wonders why.
fn is_tracing(line: &str) -> bool {
    const TRACING: [&str; 8] = [
        "debug1: ",
        "debug2: ",
        "debug3: ",
        "OpenSSH_",
        "Authenticated to ",
        "Transferred: ",
        "Bytes per second: ",
        "Warning: Permanently added ",
    ];
    line.is_empty()
        || line.starts_with('@') && !line.contains("WARNING")
        || TRACING.iter().any(|mark| line.starts_with(mark))
}

/// What one line alone says of the cause: stage, sentence, advice.
fn told(line: &str) -> Option<(Stage, String, Option<String>)> {
    let text = line.strip_prefix("ssh: ").unwrap_or(line);
    let about = |stage, what: String| Some((stage, what, hint_at(stage)));
    let says = || format!("`ssh` says: {}", text.trim_end_matches('.'));
    if let Some(rest) = text.strip_prefix("Could not resolve hostname ") {
        let (name, why) = rest.split_once(": ").unwrap_or((rest, "no reason given"));
        return about(Stage::Resolve, format!("no address found for `{name}`: {why}"));
    }
    if let Some(rest) = text.strip_prefix("connect to host ") {
        let (place, why) = rest.split_once(": ").unwrap_or((rest, "no reason given"));
        let place = place.replacen(" port ", ":", 1);
        return about(Stage::Connect, format!("{place} takes no connection: {why}"));
    }
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if has(&[
        "Host key verification failed",
        "host key is known for",
        "REVOKED HOST KEY",
        "IDENTIFICATION HAS CHANGED",
    ]) {
        about(Stage::HostKey, says())
    } else if has(&[": Permission denied", "Too many authentication failures"]) {
        about(Stage::Login, says())
    } else if has(&[
        "kex_exchange_identification: ",
        "banner exchange: ",
        "Unable to negotiate ",
        "Connection closed by ",
        "Connection reset by ",
    ]) {
        about(Stage::Connect, says())
    } else {
        None
    }
}

/// What to look at when it goes no further.
pub(super) fn hint_at(stage: Stage) -> Option<String> {
    Some(
        match stage {
            Stage::Resolve => "check the name, or give the host's address with `host=` in the hosts file",
            Stage::Connect => "is the host up, is sshd listening on that port, does a firewall drop it?",
            Stage::HostKey => {
                "compare the fingerprint that `ssh-keyscan HOST | ssh-keygen -lf -` shows, then use `--host-key accept-new`"
            }
            Stage::Login => "`ssh -v` to the host shows what works; a password comes from `-k` or the hosts file",
            Stage::Upload | Stage::Start | Stage::Hello | Stage::Become => return None,
        }
        .to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(text: &str) -> Log {
        let mut log = Log::default();
        // In pieces, as it may come.
        text.as_bytes().chunks(7).for_each(|piece| log.push(piece));
        log
    }

    fn check(text: &str, aside: &str, expected: &str) {
        let Cause { stage, problem, .. } = log(text).cause(aside);
        assert_eq!(format!("{stage}: {}", problem.what), expected);
    }

    const CONNECTED: &str =
        "debug1: Connecting to web1 [10.0.0.1] port 22.\r\ndebug1: Connection established.\r\n";

    #[test]
    fn stages_are_told_apart() {
        let mut text = String::new();
        for (line, stage) in [
            ("OpenSSH_9.2p1", None),
            ("debug1: Connecting to web1 [10.0.0.1] port 22.", Some(Stage::Connect)),
            ("debug1: Server host key: ssh-ed25519 SHA256:a", Some(Stage::HostKey)),
            ("debug1: SSH2_MSG_SERVICE_ACCEPT received", Some(Stage::Login)),
            ("Authenticated to web1 ([10.0.0.1]:22) using \"publickey\".", Some(Stage::Upload)),
        ] {
            text.push_str(line);
            text.push_str("\r\n");
            assert_eq!(log(&text).stage(), stage, "{line}");
        }
        assert!(!log(&text).tells_of_a_signal());
        text.push_str("debug1: client_input_channel_req: channel 0 rtype exit-signal reply 0\r\n");
        assert!(log(&text).tells_of_a_signal());
        assert_eq!(log(&text).last(), None);
    }

    #[test]
    fn the_words_of_ssh_name_stage_and_cause() {
        check(
            "ssh: Could not resolve hostname no.invalid: Name or service not known\r\n",
            "",
            "resolve: no address found for `no.invalid`: Name or service not known",
        );
        check(
            "debug1: Connecting to ::1 [::1] port 1.\r\nssh: connect to host ::1 port 1: Connection refused\r\n",
            "",
            "connect: ::1:1 takes no connection: Connection refused",
        );
        let denied = "op@web1: Permission denied (publickey,password).";
        let login = format!("{CONNECTED}debug1: SSH2_MSG_SERVICE_ACCEPT received\r\n");
        check(
            &format!("{login}{denied}\r\n"),
            "Authorised use only\n",
            &format!("login: `ssh` says: {}", denied.trim_end_matches('.')),
        );
        check(
            &format!("{login}Connection closed by 10.0.0.1 port 22\r\n"),
            "",
            "login: `ssh` says: Connection closed by 10.0.0.1 port 22",
        );
        check("", "", "resolve: `ssh` ends and says nothing");
        check(
            "command-line: line 0: Bad configuration option: nonsense\r\n",
            "",
            "resolve: `ssh` says: command-line: line 0: Bad configuration option: nonsense",
        );
    }

    #[test]
    fn who_hangs_up_at_once_may_be_asked_again() {
        let text = "kex_exchange_identification: read: Connection reset by peer\r\nConnection reset by 10.0.0.1 port 22\r\n";
        let hung_up = |aside: &str| log(&format!("{CONNECTED}{text}")).cause(aside).hung_up;
        assert!(hung_up(""));
        assert!(hung_up(text));
        assert!(!hung_up("bastion: down"));
        assert!(!hung_up(&format!("op@bastion: Permission denied (publickey).\r\n{text}")));
        check(
            &format!("debug1: Executing proxy command: exec ssh -W x y\r\n{text}"),
            "op@bastion: Permission denied (publickey).\r\n",
            "connect: `ssh` says: kex_exchange_identification: read: Connection reset by peer; who connects for it says: \
             op@bastion: Permission denied (publickey).",
        );
    }

    #[test]
    fn a_key_that_is_not_the_known_one_is_named_with_its_line() {
        let text = "debug1: Server host key: ssh-ed25519 SHA256:new\r\n@@@@@@@@@\r\n\
                    @    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r\n\
                    The fingerprint for the ED25519 key sent by the remote host is\r\nSHA256:new.\r\n\
                    Offending ED25519 key in /home/me/.ssh/known_hosts:3\r\n  remove with:\r\nHost key verification failed.\r\n";
        check(
            text,
            "",
            "host key: the host's key SHA256:new is not the key known for it: ED25519 key in \
             /home/me/.ssh/known_hosts:3; somebody may be in the middle",
        );
        check(
            "debug1: Server host key: ssh-ed25519 SHA256:new\r\nNo ED25519 host key is known for web1 and you have requested strict checking.\r\n\
             Host key verification failed.\r\n",
            "",
            "host key: `ssh` says: No ED25519 host key is known for web1 and you have requested strict checking",
        );
    }
}
