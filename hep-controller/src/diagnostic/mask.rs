//! Passwords in a line that is shown with a mistake: each of their characters becomes a star, so that carets stay right.
//! Goes by the name before the value, since the line is wrong and cannot be read by its grammar.

use crate::words::similar;

/// The line with the values of all keys that look like a password's hidden.
///
/// Both `key=value` of a hosts file and `key: value` of YAML. Hides too much rather than too little.
pub(super) fn masked(line: &str) -> String {
    let chars: Vec<char> = line.chars().collect();
    let mut masked = chars.clone();
    let (mut at, mut open) = (0, Brackets::default());
    while let Some(c) = chars.get(at) {
        if !is_of_name(*c) {
            open.pass(*c);
            at += 1;
            continue;
        }
        let end = end_of(&chars, at, is_of_name);
        let name: String = chars.get(at..end).unwrap_or_default().iter().collect();
        at = end;
        let value = if is_secret(&name) { value_of(&chars, end, &open) } else { None };
        if let Some((start, behind)) = value {
            hide(&mut masked, &chars, (start, behind));
            chars.get(at..behind).into_iter().flatten().for_each(|c| open.pass(*c));
            at = behind;
        }
    }
    masked.into_iter().collect()
}

/// How many more brackets were opened than closed so far. Counted along the way: a line may be as long as a file.
#[derive(Default)]
struct Brackets {
    braces: i64,
    square: i64,
}

impl Brackets {
    fn pass(&mut self, c: char) {
        match c {
            '{' => self.braces += 1,
            '}' => self.braces -= 1,
            '[' => self.square += 1,
            ']' => self.square -= 1,
            _ => {}
        }
    }

    fn any(&self) -> bool {
        self.braces > 0 || self.square > 0
    }
}

/// Hides a value, but for what is no secret: a word such as `true`, and the names in `{{ }}`.
fn hide(masked: &mut [char], chars: &[char], (start, end): (usize, usize)) {
    let value: String = chars.get(start..end).unwrap_or_default().iter().collect();
    if matches!(value.trim(), "true" | "false" | "null" | "~" | "{" | "[" | "|" | ">") {
        return;
    }
    let (mut braces, mut quote) = (false, None);
    for at in start..end {
        let pair = |c: char| chars.get(at) == Some(&c) && chars.get(at + 1) == Some(&c);
        let closes =
            |c: char| at > start && chars.get(at) == Some(&c) && chars.get(at - 1) == Some(&c);
        if pair('{') && !braces {
            (braces, quote) = (true, None);
        }
        let c = chars.get(at).copied().unwrap_or_default();
        let quoted = quote.is_some() && quote != Some(c);
        if !braces || quoted {
            masked.get_mut(at).into_iter().for_each(|shown| *shown = '*');
        }
        if braces && is_quote(c) {
            quote = match quote {
                None => Some(c),
                Some(open) if open == c => None,
                Some(open) => Some(open),
            };
        }
        if braces && quote.is_none() && closes('}') {
            braces = false;
        }
    }
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}

/// Whether a key's value is secret: `password`, `ansible_ssh_pass` and their like, misspelt too.
fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    let last = name.rsplit(['_', '-']).next().unwrap_or_default();
    // What is run or read to have a password, and what is said of one.
    if matches!(last, "command" | "file" | "path" | "length" | "policy" | "prompt") {
        return false;
    }
    matches!(last, "pass" | "passwd" | "passphrase" | "secret" | "token")
        || name.contains("password")
        || similar(last, "password")
}

