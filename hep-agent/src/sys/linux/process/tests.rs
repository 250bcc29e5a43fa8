//! Real programs, run to their ends.

use super::*;

fn run(argv: &[&str], timeout: Option<Duration>) -> Result<ProcessEnd, SysError> {
    let argv: Vec<String> = argv.iter().map(|&part| part.to_owned()).collect();
    Program { timeout, ..Program::new(&argv) }.run()
}

#[test]
fn daemon_that_keeps_the_output_open_holds_nobody_up() {
    let start = Instant::now();
    let end = run(&["sh", "-c", "sleep 30 & echo started"], None).unwrap();
    assert_eq!((end.exit, end.stdout.as_slice()), (Some(Exit::Code(0)), b"started\n".as_slice()));
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn streamed_daemon_holds_nobody_up_either() {
    let argv = ["sh", "-c", "sleep 30 & echo out; echo err >&2; exit 3"].map(str::to_owned);
    let mut seen = Vec::new();
    let mut sink = |stream, data: &[u8]| seen.push((stream, data.to_vec()));
    let end = Program { capture: Capture::Stream(&mut sink), ..Program::new(&argv) }.run().unwrap();
    assert_eq!((end.exit, end.stdout.as_slice()), (Some(Exit::Code(3)), b"out\n".as_slice()));
    assert_eq!(end.stderr, b"err\n");
    assert_eq!(seen.len(), 2);
}

#[test]
fn only_the_end_of_long_output_is_kept() {
    let argv = ["sh", "-c", "yes | head -c 1000000; echo end"].map(str::to_owned);
    let mut total = 0;
    let mut sink = |_, data: &[u8]| total += data.len();
    let end = Program { capture: Capture::Stream(&mut sink), ..Program::new(&argv) }.run().unwrap();
    assert_eq!((total, end.stdout.len()), (1_000_004, MAX_SHOWN));
    assert!(end.stdout.ends_with(b"end\n"));
    let lost = Lost { stdout: 1_000_004 - MAX_SHOWN as u64, stderr: 0 };
    assert_eq!(end.lost, lost);
    let sealed = run(&["sh", "-c", "yes | head -c 1000000; echo end"], None).unwrap();
    assert!(sealed.stdout.len() == MAX_SHOWN && sealed.stdout.ends_with(b"end\n"));
    assert_eq!(sealed.lost, lost);
}

#[test]
fn end_is_noticed_without_a_descriptor_too() {
    let mut child = Command::new("sleep").arg("0.1").stdin(Stdio::piped()).spawn().unwrap();
    let watch = Watch(None);
    assert!(!watch.wait(&mut child, std::iter::empty(), None).unwrap());
    while !watch.wait(&mut child, std::iter::empty(), Some(Duration::MAX)).unwrap() {}
    assert!(child.wait().unwrap().success());
}

#[test]
fn kept_output_has_a_limit_while_the_program_runs() {
    let argv = ["sh", "-c", "head -c 70000000 /dev/zero; sleep 60"];
    let error = run(&argv, Some(Duration::from_secs(40))).unwrap_err().to_string();
    assert!(error.ends_with("wrote more than 64 MiB of output and was stopped"), "{error}");
}

#[test]
fn blocked_signals_are_not_passed_on() {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGTERM);
    let child = std::thread::spawn(move || {
        signals.thread_block().unwrap();
        run(&["grep", "SigBlk", "/proc/self/status"], None).unwrap().stdout
    });
    assert_eq!(child.join().unwrap(), b"SigBlk:\t0000000000000000\n");
}

#[test]
fn signals_and_timeouts_are_told_apart() {
    assert_eq!(run(&["sh", "-c", "kill -9 $$"], None).unwrap().exit, Some(Exit::Signal(9)));
    let error = run(&["sleep", "30"], Some(Duration::from_millis(50))).unwrap_err();
    assert_eq!(error.to_string(), "`sleep 30` did not end within 0 s and was stopped");
}

#[test]
fn missing_programs_and_directories_are_named() {
    let error = run(&["hep-no-such-program"], None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot run `hep-no-such-program`: there is no such program on the host"
    );
}

#[test]
fn input_is_given_and_environment_is_clean() {
    let argv = ["sh", "-c", "cat; env | cut -d= -f1 | sort | tr '\\n' ' '"].map(str::to_owned);
    let end = Program { stdin: b"given ", ..Program::new(&argv) }.run().unwrap();
    assert_eq!(String::from_utf8_lossy(&end.stdout), "given HOME LANG PATH PWD ");
}
