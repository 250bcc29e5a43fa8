//! The names that someone may have meant.

/// How many are worth showing.
const SHOWN: usize = 4;

/// The names nearest to a wrong one, best first: the same name in another version (`php8.2` for `php5`), then names a few
/// letters away, then longer names that hold it.
pub(crate) fn nearest<'a>(wrong: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let most = wrong.len().div_ceil(5).min(3);
    let mut found: Vec<(usize, usize, &str)> = Vec::new();
    for name in names {
        let apart = name.len().abs_diff(wrong.len());
        if words(name).eq(words(wrong)) {
            found.push((0, apart, name));
        } else if apart <= most {
            let distance = strsim::osa_distance(wrong, name);
            if distance <= most {
                found.push((distance, apart, name));
            }
        } else if wrong.len() > 3 && holds(name, wrong) {
            found.push((most + 1, apart, name));
        }
    }
    found.sort_unstable();
    // Beside the right name in another version, a few letters more or less are noise.
    if found.first().is_some_and(|(rank, ..)| *rank == 0) {
        found.retain(|(rank, ..)| *rank == 0);
    }
    found.into_iter().take(SHOWN).map(|(_, _, name)| name).collect()
}

/// The words of a name without the versions at their ends: `libapache2-mod-php8.2` is `libapache`, `mod`, `php`.
fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split('-').map(|word| word.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.'))
}

/// Whether a name is made of the other and further words: `default-mysql-server` and `mysql-server`.
fn holds(name: &str, part: &str) -> bool {
    name.match_indices(part).any(|(at, _)| {
        let (before, rest) = name.split_at(at);
        let after = rest.get(part.len()..).unwrap_or_default();
        (before.is_empty() || before.ends_with('-')) && (after.is_empty() || after.starts_with('-'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(wrong: &str, expected: &[&str]) {
        let names = [
            "apache2",
            "apache2-bin",
            "default-mysql-server",
            "hep-greeter",
            "hep-svc",
            "libapache2-mod-php",
            "libapache2-mod-php8.2",
            "mysql-server-core",
            "nginx",
            "nginx-core",
            "php",
            "php8.2",
            "php8.2-cli",
            "tree",
        ];
        assert_eq!(nearest(wrong, names.into_iter()), expected, "{wrong}");
    }

    #[test]
    fn names_that_were_meant_come_first() {
        check("php5", &["php", "php8.2"]);
        check("libapache2-mod-php5", &["libapache2-mod-php", "libapache2-mod-php8.2"]);
        check("ngnix", &["nginx"]);
        check("apache", &["apache2"]);
        check("hep-greter", &["hep-greeter"]);
        check("hep-svk", &["hep-svc"]);
        check("mysql-server", &["mysql-server-core", "default-mysql-server"]);
        check("something-else-entirely", &[]);
    }
}
