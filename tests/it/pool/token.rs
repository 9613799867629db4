//! The stop token: a stop is final, and wakes all waiters.

use std::thread;
use std::time::Duration;

use crossbeam_channel::{bounded, select, unbounded};
use pfetch::pool::StopToken;

use super::{PATIENCE, silent, timely};

#[test]
fn clones_share_one_stop_and_others_do_not() {
    timely(|| {
        let (token, stranger) = (StopToken::new(), StopToken::default());
        let clone = token.clone();
        assert!(!token.is_stopped() && !clone.is_stopped());
        clone.stop();
        clone.stop();
        assert!(token.is_stopped() && clone.is_stopped());
        assert!(token.clone().is_stopped(), "a later clone too");
        assert!(!stranger.is_stopped());
        token.wait();
    });
}

#[test]
fn wait_timeout_ends_with_the_timeout_or_the_stop() {
    timely(|| {
        let token = StopToken::new();
        for timeout in [Duration::ZERO, Duration::from_millis(1)] {
            assert!(!token.wait_timeout(timeout));
        }
        // Far longer than the test may take: only a stop that cuts them short lets it end.
        let timeouts = [PATIENCE * 100, Duration::MAX];
        let waiters = timeouts.map(|timeout| {
            let token = token.clone();
            let (about_to, ready) = bounded(1);
            let waiter = thread::spawn(move || {
                about_to.send(()).unwrap();
                token.wait_timeout(timeout)
            });
            ready.recv_timeout(PATIENCE).unwrap();
            waiter
        });
        token.stop();
        for waiter in waiters {
            assert!(waiter.join().unwrap());
        }
        assert!(token.wait_timeout(Duration::MAX), "stopped for ever");
    });
}

#[test]
fn a_stop_can_be_selected_on_among_other_channels() {
    timely(|| {
        let token = StopToken::new();
        let (sender, numbers) = unbounded();
        let (tell, told) = unbounded();
        let seen = token.clone();
        let reader = thread::spawn(move || {
            loop {
                select! {
                    recv(numbers) -> n => tell.send(n.unwrap()).unwrap(),
                    recv(seen.as_channel()) -> stopped => break stopped.is_err(),
                }
            }
        });
        sender.send(7).unwrap();
        assert_eq!(told.recv_timeout(PATIENCE), Ok(7), "numbers come through");
        assert!(silent(&told), "the reader waits for the stop");
        token.stop();
        assert!(reader.join().unwrap());
    });
}
