//! What comes out of the inbox for what goes in.

use super::*;
use hep_protocol::plan::{DiffMode, RunMode, Settings};
use std::io::PipeWriter;
use std::sync::mpsc::{Receiver, Sender, channel};

/// An inbox in the middle of a run, and the way into it.
fn running() -> (Arc<Inbox>, PipeWriter) {
    let (mut reader, mut writer) = io::pipe().unwrap();
    let inbox = Arc::new(Inbox::default());
    let filler = Arc::clone(&inbox);
    std::thread::spawn(move || filler.fill(None, &mut reader));
    let settings = Settings::of(RunMode::Apply, DiffMode::Off);
    frame::write(&mut writer, &Request::Begin(settings)).unwrap();
    inbox.work().unwrap();
    (inbox, writer)
}

/// Sends one answer, a piece for each word.
fn answer(writer: &mut PipeWriter, content: &str, words: &[&str]) {
    let digest = Digest::of(content.as_bytes());
    for (index, word) in words.iter().enumerate() {
        let (data, last) = (word.as_bytes().to_vec(), index + 1 == words.len());
        frame::write(writer, &Request::Blob { digest, data, last }).unwrap();
    }
}

fn want(content: &str) -> Want {
    Want { digest: Digest::of(content.as_bytes()), from: 0 }
}

fn open(inbox: &Arc<Inbox>, content: &str) -> Box<dyn Read> {
    inbox.open(want(content), |_| {}).unwrap()
}

/// Opens a content, and gives how many are asked for by that.
fn open_asking(inbox: &Arc<Inbox>, content: &str) -> (Box<dyn Read>, usize) {
    let mut asked = 0;
    let reader = inbox.open(want(content), |wants| asked = wants.len()).unwrap();
    (reader, asked)
}

/// Foresees contents of these names, each of that many bytes, and gives how many are asked for by that.
fn foresee(inbox: &Inbox, names: &[&str], size: u64) -> usize {
    let mut asked = 0;
    let wants = names.iter().map(|name| (want(name), size)).collect();
    inbox.foresee(wants, |wants| asked = wants.len());
    asked
}

fn text(mut reader: Box<dyn Read>) -> String {
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    text
}

/// More than may wait, in six pieces.
fn much() -> [&'static str; 6] {
    [Box::leak("x".repeat(300 * 1024).into_boxed_str()); 6]
}

fn wait_until_full(inbox: &Inbox) {
    while !inbox.lock().due.is_full() {
        std::thread::yield_now();
    }
    // The next piece is waited with by then, or comes later: the outcome is the same.
    std::thread::sleep(std::time::Duration::from_millis(50));
}

/// A controller that answers on a thread of its own, one content after the other, and each only when it was asked for: what
/// comes before its want is nobody's.
fn answer_later(
    mut writer: PipeWriter,
    wants: Receiver<Want>,
    answers: &[(&'static str, &[&'static str])],
) {
    let answers: Vec<_> = answers.iter().map(|(name, words)| (*name, words.to_vec())).collect();
    std::thread::spawn(move || {
        for (name, words) in answers {
            assert_eq!(wants.recv().unwrap(), want(name));
            answer(&mut writer, name, &words);
        }
        // The stream stays open.
        std::thread::sleep(std::time::Duration::from_secs(60));
    });
}

/// Opens a content and passes on what is asked for by that.
fn open_told(inbox: &Arc<Inbox>, content: &str, asks: &Sender<Want>) -> Box<dyn Read> {
    let tell = |wants: Vec<Want>| wants.into_iter().for_each(|want| asks.send(want).unwrap());
    inbox.open(want(content), tell).unwrap()
}

#[test]
fn pieces_of_a_reader_that_gave_up_reach_nobody_else() {
    let (inbox, writer) = running();
    let (asks, asked) = channel();
    let first = open_told(&inbox, "d", &asks);
    answer_later(writer, asked, &[("d", &much()), ("e", &["of ", "e"])]);
    wait_until_full(&inbox);
    drop(first);
    let other = open_told(&inbox, "e", &asks);
    assert_eq!(text(other), "of e");
    assert_eq!(inbox.lock().due.state(), (0, 0, 0));
}

