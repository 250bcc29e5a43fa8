//! The facts of known_hosts, a line each; hashes were made by `ssh-keygen -H`.

use super::*;

const A: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB";
const B: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIC";
/// No real RSA key, but a blob of that type is all that matters here.
const R: &str = "ssh-rsa AAAAB3NzaC1yc2E=";

fn key(text: &str) -> PublicKey {
    PublicKey::from_base64(text.split_whitespace().nth(1).unwrap()).unwrap()
}

fn parsed(text: &str) -> KnownHosts {
    let mut known = KnownHosts::default();
    known.add_file(Path::new("kh"), text);
    known
}

/// The verdict on key A of `host:port`, in one word and the line it rests on.
fn check(text: &str, host: &str, port: u16, expected: &str) {
    let verdict = match parsed(text).check(host, port, &key(A)) {
        Verdict::Known => "known".to_owned(),
        Verdict::Unknown { authority: None } => "unknown".to_owned(),
        Verdict::Unknown { authority: Some(Distrusted { place, .. }) } => {
            format!("unknown, authority {}", place.line)
        }
        Verdict::Changed { place, .. } => format!("changed {}", place.line),
        Verdict::OtherType { place, .. } => format!("other type {}", place.line),
        Verdict::Revoked { place } => format!("revoked {}", place.line),
    };
    assert_eq!(verdict, expected, "{host}:{port} in:\n{text}");
}

#[test]
fn plain_names_match_in_any_case() {
    check(&format!("web1 {A} comment with words"), "web1", 22, "known");
    check(&format!("WEB1 {A}"), "Web1", 22, "known");
    check(&format!("web1,10.0.0.1 {A}"), "10.0.0.1", 22, "known");
    check(&format!("web1 {A}"), "web10", 22, "unknown");
    check(&format!("2001:db8::1 {A}"), "2001:db8::1", 22, "known");
    check("", "web1", 22, "unknown");
}

#[test]
fn a_port_other_than_22_is_part_of_the_name() {
    check(&format!("[web1]:2222 {A}"), "web1", 2222, "known");
    check(&format!("[web1]:2222 {A}"), "web1", 22, "unknown");
    check(&format!("[web1]:2222 {A}"), "web1", 2223, "unknown");
    check(&format!("[2001:db8::1]:2222 {A}"), "2001:db8::1", 2222, "known");
}

#[test]
fn a_key_without_port_is_good_for_every_port_but_no_reason_to_distrust() {
    check(&format!("web1 {A}"), "web1", 2222, "known");
    check(&format!("web1 {B}"), "web1", 2222, "unknown");
}

#[test]
fn a_key_without_port_is_no_word_on_a_port_of_which_another_is_known() {
    check(&format!("[web1]:2222 {B}\nweb1 {A}"), "web1", 2222, "changed 1");
    check(&format!("web1 {A}\n[web1]:2222 {B}"), "web1", 2222, "changed 2");
    check(&format!("[web1]:* {R}\nweb1 {A}"), "web1", 2222, "other type 1");
    check(&format!("[web1]:2222 {B}\nweb1 {A}"), "web1", 2223, "known");
    check(&format!("[web1]:2222 {B}\nweb1 {A}"), "web1", 22, "known");
    check(&format!("@cert-authority [web1]:2222 {B}\nweb1 {A}"), "web1", 2222, "known");
}

#[test]
fn wildcards_and_negation() {
    check(&format!("*.example.org {A}"), "web1.example.org", 22, "known");
    check(&format!("*.example.org {A}"), "example.org", 22, "unknown");
    check(&format!("web? {A}"), "web1", 22, "known");
    check(&format!("web? {A}"), "web12", 22, "unknown");
    check(&format!("*.org,!db.* {A}"), "db.example.org", 22, "unknown");
    check(&format!("!db.*,*.org {A}"), "web.example.org", 22, "known");
    check(&format!("!db.* {A}"), "web1", 22, "unknown");
    check(&format!("[*.org]:* {A}"), "web.org", 2222, "known");
    check(&format!("* {A}"), "anything", 22, "known");
}

#[test]
fn a_hostile_pattern_is_matched_in_no_time() {
    let pattern = "*a".repeat(200);
    check(&format!("{pattern}b {A}"), &"a".repeat(2000), 22, "unknown");
}

#[test]
fn hashed_names_match() {
    let web1 = "|1|KeNmNnI33x4fXzuGdb9tyh2ziJs=|rp6tl9BbrX7I6e0oSIZctE1vt9E=";
    let web1_2222 = "|1|mOuJZs/nrFQL88GZb7GIg3VOTXw=|93LJjPeEuPR9mer8EK+HD+VcCVM=";
    check(&format!("{web1} {A}"), "web1", 22, "known");
    check(&format!("{web1} {A}"), "WEB1", 22, "known");
    check(&format!("{web1} {B}"), "web1", 22, "changed 1");
    check(&format!("{web1} {A}"), "web2", 22, "unknown");
    check(&format!("{web1_2222} {A}"), "web1", 2222, "known");
    check(&format!("{web1_2222} {A}"), "web1", 22, "unknown");
}

#[test]
fn a_changed_key_is_told_from_one_of_another_type() {
    check(&format!("web1 {B}"), "web1", 22, "changed 1");
    check(&format!("web1 {R}\n\n# old\nweb1 {B}"), "web1", 22, "changed 4");
    check(&format!("web1 {R}"), "web1", 22, "other type 1");
    check(&format!("web1 {B}\nweb1 {A}"), "web1", 22, "known");
}

