//! `unreg linux places`: where the points of the model are in a kernel.

use super::Symbols;
use crate::cli::linux::boot::Which;
use crate::cli::{Outcome, out};
use unreg::event::Point;
use unreg::linux::steer::place::{self, Site};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    which: Which,
    /// Print only the points that have no place in this kernel
    #[arg(long)]
    missing: bool,
}

/// How many points of each kind there are.
#[derive(Debug, Default)]
struct Count {
    placed: u32,
    near: u32,
    lost: u32,
    nowhere: u32,
}

pub(in crate::cli::linux) fn places(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let setup = arguments.which.setup()?;
    let symbols = Symbols::of(&setup.kernel)?;
    let mut count = Count::default();
    let mut text = String::new();
    for point in Point::ALL {
        let (is_placed, rows) = rows(&symbols, *point, &mut count);
        if is_placed && arguments.missing {
            continue;
        }
        rows.iter().for_each(|row| text.push_str(&format!("{point:48} {row}\n")));
    }
    let Count { placed, near, lost, nowhere } = count;
    let all = placed + near + lost;
    let share = f64::from(placed + near) * 100.0 / f64::from(all.max(1));
    text.push_str(&format!(
        "Linux {}: of {all} points of this kernel {} have a place ({share:.0} %), {near} of them a neighbour; \
         {nowhere} are of no kernel that can be built\n",
        setup.kernel.about.release,
        placed + near,
    ));
    out::print(&text)?;
    Ok(Outcome::Clean)
}

/// What is said of one point, and whether it has a place.
fn rows(symbols: &Symbols, point: Point, count: &mut Count) -> (bool, Vec<String>) {
    if let Some(why) = place::why_none(point) {
        count.nowhere += 1;
        return (false, vec![format!("no place: {why}")]);
    }
    let is_everywhere = |site: Site| matches!(site, Site::Agent | Site::WorkBegins | Site::WorkEnds);
    let everywhere = place::of(point, symbols.version()).find(|place| is_everywhere(place.site));
    if let Some(place) = everywhere {
        count.placed += 1;
        return (true, vec![place.site.to_string()]);
    }
    let spots = symbols.spots(point);
    if spots.is_empty() {
        let tried: Vec<String> =
            place::of(point, symbols.version()).map(|place| place.site.to_string()).collect();
        if tried.is_empty() {
            count.nowhere += 1;
            return (false, vec!["no place: not of this release".to_string()]);
        }
        count.lost += 1;
        return (false, vec![format!("no place: not in the text of this build: {}", tried.join("; "))]);
    }
    match spots[0].0.near {
        Some(_) => count.near += 1,
        None => count.placed += 1,
    }
    let row = |(place, spot): &(&place::Place, super::symbols::Spot<Point>)| {
        let module = place.module.map_or(String::new(), |module| format!(" [{module}]"));
        let near = place.near.map_or(String::new(), |why| format!(" (near: {why})"));
        format!("{:#x}{module} {}{near}", spot.address, place.site)
    };
    (true, spots.iter().map(row).collect())
}
