//! How groups nest: none is below itself, and none so deep that following them takes long. Looks at all that the files say
//! at once: a look at each line would take the square of their number.

use super::Place;
use super::draft::Draft;
use crate::diagnostic::Diagnostic;
use std::collections::HashMap;

/// How deep groups may nest below `all`.
const MAX_DEPTH: usize = 64;

/// How many circles are told: a file has few, unless it is made to have them.
const MAX_CIRCLES: usize = 20;

/// One group below another, where a file says so.
pub(super) struct Edge {
    pub(super) parent: usize,
    pub(super) child: usize,
    pub(super) place: Place,
}

/// Puts groups below each other as the files say, but for what closes a circle: that is a mistake.
pub(super) fn link(draft: &mut Draft) {
    let mut edges = std::mem::take(&mut draft.edges);
    let count = draft.groups.len();
    for _ in 0..MAX_CIRCLES {
        if is_acyclic(count, &edges) {
            break;
        }
        // The first that closes a circle, as a reader would find it.
        let sizes: Vec<usize> = (0..=edges.len()).collect();
        let fits = |size: &usize| is_acyclic(count, edges.get(..*size).unwrap_or_default());
        let before = sizes.partition_point(fits).saturating_sub(1);
        let edge = edges.remove(before);
        let problem = circle(draft, edges.get(..before).unwrap_or_default(), &edge);
        draft.problems.push(problem);
    }
    // Whatever there is more of, one mistake is told already.
    if is_acyclic(count, &edges) {
        edges.iter().for_each(|edge| draft.link(edge.parent, edge.child));
    }
    draft.edges = edges;
}

/// A group that is too deep.
pub(super) fn too_deep(draft: &Draft, depths: &[usize]) -> Option<Diagnostic> {
    let deep = |edge: &&Edge| depths.get(edge.child).is_some_and(|depth| *depth > MAX_DEPTH);
    let edge = draft.edges.iter().find(deep)?;
    let name = crate::yaml::shorten(draft.group_name(edge.child));
    let message = format!("the group `{name}` is more than {MAX_DEPTH} groups deep");
    Some(edge.place.diagnostic(message, "put it below a group that is less deep"))
}

fn circle(draft: &Draft, before: &[Edge], edge: &Edge) -> Diagnostic {
    let name = |number: usize| crate::yaml::shorten(draft.group_name(number));
    let mut way: Vec<String> = way(before, edge.child, edge.parent).into_iter().map(name).collect();
    if way.len() > 10 {
        let left_out = way.len() - 8;
        way.splice(4..way.len() - 4, [format!("... {left_out} more ...")]);
    }
    way.push(name(edge.child));
    let message = format!("the group `{}` would contain itself", name(edge.child));
    edge.place.diagnostic(message, format!("break the cycle: {}", way.join(" > ")))
}

/// Whether no group is below itself: all can be taken away, each once none is left that it is below.
fn is_acyclic(count: usize, edges: &[Edge]) -> bool {
    let mut parents = vec![0_usize; count];
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); count];
    for Edge { parent, child, .. } in edges {
        parents.get_mut(*child).into_iter().for_each(|parents| *parents += 1);
        children.get_mut(*parent).into_iter().for_each(|children| children.push(*child));
    }
    let top = parents.iter().enumerate().filter(|(_, parents)| **parents == 0);
    let mut open: Vec<usize> = top.map(|(number, _)| number).collect();
    let mut taken = 0;
    while let Some(number) = open.pop() {
        taken += 1;
        for child in children.get(number).into_iter().flatten() {
            let Some(left) = parents.get_mut(*child) else { continue };
            *left -= 1;
            if *left == 0 {
                open.push(*child);
            }
        }
    }
    taken == count
}

/// The groups on a way down from one to another, both included.
fn way(edges: &[Edge], from: usize, to: usize) -> Vec<usize> {
    let mut children: HashMap<usize, Vec<usize>> = HashMap::new();
    edges.iter().for_each(|edge| children.entry(edge.parent).or_default().push(edge.child));
    let (mut before, mut open) = (HashMap::new(), vec![from]);
    while let Some(number) = open.pop().filter(|number| *number != to) {
        for child in children.get(&number).into_iter().flatten() {
            if *child != from && !before.contains_key(child) {
                before.insert(*child, number);
                open.push(*child);
            }
        }
    }
    let up = std::iter::successors(Some(to), |at| before.get(at).copied());
    let mut way: Vec<usize> = up.collect();
    way.reverse();
    way
}

#[cfg(test)]
mod tests {
    use super::super::{Inventory, Surroundings};

    fn read(text: &str) -> Result<Inventory, String> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("hosts");
        std::fs::write(&path, text).unwrap();
        let around = Surroundings { working_directory: directory.path().into(), home: None };
        Inventory::read(&path, &around).map_err(|problems| problems.to_string())
    }

    fn chain(numbers: impl Iterator<Item = usize>) -> String {
        let section = |n| format!("[g{n}:children]\ng{}\n", n + 1);
        numbers.map(section).collect::<String>()
    }

    #[test]
    fn twenty_thousand_nested_groups_are_refused_at_the_first_that_is_too_deep() {
        let last = "[g20000]\nh\n";
        let down = read(&(chain(0..20_000) + last)).unwrap_err();
        assert!(down.contains("the group `g64` is more than 64 groups deep"), "{down}");
        let up = read(&(chain((0..20_000).rev()) + last)).unwrap_err();
        assert!(up.contains("is more than 64 groups deep"), "{up}");
        read(&(chain(0..60) + "[g60]\nh\n")).unwrap();
    }

    #[test]
    fn a_circle_of_twenty_thousand_is_told_in_short() {
        let told = read(&(chain(0..20_000) + "[g20000:children]\ng0\n[g7]\nh\n")).unwrap_err();
        assert!(told.contains("the group `g0` would contain itself"), "{told}");
        assert!(told.contains("g3 > ... 19993 more ... > g19997"), "{told}");
    }

    #[test]
    fn circles_without_end_are_told_up_to_a_number() {
        let circles: String =
            (0..3000).map(|n| format!("[a{n}:children]\nb{n}\n[b{n}:children]\na{n}\n")).collect();
        let told = read(&(circles + "[x]\nh\n")).unwrap_err();
        assert_eq!(told.matches("would contain itself").count(), super::MAX_CIRCLES);
    }

    #[test]
    fn a_tree_in_which_each_group_is_below_two_is_shown_once_each() {
        let two =
            |n: usize| format!("[a{n}:children]\na{0}\nb{0}\n[b{n}:children]\na{0}\nb{0}\n", n + 1);
        let text: String = (0..40).map(two).collect::<String>() + "[a40]\nh1\n[b40]\nh2\n";
        let inventory = read(&text).unwrap();
        let tree = inventory.tree(&[0, 1]);
        assert!(tree.lines().count() < 400, "{tree}");
        assert!(tree.contains("a40: (shown above)"), "{tree}");
    }

    #[test]
    fn memberships_without_number_are_refused() {
        let hosts: String = (0..1500).map(|n| format!("h{n}\n")).collect();
        let groups: String = (0..1500).map(|n| format!("[g{n}:children]\nall_of_them\n")).collect();
        let told = read(&format!("[all_of_them]\n{hosts}{groups}")).unwrap_err();
        assert!(told.contains("hosts are in groups more than 1000000 times"), "{told}");
    }
}
