//! What the tests of these modules have in common: a file `/f`, and what it is afterwards.

use crate::converge::testing::tried;
use crate::sys::files::ObserveFiles as _;
use crate::sys::overlay::Overlay;
use crate::sys::overlay::empty::Empty;
use serde_json::{Value, json};

/// Checks what a module makes of a file's text, if there is one: its message and the new text, or its failure. A second run
/// changes nothing.
#[track_caller]
pub(in crate::module) fn check(module: &str, old: Option<&str>, params: Value, expected: &str) {
    let (first, second) = twice(module, old, params.clone());
    assert_eq!(first, expected, "{module}: {params}");
    let text = |told: &str| told.split_once('|').map(|(_, text)| text.to_owned());
    assert_eq!(text(&second), text(&first), "{module}: {params}, again");
}

/// The same where each run changes the text again.
#[track_caller]
pub(in crate::module) fn never_settles(
    module: &str,
    old: &str,
    params: Value,
    expected: [&str; 2],
) {
    let (first, second) = twice(module, Some(old), params.clone());
    assert_eq!([first, second], expected, "{module}: {params}");
}

fn twice(module: &str, old: Option<&str>, mut params: Value) -> (String, String) {
    let mut host = Overlay::new(Empty);
    if let Some(old) = old {
        tried("file", &json!({"dest": "/f", "content": old}), &mut host);
    }
    params["path"] = json!("/f");
    (once(module, &params, &mut host), once(module, &params, &mut host))
}

fn once(module: &str, params: &Value, host: &mut Overlay<Empty>) -> String {
    let (lines, data) = tried(module, params, host);
    if lines.starts_with("failed: ") || lines.starts_with("refused: ") {
        return lines;
    }
    let path = "/f".parse().unwrap();
    let text = match host.lstat(&path).unwrap() {
        Some(_) => String::from_utf8(host.read(&path, 1 << 20).unwrap().unwrap()).unwrap(),
        None => "none".to_owned(),
    };
    format!("{}|{text}", data["msg"].as_str().unwrap_or("no message"))
}
