//! Figures, by hand: `cargo test --release -p hep-agent speed -- --ignored --nocapture`.

use super::*;
use std::time::Instant;

fn figure(what: &str, tasks: &[Value]) {
    let play = json!({"tasks": tasks, "vars": {"wanted": "plan9", "n": 3}});
    let plan = plan(RunMode::Apply, &[play]);
    let host = manifest::host(&plan);
    let start = Instant::now();
    let run = Run::heard(plan, host, Ear::default());
    eprintln!("{what}: {:?}", start.elapsed());
    assert_eq!(run.end, End::Completed);
}

#[test]
#[ignore = "prints figures"]
fn ten_thousand_conditions() {
    let task = |when: &str| json!({"name": "t", "debug": {"msg": "x"}, "when": when});
    let many = |when: &str| vec![task(when); 10_000];
    figure("10,000 tasks, when a fact is something else", &many("os.family == 'plan9'"));
    figure(
        "10,000 tasks, when two conditions hold with variables",
        &many("os.family == wanted and n > 2"),
    );
    let different: Vec<Value> =
        (0..10_000).map(|n| task(&format!("cpus.count == {}", n + 10_000))).collect();
    figure("10,000 tasks, each with another condition", &different);
    let looped = with(task("item < 0"), json!({"loop": "{{ range(10000) }}"}));
    figure("a loop over 10,000 elements, none wanted", &[looped]);
    figure(
        "a loop over 100,000 elements, each said",
        &[json!({"name": "t", "debug": {"msg": "{{ item }}"}, "loop": "{{ range(100000) }}"})],
    );
}
