//! Where two runs of a case differ, in lines for a person.

use super::case::Way;
use super::normal;
use super::record::{Played, Runs};
use super::tool::{COMMAND, QUIET, UNCERTAIN};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The last run of a case.
const CHECK_AGAIN: &str = "check again";

/// All differences between what Ansible did and what hep did, with the run in front; none if they are equal.
pub fn runs(ansible: &Runs, hep: &Runs, way: Way) -> Vec<String> {
    let mut found = Vec::new();
    for (name, theirs) in ansible {
        let Some(ours) = hep.get(name) else {
            found.push(format!("{name}: hep has no such run"));
            continue;
        };
        let lines = match (name.as_str(), hep.get("again")) {
            (CHECK_AGAIN, Some(again)) => {
                let theirs = as_pushed(theirs, ansible.get("again"), ours);
                checked_again(&theirs, ours, again)
            }
            _ => played(theirs, ours),
        };
        found.extend(lines.into_iter().map(|line| format!("{name}: {line}")));
    }
    if way == Way::Same
        && let (Some(check), Some(push)) = (hep.get("check"), hep.get("push"))
        && check.refused.is_none()
        && push.refused.is_none()
    {
        found.extend(foretold(check, push));
    }
    found
}

/// What Ansible's check says; but where hep's says what Ansible's push did before, it says that: a module that cannot tell is
/// skipped in Ansible's check mode, and some guess.
fn as_pushed(theirs: &Played, pushed: Option<&Played>, ours: &Played) -> Played {
    let mut theirs = theirs.clone();
    let mut counts = BTreeMap::new();
    let counts_of =
        |host: &String| ours.counts.get(host).map(|counts| (host.clone(), counts.clone()));
    for (host, lines) in &mut theirs.tasks {
        let of = |played: Option<&Played>, at: usize| played?.tasks.get(host)?.get(at).cloned();
        for (at, line) in lines.iter_mut().enumerate() {
            if let (Some(pushed), Some(ours)) = (of(pushed, at), of(Some(ours), at))
                && pushed == ours
                && *line != pushed
            {
                *line = pushed;
                counts.extend(counts_of(host));
            }
        }
    }
    // What failed is counted, too.
    theirs.counts.extend(counts);
    theirs
}

/// The check after two pushes. Up to the first task that would have an effect it is compared with Ansible's. From there on
/// Ansible's check looks at a host on which nothing was done, and hep's at one on which it was: it must foretell the second push.
fn checked_again(theirs: &Played, ours: &Played, again: &Played) -> Vec<String> {
    let has_effect = |line: &String| {
        let status = line.rsplit_once(": ").map_or(line.as_str(), |(_, status)| status);
        ["changed", COMMAND, UNCERTAIN].iter().any(|effect| status.contains(effect))
    };
    // A failure that Ansible's check does not see.
    let fails = |line: &String, theirs: Option<&String>| {
        let name = line.strip_suffix(": failed");
        name.is_some_and(|name| theirs.is_some_and(|theirs| *theirs == format!("{name}: changed")))
    };
    let effect = |host: &String, lines: &[String]| {
        let theirs = theirs.tasks.get(host);
        let mut both =
            lines.iter().enumerate().map(|(at, line)| (line, theirs.and_then(|all| all.get(at))));
        both.position(|(line, theirs)| has_effect(line) || fails(line, theirs))
    };
    if ours.refused.is_some() || ours.tasks.iter().all(|(host, all)| effect(host, all).is_none()) {
        return played(theirs, ours);
    }
    let mut found = Vec::new();
    for (host, lines) in &ours.tasks {
        let first = effect(host, lines);
        let theirs = theirs.tasks.get(host).map_or(&[][..], Vec::as_slice);
        let counts = |at: usize| at + usize::from(lines.get(at).is_some_and(has_effect));
        let until = first.map_or(lines.len().max(theirs.len()), counts);
        let first = |lines: &[String]| lines.iter().take(until).cloned().collect::<Vec<_>>();
        let line = tasks(&first(theirs), &first(lines));
        found.extend(line.map(|line| format!("{host}: {line}")));
    }
    found.extend(foretold(&converged(ours, again), again));
    found
}

/// A check with what the run before it has done: there a task that changed something finds nothing left to do.
fn converged(check: &Played, before: &Played) -> Played {
    let mut check = check.clone();
    for (host, lines) in &mut check.tasks {
        let before = before.tasks.get(host).map_or(&[][..], Vec::as_slice);
        for (line, before) in lines.iter_mut().zip(before) {
            let name = line.strip_suffix(": ok");
            if name.is_some_and(|name| *before == format!("{name}: changed")) {
                line.clone_from(before);
            }
        }
    }
    check
}

/// The differences of one run.
fn played(theirs: &Played, ours: &Played) -> Vec<String> {
    if let Some(why) = &ours.refused {
        return vec![format!("hep refuses: {why}")];
    }
    let mut found = Vec::new();
    let hosts: BTreeSet<&String> = theirs.tasks.keys().chain(ours.tasks.keys()).collect();
    for host in hosts {
        let lines = |played: &Played| played.tasks.get(host).cloned().unwrap_or_default();
        found.extend(tasks(&lines(theirs), &lines(ours)).map(|line| format!("{host}: {line}")));
    }
    if theirs.counts != ours.counts {
        found.push(format!("counts: Ansible {:?}, hep {:?}", theirs.counts, ours.counts));
    }
    let names: BTreeSet<&String> = theirs.changes.keys().chain(ours.changes.keys()).collect();
    // A recording may be older than the list of what does not count.
    let counts = |name: &&String| !name.strip_prefix("file ").is_some_and(normal::is_ignored);
    for name in names.into_iter().filter(counts) {
        match (theirs.changes.get(name), ours.changes.get(name)) {
            (Some(theirs), Some(ours)) => values(name, theirs, ours, &mut found),
            (Some(theirs), None) => found.push(format!("{name}: Ansible {theirs}, hep leaves it")),
            (None, Some(ours)) => found.push(format!("{name}: Ansible leaves it, hep {ours}")),
            (None, None) => {}
        }
    }
    found
}

