//! All cases together: played group by group, compared with what is recorded, and what comes of it in a table.

use super::case::{self, Case};
use super::compare;
use super::record::{Recorded, Runs};
use super::stage::Stage;
use super::tool::Tool;
use super::{cases_dir, lists};
use crate::error::{Error, Result, say};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Mutex;

/// What the comparison of one case came to.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// `CATEGORY/NAME`.
    pub id: String,
    /// The directory it is in.
    pub category: String,
    /// Where hep's run differs from Ansible's; none where they are equal.
    pub differences: Vec<String>,
}

/// How many hosts are at work at a time.
const WORKERS: usize = 2;

/// The cases whose name or group contains one of the words; all, if there is none.
pub fn select(words: &[String]) -> Result<Vec<Case>> {
    let all = case::discover(&cases_dir())?;
    let is_wanted = |case: &Case| {
        words.is_empty() || words.iter().any(|word| case.id().contains(word.as_str()))
    };
    Ok(all.into_iter().filter(is_wanted).collect())
}

/// Plays the cases, those of a group on one host, and gives each case's runs by its id.
pub fn play(tool: &Tool, cases: &[Case]) -> Result<BTreeMap<String, Runs>> {
    let mut groups: BTreeMap<&str, Vec<&Case>> = BTreeMap::new();
    for case in cases {
        groups.entry(&case.group).or_default().push(case);
    }
    let queue: Mutex<VecDeque<Vec<&Case>>> = Mutex::new(groups.into_values().collect());
    let done = Mutex::new(BTreeMap::new());
    let work = || -> Result<()> {
        let next = || queue.lock().ok().and_then(|mut queue| queue.pop_front());
        while let Some(group) = next() {
            let mut stage = Stage::start()?;
            for case in group {
                match stage.play(tool, case) {
                    Ok(runs) => {
                        let mut done = done.lock().map_err(|_| Error::new("a worker broke"))?;
                        done.insert(case.id(), runs);
                    }
                    // The others are none the worse for it; without runs the case counts as different.
                    Err(error) => say(&format!("{}: {error}", case.id())),
                }
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(work)).collect();
        let broke = |_| Err(Error::new("a worker broke"));
        workers.into_iter().try_for_each(|worker| worker.join().unwrap_or_else(broke))
    })?;
    done.into_inner().map_err(|_| Error::new("a worker broke"))
}

/// Compares hep's runs with what is recorded of Ansible.
pub fn compare_with_recorded(cases: &[Case], hep: &BTreeMap<String, Runs>) -> Result<Vec<Verdict>> {
    let mut recorded: BTreeMap<String, Recorded> = BTreeMap::new();
    for case in cases {
        if !recorded.contains_key(&case.category) {
            let category = Recorded::load(&cases_dir(), &case.category)?;
            recorded.insert(case.category.clone(), category);
        }
    }
    let theirs = |case: &Case| recorded.get(&case.category)?.cases.get(&case.name);
    Ok(cases.iter().map(|case| verdict(case, theirs(case), hep.get(&case.id()))).collect())
}

/// Compares two tools' runs of the same cases.
pub fn compare(
    cases: &[Case],
    ansible: &BTreeMap<String, Runs>,
    hep: &BTreeMap<String, Runs>,
) -> Vec<Verdict> {
    let verdict = |case: &Case| verdict(case, ansible.get(&case.id()), hep.get(&case.id()));
    cases.iter().map(verdict).collect()
}

fn verdict(case: &Case, ansible: Option<&Runs>, hep: Option<&Runs>) -> Verdict {
    let differences = match (ansible, hep) {
        (Some(ansible), Some(hep)) => compare::runs(ansible, hep, case.way),
        (None, _) => vec!["not recorded: `cargo xtask oracle --record` does it".to_owned()],
        (Some(_), None) => vec!["hep was not run".to_owned()],
    };
    Verdict { id: case.id(), category: case.category.clone(), differences }
}

/// What speaks against the lists of known differences: cases that differ and are not listed, and listed ones that are equal.
pub fn against_lists(verdicts: &[Verdict]) -> Result<Vec<String>> {
    let not_yet = lists::read(&cases_dir(), lists::NOT_YET)?;
    let different = lists::read(&cases_dir(), lists::DIFFERENT)?;
    let mut found = Vec::new();
    for Verdict { id, differences, .. } in verdicts {
        let listed = not_yet.contains_key(id) || different.contains_key(id);
        match (differences.first(), listed) {
            (Some(_), false) => {
                found.push(format!("{id} differs:\n  {}", differences.join("\n  ")));
            }
            (None, true) => found.push(format!("{id} is equal now: take it off its list")),
            (Some(_), true) | (None, false) => {}
        }
    }
    let known: BTreeSet<String> = case::discover(&cases_dir())?.iter().map(Case::id).collect();
    let gone = not_yet.keys().chain(different.keys()).filter(|id| !known.contains(*id));
    found.extend(gone.map(|id| format!("{id} is listed, and there is no such case")));
    Ok(found)
}

/// Brings the list of what hep cannot do yet up to date with what was seen.
pub fn refresh(verdicts: &[Verdict]) -> Result<()> {
    let mut not_yet = lists::read(&cases_dir(), lists::NOT_YET)?;
    let different = lists::read(&cases_dir(), lists::DIFFERENT)?;
    for Verdict { id, differences, .. } in verdicts {
        match differences.first() {
            None => drop(not_yet.remove(id)),
            Some(_) if different.contains_key(id) => {}
            Some(first) => {
                let reason: String = first.replace('\n', " ").chars().take(160).collect();
                not_yet.insert(id.clone(), reason);
            }
        }
    }
    let known: BTreeSet<String> = case::discover(&cases_dir())?.iter().map(Case::id).collect();
    not_yet.retain(|id, _| known.contains(id));
    lists::write(&cases_dir(), lists::NOT_YET, &not_yet)
}

/// The table: of each category how many cases are equal and how many differ.
pub fn table(verdicts: &[Verdict]) -> String {
    let mut rows: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for verdict in verdicts {
        let (equal, different) = rows.entry(&verdict.category).or_default();
        if verdict.differences.is_empty() { *equal += 1 } else { *different += 1 }
    }
    let line = |name: &str, (equal, different): (usize, usize)| {
        format!("{name:<14} {equal:>6} {different:>10}\n")
    };
    let sum = rows.values().fold((0, 0), |sum, row| (sum.0 + row.0, sum.1 + row.1));
    let head = format!("{:<14} {:>6} {:>10}\n", "category", "equal", "different");
    head + &rows.into_iter().map(|(name, row)| line(name, row)).collect::<String>()
        + &line("all", sum)
}

/// Says each difference.
pub fn tell(verdicts: &[Verdict]) {
    for Verdict { id, differences, .. } in verdicts {
        for difference in differences {
            say(&format!("{id}: {difference}"));
        }
    }
}
