//! The symbols of a kernel and its modules, and where the points of the model are among them.

use super::image::{Function, Image};
use crate::cli::linux::build::Built;
use anyhow::Context;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use unreg::event::Point;
use unreg::linux::steer::place::{self, Place, Site, Version};
use unreg::linux::steer::places::{WORK, Work};

/// The name that stands for the kernel itself among its modules.
pub(super) const BUILT_IN: &str = "";

/// A kernel's text and that of its modules, by their names.
#[derive(Debug)]
pub(in crate::cli::linux) struct Symbols {
    images: BTreeMap<String, Image>,
    version: Version,
    /// Where each point is.
    spots: HashMap<Point, Vec<(&'static Place, Spot<Point>)>>,
    /// Where workers begin the work of queues, and where they end it.
    work: Vec<(&'static Work, Spot<bool>)>,
}

/// Something to stop at, in a module or the kernel: the address is an offset from where its text is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spot<T> {
    pub(super) address: u64,
    pub(super) what: T,
}

impl Symbols {
    /// Reads the text of a kernel and of its modules.
    pub(in crate::cli::linux) fn of(kernel: &Built) -> anyhow::Result<Symbols> {
        let release = &kernel.about.release;
        let version = place::version(release).with_context(|| format!("{release} is no release of Linux"))?;
        let mut images = BTreeMap::new();
        images.insert(BUILT_IN.to_string(), Image::read(&kernel.linux())?);
        for path in files(&kernel.modules())? {
            let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            images.insert(stem.replace('-', "_"), Image::read(&path)?);
        }
        let mut symbols = Symbols { images, version, spots: HashMap::new(), work: Vec::new() };
        symbols.spots = Point::ALL.iter().map(|point| (*point, symbols.find(*point))).collect();
        symbols.work = symbols.find_work();
        Ok(symbols)
    }

    /// The release that the kernel is of.
    pub(in crate::cli::linux) fn version(&self) -> Version {
        self.version
    }

    /// A kernel's or a module's text.
    pub(super) fn image(&self, module: &str) -> Option<&Image> {
        self.images.get(module)
    }

    /// The address of a function of the kernel itself.
    pub(super) fn kernel(&self, function: &str) -> anyhow::Result<u64> {
        let address = self.images[BUILT_IN].function(function);
        address.with_context(|| {
            format!("this kernel has no function {function}, without which it cannot be steered")
        })
    }

    /// Where a function of the kernel itself returns.
    pub(super) fn returns(&self, function: &str) -> Vec<u64> {
        let image = &self.images[BUILT_IN];
        image.functions(function).iter().flat_map(|function| image.returns(function)).collect()
    }

    /// Where a point is: those of its places that this kernel has, or else their nearest neighbours.
    pub(super) fn spots(&self, point: Point) -> &[(&'static Place, Spot<Point>)] {
        self.spots.get(&point).map_or(&[], Vec::as_slice)
    }

    /// Each place of a point with the function that it is in, and how far into it.
    pub(in crate::cli::linux) fn functions(&self, point: Point) -> Vec<(&'static Place, String, u64)> {
        let function = |(place, spot): &(&'static Place, Spot<Point>)| {
            let image = self.images.get(place.module.unwrap_or(BUILT_IN))?;
            let (function, offset) = image.at(spot.address)?;
            Some((*place, function.to_string(), offset))
        };
        self.spots(point).iter().filter_map(function).collect()
    }

    /// The same, of those that are in one module's text.
    pub(super) fn spots_in(
        &self,
        module: &str,
        point: Point,
    ) -> impl Iterator<Item = &(&'static Place, Spot<Point>)> {
        self.spots(point).iter().filter(move |(place, _)| place.module.unwrap_or(BUILT_IN) == module)
    }

    fn find(&self, point: Point) -> Vec<(&'static Place, Spot<Point>)> {
        let found = |is_near: bool| {
            let places = place::of(point, self.version).filter(move |place| place.near.is_some() == is_near);
            places.flat_map(|place| {
                self.resolve(place).into_iter().map(move |address| (place, Spot { address, what: point }))
            })
        };
        let exact: Vec<_> = found(false).collect();
        if exact.is_empty() { found(true).collect() } else { exact }
    }

    /// Whether a schedule's segment that ends at this point can be followed.
    pub(in crate::cli::linux) fn has_place(&self, point: Point) -> bool {
        let is_everywhere =
            |place: &Place| matches!(place.site, Site::Agent | Site::WorkBegins | Site::WorkEnds);
        place::of(point, self.version).any(is_everywhere) || !self.spots(point).is_empty()
    }

    /// Where workers begin the work of queues, and where they end it.
    pub(super) fn work(&self) -> &[(&'static Work, Spot<bool>)] {
        &self.work
    }

    fn find_work(&self) -> Vec<(&'static Work, Spot<bool>)> {
        let spots = WORK.iter().flat_map(|work| {
            let image = self.images.get(work.module.unwrap_or(BUILT_IN));
            image.into_iter().flat_map(move |image| {
                image.functions(work.function).iter().flat_map(move |function| {
                    let begin = Spot { address: function.address, what: true };
                    let ends =
                        image.returns(function).into_iter().map(|address| Spot { address, what: false });
                    std::iter::once(begin).chain(ends).map(move |spot| (work, spot))
                })
            })
        });
        spots.collect()
    }

    fn resolve(&self, place: &Place) -> Vec<u64> {
        let Some(image) = self.images.get(place.module.unwrap_or(BUILT_IN)) else { return Vec::new() };
        let calls = |caller: &str, callee: &str, nth: u8, is_after: bool| {
            let functions = image.functions(caller).iter();
            let call = functions.filter_map(|function: &Function| {
                let calls = image.calls(function, callee);
                let (at, length) = calls.get(usize::from(nth).checked_sub(1)?)?;
                Some(if is_after { at + length } else { *at })
            });
            call.collect()
        };
        match place.site {
            Site::Entry(function) => {
                image.functions(function).iter().map(|function| function.address).collect()
            }
            Site::Return(function) => {
                image.functions(function).iter().flat_map(|function| image.returns(function)).collect()
            }
            Site::Call(caller, callee, nth) => calls(caller, callee, nth, false),
            Site::After(caller, callee, nth) => calls(caller, callee, nth, true),
            Site::Agent | Site::WorkBegins | Site::WorkEnds => Vec::new(),
        }
    }
}

/// Every module below a folder, in the order of their names.
pub(in crate::cli::linux) fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries =
            std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let path = entry.path();
            match entry.file_type()? {
                kind if kind.is_dir() => folders.push(path),
                kind if kind.is_file() && path.extension().is_some_and(|ending| ending == "ko") => {
                    files.push(path)
                }
                _ => {}
            }
        }
    }
    files.sort();
    Ok(files)
}
