//! Users and groups on a real host, as its own programs and files tell of them.

use crate::check::converges;
use crate::operator::{start, started};
use hep_tests::{Flavour, Host};

const HASH: &str = "$6$hepsalt$5Hj6kPXb8Zk4ZcTmYl3WnYFYxqFNkQ2mD1b0Ff1KqvMPOfhh8HUcTJv8yMfX5KZyPn2aHqUu1kBd5C8m0j5r./";

fn shell(host: &Host, command: &str) -> String {
    host.shell(command).unwrap().trim_end().to_owned()
}

#[test]
fn users_come_change_and_go() {
    let (host, operator) = start(Flavour::Sysv);
    let manifest = format!(
        "- group: {{name: web, gid: 2000}}\n\
         - user: {{name: ada, uid: 1500, comment: Ada, groups: [adm, web], shell: /bin/bash, password: '{HASH}'}}\n\
         - file: {{action: directory, dest: /srv/ada, owner: ada, group: ada, mode: '0700'}}\n\
         - user: {{name: daemon1, system: true, create_home: false, home: /var/lib/d, group: web}}\n"
    );
    converges(&operator, &manifest);
    assert_eq!(shell(&host, "getent passwd ada"), "ada:x:1500:1500:Ada:/home/ada:/bin/bash");
    assert_eq!(shell(&host, "id -nG ada"), "ada adm web");
    assert_eq!(shell(&host, "getent shadow ada | cut -d: -f2"), HASH);
    assert_eq!(
        shell(&host, "stat -c '%U %G %a' /home/ada /home/ada/.bashrc /srv/ada"),
        "ada ada 755\nada ada 644\nada ada 700"
    );
    assert_eq!(shell(&host, "cmp /etc/skel/.bashrc /home/ada/.bashrc && echo same"), "same");
    assert_eq!(shell(&host, "id -gn daemon1; test -e /var/lib/d || echo none"), "web\nnone");
    assert!(shell(&host, "id -u daemon1").parse::<u32>().unwrap() < 1000);

    converges(
        &operator,
        "- user: {name: ada, groups: [sudo], append: true, shell: /bin/sh, password_lock: true}\n\
         - user: {name: ada, expires: 1924992000, password_expire_max: 90}\n",
    );
    assert_eq!(shell(&host, "id -nG ada"), "ada adm sudo web");
    assert_eq!(shell(&host, "getent shadow ada | cut -d: -f2"), format!("!{HASH}"));
    assert_eq!(shell(&host, "getent shadow ada | cut -d: -f5,8"), "90:22280");
    converges(&operator, "- user: {name: ada, groups: ''}\n");
    assert_eq!(shell(&host, "id -nG ada"), "ada");

    converges(
        &operator,
        "- user: {name: ada, state: absent, remove: true}\n- group: {name: web, state: absent, force: true}\n",
    );
    assert_eq!(
        shell(&host, "getent passwd ada; getent group ada web; ls -d /home/ada 2>&1 | grep -c No"),
        "1"
    );
    let refused = operator.push("- user: {name: bob, groups: nosuch}\n", &[]).ends(1);
    assert!(refused.error().contains("no group `nosuch`"), "{}", refused.stdout);
}

#[test]
fn pair_of_keys_is_made_once_and_belongs_to_its_user() {
    let (host, operator) = start(Flavour::Sysv);
    let task = "name: ada, generate_ssh_key: true, ssh_key_type: ed25519, ssh_key_comment: c";
    let manifest =
        format!("- user: {{{task}}}\n  register: made\n- debug: {{var: made.ssh_fingerprint}}\n");
    let done = operator.push(&manifest, &[]).ends(0);
    let files =
        "stat -c '%U %G %a' /home/ada/.ssh /home/ada/.ssh/id_ed25519 /home/ada/.ssh/id_ed25519.pub";
    assert_eq!(shell(&host, files), "ada ada 700\nada ada 600\nada ada 644");
    let told = shell(&host, "ssh-keygen -l -f /home/ada/.ssh/id_ed25519");
    assert!(done.stdout.contains(&told), "{told}\n{}", done.stdout);
    let again = operator.push(&manifest, &[]).ends(0);
    assert!(again.statuses().iter().all(|status| status == "ok"), "{}", again.stdout);
    assert_eq!(shell(&host, "ssh-keygen -l -f /home/ada/.ssh/id_ed25519"), told);
}

#[test]
fn files_of_accounts_that_another_program_holds_are_waited_for() {
    let (host, operator) = start(Flavour::Sysv);
    host.shell(
        "sleep 8 >/dev/null 2>&1 & echo $! > /etc/passwd.lock; (sleep 8; rm /etc/passwd.lock) >/dev/null 2>&1 &",
    )
    .unwrap();
    let done = operator.push("- user: {name: ada}\n", &[]).ends(0);
    let waited = done.events("task")[0]["ms"].as_u64().unwrap();
    assert!(waited > 1000, "{}", done.stdout);
    assert!(shell(&host, "getent passwd ada").starts_with("ada:"));
}

#[test]
fn converged_accounts_start_no_process_and_no_list_shows_a_password() {
    let (host, operator) = start(Flavour::Sysv);
    let manifest = format!(
        "- group: {{name: web}}\n\
         - user: {{name: ada, groups: [adm, web], shell: /bin/bash, password: '{HASH}', create_home: false}}\n\
         - user: {{name: nobody-here, state: absent}}\n\
         - getent: {{database: passwd, key: ada}}\n"
    );
    let trace = started(&host, &operator, &manifest);
    let words: Vec<&str> = trace.lines().filter(|line| line.contains("execve(")).collect();
    assert!(words.iter().any(|line| line.contains("chpasswd")), "{trace}");
    assert!(!trace.contains("hepsalt"), "{trace}");
    let trace = started(&host, &operator, &manifest);
    let words: Vec<&str> = trace.lines().filter(|line| line.contains("execve(")).collect();
    assert_eq!(words.len(), 2, "chroot and the agent, and nothing else: {trace}");
}
