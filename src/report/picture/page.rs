//! A picture as SVG, and as a page of HTML that needs nothing besides itself.

use super::{Kind, Lane, Picture};
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Value, context};
use serde::Serialize;

const PAGE: &str = include_str!("page.html");
const SVG: &str = include_str!("picture.svg");
const STYLE: &str = include_str!("picture.css");

/// The height of a row of bars, of the gap below a lane, and of the name of a broken invariant above all, in pixels.
const ROW: usize = 14;
const GAP: usize = 10;
const HEAD: usize = 12;
/// The width of the names of the lanes.
const NAMES: usize = 190;
/// A label is drawn if its bar has so many pixels for each letter.
const LETTER: usize = 6;

/// A lane and where it is.
#[derive(Debug, Serialize)]
struct Placed<'p> {
    lane: &'p Lane,
    top: usize,
    height: usize,
}

/// How many pixels a step is wide.
fn step(steps: usize) -> usize {
    match steps {
        0..=70 => 18,
        71..=150 => 12,
        151..=600 => 7,
        601..=2000 => 4,
        _ => 2,
    }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    let templates = [("page", PAGE), ("svg", SVG)];
    for (name, source) in templates {
        environment.add_template(name, source).expect("the template is well-formed");
    }
    environment
}

fn render(picture: &Picture, is_alone: bool) -> String {
    let head = 8 + HEAD * picture.broken.len();
    let mut top = head;
    let mut placed = Vec::new();
    for lane in &picture.lanes {
        // Bars of lives are thin.
        let height = match lane.kind {
            Kind::Task => lane.rows * ROW,
            Kind::Heard => ROW,
            Kind::Life => ROW,
        };
        placed.push(Placed { lane, top, height });
        top += height + GAP;
    }
    let step = step(picture.steps);
    let names = if is_alone { NAMES } else { 8 };
    let context = context! {
        picture => Value::from(Serde(picture)), lanes => Value::from(Serde(&placed)), step, row => ROW, letter => LETTER, names,
        width => names + picture.steps * step + 2 * step + 8,
        height => top, is_alone, style => STYLE, head, line => HEAD,
    };
    let environment = environment();
    let rendered = |name: &str, context: Value| {
        let template = environment.get_template(name).expect("it was added");
        template.render(context).expect("the template names what there is")
    };
    let drawing = rendered("svg", context.clone());
    if is_alone {
        drawing
    } else {
        let drawing = Value::from_safe_string(drawing);
        rendered("page", context! { drawing, ..context })
    }
}

/// The picture as one SVG, with the names of the lanes in it.
pub fn svg(picture: &Picture) -> String {
    render(picture, true)
}

/// The picture as one page.
pub fn html(picture: &Picture) -> String {
    render(picture, false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Handle, Notice, Subject, Trace, What};
    use crate::invariant::{Violation, named};
    use crate::program::Program;

    fn picture(events: usize) -> Picture {
        let of = Subject::Devlink(Handle::Mlx50);
        let all = (0..events).map(|_| (0, What::Notify(Notice::New, of, 0)));
        let trace = Trace::of(all);
        let violation = Violation { invariant: named("no-deadlock").unwrap(), at: events - 1 };
        Picture::of(&Program::default(), &trace, &[violation], "<a> & \"b\"", "settled")
    }

    #[test]
    fn a_page_has_the_violation_and_asks_for_nothing_outside() {
        let page = html(&picture(3));
        assert!(page.starts_with("<!doctype html>"));
        for text in [
            "no-deadlock",
            "Matan Barak",
            "id=\"broken-0\"",
            "&lt;a&gt; &amp; &quot;b&quot;",
            "prefers-color-scheme: dark",
            "@media print",
        ] {
            assert!(page.contains(text), "no {text}");
        }
        for outside in ["http://", "https://", "src=", "@import", "url("] {
            let own = page.replace("http://www.w3.org/2000/svg", "").replace("url(#tip)", "");
            assert!(!own.contains(outside), "{outside}");
        }
        assert!(!page.contains("<a> &"), "what is not ours is escaped");
    }

    #[test]
    fn every_mark_can_be_reached_by_the_keyboard() {
        let page = html(&picture(3));
        assert_eq!(page.matches("class=\"mark").count(), page.matches("tabindex=\"0\" role=\"img\"").count());
        assert!(page.matches("class=\"mark").count() >= 6, "in the task's lane and in the namespace's");
    }

    #[test]
    fn five_thousand_events_are_drawn() {
        let page = html(&picture(5000));
        assert!(page.len() < 8 * 1024 * 1024, "{} bytes", page.len());
        assert_eq!(page.matches("class=\"mark").count(), 10_000);
    }

    #[test]
    fn an_svg_stands_alone() {
        let svg = svg(&picture(3));
        assert!(svg.trim_start().starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
        assert!(svg.contains("<style>") && svg.contains("heard in netns init"));
        assert!(!svg.contains("<script"));
    }
}
