//! What ten thousand conditions cost: `cargo run --release -p hep-protocol --example expression_cost`.
#![expect(clippy::print_stdout, reason = "it is run to be read")]

use hep_protocol::expression::{Found, Language, Ready, Scope};
use serde_json::{Value as Json, json};
use std::sync::Arc;
use std::time::Instant;

const ROUNDS: u32 = 10_000;

#[derive(Debug)]
struct Names {
    os: Ready,
}

impl Scope for Names {
    fn get(&self, name: &str) -> Option<Found> {
        match name {
            "os" => Some(Found::Ready(self.os.clone())),
            "raw" => Some(Found::Plain(json!({"family": "debian", "version": "12"}))),
            "n" => Some(Found::Plain(Json::from(4))),
            "limit" => Some(Found::Raw(json!("{{ n + 3 }}"))),
            _ => None,
        }
    }

    fn names(&self) -> Vec<String> {
        ["os", "raw", "n", "limit"].map(str::to_owned).to_vec()
    }
}

fn main() {
    let language = Language::new();
    let os = json!({"family": "debian", "version": "12", "id": "debian", "codename": "bookworm"});
    let scope: Arc<dyn Scope> = Arc::new(Names { os: Ready::new(&os) });
    let conditions = [
        "os.family == 'debian' and n > 3",
        "raw.family == 'debian' and n > 3",
        "n < limit",
        "os.version is version('11', '>=')",
        "os.codename is match('book.*')",
    ];
    for condition in conditions {
        let start = Instant::now();
        let held = (0..ROUNDS).filter(|_| language.holds(condition, &scope) == Ok(true)).count();
        let millis = start.elapsed().as_secs_f64() * 1000.0;
        println!("{held} of {ROUNDS} hold in {millis:.1} ms: {condition}");
    }
}
