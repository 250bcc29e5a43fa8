//! Names of hosts with ranges: `web[01-12,14], db1`. A range expands to exactly the names it was made of.
//!
//! In brackets stand numbers and spans of them. A span that begins with a zero has names of its width; any other has
//! numbers without leading zeros.

use crate::text::shown;

/// Below this many names that are alike, brackets are harder to read than the names.
const ALIKE: usize = 3;

/// A name around one run of digits.
struct Parts<'a> {
    before: &'a str,
    digits: &'a str,
    after: &'a str,
}

/// Names that differ in one run of digits, or one name.
struct Family<'a> {
    before: &'a str,
    after: &'a str,
    members: Vec<(u64, &'a str)>,
}

/// The names, shortened to about `room` characters with a count of those left out; at least one piece is shown.
pub(crate) fn names(all: &[&str], room: usize) -> String {
    let (mut text, mut told) = (String::new(), 0);
    for family in families(all) {
        // One whose likes went elsewhere is as exact in brackets, and rare.
        let single = family.members.iter().all(|(_, digits)| digits.is_empty());
        let mut open = false;
        for (piece, count) in pieces(&family) {
            let gap = if told == 0 { "" } else { ", " };
            let next = match (single, open) {
                (true, _) => format!("{gap}{}", shown(family.before)),
                (false, false) => format!("{gap}{}[{piece}", shown(family.before)),
                (false, true) => format!(",{piece}"),
            };
            if told > 0 && text.chars().count() + next.chars().count() > room {
                close(&mut text, &family, open);
                return format!("{text} and {} more", all.len() - told);
            }
            text.push_str(&next);
            told += count;
            open = !single;
        }
        close(&mut text, &family, open);
    }
    text
}

fn close(text: &mut String, family: &Family<'_>, open: bool) {
    if open {
        text.push_str(&format!("]{}", shown(family.after)));
    }
}

/// The spans of a family, each with how many names it stands for.
fn pieces(family: &Family<'_>) -> Vec<(String, usize)> {
    let mut pieces: Vec<(&str, &str, usize)> = Vec::new();
    let mut last = None;
    for (number, digits) in &family.members {
        let follows = last.is_some_and(|last: u64| last.checked_add(1) == Some(*number));
        match pieces.last_mut() {
            Some((begin, end, count)) if follows && continues(begin, digits) => {
                (*end, *count) = (digits, *count + 1);
            }
            _ => pieces.push((digits, digits, 1)),
        }
        last = Some(*number);
    }
    let text = |(begin, end, count): (&str, &str, usize)| match count {
        1 => (begin.to_owned(), 1),
        2 => (format!("{begin},{end}"), 2),
        _ => (format!("{begin}-{end}"), count),
    };
    pieces.into_iter().map(text).collect()
}

fn is_padded(digits: &str) -> bool {
    digits.len() > 1 && digits.starts_with('0')
}

/// Whether a span that begins like this may hold a number that is written like that.
fn continues(begin: &str, digits: &str) -> bool {
    if is_padded(begin) { begin.len() == digits.len() } else { !is_padded(digits) }
}

/// Families in the order of their first members; members by number.
fn families<'a>(all: &[&'a str]) -> Vec<Family<'a>> {
    let runs: Vec<Vec<Parts<'a>>> = all.iter().map(|name| runs(name)).collect();
    let mut sizes = std::collections::HashMap::new();
    for parts in runs.iter().flatten() {
        *sizes.entry((parts.before, parts.after)).or_insert(0_usize) += 1;
    }
    let size = |parts: &Parts<'_>| sizes.get(&(parts.before, parts.after)).copied().unwrap_or(0);
    let mut families: Vec<Family<'a>> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for (name, parts) in all.iter().zip(&runs) {
        let best =
            parts.iter().max_by_key(|parts| size(parts)).filter(|parts| size(parts) >= ALIKE);
        let number = best.and_then(|parts| Some((parts, parts.digits.parse().ok()?)));
        let Some((parts, number)) = number else {
            families.push(Family { before: name, after: "", members: vec![(0, "")] });
            continue;
        };
        let place = *places.entry((parts.before, parts.after)).or_insert(families.len());
        match families.get_mut(place) {
            Some(family) => family.members.push((number, parts.digits)),
            None => families.push(Family {
                before: parts.before,
                after: parts.after,
                members: vec![(number, parts.digits)],
            }),
        }
    }
    families.iter_mut().for_each(|family| family.members.sort_unstable());
    families
}

/// The name around each of its runs of digits.
fn runs(name: &str) -> Vec<Parts<'_>> {
    let mut all = Vec::new();
    let mut from = 0;
    // A bracket or comma of its own would read as one of ours.
    while let Some(rest) = name.get(from..).filter(|_| !name.contains(['[', ']', ','])) {
        let Some(begin) = rest.find(|c: char| c.is_ascii_digit()).map(|at| at + from) else {
            break;
        };
        let tail = name.get(begin..).unwrap_or_default();
        let end = tail.find(|c: char| !c.is_ascii_digit()).map_or(name.len(), |at| at + begin);
        let parts = (name.get(..begin), name.get(begin..end), name.get(end..));
        if let (Some(before), Some(digits), Some(after)) = parts {
            all.push(Parts { before, digits, after });
        }
        from = end;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(all: &str, expected: &str) {
        let all: Vec<&str> = all.split(' ').collect();
        assert_eq!(names(&all, usize::MAX), expected);
    }

    #[test]
    fn names_that_differ_in_one_number_become_a_range() {
        check("web1", "web1");
        check("web1 web2", "web1, web2");
        check("web1 web2 web3", "web[1-3]");
        check("web08 web09 web10 db1", "web[08-10], db1");
        check("web01 web02 web03 web05 web07 web08", "web[01-03,05,07,08]");
        check("n8.x n9.x n10.x", "n[8-10].x");
        check("a1-1 a1-2 a1-3 a2-1", "a1-[1-3], a2-1");
        check("db web a b", "db, web, a, b");
    }

    #[test]
    fn widths_are_never_mixed() {
        check("w9 w10 w011 w12", "w[9,10,011,12]");
        check("w099 w100 w101", "w[099-101]");
        check("w99 w100 w101", "w[99-101]");
        check("w0 w1 w2 w00", "w[0,00,1,2]");
    }

    #[test]
    fn long_lists_are_cut_with_a_count() {
        let all: Vec<String> = (0..50).map(|n| format!("web{:03}", n * 2)).collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        assert_eq!(names(&all, 20), "web[000,002,004,006] and 46 more");
        assert_eq!(names(&["a\u{1b}[2J"], 20), "a\\u{1b}[2J");
    }

    #[test]
    fn a_range_expands_to_exactly_its_names() {
        let all: Vec<String> =
            (1..200).filter(|n| n % 7 != 0).map(|n| format!("r{}n{n:02}", n % 3)).collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let mut expanded: Vec<String> = Vec::new();
        for part in names(&all, usize::MAX).split(", ") {
            expanded.extend(crate::inventory::expand_shown(part).unwrap_or(vec![part.to_owned()]));
        }
        let mut all: Vec<String> = all.iter().map(|name| (*name).to_owned()).collect();
        all.sort();
        expanded.sort();
        assert_eq!(expanded, all);
    }
}
