//! The options for time limits, retries, and the file of hosts that did not converge.

use crate::fleet;
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

/// Limits of a run.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = super::LIMITS)]
pub(crate) struct Limits {
    /// Number of retries for a failed connection, with growing pauses; default: 2 if the server closes it at once, as
    /// busy servers do, else 0.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(..=100), hide_short_help = true)]
    pub(crate) connect_retries: Option<u32>,
    /// Time limit for tasks without a `timeout`, in seconds. Package managers are never killed.
    #[arg(long, value_name = "SECONDS", value_parser = seconds, hide_short_help = true)]
    pub(crate) task_timeout: Option<u32>,
    /// Time limit for the run, in seconds. Then no further host begins, current steps finish, and after 30 s hep cuts the
    /// links.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) run_timeout: Option<u32>,
    /// Write the hosts that did not converge to this file, or remove it; for `--limit @FILE`.
    #[arg(long, value_name = "FILE")]
    pub(crate) failed_hosts: Option<PathBuf>,
}

impl Limits {
    /// The limits of the run as a whole.
    pub(crate) fn of_run(&self) -> fleet::Limits {
        let run_timeout = self.run_timeout.map(|seconds| Duration::from_secs(seconds.into()));
        fleet::Limits { connect_retries: self.connect_retries, run_timeout }
    }
}

/// A time limit. One with a unit is answered with the number to write.
pub(super) fn seconds(text: &str) -> Result<u32, String> {
    let units = [("s", 1), ("m", 60), ("min", 60), ("h", 3600), ("d", 86_400)];
    let meant = |(unit, seconds): (&str, u32)| {
        text.strip_suffix(unit)?.trim_end().parse::<u32>().ok()?.checked_mul(seconds)
    };
    match (text.parse(), units.into_iter().find_map(meant)) {
        (Ok(0), _) => Err("must be at least 1".to_owned()),
        (Ok(seconds), _) => Ok(seconds),
        (Err(_), Some(meant)) => Err(format!("write the number of seconds alone: {meant}")),
        (Err(_), None) => Err("write a number of seconds, such as 60".to_owned()),
    }
}

/// That for a connection: at most a day.
pub(super) fn connect_seconds(text: &str) -> Result<u64, String> {
    match seconds(text)? {
        seconds @ ..=86_400 => Ok(seconds.into()),
        _ => Err("must be at most 86400".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_a_number() {
        let check = |text: &str, expected: Result<u32, &str>| {
            assert_eq!(
                seconds(text).as_ref().map_err(String::as_str),
                expected.as_ref().map_err(|e| *e)
            );
        };
        check("60", Ok(60));
        check("1m", Err("write the number of seconds alone: 60"));
        check("2 h", Err("write the number of seconds alone: 7200"));
        check("soon", Err("write a number of seconds, such as 60"));
        check("-1", Err("write a number of seconds, such as 60"));
        check("0", Err("must be at least 1"));
        assert_eq!(connect_seconds("86401"), Err("must be at most 86400".to_owned()));
    }
}
