//! What a push puts onto a host: `DIRECTORY/.hep-<16 hex digits>/hep-agent`. The controller makes these names, and the agent
//! knows by them that it may remove its own file.

/// The name of the agent's file.
pub const AGENT: &str = "hep-agent";

/// What the names of the directories begin with; the launcher's script has it, too.
const PREFIX: &str = ".hep-";

/// How many hex digits follow.
pub const DIGITS: usize = 16;

/// The name of the directory that has these digits.
#[must_use]
pub fn directory(digits: &str) -> String {
    format!("{PREFIX}{digits}")
}

/// Whether a push names directories so.
#[must_use]
pub fn is_directory(name: &str) -> bool {
    name.strip_prefix(PREFIX).is_some_and(|digits| {
        let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        digits.len() == DIGITS && digits.bytes().all(lower)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_are_known_by_their_names() {
        assert!(is_directory(&directory("0123456789abcdef")));
        for other in ["0123456789abcdef", ".hep-0123456789ABCDEF", ".hep-0123", ".hep-motd"] {
            assert!(!is_directory(other), "{other}");
        }
    }
}
