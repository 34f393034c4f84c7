//! `unreg completions` and `unreg man`: what shells and manuals know of the command line.

use super::{Arguments as CommandLine, Outcome, out};
use anyhow::Context;
use clap::CommandFactory;
use clap_complete::Shell;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(super) struct CompletionsArguments {
    /// The shell
    shell: Shell,
}

#[derive(Debug, clap::Args)]
pub(super) struct ManArguments {
    /// Write a page for each verb to this folder [default: print the page of `unreg`]
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

pub(super) fn completions(arguments: &CompletionsArguments) -> anyhow::Result<Outcome> {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut CommandLine::command(), "unreg", &mut text);
    out::print(&String::from_utf8_lossy(&text))?;
    Ok(Outcome::Clean)
}

pub(super) fn man(arguments: &ManArguments) -> anyhow::Result<Outcome> {
    match &arguments.folder {
        Some(folder) => {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("cannot make the folder {}", folder.display()))?;
            clap_mangen::generate_to(CommandLine::command(), folder).context("cannot write the pages")?;
        }
        None => {
            let mut text = Vec::new();
            clap_mangen::Man::new(CommandLine::command())
                .render(&mut text)
                .context("cannot write the page")?;
            out::print(&String::from_utf8_lossy(&text))?;
        }
    }
    Ok(Outcome::Clean)
}
