//! Templates: their files' texts, read once and kept, and what they give.

use super::{Names, Unrendered};
use crate::outside::Outside;
use crate::sys::SysError;
use hep_protocol::blob::{Digest, Source, SourceFile, Want};
use hep_protocol::dialect::Dialect;
use hep_protocol::expression::{Part, Template, has_parts};
use hep_protocol::plan::Task;
use hep_protocol::value::PermissionBits;
use std::collections::HashMap;
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

/// How large a template may be, in bytes.
const LARGEST: u64 = 8 * 1024 * 1024;

/// What is kept of templates for loops and later tries, in bytes.
const KEPT: usize = 16 * 1024 * 1024;

/// Texts of templates that were read, so that a loop asks the controller once.
#[derive(Default)]
pub(super) struct Templates(Mutex<HashMap<Digest, Arc<str>>>);

impl Templates {
    fn text(&self, file: &SourceFile, outside: &dyn Outside) -> Result<Arc<str>, String> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = kept.get(&file.digest) {
            return Ok(Arc::clone(text));
        }
        let text: Arc<str> = read(file, outside)?.into();
        let size: usize = kept.values().map(|text| text.len()).sum();
        if size.saturating_add(text.len()) <= KEPT {
            kept.insert(file.digest, Arc::clone(&text));
        }
        Ok(text)
    }
}

fn read(file: &SourceFile, outside: &dyn Outside) -> Result<String, String> {
    if file.size > LARGEST {
        let most = LARGEST >> 20;
        return Err(format!("it has {} bytes, and {most} MiB are allowed", file.size));
    }
    let mut bytes = Vec::new();
    outside
        .open(Want { digest: file.digest, from: 0 })
        .and_then(|reader| reader.take(LARGEST.saturating_add(1)).read_to_end(&mut bytes))
        .map_err(|error| error.to_string())?;
    if Digest::of(&bytes) != file.digest {
        return Err("what came is not what was promised".to_owned());
    }
    String::from_utf8(bytes).map_err(|_| "it is not text: it is not UTF-8".to_owned())
}

impl Names {
    /// The text that a template gives.
    pub(super) fn template(
        &self,
        written: &str,
        rules: &str,
        task: &Task,
        outside: &dyn Outside,
    ) -> Result<String, Unrendered> {
        let unreadable =
            |why: &str| SysError::new(format!("cannot read template `{written}`: {why}"));
        let text = match task.source(written) {
            Some(Source::File(file)) => self.base.templates.text(file, outside),
            Some(Source::Tree { .. }) => {
                let error = unreadable("it is a directory");
                return Err(Unrendered::Wrong(error.hint("name one file as `template`")));
            }
            None => {
                let error = unreadable("hep did not send it along");
                let hint = "name the file so that it is known before the run";
                return Err(Unrendered::Wrong(error.hint(hint)));
            }
        };
        let text = text.map_err(|why| Unrendered::Wrong(unreadable(&why)))?;
        let parts = match self.language.dialect() {
            Dialect::Ansible if has_parts(&text) => self.parts(written, task, outside),
            Dialect::Ansible | Dialect::Hep => Ok(Vec::new()),
        };
        let parts = parts.map_err(|why| Unrendered::Wrong(unreadable(&why)))?;
        let template = Template { name: written, text: &text, rules, parts: &parts };
        Ok(self.language.template_of(&template, &self.scope)?)
    }

    /// The mode of a template's file.
    pub(super) fn template_mode(&self, written: &str, task: &Task) -> PermissionBits {
        match task.source(written) {
            Some(Source::File(file)) => file.mode,
            Some(Source::Tree { .. }) | None => PermissionBits(0o644),
        }
    }

    /// The other templates that came with a task.
    fn parts(
        &self,
        written: &str,
        task: &Task,
        outside: &dyn Outside,
    ) -> Result<Vec<Part>, String> {
        let mut parts = Vec::new();
        for named in task.sources.iter().filter(|named| named.written != written) {
            if let Source::File(file) = &named.source {
                let text = self.base.templates.text(file, outside);
                let text = text.map_err(|why| format!("its part `{}`: {why}", named.written))?;
                parts.push(Part { name: named.written.clone(), text });
            }
        }
        Ok(parts)
    }
}
