//! `unreg linux conform`: the same programs on the model and on a real kernel, compared event by event.

mod schedules;

use super::boot::Which;
use super::build;
use super::guest::Sabotage;
use super::kernel::RealKernel;
use super::steer::Symbols;
use crate::cli::progress::Stage;
use crate::cli::{Outcome, choose, findings, json, load, out};
use anyhow::Context;
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use unreg::event::{Trace, What};
use unreg::linux::steer::Log;
use unreg::linux::{compare, perform};
use unreg::minimize::minimize;
use unreg::program::{Command, Program, Subsystem, Variants};
use unreg::run::Machine;
use unreg::search::Sequences;

/// How many programs are made up when nobody says.
const COUNT: usize = 100;
/// Of the programs that differ by one cause so many are made small.
const SMALL: usize = 3;
/// What they are about when nobody says: each in turn.
const ROTA: [Subsystem; 3] = [Subsystem::Devlink, Subsystem::Mdev, Subsystem::Ib];

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// Programs to compare, or folders of `.prog` files [default: programs that are made up]
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How many programs to make up
    #[arg(long, value_name = "N", conflicts_with = "files")]
    count: Option<usize>,
    /// Where the programs come from: one seed, one list of programs
    #[arg(long, value_name = "N", default_value_t = 1, conflicts_with = "files")]
    seed: u64,
    /// Make programs up of the commands of one subsystem [default: of each in turn]
    #[arg(long, value_name = "SUBSYSTEM", value_parser = choose::subsystem, conflicts_with = "files")]
    subsystem: Option<Subsystem>,
    /// The decisions of the model [default: linux-6.12, or linux-6.1 for a kernel of that release]
    #[arg(long, value_name = "VARIANT", value_parser = choose::variants)]
    variant: Option<Variants>,
    /// So many guests at a time [default: one a processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// Run the programs in the opposite order: what one leaves behind for the next shows
    #[arg(long)]
    reverse: bool,
    /// Have something bad happen to the first program's guest, to see that the run survives it
    #[arg(long, value_enum, hide = true)]
    sabotage: Option<Sabotage>,
    /// Make programs of several tasks up, with schedules that the kernel follows
    #[arg(long, conflicts_with_all = ["files", "reverse"])]
    schedules: bool,
    /// Stop at the first difference, and print its program as it is
    #[arg(long)]
    first: bool,
    /// Store each program that is equal in this folder, with what the kernel says of it
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Print lines of JSON: one for each cause by which programs differ, then one for all
    #[arg(long, conflicts_with = "explain")]
    json: bool,
    /// Say what is not compared, and why
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    which: Which,
}

/// One comparison.
struct Compared {
    /// Where the two first differ, if they do.
    difference: Option<Difference>,
    /// How often each command was run, and how often the kernel did it.
    commands: BTreeMap<&'static str, (u32, u32)>,
    /// How many segments the schedule has, and how many of them the kernel followed.
    segments: (usize, usize),
    /// What the kernel shows of it, as it is compared.
    lines: Vec<String>,
    /// The first segment that it did not follow, if there is one: then nothing is compared.
    unfollowed: Option<String>,
}

/// A program whose two traces differ, made as small as it can be.
struct Difference {
    /// What differs first, without numbers.
    cause: String,
    program: Program,
    /// Both traces side by side; none of a program that differs by a cause that another one has shown.
    columns: Option<String>,
}

/// The causes by which programs differ, with how many programs of each were made small.
type Causes = Mutex<HashMap<String, usize>>;

