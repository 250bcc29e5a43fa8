//! A user whom the login becomes is after the login's password, and the login's own files after root.

use super::bench::{Bench, CODE, Came, as_user};
use super::push::{known, operator};
use super::{doas, sudo};
use hep_protocol::rights::Method::{Doas, Su, Sudo};
use std::os::unix::fs::PermissionsExt;

/// Takes the place of an agent: says that it is one, takes what it is given, and writes that down.
const IMPOSTOR: &str = r#"#!/usr/bin/perl
use Socket;
my ($name) = @ARGV;
my $token = 'a' x 32;
socket(my $socket, AF_UNIX, SOCK_STREAM, 0) or die "socket: $!";
connect($socket, pack('S a*', AF_UNIX, "\0$name")) or die "connect: $!";
$| = 1;
print "\nhep-agent is here: $token\n";
syswrite($socket, $token);
open(my $loot, '>', '/tmp/loot') or die;
while (sysread($socket, my $data, 4096)) { syswrite($loot, $data); }
"#;

/// Takes the terminal of a process of its own user (pidfd_getfd(2)), hides typing there and waits for a password. Meanwhile it
/// connects to every socket that may be a meeting's, and says nothing.
const THIEF: &str = r#"#!/usr/bin/perl
use Socket; use POSIX ();
my ($wanted, $loot) = @ARGV;
open(my $tried, '>>', "$loot.tried") or die; $tried->autoflush(1);
my (%seen, @held);
while (1) {
    open(my $sockets, '<', '/proc/net/unix') or die;
    for (<$sockets>) {
        next unless /\s@([0-9a-f]{32})$/ and !$seen{$1}++;
        socket(my $socket, AF_UNIX, SOCK_STREAM, 0) or next;
        connect($socket, pack('S a*', AF_UNIX, "\0$1")) and push @held, $socket;
    }
    for my $dir (glob '/proc/[0-9]*') {
        my ($pid) = $dir =~ /(\d+)/;
        next if (stat $dir)[4] != $> or $pid == $$;
        open(my $file, '<', "$dir/cmdline") or next;
        my $line = do { local $/; <$file> } // '';
        $line =~ tr/\0/ /;
        next unless $line =~ /$wanted/ and $line !~ /perl/;
        my $other = syscall(434, $pid + 0, 0);
        my $terminal = $other < 0 ? -1 : syscall(438, $other, 0, 0);
        if ($terminal < 0) { print $tried "refused $!\n"; next; }
        my $modes = POSIX::Termios->new;
        unless (defined $modes->getattr($terminal)) { print $tried "no terminal\n"; next; }
        print $tried "taken\n";
        $modes->setlflag($modes->getlflag & ~POSIX::ECHO());
        $modes->setattr($terminal, POSIX::TCSANOW());
        POSIX::read($terminal, my $typed, 200);
        open(my $out, '>', $loot); print $out $typed; exit 0;
    }
    select(undef, undef, undef, 0.002);
}
"#;

fn program(bench: &Bench, path: &str, text: &str) {
    bench.host.shell(&format!("mkdir -p $(dirname {path})")).unwrap();
    bench.host.write(path, text).unwrap();
    std::fs::set_permissions(bench.host.path(path), PermissionsExt::from_mode(0o755)).unwrap();
}

/// The beginning of the password, which nothing else holds.
fn typed() -> &'static str {
    CODE.split('$').next().unwrap()
}

#[test]
fn agent_of_another_user_is_given_no_password() {
    let bench = Bench::new();
    sudo(&bench, "op ALL=(bob) NOPASSWD: ALL\n");
    program(&bench, "/usr/local/bin/impostor", IMPOSTOR);
    let stand_in = "#!/bin/sh\nexec /usr/bin/sudo -n -u \"$2\" -- /usr/local/bin/impostor \"$6\"\n";
    program(&bench, "/usr/local/bin/sudo", stand_in);
    let agent = bench.agent(Sudo, Some(CODE), "bob");
    bench.until("grep -q op /tmp/loot");
    // Nothing more is handed over: it waits for the word that all was taken.
    std::thread::sleep(std::time::Duration::from_millis(300));
    let loot = std::fs::read(bench.host.path("/tmp/loot")).unwrap();
    let loot = String::from_utf8_lossy(&loot);
    assert!(loot.contains("op") && !loot.contains(typed()), "{loot:?}");
    assert_eq!(bench.host.shell("stat -c %U /tmp/loot").unwrap(), "bob\n");
    drop(agent);
    bench.nothing_is_left();
}

#[test]
fn password_is_not_typed_where_another_users_process_reads() {
    let bench = Bench::new();
    let thief = "stty -echo; echo Password:; read -r typed; echo \"$typed\" >/tmp/loot";
    // On the terminal itself, and from a session beside it that has only taken it along.
    for way in ["", "setsid -w "] {
        sudo(&bench, "Defaults !use_pty\nop ALL=(bob) NOPASSWD: ALL\n");
        let stand_in =
            format!("#!/bin/sh\nexec /usr/bin/sudo -n -u bob -- {way}/bin/sh -c '{thief}'\n");
        program(&bench, "/usr/local/bin/sudo", &stand_in);
        let message = as_user(&bench, Sudo, Some(CODE), "bob").message();
        assert_eq!(
            message,
            "`sudo` hides what is typed, and a process of `bob` is on its terminal: the password was not typed"
        );
        // At most the end of its line, as the terminal hangs up.
        let loot = bench.host.shell("cat /tmp/loot 2>/dev/null; rm -f /tmp/loot").unwrap();
        assert_eq!(loot.trim(), "", "{way}");
    }
    bench.nothing_is_left();
}

