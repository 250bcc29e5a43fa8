//! Python's spelling of a regular expression in that of the engine. Only text is looked at: whether the whole is sound is
//! for the engine to say.

use super::scanner::Scanner;

/// What `^` and `$` mean, where the pattern does not say so itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchors {
    /// The ends of the text, which is one line and may end in a newline.
    Line,
    /// The ends of each line of the text.
    Lines,
    /// The ends of the text, which may have many lines.
    Text,
}

/// A pattern in the spelling of the engines.
pub(super) struct Translated {
    pub(super) pattern: String,
    /// Whether it needs the engine that goes back.
    pub(super) goes_back: bool,
}

/// The pattern in the engines' spelling, or what is wrong with it.
pub(super) fn translate(written: &str, anchors: Anchors) -> Result<Translated, String> {
    let scan = Scanner::of(written);
    let (out, verbose, goes_back) = (String::new(), false, false);
    let mut translator = Translator { scan, out, anchors, verbose, goes_back };
    while let Some(next) = translator.scan.next() {
        translator.piece(next)?;
    }
    Ok(Translated { pattern: translator.out, goes_back: translator.goes_back })
}

/// Whether a pattern says itself, by its flags for all of it, that its anchors are the ends of lines.
pub(super) fn is_multiline(written: &str) -> bool {
    let flags = written.strip_prefix("(?").and_then(|rest| rest.split_once(')'));
    flags.is_some_and(|(flags, _)| {
        flags.contains('m') && flags.chars().all(|c| c.is_ascii_alphabetic())
    })
}

struct Translator {
    scan: Scanner,
    out: String,
    anchors: Anchors,
    /// Whether blanks and comments between the pieces are left out.
    verbose: bool,
    goes_back: bool,
}

/// One piece of a class: a character, which a range may begin or end with, a set like `\d`, or none at all.
enum Item {
    Char(char),
    Set(char),
    /// What a group has matched, by its number.
    Same(String),
}

impl Translator {
    fn piece(&mut self, next: char) -> Result<(), String> {
        match next {
            '\\' => match self.escape(false)? {
                Item::Char(c) => self.literal(c),
                Item::Set(letter) => self.out.extend(['\\', letter]),
                Item::Same(group) => self.same(&group),
            },
            '[' => return self.class(),
            '(' => return self.group(),
            '^' if self.anchors == Anchors::Lines => self.out.push_str("(?m:^)"),
            '^' => self.out.push_str(r"\A"),
            '$' if self.anchors == Anchors::Text => self.out.push_str(r"(?:\x{a}?\z)"),
            // A single line has its only newline at its end.
            '$' => self.out.push_str("(?m:$)"),
            '*' | '+' | '?' => {
                self.out.push(next);
                return self.after_quantifier();
            }
            '{' => match self.counts() {
                Some(counts) => {
                    self.out.push_str(&counts);
                    return self.after_quantifier();
                }
                None => self.literal('{'),
            },
            '.' | '|' | ')' => self.out.push(next),
            blank if self.verbose && blank.is_ascii_whitespace() => {}
            '#' if self.verbose => {
                if self.scan.until('\n').is_none() {
                    self.scan.at = self.scan.rest.len();
                }
            }
            other => self.literal(other),
        }
        Ok(())
    }

    fn literal(&mut self, c: char) {
        if c.is_ascii() && !c.is_ascii_alphanumeric() {
            self.out.push_str(&format!(r"\x{{{:x}}}", u32::from(c)));
        } else {
            self.out.push(c);
        }
    }

    /// `?` makes a quantifier lazy, `+` forbids it to give back.
    fn after_quantifier(&mut self) -> Result<(), String> {
        if self.scan.take("?") {
            self.out.push('?');
        } else if self.scan.take("+") {
            self.out.push('+');
            self.goes_back = true;
        }
        match self.scan.peek() {
            Some('+' | '*' | '?') => Err("repeats what repeats already".to_owned()),
            Some(_) | None => Ok(()),
        }
    }

    /// What a group has matched, by its name or number.
    fn same(&mut self, group: &str) {
        self.out.push_str(&format!("(?P={group})"));
        self.goes_back = true;
    }

    /// The rest of `{n}`, `{n,}`, `{,m}` or `{n,m}`; any other brace is one.
    fn counts(&mut self) -> Option<String> {
        let start = self.scan.at;
        let text = self.scan.until('}').filter(|text| !text.is_empty());
        let counts = text.and_then(|text| {
            let (low, high) = match text.split_once(',') {
                Some((low, high)) => (low, Some(high)),
                None => (text.as_str(), None),
            };
            let digits = |part: &str| part.chars().all(|c| c.is_ascii_digit());
            let sound = digits(low) && high.is_none_or(digits);
            let low = if low.is_empty() { "0" } else { low };
            sound.then(|| match high {
                Some(high) => format!("{{{low},{high}}}"),
                None => format!("{{{low}}}"),
            })
        });
        if counts.is_none() {
            self.scan.at = start;
        }
        counts
    }

