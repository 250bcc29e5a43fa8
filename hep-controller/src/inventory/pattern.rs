//! Which hosts a pattern means: `web:&prod:!web3`, globs, `~regex`, `web[0:2]`, `--limit @file`. Ansible's rules, except
//! that a name nobody has is a mistake in hep's dialect.

use super::Inventory;
use crate::source::{Source, plain};
use crate::words::nearest;
use crate::yaml::shorten;
use hep_protocol::dialect::Dialect;
use regex_lite::Regex;
use std::fmt;
use std::path::Path;

/// Why a pattern means no hosts at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NoSelection {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl fmt::Display for NoSelection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for NoSelection {}

fn refuse<T>(message: impl Into<String>, hint: impl Into<String>) -> Result<T, NoSelection> {
    Err(NoSelection { message: message.into(), hint: Some(hint.into()) })
}

/// The names of this machine.
const LOCALHOST: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

pub(super) fn select(inventory: &Inventory, pattern: &str) -> Result<Vec<usize>, NoSelection> {
    let parts = split(pattern);
    if parts.is_empty() {
        return refuse("this pattern is empty", "write a host, a group, or `all`");
    }
    evaluate(inventory, &parts)
}

/// The hosts that a limit names: a pattern in which a part may be a file with one pattern a line.
pub(super) fn limit(inventory: &Inventory, limit: &str) -> Result<Vec<usize>, NoSelection> {
    let mut parts = Vec::new();
    for part in split(limit) {
        match part.strip_prefix('@') {
            None => parts.push(part),
            Some(path) => parts.extend(lines(Path::new(path))?),
        }
    }
    if parts.is_empty() {
        return refuse(
            "the limit names no host",
            "write a host, a group, or `@` and a file of them",
        );
    }
    evaluate(inventory, &parts)
}

/// The patterns of a file: one per line, lines with `#` are none.
fn lines(path: &Path) -> Result<Vec<String>, NoSelection> {
    let said = |error: &str| format!("cannot read the limit's file `{}`: {error}", path.display());
    let bytes = crate::open::whole(path).map_err(|error| NoSelection {
        message: said(&plain(&error)),
        hint: Some("after the `@`, name a file with one host per line".to_owned()),
    })?;
    let source = Source::from_bytes(path, bytes)
        .map_err(|_| NoSelection { message: said("it is not text"), hint: None })?;
    let lines = source.text.lines().map(str::trim);
    Ok(lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect())
}

