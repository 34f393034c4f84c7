//! What is remembered of objects, of each life apart: an object that comes back answers for itself alone.

use crate::event::{IbDevice, Life};
use crate::operand::Operand;

/// What is remembered of `N` objects, of each life of theirs apart.
///
/// An event that does not say which life it is about is about the last one that began.
#[derive(Debug)]
pub(in crate::invariant) struct Lives<T, const N: usize> {
    last: [(Life, T); N],
    /// What is remembered of the lives before the last, by object and life: few come back.
    before: Vec<(usize, Life, T)>,
}

impl<T: Default + Copy, const N: usize> Default for Lives<T, N> {
    fn default() -> Self {
        Lives { last: [(0, T::default()); N], before: Vec::new() }
    }
}

impl<T: Default + Copy, const N: usize> Lives<T, N> {
    /// What is remembered of one life of an object.
    #[inline]
    pub(in crate::invariant) fn of(&mut self, object: usize, life: Life) -> &mut T {
        let last = self.last[object].0;
        if life != last && life != 0 {
            if life < last {
                return self.of_earlier(object, life);
            }
            self.begins(object, life);
        }
        &mut self.last[object].1
    }

    /// Changes what is remembered of every life of every object.
    pub(in crate::invariant) fn for_all(&mut self, mut change: impl FnMut(&mut T)) {
        self.last.iter_mut().for_each(|(_, it)| change(it));
        self.before.iter_mut().for_each(|(.., it)| change(it));
    }

    /// What is remembered of every life of an object.
    pub(in crate::invariant) fn all(&self, object: usize) -> impl Iterator<Item = &T> {
        let before = self.before.iter().filter(move |(of, ..)| *of == object).map(|(.., it)| it);
        before.chain(std::iter::once(&self.last[object].1))
    }

    /// What is remembered of the last life of each object.
    pub(in crate::invariant) fn last(&self) -> impl Iterator<Item = &T> {
        self.last.iter().map(|(_, of)| of)
    }

    /// A life begins that the trace has not named before. What was said of none in particular was said of the first.
    fn begins(&mut self, object: usize, life: Life) {
        let last = &mut self.last[object];
        if last.0 != 0 {
            self.before.push((object, last.0, last.1));
            last.1 = T::default();
        }
        last.0 = life;
    }

    fn of_earlier(&mut self, object: usize, life: Life) -> &mut T {
        let known = self.before.iter().position(|(of, earlier, _)| (*of, *earlier) == (object, life));
        let at = known.unwrap_or_else(|| {
            self.before.push((object, life, T::default()));
            self.before.len() - 1
        });
        &mut self.before[at].2
    }
}

/// What is remembered of RDMA devices, of each life of theirs apart. A device that is renamed stays the same.
///
/// A trace that does not tell lives apart tells devices apart by their names.
#[derive(Debug)]
pub(in crate::invariant) struct ByName<T> {
    named: [T; IbDevice::COUNT],
    lives: Lives<T, 1>,
}

impl<T: Default + Copy> Default for ByName<T> {
    fn default() -> Self {
        ByName { named: [T::default(); IbDevice::COUNT], lives: Lives::default() }
    }
}

impl<T: Default + Copy> ByName<T> {
    /// What is remembered of the device that an event is about.
    pub(in crate::invariant) fn of(&mut self, name: IbDevice, life: Life) -> &mut T {
        if life == 0 { &mut self.named[name.index()] } else { self.lives.of(0, life) }
    }

    /// A device goes by another name from here on.
    pub(in crate::invariant) fn renamed(&mut self, old: u8, name: IbDevice, life: Life) {
        if life == 0
            && let Some(old) = IbDevice::from_byte(old).filter(|old| *old != name)
        {
            self.named[name.index()] = std::mem::take(&mut self.named[old.index()]);
        }
    }
}

/// A set of lives, of whatever objects: no two have the same number.
#[derive(Debug, Default)]
pub(in crate::invariant) struct LifeSet([u128; 2]);

impl LifeSet {
    fn bit(life: Life) -> (usize, u128) {
        (usize::from(life / 128), 1 << (life % 128))
    }

    /// Adds a life, if the event names one.
    pub(in crate::invariant) fn insert(&mut self, life: Life) {
        let (half, bit) = Self::bit(life);
        // The last number is that of all objects which a byte cannot number.
        if life != 0 && life != Life::MAX {
            self.0[half] |= bit;
        }
    }

    /// Whether a life is in the set.
    pub(in crate::invariant) fn contains(&self, life: Life) -> bool {
        let (half, bit) = Self::bit(life);
        self.0[half] & bit != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_life_has_a_memory_of_its_own() {
        let mut lives: Lives<u8, 2> = Lives::default();
        *lives.of(0, 3) = 1;
        *lives.of(0, 7) = 2;
        assert_eq!(*lives.of(0, 3), 1);
        assert_eq!(*lives.of(0, 7), 2);
        assert_eq!(*lives.of(0, 0), 2, "who names no life means the last");
        assert_eq!(*lives.of(1, 0), 0);
        *lives.of(0, 5) = 9;
        assert_eq!((*lives.of(0, 5), *lives.of(0, 0)), (9, 2));
        assert_eq!(lives.last().copied().collect::<Vec<_>>(), [2, 0]);
        assert_eq!(lives.all(0).copied().collect::<Vec<_>>(), [1, 9, 2]);
    }

    #[test]
    fn what_is_said_before_a_life_is_named_is_said_of_the_first() {
        let mut lives: Lives<u8, 1> = Lives::default();
        *lives.of(0, 0) = 4;
        assert_eq!(*lives.of(0, 2), 4);
        assert_eq!(*lives.of(0, 3), 0);
    }

    #[test]
    fn a_name_is_taken_along_where_lives_are_not_told_apart() {
        let mut names: ByName<u8> = ByName::default();
        *names.of(IbDevice::Rxe0, 0) = 1;
        names.renamed(IbDevice::Rxe0.to_byte(), IbDevice::Rxe1, 5);
        assert_eq!(*names.of(IbDevice::Rxe1, 0), 0, "that was a device with a life");
        names.renamed(IbDevice::Rxe0.to_byte(), IbDevice::Rxe1, 0);
        assert_eq!((*names.of(IbDevice::Rxe0, 0), *names.of(IbDevice::Rxe1, 0)), (0, 1));
        names.renamed(IbDevice::Rxe1.to_byte(), IbDevice::Rxe1, 0);
        assert_eq!(*names.of(IbDevice::Rxe1, 0), 1, "it keeps its name");
        *names.of(IbDevice::Rxe1, 3) = 7;
        assert_eq!((*names.of(IbDevice::Rxe0, 3), *names.of(IbDevice::Rxe1, 0)), (7, 1));
    }

    #[test]
    fn a_set_has_what_was_put_in_and_never_what_has_no_number() {
        let mut set = LifeSet::default();
        [0, 1, 127, 128, 255].into_iter().for_each(|life| set.insert(life));
        assert!([1, 127, 128].into_iter().all(|life| set.contains(life)));
        assert!([0, 2, 126, 129, 255].into_iter().all(|life| !set.contains(life)));
    }
}
