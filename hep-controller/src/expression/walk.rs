//! The names in a parsed text, and the filters, tests, functions and methods in it that do not exist.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "of the engine's tree only some parts matter to each rule"
)]

use super::{Field, Form, Hunch, Name, Path, Problem, Reading, lexicon, method, misread};
use minijinja::machinery::{Span, ast};
use minijinja::value::ValueKind;
use std::collections::HashSet;
use std::ops::Range;

mod guard;
mod statement;

/// A walk through a text's tree; recursive, so `words.rs` bounds how deep a tree may be.
pub(super) struct Walk<'t> {
    text: &'t str,
    form: Form,
    /// Names that the text makes itself, by the block they are known in.
    locals: Vec<HashSet<&'t str>>,
    /// What was tested to be defined on the way here.
    guards: Vec<Path>,
    pub(super) reading: Reading,
}

/// Whether what is read may be undefined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Used,
    /// A default stands in for it.
    Guarded,
    /// It is asked whether it is defined.
    Tested,
    /// Used, where a comparison has a text.
    Compared,
}

/// Looks a name up.
type Check = fn(&str, Range<usize>) -> Option<Problem>;

impl<'t> Walk<'t> {
    pub(super) fn new(text: &'t str, form: Form) -> Walk<'t> {
        let (locals, guards) = (vec![HashSet::new()], Vec::new());
        Walk { text, form, locals, guards, reading: Reading::default() }
    }

    /// A whole bare expression.
    pub(super) fn condition(&mut self, expression: &ast::Expr<'t>) {
        self.reading.assured = guard::assured(expression).held;
        self.expression(expression, Mode::Used);
    }

    fn problem(&mut self, problem: Problem) {
        self.reading.problems.push(problem);
    }

    fn is_local(&self, name: &str) -> bool {
        self.locals.iter().any(|names| names.contains(name))
    }

    /// Goes on with some names known to be defined.
    fn guarded(&mut self, paths: Vec<Path>, walk: impl FnOnce(&mut Self)) {
        let before = self.guards.len();
        self.guards.extend(paths);
        walk(self);
        self.guards.truncate(before);
    }

    fn expression(&mut self, expression: &ast::Expr<'t>, mode: Mode) {
        match expression {
            ast::Expr::Var(_) | ast::Expr::GetAttr(_) | ast::Expr::GetItem(_) => {
                self.access(expression, mode);
            }
            ast::Expr::Const(constant) => {
                if let Some(value) = constant.value.as_str() {
                    let found =
                        misread::nested(self.text, self.form, range(constant.span()), value);
                    self.reading.problems.extend(found);
                }
            }
            ast::Expr::Slice(slice) => {
                self.expression(&slice.expr, used(mode));
                for part in [&slice.start, &slice.stop, &slice.step].into_iter().flatten() {
                    self.expression(part, Mode::Used);
                }
            }
            ast::Expr::UnaryOp(operation) => self.expression(&operation.expr, Mode::Used),
            ast::Expr::BinOp(operation) => self.operation(operation),
            ast::Expr::Compare(compare) => {
                self.expression(&compare.expr, Mode::Used);
                compare.ops.iter().for_each(|op| self.expression(&op.expr, Mode::Used));
            }
            ast::Expr::IfExpr(choice) => {
                self.expression(&choice.test_expr, Mode::Used);
                let guard::Assured { held, failed } = guard::assured(&choice.test_expr);
                self.guarded(held, |walk| walk.expression(&choice.true_expr, mode));
                if let Some(other) = &choice.false_expr {
                    self.guarded(failed, |walk| walk.expression(other, mode));
                }
            }
            ast::Expr::Filter(filter) => self.filter(filter),
            ast::Expr::Test(test) => self.test(test),
            ast::Expr::Call(call) => self.call(call),
            ast::Expr::List(list) => self.all(&list.items),
            ast::Expr::Tuple(tuple) => self.all(&tuple.items),
            ast::Expr::Map(map) => {
                self.all(&map.keys);
                self.all(&map.values);
            }
        }
    }

    fn all(&mut self, expressions: &[ast::Expr<'t>]) {
        expressions.iter().for_each(|expression| self.expression(expression, Mode::Used));
    }

    fn arguments(&mut self, arguments: &[ast::CallArg<'t>]) {
        for argument in arguments {
            match argument {
                ast::CallArg::Pos(value)
                | ast::CallArg::Kwarg(_, value)
                | ast::CallArg::PosSplat(value)
                | ast::CallArg::KwargSplat(value) => self.expression(value, Mode::Used),
            }
        }
    }

    fn operation(&mut self, operation: &ast::BinOp<'t>) {
        let (left, right) = (&operation.left, &operation.right);
        match operation.op {
            ast::BinOpKind::ScAnd | ast::BinOpKind::ScOr => {
                self.expression(left, Mode::Used);
                let guard::Assured { held, failed } = guard::assured(left);
                let and = matches!(operation.op, ast::BinOpKind::ScAnd);
                let known = if and { held } else { failed };
                self.guarded(known, |walk| walk.expression(right, Mode::Used));
                if self.form == Form::Bare {
                    self.always_true(operation);
                }
            }
            ast::BinOpKind::Eq | ast::BinOpKind::Ne => {
                self.expression(left, Mode::Used);
                self.expression(right, Mode::Compared);
            }
            ast::BinOpKind::In => {
                self.expression(left, Mode::Compared);
                self.expression(right, Mode::Used);
            }
            ast::BinOpKind::Sub => self.subtraction(left, right),
            ast::BinOpKind::Lt
            | ast::BinOpKind::Lte
            | ast::BinOpKind::Gt
            | ast::BinOpKind::Gte
            | ast::BinOpKind::Add
            | ast::BinOpKind::Mul
            | ast::BinOpKind::Div
            | ast::BinOpKind::FloorDiv
            | ast::BinOpKind::Rem
            | ast::BinOpKind::Pow
            | ast::BinOpKind::Concat => {
                self.expression(left, Mode::Used);
                self.expression(right, Mode::Used);
            }
        }
    }

    /// `my-name` reads as `my - name`.
    fn subtraction(&mut self, left: &ast::Expr<'t>, right: &ast::Expr<'t>) {
        let first = self.reading.names.len();
        self.expression(left, Mode::Used);
        self.expression(right, Mode::Used);
        let Some(whole) = dashed(left, right) else { return };
        let written = self.text.get(whole.clone()).unwrap_or_default();
        for name in self.reading.names.iter_mut().skip(first) {
            name.hunch = Hunch::Dashed(whole.clone(), written.to_owned());
        }
    }

    /// `os.id == 'debian' or 'ubuntu'`: a text alone decides nothing.
    fn always_true(&mut self, operation: &ast::BinOp<'t>) {
        let ast::Expr::Const(constant) = &operation.right else { return };
        let place = range(constant.span());
        let written = crate::yaml::shorten(self.text.get(place.clone()).unwrap_or_default());
        if constant.value.as_str().is_none_or(str::is_empty) {
            return;
        }
        let problem = Problem::new(place, format!("the text {written} alone is always true"));
        let compared = match &operation.left {
            ast::Expr::BinOp(left) if matches!(left.op, ast::BinOpKind::Eq) => {
                Some((self.slice(&left.left), self.slice(&left.right)))
            }
            _ => None,
        };
        self.problem(match compared {
            Some((Some(name), Some(first))) => {
                problem.hint(format!("write `{name} in [{first}, {written}]`"))
            }
            _ => problem.hint("compare it with something: `NAME == 'text'`"),
        });
    }

    /// A name with what is read below it.
    fn access(&mut self, expression: &ast::Expr<'t>, mode: Mode) {
        if let Some((var, fields)) = path(expression) {
            self.mention(var, fields, mode);
            return;
        }
        match expression {
            ast::Expr::GetAttr(get) => self.expression(&get.expr, used(mode)),
            ast::Expr::GetItem(get) => {
                self.expression(&get.expr, used(mode));
                self.expression(&get.subscript_expr, Mode::Used);
            }
            _ => {}
        }
    }

    fn mention(&mut self, var: &ast::Spanned<ast::Var<'t>>, mut fields: Vec<Field>, mode: Mode) {
        let nested =
            |field: &Field| misread::nested(self.text, self.form, field.range.clone(), &field.name);
        let found = fields.iter().enumerate().find_map(|(at, field)| Some((at, nested(field)?)));
        if let Some((at, problem)) = found {
            fields.truncate(at);
            self.problem(problem);
        }
        if self.is_local(var.id) {
            return;
        }
        let path: Path = std::iter::once(var.id)
            .chain(fields.iter().map(|f| &*f.name))
            .map(String::from)
            .collect();
        let known =
            self.guards.iter().any(|guard| path.starts_with(guard) || guard.starts_with(&path));
        self.reading.names.push(Name {
            name: var.id.to_owned(),
            hunch: match mode {
                Mode::Compared if fields.is_empty() => Hunch::Text,
                Mode::Compared | Mode::Used | Mode::Guarded | Mode::Tested => Hunch::Name,
            },
            fields,
            range: range(var.span()),
            guarded: known || matches!(mode, Mode::Guarded | Mode::Tested),
            tested: mode == Mode::Tested,
        });
    }

    fn filter(&mut self, filter: &ast::Spanned<ast::Filter<'t>>) {
        let place = named(filter.span(), filter.name);
        self.reading.problems.extend(lexicon::filter(filter.name, place));
        if let Some(inner) = &filter.expr {
            let stands_in = matches!(filter.name, "default" | "d");
            self.expression(inner, if stands_in { Mode::Guarded } else { Mode::Used });
        }
        self.names_in_arguments(filter.name, &filter.args);
        self.arguments(&filter.args);
    }

    /// `map('upper')` and `select('odd')` name filters and tests in their arguments.
    fn names_in_arguments(&mut self, filter: &str, arguments: &[ast::CallArg<'t>]) {
        let (position, check): (usize, Check) = match filter {
            "map" => (0, lexicon::filter),
            "select" | "reject" => (0, lexicon::test),
            "selectattr" | "rejectattr" => (1, lexicon::test),
            _ => return,
        };
        if let Some(ast::CallArg::Pos(ast::Expr::Const(constant))) = arguments.get(position)
            && let Some(name) = constant.value.as_str()
        {
            self.reading.problems.extend(check(name, range(constant.span())));
        }
    }

    fn test(&mut self, test: &ast::Spanned<ast::Test<'t>>) {
        let place = named(test.span(), test.name);
        let on = self.slice(&test.expr);
        self.reading.problems.extend(lexicon::test_of(test.name, place, on));
        let asks = matches!(test.name, "defined" | "undefined");
        self.expression(&test.expr, if asks { Mode::Tested } else { Mode::Used });
        self.arguments(&test.args);
    }

    fn call(&mut self, call: &ast::Spanned<ast::Call<'t>>) {
        match &call.expr {
            ast::Expr::Var(var) if !self.is_local(var.id) => {
                let first = call.args.first().and_then(|argument| match argument {
                    ast::CallArg::Pos(ast::Expr::Const(constant)) => constant.value.as_str(),
                    _ => None,
                });
                let found = lexicon::function(var.id, range(var.span()), first);
                self.reading.problems.extend(found);
            }
            ast::Expr::Var(_) => {}
            ast::Expr::GetAttr(get) => {
                let own = path(&get.expr).is_some_and(|(var, _)| self.is_local(var.id));
                let place = named_at_end(get.span(), get.name);
                // A loop's own and a macro's: `loop.cycle(..)`, `caller()`.
                if !own {
                    let arguments = self.arguments_text(call.span());
                    let on = self.slice(&get.expr);
                    let found = method::explain(get.name, place, on, arguments);
                    self.reading.problems.extend(found);
                }
                self.expression(&get.expr, Mode::Used);
            }
            other => self.expression(other, Mode::Used),
        }
        self.arguments(&call.args);
    }

    /// The text of a value, if it is simple: a name with what is below it, or a constant.
    fn slice(&self, expression: &ast::Expr<'t>) -> Option<&'t str> {
        let place = match (path(expression), expression) {
            (Some((var, fields)), _) => {
                let closes = matches!(expression, ast::Expr::GetItem(_));
                let end = fields.last().map_or(range(var.span()).end, |field| field.range.end);
                let end = if closes { range(expression.span()).end.max(end) } else { end };
                range(var.span()).start..end
            }
            (None, ast::Expr::Const(constant)) => range(constant.span()),
            _ => return None,
        };
        self.text.get(place).filter(|text| text.len() <= 60 && !text.contains('\n'))
    }

    /// What stands between the brackets of a call, if that is short.
    fn arguments_text(&self, call: Span) -> Option<&'t str> {
        let whole = self.text.get(..call.end_offset as usize)?.strip_suffix(')')?;
        let open = whole.rfind('(')?;
        let inside = whole.get(open.saturating_add(1)..)?;
        (inside.len() <= 60 && !inside.contains([')', '\n'])).then_some(inside.trim())
    }
}

/// A name and the constant names below it; `None` when something else is at the bottom or in between.
fn path<'e, 't>(
    expression: &'e ast::Expr<'t>,
) -> Option<(&'e ast::Spanned<ast::Var<'t>>, Vec<Field>)> {
    let (mut below, mut fields) = (expression, Vec::new());
    let var = loop {
        match below {
            ast::Expr::Var(var) => break var,
            ast::Expr::GetAttr(get) => {
                let range = named_at_end(get.span(), get.name);
                fields.push(Field { name: get.name.to_owned(), range });
                below = &get.expr;
            }
            ast::Expr::GetItem(get) => {
                let ast::Expr::Const(constant) = &get.subscript_expr else { return None };
                let name = match constant.value.kind() {
                    ValueKind::String | ValueKind::Number => constant.value.to_string(),
                    _ => return None,
                };
                fields.push(Field { name, range: range(constant.span()) });
                below = &get.expr;
            }
            _ => return None,
        }
    };
    fields.reverse();
    Some((var, fields))
}

/// The place of names that only a `-` parts.
fn dashed(left: &ast::Expr<'_>, right: &ast::Expr<'_>) -> Option<Range<usize>> {
    let ast::Expr::Var(right) = right else { return None };
    let left = match left {
        ast::Expr::BinOp(inner) if matches!(inner.op, ast::BinOpKind::Sub) => {
            dashed(&inner.left, &inner.right)?
        }
        ast::Expr::Var(left) => range(left.span()),
        _ => return None,
    };
    let right = range(right.span());
    (left.end.saturating_add(1) == right.start).then_some(left.start..right.end)
}

/// What lies above a value that may be undefined may be so too; a comparison goes no further down.
fn used(mode: Mode) -> Mode {
    if mode == Mode::Compared { Mode::Used } else { mode }
}

fn range(span: Span) -> Range<usize> {
    span.start_offset as usize..span.end_offset as usize
}

/// The name at the beginning of a span.
fn named(span: Span, name: &str) -> Range<usize> {
    let start = span.start_offset as usize;
    start..start.saturating_add(name.len())
}

/// The name at the end of a span.
fn named_at_end(span: Span, name: &str) -> Range<usize> {
    let end = span.end_offset as usize;
    end.saturating_sub(name.len())..end
}
