//! Programs that the operator names, run on the real host.

use super::Linux;
use super::process::{Capture, Program, environment};
use crate::sys::{Effect, SysError};
use hep_protocol::action::programs::Invocation;
use hep_protocol::outcome::{Exit, MAX_SHOWN};
use std::collections::BTreeMap;

impl Linux {
    /// Runs to the end; its output is streamed while it runs. Another end than exit code 0 is an error.
    pub(super) fn run(&mut self, invocation: &Invocation) -> Result<Effect, SysError> {
        let Invocation { words, argv, script, chdir, env, stdin, expand, timeout, paths: _ } =
            invocation;
        let mut all = self.task.env.clone();
        all.extend(env.clone());
        let names = environment(&all);
        let mut expanded: Vec<String> = match expand {
            true => argv.parts().iter().map(|part| expanded(part, &names)).collect(),
            false => argv.parts().to_vec(),
        };
        // It is there until the program has ended.
        let placed = script.as_ref().map(|script| self.place(script)).transpose()?;
        expanded.extend(placed.iter().zip(script).map(|(placed, script)| placed.line(script)));
        let mut pass_on = |stream, data: &[u8]| self.output(stream, data);
        let program = Program {
            name: Some(words),
            argv: &expanded,
            env: all,
            directory: chdir.as_str(),
            stdin,
            timeout: *timeout,
            capture: Capture::Stream(&mut pass_on),
            kept: self.task.kept.0.max(MAX_SHOWN),
        };
        let end = program.run()?;
        let (how, advice) = match end.exit {
            Some(Exit::Code(0)) => return Ok(Effect::Ran(end)),
            Some(exit) => (exit.to_string(), advice(invocation, exit)),
            None => ("how it ended is not known".to_owned(), None),
        };
        let error = SysError::new(format!("`{words}`: {how}")).process(end);
        Err(match advice {
            Some(advice) => error.hint(advice),
            None => error,
        })
    }
}

/// A text with names of variables replaced by their values; an unknown name stays. A `~` at its beginning is `HOME`.
fn expanded(text: &str, env: &BTreeMap<String, String>) -> String {
    let value = |name: &str| env.get(name).cloned();
    let (mut all, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once('$') {
        all.push_str(before);
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let plain = after.find(|c| !word(c)).unwrap_or(after.len());
        let (name, length) = match after.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            Some((name, _)) => (name, name.len() + 2),
            None => (after.get(..plain).unwrap_or_default(), plain),
        };
        let known = value(name).filter(|_| !name.is_empty());
        all.push_str(known.as_deref().unwrap_or("$"));
        rest = if known.is_some() { after.get(length..).unwrap_or_default() } else { after };
    }
    all.push_str(rest);
    match all.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => {
            format!("{}{rest}", value("HOME").unwrap_or_default())
        }
        Some(_) | None => all,
    }
}

/// What a shell means by its own exit codes (POSIX, Shell Command Language 2.8.2).
fn advice(invocation: &Invocation, exit: Exit) -> Option<&'static str> {
    let shell = invocation.argv.program() == "/bin/sh";
    match exit {
        Exit::Code(127) if shell => {
            Some("the shell found no such program; write its path, or extend `PATH` in `env`")
        }
        Exit::Code(126) if shell => Some("the shell found the program and may not execute it"),
        Exit::Code(_) | Exit::Signal(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outside::Outside;
    use crate::sys::ProcessEnd;
    use crate::sys::files::Content;
    use hep_protocol::action::programs::Script;
    use hep_protocol::blob::Want;
    use hep_protocol::message::{Go, Reply, Stream};
    use hep_protocol::value::{AbsPath, Argv};
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
            script: None,
            paths: Vec::new(),
            chdir: AbsPath::root(),
            env: BTreeMap::new(),
            stdin: Vec::new(),
            expand: false,
            timeout: None,
        }
    }

    #[test]
    fn arguments_name_what_the_environment_says() {
        let env = [("A".to_owned(), "x".to_owned()), ("HOME".to_owned(), "/h".to_owned())].into();
        let check =
            |text: &str, expected: &str| assert_eq!(expanded(text, &env), expected, "{text}");
        check("$A-${A}b $B $ $1", "x-xb $B $ $1");
        check("~/c ~", "/h/c ~");
        check("~", "/h");
        check("~root", "~root");
        check("a~", "a~");
    }

    fn run(invocation: &Invocation) -> (Result<ProcessEnd, SysError>, Arc<Ear>) {
        let ear = Arc::new(Ear::default());
        let outside: Arc<dyn Outside> = Arc::clone(&ear) as _;
        let effect = Linux::new(outside).run(invocation);
        let end = |effect| match effect {
            Effect::Ran(end) => end,
            other @ (Effect::Changed
            | Effect::Kept(_)
            | Effect::Said(_)
            | Effect::WouldRun
            | Effect::Noted(_)
            | Effect::Nothing) => panic!("{other:?}"),
        };
        (effect.map(end), ear)
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
    fn script_is_there_only_while_it_runs() {
        let text = Script {
            name: "it's.sh".to_owned(),
            content: Content::inline(b"#!/bin/sh\necho \"$0\" \"$@\"\n"),
            around: (String::new(), " 'a b' c".to_owned()),
        };
        let invocation = Invocation {
            argv: Argv::try_from(["/bin/sh", "-c"].map(str::to_owned).to_vec()).unwrap(),
            script: Some(Box::new(text)),
            ..script("x")
        };
        let said = String::from_utf8(run(&invocation).0.unwrap().stdout).unwrap();
        let path = said.strip_suffix(" a b c\n").unwrap();
        assert!(path.ends_with("/it's.sh") && !std::path::Path::new(path).exists(), "{said}");
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
        let exit = |text| run(&script(text)).0.unwrap_err().ended().unwrap().exit;
        assert_eq!(exit("exit 3"), Some(Exit::Code(3)));
        assert_eq!(exit("kill -9 $$"), Some(Exit::Signal(9)));
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