#[test]
fn terminal_of_an_agent_cannot_be_taken_by_its_own_user() {
    let bench = Bench::new();
    bench.host.shell("useradd -m -s /bin/bash carol; gpasswd -d op sudo").unwrap();
    sudo(&bench, "Defaults !use_pty\nop ALL=(bob, carol) NOPASSWD: ALL\n");
    program(&bench, "/usr/local/bin/thief", THIEF);
    let thief = |wanted: &str, loot: &str| {
        let script = format!("exec /usr/local/bin/thief '{wanted}' {loot}");
        bench.host.command(&["su", "bob", "-s", "/bin/sh", "-c", &script]).spawn().unwrap()
    };
    // The attack is one: of any other program it takes the terminal.
    let open = "exec script -qc 'sleep 77' /dev/null </dev/null >/dev/null 2>&1";
    let mut other =
        bench.host.command(&["su", "bob", "-s", "/bin/sh", "-c", open]).spawn().unwrap();
    let mut control = thief("^sleep 77", "/tmp/control");
    bench.until("grep -q taken /tmp/control.tried");
    for child in [&mut control, &mut other] {
        child.kill().ok();
        child.wait().unwrap();
    }
    bench.host.shell("pkill -f 'sleep 7[7]'; pkill -f local/bin/thie[f]; true").unwrap();
    let mut thief = thief("hep-agent assist", "/tmp/loot");
    bench.until("test -e /tmp/loot.tried");
    let operator = operator(&bench, "");
    let command = known(&operator);
    operator.write("manifest.yml", "- tasks:\n    - command: {shell: 'sleep 0.5; id -un >/tmp/bob'}\n      become: true\n      become_user: bob\n    - command: {shell: 'sleep 0.5; id -un >/tmp/carol'}\n      become: true\n      become_user: carol\n");
    let options = ["push", "-i", "hosts", "--become-password-command", &command, "manifest.yml"];
    operator.run(&options).ends(0);
    let tried = bench.host.read("/tmp/loot.tried").unwrap();
    assert!(
        tried.contains("refused Operation not permitted") && !tried.contains("taken"),
        "{tried}"
    );
    assert!(!bench.host.exists("/tmp/loot"));
    bench.host.shell("pkill -f local/bin/thie[f]; true").unwrap();
    thief.wait().unwrap();
    bench.nothing_is_left();
}

#[test]
fn what_lies_in_the_path_of_the_login_is_not_run_for_root() {
    let bench = Bench::new();
    sudo(&bench, "");
    doas(&bench, "permit keepenv op\n");
    bench.host.write("/home/op/.bashrc", "PATH=$HOME/bin:$PATH\n").unwrap();
    for name in ["sudo", "doas", "su", "id", "dpkg-query"] {
        let fool = format!("#!/bin/sh\necho {name} >>/tmp/fooled\n");
        program(&bench, &format!("/home/op/bin/{name}"), &fool);
    }
    for method in [Sudo, Doas, Su] {
        assert_eq!(as_user(&bench, method, Some(CODE), "root"), Came::As("root /root root".into()));
        let mut agent = bench.agent(method, Some(CODE), "root");
        assert_eq!(agent.became(), Ok(()));
        agent.begin("echo $PATH", "root");
        let path = agent.output();
        assert!(path.contains("/usr/sbin") && !path.contains("/home/op"), "{method:?}: {path}");
    }
    assert!(!bench.host.exists("/tmp/fooled"), "{}", bench.host.read("/tmp/fooled").unwrap());
    // The login itself has it there.
    let login = "su op -s /bin/bash -c '. ~/.bashrc; id'; cat /tmp/fooled";
    assert_eq!(bench.host.shell(login).unwrap(), "id\n");
    bench.nothing_is_left();
}

#[test]
fn agents_are_read_by_root_alone_and_leave_no_core_file() {
    let bench = Bench::new();
    // sudo has a limit of its own for what it runs (sudoers(5), `rlimit_core`).
    let limits = "op soft core 4096\nroot soft core 4096\n";
    bench.host.write("/etc/security/limits.conf", limits).unwrap();
    let mut agent = bench.agent(Su, Some(CODE), "root");
    assert_eq!(agent.became(), Ok(()));
    agent.begin("grep '^Max core' /proc/self/limits; touch /root/begun; while [ ! -e /root/go ]; do sleep 0.1; done", "root");
    bench.until("test -e /root/begun");
    for mode in ["serve", "act"] {
        let pid = format!("$(pgrep -f '^/var/tmp/.hep-[0-9a-f]*/hep-agent {mode}')");
        let limit = bench.host.shell(&format!("awk '/^Max core/ {{print $5}}' /proc/{pid}/limits"));
        assert_eq!(limit.unwrap(), "0\n", "{mode}");
        for file in ["environ", "mem", "fd", "maps"] {
            let owner = bench.host.shell(&format!("stat -c %U /proc/{pid}/{file}")).unwrap();
            assert_eq!(owner, "root\n", "{mode} {file}");
        }
    }
    let peek = "su op -s /bin/sh -c \"! ls /proc/$(pgrep -f '^/var/tmp/.hep-[0-9a-f]*/hep-agent serve')/fd\"";
    bench.host.shell(peek).unwrap();
    bench.host.write("/root/go", "").unwrap();
    let said = agent.output();
    assert!(said.contains(" 4194304 "), "commands have the usual limit: {said}");
    bench.nothing_is_left();
}
