//! Samples at fixed times: sample `k` of every endpoint is due at `start + k * interval`.
//!
//! Each endpoint has a thread of its own, so that a slow one delays no other, and nothing shifts:
//! after a slow answer the next sample is taken at its own time. One that cannot be taken before
//! the time of its successor is missed, and said to be.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use super::gather::{self, Fetched, Task, wait_until};
use crate::fetch::Client;

/// How often the caller is called while nothing arrives.
const IDLE: Duration = Duration::from_millis(100);

/// One endpoint and how often it is asked.
#[derive(Debug, Clone)]
pub(super) struct Endpoint {
    /// What is fetched; the file is named for each sample.
    pub(super) task: Task,
    /// Every how many samples.
    pub(super) every: u32,
}

/// One sample of one endpoint.
#[derive(Debug)]
pub(super) struct Tick {
    /// Its place in the list of endpoints.
    pub(super) endpoint: usize,
    pub(super) sequence: u32,
    /// `None` where its time was missed.
    pub(super) fetched: Option<Fetched>,
}

/// When samples are taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Schedule {
    pub(super) samples: u32,
    pub(super) interval: Duration,
}

impl Schedule {
    /// When a sample is due, after the start.
    pub(super) fn due(&self, sequence: u32) -> Duration {
        self.interval.checked_mul(sequence).unwrap_or(Duration::MAX)
    }

    fn at(&self, start: Instant, sequence: u32) -> Option<Instant> {
        start.checked_add(self.due(sequence))
    }
}

/// Takes all samples. `each` is given every sample as it comes, `idle` is called in between. A
/// stop ends the run with the samples that have come; an exchange under way is left to itself and
/// ends with its own deadline.
pub(super) fn run<E>(
    client: &Client,
    endpoints: &[Endpoint],
    schedule: Schedule,
    cancel: &AtomicBool,
    mut each: impl FnMut(Tick) -> Result<(), E>,
    mut idle: impl FnMut(),
) -> Result<(), E> {
    let stop = Arc::new(AtomicBool::new(false));
    let ticks = start(client, endpoints, schedule, &stop);
    let outcome = loop {
        if cancel.load(Ordering::Relaxed) {
            break ticks.try_iter().try_for_each(&mut each);
        }
        match ticks.recv_timeout(IDLE) {
            Ok(tick) => {
                if let Err(e) = each(tick) {
                    break Err(e);
                }
            }
            Err(RecvTimeoutError::Timeout) => idle(),
            Err(RecvTimeoutError::Disconnected) => break Ok(()),
        }
    };
    stop.store(true, Ordering::Relaxed);
    outcome
}

fn start(
    client: &Client,
    endpoints: &[Endpoint],
    schedule: Schedule,
    stop: &Arc<AtomicBool>,
) -> Receiver<Tick> {
    let (sender, ticks) = channel();
    let begin = Instant::now();
    for (endpoint, of) in endpoints.iter().enumerate() {
        let (sender, client, of, stop) =
            (sender.clone(), client.clone(), of.clone(), Arc::clone(stop));
        std::thread::spawn(move || {
            let every = of.every.max(1);
            let mut sequence = 0;
            while sequence < schedule.samples {
                let Some(at) = schedule.at(begin, sequence) else { return };
                let next = sequence.saturating_add(every);
                if !wait_until(at, &stop) {
                    return;
                }
                let late = schedule.at(begin, next).is_some_and(|next| Instant::now() >= next);
                let fetched = (!late).then(|| gather::one(&client, of.task.clone(), &stop));
                // Nobody listens any more after a stop.
                if sender.send(Tick { endpoint, sequence, fetched }).is_err() {
                    return;
                }
                sequence = next;
            }
        });
    }
    ticks
}
