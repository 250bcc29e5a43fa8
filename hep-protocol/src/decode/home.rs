//! Paths that begin with somebody's home directory, as Ansible's dialect has them: `~/x`, `~user/x`, `$HOME/x`.

/// Says where the home of the user of this name is, of the acting user for an empty one; nothing for a user that the host
/// does not have.
pub type Homes<'h> = &'h dyn Fn(&str) -> Option<String>;

/// Homes where no host is asked: a directory that no host has, by which what comes below it can be checked.
pub const STAND_IN: Homes<'static> = &|user| Some(format!("/~{user}"));

/// Whether a text, as a path, begins with a home directory.
#[must_use]
pub fn begins_at_home(text: &str) -> bool {
    split(text).is_some()
}

/// The path with the home that it begins with; nothing where it begins with none.
///
/// # Errors
/// The host has no such user, in words.
pub fn expanded(text: &str, homes: Homes<'_>) -> Result<Option<String>, String> {
    let Some((user, below)) = split(text) else { return Ok(None) };
    match homes(user) {
        Some(home) => Ok(Some(format!("{}{below}", home.trim_end_matches('/')))),
        None if user.is_empty() => Err(format!(
            "`{text}` begins with the home directory, and the host does not say where that is"
        )),
        None => {
            Err(format!("`{text}` begins with the home of `{user}`, and there is no such user"))
        }
    }
}

/// The user, empty for the acting one, and what follows the home.
fn split(text: &str) -> Option<(&str, &str)> {
    if let Some(rest) = text.strip_prefix('~') {
        return Some(rest.split_at(rest.find('/').unwrap_or(rest.len())));
    }
    let below = text.strip_prefix("$HOME").or_else(|| text.strip_prefix("${HOME}"))?;
    (below.is_empty() || below.starts_with('/')).then_some(("", below))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_may_begin_with_a_home() {
        let homes: Homes<'_> = &|user| match user {
            "" => Some("/home/me".to_owned()),
            "root" => Some("/root/".to_owned()),
            _ => None,
        };
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(expanded(text, homes), Ok(expected.map(str::to_owned)), "{text}");
            assert_eq!(begins_at_home(text), expected.is_some(), "{text}");
        };
        check("~", Some("/home/me"));
        check("~/.ssh/config", Some("/home/me/.ssh/config"));
        check("~root/x/", Some("/root/x/"));
        check("$HOME/x", Some("/home/me/x"));
        check("${HOME}", Some("/home/me"));
        for text in ["/a/~", "$HOMES/x", "a~b", "", "/home/me"] {
            check(text, None);
        }
        let nobody = "`~nobody/x` begins with the home of `nobody`, and there is no such user";
        assert_eq!(expanded("~nobody/x", homes), Err(nobody.to_owned()));
        let unsaid =
            "`~/x` begins with the home directory, and the host does not say where that is";
        assert_eq!(expanded("~/x", &|_| None), Err(unsaid.to_owned()));
    }
}
