//! The table of ways to log in: what a config says, and whether `ssh` and hep get in with it. Runs nothing.

/// What one server is asked.
pub(super) struct Group {
    pub(super) title: &'static str,
    /// Lines of its sshd_config.
    pub(super) server: &'static str,
    pub(super) rows: &'static [Row],
}

/// One way.
#[derive(Clone, Copy)]
pub(super) struct Row {
    /// In words.
    pub(super) way: &'static str,
    /// Lines of ssh_config.
    pub(super) config: &'static [&'static str],
    /// known_hosts, where `NAME` is the server's name, and `HOST`, `OTHER`, `RSA` and `CA` are keys.
    pub(super) known: &'static str,
    /// For a shell, before each try.
    pub(super) before: &'static str,
    pub(super) password: Option<&'static str>,
    pub(super) passphrase: Option<&'static str>,
    /// Whether the login succeeds.
    pub(super) ssh: bool,
    pub(super) ssh2: bool,
    pub(super) openssh: bool,
}

impl Row {
    const fn known(self, known: &'static str) -> Row {
        Row { known, ..self }
    }

    const fn before(self, before: &'static str) -> Row {
        Row { before, ..self }
    }

    const fn password(self, password: &'static str) -> Row {
        Row { password: Some(password), ..self }
    }

    const fn passphrase(self, passphrase: &'static str) -> Row {
        Row { passphrase: Some(passphrase), ..self }
    }

    /// The transport `ssh2` refuses what it cannot do.
    const fn but_ssh2(self) -> Row {
        Row { ssh2: false, ..self }
    }
}

