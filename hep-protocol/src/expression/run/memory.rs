//! Compiled expressions, kept: a condition in a loop is compiled once.

use super::super::engine::engine;
use super::lock;
use minijinja::{Error, Expression};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};

/// How many compiled expressions are kept.
const MAX_KEPT: usize = 4096;

/// Compiled expressions, by their text.
#[derive(Default)]
pub(in super::super) struct Memory {
    compiled: Mutex<HashMap<String, Arc<Compiled>>>,
}

type Compiled = Expression<'static, 'static>;

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Memory({} expressions)", lock(&self.compiled).len())
    }
}

impl Memory {
    pub(super) fn expression(&self, text: &str) -> Result<Arc<Compiled>, Error> {
        let known = lock(&self.compiled).get(text).cloned();
        match known {
            Some(expression) => Ok(expression),
            None => {
                let expression = engine().compile_expression_owned(text.to_owned())?;
                let expression = Arc::new(expression);
                let mut compiled = lock(&self.compiled);
                if compiled.len() >= MAX_KEPT {
                    compiled.clear();
                }
                compiled.insert(text.to_owned(), Arc::clone(&expression));
                Ok(expression)
            }
        }
    }
}