pub(super) fn conform(arguments: &Arguments) -> anyhow::Result<Outcome> {
    if arguments.explain {
        out::print(&explain())?;
        return Ok(Outcome::Clean);
    }
    let mut setup = arguments.which.setup()?;
    let usual = || build::usual(&setup.kernel.about.release);
    let variants = arguments.which.configured(arguments.variant.map_or_else(usual, Ok)?)?;
    let named = if arguments.schedules {
        let symbols = Arc::new(Symbols::of(&setup.kernel)?);
        let (count, seed) = (arguments.count.unwrap_or(COUNT), arguments.seed);
        let named = schedules::programs(&symbols, variants, arguments.subsystem, seed, count);
        setup.symbols = Some(symbols);
        named
    } else {
        programs(arguments, variants)?
    };
    let jobs = arguments.jobs.map_or_else(processors, usize::from).min(named.len()).max(1);
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    ctrlc::set_handler(move || asked.store(true, Ordering::Relaxed)).context("cannot listen to ctrl-c")?;
    let start = Instant::now();
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<Option<anyhow::Result<Compared>>>> =
        Mutex::new(named.iter().map(|_| None).collect());
    let progress = Stage::of("programs", named.len() as u64);
    let (boots, deaths) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let causes = Causes::default();
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                let mut kernel = RealKernel::new(setup.clone(), &arguments.which);
                let mut machine = Machine::default();
                while !stop.load(Ordering::Relaxed) {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some((_, program)) = named.get(at) else { break };
                    kernel.sabotage(arguments.sabotage.filter(|_| at == 0));
                    let result = compare_one(&mut machine, &mut kernel, program, arguments.first, &causes);
                    progress.one_more();
                    let is_enough = |compared: &Compared| arguments.first && compared.difference.is_some();
                    let ends = result.is_err() || result.as_ref().is_ok_and(is_enough);
                    results.lock().expect("no thread panics with it")[at] = Some(result);
                    if ends {
                        // Without a kernel there is nothing to go on with, and one difference may be enough.
                        next.store(named.len(), Ordering::Relaxed);
                    }
                }
                boots.fetch_add(kernel.boots as usize, Ordering::Relaxed);
                deaths.fetch_add(kernel.deaths as usize, Ordering::Relaxed);
            });
        }
    });
    drop(progress);
    let seconds = start.elapsed().as_secs_f64();
    let results = results.into_inner().expect("no thread panics with it");
    let mut commands: BTreeMap<&'static str, (u32, u32)> = BTreeMap::new();
    let (mut equal, mut different, mut segments) = (0, 0, (0, 0));
    let mut joined: BTreeMap<String, Joined> = BTreeMap::new();
    let mut unfollowed: BTreeMap<String, usize> = BTreeMap::new();
    for ((name, program), result) in named.iter().zip(results) {
        let Some(compared) = result.transpose()? else { continue };
        for (command, (tried, done)) in compared.commands {
            let total = commands.entry(command).or_default();
            *total = (total.0 + tried, total.1 + done);
        }
        segments = (segments.0 + compared.segments.0, segments.1 + compared.segments.1);
        match compared.difference {
            None if compared.unfollowed.is_some() => {
                *unfollowed.entry(compared.unfollowed.unwrap_or_default()).or_default() += 1;
            }
            None => {
                equal += 1;
                if let Some(folder) = &arguments.keep {
                    keep(folder, name, program, &compared.lines)?;
                }
            }
            Some(difference) => {
                different += 1;
                let by = joined.entry(difference.cause.clone()).or_insert_with(|| Joined::new(name));
                by.add(difference);
            }
        }
    }
    let mut joined: Vec<(String, Joined)> = joined.into_iter().collect();
    joined.sort_by_key(|(_, joined)| std::cmp::Reverse(joined.count));
    if arguments.json {
        for (cause, joined) in &joined {
            let object = json!({ "cause": cause, "programs": joined.count });
            out::print(&json::line("difference", object))?;
        }
        let commands: serde_json::Map<String, serde_json::Value> = commands
            .iter()
            .map(|(name, (tried, done))| (name.to_string(), json!({ "tried": tried, "done": done })))
            .collect();
        let object = json!({
            "equal": equal,
            "different": different,
            "not_followed": unfollowed.values().sum::<usize>(),
            "segments": segments.0,
            "segments_followed": segments.1,
            "variants": variants.to_string(),
            "kernel": setup.kernel.about.release.to_string(),
            "programs": named.len(),
            "seconds": seconds,
            "boots": boots.into_inner(),
            "deaths": deaths.into_inner(),
            "commands": commands,
        });
        out::print(&json::line("conform", object))?;
        return Ok(if different == 0 { Outcome::Clean } else { Outcome::Violation });
    }
    for (cause, joined) in &joined {
        out::print(&joined.text(cause, arguments.first))?;
    }
    out::print(&table(&commands))?;
    if arguments.schedules {
        for (why, count) in &unfollowed {
            out::print(&format!("  not followed, {count} times: {why}\n"))?;
        }
        let share = segments.1 as f64 * 100.0 / (segments.0 as f64).max(1.0);
        out::print(&format!(
            "{} of {} segments followed ({share:.0} %), {} programs not followed and so not compared\n",
            segments.1,
            segments.0,
            unfollowed.values().sum::<usize>()
        ))?;
    }
    let (boots, deaths) = (boots.into_inner(), deaths.into_inner());
    let rate = named.len() as f64 / seconds;
    let by = if joined.len() > 1 { format!(" by {} causes", joined.len()) } else { String::new() };
    out::print(&format!(
        "{equal} equal, {different} different{by} under {variants}; {rate:.1} programs/s, {boots} boots, {deaths} guests died\n"
    ))?;
    Ok(if different == 0 { Outcome::Clean } else { Outcome::Violation })
}

