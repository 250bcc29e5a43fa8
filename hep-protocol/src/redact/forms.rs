//! The forms of a secret: the value, its lines, and what hep's filters and reports, shells and common programs make of it.

use super::SHORTEST;
use super::needle::{Kind, Needle};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Gives every form.
pub(super) fn each(secret: &str, add: &mut impl FnMut(Needle)) {
    let long = |text: &&str| text.trim().len() >= SHORTEST;
    // `b64encode` of a value that was read with its last line break, and of one without.
    let trimmed = secret.trim_end();
    let texts = std::iter::once(secret).chain(secret.lines().map(str::trim)).chain([trimmed]);
    for text in texts.filter(long) {
        plain(text, &mut |form| {
            let form = form.trim_end_matches(['\n', '\r']);
            add(Needle::new(form, Kind::Plain));
        });
        in_base64(text, &mut |form| add(Needle::new(form, Kind::Base64)));
        let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        add(Needle::new(&hex, Kind::Hex));
    }
}

/// Those that keep the letters.
fn plain(text: &str, add: &mut impl FnMut(&str)) {
    add(text);
    add(&text.chars().rev().collect::<String>());
    // Letters of ASCII are found in either case.
    add(&text.to_uppercase());
    add(&text.to_lowercase());
    let json = serde_json::Value::from(text).to_string();
    let json = json.strip_prefix('"').and_then(|json| json.strip_suffix('"')).unwrap_or(&json);
    add(json);
    add(&ascii(json));
    add(&percent(text, b"/"));
    add(&percent(text, b""));
    // As encodeURIComponent, and as forms send it.
    add(&percent(text, b"!'()*"));
    add(&percent(text, b" ").replace(' ', "+"));
    // As the shell and as YAML quote it; backslashes are passed over wherever they stand.
    add(&text.replace('\'', "'\\''"));
    add(&text.replace('\'', "'\"'\"'"));
    add(&text.replace('\'', "''"));
    // As reports escape what a terminal must not get.
    add(&text.escape_default().to_string());
}

/// JSON without any letter beyond ASCII.
fn ascii(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() {
            text.push(c);
        } else {
            let units = c.encode_utf16(&mut [0; 2]).to_vec();
            units.iter().for_each(|unit| text.push_str(&format!("\\u{unit:04x}")));
        }
    }
    text
}

/// Alone, and within something longer: before it there may be any number of bytes, which shifts its bits by one of three
/// places. Letters at the ends, which it shares with its neighbours, are left out.
fn in_base64(text: &str, add: &mut impl FnMut(&str)) {
    let mut both = |form: &str| {
        add(form);
        add(&form.replace('+', "-").replace('/', "_"));
    };
    both(&STANDARD.encode(text));
    for (before, begins) in [(0, 0), (1, 2), (2, 3)] {
        let mut bytes = vec![0; before];
        bytes.extend_from_slice(text.as_bytes());
        let ends = bytes.len() * 8 / 6;
        both(STANDARD.encode(bytes).get(begins..ends).unwrap_or_default());
    }
}

/// RFC 3986, 2.1.
fn percent(text: &str, also: &[u8]) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        let plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || also.contains(&byte);
        if plain {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}