/// From where to where the value goes, if a key that ends here has one on this line.
fn value_of(chars: &[char], key_end: usize, open: &Brackets) -> Option<(usize, usize)> {
    // The quote that ends a quoted key.
    let quoted_key = chars.get(key_end).is_some_and(|c| is_quote(*c));
    let separator = end_of(chars, key_end + usize::from(quoted_key), |c| c == ' ');
    let start = end_of(chars, separator + 1, |c| c == ' ' || c == '\t');
    // `password == 'x'` compares.
    if chars.get(separator) == Some(&'=') && chars.get(separator + 1) == Some(&'=') {
        return None;
    }
    match (chars.get(separator)?, chars.get(start)?) {
        (':' | '=', quote) if is_quote(*quote) => {
            Some((start + 1, end_of_quoted(chars, start + 1, *quote)))
        }
        ('=', _) => Some((start, end_of(chars, start, |c| !c.is_whitespace()))),
        (':', _) => Some((start, end_of_plain(chars, start, open))),
        _ => None,
    }
}

fn is_quote(c: char) -> bool {
    c == '"' || c == '\''
}

/// The closing quote, a doubled or escaped one passed over; the end of the line if there is none.
fn end_of_quoted(chars: &[char], start: usize, quote: char) -> usize {
    let mut at = start;
    while let Some(c) = chars.get(at) {
        let next_is_quote = chars.get(at + 1) == Some(&quote);
        let escapes = *c == quote || (*c == '\\' && quote == '"');
        if escapes && next_is_quote {
            at += 2;
        } else if *c == quote {
            return at;
        } else {
            at += 1;
        }
    }
    chars.len()
}

/// A plain scalar goes to the end of the line, and in braces to the comma.
fn end_of_plain(chars: &[char], start: usize, open: &Brackets) -> usize {
    if open.any() {
        end_of(chars, start, |c| c != ',' && c != '}' && c != ']')
    } else {
        chars.len()
    }
}

/// The first place from `start` on whose character is not of the kind.
fn end_of(chars: &[char], start: usize, is_of: impl Fn(char) -> bool) -> usize {
    let rest = chars.get(start..).unwrap_or_default();
    start + rest.iter().take_while(|c| is_of(**c)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: &str) {
        assert_eq!(masked(line), expected);
        assert_eq!(line.chars().count(), expected.chars().count());
    }

    #[test]
    fn passwords_of_hosts_files_are_hidden() {
        check("web1 password=hunter2 prot=22", "web1 password=******* prot=22");
        check("web1 password='a b' prot=22", "web1 password='***' prot=22");
        check("web1 ansible_ssh_pass=\"a\\\" b\" x=1", "web1 ansible_ssh_pass=\"*****\" x=1");
        check("web1 ansible_become_password=ü=x", "web1 ansible_become_password=***");
        check("web1 pasword=x passwrod=yy", "web1 pasword=* passwrod=**");
        check("web1 password = x port=1", "web1 password = * port=1");
        check("web1 password=\"never closed", "web1 password=\"************");
    }

    #[test]
    fn passwords_of_configs_are_hidden() {
        check("ssh: {password: x, prot: 1}", "ssh: {password: *, prot: 1}");
        check("ssh: {\"password\": 'it''s', prot: 1}", "ssh: {\"password\": '*****', prot: 1}");
        check("  password: a, b} # c", "  password: *********");
        check("  become_password: x", "  become_password: *");
        check("[{password: x, a: {pass: y}}, 1]", "[{password: *, a: {pass: *}}, 1]");
        check("{a: {b: 1}} password: x, y", "{a: {b: 1}} password: ****");
    }

    #[test]
    fn names_in_braces_are_no_secrets_and_texts_are() {
        check("  password: \"{{ db.pasword }}\"", "  password: \"{{ db.pasword }}\"");
        check("  password: \"x{{ a }}y\"", "  password: \"*{{ a }}*\"");
        check("  password: \"{{ a | d('hunter2') }}\"", "  password: \"{{ a | d('*******') }}\"");
        check("  password: {{ nope }}", "  password: {{ nope }}");
    }

    #[test]
    fn everything_else_is_shown() {
        for line in [
            "web1 password",
            "password=",
            "password:",
            "the password is x",
            "user=a bypass: b",
            "ask_pass: true",
            "password_command: pass show web",
            "when: password == 'x'",
        ] {
            check(line, line);
        }
    }
}
