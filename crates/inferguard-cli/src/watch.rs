//! What a user sees and does while a long reading goes on: a progress line, Ctrl-C.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use inferguard::trace::Progress;

/// SIGINT and SIGTERM, remembered. A second one ends the process at once.
#[derive(Debug, Clone)]
pub(crate) struct Interrupts {
    flag: Arc<AtomicBool>,
    signal: Arc<AtomicUsize>,
}

impl Interrupts {
    /// Starts to listen. Where the system refuses, signals keep their usual meaning.
    pub(crate) fn listen() -> Self {
        let this =
            Self { flag: Arc::new(AtomicBool::new(false)), signal: Arc::new(AtomicUsize::new(0)) };
        #[cfg(unix)]
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            // The order counts: the first signal finds the flag still unset.
            let _ = signal_hook::flag::register_conditional_shutdown(
                signal,
                128 + signal,
                Arc::clone(&this.flag),
            );
            let number = usize::try_from(signal).unwrap_or(2);
            let _ = signal_hook::flag::register_usize(signal, Arc::clone(&this.signal), number);
            let _ = signal_hook::flag::register(signal, Arc::clone(&this.flag));
        }
        this
    }

    /// The flag that readers look at.
    pub(crate) fn flag(&self) -> &AtomicBool {
        &self.flag
    }

    /// The exit code that the signal asks for: 130 or 143.
    pub(crate) fn exit_code(&self) -> Option<u8> {
        self.flag.load(Ordering::Relaxed).then(|| {
            let signal = self.signal.load(Ordering::Relaxed);
            u8::try_from(128 + signal).unwrap_or(130).max(129)
        })
    }
}

/// A line on standard error that is redrawn; nothing where that is no terminal.
#[derive(Debug)]
pub(crate) struct StatusLine {
    shown: bool,
    started: Instant,
    last: Instant,
    terminal: bool,
}

/// Nothing is shown for what is done sooner.
const QUIET: Duration = Duration::from_millis(400);
/// Time between two redrawings.
const EVERY: Duration = Duration::from_millis(200);

impl StatusLine {
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        Self { shown: false, started: now, last: now, terminal: std::io::stderr().is_terminal() }
    }

    pub(crate) fn tell(&mut self, text: &str) {
        self.tell_with(|_| text.to_owned());
    }

    /// Makes the text only where it is shown, from the time that has passed.
    fn tell_with(&mut self, text: impl FnOnce(Duration) -> String) {
        let now = Instant::now();
        let since = now.duration_since(self.started);
        if !self.terminal || since < QUIET || now.duration_since(self.last) < EVERY {
            return;
        }
        self.last = now;
        self.shown = true;
        let _ = write!(std::io::stderr(), "\r\x1b[K{}", text(since));
        let _ = std::io::stderr().flush();
    }

    /// Removes the line.
    pub(crate) fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
            let _ = std::io::stderr().flush();
        }
    }
}

/// How far the reading of a file is.
#[derive(Debug)]
pub(crate) struct ProgressLine(StatusLine);

impl ProgressLine {
    pub(crate) fn new() -> Self {
        Self(StatusLine::new())
    }

    pub(crate) fn tell(&mut self, at: Progress) {
        self.0.tell_with(|since| line(at, since));
    }

    /// Removes the line.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

fn line(at: Progress, since: Duration) -> String {
    let rate = at.bytes as f64 / since.as_secs_f64().max(1e-3);
    let mb = |n: f64| format!("{:.1} MB", n / 1e6);
    let rest = match at.total {
        Some(total) if total > at.bytes => {
            let percent = at.bytes as f64 * 100.0 / total as f64;
            let left = (total - at.bytes) as f64 / rate.max(1.0);
            format!(" of {} ({percent:.0} %), {left:.0} s left", mb(total as f64))
        }
        _ => String::new(),
    };
    format!("{}{rest}; {} records; {}/s", mb(at.bytes as f64), at.records, mb(rate))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_bytes_records_and_rate() {
        let at = Progress { bytes: 500_000_000, total: Some(1_000_000_000), records: 7 };
        let text = line(at, Duration::from_secs(2));
        assert_eq!(text, "500.0 MB of 1000.0 MB (50 %), 2 s left; 7 records; 250.0 MB/s");
        let at = Progress { bytes: 500_000_000, total: None, records: 7 };
        assert_eq!(line(at, Duration::from_secs(2)), "500.0 MB; 7 records; 250.0 MB/s");
    }
}
