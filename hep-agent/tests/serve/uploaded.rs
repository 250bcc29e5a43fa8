//! An agent that was uploaded removes itself, and what others left.

use super::*;

/// An agent where a push would put it.
fn uploaded(root: &Path, name: &str) -> PathBuf {
    let directory = root.join(name);
    fs::create_dir(&directory).unwrap();
    let path = directory.join("hep-agent");
    fs::copy(env!("CARGO_BIN_EXE_hep-agent"), &path).unwrap();
    path
}

#[test]
fn uploaded_agent_removes_itself_and_what_killed_pushes_left() {
    let root = directory();
    let path = uploaded(root.path(), ".hep-0123456789abcdef");
    let half = uploaded(root.path(), ".hep-00000000000000ff");
    fs::write(&half, "half an upload").unwrap();
    let old = uploaded(root.path(), ".hep-0000000000000001");
    let long_ago = std::time::SystemTime::now() - Duration::from_secs(60);
    fs::File::options().write(true).open(&old).unwrap().set_modified(long_ago).unwrap();
    let under_way = uploaded(root.path(), ".hep-0000000000000002");
    let stranger = root.path().join(".hep-notes");
    fs::create_dir(&stranger).unwrap();
    let mut agent = Agent::start_as(&path);
    agent.greeting();
    let mut left: Vec<_> =
        fs::read_dir(root.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    left.sort();
    assert_eq!(left, [under_way.parent().unwrap(), stranger.as_path()]);
    let (outcomes, end) = agent.run(plan(vec![shell("true")]));
    assert_eq!((outcomes.len(), end), (1, Some(End::Completed)));
}

#[test]
fn agent_elsewhere_stays_where_it_is() {
    let root = directory();
    let path = uploaded(root.path(), "bin");
    Agent::start_as(&path).greeting();
    assert!(path.exists());
}