/// All get in.
const fn yes(way: &'static str, config: &'static [&'static str]) -> Row {
    let (known, before, password, passphrase) = ("NAME HOST\n", "", None, None);
    Row { way, config, known, before, password, passphrase, ssh: true, ssh2: true, openssh: true }
}

/// Nobody does.
const fn no(way: &'static str, config: &'static [&'static str]) -> Row {
    Row { ssh: false, ssh2: false, openssh: false, ..yes(way, config) }
}

/// `ssh` does, and hep does not: a host that may be another gets no plan.
const fn ssh_alone(way: &'static str, config: &'static [&'static str]) -> Row {
    Row { ssh: true, ..no(way, config) }
}

/// As docs/connections.md has it.
pub(super) fn table() -> String {
    let mut text = "| way | `ssh` | hep, `ssh2` | hep, `openssh` |\n|---|---|---|---|\n".to_owned();
    for Group { title, rows, .. } in GROUPS {
        text.push_str(&format!("| **{title}** | | | |\n"));
        for Row { way, ssh, ssh2, openssh, .. } in *rows {
            let [ssh, ssh2, openssh] =
                [ssh, ssh2, openssh].map(|gets_in| if *gets_in { "yes" } else { "no" });
            text.push_str(&format!("| {way} | {ssh} | {ssh2} | {openssh} |\n"));
        }
    }
    text
}

pub(super) const GROUPS: &[Group] = &[
    Group { title: "Keys, certificates, ssh-agent", server: "MaxAuthTries 20", rows: KEYS },
    Group { title: "A host with `MaxAuthTries 6`", server: "", rows: MANY },
    Group {
        title: "A host that takes passwords",
        server: "UsePAM yes\nPasswordAuthentication yes",
        rows: PASSWORDS,
    },
    Group {
        title: "A host that takes keyboard-interactive alone",
        server: "UsePAM yes\nKbdInteractiveAuthentication yes\nPubkeyAuthentication no",
        rows: INTERACTIVE,
    },
    Group {
        title: "A host with `AuthenticationMethods publickey,password`",
        server: "UsePAM yes\nPasswordAuthentication yes\nAuthenticationMethods publickey,password",
        rows: BOTH,
    },
    Group {
        title: "A host with `AuthenticationMethods publickey,keyboard-interactive`",
        server: "UsePAM yes\nKbdInteractiveAuthentication yes\n\
                 AuthenticationMethods publickey,keyboard-interactive",
        rows: BOTH,
    },
    Group {
        title: "A host with `AuthenticationMethods publickey,publickey`",
        server: "AuthenticationMethods publickey,publickey",
        rows: TWO,
    },
    Group { title: "Host keys", server: "", rows: HOST_KEYS },
    Group { title: "Through other hosts", server: "", rows: WAYS },
];

const KEYS: &[Row] = &[
    yes("a key", &["IdentityFile DIR/user"]),
    yes("an RSA key with its certificate", &["IdentityFile DIR/rsa"]),
    no("a key that the host does not know", &["IdentityFile DIR/other"]),
    no("a key that is not there", &["IdentityFile DIR/missing"]),
    yes("a wrong key, then the right one", &["IdentityFile DIR/other", "IdentityFile DIR/user"]),
    yes("seven wrong keys, then the right one", SEVEN),
    no("a key that others may read (mode 0644)", &["IdentityFile DIR/readable"]),
    yes(
        "a key that others may read, then one that is private",
        &["IdentityFile DIR/readable", "IdentityFile DIR/user"],
    ),
    no("a key with a passphrase, and nobody there", &["IdentityFile DIR/guarded"]),
    yes("a key with a passphrase, which is typed", &["IdentityFile DIR/guarded"])
        .passphrase("secret"),
    no("a key with a passphrase, and another is typed", &["IdentityFile DIR/guarded"])
        .passphrase("sesame"),
    no("no key at all", &[]),
    yes("a usual key: `~/.ssh/id_ed25519`", &[]).before("cp $DIR/user ~/.ssh/id_ed25519"),
    no("a key beside the usual ones that nothing names: `~/.ssh/id_work`", &[])
        .before("cp $DIR/user ~/.ssh/id_work"),
    yes("`IdentityFile ~/.ssh/id_work`", &["IdentityFile ~/.ssh/id_work"])
        .before("cp $DIR/user ~/.ssh/id_work"),
    yes(
        "`IdentityFile ~/.ssh/id_work` with `IdentitiesOnly yes`, the key in ssh-agent",
        &["IdentityFile ~/.ssh/id_work", "IdentitiesOnly yes", "IdentityAgent DIR/agent"],
    )
    .before("cp $DIR/user.pub ~/.ssh/id_work.pub"),
    no("a usual key, and `IdentityFile` names another", &["IdentityFile ~/.ssh/id_rsa"])
        .before("cp $DIR/user ~/.ssh/id_ed25519"),
    yes("`Include` of a file that names the key", &["Include DIR/more"])
        .before("echo IdentityFile $DIR/user > $DIR/more"),
    yes(
        "`Match host` with `exec`",
        &["Match host 127.0.0.1,web exec true", "IdentityFile DIR/user"],
    ),
    no("`Match exec` that does not hold", &["Match exec false", "IdentityFile DIR/user"]),
    yes("a certificate beside its key", &["IdentityFile DIR/certified"]),
    no("a certificate's key alone", &["IdentityFile DIR/moved"]),
    yes("`CertificateFile`", &["IdentityFile DIR/moved", "CertificateFile DIR/elsewhere.pub"]),
    no("a certificate that has expired", &["IdentityFile DIR/expired"]),
    no("a certificate for another user", &["IdentityFile DIR/stranger"]),
    yes("a key of ssh-agent", &["IdentityAgent DIR/agent", "IdentityFile DIR/other"]),
    no(
        "a key of ssh-agent that `IdentitiesOnly` leaves out",
        &["IdentityAgent DIR/agent", "IdentityFile DIR/other", "IdentitiesOnly yes"],
    ),
    yes(
        "a key of ssh-agent, named by its public half",
        &["IdentityAgent DIR/agent", "IdentityFile DIR/user.pub", "IdentitiesOnly yes"],
    ),
    no("an ssh-agent that is not there", &["IdentityAgent DIR/nothing", "IdentityFile DIR/other"]),
    yes("a certificate in ssh-agent", &["IdentityAgent DIR/certified-agent"]),
    yes("an RSA key's certificate in ssh-agent", &["IdentityAgent DIR/rsa-agent"]),
    yes(
        "`CertificateFile` of a key in ssh-agent",
        &["IdentityAgent DIR/moved-agent", "CertificateFile DIR/elsewhere.pub"],
    ),
    no("`PubkeyAuthentication no`", &["IdentityFile DIR/user", "PubkeyAuthentication no"]),
    no(
        "`PreferredAuthentications` without `publickey`",
        &["IdentityFile DIR/user", "PreferredAuthentications password"],
    ),
    no(
        "`PubkeyAcceptedAlgorithms` without the key's",
        &["IdentityFile DIR/user", "PubkeyAcceptedAlgorithms rsa-sha2-512"],
    ),
    no(
        "an RSA key with fewer bits than `RequiredRSASize`",
        &["IdentityFile DIR/rsa", "RequiredRSASize 4096"],
    ),
    no("a user that is not there", &["IdentityFile DIR/user", "User nobody-of-this-name"]),
    no("a port where nobody listens", &["IdentityFile DIR/user", "Port 1"]),
];

const SEVEN: &[&str] = &[
    "IdentityFile DIR/k1",
    "IdentityFile DIR/k2",
    "IdentityFile DIR/k3",
    "IdentityFile DIR/k4",
    "IdentityFile DIR/k5",
    "IdentityFile DIR/k6",
    "IdentityFile DIR/k7",
    "IdentityFile DIR/user",
];

const MANY: &[Row] = &[
    yes(
        "five wrong keys, then the right one",
        &[
            "IdentityFile DIR/k1",
            "IdentityFile DIR/k2",
            "IdentityFile DIR/k3",
            "IdentityFile DIR/k4",
            "IdentityFile DIR/k5",
            "IdentityFile DIR/user",
        ],
    ),
    no("seven wrong keys, then the right one", SEVEN),
];

const RIGHT: &str = "open sesame";

const PASSWORDS: &[Row] = &[
    yes("the right password", &[]).password(RIGHT),
    no("a wrong password", &[]).password("sesame"),
    no("no password", &[]),
    yes("a wrong key and the right password", &["IdentityFile DIR/other"]).password(RIGHT),
    yes("the right key and a wrong password", &["IdentityFile DIR/user"]).password("sesame"),
    no(
        "the right password, `PasswordAuthentication no`",
        &["PasswordAuthentication no", "KbdInteractiveAuthentication no"],
    )
    .password(RIGHT),
    no(
        "the right password, `PreferredAuthentications publickey`",
        &["PreferredAuthentications publickey"],
    )
    .password(RIGHT),
];

const INTERACTIVE: &[Row] = &[
    yes("the right password", &[]).password(RIGHT),
    no("a wrong password", &[]).password("sesame"),
    no(
        "the right password, `KbdInteractiveAuthentication no`",
        &["KbdInteractiveAuthentication no"],
    )
    .password(RIGHT),
    no("a key alone", &["IdentityFile DIR/user"]),
];

const BOTH: &[Row] = &[
    yes("the right key and the right password", &["IdentityFile DIR/user"]).password(RIGHT),
    yes(
        "a wrong key, the right one, and the right password",
        &["IdentityFile DIR/other", "IdentityFile DIR/user"],
    )
    .password(RIGHT),
    yes("a key of ssh-agent and the right password", &["IdentityAgent DIR/agent"]).password(RIGHT),
    no("the right key and a wrong password", &["IdentityFile DIR/user"]).password("sesame"),
    no("the right key alone", &["IdentityFile DIR/user"]),
    no("the right password alone", &[]).password(RIGHT),
    no("a wrong key and the right password", &["IdentityFile DIR/other"]).password(RIGHT),
];

const TWO: &[Row] = &[
    yes("two keys", &["IdentityFile DIR/user", "IdentityFile DIR/certified"]),
    no("one key", &["IdentityFile DIR/user"]),
];

const KEY: &str = "IdentityFile DIR/user";

const HOST_KEYS: &[Row] = &[
    yes("the known key", &[KEY]),
    no("no key is known, `StrictHostKeyChecking yes`", &[KEY]).known(""),
    no("another key is known", &[KEY]).known("NAME OTHER\n"),
    yes("no key is known, `accept-new`", &[KEY, "StrictHostKeyChecking accept-new"]).known(""),
    no("another key is known, `accept-new`", &[KEY, "StrictHostKeyChecking accept-new"])
        .known("NAME OTHER\n"),
    yes("no key is known, `StrictHostKeyChecking no`", &[KEY, "StrictHostKeyChecking no"])
        .known(""),
    ssh_alone(
        "another key is known, `StrictHostKeyChecking no`",
        &[KEY, "StrictHostKeyChecking no"],
    )
    .known("NAME OTHER\n"),
    ssh_alone("`@revoked`, `StrictHostKeyChecking no`", &[KEY, "StrictHostKeyChecking no"])
        .known("@revoked * HOST\n"),
    no("a key of another type is known, `accept-new`", &[KEY, "StrictHostKeyChecking accept-new"])
        .known("NAME RSA\n"),
    ssh_alone(
        "a key of another type is known, `StrictHostKeyChecking no`",
        &[KEY, "StrictHostKeyChecking no"],
    )
    .known("NAME RSA\n"),
    no("no key is known, `ask`, and nobody there", &[KEY, "StrictHostKeyChecking ask"]).known(""),
    yes("`HostKeyAlias`", &[KEY, "HostKeyAlias shelf"]).known("shelf HOST\n"),
    no("`HostKeyAlias`, and only the name is known", &[KEY, "HostKeyAlias shelf"]),
    no("`@revoked`", &[KEY]).known("@revoked * HOST\nNAME HOST\n"),
    no("`@revoked`, `accept-new`", &[KEY, "StrictHostKeyChecking accept-new"])
        .known("@revoked * HOST\n"),
    yes("`@cert-authority` for the name", &[KEY]).known("@cert-authority NAME CA\n"),
    yes("`@cert-authority` for all names", &[KEY]).known("@cert-authority * CA\n"),
    no("`@cert-authority`, another one", &[KEY]).known("@cert-authority * OTHER\n"),
    no("`@cert-authority` that is revoked", &[KEY]).known("@cert-authority * CA\n@revoked * CA\n"),
    no("`@cert-authority`, the host's key revoked", &[KEY])
        .known("@cert-authority * CA\n@revoked * HOST\n"),
    yes("`@cert-authority` for a `HostKeyAlias`", &[KEY, "HostKeyAlias shelf"])
        .known("@cert-authority shelf CA\n"),
    no("`@cert-authority`, and the certificate is for others", &[KEY, "HostKeyAlias attic"])
        .known("@cert-authority attic CA\n"),
    yes("`@cert-authority` for the name without its port", &[KEY])
        .known("@cert-authority 127.0.0.1 CA\n"),
    yes("`@cert-authority`, and another key is known", &[KEY])
        .known("@cert-authority * CA\nNAME OTHER\n"),
    yes("the known key, and its certificate is for others", &[KEY, "HostKeyAlias attic"])
        .known("@cert-authority attic CA\nattic HOST\n"),
    no(
        "`CASignatureAlgorithms` without the authority's",
        &[KEY, "CASignatureAlgorithms rsa-sha2-512"],
    )
    .known("@cert-authority * CA\n"),
    yes("the known key without its port", &[KEY]).known("127.0.0.1 HOST\n"),
    // `ssh` overlooks the other one where the host shows a certificate that nobody vouches for.
    no(
        "the known key without its port, and another with it",
        &[KEY, "HostKeyAlgorithms ssh-ed25519"],
    )
    .known("127.0.0.1 HOST\nNAME OTHER\n"),
    yes("the known key, `HostKeyAlias` in capitals", &[KEY, "HostKeyAlias SHELF"])
        .known("Shelf HOST\n"),
    yes("`RevokedHostKeys` with another key", &[KEY, "RevokedHostKeys DIR/other.pub"]),
    no("`RevokedHostKeys` with the key", &[KEY, "RevokedHostKeys DIR/host.pub"]),
    no(
        "`RevokedHostKeys` with the key, `StrictHostKeyChecking no`",
        &[KEY, "RevokedHostKeys DIR/host.pub", "StrictHostKeyChecking no"],
    ),
    no("`RevokedHostKeys` with the authority", &[KEY, "RevokedHostKeys DIR/ca.pub"])
        .known("@cert-authority * CA\n"),
    no("`RevokedHostKeys` that is not there", &[KEY, "RevokedHostKeys DIR/nothing"]),
    no("`RevokedHostKeys`, a KRL with the key", &[KEY, "RevokedHostKeys DIR/krl"])
        .before("rm -f $DIR/krl; ssh-keygen -q -k -f $DIR/krl $DIR/host.pub"),
    yes("`RevokedHostKeys`, a KRL with another key", &[KEY, "RevokedHostKeys DIR/krl"])
        .before("rm -f $DIR/krl; ssh-keygen -q -k -f $DIR/krl $DIR/other.pub"),
    no("`HostKeyAlgorithms` without the key's", &[KEY, "HostKeyAlgorithms rsa-sha2-512"]),
    yes("`Ciphers` with one that libssh2 has", &[KEY, "Ciphers aes128-ctr"]),
    yes("`MACs` with one that libssh2 has", &[KEY, "Ciphers aes128-ctr", "MACs hmac-sha2-512"]),
    yes(
        "`MACs` without any that libssh2 has",
        &[KEY, "Ciphers aes128-ctr", "MACs umac-64@openssh.com"],
    )
    .but_ssh2(),
    yes("`KexAlgorithms` with one that libssh2 has", &[KEY, "KexAlgorithms ecdh-sha2-nistp384"]),
    yes(
        "`KexAlgorithms` without any that libssh2 has",
        &[KEY, "KexAlgorithms sntrup761x25519-sha512@openssh.com"],
    )
    .but_ssh2(),
    yes("`VerifyHostKeyDNS yes`", &[KEY, "VerifyHostKeyDNS yes"]).but_ssh2(),
    yes(
        "the known key in `GlobalKnownHostsFile`",
        &[KEY, "GlobalKnownHostsFile DIR/known", "UserKnownHostsFile none"],
    ),
];

const BEHIND: &str = "Host behind*\n HostName 127.0.0.1\nHost web";

const WAYS: &[Row] = &[
    yes("`ProxyJump`", &[KEY, BEHIND, "ProxyJump behind1"]),
    yes("`ProxyJump` over two hosts", &[KEY, BEHIND, "ProxyJump behind1,root@behind2:PORT"]),
    no("`ProxyJump` to a host that is not there", &[KEY, BEHIND, "ProxyJump behind1:1"]),
    no("`ProxyJump` to a host that refuses the login", &[KEY, BEHIND, "ProxyJump guest@behind1"]),
    yes("`ProxyCommand`", &[KEY, BEHIND, "ProxyCommand ssh -F DIR/ssh_config -W %h:%p behind1"]),
    no("`ProxyCommand` that fails", &[KEY, BEHIND, "ProxyCommand false"]),
    yes("`ProxyJump none`", &[KEY, BEHIND, "ProxyJump none"]),
];
