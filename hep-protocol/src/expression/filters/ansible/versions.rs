//! Versions compared as Ansible does: loosely, strictly, or by semver.

use super::super::version::holds;
use super::super::{Registry, refuse};
use super::{iterated, string};
use minijinja::value::{Kwargs, Rest, ValueOrKwargs};
use minijinja::{Error, Value};
use std::cmp::Ordering;

pub(super) fn register(engine: &mut Registry<'_>) {
    engine.add_test("version", version);
    engine.add_test("version_compare", version);
    engine.add_filter("version_sort", |value: &Value| {
        let mut all = iterated(value, "version_sort")?;
        let mut problem = None;
        all.sort_by(|a, b| {
            let order = string(a).and_then(|a| loosely(&a, &string(b)?));
            order.unwrap_or_else(|error| {
                problem = Some(error);
                Ordering::Equal
            })
        });
        problem.map_or(Ok(all), Err)
    });
}

fn version(value: &Value, other: &Value, rest: Rest<ValueOrKwargs>) -> Result<bool, Error> {
    type Given = (Option<String>, Option<bool>, Option<String>, Kwargs);
    let rest = rest.into_values();
    let (operator, strict, kind, kwargs): Given = minijinja::value::from_args(&rest)?;
    let operator = operator.or(kwargs.get("operator")?).unwrap_or_else(|| "eq".to_owned());
    let strict = strict.or(kwargs.get("strict")?).unwrap_or(false);
    let kind: Option<String> = kind.or(kwargs.get("version_type")?);
    kwargs.assert_all_used()?;
    let (a, b) = (string(value)?, string(other)?);
    if a.is_empty() || b.is_empty() {
        return Err(refuse("`version` compares two versions, and one of them is empty"));
    }
    let order = match (kind.as_deref(), strict) {
        (Some("semver" | "semantic"), _) => semantic(&a)?.cmp(&semantic(&b)?),
        (Some("strict"), _) | (None, true) => strictly(&a)?.cmp(&strictly(&b)?),
        (Some("pep440"), _) => pep440(&a)?.cmp(&pep440(&b)?),
        (Some("loose"), _) | (None, false) => loosely(&a, &b)?,
        (Some(other), _) => {
            return Err(refuse(format!("`version` has no `version_type` `{other}`")));
        }
    };
    holds(&operator, order)
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Number(u64),
    Word(String),
}

/// Runs of digits and of letters, and whatever else stands between dots.
fn parts(version: &str) -> Vec<Part> {
    let kind = |c: char| match c {
        '0'..='9' => 0,
        'a'..='z' => 1,
        '.' => 2,
        _ => 3,
    };
    let mut parts = Vec::new();
    let mut rest = version;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| kind(c) != kind(first)).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        match part.parse() {
            _ if kind(first) == 2 => {}
            Ok(number) => parts.push(Part::Number(number)),
            Err(_) => parts.push(Part::Word(part.to_owned())),
        }
        rest = after;
    }
    parts
}

/// Numbers by their value and words by their letters; a number against a word is no comparison.
fn loosely(a: &str, b: &str) -> Result<Ordering, Error> {
    let (left, right) = (parts(a), parts(b));
    for pair in left.iter().zip(&right) {
        let order = match pair {
            (Part::Number(a), Part::Number(b)) => a.cmp(b),
            (Part::Word(a), Part::Word(b)) => a.cmp(b),
            (Part::Number(_), Part::Word(_)) | (Part::Word(_), Part::Number(_)) => {
                return Err(refuse(format!(
                    "`version` cannot compare `{a}` with `{b}`: a number meets a word"
                )));
            }
        };
        if order != Ordering::Equal {
            return Ok(order);
        }
    }
    Ok(left.len().cmp(&right.len()))
}

/// Two or three numbers, and `a` or `b` with a number for what comes before.
type Strict = ([u64; 3], bool, Option<(char, u64)>);

fn strictly(version: &str) -> Result<Strict, Error> {
    let wrong = || refuse(format!("`version`: `{version}` is no strict version, as `1.2.3` is"));
    let (numbers, pre) = match version.find(['a', 'b']) {
        Some(at) => version.split_at(at),
        None => (version, ""),
    };
    let mut three = [0; 3];
    let numbers: Vec<&str> = numbers.split('.').collect();
    if !(2..=3).contains(&numbers.len()) {
        return Err(wrong());
    }
    for (place, number) in three.iter_mut().zip(numbers) {
        *place = number.parse().map_err(|_| wrong())?;
    }
    let mut letters = pre.chars();
    let pre = match letters.next() {
        Some(letter) => Some((letter, letters.as_str().parse().map_err(|_| wrong())?)),
        None => None,
    };
    // What comes before a version is older than it.
    Ok((three, pre.is_none(), pre))
}

/// Three numbers, whether it is a release, and the parts before one: <https://semver.org>, 11.
type Semantic = ([u64; 3], bool, Vec<Part>);

fn semantic(version: &str) -> Result<Semantic, Error> {
    let wrong = || refuse(format!("`version`: `{version}` is no semantic version"));
    let core = version.split('+').next().unwrap_or_default();
    let (numbers, pre) = core.split_once('-').map_or((core, None), |(core, pre)| (core, Some(pre)));
    let numbers: Vec<&str> = numbers.split('.').collect();
    let [major, minor, patch] = <[&str; 3]>::try_from(numbers).map_err(|_| wrong())?;
    let number = |text: &str| text.parse().map_err(|_| wrong());
    let three = [number(major)?, number(minor)?, number(patch)?];
    let part = |part: &str| part.parse().map_or_else(|_| Part::Word(part.to_owned()), Part::Number);
    let pre = pre.map(|pre| pre.split('.').map(part).collect::<Vec<_>>());
    Ok((three, pre.is_none(), pre.unwrap_or_default()))
}

/// Epoch, release without zeros at its end, and what stands before or after it: PEP 440, without local parts.
type Pep440 = (u64, Vec<u64>, i8, u64, i8, u64);

fn pep440(version: &str) -> Result<Pep440, Error> {
    let wrong = || refuse(format!("`version`: `{version}` is no version by PEP 440"));
    let lower = version.trim().to_lowercase();
    let lower = lower.strip_prefix('v').unwrap_or(&lower).split('+').next().unwrap_or_default();
    let (epoch, rest) = lower.split_once('!').unwrap_or(("0", lower));
    let epoch = epoch.parse().map_err(|_| wrong())?;
    let (mut release, mut stage, mut number, mut post, mut post_number) = (Vec::new(), 0, 0, 0, 0);
    let mut known = parts(&rest.replace(['-', '_'], ".")).into_iter().peekable();
    while let Some(part) = known.next() {
        let mut next = || match known.next_if(|part| matches!(part, Part::Number(_))) {
            Some(Part::Number(number)) => number,
            Some(Part::Word(_)) | None => 0,
        };
        match part {
            Part::Number(part) => release.push(part),
            Part::Word(word) => match word.as_str() {
                "dev" => (stage, number) = (-4, next()),
                "a" | "alpha" => (stage, number) = (-3, next()),
                "b" | "beta" => (stage, number) = (-2, next()),
                "rc" | "c" | "pre" | "preview" => (stage, number) = (-1, next()),
                "post" | "rev" | "r" => (post, post_number) = (1, next()),
                _ => return Err(wrong()),
            },
        }
    }
    while release.last() == Some(&0) {
        release.pop();
    }
    Ok((epoch, release, stage, number, post, post_number))
}
