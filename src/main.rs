//! The command line of unreg: see [`cli`].

mod cli;

fn main() -> std::process::ExitCode {
    cli::start()
}
