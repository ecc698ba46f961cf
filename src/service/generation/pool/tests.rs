//! The pool with clocks that are set by hand, and numbers in place of keys.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use prometheus::Registry;

use super::{LOOK, Next, Pool};
use crate::service::generation::clock::Moment;
use crate::service::generation::metrics::Metrics;
use crate::ssh::Algorithm::{self, Ed25519, Rsa2048, Rsa3072, Rsa4096};

const MINUTE: Duration = Duration::from_secs(60);

/// A pool, its clocks, and the number of the next key.
struct Scene {
    pool: Pool<u64>,
    now: Arc<Mutex<Moment>>,
    made: u64,
}

impl Scene {
    fn new(size: usize) -> Self {
        let now = Arc::new(Mutex::new(Moment { running: MINUTE, wall: Duration::from_secs(1_800_000_000) }));
        let clock = Arc::clone(&now);
        let clock = Box::new(move || *clock.lock().unwrap());
        let pool = Pool::new(size, &[Rsa2048, Ed25519], clock, Metrics::new(&Registry::new()).unwrap());
        Self { pool, now, made: 0 }
    }

    fn full(size: usize) -> Self {
        let mut scene = Self::new(size);
        scene.fill();
        scene
    }

    /// Makes keys until none is wanted, and says of which algorithms.
    fn fill(&mut self) -> Vec<Algorithm> {
        let mut algorithms = Vec::new();
        while let Next::Make(begun) = self.pool.next(1) {
            self.made += 1;
            self.pool.deliver(begun, Some(self.made));
            algorithms.push(begun.algorithm);
        }
        algorithms
    }

    fn draw(&self) -> Option<u64> {
        self.pool.draw(Rsa2048).map(|unused| unused.key)
    }

    fn pass(&self, time: Duration) {
        let mut now = self.now.lock().unwrap();
        now.running += time;
        now.wall += time;
    }

    fn set_wall(&self, change: impl FnOnce(Duration) -> Duration) {
        let mut now = self.now.lock().unwrap();
        now.wall = change(now.wall);
    }
}

#[test]
fn s61_no_key_is_handed_out_twice_however_many_draw_and_put_back_at_once() {
    let pool = Arc::new(Scene::new(40).pool);
    let numbers = Arc::new(Mutex::new(0..));
    let work = |who: usize| {
        let (pool, numbers) = (Arc::clone(&pool), Arc::clone(&numbers));
        move || {
            let mut kept = Vec::new();
            for round in 0..2_000 {
                if let Next::Make(begun) = pool.next(8) {
                    pool.deliver(begun, numbers.lock().unwrap().next());
                }
                match pool.draw(Rsa2048) {
                    Some(unused) if (round + who).is_multiple_of(3) => pool.put_back(unused),
                    Some(unused) => kept.push(unused.key),
                    None => {}
                }
            }
            kept
        }
    };
    let threads: Vec<_> = (0..8).map(|who| thread::spawn(work(who))).collect();
    let mut drawn: Vec<u64> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    while let Some(unused) = pool.draw(Rsa2048) {
        drawn.push(unused.key);
    }
    let different: HashSet<u64> = drawn.iter().copied().collect();
    assert!(drawn.len() > 1_000, "{}", drawn.len());
    assert_eq!(different.len(), drawn.len());
}

#[test]
fn as_many_keys_as_the_size_says_are_made_the_oldest_going_out_first() {
    let mut scene = Scene::full(3);
    assert_eq!(scene.made, 3);
    assert!(matches!(scene.pool.next(9), Next::Full));
    assert_eq!([scene.draw(), scene.draw()], [Some(1), Some(2)]);
    assert_eq!(scene.fill(), [Rsa2048, Rsa2048]);
    assert_eq!([scene.draw(), scene.draw(), scene.draw(), scene.draw()], [Some(3), Some(4), Some(5), None]);
}

#[test]
fn size_0_holds_nothing() {
    let scene = Scene::new(0);
    assert!(matches!(scene.pool.next(9), Next::Closed));
    scene.pool.put_back(Pool::adopt(scene.pool.begin(Rsa2048), 1));
    assert_eq!(scene.draw(), None);
}

#[test]
fn never_more_keys_are_in_the_making_than_generators_are_free() {
    let scene = Scene::new(5);
    assert!(matches!(scene.pool.next(0), Next::GiveWay));
    let [Next::Make(one), Next::Make(two)] = [scene.pool.next(2), scene.pool.next(2)] else { panic!("two are free") };
    assert!(matches!(scene.pool.next(2), Next::GiveWay));
    scene.pool.deliver(one, Some(1));
    assert!(matches!(scene.pool.next(1), Next::GiveWay));
    scene.pool.deliver(two, None);
    assert!(matches!(scene.pool.next(1), Next::Make(_)), "what failed makes room");
}

