//! What frames and expressions cost: `cargo bench -p hep-protocol`.

#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark may panic, and criterion's macros write functions"
)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hep_protocol::blob::Digest;
use hep_protocol::expression::{Found, Language, Ready, Scope};
use hep_protocol::frame;
use hep_protocol::message::Request;
use hep_protocol::plan::{DiffMode, Plan, RunMode, Spec, Task};
use hep_protocol::task::TaskSpec;
use serde_json::{Value as Json, json};
use std::hint::black_box;
use std::sync::Arc;

/// A thousand file tasks.
fn plan() -> Request {
    let task = |number: u32| {
        let params = json!({"file": {
            "dest": format!("/srv/app/{number}"), "content": format!("port = {number}\n"),
            "owner": "root", "group": "root", "mode": 644,
        }});
        let spec: TaskSpec = serde_json::from_value(params).unwrap();
        Task::of(format!("setting {number}"), Spec::Typed(Arc::new(spec)))
    };
    let tasks = (0..1000).map(task).collect();
    let Plan { mut plays, .. } = Plan::of_tasks(RunMode::Apply, DiffMode::Off, tasks);
    Request::Play(plays.remove(0))
}

fn frames(criterion: &mut Criterion) {
    let blob = || {
        let data = vec![7; 256 * 1024];
        Request::Blob { digest: Digest::of(&data), data, last: true }
    };
    let mut group = criterion.benchmark_group("frame");
    for (name, request) in [("plan of 1,000 tasks", plan()), ("content of 256 KiB", blob())] {
        let bytes = frame::encode(&request).unwrap();
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(format!("encode, {name}"), |bencher| {
            bencher.iter(|| frame::encode(black_box(&request)).unwrap());
        });
        group.bench_function(format!("decode, {name}"), |bencher| {
            bencher.iter(|| frame::read::<Request>(&mut black_box(bytes.as_slice())).unwrap());
        });
    }
    group.finish();
}

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

fn expressions(criterion: &mut Criterion) {
    let language = Language::new();
    let os = json!({"family": "debian", "version": "12", "id": "debian", "codename": "bookworm"});
    let scope: Arc<dyn Scope> = Arc::new(Names { os: Ready::new(&os) });
    let mut group = criterion.benchmark_group("expression");
    for condition in [
        "os.family == 'debian' and n > 3",
        "raw.family == 'debian' and n > 3",
        "n < limit",
        "os.version is version('11', '>=')",
        "os.codename is match('book.*')",
    ] {
        group.bench_function(condition, |bencher| {
            bencher.iter(|| language.holds(black_box(condition), &scope).unwrap());
        });
    }
    group.finish();
}

criterion_group!(benches, frames, expressions);
criterion_main!(benches);
