//! JMESPath's grammar: words by their binding powers, as its reference has them.

use super::super::super::{advise, refuse};
use minijinja::Error;
use serde_json::Value as Json;

/// Deeper than any query that a person writes.
const MAX_DEPTH: usize = 64;

/// A query.
#[derive(Debug)]
pub(super) enum Expression {
    /// `@`, and what is not written.
    Current,
    Literal(Json),
    Field(String),
    Index(i64),
    Slice(Slice),
    /// What the second gives of the first.
    Then(Box<Expression>, Box<Expression>),
    Flatten(Box<Expression>),
    /// `[*]`: what the second gives of each item.
    Items(Box<Expression>, Box<Expression>),
    /// `*`
    Values(Box<Expression>, Box<Expression>),
    /// `[?condition]`
    Filter {
        of: Box<Expression>,
        condition: Box<Expression>,
        each: Box<Expression>,
    },
    List(Vec<Expression>),
    Hash(Vec<(String, Expression)>),
    Or(Box<Expression>, Box<Expression>),
    And(Box<Expression>, Box<Expression>),
    Not(Box<Expression>),
    Compare(Box<Expression>, Comparison, Box<Expression>),
    Call(String, Vec<Expression>),
    /// `&expression`
    Reference(Box<Expression>),
}

/// Start, stop and step.
#[derive(Debug)]
pub(super) struct Slice(pub(super) [Option<i64>; 3]);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

#[derive(Clone, Debug, PartialEq)]
enum Word {
    Name(String),
    Quoted(String),
    Literal(Json),
    Number(i64),
    Compare(Comparison),
    /// `.`, `*`, `[`, `]`, `[?`, `[]`, `{`, `}`, `(`, `)`, `,`, `:`, `@`, `&`, `&&`, `|`, `||`, `!`
    Sign(&'static str),
    End,
}

impl Word {
    /// How strongly it binds what stands before it.
    fn power(&self) -> u8 {
        match self {
            Self::Compare(_) => 5,
            Self::Sign(sign) => match *sign {
                "|" => 1,
                "||" => 2,
                "&&" => 3,
                "[]" => FLATTEN,
                "*" => STAR,
                "[?" => FILTER,
                "." => DOT,
                "!" => NOT,
                "{" => 50,
                "[" => 55,
                "(" => 60,
                _ => 0,
            },
            Self::Name(_) | Self::Quoted(_) | Self::Literal(_) | Self::Number(_) | Self::End => 0,
        }
    }
}

const FLATTEN: u8 = 9;
const STAR: u8 = 20;
const FILTER: u8 = 21;
const DOT: u8 = 40;
const NOT: u8 = 45;
/// What binds less ends a projection.
const STOP: u8 = 10;

/// The query that a text is.
pub(super) fn parsed(text: &str) -> Result<Expression, Error> {
    let mut parser = Parser { words: words(text)?, at: 0, depth: 0 };
    let expression = parser.expression(0)?;
    match parser.word() {
        Word::End => Ok(expression),
        _ => Err(parser.wrong()),
    }
}

fn wrong(what: &str) -> Error {
    advise(
        format!("`json_query` does not understand {what}"),
        "write it as JMESPath has it: `people[?age > `20`].name`",
    )
}

fn words(text: &str) -> Result<Vec<Word>, Error> {
    const SIGNS: [&str; 19] = [
        "[?", "[]", "&&", "||", ".", "*", "[", "]", "{", "}", "(", ")", ",", ":", "@", "&", "|",
        "!", "",
    ];
    const COMPARISONS: [(&str, Comparison); 6] = [
        ("==", Comparison::Equal),
        ("!=", Comparison::Unequal),
        ("<=", Comparison::AtMost),
        (">=", Comparison::AtLeast),
        ("<", Comparison::Less),
        (">", Comparison::Greater),
    ];
    let (mut words, mut rest) = (Vec::new(), text.trim_start());
    while let Some(first) = rest.chars().next() {
        let (word, length) = match first {
            'a'..='z' | 'A'..='Z' | '_' => {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                let name = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
                (Word::Name(name.to_owned()), name.len())
            }
            '0'..='9' | '-' => {
                let digits = rest.get(1..).unwrap_or_default();
                let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
                let number = rest.get(..end.saturating_add(1)).unwrap_or_default();
                let value = number.parse().map_err(|_| wrong(&format!("`{number}`")))?;
                (Word::Number(value), number.len())
            }
            '"' => {
                let (inner, length) = delimited(rest, '"')?;
                let name = serde_json::from_str(&format!("\"{inner}\""));
                (Word::Quoted(name.map_err(|_| wrong(&format!("`\"{inner}\"`")))?), length)
            }
            '\'' => {
                let (inner, length) = delimited(rest, '\'')?;
                (Word::Literal(inner.replace("\\'", "'").into()), length)
            }
            '`' => {
                let (inner, length) = delimited(rest, '`')?;
                (Word::Literal(literal(&inner.replace("\\`", "`"))?), length)
            }
            _ => {
                let found = COMPARISONS.iter().find(|(sign, _)| rest.starts_with(sign));
                let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign)).copied();
                match (found, sign) {
                    (Some((sign, comparison)), _) => (Word::Compare(*comparison), sign.len()),
                    (None, Some(sign)) if !sign.is_empty() => (Word::Sign(sign), sign.len()),
                    (None, _) => return Err(wrong(&format!("`{first}`"))),
                }
            }
        };
        words.push(word);
        rest = rest.get(length..).unwrap_or_default().trim_start();
    }
    words.push(Word::End);
    Ok(words)
}

