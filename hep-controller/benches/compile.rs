//! What a manifest of ten thousand tasks costs until it could be sent, as a whole process: `cargo bench -p hep-controller`.

#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark may panic, and criterion's macros write functions"
)]

use criterion::{Criterion, criterion_group, criterion_main};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

const TASKS: u32 = 10_000;

fn validate(directory: &Path, manifest: &str) {
    let mut hep = Command::new(env!("CARGO_BIN_EXE_hep"));
    hep.args(["validate", manifest]).current_dir(directory).stdout(Stdio::null());
    assert!(hep.status().unwrap().success());
}

fn compile(criterion: &mut Criterion) {
    let directory = tempfile::tempdir().unwrap();
    let [mut plain, mut rendered, mut files] = [const { String::new() }; 3];
    fs::create_dir(directory.path().join("files")).unwrap();
    for number in 0..TASKS {
        let rest = format!("dest: /srv/app/{number}, owner: root, group: root, mode: 644");
        writeln!(plain, "- file: {{content: 'port = {number}', {rest}}}").unwrap();
        writeln!(rendered, "- file: {{content: 'on {{{{ os.id }}}}', {rest}}}\n  when: os.family == 'debian' and {number} > 3").unwrap();
        writeln!(files, "- file: {{src: files/{number}, {rest}}}").unwrap();
        fs::write(directory.path().join(format!("files/{number}")), number.to_string()).unwrap();
    }
    let mut group = criterion.benchmark_group("10,000 tasks");
    group.sample_size(10);
    for (name, text) in [("typed", plain), ("with expressions", rendered), ("a file each", files)] {
        let manifest = format!("{}.yml", name.replace(' ', "-"));
        fs::write(directory.path().join(&manifest), text).unwrap();
        group.bench_function(name, |bencher| {
            bencher.iter(|| validate(directory.path(), &manifest));
        });
    }
    group.finish();
}

criterion_group!(benches, compile);
criterion_main!(benches);
