//! Secrets in what a run tells, masked once before any view shortens, folds or escapes it. Output in pieces is masked by
//! the agent, which sees where a secret goes on, and again where it is printed.

use super::{Event, HostReport, Trouble};
use crate::secrets;

/// The event with every known secret masked.
pub(crate) fn event(mut event: Event) -> Event {
    let redactor = secrets::redactor();
    match &mut event {
        Event::Started { name, .. } => name.iter_mut().for_each(|name| redactor.mask_in(name)),
        Event::Progress { text, .. } | Event::Again { what: text, .. } => redactor.mask_in(text),
        Event::Finished { name, outcome, .. } => {
            name.iter_mut().for_each(|name| redactor.mask_in(name));
            redactor.mask_outcome(outcome);
        }
        Event::Ended(ended) => report(ended),
        Event::Stopping(_, why) => why.iter_mut().for_each(|why| redactor.mask_in(why)),
        Event::Connected { .. } | Event::Output { .. } => {}
    }
    event
}

/// Masks a host's trouble.
pub(crate) fn report(report: &mut HostReport) {
    let redactor = secrets::redactor();
    if let Some(Trouble { what, hint, output }) = &mut report.trouble {
        for text in [what, output].into_iter().chain(hint) {
            redactor.mask_in(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::HostId;

    #[test]
    fn a_trouble_is_masked_before_it_is_shown() {
        secrets::learn("of-veiled-trouble");
        let text = || "x of-veiled-trouble".to_owned();
        let trouble = Trouble { what: text(), hint: Some(text()), output: text() };
        let ended = HostReport { trouble: Some(trouble), ..HostReport::unreached(HostId(0)) };
        let shown = format!("{:?}", event(Event::Ended(ended)));
        assert!(!shown.contains("veiled") && shown.matches("x ********").count() == 3, "{shown}");
    }
}
