//! Whose turn it is: so many work at once, and those who wait take turns, whoever has how many requests.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::domain::Owner;

/// Turns for a bounded number of workers, with a bounded number of requests that wait.
pub(super) struct Turns {
    state: Mutex<State>,
    /// How many requests may wait.
    bound: usize,
}

struct State {
    /// How many more could work.
    free: usize,
    /// Those who wait, in the order in which their next turn comes.
    lines: VecDeque<Line>,
}

/// The requests of one party, the oldest first. Never empty.
struct Line {
    party: Owner,
    waiters: VecDeque<oneshot::Sender<Turn>>,
}

/// The right to work; whoever is next gets it when it is dropped.
pub(super) struct Turn(Option<Arc<Turns>>);

/// What a request finds.
pub(super) enum Place {
    Now(Turn),
    /// Resolves to the turn; fails where somebody who has fewer requests took the place.
    Later(oneshot::Receiver<Turn>),
    /// All places are taken.
    Full,
}

impl Turns {
    pub(super) fn new(workers: usize, bound: usize) -> Self {
        Self { state: Mutex::new(State { free: workers, lines: VecDeque::new() }), bound }
    }

    /// One party's burst neither keeps others waiting behind all of it nor fills all places: in a full queue the youngest
    /// request of the longest line makes room for a party with a shorter one.
    pub(super) fn take(self: &Arc<Self>, party: &Owner) -> Place {
        let mut state = self.lock();
        if state.free > 0 {
            state.free -= 1;
            return Place::Now(Turn(Some(Arc::clone(self))));
        }
        state.forget_the_gone();
        if state.waiting() >= self.bound && !state.make_room(party) {
            return Place::Full;
        }
        let (waiter, turn) = oneshot::channel();
        state.join(party, waiter);
        Place::Later(turn)
    }

    /// How many could work at once without anybody having to wait.
    pub(super) fn free(&self) -> usize {
        self.lock().free
    }

    pub(super) fn waiting(&self) -> usize {
        let mut state = self.lock();
        state.forget_the_gone();
        state.waiting()
    }

    /// Hands a turn that is over to the next who still waits for it.
    fn pass_on(self: &Arc<Self>) {
        loop {
            let next = {
                let mut state = self.lock();
                let next = state.next();
                if next.is_none() {
                    state.free += 1;
                }
                next
            };
            let Some(next) = next else { return };
            match next.send(Turn(Some(Arc::clone(self)))) {
                Ok(()) => return,
                // Whoever waited is gone. This turn is passed on here, not by being dropped.
                Err(mut unwanted) => drop(unwanted.0.take()),
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn waiting(&self) -> usize {
        self.lines.iter().map(|line| line.waiters.len()).sum()
    }

    fn join(&mut self, party: &Owner, waiter: oneshot::Sender<Turn>) {
        match self.lines.iter_mut().find(|line| line.party == *party) {
            Some(line) => line.waiters.push_back(waiter),
            None => self.lines.push_back(Line { party: party.clone(), waiters: [waiter].into() }),
        }
    }

    /// The oldest request of the first line, which goes behind all others.
    fn next(&mut self) -> Option<oneshot::Sender<Turn>> {
        let mut line = self.lines.pop_front()?;
        let next = line.waiters.pop_front();
        if !line.waiters.is_empty() {
            self.lines.push_back(line);
        }
        next
    }

    /// Refuses the youngest request of the longest line, if that stays no shorter than `party`'s becomes.
    fn make_room(&mut self, party: &Owner) -> bool {
        let own = self.lines.iter().find(|line| line.party == *party).map_or(0, |line| line.waiters.len());
        match self.lines.iter_mut().max_by_key(|line| line.waiters.len()) {
            Some(longest) if longest.waiters.len() > own + 1 => longest.waiters.pop_back().is_some(),
            Some(_) | None => false,
        }
    }

    fn forget_the_gone(&mut self) {
        self.lines.iter_mut().for_each(|line| line.waiters.retain(|waiter| !waiter.is_closed()));
        self.lines.retain(|line| !line.waiters.is_empty());
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(turns) = self.0.take() {
            turns.pass_on();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ProjectId;

    fn project(id: &str) -> Owner {
        Owner::Project(ProjectId::parse(id).unwrap())
    }

    /// One worker, whose turn is taken.
    fn one_at_work(bound: usize) -> (Arc<Turns>, Turn) {
        let turns = Arc::new(Turns::new(1, bound));
        let Place::Now(turn) = turns.take(&project("first")) else { panic!("nobody works yet") };
        (turns, turn)
    }

    fn wait(turns: &Arc<Turns>, party: &str) -> oneshot::Receiver<Turn> {
        match turns.take(&project(party)) {
            Place::Later(turn) => turn,
            Place::Now(_) | Place::Full => panic!("{party} does not wait"),
        }
    }

    /// Ends one turn after another, and says whose were next.
    fn order(first: Turn, mut waiting: Vec<(&str, oneshot::Receiver<Turn>)>) -> String {
        let mut order = Vec::new();
        let mut turn = Some(first);
        while turn.take().is_some() {
            for (party, receiver) in &mut waiting {
                if let Ok(got) = receiver.try_recv() {
                    assert!(turn.is_none(), "two work at once");
                    order.push(*party);
                    turn = Some(got);
                }
            }
        }
        order.join(" ")
    }

    #[test]
    fn s58_one_partys_burst_does_not_keep_others_waiting_behind_all_of_it() {
        let (turns, first) = one_at_work(9);
        let parties = ["a", "a", "a", "a", "b", "b", "c"];
        let waiting = parties.map(|party| (party, wait(&turns, party))).into();
        assert_eq!(order(first, waiting), "a b c a b a a");
        assert_eq!((turns.free(), turns.waiting()), (1, 0));
    }

    #[test]
    fn s58_a_full_queue_refuses_and_makes_room_only_for_who_has_fewer() {
        let (turns, first) = one_at_work(3);
        let mut a = ["a", "a", "a"].map(|party| wait(&turns, party));
        assert!(matches!(turns.take(&project("a")), Place::Full));
        let b = wait(&turns, "b");
        assert!(a[2].try_recv().is_err_and(|error| error == oneshot::error::TryRecvError::Closed), "the youngest");
        assert!(matches!(turns.take(&project("b")), Place::Full), "nobody has more than b would");
        let c = wait(&turns, "c");
        let [oldest, ..] = a;
        assert_eq!(order(first, vec![("a", oldest), ("b", b), ("c", c)]), "a b c");
    }

    #[test]
    fn who_goes_away_gives_place_and_turn_to_others() {
        let (turns, first) = one_at_work(2);
        drop([wait(&turns, "a"), wait(&turns, "a")]);
        let waiting = vec![("b", wait(&turns, "b")), ("c", wait(&turns, "c"))];
        assert_eq!(turns.waiting(), 2);
        assert_eq!(order(first, waiting), "b c");

        let Place::Now(first) = turns.take(&project("a")) else { panic!("nobody works") };
        let (gone, stays) = (wait(&turns, "a"), wait(&turns, "b"));
        drop(gone);
        assert_eq!(order(first, vec![("b", stays)]), "b");
        // A turn that was given and never looked at is not lost.
        let Place::Now(first) = turns.take(&project("a")) else { panic!("nobody works") };
        let unseen = wait(&turns, "a");
        drop(first);
        drop(unseen);
        assert_eq!(turns.free(), 1);
    }
}