/// What stands between two of these, and how long it is with them.
fn delimited(text: &str, delimiter: char) -> Result<(&str, usize), Error> {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        if character == delimiter && !escaped {
            return Ok((text.get(1..at).unwrap_or_default(), at.saturating_add(1)));
        }
        escaped = character == '\\' && !escaped;
    }
    Err(wrong(&format!("a {delimiter} without another one")))
}

/// JSON; what is none is a text without its quotes.
fn literal(text: &str) -> Result<Json, Error> {
    let bare = text.trim_start();
    let found = serde_json::from_str(bare);
    let found = found.or_else(|_| serde_json::from_str(&format!("\"{bare}\"")));
    found.map_err(|_| wrong(&format!("`{text}`")))
}

struct Parser {
    words: Vec<Word>,
    at: usize,
    depth: usize,
}

fn boxed(expression: Expression) -> Box<Expression> {
    Box::new(expression)
}

impl Parser {
    fn word(&self) -> &Word {
        self.ahead(0)
    }

    fn ahead(&self, steps: usize) -> &Word {
        self.words.get(self.at.saturating_add(steps)).unwrap_or(&Word::End)
    }

    fn next(&mut self) -> Word {
        let word = self.word().clone();
        self.at = self.at.saturating_add(1);
        word
    }

    fn is(&self, sign: &str) -> bool {
        matches!(self.word(), Word::Sign(found) if *found == sign)
    }

    fn expect(&mut self, sign: &str) -> Result<(), Error> {
        if !self.is(sign) {
            return Err(self.wrong());
        }
        self.at = self.at.saturating_add(1);
        Ok(())
    }

    fn wrong(&self) -> Error {
        match self.word() {
            Word::End => wrong("a query that ends too early"),
            Word::Name(name) | Word::Quoted(name) => wrong(&format!("`{name}` at its place")),
            Word::Sign(sign) => wrong(&format!("`{sign}` at its place")),
            Word::Number(number) => wrong(&format!("`{number}` at its place")),
            Word::Literal(literal) => wrong(&format!("{literal} at its place")),
            Word::Compare(_) => wrong("a comparison at its place"),
        }
    }

