//! `patter setup`: from a machine to models that suit it, fetched, set and measured.
//!
//! Thread: the command's own, before any call. In: the machine, the sets of the manifest, what the user says. Out:
//! model files, settings, figures on stdout. When late or full: room on the disk is looked at before the first byte
//! comes; a fetch that is cut off goes on where it stopped.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};
use patter_config::Loaded;
use patter_config::edit::{self, Change};
use patter_machine::cores::Cores;
use patter_machine::hardware;
use patter_models::set::{self, Machine, Set};
use patter_models::{Fetcher, Manifest};
use patter_playbook::Playbook;

use super::models;

/// Looks at the machine, offers the sets of models that suit it, fetches one, puts it into `config.toml` and measures.
///
/// Settings that you changed yourself stay as they are and are told. Without a terminal say which set and `--yes`:
/// `patter setup --set people --yes`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The set to take; without it the best that this machine carries is offered
    #[arg(long, value_name = "NAME")]
    set: Option<String>,
    /// Language of the calls, as in `en`
    #[arg(long, value_name = "CODE", default_value = "en")]
    language: String,
    /// Ask nothing
    #[arg(long)]
    yes: bool,
    /// List the sets and what they cost, and do nothing
    #[arg(long)]
    list: bool,
    /// Take the files from a folder instead of the network
    #[arg(long, value_name = "FOLDER")]
    from: Option<PathBuf>,
    /// Replace settings that you changed, too
    #[arg(long)]
    force: bool,
    /// Do not measure at the end
    #[arg(long)]
    no_measure: bool,
    /// With `--list`: one JSON array
    #[arg(long, requires = "list")]
    json: bool,
}

pub(crate) fn run(config: Option<&Path>, options: &Options) -> anyhow::Result<ExitCode> {
    let loaded = patter_config::load(config)?;
    let folder = loaded.resolve(&loaded.config.models.folder);
    let manifest = Manifest::load(&folder.join("manifest.toml"))?;
    let machine = Machine {
        cores: Cores::of_machine().total(),
        memory_mb: hardware::memory_mb().unwrap_or(u64::MAX),
        gpu: cfg!(any(feature = "cuda", feature = "vulkan", feature = "metal"))
            && hardware::gpu().is_some(),
    };
    if options.list && options.json {
        patter_lab::report::print_json(&rows(&manifest, &folder, &machine))?;
        return Ok(ExitCode::SUCCESS);
    }
    tell_machine(&machine, &folder);
    let recommended = set::recommended(&manifest, &machine, &options.language);
    if options.list || options.set.is_none() {
        tell_sets(&manifest, &folder, &machine, recommended);
    }
    if options.list {
        return Ok(ExitCode::SUCCESS);
    }
    let Some(set) = choose(&manifest, &machine, recommended, options)? else {
        return Ok(ExitCode::SUCCESS);
    };
    fetch(set, &manifest, &folder, options.from.clone())?;
    let path = configure(set, &manifest, &loaded, options.force)?;
    let playbook = Playbook::load(&loaded.resolve(&loaded.config.dialogue.playbook));
    if let Ok(playbook) = playbook
        && !set.knows(&playbook.language)
    {
        eprintln!(
            "patter: warning: the playbook speaks `{}`, the set `{}` {}; see `dialogue.playbook`",
            playbook.language,
            set.name,
            set.languages.join(", ")
        );
    }
    if !options.no_measure {
        eprintln!("measuring, about a minute: load, hear, think, speak");
        let now = patter_config::load(Some(&path))?;
        patter_lab::bench::steps_of(&now, MEASURED)?;
    }
    let program = match config {
        Some(config) => format!("{} --config {}", program(), config.display()),
        None => program(),
    };
    println!("\nNext:");
    println!(
        "  {program} demo            # a synthetic caller talks to the agent; you see it, and hear it in demo.wav"
    );
    println!("  {program} chat            # talk to it yourself, through microphone and speaker");
    println!("  {program} serve --follow  # answer calls from Asterisk");
    Ok(ExitCode::SUCCESS)
}

/// Repetitions of each step that is measured.
const MEASURED: usize = 5;
const MB: u64 = 1_000_000;
/// Room that a fetch leaves on the disk.
const SPARE_BYTES: u64 = 200 * MB;

/// How the user calls the program.
fn program() -> String {
    std::env::args().next().unwrap_or_else(|| "patter".into())
}

fn tell_machine(machine: &Machine, folder: &Path) {
    let gpu = match (machine.gpu, hardware::gpu()) {
        (true, _) => "a GPU that this build uses",
        (false, Some(_)) => "a GPU that this build does not use (see README)",
        (false, None) => "no GPU",
    };
    let free = hardware::free_bytes(folder);
    let free = free.map_or(String::new(), |bytes| {
        format!(", {:.1} GB free on the disk", bytes as f64 / 1e9)
    });
    println!(
        "This machine: {} cores, {:.1} GB of memory, {gpu}{free}.\n",
        machine.cores,
        machine.memory_mb as f64 / 1_024.0
    );
    #[cfg(target_arch = "x86_64")]
    if !std::is_x86_feature_detected!("avx2") {
        println!("Its processor has no AVX2: the models work, and take several times as long.\n");
    }
}

