//! Patterns that look around or refer back to a group: an engine that tries one way after another and goes back. Some
//! patterns take steps without end, so these are counted. It reads what the translator writes, and nothing else.

use std::ops::Range;

/// How many steps one search may take.
const STEPS: usize = 10_000_000;

/// How often a group may repeat, and how deep groups may be in one another: each time takes some of the stack.
const DEPTH: usize = 200;

/// What the groups of a match are; first of all the match itself.
pub(super) type Spans = Vec<Option<Range<usize>>>;

/// A pattern that has been read.
#[derive(Debug)]
pub(super) struct Program {
    root: Node,
    /// The names of the groups; the match itself has none.
    pub(super) names: Vec<Option<String>>,
}

#[derive(Debug)]
enum Node {
    Set(Set),
    Edge(Edge),
    All(Vec<Node>),
    Either(Vec<Node>),
    Group(usize, Box<Node>),
    /// Whether something is there: ahead, or behind at so many characters.
    Look {
        behind: Option<usize>,
        negated: bool,
        node: Box<Node>,
    },
    /// What a group has matched.
    Same(usize, bool),
    Repeat {
        node: Box<Node>,
        least: usize,
        most: usize,
        lazy: bool,
    },
    /// What has matched is not tried in another way.
    Once(Box<Node>),
}

/// A place between characters.
#[derive(Clone, Copy, Debug)]
enum Edge {
    Start,
    End,
    LineStart,
    LineEnd,
    Word(bool),
}

/// One character of these.
#[derive(Debug, Default)]
struct Set {
    negated: bool,
    fold: bool,
    ranges: Vec<(char, char)>,
    /// `d`, `s`, `w`, and their opposites.
    classes: Vec<char>,
}

impl Set {
    fn has(&self, c: char) -> bool {
        let one = |c: char| {
            self.ranges.iter().any(|(from, to)| (*from..=*to).contains(&c))
                || self.classes.iter().any(|class| is_in(*class, c))
        };
        let found =
            one(c) || self.fold && (one(c.to_ascii_lowercase()) || one(c.to_ascii_uppercase()));
        found != self.negated
    }
}

fn is_in(class: char, c: char) -> bool {
    match class {
        'd' => c.is_ascii_digit(),
        's' => c.is_ascii_whitespace() || c == '\u{b}',
        'w' => c.is_ascii_alphanumeric() || c == '_',
        other => !is_in(other.to_ascii_lowercase(), c),
    }
}

impl Program {
    /// Reads a translated pattern.
    pub(super) fn parse(translated: &str) -> Result<Self, String> {
        let rest = translated.chars().collect();
        let mut parser =
            Parser { rest, at: 0, names: vec![None], fold: false, dot: false, depth: 0 };
        let root = parser.either()?;
        match parser.next() {
            None => Ok(Self { root, names: parser.names }),
            Some(_) => Err("has a `)` without a `(`".to_owned()),
        }
    }

    /// The first match at or after a place; an error if that takes too long.
    pub(super) fn find(&self, text: &str, from: usize) -> Result<Option<Spans>, String> {
        let mut matcher = Matcher { text, spans: Vec::new(), steps: STEPS, depth: 0 };
        let rest = text.get(from..).unwrap_or_default();
        let places = rest.char_indices().map(|(at, _)| from + at).chain([text.len()]);
        for start in places {
            matcher.spans = vec![None; self.names.len()];
            let found = matcher.run(&self.root, start, &mut |matcher, end| {
                if let Some(all) = matcher.spans.first_mut() {
                    *all = Some(start..end);
                }
                Ok(true)
            })?;
            if found {
                return Ok(Some(matcher.spans));
            }
        }
        Ok(None)
    }
}

