//! Parts of files of a real host: lines, blocks and what patterns match.

use crate::check::converges;
use crate::operator::start;
use hep_tests::{Flavour, Host};

fn shell(host: &Host, command: &str) -> String {
    host.shell(command).unwrap().trim_end().to_owned()
}

#[test]
fn files_keep_what_is_not_edited() {
    let (host, operator) = start(Flavour::Sysv);
    host.shell(
        "printf 'caf\\351\\n#Port 22\\nopt = 1\\n' > /opt/real; chown 33:34 /opt/real; chmod 640 /opt/real; \
         ln -s real /opt/link; setfattr -n user.note -v kept /opt/real 2>/dev/null; :",
    )
    .unwrap();
    let changes = converges(
        &operator,
        "- lineinfile: {path: /opt/link, regexp: '^#?Port', line: Port 2222}\n\
         - blockinfile: {path: /opt/link, block: \"a\\nb\", insertbefore: ^Port}\n\
         - replace: {path: /opt/link, regexp: '^(opt) = 1$', replace: '\\1 = 2'}\n\
         - lineinfile: {path: /opt/new/file, line: x, create: true, mode: '0600', owner: www-data}\n",
    );
    assert!(changes.iter().all(|line| !line.contains("/opt/link")), "{changes:?}");
    let block = "# BEGIN ANSIBLE MANAGED BLOCK";
    let lines = format!("{block}\na\nb\n# END ANSIBLE MANAGED BLOCK\nPort 2222\nopt = 2");
    assert_eq!(shell(&host, "tail -n +2 /opt/real"), lines);
    assert_eq!(shell(&host, "head -n 1 /opt/real | od -An -tx1").trim(), "63 61 66 e9 0a");
    assert_eq!(
        shell(&host, "stat -c '%F %u %g %a' /opt/link /opt/real"),
        "symbolic link 0 0 777\nregular file 33 34 640"
    );
    assert_eq!(shell(&host, "stat -c '%U %a' /opt/new/file"), "www-data 600");
}

#[test]
fn what_a_check_refuses_is_not_written() {
    let (host, operator) = start(Flavour::Sysv);
    host.shell("echo old > /opt/f").unwrap();
    let refused = operator
        .push("- lineinfile: {path: /opt/f, line: new, validate: grep -q other %s}\n", &[])
        .ends(1);
    assert!(refused.error().contains("/opt/f"), "{}", refused.stdout);
    assert_eq!(shell(&host, "cat /opt/f; ls /opt"), "old\nf");
    let kept = operator
        .push(
            "- lineinfile: {path: /opt/f, line: new, backup: true}\n  register: r\n\
             - debug: {var: r.backup}\n",
            &[],
        )
        .ends(0);
    let backup = shell(&host, "ls /opt/f.*");
    assert!(kept.stdout.contains(&backup), "{backup}\n{}", kept.stdout);
    assert_eq!(shell(&host, &format!("cat {backup}")), "old");
}
