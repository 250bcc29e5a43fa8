//! The program itself: see `lib.rs`, which the benchmarks share with it.

use std::process::ExitCode;

fn main() -> ExitCode {
    hep_agent::main()
}