    /// What follows a backslash.
    fn escape(&mut self, in_class: bool) -> Result<Item, String> {
        let Some(next) = self.scan.next() else { return Err("ends in a backslash".to_owned()) };
        let character = match next {
            'd' | 'D' | 's' | 'S' | 'w' | 'W' => return Ok(Item::Set(next)),
            'A' | 'B' | 'b' if !in_class => return Ok(Item::Set(next)),
            'Z' if !in_class => return Ok(Item::Set('z')),
            'b' => '\u{8}',
            'a' => '\u{7}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            'x' => self.number(2, 16)?,
            'u' => self.number(4, 16)?,
            'U' => self.number(8, 16)?,
            '0' => {
                self.scan.at -= 1;
                self.octal()?
            }
            '1'..='9' if in_class || self.is_octal() => {
                self.scan.at -= 1;
                self.octal()?
            }
            '1'..='9' => {
                let second = self.scan.peek().filter(char::is_ascii_digit);
                self.scan.at += usize::from(second.is_some());
                return Ok(Item::Same([Some(next), second].into_iter().flatten().collect()));
            }
            letter if letter.is_ascii_alphabetic() => {
                return Err(format!("has `\\{letter}`, which Python does not know"));
            }
            other => other,
        };
        Ok(Item::Char(character))
    }

    /// Whether the digit just passed begins three octal ones.
    fn is_octal(&self) -> bool {
        let digits = self.scan.rest.get(self.scan.at - 1..self.scan.at + 2);
        digits.is_some_and(|digits| digits.iter().all(|digit| digit.is_digit(8)))
    }

    /// One to three octal digits.
    fn octal(&mut self) -> Result<char, String> {
        let ahead = self.scan.rest.iter().skip(self.scan.at).take(3);
        let digits = ahead.take_while(|digit| digit.is_digit(8)).count();
        self.number(digits, 8)
    }

    /// A character by exactly so many digits.
    fn number(&mut self, digits: usize, base: u32) -> Result<char, String> {
        let text: String = self.scan.rest.iter().skip(self.scan.at).take(digits).collect();
        self.scan.at += digits;
        let sound = text.chars().count() == digits && text.chars().all(|c| c.is_digit(base));
        let number = u32::from_str_radix(&text, base).ok().filter(|_| sound);
        number
            .and_then(char::from_u32)
            .ok_or_else(|| format!("has an escape that is no character: `{text}`"))
    }

    fn class(&mut self) -> Result<(), String> {
        let unclosed = || "has a `[` that is never closed".to_owned();
        self.out.push('[');
        if self.scan.take("^") {
            self.out.push('^');
        }
        let mut first = true;
        loop {
            match self.scan.next().ok_or_else(unclosed)? {
                ']' if !first => break,
                next => {
                    let item = self.item(next)?;
                    self.range(item)?;
                }
            }
            first = false;
        }
        self.out.push(']');
        Ok(())
    }

    fn item(&mut self, next: char) -> Result<Item, String> {
        if next == '\\' { self.escape(true) } else { Ok(Item::Char(next)) }
    }

    /// An item of a class, and the end of its range if it begins one.
    fn range(&mut self, item: Item) -> Result<(), String> {
        match item {
            Item::Set(letter) => self.out.extend(['\\', letter]),
            Item::Same(_) => {}
            Item::Char(from) => {
                self.literal(from);
                let is_range = self.scan.peek() == Some('-')
                    && self.scan.rest.get(self.scan.at + 1).is_some_and(|end| *end != ']');
                if is_range {
                    self.scan.at += 1;
                    let next = self.scan.next().unwrap_or_default();
                    match self.item(next)? {
                        Item::Char(to) => {
                            self.out.push('-');
                            self.literal(to);
                        }
                        Item::Set(_) | Item::Same(_) => {
                            return Err("has a range that ends in a set".to_owned());
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// What follows an opening parenthesis.
    fn group(&mut self) -> Result<(), String> {
        if !self.scan.take("?") {
            self.out.push('(');
            return Ok(());
        }
        if self.scan.take("#") {
            let comment = self.scan.until(')');
            return comment.map(|_| ()).ok_or_else(|| "has a comment without an end".to_owned());
        }
        for start in ["=", "!", "<=", "<!", ">"] {
            if self.scan.take(start) {
                self.out.push_str(&format!("(?{start}"));
                self.goes_back = true;
                return Ok(());
            }
        }
        if self.scan.take("P=") {
            let name = self.scan.until(')').ok_or_else(|| "has a name without `)`".to_owned())?;
            self.same(&name);
            return Ok(());
        }
        if self.scan.take("(") {
            return Err("has a condition `(?(`, which hep does not support".to_owned());
        }
        if self.scan.take("P<") {
            let name = self.scan.until('>').ok_or_else(|| "has a name without `>`".to_owned())?;
            self.out.push_str(&format!("(?P<{name}>"));
            return Ok(());
        }
        self.flags()
    }

    /// `(?i)` for all of the pattern, `(?i:` for a part, `(?:` for none.
    fn flags(&mut self) -> Result<(), String> {
        let is_first = self.scan.at == 2;
        let mut flags = String::new();
        loop {
            match self.scan.next() {
                // Letters are ASCII's in any case.
                Some('a' | 'L' | 'u') => {}
                Some(flag @ ('i' | 's' | '-')) => flags.push(flag),
                Some('m') if is_first => self.anchors = Anchors::Lines,
                Some('x') if is_first => self.verbose = true,
                Some(':') => {
                    self.out.push_str(&format!("(?{flags}:"));
                    return Ok(());
                }
                Some(')') if is_first => {
                    let all = if flags.is_empty() { String::new() } else { format!("(?{flags})") };
                    self.out.push_str(&all);
                    return Ok(());
                }
                Some(')') => return Err("has flags for all of it that are not first".to_owned()),
                Some(other) => {
                    return Err(format!("has a group `(?{other}`, which Python does not know"));
                }
                None => return Err("has a group without an end".to_owned()),
            }
        }
    }
}
