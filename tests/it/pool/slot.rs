//! The slot: written once, taken once, waited for by any thread.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crossbeam_channel::unbounded;
use pfetch::pool::Slot;

use super::{PATIENCE, silent, timely};

#[test]
fn a_slot_is_written_once() {
    let slot = Slot::new();
    assert!(!slot.is_filled());
    assert_eq!(slot.fill("first"), Ok(()));
    assert_eq!(slot.fill("second"), Err("second"), "handed back");
    assert_eq!(slot.take(), Some("first"));
    assert!(slot.is_filled(), "it has been written, though taken since");
    assert_eq!(slot.fill("third"), Err("third"), "taking does not empty it");
}

#[test]
fn one_of_many_writers_wins() {
    timely(|| {
        for _ in 0..200 {
            let slot = Slot::new();
            let wins = thread::scope(|scope| {
                let slot = &slot;
                let writers: Vec<_> = (0..4)
                    .map(|n| scope.spawn(move || slot.fill(n).is_ok().then_some(n)))
                    .collect();
                let wins = writers.into_iter().filter_map(|w| w.join().unwrap());
                wins.collect::<Vec<_>>()
            });
            assert_eq!(wins.len(), 1, "{wins:?} all wrote");
            assert_eq!(slot.take(), Some(wins[0]));
        }
    });
}

#[test]
fn a_value_is_taken_once() {
    timely(|| {
        let slot = Slot::default();
        assert_eq!(slot.take(), None, "nothing yet");
        slot.fill(1).unwrap();
        assert_eq!(slot.take(), Some(1));
        assert_eq!(slot.take(), None);
        assert_eq!(slot.wait(), None, "a wait does not wait for a taken value");
        assert!(slot.wait_timeout(Duration::ZERO), "it is still written");
    });
}

#[test]
fn a_fill_wakes_all_waiters_and_one_of_them_takes_the_value() {
    timely(|| {
        for _ in 0..100 {
            let slot = Arc::new(Slot::new());
            let waiters: Vec<_> = (0..3)
                .map(|_| {
                    let slot = Arc::clone(&slot);
                    thread::spawn(move || slot.wait())
                })
                .collect();
            let patient = thread::spawn({
                let slot = Arc::clone(&slot);
                move || slot.wait_timeout(Duration::MAX)
            });
            slot.fill("value").unwrap();
            let mut taken: Vec<_> = waiters.into_iter().map(|w| w.join().unwrap()).collect();
            taken.sort_unstable();
            assert_eq!(taken, [None, None, Some("value")]);
            assert!(patient.join().unwrap());
        }
    });
}

#[test]
fn waiting_ends_with_the_timeout_or_the_fill() {
    timely(|| {
        let slot = Slot::new();
        for timeout in [Duration::ZERO, Duration::from_millis(1)] {
            assert!(!slot.wait_timeout(timeout));
        }
        thread::scope(|scope| {
            let waiter = scope.spawn(|| slot.wait_timeout(PATIENCE));
            slot.fill(5).unwrap();
            assert!(waiter.join().unwrap());
        });
        assert_eq!(slot.take(), Some(5), "waiting leaves the value in place");
    });
}

#[test]
fn a_key_is_sent_once_whether_asked_for_before_or_after_the_fill() {
    timely(|| {
        let (sender, notices) = unbounded();
        let (before, after) = (Slot::new(), Slot::new());
        before.notify(&sender, 1);
        assert!(notices.is_empty(), "no notice of an empty slot");
        before.fill(()).unwrap();
        assert_eq!(notices.try_recv(), Ok(1));
        after.fill(()).unwrap();
        assert!(notices.is_empty(), "nobody has asked");
        after.notify(&sender, 2);
        assert_eq!(notices.try_recv(), Ok(2));
        // Refilling is refused, so it sends no second key.
        assert!(before.fill(()).is_err());
        assert!(silent(&notices));
    });
}

#[test]
fn a_later_notification_request_replaces_an_earlier_one() {
    let (sender, notices) = unbounded();
    let slot = Slot::new();
    slot.notify(&sender, 1);
    slot.notify(&sender, 2);
    slot.fill(()).unwrap();
    assert_eq!(notices.try_iter().collect::<Vec<_>>(), [2]);
}

#[test]
fn a_slot_whose_receiver_is_gone_is_filled_all_the_same() {
    let (sender, notices) = unbounded();
    drop(notices);
    let slot = Slot::new();
    slot.notify(&sender, 1);
    assert_eq!(slot.fill(3), Ok(()));
    assert_eq!(slot.take(), Some(3));
}
