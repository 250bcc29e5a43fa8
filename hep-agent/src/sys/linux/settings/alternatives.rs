//! What update-alternatives(1) keeps: a file a group, with its mode and link, the names and links that follow, and for each
//! choice its path, its priority, and what follows it.

use crate::sys::SysError;
use std::fs;
use std::io::ErrorKind;

/// A group.
struct Group {
    /// `auto` or `manual`.
    mode: String,
    link: String,
    /// Names and links that follow.
    followers: Vec<(String, String)>,
    /// Paths, priorities, and what follows.
    choices: Vec<(String, String, Vec<String>)>,
}

/// The mode of a group, its link, and what is chosen.
pub(super) fn group(name: &str) -> Result<Option<String>, SysError> {
    let Some(Group { mode, link, .. }) = read(name)? else { return Ok(None) };
    let chosen = fs::read_link(format!("/etc/alternatives/{name}"));
    let chosen = chosen.map(|path| path.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(Some(format!("{mode} {link} {chosen}")))
}

/// The priority of a choice, and what follows it.
pub(super) fn choice(name: &str, path: &str) -> Result<Option<String>, SysError> {
    let Some(Group { followers, choices, .. }) = read(name)? else { return Ok(None) };
    let choice = choices.into_iter().find(|(known, ..)| known == path);
    Ok(choice.map(|(_, priority, paths)| {
        let named = followers.iter().zip(paths).filter(|(_, path)| !path.is_empty());
        let mut words: Vec<String> =
            named.map(|((name, link), path)| format!("{name}={link}={path}")).collect();
        words.sort_unstable();
        words.insert(0, priority);
        words.join(" ")
    }))
}

fn read(name: &str) -> Result<Option<Group>, SysError> {
    let path = format!("/var/lib/dpkg/alternatives/{name}");
    match fs::read_to_string(&path) {
        Ok(text) => parsed(&text).map(Some).ok_or_else(|| {
            SysError::new(format!("{path} is not as update-alternatives writes it"))
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(SysError::io(format!("cannot read {path}"), error)),
    }
}

fn parsed(text: &str) -> Option<Group> {
    let mut lines = text.lines().map(str::to_owned);
    let (mode, link) = (lines.next()?, lines.next()?);
    let mut followers = Vec::new();
    while let Some(name) = lines.next().filter(|name| !name.is_empty()) {
        followers.push((name, lines.next()?));
    }
    let mut choices = Vec::new();
    while let Some(path) = lines.next().filter(|path| !path.is_empty()) {
        let priority = lines.next()?;
        let paths = followers.iter().map(|_| lines.next()).collect::<Option<_>>()?;
        choices.push((path, priority, paths));
    }
    Some(Group { mode, link, followers, choices })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn group_has_choices_and_what_follows_them() {
        let text = "auto\n/usr/bin/editor\neditor.1\n/man/editor.1\n\n/bin/ed\n-100\n\n/bin/vi\n30\n/man/vi.1\n\n";
        let group = parsed(text).unwrap();
        assert_eq!((group.mode.as_str(), group.link.as_str()), ("auto", "/usr/bin/editor"));
        assert_eq!(group.followers, [("editor.1".into(), "/man/editor.1".into())]);
        let choices = [
            ("/bin/ed".into(), "-100".into(), vec![String::new()]),
            ("/bin/vi".into(), "30".into(), vec!["/man/vi.1".into()]),
        ];
        assert_eq!(group.choices, choices);
        assert!(parsed("auto\n").is_none());
    }
}