/// The programs with their names, under the decisions that were asked for.
fn programs(arguments: &Arguments, variants: Variants) -> anyhow::Result<Vec<(String, Program)>> {
    let under = |program: Program| Program { variants, expect: 0, ..program };
    let mut named = Vec::new();
    for path in load::programs(&arguments.files)? {
        named.push((path.display().to_string(), under(load::program(&path)?)));
    }
    if arguments.files.is_empty() {
        let (seed, count) = (arguments.seed, arguments.count.unwrap_or(COUNT));
        named = sequences(variants, arguments.subsystem, seed, count)?;
    }
    if arguments.reverse {
        named.reverse();
    }
    Ok(named)
}

/// Programs of one task that are made up, about one subsystem or about each that the variants say something of, in turn.
pub(super) fn sequences(
    variants: Variants,
    subsystem: Option<Subsystem>,
    seed: u64,
    count: usize,
) -> anyhow::Result<Vec<(String, Program)>> {
    let under = |program: Program| Program { variants, expect: 0, ..program };
    let may = |of: Subsystem| move |command: &Command| perform::can_compare(of, command);
    // What the variant says nothing of is not compared, unless it is asked for.
    let asked = |of: &Subsystem| subsystem.map_or(variants.of(*of) != 0, |asked| asked == *of);
    let about = ROTA.into_iter().filter(asked);
    let mut rota: Vec<_> = about.map(|of| (Sequences::over(seed, may(of)), may(of))).collect();
    anyhow::ensure!(!rota.is_empty(), "the variant is of none of the subsystems");
    let (mut machine, mut named) = (Machine::default(), Vec::new());
    for number in 0..count {
        let turn = number % rota.len();
        let (sequences, may) = &mut rota[turn];
        let mut program = sequences.next(variants, *may);
        while !compare::is_defined(machine.run(&under(program.clone()))) {
            program = sequences.next(variants, *may);
        }
        named.push((format!("program {number} of seed {seed}"), under(program)));
    }
    Ok(named)
}

/// Runs a program on both; unless it is to stay as it is, it is minimised while the difference is the same.
fn compare_one(
    machine: &mut Machine,
    kernel: &mut RealKernel,
    program: &Program,
    stays: bool,
    causes: &Causes,
) -> anyhow::Result<Compared> {
    let model = lines(machine, program);
    let ends = machine.run(program).segments.clone();
    let answer = kernel.ask(program)?;
    let real = answer.trace(program);
    let followed = answer.log.as_ref().map_or(0, |log| log.followed(&ends));
    let segments = (program.schedule.len(), followed);
    let mut commands: BTreeMap<&'static str, (u32, u32)> = BTreeMap::new();
    for event in &real.events {
        if let What::End(index, errno) = event.what {
            let command = program.tasks[usize::from(event.task)].commands[usize::from(index)];
            let entry = commands.entry(command.spec().name).or_default();
            *entry = (entry.0 + 1, entry.1 + u32::from(errno.is_none()));
        }
    }
    let unfollowed = answer.log.as_ref().and_then(Log::impossible);
    if let Some((at, end)) = unfollowed {
        let unfollowed = Some(format!("`{}`: {end}", program.schedule[at]));
        return Ok(Compared { difference: None, commands, segments, lines: Vec::new(), unfollowed });
    }
    let observed = answer.lines(program);
    let Some(cause) = compare::cause(&model, &observed) else {
        return Ok(Compared { difference: None, commands, segments, lines: observed, unfollowed: None });
    };
    let of = |program: Program, columns| {
        let difference = Some(Difference { cause: cause.clone(), program, columns });
        Compared { difference, commands, segments, lines: observed.clone(), unfollowed: None }
    };
    // One cause is one report, with the smallest of some programs.
    if causes.lock().expect("no thread panics with it").get(&cause).is_some_and(|some| *some >= SMALL) {
        return Ok(of(program.clone(), None));
    }
    let again = kernel.ask(program)?.lines(program);
    if compare::cause(&model, &again).as_ref() != Some(&cause) {
        let columns = compare::columns(&model, &observed);
        let columns =
            format!("seen once; when it was run again, it was not the same\n{columns}{}", complaints(&real));
        return Ok(of(program.clone(), Some(columns)));
    }
    *causes.lock().expect("no thread panics with it").entry(cause.clone()).or_default() += 1;
    if stays {
        let columns = compare::columns(&model, &observed) + &complaints(&real);
        return Ok(of(program.clone(), Some(columns)));
    }
    let mut trouble = None;
    let minimal = minimize(program, |candidate| {
        if !candidate.tasks.iter().flat_map(|task| &task.commands).all(perform::can_perform)
            || trouble.is_some()
        {
            return false;
        }
        if candidate.schedule.is_empty() && !program.schedule.is_empty() {
            return false;
        }
        // Under other variants the model is of another kernel.
        if candidate.variants != program.variants {
            return false;
        }
        match kernel.ask(candidate) {
            Ok(answer) => {
                let real = answer.lines(candidate);
                compare::cause(&lines(machine, candidate), &real).as_ref() == Some(&cause)
            }
            Err(error) => {
                trouble = Some(error);
                false
            }
        }
    });
    if let Some(error) = trouble {
        return Err(error);
    }
    let answer = kernel.ask(&minimal)?;
    let (real, shown) = (answer.trace(&minimal), answer.lines(&minimal));
    let columns = compare::columns(&lines(machine, &minimal), &shown) + &complaints(&real);
    Ok(of(minimal, Some(columns)))
}

