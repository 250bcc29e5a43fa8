//! What the translator writes, as nodes.

use super::super::scanner::Scanner;
use super::{DEPTH, Edge, Node, Program, Set};

/// Reads a translated pattern.
pub(super) fn program(translated: &str) -> Result<Program, String> {
    let scan = Scanner::of(translated);
    let mut parser = Parser { scan, names: vec![None], fold: false, dot: false, depth: 0 };
    let root = parser.either()?;
    match parser.scan.next() {
        None => Ok(Program { root, names: parser.names }),
        Some(_) => Err("has a `)` without a `(`".to_owned()),
    }
}

struct Parser {
    scan: Scanner,
    names: Vec<Option<String>>,
    fold: bool,
    /// Whether `.` matches newlines.
    dot: bool,
    depth: usize,
}

impl Parser {
    fn either(&mut self) -> Result<Node, String> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err("has too many groups in one another".to_owned());
        }
        let mut ways = Vec::new();
        loop {
            let mut all = Vec::new();
            while let Some(next) = self.scan.peek().filter(|next| !matches!(next, '|' | ')')) {
                self.scan.at += 1;
                if let Some(node) = self.piece(next)? {
                    all.push(self.repeated(node)?);
                }
            }
            ways.push(only(all).unwrap_or_else(Node::All));
            if !self.scan.take("|") {
                break;
            }
        }
        self.depth -= 1;
        Ok(only(ways).unwrap_or_else(Node::Either))
    }

    fn piece(&mut self, next: char) -> Result<Option<Node>, String> {
        Ok(Some(match next {
            '.' => {
                let ranges = if self.dot { Vec::new() } else { vec![('\n', '\n')] };
                Node::Set(Set { negated: true, ranges, ..Set::default() })
            }
            '[' => Node::Set(self.class()),
            '(' => return self.group(),
            '\\' => match self.scan.next() {
                Some('A') => Node::Edge(Edge::Start),
                Some('z') => Node::Edge(Edge::End),
                Some('b') => Node::Edge(Edge::Word(true)),
                Some('B') => Node::Edge(Edge::Word(false)),
                _ => {
                    self.scan.at -= 1;
                    let mut set = Set { fold: self.fold, ..Set::default() };
                    self.escape(&mut set);
                    Node::Set(set)
                }
            },
            '*' | '+' | '?' | '{' => return Err("repeats nothing".to_owned()),
            other => {
                let ranges = vec![(other, other)];
                Node::Set(Set { fold: self.fold, ranges, ..Set::default() })
            }
        }))
    }

    /// What follows a backslash: a class, or `x{...}`, which is a character.
    fn escape(&mut self, set: &mut Set) {
        match self.character() {
            Ok(c) => set.ranges.push((c, c)),
            Err(class) => set.classes.push(class),
        }
    }

    /// The same; an error is the letter of a class.
    fn character(&mut self) -> Result<char, char> {
        match self.scan.next() {
            Some('x') if self.scan.take("{") => {
                let number =
                    u32::from_str_radix(&self.scan.until('}').unwrap_or_default(), 16).ok();
                Ok(number.and_then(char::from_u32).unwrap_or_default())
            }
            other => Err(other.unwrap_or_default()),
        }
    }

    fn class(&mut self) -> Set {
        let mut set = Set { negated: self.scan.take("^"), fold: self.fold, ..Set::default() };
        while let Some(next) = self.scan.next().filter(|next| *next != ']') {
            let from = match next {
                '\\' => self.character(),
                other => Ok(other),
            };
            match from {
                Ok(from) if self.scan.take("-") => {
                    let to =
                        if self.scan.take("\\") { self.character().ok() } else { self.scan.next() };
                    set.ranges.push((from, to.unwrap_or(from)));
                }
                Ok(from) => set.ranges.push((from, from)),
                Err(class) => set.classes.push(class),
            }
        }
        set
    }

    fn group(&mut self) -> Result<Option<Node>, String> {
        let (fold, dot) = (self.fold, self.dot);
        let node = if self.scan.take("?=") {
            Node::Look { behind: None, negated: false, node: Box::new(self.either()?) }
        } else if self.scan.take("?!") {
            Node::Look { behind: None, negated: true, node: Box::new(self.either()?) }
        } else if self.scan.take("?<=") {
            self.behind(false)?
        } else if self.scan.take("?<!") {
            self.behind(true)?
        } else if self.scan.take("?>") {
            Node::Once(Box::new(self.either()?))
        } else if self.scan.take("?P=") {
            let name = self.scan.until(')').unwrap_or_default();
            let by_name = self.names.iter().position(|known| known.as_ref() == Some(&name));
            let number = by_name.or_else(|| name.parse().ok());
            let known = number.filter(|number| (1..self.names.len()).contains(number));
            let number =
                known.ok_or_else(|| format!("refers back to `{name}`, which is no group"))?;
            return Ok(Some(Node::Same(number, self.fold)));
        } else if self.scan.take("?m:^)") {
            return Ok(Some(Node::Edge(Edge::LineStart)));
        } else if self.scan.take("?m:$)") {
            return Ok(Some(Node::Edge(Edge::LineEnd)));
        } else if self.scan.take("?P<") {
            let name = self.scan.until('>').unwrap_or_default();
            self.captured(Some(name))?
        } else if self.scan.take("?") {
            let mut on = true;
            loop {
                match self.scan.next() {
                    Some('-') => on = false,
                    Some('i') => self.fold = on,
                    Some('s') => self.dot = on,
                    // For all of the pattern.
                    Some(')') => return Ok(None),
                    Some(':') | None => break,
                    Some(_) => {}
                }
            }
            self.either()?
        } else {
            self.captured(None)?
        };
        (self.fold, self.dot) = (fold, dot);
        if self.scan.take(")") { Ok(Some(node)) } else { Err("has a `(` without a `)`".to_owned()) }
    }

    fn captured(&mut self, name: Option<String>) -> Result<Node, String> {
        let number = self.names.len();
        self.names.push(name);
        Ok(Node::Group(number, Box::new(self.either()?)))
    }

    fn behind(&mut self, negated: bool) -> Result<Node, String> {
        let node = self.either()?;
        let width = width(&node);
        let width = width.ok_or("looks back at something that may be longer or shorter")?;
        Ok(Node::Look { behind: Some(width), negated, node: Box::new(node) })
    }

    /// A piece with the quantifier after it.
    fn repeated(&mut self, node: Node) -> Result<Node, String> {
        let (least, most) = match self.scan.peek() {
            Some('*') => (0, usize::MAX),
            Some('+') => (1, usize::MAX),
            Some('?') => (0, 1),
            Some('{') => {
                self.scan.at += 1;
                let text = self.scan.until('}').unwrap_or_default();
                self.scan.at -= 1;
                let number = |text: &str, or: usize| match text {
                    "" => Ok(or),
                    digits => digits.parse().map_err(|_| "repeats too often".to_owned()),
                };
                match text.split_once(',') {
                    Some((least, most)) => (number(least, 0)?, number(most, usize::MAX)?),
                    None => (number(&text, 0)?, number(&text, 0)?),
                }
            }
            Some(_) | None => return Ok(node),
        };
        self.scan.at += 1;
        let lazy = self.scan.take("?");
        let node = Node::Repeat { node: Box::new(node), least, most, lazy };
        Ok(if self.scan.take("+") { Node::Once(Box::new(node)) } else { node })
    }
}

/// The node if there is only one: what is not in a list takes less of the stack.
fn only(mut nodes: Vec<Node>) -> Result<Node, Vec<Node>> {
    match nodes.len() {
        1 => nodes.pop().ok_or(nodes),
        _ => Err(nodes),
    }
}

/// How many characters match, if that is always the same number.
fn width(node: &Node) -> Option<usize> {
    match node {
        Node::Set(_) => Some(1),
        Node::Edge(_) | Node::Look { .. } => Some(0),
        Node::All(all) => all.iter().map(width).sum(),
        Node::Either(ways) => {
            let mut widths = ways.iter().map(width);
            let first = widths.next().flatten();
            first.filter(|first| widths.all(|other| other == Some(*first)))
        }
        Node::Group(_, node) | Node::Once(node) => width(node),
        Node::Same(..) => None,
        Node::Repeat { node, least, most, .. } if least == most => width(node)?.checked_mul(*least),
        Node::Repeat { .. } => None,
    }
}