#[derive(serde::Serialize)]
struct Row<'a> {
    name: &'a str,
    purpose: &'a str,
    languages: &'a [String],
    models: &'a [String],
    size_mb: u64,
    to_fetch_mb: u64,
    memory_mb: u32,
    misfit: Option<String>,
}

fn rows<'a>(manifest: &'a Manifest, folder: &Path, machine: &Machine) -> Vec<Row<'a>> {
    let row = |set: &'a Set| Row {
        name: &set.name,
        purpose: &set.purpose,
        languages: &set.languages,
        models: &set.models,
        size_mb: set.size_bytes(manifest).div_ceil(MB),
        to_fetch_mb: to_fetch(set, manifest, folder).div_ceil(MB),
        memory_mb: set.memory_mb,
        misfit: set.misfit(machine),
    };
    manifest.sets.iter().map(row).collect()
}

fn to_fetch(set: &Set, manifest: &Manifest, folder: &Path) -> u64 {
    let missing = set.missing(manifest, folder).into_iter();
    missing.map(|model| model.size_bytes).sum()
}

fn tell_sets(manifest: &Manifest, folder: &Path, machine: &Machine, recommended: Option<&Set>) {
    println!(
        "{:12} {:>9} {:>9} {:9}",
        "set", "to fetch", "memory", "languages"
    );
    for row in rows(manifest, folder, machine) {
        let is_recommended = recommended.is_some_and(|set| set.name == row.name);
        println!(
            "{:12} {:>6} MB {:>6} MB {:9}{}",
            row.name,
            row.to_fetch_mb,
            row.memory_mb,
            row.languages.join(", "),
            if is_recommended {
                " recommended here"
            } else {
                ""
            },
        );
        println!("    {}", row.purpose);
        if let Some(misfit) = row.misfit {
            println!("    not for this machine: it {misfit}");
        }
    }
    println!();
}

/// The set that the user wants; None when they do not want any.
fn choose<'a>(
    manifest: &'a Manifest,
    machine: &Machine,
    recommended: Option<&'a Set>,
    options: &Options,
) -> anyhow::Result<Option<&'a Set>> {
    let named = |name: &str| {
        let set = manifest.find_set(name)?;
        if let Some(misfit) = set.misfit(machine) {
            eprintln!("patter: warning: the set `{name}` {misfit}");
        }
        if !set.knows(&options.language) {
            eprintln!(
                "patter: warning: the set `{name}` is for {}, not for `{}`",
                set.languages.join(", "),
                options.language
            );
        }
        anyhow::Ok(Some(set))
    };
    if let Some(name) = &options.set {
        return named(name);
    }
    let Some(set) = recommended else {
        bail!(
            "no set is for `{}` on this machine; `--set NAME` takes one all the same",
            options.language
        );
    };
    if options.yes {
        return Ok(Some(set));
    }
    ensure!(
        std::io::stdin().is_terminal(),
        "nobody can be asked here: say `--set {} --yes`, or another set",
        set.name
    );
    print!("Which set? [{}] ", set.name);
    std::io::stdout().flush()?;
    let mut answer = String::new();
    if std::io::stdin().read_line(&mut answer)? == 0 {
        return Ok(None);
    }
    match answer.trim() {
        "" => Ok(Some(set)),
        name => named(name),
    }
}

fn fetch(
    set: &Set,
    manifest: &Manifest,
    folder: &Path,
    from: Option<PathBuf>,
) -> anyhow::Result<()> {
    let missing = set.missing(manifest, folder);
    // What an earlier run brought is there already.
    let part = |file: &Path| std::fs::metadata(folder.join(file).with_added_extension("part"));
    let left = missing.iter().map(|model| {
        let there = part(&model.file).map_or(0, |part| part.len());
        model.size_bytes.saturating_sub(there)
    });
    let wanted: u64 = left.sum();
    // The largest comes in packages that lie beside it for a moment.
    let beside = missing.iter().map(|model| model.size_bytes).max();
    let needed = wanted + beside.unwrap_or(0).min(300 * MB) + SPARE_BYTES;
    if let Some(free) = hardware::free_bytes(folder).filter(|_| wanted > 0) {
        ensure!(
            free >= needed,
            "the set `{}` wants {} MB on the disk of `{}`, where {} MB are free",
            set.name,
            needed.div_ceil(MB),
            folder.display(),
            free / MB
        );
    }
    let fetcher = Fetcher {
        folder: folder.to_owned(),
        from,
    };
    for model in set.models(manifest) {
        models::fetch_one(&fetcher, model)?;
    }
    Ok(())
}

