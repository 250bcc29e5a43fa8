//! What `ssh` says of itself (`-E`, at the level of `-v`): how far it has come, and why no further. Decides words only.
//!
//! The host's words stand in that log too: the text of a disconnect, the name of a certificate, its offer of algorithms, debug
//! messages. `ssh` leaves line breaks in them as they are, so a host can write lines that look like any of `ssh`'s own. What
//! is believed therefore depends on what stood before it, see [`Belief`]; no hint takes a word from here.

use crate::remote::proxy::Proxy;
use crate::remote::{Problem, Stage};
use std::collections::VecDeque;

/// The longest line that is kept, in bytes, and how many of those that are no mere tracing.
const LINE: usize = 1024;
const LINES: usize = 40;

/// How much of the host's words is shown, in characters.
const QUOTED: usize = 1000;

/// What was read so far.
#[derive(Debug, Default)]
pub(super) struct Log {
    line: Vec<u8>,
    belief: Belief,
    said: VecDeque<String>,
    stage: Option<Stage>,
    /// Of the key that the host showed.
    fingerprint: Option<String>,
    killed: bool,
}

/// The possible author of the next line.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Belief {
    /// Those of `ssh` alone.
    #[default]
    Own,
    /// Also those of a host whose key is not accepted yet. The stage stays where it was, and of the end only the last line
    /// counts: whatever text of the host is logged, `ssh` has another line to say after it.
    Doubted,
    /// Also those of the host that was meant. It gains nothing by words: all that they could feign it can do.
    Accepted,
    /// Those of the host, to the end: they belong to a line that `ssh` says last.
    Over(Over),
}

/// The last line of `ssh`, which ends with words of the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Over {
    /// The host has ended the connection, and says why.
    Disconnected,
    /// Both lack an algorithm that the other has; the host's words are its offer.
    NothingInCommon,
    /// GSSAPI failed at the host.
    Gssapi,
}

/// Why there is no agent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cause {
    pub(super) stage: Stage,
    pub(super) problem: Problem,
    /// The host took the connection and closed it before any key exchange.
    pub(super) hung_up: bool,
    /// The connection ended without a word of why.
    pub(super) closed: bool,
    pub(super) key: Option<BadKey>,
}

