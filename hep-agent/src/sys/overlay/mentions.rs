//! The paths that a command names: what it may make, change or take away. Only its real run would tell what it does, and
//! taking all there is for uncertain would leave check mode with nothing to say.
//!
//! A path counts as named if the command names it or a directory above it, also by a pattern of the shell, or by a variable
//! before a slash. What is only read is named too: nobody can tell.

use crate::glob;
use hep_protocol::action::programs::Invocation;
use hep_protocol::value::AbsPath;

/// What a command names: patterns of whole paths, in which `*` stands for slashes too.
#[derive(Debug, Default)]
pub(super) struct Mentions(Vec<String>);

impl Mentions {
    /// The paths in the words of a command, what its task says of it, and the directory that it is to work in.
    pub(super) fn of(invocation: &Invocation) -> Self {
        let parts = invocation.argv.parts();
        // The program itself is not what it changes; a shell's script is its third part.
        let script = invocation.script.as_ref().map(|script| script.around.1.as_str());
        let texts = parts.iter().skip(1).map(String::as_str).chain(script);
        let mut mentions = Self::in_texts(texts);
        if invocation.chdir != AbsPath::root() {
            mentions.0.push(invocation.chdir.to_string());
        }
        mentions.0.extend(invocation.paths.iter().map(AbsPath::to_string));
        mentions
    }

    /// The paths in a text.
    pub(super) fn in_text(text: &str) -> Self {
        Self::in_texts([text].into_iter())
    }

    fn in_texts<'t>(texts: impl Iterator<Item = &'t str>) -> Self {
        let mut paths: Vec<String> = texts.flat_map(words).flat_map(|word| paths(&word)).collect();
        paths.sort_unstable();
        paths.dedup();
        Self(paths)
    }

    /// Whether the path, or a directory above it, is named.
    pub(super) fn has(&self, path: &AbsPath) -> bool {
        let up = |path: &AbsPath| path.parent().filter(|above| *above != AbsPath::root());
        std::iter::successors(Some(path.clone()), up)
            .any(|path| self.0.iter().any(|pattern| glob::matches(pattern, path.as_str())))
    }

    /// Whether that, or something below it, is named.
    pub(super) fn reaches_below(&self, path: &AbsPath) -> bool {
        let below = |pattern: &String| {
            let fixed = pattern.split(['*', '?', '[']).next().unwrap_or_default();
            fixed.strip_prefix(path.as_str()).is_some_and(|rest| rest.starts_with('/'))
        };
        self.has(path) || self.0.iter().any(below)
    }
}

/// The words of a text as a shell would part them, without their quotes.
fn words(text: &str) -> Vec<String> {
    let ends = |c: char| c.is_whitespace() || "\"'`;&|<>()".contains(c);
    text.split(ends).filter(|word| !word.is_empty()).map(with_unknowns).collect()
}

/// A word in which a variable, or somebody's home, may stand for anything.
fn with_unknowns(word: &str) -> String {
    let mut parts = word.split('$');
    let mut known = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = match part.strip_prefix('{') {
            Some(inner) => inner.split_once('}').map_or("", |(_, rest)| rest),
            None => part.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_'),
        };
        known.push('*');
        known.push_str(rest);
    }
    match known.strip_prefix('~') {
        Some(home) => format!("*{}", home.trim_start_matches(|c| c != '/')),
        None => known,
    }
}

/// The paths in a word: `--output=/srv/a`, `of=/srv/a`, `/srv/{a,b}`, `-C/srv`.
fn paths(word: &str) -> Vec<String> {
    let parts = word.split(['=', ',', ':', '{', '}']);
    let path = |part: &str| {
        let part = if part.starts_with('-') { part.get(part.find('/')?..)? } else { part };
        let part = part.trim_start_matches("./");
        let path = match part.chars().next()? {
            '/' | '*' => part.to_owned(),
            _ => format!("*/{part}"),
        };
        let whole: Vec<&str> = path.split('/').filter(|name| !matches!(*name, "" | ".")).collect();
        let path =
            if path.starts_with('/') { format!("/{}", whole.join("/")) } else { whole.join("/") };
        // A name alone may be anything, and the root is above everything.
        let tells = part.contains('/') && path.chars().any(|c| !matches!(c, '/' | '*'));
        tells.then_some(path)
    };
    parts.filter_map(path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> AbsPath {
        text.parse().unwrap()
    }

    #[track_caller]
    fn check(command: &str, named: &[&str], others: &[&str]) {
        let mentions = Mentions::in_text(command);
        for text in named {
            assert!(mentions.has(&path(text)), "{command}: {text} in {mentions:?}");
        }
        for text in others {
            assert!(!mentions.has(&path(text)), "{command}: {text} not in {mentions:?}");
        }
    }

    #[test]
    fn paths_and_what_is_below_them_are_named() {
        check("rm -rf /srv/app", &["/srv/app", "/srv/app/a/b"], &["/srv", "/srv/application"]);
        check("rm '/srv/app';ls", &["/srv/app"], &["/srv/b"]);
        check("cd /srv && rm x", &["/srv/x"], &["/etc/x"]);
        check(
            "curl -fsSLo/srv/a.deb --output=/srv/b.deb",
            &["/srv/a.deb", "/srv/b.deb"],
            &["/srv/c.deb"],
        );
        check("dd if=/a/b of=/c/d", &["/c/d"], &["/c"]);
        check("touch /srv/{a,b}", &["/srv/a"], &["/etc"]);
        check("x >/srv/log 2>&1", &["/srv/log"], &["/srv"]);
        check("rm /srv//app/./x/", &["/srv/app/x"], &[]);
        check("rm ./conf/x", &["/opt/conf/x"], &["/opt/conf/y"]);
    }

    #[test]
    fn patterns_and_variables_may_stand_for_anything() {
        check("rm /srv/*.lock", &["/srv/a.lock", "/srv/a/b.lock"], &["/srv/a"]);
        check("rm $DIR/conf ${D}/x", &["/etc/conf", "/a/x"], &["/etc/x.conf"]);
        check("rm ~/x ~bob/y", &["/root/x", "/home/bob/y"], &["/root/z"]);
        check("rm /srv/app-$V/x", &["/srv/app-1/x"], &["/srv/app/x"]);
    }

    #[test]
    fn names_alone_and_the_root_tell_nothing() {
        check("systemctl restart nginx", &[], &["/etc/nginx", "/restart"]);
        check("find / -name x; $X *", &[], &["/etc/x"]);
        check("true", &[], &["/"]);
    }

    #[test]
    fn what_is_below_a_path_is_told_apart() {
        let mentions = Mentions::in_text("mkdir -p /srv/a/b /opt/x-*/y");
        for (text, expected) in [
            ("/srv/a", true),
            ("/srv", true),
            ("/srv/a/b", true),
            ("/opt", true),
            ("/sr", false),
            ("/etc", false),
        ] {
            assert_eq!(mentions.reaches_below(&path(text)), expected, "{text}");
        }
    }
}
