//! What holds until several looks in a row say otherwise.

/// So many looks must agree before what holds changes: one slow SELECT takes no replica out, and one that succeeds between
/// two that fail brings none back.
const IN_A_ROW: u32 = 3;

/// A value that was seen, and what may replace it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Steady<T> {
    holds: Option<T>,
    /// Another value, and how often in a row it has been seen.
    other: Option<(T, u32)>,
}

impl<T> Default for Steady<T> {
    /// Nobody has looked yet.
    fn default() -> Self {
        Self { holds: None, other: None }
    }
}

impl<T: Copy + PartialEq> Steady<T> {
    /// What holds, once somebody has looked.
    pub(super) fn holds(&self) -> Option<T> {
        self.holds
    }

    /// Takes note of a look; what holds from now on, if that changed. The first look holds at once.
    pub(super) fn see(&mut self, seen: T) -> Option<T> {
        if self.holds == Some(seen) {
            self.other = None;
            return None;
        }
        let before = self.other.filter(|(other, _)| *other == seen).map_or(0, |(_, times)| times);
        let times = before + 1;
        if self.holds.is_some() && times < IN_A_ROW {
            self.other = Some((seen, times));
            return None;
        }
        *self = Self { holds: Some(seen), other: None };
        self.holds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(seen: &str) -> Option<char> {
        let mut steady = Steady::default();
        for each in seen.chars() {
            steady.see(each);
        }
        steady.holds()
    }

    #[test]
    fn the_first_look_holds_at_once_and_then_three_in_a_row_change_it() {
        let cases = [
            ("", None),
            ("a", Some('a')),
            ("ab", Some('a')),
            ("abb", Some('a')),
            ("abbb", Some('b')),
            ("abbabb", Some('a')),
            ("abcbc", Some('a')),
            ("abbbaa", Some('b')),
            ("abbbaaa", Some('a')),
        ];
        for (seen, holds) in cases {
            assert_eq!(after(seen), holds, "{seen}");
        }
    }

    #[test]
    fn a_change_is_told_once() {
        let mut steady = Steady::default();
        let told: Vec<_> = "aabbbb".chars().map(|seen| steady.see(seen)).collect();
        assert_eq!(told, [Some('a'), None, None, None, Some('b'), None]);
    }
}
