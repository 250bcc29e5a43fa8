//! The nearest name, for hints.

/// The name among `known` that a misspelt word most likely meant.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A hostile key may be megabytes long; no name of ours is.
    let short: String = word.chars().take(64).collect();
    let folded = short.to_lowercase().replace(['-', ' '], "_");
    let known: Vec<&str> = known.into_iter().collect();
    let cut_off = known.iter().copied().find(|name| word.len() > 2 && name.starts_with(&folded));
    let misspelt = known
        .into_iter()
        .map(|name| (strsim::osa_distance(&folded, &name.to_lowercase().replace('-', "_")), name))
        .filter(|(distance, name)| *distance <= allowed(word, name))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name);
    misspelt.or(cut_off)
}

/// A third of the letters may be wrong, and one in short names.
fn allowed(word: &str, name: &str) -> usize {
    let letters = word.chars().count().min(name.chars().count());
    if letters < 3 { letters / 2 } else { (letters / 3).clamp(1, 3) }
}