struct Parser {
    rest: Vec<char>,
    at: usize,
    names: Vec<Option<String>>,
    fold: bool,
    /// Whether `.` matches newlines.
    dot: bool,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.rest.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek();
        self.at += usize::from(next.is_some());
        next
    }

    fn take(&mut self, expected: &str) -> bool {
        let length = expected.chars().count();
        let ahead = self.rest.get(self.at..self.at + length);
        let found = ahead.is_some_and(|ahead| ahead.iter().copied().eq(expected.chars()));
        self.at += if found { length } else { 0 };
        found
    }

    fn until(&mut self, end: char) -> String {
        let text: String = self.rest.iter().skip(self.at).take_while(|c| **c != end).collect();
        self.at += text.chars().count() + 1;
        text
    }

    fn either(&mut self) -> Result<Node, String> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err("has too many groups in one another".to_owned());
        }
        let mut ways = Vec::new();
        loop {
            let mut all = Vec::new();
            while let Some(next) = self.peek().filter(|next| !matches!(next, '|' | ')')) {
                self.at += 1;
                if let Some(node) = self.piece(next)? {
                    all.push(self.repeated(node)?);
                }
            }
            ways.push(only(all).unwrap_or_else(Node::All));
            if !self.take("|") {
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
            '\\' => match self.next() {
                Some('A') => Node::Edge(Edge::Start),
                Some('z') => Node::Edge(Edge::End),
                Some('b') => Node::Edge(Edge::Word(true)),
                Some('B') => Node::Edge(Edge::Word(false)),
                _ => {
                    self.at -= 1;
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
        match self.next() {
            Some('x') if self.take("{") => {
                let number = u32::from_str_radix(&self.until('}'), 16).ok();
                Ok(number.and_then(char::from_u32).unwrap_or_default())
            }
            other => Err(other.unwrap_or_default()),
        }
    }

    fn class(&mut self) -> Set {
        let mut set = Set { negated: self.take("^"), fold: self.fold, ..Set::default() };
        while let Some(next) = self.next().filter(|next| *next != ']') {
            let from = match next {
                '\\' => self.character(),
                other => Ok(other),
            };
            match from {
                Ok(from) if self.take("-") => {
                    let to = if self.take("\\") { self.character().ok() } else { self.next() };
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
        let node = if self.take("?=") {
            Node::Look { behind: None, negated: false, node: Box::new(self.either()?) }
        } else if self.take("?!") {
            Node::Look { behind: None, negated: true, node: Box::new(self.either()?) }
        } else if self.take("?<=") {
            self.behind(false)?
        } else if self.take("?<!") {
            self.behind(true)?
        } else if self.take("?>") {
            Node::Once(Box::new(self.either()?))
        } else if self.take("?P=") {
            let name = self.until(')');
            let by_name = self.names.iter().position(|known| known.as_ref() == Some(&name));
            let number = by_name.or_else(|| name.parse().ok());
            let known = number.filter(|number| (1..self.names.len()).contains(number));
            let number =
                known.ok_or_else(|| format!("refers back to `{name}`, which is no group"))?;
            return Ok(Some(Node::Same(number, self.fold)));
        } else if self.take("?m:^)") {
            return Ok(Some(Node::Edge(Edge::LineStart)));
        } else if self.take("?m:$)") {
            return Ok(Some(Node::Edge(Edge::LineEnd)));
        } else if self.take("?P<") {
            let name = self.until('>');
            self.captured(Some(name))?
        } else if self.take("?") {
            let mut on = true;
            loop {
                match self.next() {
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
        if self.take(")") { Ok(Some(node)) } else { Err("has a `(` without a `)`".to_owned()) }
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
        let (least, most) = match self.peek() {
            Some('*') => (0, usize::MAX),
            Some('+') => (1, usize::MAX),
            Some('?') => (0, 1),
            Some('{') => {
                self.at += 1;
                let text = self.until('}');
                self.at -= 1;
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
        self.at += 1;
        let lazy = self.take("?");
        let node = Node::Repeat { node: Box::new(node), least, most, lazy };
        Ok(if self.take("+") { Node::Once(Box::new(node)) } else { node })
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

struct Matcher<'t> {
    text: &'t str,
    spans: Spans,
    steps: usize,
    depth: usize,
}

/// What must match after a node.
type Next<'n, 't> = &'n mut dyn FnMut(&mut Matcher<'t>, usize) -> Result<bool, String>;

impl<'t> Matcher<'t> {
    fn after(&self, at: usize) -> Option<char> {
        self.text.get(at..)?.chars().next()
    }

    fn before(&self, at: usize) -> Option<char> {
        self.text.get(..at)?.chars().next_back()
    }

    fn step(&mut self) -> Result<(), String> {
        self.steps = self.steps.checked_sub(1).ok_or("takes too long on this text")?;
        Ok(())
    }

    fn run(&mut self, node: &Node, at: usize, next: Next<'_, 't>) -> Result<bool, String> {
        self.step()?;
        match node {
            Node::Set(set) => match self.after(at).filter(|c| set.has(*c)) {
                Some(c) => next(self, at + c.len_utf8()),
                None => Ok(false),
            },
            Node::Edge(edge) => Ok(self.is_at(*edge, at) && next(self, at)?),
            Node::All(all) => self.all(all, at, next),
            Node::Either(ways) => {
                for way in ways {
                    if self.run(way, at, next)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Node::Group(number, node) => self.run(node, at, &mut |matcher, end| {
                let span = matcher.spans.get_mut(*number);
                let former = span.and_then(|span| span.replace(at..end));
                if next(matcher, end)? {
                    return Ok(true);
                }
                if let Some(span) = matcher.spans.get_mut(*number) {
                    *span = former;
                }
                Ok(false)
            }),
            Node::Look { behind, negated, node } => {
                let former = self.spans.clone();
                let found = self.look(*behind, node, at)?;
                if !found || *negated {
                    self.spans = former;
                }
                Ok(found != *negated && next(self, at)?)
            }
            Node::Same(number, fold) => {
                let span = self.spans.get(*number).cloned().flatten();
                let Some(said) = span.and_then(|span| self.text.get(span)) else {
                    return Ok(false);
                };
                let there = self.text.get(at..at + said.len());
                let same = there.is_some_and(|there| {
                    if *fold { there.eq_ignore_ascii_case(said) } else { there == said }
                });
                Ok(same && next(self, at + said.len())?)
            }
            Node::Repeat { node, least, most, lazy } => match &**node {
                Node::Set(set) => self.run_of(set, (*least, *most, *lazy), at, next),
                node => self.repeat(node, (*least, *most, *lazy), 0, at, next),
            },
            Node::Once(node) => {
                let mut end = None;
                let found = self.run(node, at, &mut |_, to| {
                    end = Some(to);
                    Ok(true)
                })?;
                Ok(found && next(self, end.unwrap_or(at))?)
            }
        }
    }

    fn is_at(&self, edge: Edge, at: usize) -> bool {
        let is_word = |c: Option<char>| c.is_some_and(|c| is_in('w', c));
        match edge {
            Edge::Start => at == 0,
            Edge::End => at == self.text.len(),
            Edge::LineStart => self.before(at).is_none_or(|c| c == '\n'),
            Edge::LineEnd => self.after(at).is_none_or(|c| c == '\n'),
            Edge::Word(there) => (is_word(self.before(at)) != is_word(self.after(at))) == there,
        }
    }

    fn all(&mut self, all: &[Node], at: usize, next: Next<'_, 't>) -> Result<bool, String> {
        match all {
            [] => next(self, at),
            [one] => self.run(one, at, next),
            [first, rest @ ..] => {
                self.run(first, at, &mut |matcher, to| matcher.all(rest, to, next))
            }
        }
    }

    fn look(&mut self, behind: Option<usize>, node: &Node, at: usize) -> Result<bool, String> {
        let mut start = at;
        for _ in 0..behind.unwrap_or(0) {
            match self.before(start) {
                Some(c) => start -= c.len_utf8(),
                None => return Ok(false),
            }
        }
        self.run(node, start, &mut |_, to| Ok(behind.is_none() || to == at))
    }

    /// Single characters take no stack.
    fn run_of(
        &mut self,
        set: &Set,
        (least, most, lazy): (usize, usize, bool),
        at: usize,
        next: Next<'_, 't>,
    ) -> Result<bool, String> {
        let (mut end, mut count) = (at, 0);
        while count < most && !(lazy && count >= least && next(self, end)?) {
            self.step()?;
            match self.after(end).filter(|c| set.has(*c)) {
                Some(c) => (end, count) = (end + c.len_utf8(), count + 1),
                None if lazy => return Ok(false),
                None => break,
            }
        }
        if lazy {
            // It ended because the rest matches, or there may be no more.
            return Ok(count < most || next(self, end)?);
        }
        while count >= least {
            if next(self, end)? {
                return Ok(true);
            }
            match self.before(end).filter(|_| count > 0) {
                Some(c) => (end, count) = (end - c.len_utf8(), count - 1),
                None => break,
            }
        }
        Ok(false)
    }

    fn repeat(
        &mut self,
        node: &Node,
        limits: (usize, usize, bool),
        count: usize,
        at: usize,
        next: Next<'_, 't>,
    ) -> Result<bool, String> {
        let (least, most, lazy) = limits;
        if lazy && count >= least && next(self, at)? {
            return Ok(true);
        }
        if count < most {
            if self.depth >= DEPTH {
                return Err("repeats a group too often on this text".to_owned());
            }
            self.depth += 1;
            let more = self.run(node, at, &mut |matcher, to| {
                // What matches nothing matches it once.
                Ok((to > at || count < least)
                    && matcher.repeat(node, limits, count + 1, to, next)?)
            })?;
            self.depth -= 1;
            if more {
                return Ok(true);
            }
        }
        Ok(!lazy && count >= least && next(self, at)?)
    }
}
