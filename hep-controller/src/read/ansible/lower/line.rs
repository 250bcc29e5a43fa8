//! Arguments in one line of text: `src=a dest={{ b }}/c`, `echo hi creates=/tmp/x`. Splits as Ansible does; decodes nothing else.

use std::ops::Range;

/// The options that are taken out of a line for a program; all other words with `=` belong to the program.
const OPTIONS: [&str; 8] = [
    "chdir",
    "creates",
    "executable",
    "removes",
    "stdin",
    "stdin_add_newline",
    "strip_empty_ends",
    "warn",
];

/// What a line says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    /// `key=value`, the value with the place of the whole word in the line.
    pub(super) pairs: Vec<Pair>,
    /// What is no pair: the program's words, as they were written.
    pub(super) free: Option<String>,
}

/// A `key=value` of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) key: String,
    pub(super) value: String,
    /// Its place in the line, in bytes.
    pub(super) place: Range<usize>,
}

/// Whose line it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// A program's: unknown pairs are its words.
    Program,
    /// A module's: every pair is a parameter.
    Module,
}

/// Splits a line; `None` when a quote or an expression is never closed.
pub(super) fn split(line: &str, reader: Reader) -> Option<Line> {
    let mut split = Line::default();
    let mut free = String::new();
    for Word { before, text, start } in words(line)? {
        let end = start + text.len();
        match pair(text)
            .filter(|(key, _)| reader == Reader::Module || OPTIONS.contains(&key.as_str()))
        {
            Some((key, value)) => split.pairs.push(Pair { key, value, place: start..end }),
            None => {
                let gap = if free.is_empty() { "" } else { before };
                free.push_str(gap);
                let escaped = !text.replace("\\=", "").contains('=');
                free.push_str(&if escaped { text.replace("\\=", "=") } else { text.to_owned() });
            }
        }
    }
    split.free = (!free.is_empty()).then_some(free);
    Some(split)
}

/// The first word of a line without its quotes, and what comes after it; `None` when a quote or an expression is never
/// closed, or when there is no word.
pub(super) fn first_word(line: &str) -> Option<(&str, &str)> {
    let Word { text, start, .. } = words(line)?.into_iter().next()?;
    Some((unquoted(text), line.get(start + text.len()..)?.trim()))
}

/// A word of a line, and the space before it.
struct Word<'l> {
    before: &'l str,
    text: &'l str,
    start: usize,
}

/// Words end at a space or newline outside of quotes and of `{{ }}`, `{% %}`, `{# #}`.
fn words(line: &str) -> Option<Vec<Word<'_>>> {
    let mut words = Vec::new();
    let (mut quote, mut depth, mut previous) = (None, 0_usize, '\0');
    let (mut gap, mut begin) = (0, None);
    let mut push = |gap: usize, begin: usize, end: usize| {
        let (before, text) = (line.get(gap..begin)?, line.get(begin..end)?);
        // A backslash at the end of a line joins it with the next.
        let joins = text == "\\" && line.get(end..)?.starts_with('\n');
        if !joins {
            words.push(Word { before, text, start: begin });
        }
        Some(if joins { end + 1 } else { end })
    };
    for (at, c) in line.char_indices() {
        let ends = matches!(c, ' ' | '\n') && quote.is_none() && depth == 0;
        match (ends, begin) {
            (true, Some(start)) => {
                (gap, begin) = (push(gap, start, at)?, None);
            }
            (true, None) => {}
            (false, _) => begin = begin.or(Some(at)),
        }
        match (quote, previous, c) {
            (_, '\\', '"' | '\'') => {}
            (Some(open), _, _) if open == c => quote = None,
            (None, _, '"' | '\'') => quote = Some(c),
            (_, '{', '{' | '%' | '#') => depth += 1,
            (_, '}' | '%' | '#', '}') => depth = depth.saturating_sub(1),
            (_, _, _) => {}
        }
        // `{{{` opens once.
        previous = if matches!((previous, c), ('{', '{') | ('}', '}')) { '\0' } else { c };
    }
    if let Some(start) = begin {
        push(gap, start, line.len())?;
    }
    (quote.is_none() && depth == 0).then_some(words)
}

/// `key=value` with the escapes and quotes of its value resolved.
fn pair(word: &str) -> Option<(String, String)> {
    let word = unescaped(word);
    let mut at = None;
    for (index, _) in word.match_indices('=') {
        if index == 0 || word.as_bytes().get(index - 1) != Some(&b'\\') {
            at = Some(index);
            break;
        }
    }
    let (key, value) = (word.get(..at?)?.trim(), word.get(at? + 1..)?.trim());
    (!key.is_empty()).then(|| (key.to_owned(), unquoted(value).to_owned()))
}

/// Without the quotes around it.
fn unquoted(text: &str) -> &str {
    let quoted = |quote: char| {
        let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
        (!inner.ends_with('\\')).then_some(inner)
    };
    quoted('"').or_else(|| quoted('\'')).unwrap_or(text)
}

