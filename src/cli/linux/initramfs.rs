//! The guest's whole file system: this binary as init, the kernel's modules, and the libraries they start with.

use anyhow::Context;
use cpio::newc::{Builder, ModeFileType, trailer};
use elf::ElfBytes;
use elf::abi::PT_INTERP;
use elf::endian::AnyEndian;
use elf::file::Class;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Folders that must be there before init can mount anything.
const FOLDERS: &[&str] = &["dev", "proc", "sys", "tmp", "etc", "root"];
/// Where the kernel finds the file that `unreg::event::Firmware::Image` names.
const FIRMWARE: &str = "lib/firmware/unreg.bin";

/// An initramfs as it is written: an archive, and what is in it already.
struct Archive<W> {
    out: W,
    names: BTreeSet<PathBuf>,
}

/// Where a guest finds the script that it runs instead of the agent.
pub(super) const SCRIPT: &str = "/script";

/// Writes an initramfs with this binary as `/init`, the modules of `modules` (`…/lib/modules/RELEASE`), and
/// `tools` under their own paths, all with the libraries they are linked with, and the script if there is one.
pub(super) fn write(
    out: impl Write,
    modules: &Path,
    tools: &[PathBuf],
    script: Option<&Path>,
) -> anyhow::Result<()> {
    let mut archive = Archive { out, names: BTreeSet::new() };
    for folder in FOLDERS {
        archive.folder(Path::new(folder))?;
    }
    let init = std::env::current_exe().context("cannot find this binary")?;
    archive.program(&init, Path::new("init"))?;
    for tool in tools {
        archive.program(tool, tool.strip_prefix("/").unwrap_or(tool))?;
    }
    if let Some(release) = modules.file_name() {
        archive.tree(modules, &Path::new("lib/modules").join(release))?;
    }
    if let Some(script) = script {
        archive.file(script, Path::new(SCRIPT.trim_start_matches('/')), 0o755)?;
    }
    // What netdevsim is flashed with: any bytes will do.
    archive.folder(Path::new("lib/firmware"))?;
    archive.entry(Path::new(FIRMWARE), ModeFileType::Regular, 0o644, b"unreg")?;
    archive.console()?;
    trailer(archive.out)?.flush().context("cannot write the initramfs")
}

impl<W: Write> Archive<W> {
    /// A program and everything its loader would load, all without what only debuggers read.
    fn program(&mut self, from: &Path, to: &Path) -> anyhow::Result<()> {
        let libraries = libraries(from)?;
        let each = libraries.iter().map(|path| (path.as_path(), path.strip_prefix("/").unwrap_or(path)));
        for (from, to) in std::iter::once((from, to)).chain(each) {
            if let Some(folder) = to.parent() {
                self.folder(folder)?;
            }
            self.entry(to, ModeFileType::Regular, 0o755, &loaded(read(from)?)?)?;
        }
        Ok(())
    }

    fn tree(&mut self, from: &Path, to: &Path) -> anyhow::Result<()> {
        let entries = std::fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))?;
        for entry in entries {
            let entry = entry?;
            let (path, name) = (entry.path(), to.join(entry.file_name()));
            // A link could lead anywhere on the host.
            let kind = entry.file_type()?;
            if kind.is_dir() {
                self.tree(&path, &name)?;
            } else if kind.is_file() {
                self.file(&path, &name, 0o644)?;
            }
        }
        Ok(())
    }

    fn file(&mut self, from: &Path, to: &Path, mode: u32) -> anyhow::Result<()> {
        if let Some(folder) = to.parent() {
            self.folder(folder)?;
        }
        self.entry(to, ModeFileType::Regular, mode, &read(from)?)
    }

    /// A folder and those it is in.
    fn folder(&mut self, path: &Path) -> anyhow::Result<()> {
        if path.as_os_str().is_empty() {
            return Ok(());
        }
        if let Some(parent) = path.parent() {
            self.folder(parent)?;
        }
        self.entry(path, ModeFileType::Directory, 0o755, &[])
    }

    /// `/dev/console`, which the kernel opens for init before anything is mounted.
    fn console(&mut self) -> anyhow::Result<()> {
        let node = Builder::new("dev/console").mode(0o600).set_mode_file_type(ModeFileType::Char);
        node.rdev_major(5).rdev_minor(1).write(&mut self.out, 0).finish()?;
        Ok(())
    }

    fn entry(&mut self, path: &Path, kind: ModeFileType, mode: u32, content: &[u8]) -> anyhow::Result<()> {
        if !self.names.insert(path.to_path_buf()) {
            return Ok(());
        }
        let name = path.to_str().with_context(|| format!("{} is no name for an archive", path.display()))?;
        let size = u32::try_from(content.len()).context("a file of 4 GiB has no place in an initramfs")?;
        let number = self.names.len() as u32;
        let builder = Builder::new(name).ino(number).mode(mode).nlink(1).set_mode_file_type(kind);
        let mut writer = builder.write(&mut self.out, size);
        writer.write_all(content).context("cannot write the initramfs")?;
        writer.finish()?;
        Ok(())
    }
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// The part of a program that is loaded to run it. Sections are for linkers and debuggers, and come last; those
/// of a debug build are many times the program.
fn loaded(mut bytes: Vec<u8>) -> anyhow::Result<Vec<u8>> {
    let file = ElfBytes::<AnyEndian>::minimal_parse(&bytes).context("this is no program for Linux")?;
    let segments = file.segments().context("the program has no segments")?;
    let end = segments.iter().map(|segment| segment.p_offset + segment.p_filesz).max().unwrap_or(0);
    if file.ehdr.class == Class::ELF64 {
        bytes.truncate(usize::try_from(end)?);
        // Where the sections are, and how many: e_shoff, e_shnum, e_shstrndx.
        for field in [0x28..0x30, 0x3c..0x3e, 0x3e..0x40] {
            bytes.get_mut(field).context("the program has no header")?.fill(0);
        }
    }
    Ok(bytes)
}

/// The loader of a program and the libraries it would load; none for a static one.
fn libraries(program: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let Some(loader) = interpreter(program)? else { return Ok(Vec::new()) };
    let listed = Command::new(&loader).arg("--list").arg(program).output();
    let listed = listed.with_context(|| format!("cannot run {}", loader.display()))?;
    anyhow::ensure!(listed.status.success(), "{} cannot list {}", loader.display(), program.display());
    // A line is `NAME => PATH (ADDRESS)`, or for the loader itself `PATH (ADDRESS)`.
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let paths = listed.lines().filter_map(|line| {
        let path = line.split_once("=>").map_or(line, |(_, path)| path);
        let path = path.split_whitespace().next()?;
        path.starts_with('/').then(|| PathBuf::from(path))
    });
    Ok(std::iter::once(loader).chain(paths).collect())
}

/// The loader that a program names (`PT_INTERP`).
fn interpreter(program: &Path) -> anyhow::Result<Option<PathBuf>> {
    let bytes = read(program)?;
    let file = ElfBytes::<AnyEndian>::minimal_parse(&bytes)
        .with_context(|| format!("{} is no program for Linux", program.display()))?;
    let segments = file.segments().context("the program has no segments")?;
    let Some(segment) = segments.iter().find(|segment| segment.p_type == PT_INTERP) else { return Ok(None) };
    let path = file.segment_data(&segment).context("the program's loader cannot be read")?;
    let path = String::from_utf8_lossy(path).trim_end_matches('\0').to_string();
    Ok(Some(PathBuf::from(path)))
}
