//! Accounts and settings of a host: parameters that hep's modules of the same names do not have.

use super::table::{Parameter, nothing, refused};

pub(super) const AUTHORIZED_KEY: &[Parameter] = &[nothing("validate_certs")];

pub(super) const TIMEZONE: &[Parameter] =
    &[refused("hwclock", "set it with `command: timedatectl set-local-rtc`").also(&["rtc"])];

pub(super) const USER: &[Parameter] = &[
    refused("ssh_key_passphrase", "make the key with `command: ssh-keygen`"),
    nothing("seuser"),
    // Those of other systems.
    nothing("authorization"),
    nothing("hidden"),
    nothing("login_class"),
    nothing("profile"),
    nothing("role"),
];

pub(super) const ARGUMENT_SPEC: &[Parameter] = &[nothing("validate_args_context")];