/// Programs that differ by one cause.
struct Joined {
    /// The first of them.
    name: String,
    count: usize,
    smallest: Option<(Program, String)>,
}

impl Joined {
    fn new(name: &str) -> Joined {
        Joined { name: name.to_string(), count: 0, smallest: None }
    }

    fn add(&mut self, difference: Difference) {
        self.count += 1;
        let Some(columns) = difference.columns else { return };
        let size = difference.program.size();
        if self.smallest.as_ref().is_none_or(|(program, _)| size < program.size()) {
            self.smallest = Some((difference.program, columns));
        }
    }

    fn text(&self, cause: &str, is_first: bool) -> String {
        let Joined { name, count, smallest } = self;
        let which = if is_first { "first" } else { "smallest" };
        let others = match count {
            1 => String::new(),
            count => format!(", and {} others by the same cause", count - 1),
        };
        let shown =
            smallest.as_ref().map_or(String::new(), |(program, columns)| format!("{program}\n{columns}\n"));
        format!("{name} differs{others}; the {which} program that does:\n\n{shown}cause: {cause}\n\n")
    }
}

/// Stores a program, and beside it what the kernel shows.
fn keep(folder: &Path, name: &str, program: &Program, lines: &[String]) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let stem = name.rsplit('/').next().unwrap_or(name).trim_end_matches(".prog").replace(' ', "-");
    let (text, shown) = (folder.join(format!("{stem}.prog")), folder.join(format!("{stem}.txt")));
    findings::write_over(&text, program.to_string().as_bytes())?;
    findings::write_over(&shown, (lines.join("\n") + "\n").as_bytes())
}

/// What the kernel printed, for a difference that it printed something.
fn complaints(real: &Trace) -> String {
    let texts = real.events.iter().filter(|event| matches!(event.what, What::Console(_)));
    let texts = texts.filter_map(|event| real.text(event.what));
    texts.map(|text| format!("\nthe kernel printed\n{}\n", indent(text))).collect()
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

/// What the model does, as it is compared.
fn lines(machine: &mut Machine, program: &Program) -> Vec<String> {
    let trace = machine.run(program);
    [compare::observed(program, trace), compare::segments(program, &trace.segments)].concat()
}

/// How often each command was asked of the kernel, and how often it was done.
fn table(commands: &BTreeMap<&'static str, (u32, u32)>) -> String {
    let (mut tried, mut done) = (0, 0);
    let mut out = String::new();
    for (command, (all, good)) in commands {
        out.push_str(&format!("  {command:22} {all:6} asked, {good:6} done\n"));
        (tried, done) = (tried + all, done + good);
    }
    let share = f64::from(done) * 100.0 / f64::from(tried.max(1));
    format!("{out}  {:22} {tried:6} asked, {done:6} done ({share:.0} %)\n", "all")
}

fn explain() -> String {
    let mut out = "Not compared:\n".to_string();
    for mask in compare::MASKS {
        out.push_str(&format!("  {}\n      {}\n", mask.what, mask.why));
    }
    out.push_str("Not asked:\n");
    for (what, why) in compare::NOT_ASKED {
        out.push_str(&format!("  {what}\n      {why}\n"));
    }
    out.push_str("Compared otherwise:\n");
    for (what, how) in compare::RENAMED {
        out.push_str(&format!("  {what}\n      {how}\n"));
    }
    out
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
