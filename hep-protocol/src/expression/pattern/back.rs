//! Patterns that look around or refer back to a group: an engine that tries one way after another and goes back. Some
//! patterns take steps without end, so these are counted. It reads what the translator writes, and nothing else.

mod parse;

use std::ops::Range;

/// How many steps one search may take.
const STEPS: usize = 10_000_000;

/// How often a group may repeat, and how deep groups may be in one another: each time takes some of the stack.
const DEPTH: usize = 200;

/// What the groups of a match are; first of all the match itself.
pub(in crate::expression) type Spans = Vec<Option<Range<usize>>>;

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
        'D' | 'S' | 'W' => !is_in(class.to_ascii_lowercase(), c),
        _ => false,
    }
}

impl Program {
    /// Reads a translated pattern.
    pub(super) fn parse(translated: &str) -> Result<Self, String> {
        parse::program(translated)
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
