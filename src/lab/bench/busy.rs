//! A busy neighbour: another process of this program that takes what calls want too.
//!
//! Thread: the process's main one; another sees its standard input end, which is how it learns that who started it is
//! gone, however that went. In: a [`Kind`]. Out: nothing. Memory: 256 MB of the one that is bound by memory. The one
//! that is bound by the disk writes 32 MB again and again.

use std::io::{Read, Seek, Write};
use std::process::{Child, Command, ExitCode, Stdio};

use anyhow::Context;

/// What a neighbour takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Kind {
    /// A core
    Cpu,
    /// A core, at nice 19: it stands back
    Nice,
    /// A core, and the way to the memory
    Memory,
    /// The disk: each write is waited for
    Disk,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Nice => "nice",
            Self::Memory => "memory",
            Self::Disk => "disk",
        }
    }
}

/// Numbers that no cache of a processor holds.
const MEMORY_NUMBERS: usize = 32 << 20;
/// Bytes that are written before it is waited for them.
const DISK_CHUNK: usize = 1 << 20;
/// Chunks of the file.
const DISK_CHUNKS: u32 = 32;

/// Is a neighbour until standard input ends.
#[derive(clap::Args)]
pub(super) struct Options {
    /// What it takes
    #[arg(value_enum)]
    kind: Kind,
}

pub(super) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    if options.kind == Kind::Nice {
        patter_machine::priority::stand_back();
    }
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(0);
    });
    match options.kind {
        Kind::Cpu | Kind::Nice => loop {
            std::hint::spin_loop();
        },
        Kind::Memory => {
            let mut numbers = vec![1u64; MEMORY_NUMBERS];
            loop {
                for number in &mut numbers {
                    *number = number.wrapping_mul(3);
                }
                std::hint::black_box(&mut numbers);
            }
        }
        Kind::Disk => {
            let mut file = tempfile().context("no place for the file of a busy disk")?;
            let chunk = vec![0x5a; DISK_CHUNK];
            loop {
                file.rewind()?;
                for _ in 0..DISK_CHUNKS {
                    file.write_all(&chunk)?;
                    file.sync_data()?;
                }
            }
        }
    }
}

/// A file that has no name any more: nothing is left of it.
fn tempfile() -> std::io::Result<std::fs::File> {
    let path = std::env::temp_dir().join(format!("patter-busy-{}", std::process::id()));
    let file = std::fs::File::create_new(&path)?;
    std::fs::remove_file(path)?;
    Ok(file)
}

/// Neighbours that run until this is dropped.
pub(super) struct Neighbours(Vec<Child>);

impl Neighbours {
    /// Starts `count` of a kind, and sees that they have begun.
    pub(super) fn start(kind: Kind, count: u32) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("where this program is")?;
        let mut all = Self(Vec::new());
        for _ in 0..count {
            let child = Command::new(&program)
                .args(["bench", "busy", kind.name()])
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .context("cannot start a busy neighbour")?;
            all.0.push(child);
        }
        std::thread::sleep(std::time::Duration::from_millis(500));
        for child in &mut all.0 {
            if child.try_wait()?.is_some() {
                let mut why = String::new();
                if let Some(stderr) = &mut child.stderr {
                    let _ = stderr.read_to_string(&mut why);
                }
                anyhow::bail!("a busy neighbour ended at once: {}", why.trim());
            }
        }
        Ok(all)
    }
}

impl Drop for Neighbours {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