/// Splits a pattern at `,` if it has one, else at `:`; not inside of brackets. An IPv6 address is one part.
fn split(pattern: &str) -> Vec<String> {
    let whole = pattern.trim().parse::<std::net::Ipv6Addr>().is_ok();
    let at = |separator: char| {
        let (mut parts, mut depth) = (vec![String::new()], 0_usize);
        for c in pattern.chars() {
            let regex = parts
                .last()
                .is_some_and(|part| part.trim_start_matches(['!', '&', ' ']).starts_with('~'));
            match c {
                '[' => depth += 1,
                '(' | '{' if regex => depth += 1,
                ']' => depth = depth.saturating_sub(1),
                ')' | '}' if regex => depth = depth.saturating_sub(1),
                _ if c == separator && depth == 0 && !whole => {
                    parts.push(String::new());
                    continue;
                }
                _ => {}
            }
            parts.last_mut().into_iter().for_each(|part| part.push(c));
        }
        parts
    };
    let commas = at(',');
    let parts = if commas.len() > 1 { commas } else { at(':') };
    parts.iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

/// First what is named, then `&`, then `!`.
fn evaluate(inventory: &Inventory, parts: &[String]) -> Result<Vec<usize>, NoSelection> {
    let mut chosen: Vec<usize> = Vec::new();
    let plain: Vec<&String> = parts.iter().filter(|part| !part.starts_with(['&', '!'])).collect();
    if plain.is_empty() {
        chosen = inventory.members(super::draft::ALL);
    }
    for part in plain {
        let new = one(inventory, part)?;
        new.into_iter().for_each(|host| {
            if !chosen.contains(&host) {
                chosen.push(host);
            }
        });
    }
    for part in parts.iter().filter_map(|part| part.strip_prefix('&')) {
        let those = one(inventory, part)?;
        chosen.retain(|host| those.contains(host));
    }
    for part in parts.iter().filter_map(|part| part.strip_prefix('!')) {
        let those = one(inventory, part)?;
        chosen.retain(|host| !those.contains(host));
    }
    Ok(chosen)
}

/// The hosts of one part without its sign.
fn one(inventory: &Inventory, part: &str) -> Result<Vec<usize>, NoSelection> {
    if let Some(number) = inventory.hosts.iter().position(|host| host.name == part) {
        return Ok(vec![number]);
    }
    if let Some(hosts) = as_reported(inventory, part) {
        return Ok(hosts);
    }
    let (expression, subscript) = subscript(part)?;
    let matcher = Matcher::new(expression)?;
    let groups = inventory.groups.iter().enumerate().filter(|(_, group)| matcher.fits(&group.name));
    let groups: Vec<usize> = groups.map(|(number, _)| number).collect();
    let mut hosts: Vec<usize> = groups.iter().flat_map(|group| inventory.members(*group)).collect();
    // As Ansible has it: a word that names a group means no host; one that might be a host's may mean both.
    if groups.is_empty() || expression.starts_with('~') || expression.contains(['.', '?', '*', '['])
    {
        let fitting =
            inventory.hosts.iter().enumerate().filter(|(_, host)| matcher.fits(&host.name));
        hosts.extend(fitting.map(|(number, _)| number));
    }
    let mut seen = std::collections::HashSet::new();
    hosts.retain(|host| seen.insert(*host));
    if hosts.is_empty() && groups.is_empty() && matches!(matcher, Matcher::Word(_)) {
        return unknown(inventory, expression);
    }
    match subscript {
        None => Ok(hosts),
        Some(_) if hosts.is_empty() => Ok(hosts),
        Some(Subscript { from, to }) => {
            let count = hosts.len();
            let number =
                |at: i64| usize::try_from(if at < 0 { at + count as i64 } else { at }).ok();
            let range = number(from)
                .zip(number(to))
                .and_then(|(from, to)| hosts.get(from..to.saturating_add(1).min(count).max(from)));
            match range {
                Some(range) if !range.is_empty() => Ok(range.to_vec()),
                Some(_) | None => {
                    let message = format!("`{}` matches no host", shorten(part));
                    refuse(message, format!("`{expression}` has {count}, the first is `[0]`"))
                }
            }
        }
    }
}

/// Hosts as a report names them, `web[01-12,14]`, if each of the names is a host's. Where a group is called `web`,
/// `web[1-4]` might mean positions in it: nothing is guessed.
fn as_reported(inventory: &Inventory, part: &str) -> Option<Vec<usize>> {
    let names = super::expand_shown(part).filter(|_| part.contains('-') || part.contains(','))?;
    let (before, inner) = part.trim_end_matches(']').split_once('[')?;
    let position = (!inner.starts_with('0') || inner.starts_with("0-")) && is_span(inner);
    if position && inventory.groups.iter().any(|group| group.name == before) {
        return None;
    }
    let known: std::collections::HashMap<&str, usize> =
        inventory.hosts.iter().enumerate().map(|(n, host)| (host.name.as_str(), n)).collect();
    names.iter().map(|name| known.get(name.as_str()).copied()).collect()
}

/// This machine, if it was meant; else a mistake.
fn unknown(inventory: &Inventory, word: &str) -> Result<Vec<usize>, NoSelection> {
    if LOCALHOST.contains(&word) {
        return Ok(vec![inventory.hosts.len()]);
    }
    // Ansible goes on without it.
    if inventory.dialect == Dialect::Ansible {
        return Ok(Vec::new());
    }
    let groups = inventory.groups.iter().map(|group| group.name.as_str());
    let hosts = inventory.hosts.iter().map(|host| host.name.as_str());
    let message = format!("there is no host or group `{}`", shorten(word));
    match nearest(word, groups.chain(hosts)) {
        Some(near) => refuse(message, format!("did you mean `{near}`?")),
        None => refuse(message, "`hep hosts` shows those there are"),
    }
}

/// `[from:to]` after a group, the last included; negative from the end.
struct Subscript {
    from: i64,
    to: i64,
}

/// Takes `[0]`, `[-1]`, `[0:2]` or `[2:]` off the end. Other brackets belong to a glob.
fn subscript(part: &str) -> Result<(&str, Option<Subscript>), NoSelection> {
    let inner = part.strip_suffix(']').and_then(|text| text.rsplit_once('['));
    let Some((expression, inner)) =
        inner.filter(|(head, _)| !head.is_empty() && !part.starts_with('~'))
    else {
        return Ok((part, None));
    };
    let found = match inner.split_once(':') {
        None => inner.parse::<i64>().ok().map(|at| Subscript { from: at, to: at }),
        Some((from, "")) => {
            from.parse::<u32>().ok().map(|from| Subscript { from: from.into(), to: -1 })
        }
        Some((from, to)) => {
            let both = from.parse::<u32>().ok().zip(to.parse::<u32>().ok());
            both.map(|(from, to)| Subscript { from: from.into(), to: to.into() })
        }
    };
    match found {
        Some(found) => Ok((expression, Some(found))),
        // Ansible once had `[0-2]` for positions; as a glob it would mean letters of names.
        None if is_span(inner) => {
            let message = format!("`[{inner}]` may mean positions or letters");
            let hint = format!(
                "write `{expression}[{}]` for positions, `~{expression}[{inner}]$` for names",
                inner.replace('-', ":")
            );
            refuse(message, hint)
        }
        None if inner.contains(':') => {
            let message = format!("`[{}]` is not a range of hosts", shorten(inner));
            refuse(message, "write it as `web[0:2]`, `web[1]` or `web[-1]`")
        }
        None => Ok((part, None)),
    }
}

/// Whether this is `1-4`.
fn is_span(inner: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    inner.split_once('-').is_some_and(|(from, to)| number(from) && number(to))
}

/// What a name has to be.
enum Matcher {
    Word(String),
    /// Of the whole name for a glob, of its beginning for a regular expression.
    Regex(Regex),
}

impl Matcher {
    fn new(expression: &str) -> Result<Matcher, NoSelection> {
        let regex = match expression.strip_prefix('~') {
            Some(regex) => format!("^(?:{regex})"),
            None if expression.contains(['*', '?', '[']) => glob(expression),
            None => return Ok(Matcher::Word(expression.to_owned())),
        };
        Regex::new(&regex).map(Matcher::Regex).or_else(|error| {
            let message = format!("`{}` is not a regular expression: {error}", shorten(expression));
            refuse(message, "`hep hosts` shows what it has to match")
        })
    }

    fn fits(&self, name: &str) -> bool {
        match self {
            Matcher::Word(word) => word == name,
            Matcher::Regex(regex) => regex.is_match(name),
        }
    }
}

/// A glob as a regular expression of the whole: `*`, `?`, `[a-c]`, `[!a-c]`.
fn glob(glob: &str) -> String {
    let mut regex = "^(?s:".to_owned();
    let mut rest = glob.chars();
    while let Some(c) = rest.next() {
        let set = rest.as_str().get(1..).and_then(|text| Some(text.find(']')? + 1));
        match (c, set.and_then(|end| rest.as_str().split_at_checked(end))) {
            ('*', _) => regex.push_str(".*"),
            ('?', _) => regex.push('.'),
            ('[', Some((set, after))) => {
                let (not, set) = set.strip_prefix('!').map_or(("", set), |set| ("^", set));
                let set = set.replace('\\', r"\\").replace('[', r"\[").replace('^', r"\^");
                regex.push_str(&format!("[{not}{set}]"));
                rest = after.strip_prefix(']').unwrap_or_default().chars();
            }
            (c, _) => regex.push_str(&regex_lite::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    regex.push_str(")$");
    regex
}

#[cfg(test)]
mod tests;
