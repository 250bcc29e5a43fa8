//! The statements of templates, and the names they make.

use super::{Mode, Walk, guard};
use minijinja::machinery::ast;
use std::collections::HashSet;

impl<'t> Walk<'t> {
    pub(in crate::expression) fn statement(&mut self, statement: &ast::Stmt<'t>) {
        match statement {
            ast::Stmt::Template(template) => self.body(&template.children),
            ast::Stmt::EmitRaw(_) => {}
            ast::Stmt::EmitExpr(emit) => self.expression(&emit.expr, Mode::Used),
            ast::Stmt::ForLoop(repeat) => self.repeat(repeat),
            ast::Stmt::IfCond(choice) => {
                self.expression(&choice.expr, Mode::Used);
                let guard::Assured { held, failed } = guard::assured(&choice.expr);
                self.guarded(held, |walk| walk.body(&choice.true_body));
                self.guarded(failed, |walk| walk.body(&choice.false_body));
            }
            ast::Stmt::WithBlock(block) => self.scoped(|walk| {
                for (target, value) in &block.assignments {
                    walk.expression(value, Mode::Used);
                    walk.assign(target);
                }
                walk.body(&block.body);
            }),
            ast::Stmt::Set(set) => {
                self.expression(&set.expr, Mode::Used);
                self.assign(&set.target);
            }
            ast::Stmt::SetBlock(set) => {
                self.scoped(|walk| walk.body(&set.body));
                if let Some(filter) = &set.filter {
                    self.expression(filter, Mode::Used);
                }
                self.assign(&set.target);
            }
            ast::Stmt::AutoEscape(block) => {
                self.expression(&block.enabled, Mode::Used);
                self.body(&block.body);
            }
            ast::Stmt::FilterBlock(block) => {
                self.scoped(|walk| walk.body(&block.body));
                self.expression(&block.filter, Mode::Used);
            }
            ast::Stmt::Macro(made) => {
                // A macro may call itself.
                self.know(made.name);
                self.macro_body(made);
            }
            ast::Stmt::CallBlock(block) => {
                self.call(&block.call);
                self.macro_body(&block.macro_decl);
            }
            ast::Stmt::Do(action) => self.call(&action.call),
            ast::Stmt::Block(block) => self.scoped(|walk| walk.body(&block.body)),
            ast::Stmt::Extends(base) => self.part(&base.name),
            ast::Stmt::Include(part) => self.part(&part.name),
            ast::Stmt::Import(part) => {
                self.part(&part.expr);
                self.assign(&part.name);
            }
            ast::Stmt::FromImport(part) => {
                self.part(&part.expr);
                for (name, own) in &part.names {
                    self.assign(own.as_ref().unwrap_or(name));
                }
            }
        }
    }

    /// Another template, by its name or the first that is there of several.
    fn part(&mut self, named: &ast::Expr<'t>) {
        let items = match named {
            ast::Expr::List(list) => list.items.as_slice(),
            ast::Expr::Tuple(tuple) => tuple.items.as_slice(),
            other => std::slice::from_ref(other),
        };
        for item in items {
            if let ast::Expr::Const(constant) = item
                && let Some(name) = constant.value.as_str()
            {
                self.reading.parts.push(name.to_owned());
            }
        }
        self.expression(named, Mode::Used);
    }

    fn body(&mut self, statements: &[ast::Stmt<'t>]) {
        statements.iter().for_each(|statement| self.statement(statement));
    }

    fn repeat(&mut self, repeat: &ast::ForLoop<'t>) {
        self.expression(&repeat.iter, Mode::Used);
        self.scoped(|walk| {
            walk.know("loop");
            walk.assign(&repeat.target);
            let mut known = Vec::new();
            if let Some(filter) = &repeat.filter_expr {
                walk.expression(filter, Mode::Used);
                known = guard::assured(filter).held;
            }
            walk.guarded(known, |walk| walk.body(&repeat.body));
        });
        self.scoped(|walk| walk.body(&repeat.else_body));
    }

    fn macro_body(&mut self, made: &ast::Macro<'t>) {
        made.defaults.iter().for_each(|value| self.expression(value, Mode::Used));
        self.scoped(|walk| {
            ["caller", "varargs", "kwargs"].into_iter().for_each(|name| walk.know(name));
            made.args.iter().for_each(|target| walk.assign(target));
            walk.body(&made.body);
        });
    }

    fn scoped(&mut self, walk: impl FnOnce(&mut Self)) {
        self.locals.push(HashSet::new());
        walk(self);
        self.locals.pop();
    }

    fn know(&mut self, name: &'t str) {
        if let Some(names) = self.locals.last_mut() {
            names.insert(name);
        }
    }

    /// The names on the left of a `=`; `ns.x` makes none.
    fn assign(&mut self, target: &ast::Expr<'t>) {
        match target {
            ast::Expr::Var(var) => self.know(var.id),
            ast::Expr::List(list) => list.items.iter().for_each(|item| self.assign(item)),
            ast::Expr::Tuple(tuple) => tuple.items.iter().for_each(|item| self.assign(item)),
            ast::Expr::GetAttr(_) => self.expression(target, Mode::Used),
            ast::Expr::Const(_)
            | ast::Expr::Slice(_)
            | ast::Expr::UnaryOp(_)
            | ast::Expr::BinOp(_)
            | ast::Expr::Compare(_)
            | ast::Expr::IfExpr(_)
            | ast::Expr::Filter(_)
            | ast::Expr::Test(_)
            | ast::Expr::GetItem(_)
            | ast::Expr::Call(_)
            | ast::Expr::Map(_) => {}
        }
    }
}
