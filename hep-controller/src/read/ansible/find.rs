//! Where roles are.

use super::entry::Around;
use super::role::is_qualified;
use super::{Reader, places};
use crate::ast::Spot;
use crate::diagnostic::Diagnostic;
use std::path::{Path, PathBuf};

impl Reader<'_> {
    /// The directory of a role, and its full name.
    pub(super) fn find_role(
        &self,
        asked: &Spot,
        name: &str,
        around: &Around,
    ) -> Result<(PathBuf, String), Box<Diagnostic>> {
        let is_role = |path: &PathBuf| {
            ["tasks", "handlers", "defaults", "vars", "meta", "templates", "files"]
                .iter()
                .any(|kind| path.join(kind).is_dir())
        };
        let collections = self.collections(around);
        let in_collection = |full: &str| {
            let mut parts = full.splitn(3, '.');
            let (namespace, collection, role) = (parts.next()?, parts.next()?, parts.next()?);
            let below =
                Path::new(namespace).join(collection).join("roles").join(role.replace('.', "/"));
            collections.iter().map(|base| base.join(&below)).find(|path| path.is_dir())
        };
        if is_qualified(name)
            && let Some(path) = in_collection(name)
        {
            return Ok((path, name.to_owned()));
        }
        let own = around.role.as_ref().and_then(|role| role.collection.clone());
        let named = around.inherited.collections.iter().map(|spot| spot.text.clone());
        for collection in own.into_iter().chain(named) {
            let full = format!("{collection}.{name}");
            if let Some(path) = in_collection(&full) {
                return Ok((path, full));
            }
        }
        let playbook = &self.play.directory;
        let mut bases = vec![playbook.join("roles")];
        bases.extend(self.settings.roles_path.iter().cloned());
        let beside = around.role.as_ref().and_then(|role| role.path.parent()).map(Path::to_owned);
        bases.extend(beside);
        bases.push(playbook.clone());
        let paths: Vec<PathBuf> = bases.iter().map(|base| base.join(name)).collect();
        if let Some(path) = paths
            .iter()
            .find(|path| path.is_dir() && is_role(path))
            .or_else(|| paths.iter().find(|path| path.is_dir()))
        {
            let last = path
                .file_name()
                .map_or_else(|| name.to_owned(), |last| last.to_string_lossy().into_owned());
            let full = if name.contains('/') { last } else { name.to_owned() };
            return Ok((path.clone(), full));
        }
        Err(self.no_role(asked, name, &bases).into())
    }

    fn no_role(&self, asked: &Spot, name: &str, bases: &[PathBuf]) -> Diagnostic {
        let near = bases.iter().find_map(|base| super::include::near_file(&base.join(name)));
        let hint = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None if is_qualified(name) => {
                let collection = name.rsplit_once('.').map_or(name, |(collection, _)| collection);
                format!("install its collection: `ansible-galaxy collection install {collection}`")
            }
            None => format!(
                "install it: `ansible-galaxy role install {name}`, or name its directory in `roles_path`"
            ),
        };
        asked.problem(format!("there is no role `{name}`: searched {}", places(bases))).hint(hint)
    }

    /// The directories `ansible_collections`.
    fn collections(&self, _around: &Around) -> Vec<PathBuf> {
        let beside = self.play.directory.join("collections");
        let all = [beside].into_iter().chain(self.settings.collections_path.iter().cloned());
        all.flat_map(|base| [base.join("ansible_collections"), base]).collect()
    }
}
