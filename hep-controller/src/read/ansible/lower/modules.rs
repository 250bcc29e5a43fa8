//! Ansible's modules that hep can do.

use super::table::Row;
use super::{files, packages, programs, services, system, words};

/// The row of a module by its short name.
pub(super) fn row(name: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.name == name)
}

static ROWS: &[Row] = &[
    Row::of("apt", &[packages::APT], packages::apt),
    Row::of("assert", &[words::ASSERT], words::assert),
    Row::of("command", &[programs::PROGRAM, programs::COMMAND], programs::command).program(),
    Row::of("copy", &[files::COPY, files::RIGHTS], files::copy),
    Row::of("debug", &[words::DEBUG], words::debug),
    Row::of("fail", &[words::FAIL], words::fail),
    Row::of("file", &[files::FILE, files::RIGHTS], files::file),
    Row::of("meta", &[words::META], words::meta),
    Row::of("package", &[packages::PACKAGE, packages::APT], packages::package),
    Row::of("raw", &[programs::RAW], programs::raw).program(),
    Row::of("script", &[programs::PROGRAM, programs::SCRIPT], programs::script).program(),
    Row::of("service", &[services::SERVICE, services::ANY, services::SYSTEMD], services::service),
    Row::of("set_fact", &[], words::set_fact).names(),
    Row::of("shell", &[programs::PROGRAM, programs::SHELL], programs::shell).program(),
    Row::of("stat", &[files::STAT], files::stat),
    Row::of("systemd", &[services::SERVICE, services::SYSTEMD], services::service),
    Row::of("systemd_service", &[services::SERVICE, services::SYSTEMD], services::service),
    Row::of("sysvinit", &[services::SERVICE, services::ANY, services::SYSV], services::service),
    Row::of("template", &[files::TEMPLATE, files::RIGHTS], files::template),
    Row::of("wait_for", &[words::WAIT_FOR], words::wait_for),
    Row::own("alternatives"),
    Row::own_and("apt_repository", &[packages::REPOSITORY], files::edited),
    Row::own_and("authorized_key", &[system::AUTHORIZED_KEY], |_| ""),
    Row::own_and("blockinfile", &[files::EDITED, files::RIGHTS], files::edited),
    Row::own_and("find", &[files::FIND], files::edited),
    Row::own("gather_facts"),
    Row::own("getent"),
    Row::own("group"),
    Row::own("hostname"),
    Row::own_and("ini_file", &[files::INI, files::RIGHTS], files::edited),
    Row::own_and("lineinfile", &[files::EDITED, files::RIGHTS], files::edited),
    Row::own("locale_gen"),
    Row::own_and("package_facts", &[packages::FACTS], packages::facts),
    Row::own("ping"),
    Row::own_and("replace", &[files::EDITED, files::RIGHTS], files::edited),
    Row::own("service_facts"),
    Row::own("setup"),
    Row::own("slurp"),
    Row::own("sysctl"),
    Row::own_and("timezone", &[system::TIMEZONE], |_| ""),
    Row::own_and("user", &[system::USER], |_| ""),
    Row::own_and("validate_argument_spec", &[system::ARGUMENT_SPEC], |_| ""),
];