    fn expression(&mut self, power: u8) -> Result<Expression, Error> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > MAX_DEPTH {
            return Err(refuse("`json_query`: the query nests too deeply"));
        }
        let mut left = self.first()?;
        while power < self.word().power() {
            left = self.behind(left)?;
        }
        self.depth = self.depth.saturating_sub(1);
        Ok(left)
    }

    /// What can stand at the beginning.
    fn first(&mut self) -> Result<Expression, Error> {
        let here = || boxed(Expression::Current);
        match self.next() {
            Word::Literal(literal) => Ok(Expression::Literal(literal)),
            Word::Name(name) => Ok(Expression::Field(name)),
            Word::Quoted(name) if !self.is("(") => Ok(Expression::Field(name)),
            Word::Sign("*") => {
                let each = match self.is("]") {
                    true => Expression::Current,
                    false => self.projected(STAR)?,
                };
                Ok(Expression::Values(here(), boxed(each)))
            }
            Word::Sign("[?") => self.filter(Expression::Current),
            Word::Sign("{") => self.hash(),
            Word::Sign("(") => {
                let inner = self.expression(0)?;
                self.expect(")")?;
                Ok(inner)
            }
            Word::Sign("[]") => self.flattened(Expression::Current),
            Word::Sign("!") => Ok(Expression::Not(boxed(self.expression(NOT)?))),
            Word::Sign("[") => match (self.word(), self.ahead(1)) {
                (Word::Number(_) | Word::Sign(":"), _) => self.index(Expression::Current),
                (Word::Sign("*"), Word::Sign("]")) => self.items(Expression::Current),
                _ => self.list(),
            },
            Word::Sign("@") => Ok(Expression::Current),
            Word::Sign("&") => Ok(Expression::Reference(boxed(self.expression(0)?))),
            Word::Quoted(_) | Word::Number(_) | Word::Compare(_) | Word::Sign(_) | Word::End => {
                self.at = self.at.saturating_sub(1);
                Err(self.wrong())
            }
        }
    }

    /// What can stand behind something.
    fn behind(&mut self, left: Expression) -> Result<Expression, Error> {
        let word = self.next();
        let power = word.power();
        match word {
            Word::Sign(".") if self.is("*") => {
                self.at = self.at.saturating_add(1);
                let each = self.projected(DOT)?;
                Ok(Expression::Values(boxed(left), boxed(each)))
            }
            Word::Sign(".") => Ok(Expression::Then(boxed(left), boxed(self.below(DOT)?))),
            Word::Sign("|") => Ok(Expression::Then(boxed(left), boxed(self.expression(power)?))),
            Word::Sign("||") => Ok(Expression::Or(boxed(left), boxed(self.expression(power)?))),
            Word::Sign("&&") => Ok(Expression::And(boxed(left), boxed(self.expression(power)?))),
            Word::Compare(comparison) => {
                let right = self.expression(power)?;
                Ok(Expression::Compare(boxed(left), comparison, boxed(right)))
            }
            Word::Sign("(") => match left {
                Expression::Field(name) => Ok(Expression::Call(name, self.arguments()?)),
                _ => Err(wrong("a parenthesis behind what is no name of a function")),
            },
            Word::Sign("[?") => self.filter(left),
            Word::Sign("[]") => self.flattened(left),
            Word::Sign("[") => match self.word() {
                Word::Number(_) | Word::Sign(":") => self.index(left),
                _ => self.items(left),
            },
            _ => {
                self.at = self.at.saturating_sub(1);
                Err(self.wrong())
            }
        }
    }

    /// What is made of each item of a projection.
    fn projected(&mut self, power: u8) -> Result<Expression, Error> {
        match self.word() {
            word if word.power() < STOP => Ok(Expression::Current),
            Word::Sign("[" | "[?") => self.expression(power),
            Word::Sign(".") => {
                self.at = self.at.saturating_add(1);
                self.below(power)
            }
            _ => Err(self.wrong()),
        }
    }

    /// What can stand behind a dot.
    fn below(&mut self, power: u8) -> Result<Expression, Error> {
        match self.word() {
            Word::Name(_) | Word::Quoted(_) | Word::Sign("*") => self.expression(power),
            Word::Sign("[") => {
                self.at = self.at.saturating_add(1);
                self.list()
            }
            Word::Sign("{") => {
                self.at = self.at.saturating_add(1);
                self.hash()
            }
            _ => Err(self.wrong()),
        }
    }

    fn filter(&mut self, of: Expression) -> Result<Expression, Error> {
        let condition = boxed(self.expression(0)?);
        self.expect("]")?;
        let each = if self.is("[]") { Expression::Current } else { self.projected(FILTER)? };
        Ok(Expression::Filter { of: boxed(of), condition, each: boxed(each) })
    }

    fn flattened(&mut self, of: Expression) -> Result<Expression, Error> {
        let each = boxed(self.projected(FLATTEN)?);
        Ok(Expression::Items(boxed(Expression::Flatten(boxed(of))), each))
    }

    fn items(&mut self, of: Expression) -> Result<Expression, Error> {
        self.expect("*")?;
        self.expect("]")?;
        let each = boxed(self.projected(STAR)?);
        Ok(Expression::Items(boxed(of), each))
    }

    /// `[1]`, or a slice, of whose items something is made.
    fn index(&mut self, of: Expression) -> Result<Expression, Error> {
        if let (Word::Number(at), Word::Sign("]")) = (self.word().clone(), self.ahead(1)) {
            self.at = self.at.saturating_add(2);
            return Ok(Expression::Then(boxed(of), boxed(Expression::Index(at))));
        }
        let (mut parts, mut part) = ([None; 3], 0_usize);
        loop {
            match self.next() {
                Word::Sign("]") => break,
                Word::Sign(":") if part < 2 => part = part.saturating_add(1),
                Word::Number(number) if parts.get(part).is_some_and(Option::is_none) => {
                    parts.get_mut(part).map(|part| part.replace(number));
                }
                _ => {
                    self.at = self.at.saturating_sub(1);
                    return Err(self.wrong());
                }
            }
        }
        let slice = Expression::Then(boxed(of), boxed(Expression::Slice(Slice(parts))));
        let each = boxed(self.projected(STAR)?);
        Ok(Expression::Items(boxed(slice), each))
    }

    fn list(&mut self) -> Result<Expression, Error> {
        let mut all = vec![self.expression(0)?];
        while self.is(",") {
            self.at = self.at.saturating_add(1);
            all.push(self.expression(0)?);
        }
        self.expect("]")?;
        Ok(Expression::List(all))
    }

    fn hash(&mut self) -> Result<Expression, Error> {
        let mut all = Vec::new();
        loop {
            match self.next() {
                Word::Name(name) | Word::Quoted(name) => {
                    self.expect(":")?;
                    all.push((name, self.expression(0)?));
                }
                _ => {
                    self.at = self.at.saturating_sub(1);
                    return Err(self.wrong());
                }
            }
            if !self.is(",") {
                break;
            }
            self.at = self.at.saturating_add(1);
        }
        self.expect("}")?;
        Ok(Expression::Hash(all))
    }

    fn arguments(&mut self) -> Result<Vec<Expression>, Error> {
        let mut all = Vec::new();
        while !self.is(")") {
            all.push(self.expression(0)?);
            if !self.is(")") {
                self.expect(",")?;
            }
        }
        self.expect(")")?;
        Ok(all)
    }
}
