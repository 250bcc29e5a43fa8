//! Ranges in the names of hosts: `web[01:20]`, `db-[a:f]`, `n[0:10:2]`.

/// More hosts than anyone means by one name.
const MAX_HOSTS: u64 = 100_000;

const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

const HOW: &str = "write a range as `web[01:20]`, `db-[a:f]` or `n[0:10:2]`";

/// Why a range is none.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoRange {
    pub(super) message: String,
    pub(super) hint: &'static str,
}

/// All names that a pattern of a hosts file stands for, in order; a name without brackets stands for itself.
///
/// # Errors
/// What is wrong with a range in it.
pub(super) fn expand(pattern: &str) -> Result<Vec<String>, NoRange> {
    let refuse = |message: &str| {
        let message = format!("`{}` is not a range: {message}", crate::yaml::shorten(pattern));
        NoRange { message, hint: HOW }
    };
    let mut names = vec![String::new()];
    let mut rest = pattern;
    while let Some((head, after)) = rest.split_once('[') {
        let (inner, tail) = after.split_once(']').ok_or_else(|| refuse("the `]` is missing"))?;
        let steps = sequence(inner).map_err(refuse)?;
        if names.len() as u64 * steps.len() as u64 > MAX_HOSTS {
            return Err(refuse("it has more than 100000 hosts"));
        }
        let grown = names
            .iter()
            .flat_map(|name| steps.iter().map(move |step| format!("{name}{head}{step}")));
        names = grown.collect();
        rest = tail;
    }
    if rest.contains(']') {
        return Err(refuse("the `[` is missing"));
    }
    names.iter_mut().for_each(|name| name.push_str(rest));
    Ok(names)
}

/// All names that a range of a report stands for: `web[01-12,14]`. None if it is no such range.
pub(crate) fn expand_shown(text: &str) -> Option<Vec<String>> {
    let (before, rest) = text.split_once('[')?;
    let (inner, after) = rest.split_once(']')?;
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let mut names = Vec::new();
    for part in inner.split(',') {
        match part.split_once('-') {
            None if number(part) => names.push(part.to_owned()),
            Some((from, to)) if number(from) && number(to) => {
                names.extend(sequence(&format!("{from}:{to}")).ok()?);
            }
            None | Some(_) => return None,
        }
        if names.len() as u64 > MAX_HOSTS {
            return None;
        }
    }
    Some(names.iter().map(|name| format!("{before}{name}{after}")).collect())
}

/// The members of `begin:end` or `begin:end:step`.
fn sequence(inner: &str) -> Result<Vec<String>, &'static str> {
    let parts: Vec<&str> = inner.split(':').collect();
    let (begin, end, step) = match *parts.as_slice() {
        [begin, end] => (begin, end, "1"),
        [begin, end, step] => (begin, end, step),
        _ => return Err("it needs a begin and an end"),
    };
    let begin = if begin.is_empty() { "0" } else { begin };
    if end.is_empty() {
        return Err("it needs an end");
    }
    let step: usize = step.parse().map_err(|_| "its step is not a number")?;
    if step == 0 {
        return Err("its step is 0");
    }
    if let (Some(from), Some(to)) = (letter(begin), letter(end)) {
        let letters = LETTERS.get(from..=to).ok_or("its end comes before its begin")?;
        return Ok(letters.chars().step_by(step).map(String::from).collect());
    }
    let number = |text: &str| {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u64>().ok().filter(|_| digits).ok_or("begin and end are numbers, or letters")
    };
    let (from, to) = (number(begin)?, number(end)?);
    if from > to {
        return Err("its end comes before its begin");
    }
    let padded = begin.len() > 1 && begin.starts_with('0');
    if padded && begin.len() != end.len() {
        return Err("begin and end need as many digits, as `[01:20]` has");
    }
    if (to - from) / step as u64 >= MAX_HOSTS {
        return Err("it has more than 100000 hosts");
    }
    let width = if padded { begin.len() } else { 0 };
    Ok((from..=to).step_by(step).map(|n| format!("{n:0width$}")).collect())
}

/// The place of a lone letter.
fn letter(text: &str) -> Option<usize> {
    let mut chars = text.chars();
    let (Some(c), None) = (chars.next(), chars.next()) else { return None };
    LETTERS.find(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, expected: &str) {
        let names = expand(pattern).unwrap();
        assert_eq!(names.join(" "), expected, "{pattern}");
    }

    #[test]
    fn ranges_of_numbers_and_letters_expand() {
        check("web1", "web1");
        check("web[1:3]", "web1 web2 web3");
        check("web[08:11].x", "web08.x web09.x web10.x web11.x");
        check("web[:2]", "web0 web1 web2");
        check("db-[a:c]", "db-a db-b db-c");
        check("db-[y:B]", "db-y db-z db-A db-B");
        check("n[0:10:5]", "n0 n5 n10");
        check("n[a:e:2]", "na nc ne");
        check("[1:2]x[a:b]", "1xa 1xb 2xa 2xb");
        check("[0:0]", "0");
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for pattern in [
            "w[",
            "w]",
            "w[1]",
            "w[]",
            "w[1:]",
            "w[3:1]",
            "w[c:a]",
            "w[01:100]",
            "w[1:2:0]",
            "w[1:2:x]",
            "w[a:3]",
            "w[1:2:3:4]",
            "w[1:999999999]",
            "w[1:1000]x[1:1000]",
            "w[-1:2]",
        ] {
            assert!(expand(pattern).is_err(), "{pattern}");
        }
    }
}
