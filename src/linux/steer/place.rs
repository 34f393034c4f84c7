//! Places: where the points of the model are in the text of a kernel.

use crate::event::Point;

/// Where a point is, by the names of functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Site {
    /// Where a function is entered.
    Entry(&'static str),
    /// Where a function returns to its caller, whatever that is.
    Return(&'static str),
    /// Where the first function is about to call the second, at the n-th such call in its text.
    Call(&'static str, &'static str, u8),
    /// Where the second function has returned to the first, from the n-th such call in its text.
    After(&'static str, &'static str, u8),
    /// The agent itself, between two commands.
    Agent,
    /// Where a worker begins the work of a queue, in each of the functions of [`WORK`](super::places::WORK).
    WorkBegins,
    /// Where a worker has ended the work of a queue.
    WorkEnds,
}

impl std::fmt::Display for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Site::Entry(function) => write!(f, "{function}"),
            Site::Return(function) => write!(f, "{function}:return"),
            Site::Call(caller, callee, nth) => write!(f, "{caller}, before {callee} #{nth}"),
            Site::After(caller, callee, nth) => write!(f, "{caller}, after {callee} #{nth}"),
            Site::Agent => f.write_str("the agent"),
            Site::WorkBegins => f.write_str("a work function"),
            Site::WorkEnds => f.write_str("a work function:return"),
        }
    }
}

/// A release by its two numbers, as 6.12.
pub type Version = (u16, u16);

/// A place of a point in some releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The point.
    pub point: Point,
    /// The module that has the text; none for what is built in.
    pub module: Option<&'static str>,
    /// Where in it.
    pub site: Site,
    /// The first release that has it.
    pub since: Version,
    /// The first release that no longer has it.
    pub before: Version,
    /// The commands that come to the point there, if others come to the place too.
    pub commands: &'static [&'static str],
    /// The commands that come to the place and there to no point.
    pub others: &'static [&'static str],
    /// What it is instead, if it is the nearest neighbour of the place that is meant.
    pub near: Option<&'static str>,
}

/// A place at which every release stops.
pub(crate) const fn at(point: Point, site: Site) -> Place {
    Place {
        point,
        module: None,
        site,
        since: (0, 0),
        before: (u16::MAX, 0),
        commands: &[],
        others: &[],
        near: None,
    }
}

impl Place {
    /// The same in the text of a module.
    pub(crate) const fn of(self, module: &'static str) -> Place {
        Place { module: Some(module), ..self }
    }

    /// The same from a release on.
    pub(crate) const fn since(self, major: u16, minor: u16) -> Place {
        Place { since: (major, minor), ..self }
    }

    /// The same up to the release before this one.
    pub(crate) const fn before(self, major: u16, minor: u16) -> Place {
        Place { before: (major, minor), ..self }
    }

    /// The same, where only these commands come to the point.
    pub(crate) const fn by(self, commands: &'static [&'static str]) -> Place {
        Place { commands, ..self }
    }

    /// The same, where these commands do not come to the point.
    pub(crate) const fn not_by(self, others: &'static [&'static str]) -> Place {
        Place { others, ..self }
    }

    /// The same as a neighbour of the place that is meant, which the compiler has inlined or which has no name.
    pub(crate) const fn near(self, why: &'static str) -> Place {
        Place { near: Some(why), ..self }
    }

    /// Whether a task comes to the point here with this command; a worker has none, and may be about any.
    pub fn is_by(&self, command: Option<&str>) -> bool {
        command.is_none_or(|command| {
            (self.commands.is_empty() || self.commands.contains(&command)) && !self.others.contains(&command)
        })
    }

    /// Whether a kernel of this release may have it.
    pub fn is_in(&self, version: Version) -> bool {
        self.since <= version && version < self.before
    }
}

/// The first two numbers of a release as `uname -r` prints it.
pub fn version(release: &str) -> Option<Version> {
    let mut numbers = release.split(|letter: char| !letter.is_ascii_digit());
    let mut number = || numbers.next()?.parse().ok();
    Some((number()?, number()?))
}

/// The places of a point in a release, the best first.
pub fn of(point: Point, version: Version) -> impl Iterator<Item = &'static Place> {
    super::places::all().filter(move |place| place.point == point && place.is_in(version))
}

/// Where a point stands in the table. Of points that share a place, a task comes to them in that order.
pub fn rank(point: Point) -> usize {
    super::places::all().position(|place| place.point == point).unwrap_or(usize::MAX)
}

/// Why a point has no place in any release.
pub fn why_none(point: Point) -> Option<&'static str> {
    super::places::NOWHERE.iter().find(|(none, _)| *none == point).map(|(_, why)| *why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_read_by_its_first_two_numbers() {
        assert_eq!(version("6.12.117"), Some((6, 12)));
        assert_eq!(version("7.3.4-mine"), Some((7, 3)));
        assert_eq!((version("mine"), version("6")), (None, None));
    }

    #[test]
    fn a_place_that_commands_share_is_some_points_for_some_of_them() {
        let place = at(Point::DevlinkLookup, Site::Agent);
        assert!(place.is_by(None) && place.is_by(Some("devlink.get")));
        let place = place.by(&["devlink.get", "devlink.reload"]).not_by(&["devlink.reload"]);
        assert!(place.is_by(None) && place.is_by(Some("devlink.get")));
        assert!(!place.is_by(Some("devlink.reload")) && !place.is_by(Some("devlink.flash")));
    }

    #[test]
    fn every_point_has_a_place_or_a_reason_why_it_has_none_and_not_both() {
        for point in Point::ALL {
            let has_place = super::super::places::all().any(|place| place.point == *point);
            assert_ne!(has_place, why_none(*point).is_some(), "{point}");
        }
    }
}