/// What is wrong with the host's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadKey {
    /// Another one is known.
    Changed,
    Revoked,
    /// Not known, or not known to be good.
    Unknown,
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

    /// The stage that it has certainly reached; none if it has only just begun.
    pub(super) fn stage(&self) -> Option<Stage> {
        self.stage
    }

    /// Whether it may be further than [`Log::stage`] says.
    pub(super) fn is_doubted(&self) -> bool {
        self.belief == Belief::Doubted
    }

    /// Whether the program on the host was ended by a signal.
    pub(super) fn tells_of_a_signal(&self) -> bool {
        self.killed
    }

    /// The fingerprint of the key that the host showed.
    pub(super) fn fingerprint(&self) -> Option<&str> {
        self.fingerprint.as_deref()
    }

    /// The last that was said of importance, and by whom.
    pub(super) fn last(&self) -> Option<String> {
        match self.belief {
            Belief::Over(over) => Some(over.sentence(&self.quoted())),
            Belief::Own | Belief::Doubted | Belief::Accepted => self.said.back().cloned(),
        }
    }

    fn take(&mut self, line: &str) {
        if let Belief::Over(_) = self.belief {
            return self.keep(line);
        }
        if let Some((over, words)) = Over::of(line) {
            self.belief = Belief::Over(over);
            self.said.clear();
            return self.keep(words);
        }
        let doubted = self.belief == Belief::Doubted;
        if let Some(stage) = reached(line).filter(|_| !doubted) {
            self.stage = Some(stage);
        }
        match self.belief {
            Belief::Own if line.starts_with(ACCEPTED) => self.belief = Belief::Accepted,
            Belief::Own if HEARSAY.iter().any(|mark| line.starts_with(mark)) => {
                self.belief = Belief::Doubted;
            }
            Belief::Own => {
                let shown = line.strip_prefix("debug1: Server host key: ");
                let shown = shown.and_then(|shown| shown.split(' ').nth(1));
                self.fingerprint = shown.map(str::to_owned).or(self.fingerprint.take());
            }
            Belief::Doubted | Belief::Accepted | Belief::Over(_) => {}
        }
        self.killed |= line.starts_with("debug1: client_input_channel_req: channel ")
            && line.contains(" rtype exit-signal ");
        if doubted || !is_tracing(line) {
            self.keep(line);
        }
    }

    fn keep(&mut self, line: &str) {
        if self.said.len() == LINES {
            self.said.pop_front();
        }
        self.said.push_back(line.to_owned());
    }

    /// Why `ssh` has given up. `aside` is what others wrote to its stderr: who connects for it, most of all.
    pub(super) fn cause(&self, aside: &str) -> Cause {
        let reached = self.stage.unwrap_or(Stage::Resolve);
        let mut cause = match self.belief {
            Belief::Own => self.own_cause(reached),
            Belief::Doubted => {
                let last = self.said.back().map(String::as_str).unwrap_or_default();
                let said = || (reached, format!("{MIXED}: {last}"), None);
                let (stage, what, key) = told(last).unwrap_or_else(said);
                self.cause_at(stage.max(reached), what.replacen("`ssh` says", MIXED, 1), key)
            }
            Belief::Accepted => {
                let found = self.said.iter().find_map(|line| told(line));
                let what = found.map(|(_, what, _)| what.replacen("`ssh` says", MIXED, 1));
                self.cause_at(reached, what.unwrap_or_default(), None)
            }
            Belief::Over(over) => {
                let cause = self.cause_at(reached, over.sentence(&self.quoted()), None);
                let hint = over.hint().or(cause.problem.hint);
                Cause { problem: Problem { hint, ..cause.problem }, ..cause }
            }
        };
        let aside_counts = cause.stage == Stage::Connect || self.stage.is_none();
        let others: Vec<&str> =
            aside.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        if aside_counts && !others.is_empty() {
            let what = &mut cause.problem.what;
            what.push_str(&format!("; who connects for it says: {}", others.join("; ")));
        }
        cause.hung_up =
            cause.hung_up && cause.stage == Stage::Connect && Proxy::met_a_hangup(aside);
        cause
    }

    /// While nothing of the host's stands in the log.
    fn own_cause(&self, reached: Stage) -> Cause {
        let found = self.said.iter().find_map(|line| told(line));
        let (stage, what, key) = found.unwrap_or((reached, String::new(), None));
        // A connection that ends says nothing of why; the stage is where it was.
        let stage = if stage == Stage::Connect { stage.max(reached) } else { stage };
        let worst = |words: &str| self.said.iter().any(|line| line.contains(words));
        let key = if worst("REVOKED HOST KEY") {
            Some(BadKey::Revoked)
        } else if worst("IDENTIFICATION HAS CHANGED") {
            Some(BadKey::Changed)
        } else {
            key
        };
        let itself = self.said.iter().any(|line| line.starts_with("kex_exchange_identification: "));
        Cause { hung_up: itself, ..self.cause_at(stage, what, key) }
    }

    fn cause_at(&self, stage: Stage, what: String, key: Option<BadKey>) -> Cause {
        let what = if what.is_empty() { self.all_words() } else { what };
        let ended = |line: &String| CLOSED.iter().any(|words| line.starts_with(words));
        let (hung_up, closed) = (false, self.said.iter().any(ended));
        Cause { stage, problem: Problem { what, hint: hint_at(stage) }, hung_up, closed, key }
    }

    fn all_words(&self) -> String {
        let said: Vec<&str> = self.said.iter().map(String::as_str).collect();
        let who = if self.belief == Belief::Own { "`ssh` says" } else { MIXED };
        match said.join("; ") {
            said if said.is_empty() => "`ssh` ends and says nothing".to_owned(),
            said => format!("{who}: {said}"),
        }
    }

    /// The host's words, as one text with all that could look like ours escaped.
    fn quoted(&self) -> String {
        let said = self.said.iter().map(String::as_str);
        let said: Vec<&str> = said.filter(|line| !line.starts_with("Disconnected from ")).collect();
        let words: String = said.join("\n").chars().take(QUOTED).collect();
        format!("{words:?}")
    }
}

/// The author of lines once the host's words are in the log.
const MIXED: &str = "`ssh` or the host says";