/// Escapes as in a Python text: `\n`, `\t`, `\"`, `\x41`, `\u00e9`, `\101`. Any other backslash stays.
fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        plain.push_str(before);
        match escape(after) {
            Some((c, length)) => {
                plain.push(c);
                rest = after.get(length..).unwrap_or_default();
            }
            None => {
                plain.push('\\');
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    plain
}

/// The character of an escape, and how many bytes it takes after the backslash.
fn escape(after: &str) -> Option<(char, usize)> {
    let first = after.chars().next()?;
    let number = |digits: &str, radix| {
        let value = u32::from_str_radix(digits, radix).ok()?;
        char::from_u32(value)
    };
    let hex = |digits: usize| Some((number(after.get(1..=digits)?, 16)?, digits + 1));
    match first {
        '\\' | '\'' | '"' => Some((first, 1)),
        'a' => Some(('\u{7}', 1)),
        'b' => Some(('\u{8}', 1)),
        'f' => Some(('\u{c}', 1)),
        'n' => Some(('\n', 1)),
        'r' => Some(('\r', 1)),
        't' => Some(('\t', 1)),
        'v' => Some(('\u{b}', 1)),
        'x' => hex(2),
        'u' => hex(4),
        'U' => hex(8),
        '0'..='7' => {
            let digits = after.chars().take(3).take_while(char::is_ascii_digit);
            let length = digits.take_while(|c| ('0'..='7').contains(c)).count();
            Some((number(after.get(..length)?, 8)?, length))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &str, reader: Reader) -> String {
        let Some(split) = split(line, reader) else { return "unbalanced".to_owned() };
        let pairs = split.pairs.iter().map(|pair| format!("{}=<{}>", pair.key, pair.value));
        pairs.chain(split.free.map(|free| format!("<{free}>"))).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn program_keeps_its_words_and_gives_up_known_options() {
        let check = |line: &str, expected: &str| {
            assert_eq!(shown(line, Reader::Program), expected, "{line}");
        };
        check("echo hi creates=/tmp/x chdir=/tmp", "creates=</tmp/x> chdir=</tmp> <echo hi>");
        check("creates=/x echo  a=b 'c d'  e", "creates=</x> <echo  a=b 'c d'  e>");
        check("echo \"creates=/x y\" removes='/a b'", "removes=</a b> <echo \"creates=/x y\">");
        check("echo one\necho two creates=/x", "creates=</x> <echo one\necho two>");
        check("echo one \\\n  two", "<echo one  two>");
        check("echo {{ a }} {{b}}c d={{ e }}", "<echo {{ a }} {{b}}c d={{ e }}>");
        check("echo a\\=b x", "<echo a=b x>");
        check("echo '{{ a' }}", "<echo '{{ a' }}>");
        check("echo argv=x cmd=z stdin=hi", "stdin=<hi> <echo argv=x cmd=z>");
        check("echo don't", "unbalanced");
        check("", "");
    }

    #[test]
    fn first_word_is_read_with_its_quotes_and_expressions() {
        assert_eq!(first_word("a.sh one  'two'"), Some(("a.sh", "one  'two'")));
        assert_eq!(first_word(" '{{ d }}/a b.sh' {{ x }}"), Some(("{{ d }}/a b.sh", "{{ x }}")));
        assert_eq!(first_word("{{ a b }}.sh"), Some(("{{ a b }}.sh", "")));
        assert_eq!(first_word("'a"), None);
    }

    #[test]
    fn module_takes_every_pair_as_a_text() {
        let check = |line: &str, expected: &str| {
            assert_eq!(shown(line, Reader::Module), expected, "{line}");
        };
        check("src=a.j2 dest={{ d }}/x mode=0644", "src=<a.j2> dest=<{{ d }}/x> mode=<0644>");
        check("msg='hello world' x=\"a b\"", "msg=<hello world> x=<a b>");
        check("msg=\"say \\\"hi\\\"\"", "msg=<say \"hi\">");
        check("dest={{ x | default('a b') }} s=1", "dest=<{{ x | default('a b') }}> s=<1>");
        check("src={% if a %}b{% endif %} d=1", "src=<{% if a %}b{% endif %}> d=<1>");
        check("name=a  state=present\n  enabled=yes", "name=<a> state=<present> enabled=<yes>");
        check("a=1=2 b= c", "a=<1=2> b=<> <c>");
        check("x = 1", "<x = 1>");
        check("x='a'b y=a'b'", "x=<'a'b> y=<a'b'>");
        check("x=a\\nb y='a\\tb' z=\\x41", "x=<a\nb> y=<a\tb> z=<A>");
        check("x='C:\\\\temp' y=a\\=b", "x=<C:\\temp> y=<a\\=b>");
        check("name={{ a", "unbalanced");
        check("name='a", "unbalanced");
    }
}
