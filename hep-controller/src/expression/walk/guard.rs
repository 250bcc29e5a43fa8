//! What a condition says about which names are defined.

use super::{Path, path};
use minijinja::machinery::ast;

/// What is certainly defined.
#[derive(Debug, Default)]
pub(super) struct Assured {
    /// Where the condition holds.
    pub(super) held: Vec<Path>,
    /// Where it does not.
    pub(super) failed: Vec<Path>,
}

/// What a condition says.
pub(super) fn assured(condition: &ast::Expr<'_>) -> Assured {
    match condition {
        ast::Expr::Test(test) => {
            let Some((var, fields)) = path(&test.expr) else { return Assured::default() };
            let names = std::iter::once(var.id.to_owned());
            let path = names.chain(fields.into_iter().map(|field| field.name)).collect();
            match test.name {
                "defined" => Assured { held: vec![path], failed: Vec::new() },
                "undefined" => Assured { held: Vec::new(), failed: vec![path] },
                // Any other test fails on what is undefined: whoever gets past it knows.
                _ => Assured::default(),
            }
        }
        ast::Expr::UnaryOp(operation) if matches!(operation.op, ast::UnaryOpKind::Not) => {
            let Assured { held, failed } = assured(&operation.expr);
            Assured { held: failed, failed: held }
        }
        ast::Expr::BinOp(operation) => {
            let both = || {
                let (mut left, right) = (assured(&operation.left), assured(&operation.right));
                left.held.extend(right.held);
                left.failed.extend(right.failed);
                left
            };
            match operation.op {
                ast::BinOpKind::ScAnd => Assured { failed: Vec::new(), ..both() },
                ast::BinOpKind::ScOr => Assured { held: Vec::new(), ..both() },
                ast::BinOpKind::Eq
                | ast::BinOpKind::Ne
                | ast::BinOpKind::Lt
                | ast::BinOpKind::Lte
                | ast::BinOpKind::Gt
                | ast::BinOpKind::Gte
                | ast::BinOpKind::Add
                | ast::BinOpKind::Sub
                | ast::BinOpKind::Mul
                | ast::BinOpKind::Div
                | ast::BinOpKind::FloorDiv
                | ast::BinOpKind::Rem
                | ast::BinOpKind::Pow
                | ast::BinOpKind::Concat
                | ast::BinOpKind::In => Assured::default(),
            }
        }
        ast::Expr::Var(_)
        | ast::Expr::Const(_)
        | ast::Expr::Slice(_)
        | ast::Expr::UnaryOp(_)
        | ast::Expr::Compare(_)
        | ast::Expr::IfExpr(_)
        | ast::Expr::Filter(_)
        | ast::Expr::GetAttr(_)
        | ast::Expr::GetItem(_)
        | ast::Expr::Call(_)
        | ast::Expr::List(_)
        | ast::Expr::Tuple(_)
        | ast::Expr::Map(_) => Assured::default(),
    }
}
