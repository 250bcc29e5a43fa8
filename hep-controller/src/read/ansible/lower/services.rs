//! Services: `service`, `systemd`, `systemd_service` and `sysvinit`.

use super::arguments::Arguments;
use super::table::{Parameter, nothing, only, own, same};

pub(super) const SERVICE: &[Parameter] =
    &[same("name").also(&["service", "unit"]), own("state"), same("enabled")];

/// What scripts take.
pub(super) const ANY: &[Parameter] = &[
    same("pattern"),
    nothing("sleep"),
    only("arguments", "", "start it with `command`").also(&["args"]),
    nothing("runlevel"),
    own("use"),
];

pub(super) const SYSV: &[Parameter] =
    &[nothing("runlevels"), only("daemonize", "false", "start it with `command`")];

pub(super) const SYSTEMD: &[Parameter] = &[
    same("masked"),
    same("daemon_reload").also(&["daemon-reload"]),
    only("daemon_reexec", "no", "write `command: systemctl daemon-reexec`")
        .also(&["daemon-reexec"]),
    only("scope", "system", "run `systemctl --user` with `command`"),
    nothing("no_block"),
    nothing("force"),
];

pub(super) fn service(arguments: &mut Arguments<'_>) -> &'static str {
    arguments.word("state", "service");
    match arguments.literal("use") {
        Some("auto" | "service" | "systemd" | "sysvinit") => drop(arguments.take("use")),
        Some(_) | None => {
            arguments.refuse_argument("use", "leave it out: hep finds out what manages services");
        }
    }
    "service"
}