#[test]
fn content_opened_again_begins_with_its_second_answer() {
    let (inbox, mut writer) = running();
    let first = open(&inbox, "d");
    answer(&mut writer, "d", &["1", "2"]);
    drop(first);
    drop(open(&inbox, "d"));
    let digest = Digest::of(b"d");
    let reason = "it is gone".to_owned();
    frame::write(&mut writer, &Request::Unavailable { digest, reason }).unwrap();
    let third = open(&inbox, "d");
    answer(&mut writer, "d", &["a", "b"]);
    assert_eq!(text(third), "ab");
    assert_eq!(inbox.lock().due.state(), (0, 0, 0));
}

#[test]
fn whole_answer_that_nobody_read_leaves_nothing_to_skip() {
    let (inbox, writer) = running();
    let (asks, asked) = channel();
    let first = open_told(&inbox, "d", &asks);
    answer_later(writer, asked, &[("d", &much()), ("d", &["new"])]);
    wait_until_full(&inbox);
    drop(first);
    let second = open_told(&inbox, "d", &asks);
    assert_eq!(text(second), "new");
}

#[test]
fn what_is_foreseen_is_asked_for_at_once_and_each_once() {
    let (inbox, mut writer) = running();
    assert_eq!(foresee(&inbox, &["a", "b", "a", "c"], 10), 3);
    for name in ["a", "b", "c"] {
        answer(&mut writer, name, &["of ", name]);
    }
    for name in ["a", "b", "c"] {
        let (reader, asked) = open_asking(&inbox, name);
        assert_eq!((text(reader), asked), (format!("of {name}"), 0));
    }
    assert_eq!(inbox.lock().due.state(), (0, 0, 0));
}

#[test]
fn how_much_is_asked_for_is_bounded() {
    let (inbox, mut writer) = running();
    let names: Vec<String> = (0..600).map(|n| n.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(foresee(&inbox, &names, 10), 512);
    let mut total = 512;
    for name in &names[..300] {
        answer(&mut writer, name, &[name]);
        let (reader, asked) = open_asking(&inbox, name);
        assert_eq!(text(reader), *name);
        total += asked;
    }
    assert_eq!(total, 600);
    // Large ones: one that is read, and one that comes meanwhile.
    assert_eq!(foresee(&inbox, &["a", "b", "c", "d"], 1 << 30), 1);
    for (name, more) in [("a", 1), ("b", 1), ("c", 1), ("d", 0)] {
        assert_eq!(open_asking(&inbox, name).1, more);
    }
}

#[test]
fn what_is_not_foreseen_any_more_is_dropped_as_it_comes() {
    let (inbox, writer) = running();
    let (asks, asked) = channel();
    assert_eq!(foresee(&inbox, &["a", "b"], 1 << 20), 2);
    ["a", "b"].iter().for_each(|name| asks.send(want(name)).unwrap());
    answer_later(writer, asked, &[("a", &much()), ("b", &much()), ("c", &["of c"])]);
    wait_until_full(&inbox);
    assert_eq!(foresee(&inbox, &[], 0), 0);
    assert_eq!(text(open_told(&inbox, "c", &asks)), "of c");
    assert_eq!(inbox.lock().due.state(), (0, 0, 0));
}

#[test]
fn content_that_is_passed_over_is_asked_for_again() {
    let (inbox, mut writer) = running();
    assert_eq!(foresee(&inbox, &["a", "b", "c"], 10), 3);
    for name in ["a", "b", "c"] {
        answer(&mut writer, name, &[name]);
    }
    assert_eq!(text(open(&inbox, "b")), "b");
    // Behind `c`, which is therefore not waited for.
    let (reader, asked) = open_asking(&inbox, "a");
    answer(&mut writer, "a", &["a"]);
    assert_eq!((text(reader), asked), ("a".to_owned(), 1));
}

#[test]
fn lost_controller_has_a_kind_of_its_own() {
    let (inbox, mut writer) = running();
    let mut reader = open(&inbox, "d");
    let (digest, data) = (Digest::of(b"d"), b"be".to_vec());
    frame::write(&mut writer, &Request::Blob { digest, data, last: false }).unwrap();
    drop(writer);
    let mut text = Vec::new();
    let error = reader.read_to_end(&mut text).unwrap_err();
    assert_eq!((text.as_slice(), error.kind()), (b"be".as_slice(), ErrorKind::ConnectionAborted));
}
