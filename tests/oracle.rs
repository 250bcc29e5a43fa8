//! `hep playbook` on throwaway hosts, compared with what real Ansible was recorded to do with the same content.
//!
//! Each test takes some categories, so that they run side by side. `cargo xtask oracle` runs the same and more.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test may panic")]

use hep_tests::oracle::case::Case;
use hep_tests::oracle::{Tool, suite};

/// Whether a case is in one of the categories, or in that part of one.
fn check(groups: &[&str]) {
    let is_wanted = |case: &Case| groups.iter().any(|group| case.id().starts_with(group));
    let cases: Vec<Case> = suite::select(&[]).unwrap().into_iter().filter(is_wanted).collect();
    assert!(!cases.is_empty());
    let hep = suite::play(&Tool::hep(), &cases).unwrap();
    let verdicts = suite::compare_with_recorded(&cases, &hep).unwrap();
    let found = suite::against_lists(&verdicts).unwrap();
    assert!(found.is_empty(), "{}\n{}", found.join("\n"), suite::table(&verdicts));
}

#[test]
fn variables_are_as_in_ansible() {
    check(&["precedence/", "inventory/", "roles/", "facts/"]);
}

#[test]
fn values_are_as_in_ansible() {
    check(&["typing/", "undefined/", "filters/", "lookups/", "templates/"]);
}

#[test]
fn order_is_as_in_ansible() {
    check(&["includes/", "handlers/", "blocks/", "arguments/"]);
}

#[test]
fn files_are_as_by_ansible() {
    check(&["check/", "files/"]);
}

#[test]
fn accounts_are_as_by_ansible() {
    check(&["accounts/"]);
}

#[test]
fn systems_are_as_by_ansible() {
    check(&["system/"]);
}

/// What is recorded is what Ansible does: a few cases again, by the Ansible that `HEP_ANSIBLE` names. `cargo xtask test`
/// names one where it can be installed.
#[test]
fn a_sample_is_still_what_ansible_does() {
    let Some(program) = std::env::var_os("HEP_ANSIBLE") else { return };
    let sample = ["typing/printing-collections", "handlers/chain", "files/lineinfile-regexp"];
    let cases = suite::select(&sample.map(str::to_owned)).unwrap();
    let now = suite::play(&Tool::Ansible(program.into()), &cases).unwrap();
    let verdicts = suite::compare_with_recorded(&cases, &now).unwrap();
    let changed = verdicts.iter().flat_map(|verdict| &verdict.differences);
    let changed: Vec<&String> = changed.collect();
    assert!(changed.is_empty(), "`hep` stands for Ansible as it is now: {changed:#?}");
}
