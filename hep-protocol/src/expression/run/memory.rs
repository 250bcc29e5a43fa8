//! Compiled expressions, kept: a condition in a loop is compiled once.

use super::super::engine::engine;
use super::super::rewrite::{Form, Rewritten, rewrite};
use super::lock;
use crate::dialect::Dialect;
use minijinja::syntax::SyntaxConfig;
use minijinja::{Error, Expression};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};

/// How many compiled expressions are kept.
const MAX_KEPT: usize = 4096;

/// Compiled expressions, by their text and what that is.
#[derive(Default)]
pub(in super::super) struct Memory {
    /// The language that they are in.
    pub(in super::super) dialect: Dialect,
    compiled: Mutex<HashMap<(Form, String), Arc<Compiled>>>,
}

/// An expression as the engine has it.
pub(in super::super) struct Compiled {
    pub(super) expression: Expression<'static, 'static>,
    /// Where its parts were written, if not where they are.
    pub(super) rewritten: Option<Rewritten>,
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Memory({} expressions)", lock(&self.compiled).len())
    }
}

impl Memory {
    /// An empty one.
    pub(in super::super) fn of(dialect: Dialect) -> Self {
        Self { dialect, compiled: Mutex::default() }
    }

    /// Compiles an expression, once.
    ///
    /// # Errors
    /// What is wrong with it, at its place in what was compiled; and what that was, if not the text itself.
    pub(super) fn expression(
        &self,
        text: &str,
        form: Form,
    ) -> Result<Arc<Compiled>, (Error, Option<Rewritten>)> {
        let known = lock(&self.compiled).get(&(form, text.to_owned())).cloned();
        match known {
            Some(expression) => Ok(expression),
            None => {
                let rewritten = rewrite(text, form, self.dialect, &SyntaxConfig::default());
                let new = rewritten.as_ref().map_or(text, |new| &new.text).to_owned();
                let expression = match engine(self.dialect).compile_expression_owned(new) {
                    Ok(expression) => Arc::new(Compiled { expression, rewritten }),
                    Err(error) => return Err((error, rewritten)),
                };
                let mut compiled = lock(&self.compiled);
                if compiled.len() >= MAX_KEPT {
                    compiled.clear();
                }
                compiled.insert((form, text.to_owned()), Arc::clone(&expression));
                Ok(expression)
            }
        }
    }
}