#[test]
fn a_key_that_never_left_is_the_next_to_be_drawn_and_keeps_its_age() {
    let scene = Scene::full(2);
    let refused = scene.pool.draw(Rsa2048).unwrap();
    scene.pass(59 * MINUTE);
    scene.pool.put_back(refused);
    let again = scene.pool.draw(Rsa2048).unwrap();
    assert_eq!(again.key, 1);
    scene.pass(MINUTE);
    scene.pool.put_back(again);
    assert_eq!(scene.draw(), None);
}

#[test]
fn what_goes_back_beside_a_full_pool_is_dropped() {
    let mut scene = Scene::full(2);
    let refused = scene.pool.draw(Rsa2048).unwrap();
    scene.fill();
    scene.pool.put_back(refused);
    assert_eq!([scene.draw(), scene.draw(), scene.draw()], [Some(2), Some(3), None]);
}

#[test]
fn s61_after_an_hour_keys_are_thrown_away() {
    let mut scene = Scene::full(2);
    scene.pass(59 * MINUTE);
    assert_eq!(scene.draw(), Some(1));
    scene.fill();
    scene.pass(MINUTE);
    assert_eq!([scene.draw(), scene.draw()], [Some(3), None], "only what is younger");
    scene.pass(60 * MINUTE);
    assert_eq!(scene.fill().len(), 2);
}

#[test]
fn s61_a_jump_of_the_clock_either_way_throws_away_what_is_there_and_what_was_begun() {
    let forth = |wall: Duration| wall + Duration::from_secs(1);
    let back = |wall: Duration| wall - Duration::from_secs(1);
    for jump in [&forth as &dyn Fn(Duration) -> Duration, &back] {
        let mut scene = Scene::full(3);
        let drawn = scene.pool.draw(Rsa2048).unwrap();
        let Next::Make(begun) = scene.pool.next(1) else { panic!("there is room") };
        let beyond = scene.pool.begin(Rsa2048);
        scene.set_wall(jump);
        assert_eq!(scene.draw(), None);
        scene.pool.put_back(drawn);
        scene.pool.put_back(Pool::adopt(beyond, 100));
        scene.pool.deliver(begun, Some(101));
        assert_eq!(scene.draw(), None);
        scene.fill();
        assert_eq!(scene.draw(), Some(4), "from then on there are new ones");
    }
}

#[test]
fn slewing_and_time_that_passes_throw_nothing_away() {
    let scene = Scene::full(2);
    for _ in 0..100 {
        scene.pass(Duration::from_secs(5));
        scene.set_wall(|wall| wall + Duration::from_millis(900));
        assert!(matches!(scene.pool.next(1), Next::Full));
    }
    assert_eq!(scene.draw(), Some(1));
}

#[test]
fn other_rsa_keys_are_kept_ready_for_an_hour_after_somebody_asked_and_no_others_ever() {
    let mut scene = Scene::full(2);
    assert!(scene.pool.draw(Rsa4096).is_none() && scene.pool.draw(Ed25519).is_none());
    assert_eq!(scene.fill(), [Rsa4096, Rsa4096]);
    assert!(scene.pool.draw(Rsa4096).is_some());
    scene.pass(60 * MINUTE);
    assert_eq!(scene.fill(), [Rsa2048, Rsa2048]);
    assert!(scene.pool.draw(Rsa3072).is_none());
}

#[test]
fn a_closed_pool_has_no_keys_takes_none_and_keeps_nobody_waiting() {
    let scene = Scene::full(2);
    let drawn = scene.pool.draw(Rsa2048).unwrap();
    scene.pool.close();
    scene.pool.put_back(drawn);
    assert_eq!(scene.draw(), None);
    assert!(matches!(scene.pool.next(9), Next::Closed));
    scene.pool.rest(60 * MINUTE);
    scene.pool.wait_until_wanted();
}

#[test]
fn a_draw_wakes_the_thread_that_fills_and_closing_ends_it() {
    let pool = Arc::new(Scene::full(1).pool);
    let filling = thread::spawn({
        let pool = Arc::clone(&pool);
        move || {
            loop {
                match pool.next(1) {
                    Next::Closed => return,
                    Next::Full => pool.wait_until_wanted(),
                    Next::GiveWay => thread::yield_now(),
                    Next::Make(begun) => pool.deliver(begun, Some(7)),
                }
            }
        }
    });
    let started = std::time::Instant::now();
    let mut drawn = 0;
    while drawn < 5 {
        drawn += usize::from(pool.draw(Rsa2048).is_some());
    }
    pool.close();
    filling.join().unwrap();
    assert!(started.elapsed() < LOOK, "nobody waits for the next look at the clocks");
}

#[test]
fn algorithms_that_somebody_asks_for_are_filled_after_those_that_are_always_kept() {
    let mut scene = Scene::new(2);
    assert!(scene.pool.draw(Rsa4096).is_none());
    assert_eq!(scene.fill(), [Rsa2048, Rsa2048, Rsa4096, Rsa4096]);
}
