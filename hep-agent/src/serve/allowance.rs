//! How much of what processes write is sent: what is beyond is left out and counted, and the task goes on.

use hep_protocol::message::{OUTPUT_OF_HOST, OUTPUT_OF_TASK, output_cost};
use hep_protocol::outcome::Outcome;

/// What was sent of a run's output so far.
#[derive(Debug, Default)]
pub(super) struct Allowance {
    /// Of the present task.
    task: u64,
    host: u64,
    left_out: u64,
}

impl Allowance {
    /// Another task begins.
    pub(super) fn begin(&mut self) {
        self.task = 0;
    }

    /// Leaves of a piece of output what may be sent.
    pub(super) fn cut(&mut self, data: &mut Vec<u8>) {
        let task = OUTPUT_OF_TASK.saturating_sub(self.task);
        let room = task.min(OUTPUT_OF_HOST.saturating_sub(self.host));
        let whole = data.len();
        if output_cost(data) > room {
            let room = usize::try_from(room).unwrap_or(usize::MAX);
            data.truncate(room);
            // A last piece that costs more than there is room for is none.
            if output_cost(data) > room as u64 {
                data.clear();
            }
        }
        self.left_out += (whole - data.len()) as u64;
        if !data.is_empty() {
            self.task += output_cost(data);
            self.host += output_cost(data);
        }
    }

    /// Says in an outcome how much was left out.
    pub(super) fn tell(&mut self, outcome: &mut Outcome) {
        let left_out = std::mem::take(&mut self.left_out);
        if left_out > 0 {
            let (task, host) = (OUTPUT_OF_TASK >> 20, OUTPUT_OF_HOST >> 20);
            outcome.details.notes.push(format!(
                "{left_out} bytes of output are not shown: a task may show {task} MiB, and a host {host} MiB"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hep_protocol::outcome::{Details, Status};

    fn sent(allowance: &mut Allowance, size: usize) -> usize {
        let mut data = vec![b'x'; size];
        allowance.cut(&mut data);
        data.len()
    }

    fn notes(allowance: &mut Allowance) -> Vec<String> {
        let mut outcome = Outcome::new(Status::Ok, Details::default());
        allowance.tell(&mut outcome);
        outcome.details.notes
    }

    #[test]
    fn a_task_shows_so_much_and_says_what_it_left_out() {
        let all = usize::try_from(OUTPUT_OF_TASK).unwrap();
        let mut allowance = Allowance::default();
        assert_eq!(sent(&mut allowance, all - 10), all - 10);
        assert!(notes(&mut allowance).is_empty());
        // Fewer bytes than the least that a message counts for.
        assert_eq!(sent(&mut allowance, 11), 0);
        assert_eq!(sent(&mut allowance, 5), 0);
        let note = "16 bytes of output are not shown: a task may show 16 MiB, and a host 256 MiB";
        assert_eq!(notes(&mut allowance), [note]);
        assert!(notes(&mut allowance).is_empty());
        allowance.begin();
        assert_eq!(sent(&mut allowance, all - 100), all - 100);
        assert_eq!(sent(&mut allowance, 200), 100);
        assert_eq!(notes(&mut allowance).len(), 1);
    }

    #[test]
    fn a_host_shows_so_much_in_all_its_tasks() {
        let mut allowance = Allowance::default();
        let mut all = 0;
        for _ in 0..20 {
            allowance.begin();
            all += sent(&mut allowance, 15 << 20);
        }
        assert_eq!(all as u64, OUTPUT_OF_HOST);
        assert_eq!(notes(&mut allowance).len(), 1);
    }

    #[test]
    fn many_small_pieces_cost_more_than_their_bytes() {
        let mut allowance = Allowance::default();
        let pieces = (0..2_000_000).filter(|_| sent(&mut allowance, 1) == 1).count();
        assert_eq!(pieces as u64, OUTPUT_OF_TASK / output_cost(b"x"));
    }
}