/// The first place where two lists of tasks part.
fn tasks(theirs: &[String], ours: &[String]) -> Option<String> {
    let longest = theirs.len().max(ours.len());
    let differ = |at: &usize| match (theirs.get(*at), ours.get(*at)) {
        (Some(theirs), Some(ours)) => !is_same(theirs, ours),
        (Some(_), None) | (None, Some(_)) => true,
        (None, None) => false,
    };
    let line = |lines: &[String], at: usize| {
        lines.get(at).map_or_else(|| "no task".to_owned(), |line| format!("`{line}`"))
    };
    (0..longest)
        .find(differ)
        .map(|at| format!("task {}: Ansible {}, hep {}", at + 1, line(theirs, at), line(ours, at)))
}

/// Whether two lines of tasks say the same, where one may be of hep's check.
fn is_same(theirs: &str, ours: &str) -> bool {
    let (Some((their_name, their_status)), Some((our_name, our_status))) =
        (theirs.rsplit_once(": "), ours.rsplit_once(": "))
    else {
        return theirs == ours;
    };
    // A command's effect is unknown to hep; Ansible's check mode skips it.
    let is_command = our_status.contains(COMMAND)
        && (their_status.starts_with("skipped") || their_status.starts_with("changed"));
    let is_quiet = our_status.contains(QUIET)
        && (their_status.starts_with("skipped") || their_status.starts_with("ok"));
    their_name == our_name
        && (their_status == our_status || is_command || is_quiet || our_status.contains(UNCERTAIN))
}

/// What hep's check said of tasks that its push then did otherwise.
fn foretold(check: &Played, push: &Played) -> Vec<String> {
    let mut found = Vec::new();
    for (name, value) in &check.changes {
        found.push(format!("check: hep changes {name}: {value}"));
    }
    for (host, pushed) in &push.tasks {
        let checked = check.tasks.get(host).cloned().unwrap_or_default();
        let is_open = |line: &String| line.contains(COMMAND) || line.contains(UNCERTAIN);
        // After what only the host can tell, a check is allowed to go another way.
        let until = checked.iter().position(is_open).unwrap_or(checked.len().max(pushed.len()));
        let first = |lines: &[String]| lines.iter().take(until).cloned().collect::<Vec<_>>();
        let (checked, pushed) = (first(&checked), first(pushed));
        if let Some(line) = tasks(&pushed, &checked) {
            let line = line.replace("Ansible", "the push").replace("hep", "the check");
            found.push(format!("check: {host}: {line}"));
        }
    }
    found
}

/// Where two values part, by their paths.
fn values(at: &str, theirs: &Value, ours: &Value, found: &mut Vec<String>) {
    match (theirs, ours) {
        (Value::Object(one), Value::Object(other)) => {
            let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            for name in names {
                let at = format!("{at}.{name}");
                match (one.get(name), other.get(name)) {
                    (Some(theirs), Some(ours)) => values(&at, theirs, ours, found),
                    (Some(theirs), None) => {
                        found.push(format!("{at}: Ansible {theirs}, hep nothing"))
                    }
                    (None, Some(ours)) => found.push(format!("{at}: Ansible nothing, hep {ours}")),
                    (None, None) => {}
                }
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (index, (theirs, ours)) in one.iter().zip(other).enumerate() {
                values(&format!("{at}[{index}]"), theirs, ours, found);
            }
        }
        _ if theirs != ours => found.push(format!("{at}: Ansible {theirs}, hep {ours}")),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_part_where_they_differ() {
        let mut found = Vec::new();
        let (theirs, ours) = (json!({"a": [1, {"b": 2}]}), json!({"a": [1, {"b": "2"}], "c": 3}));
        values("r", &theirs, &ours, &mut found);
        assert_eq!(found, ["r.a[1].b: Ansible 2, hep \"2\"", "r.c: Ansible nothing, hep 3"]);
    }

    #[test]
    fn a_check_may_say_what_the_push_did() {
        let played = |lines: &[&str]| {
            let lines = lines.iter().map(|line| (*line).to_owned()).collect();
            Played { tasks: [("web".to_owned(), lines)].into(), ..Played::default() }
        };
        let pushed = played(&["read: ok", "list: changed", "rest: ok"]);
        let theirs = played(&["read: skipped", "list: ok", "rest: failed"]);
        let ours = played(&["read: ok", "list: changed", "rest: uncertain"]);
        let expected = played(&["read: ok", "list: changed", "rest: failed"]);
        assert_eq!(as_pushed(&theirs, Some(&pushed), &ours), expected);
    }

    #[test]
    fn check_may_leave_open_what_a_command_does() {
        assert!(is_same("run: skipped", "run: command"));
        assert!(!is_same("run: ok", "run: command"));
        assert!(!is_same("run: ok", "run: changed"));
        assert!(!is_same("run: ok", "walk: ok"));
        assert!(is_same("run: skipped", "run: quiet"));
        assert!(is_same("run: ok", "run: quiet"));
        assert!(!is_same("run: changed", "run: quiet"));
    }
}
