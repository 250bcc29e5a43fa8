//! `ChangeCommands` on the real host.

use super::Linux;
use super::process::{Capture, Program};
use crate::sys::commands::{ChangeCommands, Invocation};
use crate::sys::output::KEPT;
use crate::sys::{ProcessEnd, SysError};

impl ChangeCommands for Linux {
    fn run(&mut self, invocation: &Invocation) -> Result<Option<ProcessEnd>, SysError> {
        let Invocation { words, argv, paths: _, chdir, env, stdin, timeout } = invocation;
        let mut all = self.task.env.clone();
        all.extend(env.clone());
        let mut pass_on = |stream, data: &[u8]| self.output(stream, data);
        let program = Program {
            name: Some(words),
            argv: argv.parts(),
            env: all,
            directory: chdir.as_str(),
            stdin,
            timeout: *timeout,
            capture: Capture::Stream(&mut pass_on),
            kept: self.task.kept.0.max(KEPT),
        };
        program.run().map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outside::Outside;
    use hep_protocol::blob::Want;
    use hep_protocol::message::{Go, Reply, Stream};
    use hep_protocol::outcome::Exit;
    use hep_protocol::value::{AbsPath, Argv};
    use std::collections::BTreeMap;
    use std::io;
    use std::sync::{Arc, Mutex};
    use std::time::{Duration, Instant};

    /// Keeps the output as it comes, with the time.
    #[derive(Default)]
    struct Ear {
        heard: Mutex<Vec<(Stream, String, Instant)>>,
    }

    impl Outside for Ear {
        fn reply(&self, reply: Reply) {
            if let Reply::Output { stream, data, .. } = reply {
                let text = String::from_utf8_lossy(&data).into_owned();
                self.heard.lock().unwrap().push((stream, text, Instant::now()));
            }
        }

        fn open(&self, _want: Want) -> io::Result<Box<dyn io::Read>> {
            Err(io::ErrorKind::NotFound.into())
        }

        fn cancelled(&self) -> bool {
            false
        }

        fn ask(&self, _task: u32) -> Go {
            Go::Run
        }
    }

    fn script(text: &str) -> Invocation {
        let argv = ["/bin/sh", "-c", text].map(str::to_owned).to_vec();
        Invocation {
            words: text.lines().next().unwrap().to_owned(),
            argv: Argv::try_from(argv).unwrap(),
            paths: Vec::new(),
            chdir: AbsPath::root(),
            env: BTreeMap::new(),
            stdin: Vec::new(),
            timeout: None,
        }
    }

    fn run(invocation: &Invocation) -> (Result<ProcessEnd, SysError>, Arc<Ear>) {
        let ear = Arc::new(Ear::default());
        let outside: Arc<dyn Outside> = Arc::clone(&ear) as _;
        (Linux::new(outside).run(invocation).map(Option::unwrap), ear)
    }

    #[test]
    fn output_is_heard_while_the_program_runs() {
        let (end, ear) = run(&script("echo one; sleep 0.3; echo two >&2"));
        let heard = ear.heard.lock().unwrap();
        let words: Vec<_> =
            heard.iter().map(|(stream, text, _)| (*stream, text.as_str())).collect();
        assert_eq!(words, [(Stream::Stdout, "one\n"), (Stream::Stderr, "two\n")]);
        assert!(heard[1].2 - heard[0].2 > Duration::from_millis(200));
        let end = end.unwrap();
        assert_eq!((end.stdout, end.stderr), (b"one\n".to_vec(), b"two\n".to_vec()));
    }

    #[test]
    fn directory_environment_and_input_are_as_asked() {
        let invocation = Invocation {
            chdir: AbsPath::try_from("/proc".to_owned()).unwrap(),
            env: [("GREETING".to_owned(), "hello".to_owned())].into(),
            stdin: b"world".to_vec(),
            ..script("echo \"$PWD $GREETING $(cat)\"")
        };
        assert_eq!(run(&invocation).0.unwrap().stdout, b"/proc hello world\n");
    }

    #[test]
    fn ends_are_told_apart() {
        assert_eq!(run(&script("exit 3")).0.unwrap().exit, Some(Exit::Code(3)));
        assert_eq!(run(&script("kill -9 $$")).0.unwrap().exit, Some(Exit::Signal(9)));
        let late = Invocation {
            timeout: Some(Duration::from_secs(1)),
            ..script("echo begun; sleep 60\nmore lines")
        };
        let failure = hep_protocol::outcome::Failure::from(run(&late).0.unwrap_err());
        assert_eq!(
            (failure.message.as_str(), failure.stdout.as_str()),
            ("`echo begun; sleep 60` did not end within 1 s and was stopped", "begun\n")
        );
        assert_eq!(failure.hint.as_deref(), Some("raise `timeout`"));
    }
}
