//! Where the time of one URL went: the phases of HAR 1.2, and their sum.

use std::time::Duration;

/// A stretch of one URL's life. The names and their order are those of HAR 1.2 (`timings`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// On a worker, but not yet on the network: preparing the request, or waiting for another
    /// worker's look-up of the same host.
    Blocked,
    /// Looking the host name up.
    Dns,
    /// Making the TCP connection.
    Connect,
    /// The TLS handshake.
    Ssl,
    /// Writing the request.
    Send,
    /// From the request's last byte to the response's first.
    Wait,
    /// From the response's first byte to its last.
    Receive,
}

impl Phase {
    /// The phase's name in reports and errors.
    pub fn as_str(self) -> &'static str {
        match self {
            Phase::Blocked => "blocked",
            Phase::Dns => "dns",
            Phase::Connect => "connect",
            Phase::Ssl => "ssl",
            Phase::Send => "send",
            Phase::Wait => "wait",
            Phase::Receive => "receive",
        }
    }
}

/// How long each phase of one URL took, all attempts and redirect hops together.
///
/// `None` says that the phase did not happen (no look-up for a numeric address, no connect on a
/// reused connection), which is not the same as a phase that took no time. The phases that did
/// happen add up to [`total`](Timing::total).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timing {
    /// See [`Phase::Blocked`]: what is left of the total when the other phases are taken off.
    pub blocked: Option<Duration>,
    /// See [`Phase::Dns`].
    pub dns: Option<Duration>,
    /// See [`Phase::Connect`].
    pub connect: Option<Duration>,
    /// See [`Phase::Ssl`].
    pub ssl: Option<Duration>,
    /// See [`Phase::Send`].
    pub send: Option<Duration>,
    /// See [`Phase::Wait`].
    pub wait: Option<Duration>,
    /// See [`Phase::Receive`].
    pub receive: Option<Duration>,
    /// From the moment a worker took the URL up to its end. Time in pfetch's queue is not in it,
    /// because one URL after the other would not have spent it.
    pub total: Option<Duration>,
    /// Time to first byte: from the worker's start to the first byte of the final response.
    pub ttfb: Option<Duration>,
}

impl Timing {
    /// Adds the network phases of one exchange.
    pub fn add(&mut self, exchange: &Timing) {
        let pairs = [
            (&mut self.dns, exchange.dns),
            (&mut self.connect, exchange.connect),
            (&mut self.ssl, exchange.ssl),
            (&mut self.send, exchange.send),
            (&mut self.wait, exchange.wait),
            (&mut self.receive, exchange.receive),
        ];
        for (sum, part) in pairs {
            if let Some(part) = part {
                *sum = Some(sum.unwrap_or_default() + part);
            }
        }
    }

    /// Sets the total, and [`blocked`](Timing::blocked) to what no other phase accounts for.
    pub fn close(&mut self, total: Duration) {
        let phases = [
            self.dns,
            self.connect,
            self.ssl,
            self.send,
            self.wait,
            self.receive,
        ];
        let on_network: Duration = phases.into_iter().flatten().sum();
        self.total = Some(total);
        self.blocked = Some(total.saturating_sub(on_network));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn phases_add_up_to_the_total_and_absent_ones_stay_absent() {
        let mut timing = Timing::default();
        timing.add(&Timing {
            connect: Some(3 * MS),
            wait: Some(10 * MS),
            ..Timing::default()
        });
        timing.add(&Timing {
            wait: Some(5 * MS),
            receive: Some(MS),
            ..Timing::default()
        });
        timing.close(20 * MS);
        assert_eq!(timing.dns, None);
        assert_eq!(timing.ssl, None);
        assert_eq!(timing.connect, Some(3 * MS));
        assert_eq!(timing.wait, Some(15 * MS));
        assert_eq!(timing.blocked, Some(MS));
        assert_eq!(timing.total, Some(20 * MS));
    }
}
