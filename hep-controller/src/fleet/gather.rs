//! Many hosts asked for one thing each: so many at a time, none in the way of another.

use super::{Launch, host_thread, trouble, words};
use crate::canceller::Canceller;
use crate::drive::{Greeting, Opening};
use crate::host::HostId;
use crate::remote::{Link, Problem};
use crate::report::Trouble;
use crate::stop::Stop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// What a host is asked over a link to an agent that was greeted.
pub(crate) type Inquiry<'a, T> = dyn Fn(&mut dyn Link) -> Result<T, Problem> + Sync + 'a;

/// All that is needed to ask many hosts.
pub(crate) struct Gather<'a, T> {
    pub(crate) hosts: usize,
    pub(crate) forks: usize,
    pub(crate) launch: &'a Launch<'a>,
    pub(crate) stop: &'a Stop,
    pub(crate) inquiry: &'a Inquiry<'a, T>,
}

impl<T: Send> Gather<'_, T> {
    /// The answers in the hosts' order.
    pub(crate) fn run(&self) -> Vec<Result<T, Trouble>> {
        let next = AtomicUsize::new(0);
        let answers = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for _ in 0..self.forks.clamp(1, self.hosts.max(1)) {
                let worker = host_thread();
                // With fewer threads than wished for it takes longer; without any, no host is asked.
                let _ = worker.spawn_scoped(scope, || self.work(&next, &answers));
            }
        });
        let mut answers = answers.into_inner().unwrap_or_else(PoisonError::into_inner);
        answers.sort_by_key(|(host, _)| *host);
        let mut answers = answers.into_iter().peekable();
        let of = |host| match answers.next_if(|(other, _)| *other == host) {
            Some((_, answer)) => answer,
            None => Err(Trouble::new("no thread could be started for it")),
        };
        (0..self.hosts).map(HostId).map(of).collect()
    }

    /// Takes hosts until there are none left.
    fn work(&self, next: &AtomicUsize, answers: &Mutex<Vec<(HostId, Result<T, Trouble>)>>) {
        loop {
            let host = HostId(next.fetch_add(1, Ordering::Relaxed));
            if host.0 >= self.hosts {
                return;
            }
            let asked = catch_unwind(AssertUnwindSafe(|| self.ask(host)));
            let failed = |panic: Box<_>| Err(own_fault(words(&*panic)));
            let answer = asked.unwrap_or_else(failed);
            self.stop.end(host);
            answers.lock().unwrap_or_else(PoisonError::into_inner).push((host, answer));
        }
    }

    fn ask(&self, host: HostId) -> Result<T, Trouble> {
        let stopped = || Trouble::new("stopped on request");
        let way = Canceller::default();
        if !self.stop.begin(host, &way) {
            return Err(stopped());
        }
        let greeting = Greeting { host, stop: self.stop, ahead: Opening::default() };
        let (mut link, _) = (self.launch)(&greeting, &way)
            .map_err(|error| if self.stop.wanted() { stopped() } else { trouble(&error) })?;
        // Nothing is done there: the first wish to stop may cut it.
        let way = link.canceller();
        if !self.stop.begin(host, &way) {
            return Err(stopped());
        }
        let answer = (self.inquiry)(link.as_mut());
        drop(link.finish());
        answer.map_err(|Problem { what, hint }| {
            if self.stop.wanted() { stopped() } else { Trouble { what, hint, ..stopped() } }
        })
    }
}

/// The trouble of a host at which hep itself failed.
pub(super) fn own_fault(words: &str) -> Trouble {
    Trouble {
        what: format!("hep itself failed: {words}"),
        hint: Some("this is a bug in hep: please report it".to_owned()),
        output: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive::tests::{agent, facts};
    use crate::fleet::tests::unreachable;
    use hep_protocol::message::{End, Reply, Request};
    use hep_protocol::value::Json;
    use serde_json::json;

    fn check(hosts: usize, stop: &Stop, expected: &[&str]) {
        let launch: &Launch<'_> = &|greeting, _| match greeting.host.0 {
            0 => Err(unreachable()),
            1 => panic!("a mistake of hep's"),
            n => Ok((
                Box::new(agent(move |agent| {
                    assert_eq!(agent.hear(), Some(Request::Facts));
                    match n {
                        2 => agent.say(Reply::Done(End::Completed)),
                        n => agent.say(Reply::Facts(Json(json!({"cpus": n})))),
                    }
                })),
                facts(),
            )),
        };
        for forks in [1, 2, 32] {
            let inquiry: &Inquiry<'_, Json> = &crate::drive::facts;
            let answers = Gather { hosts, forks, launch, stop, inquiry }.run();
            let word = |answer: &Result<Json, Trouble>| match answer {
                Ok(facts) => facts.0.to_string(),
                Err(trouble) => trouble.what.clone(),
            };
            assert_eq!(answers.iter().map(word).collect::<Vec<_>>(), expected);
        }
    }

    /// In a debug build, where frames are largest.
    #[test]
    fn the_stack_of_a_thread_holds_facts_that_nest_as_deeply_as_may_be() {
        let nested = format!("{{\"a\":{}{}}}", "[".repeat(126), "]".repeat(126));
        let deep: serde_json::Value = serde_json::from_str(&nested).unwrap();
        let launch: &Launch<'_> = &|_, _| {
            let deep = deep.clone();
            let script = move |agent: &mut crate::drive::tests::Agent| {
                assert_eq!(agent.hear(), Some(Request::Facts));
                agent.say(Reply::Facts(Json(deep)));
            };
            Ok((Box::new(agent(script)), facts()))
        };
        // Half of it is left to what is below: SSH, and the terminal's questions.
        let inquiry: &Inquiry<'_, Json> = &|link| {
            let ask = || crate::drive::facts(link);
            thread::scope(|scope| {
                let half = thread::Builder::new().stack_size(super::super::STACK / 2);
                half.spawn_scoped(scope, ask).unwrap().join().unwrap()
            })
        };
        let answers = Gather { hosts: 2, forks: 2, launch, stop: &Stop::default(), inquiry }.run();
        for answer in &answers {
            assert_eq!(answer.as_ref().unwrap().0.to_string(), nested);
        }
    }

    #[test]
    fn no_host_is_in_the_way_of_another() {
        let expected = [
            "connect: no answer",
            "hep itself failed: a mistake of hep's",
            "the agent did not tell the facts of its host",
            r#"{"cpus":3}"#,
            r#"{"cpus":4}"#,
        ];
        check(5, &Stop::default(), &expected);
        check(0, &Stop::default(), &[]);
    }

    #[test]
    fn a_wish_to_stop_spares_all() {
        let stop = Stop::default();
        stop.ask();
        check(3, &stop, &["stopped on request"; 3]);
    }
}