#[test]
fn a_revoked_key_is_refused_wherever_it_stands() {
    check(&format!("web1 {A}\n@revoked * {A}"), "web1", 22, "revoked 2");
    check(&format!("@revoked web1 {A}"), "web1", 2222, "revoked 1");
    check(&format!("web1 {A}\n@revoked * {B}"), "web1", 22, "known");
    check(&format!("@revoked web2 {A}\nweb1 {A}"), "web1", 22, "known");
}

#[test]
fn an_authority_vouches_for_no_plain_key() {
    check(&format!("@cert-authority * {A}"), "web1", 22, "unknown, authority 1");
    check(&format!("@cert-authority * {B}\nweb1 {A}"), "web1", 22, "known");
}

#[test]
fn wrong_lines_are_passed_over_and_named() {
    let text = format!(
        "web1\nweb1 ssh-ed25519\nweb1 ssh-ed25519 !!!\nweb1 ssh-rsa {}\n@new web1 {A}\n|2|a|b {A}\n|1|a {A}\n\
         @revoked\nweb1 1024 35 123456\n\t # comment\n  web1 {A}",
        A.split(' ').nth(1).unwrap()
    );
    check(&text, "web1", 22, "known");
    let skipped: Vec<String> = parsed(&text)
        .skipped()
        .iter()
        .map(|skipped| format!("{}: {}", skipped.place, skipped.why))
        .collect();
    assert_eq!(
        skipped,
        [
            "kh:1: no key type",
            "kh:2: no key",
            "kh:3: the key is not base64 of a public key",
            "kh:4: the key is not of the type that the line names",
            "kh:5: unknown marker",
            "kh:6: not a hashed host name of the form `|1|salt|hash`",
            "kh:7: not a hashed host name of the form `|1|salt|hash`",
            "kh:8: no host after the marker",
            "kh:9: the key is not base64 of a public key",
        ]
    );
}

#[test]
fn known_types_are_asked_for_first_and_certificates_where_an_authority_is_known() {
    let check = |text: &str, expected: &str| {
        assert_eq!(parsed(text).algorithms("web1", 2222, None).join(","), expected, "{text}");
    };
    let ecdsa = "ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521";
    let rsa = "rsa-sha2-512,rsa-sha2-256";
    let certificates = "ssh-ed25519-cert-v01@openssh.com,ecdsa-sha2-nistp256-cert-v01@openssh.com,\
                        ecdsa-sha2-nistp384-cert-v01@openssh.com,ecdsa-sha2-nistp521-cert-v01@openssh.com,\
                        rsa-sha2-512-cert-v01@openssh.com,rsa-sha2-256-cert-v01@openssh.com";
    check("", &format!("ssh-ed25519,{ecdsa},{rsa}"));
    check(&format!("web1 {R}"), &format!("{rsa},ssh-ed25519,{ecdsa}"));
    check(&format!("web2 {R}"), &format!("ssh-ed25519,{ecdsa},{rsa}"));
    let all = format!("{certificates},{rsa},ssh-ed25519,{ecdsa}");
    check(&format!("@cert-authority web1 {A}\nweb1 {R}"), &all);
    check(&format!("@cert-authority web2 {A}\nweb1 {R}"), &format!("{rsa},ssh-ed25519,{ecdsa}"));
}

#[test]
fn only_what_is_allowed_is_asked_for_and_in_that_order() {
    let allowed = "rsa-sha2-512,ssh-ed25519,ssh-ed25519-cert-v01@openssh.com,ssh-rsa";
    let allowed: Vec<String> = allowed.split(',').map(str::to_owned).collect();
    let check = |text: &str, expected: &str| {
        let names = parsed(text);
        assert_eq!(names.algorithms("web1", 22, Some(&allowed)).join(","), expected, "{text}");
    };
    check("", "rsa-sha2-512,ssh-ed25519,ssh-rsa");
    check(&format!("web1 {A}"), "ssh-ed25519,rsa-sha2-512,ssh-rsa");
    check(&format!("web1 {R}"), "rsa-sha2-512,ssh-rsa,ssh-ed25519");
    let all = "ssh-ed25519-cert-v01@openssh.com,rsa-sha2-512,ssh-ed25519,ssh-rsa";
    check(&format!("@cert-authority * {A}"), all);
}

#[test]
fn a_written_line_is_read_back() {
    for (host, port) in [("Web1", 22), ("web1", 2222), ("2001:db8::1", 22), ("2001:db8::1", 2222)] {
        for form in [Form::Plain, Form::Hashed { salt: [7; 20] }] {
            check(&line(host, port, &key(A), form), host, port, "known");
        }
    }
}

#[test]
fn fingerprint_is_that_of_ssh_keygen() {
    assert_eq!(key(A).fingerprint(), "SHA256:RXm/ruZ0eTzRXKwi1AQEDynB0VgHQ2ac9KPSFdf/YnA");
    assert_eq!(key(A).shown_kind(), "ED25519");
}

#[test]
fn a_blob_of_any_bytes_is_no_panic() {
    for blob in
        [&b""[..], b"\0\0", b"\xff\xff\xff\xff", b"\0\0\0\0", b"\0\0\0\x05abc", b"\0\0\0\x01\n"]
    {
        assert_eq!(PublicKey::from_blob(blob), None, "{blob:?}");
    }
}