/// Puts the set's settings into the config, and says what became of them. Gives the file.
fn configure(
    set: &Set,
    manifest: &Manifest,
    loaded: &Loaded,
    force: bool,
) -> anyhow::Result<PathBuf> {
    let path = match &loaded.path {
        Some(path) => path.clone(),
        None => loaded.base.join("config.toml"),
    };
    let text = match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        read => read.with_context(|| format!("cannot read `{}`", path.display()))?,
    };
    // What another set wrote is nobody's choice.
    let of_a_set = |key: &str, value: &toml::Value| {
        let keys: Vec<&str> = key.split('.').collect();
        let mut sets = manifest.sets.iter();
        sets.any(|set| value_at(&set.settings, &keys) == Some(value))
    };
    let apply = |settings: &toml::Table| {
        edit::apply(&text, &path, settings, |key, value| {
            force || of_a_set(key, value)
        })
    };
    let mut edited = apply(&set.settings)?;
    // What belongs to a model of the user's own stays with it.
    let mut settings = set.settings.clone();
    for (model, table, key) in [
        ("asr.model", "asr", None),
        ("llm.model", "dialogue", Some("free_replies")),
    ] {
        if edited.kept.iter().any(|change| change.key == model) {
            match (key, settings.get_mut(table).and_then(|t| t.as_table_mut())) {
                (Some(key), Some(table)) => drop(table.remove(key)),
                _ => drop(settings.remove(table)),
            }
            println!(
                "{}: `{model}` is yours and stays, with what belongs to it (`--force` replaces it)",
                path.display()
            );
        }
    }
    if settings != set.settings {
        edited = apply(&settings)?;
    }
    if edited.text != text {
        write(&path, &text, &edited.text)
            .with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    let line =
        |change: &Change| format!("{} = {} (was {})", change.key, change.wanted, change.before);
    for change in &edited.changed {
        println!("{}: {}", path.display(), line(change));
    }
    for change in &edited.kept {
        println!(
            "{}: {} = {} is yours and stays; the set has {} (`--force` takes it)",
            path.display(),
            change.key,
            change.before,
            change.wanted
        );
    }
    if edited.changed.is_empty() && edited.kept.is_empty() {
        println!("{}: uses the set `{}` already", path.display(), set.name);
    }
    Ok(path)
}

fn value_at<'a>(table: &'a toml::Table, keys: &[&str]) -> Option<&'a toml::Value> {
    let (last, above) = keys.split_last()?;
    let mut here = table;
    for key in above {
        here = here.get(*key)?.as_table()?;
    }
    here.get(*last)
}

/// Writes `new` in the place of `old`, whole or not at all; what was there before lies beside it.
fn write(path: &Path, old: &str, new: &str) -> std::io::Result<()> {
    if !old.is_empty() {
        std::fs::write(path.with_added_extension("before"), old)?;
    }
    let part = path.with_added_extension("part");
    std::fs::write(&part, new)?;
    if let Ok(metadata) = std::fs::metadata(path) {
        std::fs::set_permissions(&part, metadata.permissions())?;
    }
    std::fs::rename(part, path)
}

#[cfg(test)]
mod tests {
    use patter_config::Config;

    use super::*;

    fn shipped() -> Manifest {
        Manifest::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("models/manifest.toml")).unwrap()
    }

    /// From the shipped config to each set, from there to the next, and back: nothing is left of the one before.
    #[test]
    fn every_set_makes_a_sound_config_and_gives_way_to_the_next() {
        let manifest = shipped();
        let shipped = include_str!("../../config.toml");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, shipped).unwrap();
        let order = manifest.sets.iter().chain(&manifest.sets[..1]);
        for set in order {
            let loaded = patter_config::load(Some(&path)).unwrap();
            configure(set, &manifest, &loaded, false).unwrap();
            let now = patter_config::load(Some(&path)).unwrap().config;
            let files: Vec<_> = set.models(&manifest).map(|model| &model.file).collect();
            assert!(files.contains(&&now.asr.model), "{}", set.name);
            assert!(files.contains(&&now.llm.model), "{}", set.name);
            if now.tts.engine == "piper" {
                assert!(files.contains(&&now.tts.piper.voice), "{}", set.name);
            }
            if let Some(partial) = now.asr.partial() {
                assert!(files.contains(&&partial.model), "{}", set.name);
            }
        }
        let back = std::fs::read_to_string(&path).unwrap();
        assert_eq!(back, shipped);
        // The first set is what Patter does without a config.
        let manifest_first = &manifest.sets[0].settings;
        let edited = edit::apply("", &path, manifest_first, |_, _| false).unwrap();
        assert_eq!(edited.changed, []);
        assert_eq!(
            patter_config::parse(&edited.text, &path).unwrap(),
            Config::default()
        );
    }
}
