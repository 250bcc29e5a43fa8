//! The line by which a host's shell brings an agent to life, and what is said to it: whoever can run a command there and
//! write to its input can start an agent. Decides words only, and names no transport.
//!
//! The line says which machine it is on and whether that has gzip, then waits for one line of ours: that the agent lies
//! somewhere already, or how long it is and then the agent itself. What comes after is left to the agent unread.
//! Whatever login shell takes the line (sh, csh, fish) sees `exec sh -c`, one text in single quotes and two words; so
//! the text has no quote, `!`, backslash or line break in it. Within it is what dash, bash, ksh and busybox agree on.

use super::excerpt::{first_lines, last_lines};
use super::upload::{self, CANDIDATES, Place};
use super::{Ending, Exit, Problem, Stage};
use crate::agent_binary::{Agent, BLOCK};
use std::fs::File;
use std::io::{self, Read};

/// How an agent is to be started, whoever starts it.
const START: &str = "serve";

/// Begins the list of directories that the shell tried in vain, each with the cause.
const REFUSED: &str = "hep-refused";

/// An agent that a host may keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    /// As `uname -m` says it.
    pub(crate) machine: String,
    /// As hex digits.
    pub(crate) sha256: String,
}

impl Known {
    pub(crate) fn new(machine: &str, agent: &Agent) -> Known {
        Known { machine: machine.to_owned(), sha256: agent.sha256().to_owned() }
    }
}

/// How an agent crosses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// For gzip.
    Packed,
    Plain,
}

impl Form {
    pub(super) fn of(self, agent: &Agent) -> &[u8] {
        match self {
            Form::Packed => agent.packed(),
            Form::Plain => agent.plain(),
        }
    }
}

/// One start of a shell.
#[derive(Debug)]
pub(super) struct Launcher {
    token: String,
    command: String,
}

/// What the shell has found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ready {
    /// It waits to be told where the agent is, or for the agent itself.
    Waits { machine: String, form: Form },
    /// One of the known agents was there, and is being started.
    Kept,
}

impl Launcher {
    /// A line that nobody could have foreseen. With agents that may be kept on hosts it looks for them, and keeps what it
    /// is sent.
    pub(super) fn new(known: &[Known]) -> io::Result<Launcher> {
        let mut random = [0; 8];
        File::open("/dev/urandom")?.read_exact(&mut random)?;
        Ok(Launcher::named(u64::from_ne_bytes(random), known))
    }

    fn named(number: u64, known: &[Known]) -> Launcher {
        let token = format!("{number:016x}");
        let script = script(known);
        let command = format!("exec sh -c '{script}' hep {token}");
        Launcher { token, command }
    }

    /// What the login shell is given.
    pub(super) fn command(&self) -> &str {
        &self.command
    }

    /// Where in this directory the agent may be put. The shell removes what lies there if the line is cut before it has
    /// been told of it.
    pub(super) fn place(&self, candidate: &str) -> Place {
        Place::named(candidate, &self.token)
    }

    /// What the shell's first line begins with, after whatever else was written before.
    pub(super) fn mark(&self) -> String {
        format!("hep-{} ", self.token)
    }

    /// The rest of that line; None if this is no host for hep.
    pub(super) fn ready(rest: &str) -> Option<Ready> {
        let (word, system) = rest.trim_end().split_once(' ')?;
        let machine = upload::machine(system)?.to_owned();
        match word {
            "kept" => Some(Ready::Kept),
            "unpacks" => Some(Ready::Waits { machine, form: Form::Packed }),
            "waits" => Some(Ready::Waits { machine, form: Form::Plain }),
            _ => None,
        }
    }
}

/// To a shell that waits: the agent is there.
pub(super) fn run(place: &Place, form: Form) -> String {
    match form {
        Form::Packed => format!("unpack {}\n", place.file),
        Form::Plain => format!("run {}\n", place.file),
    }
}

/// To a shell that waits: here is the agent.
pub(super) struct Delivery<'a> {
    head: String,
    agent: &'a [u8],
}

