//! Parts of a devlink instance: every kind in one table, from which all that treats them alike follows.

use super::name::*;
use super::subject::Subject;

/// Declares the kinds of parts: the subject, what numbers it in its instance, and what people call it.
macro_rules! parts {
    ($($kind:ident($name:ident) $word:literal,)+) => {
        /// The kinds of parts in the order of the table.
        enum Kind { $($kind,)+ }

        /// How many parts of each kind an instance can have.
        const COUNTS: &[usize] = &[$($name::COUNT,)+];

        impl Subject {
            /// How many parts an instance can have, whatever its driver.
            pub const PARTS: usize = 0 $(+ $name::COUNT)+;

            /// The instance that this is a part of, and its place among all parts: below [`Subject::PARTS`].
            pub const fn part(self) -> Option<(Handle, usize)> {
                match self {
                    $(Subject::$kind(handle, name) => {
                        const BEFORE: usize = sum(Kind::$kind as usize);
                        Some((handle, BEFORE + name.index()))
                    })+
                    _ => None,
                }
            }

            /// The kind of part, as `devlink monitor` names it.
            pub const fn part_kind(self) -> Option<&'static str> {
                match self { $(Subject::$kind(..) => Some($word),)+ _ => None }
            }

            /// The same part of another instance; what is no part stays.
            const fn part_of(self, handle: Handle) -> Subject {
                match self { $(Subject::$kind(_, name) => Subject::$kind(handle, name),)+ other => other }
            }
        }
    };
}

parts! {
    Port(PortIndex) "port",
    Trap(Trap) "trap",
    TrapGroup(TrapGroup) "trap-group",
    TrapPolicer(TrapPolicer) "trap-policer",
    Region(Region) "region",
    Param(Param) "param",
    Rate(RateName) "rate",
    Snapshot(SnapshotId) "region",
    Reporter(Reporter) "health",
    Resource(Resource) "resource",
    LineCard(LineCard) "linecard",
}

/// How many parts there can be of the first kinds together.
const fn sum(kinds: usize) -> usize {
    let (mut sum, mut kind) = (0, 0);
    while kind < kinds {
        sum += COUNTS[kind];
        kind += 1;
    }
    sum
}

impl Subject {
    /// The devlink instance this is, or is a part or the eswitch of.
    pub const fn handle(self) -> Option<Handle> {
        match (self, self.part()) {
            (_, Some((handle, _))) => Some(handle),
            (Subject::Devlink(handle) | Subject::Eswitch(handle) | Subject::NetnsOf(handle), _) => {
                Some(handle)
            }
            (Subject::Info(handle) | Subject::Flash(handle) | Subject::Actions(handle), _) => Some(handle),
            _ => None,
        }
    }

    /// The device under devlink that this is about: its instance, a part of that, or what its driver has.
    pub const fn device(self) -> Option<Handle> {
        match (self, self.handle()) {
            (_, Some(handle))
            | (Subject::Device(handle) | Subject::PortNetdev(handle, _) | Subject::Knob(handle, _), _)
            | (Subject::Auxiliary(handle, _) | Subject::Occupancy(handle, _), _) => Some(handle),
            _ => None,
        }
    }

    /// The same of another device; what belongs to no device stays.
    pub const fn on(self, handle: Handle) -> Subject {
        match self {
            Subject::Devlink(_) => Subject::Devlink(handle),
            Subject::Eswitch(_) => Subject::Eswitch(handle),
            Subject::NetnsOf(_) => Subject::NetnsOf(handle),
            Subject::Info(_) => Subject::Info(handle),
            Subject::Flash(_) => Subject::Flash(handle),
            Subject::Actions(_) => Subject::Actions(handle),
            Subject::Device(_) => Subject::Device(handle),
            Subject::Auxiliary(_, device) => Subject::Auxiliary(handle, device),
            Subject::PortNetdev(_, port) => Subject::PortNetdev(handle, port),
            Subject::Knob(_, knob) => Subject::Knob(handle, knob),
            Subject::Occupancy(_, resource) => Subject::Occupancy(handle, resource),
            other => other.part_of(handle),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_has_a_place_of_its_own_and_can_be_of_another_instance() {
        let handle = Handle::Netdevsim0;
        let mut parts: Vec<Subject> =
            PortIndex::ALL.iter().map(|port| Subject::Port(handle, *port)).collect();
        parts.extend(Trap::ALL.iter().map(|trap| Subject::Trap(handle, *trap)));
        parts.extend(Param::ALL.iter().map(|param| Subject::Param(handle, *param)));
        let mut places: Vec<usize> = parts.iter().map(|part| part.part().unwrap().1).collect();
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len(), parts.len());
        assert!(places.iter().all(|place| *place < Subject::PARTS));
        for part in parts {
            assert_eq!(part.on(Handle::Mlx50).handle(), Some(Handle::Mlx50));
            assert_eq!(part.on(Handle::Mlx50).part().unwrap().1, part.part().unwrap().1);
        }
    }
}