/// `ssh` says this when it has found the host's key good (kex_send_newkeys of kex.c, after verify_host_key).
const ACCEPTED: &str = "debug1: SSH2_MSG_NEWKEYS sent";

/// Begin a line that holds text of a host, who may go on after a line break of its own.
const HEARSAY: [&str; 4] = [
    "debug1: Remote: ",
    "debug1: Server host certificate: ",
    "debug1: kex_input_ext_info: ",
    "debug1: Server GSSAPI Error:",
];

/// A connection that is gone, for whatever reason.
const CLOSED: [&str; 3] =
    ["Connection closed by ", "Connection reset by ", "ssh_dispatch_run_fatal: Connection "];

impl Over {
    /// The line that begins it, and the first of the host's words.
    fn of(line: &str) -> Option<(Over, &str)> {
        if let Some(rest) = line.strip_prefix("Received disconnect from ") {
            // `ADDRESS port PORT:REASON: WORDS`, and an address may have colons.
            let (_, rest) = rest.split_once(" port ").unwrap_or(("", rest));
            return Some((Over::Disconnected, rest.splitn(3, ':').nth(2).unwrap_or(rest).trim()));
        }
        if line.starts_with("Unable to negotiate with ") {
            let offer = line.split_once(" Their offer: ").map_or(line, |(_, offer)| offer);
            return Some((Over::NothingInCommon, offer));
        }
        let gssapi = line.starts_with("GSSAPI Error:");
        gssapi.then_some((Over::Gssapi, line))
    }

    fn sentence(self, quoted: &str) -> String {
        match self {
            Over::Disconnected => format!("the host ended the connection, with the words {quoted}"),
            Over::NothingInCommon => {
                format!("the host and `ssh` share no algorithm; the host offers {quoted}")
            }
            Over::Gssapi => format!("GSSAPI failed; the host says {quoted}"),
        }
    }

    fn hint(self) -> Option<String> {
        match self {
            Over::NothingInCommon => Some(
                "`ssh -Q kex`, `-Q key`, `-Q cipher` and `-Q mac` show what `ssh` can do; `KexAlgorithms`, \
                 `HostKeyAlgorithms`, `Ciphers` and `MACs` of ssh_config say what it may"
                    .to_owned(),
            ),
            Over::Disconnected => Some("the log of its sshd says why it did so".to_owned()),
            Over::Gssapi => None,
        }
    }
}

/// The stage that begins with a line.
fn reached(line: &str) -> Option<Stage> {
    let stages = [
        ("debug1: Connecting to ", Stage::Connect),
        ("debug1: Executing proxy command: ", Stage::Connect),
        ("debug1: Server host key: ", Stage::HostKey),
        ("debug1: Server host certificate: ", Stage::HostKey),
        (ACCEPTED, Stage::Login),
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

/// What one line alone says of the cause: stage and sentence, and what is wrong with the key if that is it.
fn told(line: &str) -> Option<(Stage, String, Option<BadKey>)> {
    let text = line.strip_prefix("ssh: ").unwrap_or(line);
    let says = || format!("`ssh` says: {}", text.trim_end_matches('.'));
    if let Some(rest) = text.strip_prefix("Could not resolve hostname ") {
        let (name, why) = rest.split_once(": ").unwrap_or((rest, "no reason given"));
        return Some((Stage::Resolve, format!("no address found for `{name}`: {why}"), None));
    }
    if let Some(rest) = text.strip_prefix("connect to host ") {
        let (place, why) = rest.split_once(": ").unwrap_or((rest, "no reason given"));
        let place = place.replacen(" port ", ":", 1);
        return Some((Stage::Connect, format!("{place} takes no connection: {why}"), None));
    }
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if has(&[
        "Host key verification failed",
        "host key is known for",
        "REVOKED HOST KEY",
        "IDENTIFICATION HAS CHANGED",
    ]) {
        Some((Stage::HostKey, says(), Some(BadKey::Unknown)))
    } else if has(&[": Permission denied"]) {
        Some((Stage::Login, says(), None))
    } else if has(&[
        "kex_exchange_identification: ",
        "banner exchange: ",
        "Connection closed by ",
        "Connection reset by ",
    ]) {
        Some((Stage::Connect, says(), None))
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
mod tests;
