//! The module `ping`: an answer, and nothing on the host.

use super::{Input, Module, Plan};
use crate::sys::{Observe, SysError};
use hep_protocol::task::ping::Ping;
use serde_json::json;

/// The word that asks for a failure.
const CRASH: &str = "crash";

impl Module for Ping {
    type State = ();

    fn inspect(&self, _input: &Input<'_>, _host: &dyn Observe) -> Result<(), SysError> {
        Ok(())
    }

    fn plan(&self, _input: &Input<'_>, (): &()) -> Result<Plan, SysError> {
        let answer = self.data.as_deref().unwrap_or("pong");
        if answer == CRASH {
            return Err(SysError::new("`data: crash` asks for a failure").hint("leave it out"));
        }
        Ok(Plan {
            data: [("ping".to_owned(), json!(answer))].into_iter().collect(),
            ..Plan::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::converge::testing::settles;
    use crate::sys::overlay::Overlay;
    use crate::sys::overlay::empty::Empty;

    #[test]
    fn it_answers_and_fails_on_request() {
        let mut host = Overlay::new(Empty);
        settles("ping", &json!({}), &mut host, "");
        let failed = "failed: `data: crash` asks for a failure";
        settles("ping", &json!({"data": "crash"}), &mut host, failed);
    }
}
