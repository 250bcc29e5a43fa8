//! What reading dpkg's database and comparing files costs: `cargo bench -p hep-agent`.

#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark may panic, and criterion's macros write functions"
)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hep_agent::bench;
use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;

/// As many as a server with a desktop has.
const PACKAGES: usize = 3000;

fn status(criterion: &mut Criterion) {
    let mut text = String::new();
    for number in 0..PACKAGES {
        write!(
            text,
            "Package: package-{number}\nStatus: install ok installed\nPriority: optional\nSection: libs\nInstalled-Size: {number}\n\
             Maintainer: Somebody <somebody@example.org>\nArchitecture: amd64\nMulti-Arch: same\nVersion: 1:{number}.2-3+deb12u1\n\
             Depends: libc6 (>= 2.36), libgcc-s1 (>= 3.0), package-{} (= 1.0)\nProvides: virtual-{number} (= 2)\n\
             Description: a package of the benchmark\n It has a long description, of which nothing is needed,\n \
             and which goes on for some lines.\nHomepage: https://example.org/\n\n",
            number / 2
        )
        .unwrap();
    }
    let mut group = criterion.benchmark_group("dpkg status");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("3,000 packages", |bencher| {
        bencher.iter(|| {
            assert_eq!(bench::packages(black_box(text.as_bytes())).unwrap(), PACKAGES);
        });
    });
    group.finish();
}

fn compare(criterion: &mut Criterion) {
    let directory = tempfile::tempdir().unwrap();
    let mut group = criterion.benchmark_group("compare");
    group.sample_size(20);
    for (name, count, size) in
        [("1,000 files of 4 KiB", 1000, 4096), ("a file of 64 MiB", 1, 64 << 20)]
    {
        let files: Vec<_> = (0..count)
            .map(|number: usize| {
                let path = directory.path().join(format!("{size}-{number}"));
                let content = vec![number.to_le_bytes()[0]; size];
                fs::write(&path, &content).unwrap();
                (path, content)
            })
            .collect();
        let files = bench::Files::new(&files).unwrap();
        group.throughput(Throughput::Bytes((count * size) as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| assert_eq!(files.equal().unwrap(), count));
        });
    }
    group.finish();
}

criterion_group!(benches, status, compare);
criterion_main!(benches);