impl<'a> Delivery<'a> {
    pub(super) fn of(agent: &'a Agent, form: Form) -> Delivery<'a> {
        let sent = form.of(agent);
        let word = match form {
            Form::Packed => "inflate",
            Form::Plain => "take",
        };
        let head = format!("{word} {} {}\n", sent.len() / BLOCK, agent.blocks());
        Delivery { head, agent: sent }
    }

    /// All that is to be written, in order.
    pub(super) fn parts(&self) -> [&[u8]; 2] {
        [self.head.as_bytes(), self.agent]
    }
}

/// What came in the place of the shell's first line, or after its mark.
pub(super) fn no_host(said: &str) -> Problem {
    let said = if said.trim().is_empty() { "nothing".to_owned() } else { first_lines(said) };
    let what = format!("`uname -sm` on the host says: {said}");
    Problem::new(what).with_hint("hep needs a Linux host and an account with a shell")
}

/// Why an agent that came through the shell has not greeted, and at which stage that was.
pub(super) fn not_started(problem: Problem, ending: &Ending, was_silent: bool) -> (Stage, Problem) {
    match refusals(&ending.stderr) {
        Some(refusals) if was_silent => (Stage::Upload, no_directory(&refusals)),
        Some(_) | None => {
            let stage = if was_silent { Stage::Start } else { Stage::Hello };
            (stage, with_ending(problem, ending))
        }
    }
}

pub(super) fn no_directory(refusals: &str) -> Problem {
    let hint = "free some space, or let programs run in one of these directories";
    Problem::new(format!("no directory can hold the agent: {refusals}")).with_hint(hint)
}

/// Adds how the agent ended and its last words.
pub(super) fn with_ending(problem: Problem, ending: &Ending) -> Problem {
    let mut what = problem.what;
    if ending.exit != Exit::Unknown {
        what.push_str(&format!("; the agent {}", ending.exit));
    }
    if !ending.stderr.trim().is_empty() {
        what.push_str(&format!("; its stderr: {}", last_lines(&ending.stderr)));
    }
    Problem { what, hint: problem.hint }
}

/// The directories that the shell tried in vain, if that is its last word.
fn refusals(stderr: &str) -> Option<String> {
    let (_, list) = stderr.rsplit_once(&format!("{REFUSED}; "))?;
    let list = list.lines().next().unwrap_or_default();
    Some(list.replace(" .: ", " ~: "))
}

/// The whole text. `p` is a directory to remove at the end, `k` the blocks that are sent and `b` the agent's, `r` the
/// refusals, `t` the token, `s` whether what SFTP brings has not been told of yet; with agents to keep, `h` is the wanted one's sha256 and `g` where it is kept.
fn script(known: &[Known]) -> String {
    let keep = !known.is_empty();
    let mut text = BEGIN.replace("DIRECTORIES", &CANDIDATES.join(" "));
    if keep {
        text.push_str(&kept(known));
    }
    text.push_str(&WAIT.replace("START", START).replace("UNPACKED", upload::NOT_UNPACKED));
    if keep {
        text.push_str(FIRST_THE_CACHE);
    }
    let take = TAKE.replace("DIRECTORIES", &CANDIDATES.join(" ")).replace("REFUSED", REFUSED);
    text.push_str(&take);
    if keep {
        text.push_str(&KEEP.replace("REFUSED", REFUSED).replace("START", START));
    }
    text.push_str(&format!("exec \"$p/hep-agent\" {START}"));
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The empty program is the test whether programs may run there at all; the empty room, whether the agent has enough.
/// The agent's own name is taken only when the agent comes: see `uploaded.rs` of hep-agent for what goes by that.
const BEGIN: &str = r#"
t=$1; p=; r=; n=; s=1; umask 077;
gone() {
    if [ -n "$p" ]; then rm -rf "$p"; fi;
    if [ -n "$s" ]; then for d in DIRECTORIES; do if [ -d "$d/.hep-$t" ]; then rm -rf "$d/.hep-$t"; fi; done; fi;
};
trap gone 0; trap "exit 1" 1 2 13 15;
refuse() { r="$r; $n: $1"; gone; p=; false; };
room() {
    n=$1; p=$n/.hep-$t;
    mkdir -m 700 "$p" 2> /dev/null || { p=; refuse "mkdir failed (full or read-only?)"; return 1; };
    true 2> /dev/null > "$p/try" && chmod 700 "$p/try"
        || { refuse "create failed (full or read-only?)"; return 1; };
    "$p/try" < /dev/null 2> /dev/null || { refuse "no program may run there (noexec)"; return 1; };
    dd if=/dev/zero of="$p/room" bs=4096 count=$b 2> /dev/null && rm "$p/room" "$p/try"
        || { refuse "write failed (full or read-only?)"; return 1; };
};
m=$(uname -sm); h=; z=waits; if command -v gzip > /dev/null; then z=unpacks; fi;
"#;

/// `read` takes a byte at a time from what is no file: nothing after the line is lost. gzip checks what it unpacks, so
/// an agent that was not written whole is found out here.
const WAIT: &str = r#"
echo "hep-$t $z $m";
read -r w k b || exit 1; s=;
if [ "$w" = unpack ]; then
    p=${k%/*}; w=run;
    if [ -f "$k.gz" ]; then
        gzip -dc < "$k.gz" > "$k" && chmod 700 "$k" || { echo "UNPACKED" >&2; exit 126; };
        rm "$k.gz";
    fi;
fi;
if [ "$w" = run ]; then
    if [ -f "$k" ]; then exec "$k" START; fi;
    echo "$k: not found" >&2; exit 127;
fi;
"#;

/// dd with full blocks takes exactly so many bytes, as no `head` but GNU's does; without them it takes single bytes.
const TAKE: &str = r#"
for d in DIRECTORIES; do if [ -z "$p" ]; then room "$d"; fi; done;
if [ -z "$p" ]; then echo "REFUSED$r" >&2; exit 1; fi;
take() {
    if dd if=/dev/null of=/dev/null iflag=fullblock 2> /dev/null;
    then dd bs=4096 count=$k iflag=fullblock 2> /dev/null;
    else dd bs=1 count=$((k * 4096)) 2> /dev/null; fi;
};
if [ "$w" = inflate ]; then take | gzip -dc > "$p/hep-agent" 2> /dev/null || w=;
else take > "$p/hep-agent" || w=; fi;
chmod 700 "$p/hep-agent";
if [ -z "$w" ] || [ $(wc -c < "$p/hep-agent") -ne $((b * 4096)) ];
then refuse "write failed"; echo "REFUSED$r" >&2; exit 1; fi;
"#;

const FIRST_THE_CACHE: &str = r#"
if [ -n "$h" ]; then
    q=$c; until [ -e "$q/" ]; do q=${q%/*}; done;
    if safe "$q/" && mkdir -p "$c" 2> /dev/null && safe "$c"; then
        c=$f; g=$c/hep/agents/$h;
        mkdir -m 700 "$c/hep" 2> /dev/null; mkdir -m 700 "$c/hep/agents" 2> /dev/null;
        if own "d????-??-*" "$c/hep" && own "d????-??-*" "$c/hep/agents";
        then room "$c/hep/agents" || h=;
        else n=$c/hep/agents; refuse "others may write there"; h=; fi;
    else n=$c; refuse "others may write there"; h=; fi;
fi;
"#;

/// The file's rename puts it there whole; agents of other builds go.
const KEEP: &str = r#"
if [ -n "$h" ]; then
    own "d????-??-*" "$g" || rm -rf "$g"; if [ -d "$g/hep-agent" ]; then rm -rf "$g/hep-agent"; fi;
    mkdir -m 700 "$g" 2> /dev/null; mv -f "$p/hep-agent" "$g/hep-agent";
    if good; then
        for o in "$c"/hep/agents/*; do case " $a " in *" ${o##*/} "*) ;; *) rm -f "$o/hep-agent"; rmdir "$o" ;; esac;
        done 2> /dev/null;
        gone; p=; exec "$g/hep-agent" START;
    fi;
    n=$g; refuse "what was sent is not what is there"; echo "REFUSED$r" >&2; exit 1;
fi;
"#;

/// What is kept is run only if nobody but the user can have put it there and the host's own program finds its sha256 right:
/// an agent that looked at itself would prove nothing. `safe` gives in `f` where a directory really is, if it and all above
/// it belong to the user or root, and others can rename nothing there: a link may lead anywhere.
fn kept(known: &[Known]) -> String {
    let all: Vec<&str> = known.iter().map(|known| known.sha256.as_str()).collect();
    let one = |known: &Known| format!("\"Linux {}\") h={} ;; ", known.machine, known.sha256);
    let cases: String = known.iter().map(one).collect();
    let text = r#"
a="ALL"; u=$(id -u);
case $XDG_CACHE_HOME in /*) c=$XDG_CACHE_HOME ;; *) c=$HOME/.cache ;; esac;
case $m in CASES *) h= ;; esac;
command -v sha256sum > /dev/null || h=;
g=$c/hep/agents/$h;
safe() {
    q=$(cd "$1" 2> /dev/null && pwd -P) || return 1;
    f=$q; set -- /; while [ -n "$q" ]; do set -- "$@" "$q"; q=${q%/*}; done;
    ls -ldn "$@" 2> /dev/null | (
        while read -r m n o q; do
            case $m in d????-??-*|d????????[tT]*) ;; *) exit 1 ;; esac;
            case $o in 0|$u) ;; *) exit 1 ;; esac;
        done
    );
};
own() { set -- "$1" $(ls -ldn "$2" 2> /dev/null); case $2 in $1) [ "$4" = "$u" ] ;; *) false ;; esac; };
good() {
    own "d????-??-*" "$c/hep" && own "d????-??-*" "$c/hep/agents" && own "d????-??-*" "$g"
        && own "-r?x?-??-*" "$g/hep-agent"
        && case $(sha256sum < "$g/hep-agent") in "$h "*) ;; *) false ;; esac;
};
if [ -n "$h" ] && safe "$c"; then
    c=$f; g=$c/hep/agents/$h;
    if good; then echo "hep-$t kept $m"; exec "$g/hep-agent" START; fi;
fi;
"#;
    text.replace("ALL", &all.join(" ")).replace("CASES", &cases).replace("START", START)
}

#[cfg(test)]
mod tests;
