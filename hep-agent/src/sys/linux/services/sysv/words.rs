//! What a script's words say of its service. The only list of such words.

/// What a text says of a service.
pub(super) struct Said {
    /// Whether it denies that the service runs.
    pub(super) denied: bool,
    /// Whether it says of any that it runs: of several services one may.
    pub(super) affirmed: bool,
    /// Whether it ends with a failure, of which it does not say what failed.
    pub(super) failed: bool,
}

const NOT: [&str; 15] = [
    "not", "isn't", "isnt", "aren't", "wasn't", "hasn't", "haven't", "doesn't", "don't", "never",
    "cannot", "can't", "couldn't", "unable", "nor",
];

/// What a running service is or does: denied of one that does not run.
const STATES: [&str; 18] = [
    "running",
    "run",
    "runs",
    "active",
    "started",
    "alive",
    "up",
    "online",
    "launched",
    "executing",
    "responding",
    "respond",
    "reachable",
    "operational",
    "connect",
    "contact",
    "reach",
    "ok",
];

/// What there is of a running service.
const PARTS: [&str; 8] =
    ["process", "processes", "pid", "pids", "pidfile", "daemon", "instance", "instances"];

/// What is said with `not` of a part that is missing.
const FINDS: [&str; 7] = ["found", "find", "exist", "exists", "present", "detected", "there"];

/// What a service is that runs no more. Of a number of things it says nothing: `2 stopped`.
const GONE: [&str; 9] = [
    "stopped",
    "inactive",
    "offline",
    "crashed",
    "terminated",
    "exited",
    "halted",
    "unreachable",
    "refused",
];

const AFFIRMED: [&str; 4] = ["running", "started", "alive", "listening"];

/// Denials of scripts that speak another language whatever the locale is.
const FOREIGN: [&str; 18] = [
    "läuft nicht",
    "nicht gestartet",
    "nicht aktiv",
    "gestoppt",
    "angehalten",
    "beendet",
    "n'est pas",
    "arrêté",
    "arrêtée",
    "no está",
    "detenido",
    "non è",
    "fermato",
    "não está",
    "parado",
    "draait niet",
    "gestopt",
    "не запущен",
];

/// Reads a text, in small letters.
pub(super) fn read(text: &str) -> Said {
    let text = text.replace('\u{2019}', "'");
    let mut said = Said { denied: says(&text, &FOREIGN), affirmed: false, failed: false };
    for line in text.lines() {
        for clause in clauses(line) {
            let denied = (0..clause.len()).find(|at| is_denial(&clause, *at));
            // What follows a denial belongs to it: `not up and running`.
            let rest = clause.get(..denied.unwrap_or(clause.len())).unwrap_or_default();
            said.denied |= denied.is_some();
            said.affirmed |= (0..rest.len()).any(|at| is_affirmation(rest, at));
        }
        said.failed |= has_failed(line);
    }
    said
}

/// The words of a line, clause by clause.
fn clauses(line: &str) -> Vec<Vec<&str>> {
    let parts = line.split([',', ';', '!', '?']).flat_map(|part| part.split(". "));
    let words = parts.map(words);
    words
        .flat_map(|all| all.split(|word| *word == "but").map(<[_]>::to_vec).collect::<Vec<_>>())
        .collect()
}

fn words(part: &str) -> Vec<&str> {
    let words = part.split(|c: char| !c.is_alphanumeric() && c != '\'');
    words.map(|word| word.trim_matches('\'')).filter(|word| !word.is_empty()).collect()
}

/// Whether a denial begins with this word of a clause.
fn is_denial(clause: &[&str], at: usize) -> bool {
    let word = |at: usize| clause.get(at).copied().unwrap_or_default();
    let (own, next) = (word(at), word(at + 1));
    let before = at.checked_sub(1).map_or("", word);
    let within = |far: usize, any: &[&str]| {
        clause.iter().skip(at + 1).take(far).any(|word| any.contains(word))
    };
    let counted = is_number(before) || is_number(next);
    match own {
        "no" | "0" => within(2, &PARTS) || own == "0" && next == "running",
        "dead" | "down" => {
            matches!(before, "is" | "are") || !clause.iter().any(|word| is_number(word))
        }
        _ if NOT.contains(&own) => {
            let of_a_part = clause.iter().any(|word| PARTS.contains(word) || *word == "service");
            within(3, &STATES) || of_a_part && within(3, &FINDS)
        }
        _ if STATES.contains(&own) => matches!(next, "no" | "false"),
        _ => GONE.contains(&own) && !counted && !NOT.contains(&before),
    }
}

fn is_affirmation(clause: &[&str], at: usize) -> bool {
    let word = |at: usize| clause.get(at).copied().unwrap_or_default();
    let of = at.checked_sub(1).map_or("", word);
    match word(at) {
        "active" | "online" => of == "is",
        "up" => of == "is" || is_number(word(at + 1)),
        own => AFFIRMED.contains(&own),
    }
}

/// Whether a line ends with a failure (`checking x ... failed!`), or says that something did not start. A number of failures
/// is none of the service.
fn has_failed(line: &str) -> bool {
    let words = words(line);
    match words.as_slice() {
        [.., before, "failed" | "fail" | "failure"] => !is_number(before),
        ["failed" | "fail" | "failure"] => true,
        _ => {
            line.contains("[fail]")
                || words.windows(3).any(|three| three == ["failed", "to", "start"])
        }
    }
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_digit())
}

/// Whether a text has any of these words, each whole.
fn says(text: &str, any: &[&str]) -> bool {
    let letter = |c: char| c.is_alphanumeric();
    any.iter().flat_map(|words| text.match_indices(words)).any(|(at, words)| {
        let before = text.get(..at).is_some_and(|before| !before.ends_with(letter));
        let after = text.get(at + words.len()..).is_some_and(|after| !after.starts_with(letter));
        before && after
    })
}
