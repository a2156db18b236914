//! What was likely meant by an unknown key or word.

use crate::schema::{LEVELS, Level};

/// A hint for an unknown key at a level, if a known key is near: at this level or another.
pub(crate) fn for_key(unknown: &str, here: &Level) -> Option<String> {
    // `hostnames` in an app is a slip, though certificates have such a key.
    let is_slip = |name: &&str| unknown.len() > 4 && strsim::osa_distance(unknown, name) == 1;
    if let Some(near) = here.names().find(is_slip) {
        return Some(format!("did you mean `{near}`?"));
    }
    if let Some(there) = LEVELS.iter().find(|level| level.has(unknown)) {
        return Some(format!("it belongs {}", there.belongs));
    }
    if let Some(near) = nearest(unknown, here.names()) {
        return Some(format!("did you mean `{near}`?"));
    }
    LEVELS.iter().find_map(|level| {
        let near = nearest(unknown, level.names())?;
        Some(format!("did you mean `{near}`? It belongs {}", level.belongs))
    })
}

/// The word nearest to what was written, if it is near enough to be a misspelling.
pub fn nearest<'w>(written: &str, words: impl Iterator<Item = &'w str> + Clone) -> Option<&'w str> {
    if written.chars().nth(64).is_some() {
        return None;
    }
    let written = snake_case(written);
    let slips = match written.chars().count() {
        0..=2 => 0,
        3..=5 => 1,
        6..=8 => 2,
        _ => 3,
    };
    let distance = |word: &&str| strsim::osa_distance(&written, word);
    let slip = words.clone().map(|word| (distance(&word), word)).filter(|(distance, _)| *distance <= slips);
    if let Some((_, word)) = slip.min_by_key(|(distance, _)| *distance) {
        return Some(word);
    }
    words.filter(|word| is_part_of(&written, word)).min_by_key(distance)
}

/// Whether a part of the word was left out: `memory` for `memory_mb`, `host` for `hostname`.
fn is_part_of(written: &str, word: &str) -> bool {
    let all_parts = written.split('_').all(|part| word.split('_').any(|known| known == part));
    (written.len() > 2 && all_parts) || (written.len() > 3 && word.starts_with(written))
}

/// `maxBodyMb` and `Max-Body-MB` as `max_body_mb`.
fn snake_case(text: &str) -> String {
    let mut out = String::new();
    let mut after_lower = false;
    for char in text.chars() {
        if char.is_ascii_uppercase() && after_lower {
            out.push('_');
        }
        after_lower = char.is_ascii_lowercase() || char.is_ascii_digit();
        out.push(if char == '-' { '_' } else { char.to_ascii_lowercase() });
    }
    out
}

#[cfg(test)]
mod tests;
