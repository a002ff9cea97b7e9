//! `config.toml`: every setting, with its default. Each section has a file of its own with keys, defaults and ranges,
//! named after the engine or room that it belongs to.
//!
//! Thread: main, before anything runs. In: TOML text. Out: a checked [`Config`]. Each key is explained where users read
//! it, in `config.toml` itself; a test holds that file against [`Config::default`]. A mistake gives one line with file,
//! line and hint.

mod asr;
mod device;
mod dialogue;
pub mod edit;
mod http;
mod llm;
mod load;
mod log;
mod models;
mod priority;
mod renamed;
mod rules;
pub mod secret;
mod serve;
mod tts;
mod turn;
mod vad;

use std::ops::Range;
use std::path::{Path, PathBuf};

use thiserror::Error;

use rules::section;

pub use asr::AsrConfig;
pub use device::DeviceConfig;
pub use dialogue::{DialogueConfig, LOST_AFTER};
pub use http::HttpConfig;
pub use llm::LlmConfig;
pub use load::LoadConfig;
pub use log::LogConfig;
pub use models::ModelsConfig;
pub use priority::PriorityConfig;
pub use serve::{RECORDING_FORMATS, ServeConfig};
pub use tts::{EspeakConfig, PiperConfig, TtsConfig, VOICES};
pub use turn::{
    AddressEndpointing, EmailEndpointing, EndpointingConfig, NameEndpointing, NumberEndpointing,
    TurnConfig, YesNoEndpointing,
};
pub use vad::VadConfig;

/// Why a config cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error("cannot read config `{}`: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is a text of another encoding, or none.
    #[error("config `{}` is {found}", path.display())]
    Encoding {
        /// The file.
        path: PathBuf,
        /// What it is.
        found: &'static str,
    },
    /// It is not the TOML that is expected: syntax, unknown key, wrong type.
    #[error("config `{}` line {line}, column {column}: {message}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What is wrong, in one line.
        message: String,
    },
    /// A value that makes no sense.
    #[error("config `{}` line {line}: `{section}.{key}` is {value}, but must be {rule}", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// From 1; 0 when the value is a default.
        line: usize,
        /// Table, as the file calls it.
        section: String,
        /// Key.
        key: &'static str,
        /// What it is.
        value: String,
        /// What it must be.
        rule: String,
    },
}

impl ConfigError {
    /// What a parser says of the place `span` in `text`.
    fn parse(text: &str, path: &Path, span: Option<Range<usize>>, message: &str) -> Self {
        let at = span.map_or(0, |span| span.start);
        let (line, column) = patter_types::text::line_and_column(text, at);
        Self::Parse {
            path: path.to_owned(),
            line,
            column,
            message: renamed::message_of(message),
        }
    }

    /// What to try next.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Read { .. } => {
                "give the path with `--config`, or leave it out to use the defaults".into()
            }
            Self::Encoding { .. } => "save it as UTF-8".into(),
            Self::Parse { message, .. } if message.contains("unknown field") => {
                "check the spelling; the repository's config.toml holds every key".into()
            }
            Self::Parse { .. } => {
                "the repository's config.toml shows each key with its type and unit".into()
            }
            Self::Value { section, key, .. } => {
                format!("change `{key}` under `[{section}]`, or delete the line to get the default")
            }
        })
    }
}

section!(
    /// The whole file.
    Config {
        /// Where models lie.
        models: ModelsConfig = ModelsConfig::default(),
        /// Speech or not.
        vad: VadConfig = VadConfig::default(),
        /// Whose turn it is.
        turn: TurnConfig = TurnConfig::default(),
        /// Speech to text.
        asr: AsrConfig = AsrConfig::default(),
        /// Text generation.
        llm: LlmConfig = LlmConfig::default(),
        /// Text to speech.
        tts: TtsConfig = TtsConfig::default(),
        /// What is said.
        dialogue: DialogueConfig = DialogueConfig::default(),
        /// The AudioSocket server.
        serve: ServeConfig = ServeConfig::default(),
        /// What is left out when the machine is busy.
        load: LoadConfig = LoadConfig::default(),
        /// Which threads go before which.
        priority: PriorityConfig = PriorityConfig::default(),
        /// The HTTP interface of the server.
        http: HttpConfig = HttpConfig::default(),
        /// What an operator reads.
        log: LogConfig = LogConfig::default(),
        /// Microphone and speaker.
        device: DeviceConfig = DeviceConfig::default(),
    }
);

impl Config {
    /// Finds the first value that is out of range; `text` and `path` are what it was read from.
    fn check(&self, text: &str, path: &Path) -> Result<(), ConfigError> {
        let file = &rules::File { text, path };
        self.vad.check(file)?;
        self.turn.check(file)?;
        self.asr.check(file)?;
        self.llm.check(file)?;
        self.tts.check(file)?;
        self.dialogue.check(file)?;
        self.serve.check(file)?;
        self.load.check(file)?;
        self.priority.check(file)?;
        self.http.check(file)?;
        self.log.check(file)
    }
}

/// A config and where its relative paths start.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The checked settings.
    pub config: Config,
    /// The file, when there is one.
    pub path: Option<PathBuf>,
    /// Folder that relative paths start from.
    pub base: PathBuf,
}

impl Loaded {
    /// `path` as seen from the config's folder.
    pub fn resolve(&self, path: &Path) -> PathBuf {
        self.base.join(path)
    }

    /// A file in the models folder.
    pub fn model(&self, file: &Path) -> PathBuf {
        self.resolve(&self.config.models.folder).join(file)
    }
}

/// Loads `path`; without one, `config.toml` of the working folder or of the program's folder; without that, the
/// defaults.
///
/// # Errors
/// Unreadable, unknown key, wrong type, impossible value.
pub fn load(path: Option<&Path>) -> Result<Loaded, ConfigError> {
    let program_folder = std::env::current_exe()
        .ok()
        .and_then(|exe| exe.parent().map(Path::to_owned));
    let candidates = [Some(PathBuf::new()), program_folder.clone()];
    let found = path.map(Path::to_owned).or_else(|| {
        candidates
            .iter()
            .flatten()
            .map(|folder| folder.join("config.toml"))
            .find(|file| file.is_file())
    });
    let Some(path) = found else {
        let base = candidates
            .into_iter()
            .flatten()
            .find(|folder| folder.join("models").is_dir())
            .unwrap_or_default();
        return Ok(Loaded {
            config: Config::default(),
            path: None,
            base,
        });
    };
    let text = read_text(&path)?;
    let config = parse(&text, &path)?;
    let base = path.parent().map(Path::to_owned).unwrap_or_default();
    Ok(Loaded {
        config,
        path: Some(path),
        base,
    })
}

fn read_text(path: &Path) -> Result<String, ConfigError> {
    let bytes = std::fs::read(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })?;
    let is_utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    String::from_utf8(bytes).map_err(|_| ConfigError::Encoding {
        path: path.to_owned(),
        found: if is_utf16 { "UTF-16" } else { "not UTF-8" },
    })
}

/// Parses and checks `text`; `path` is for messages.
///
/// # Errors
/// Syntax, unknown key, wrong type, impossible value.
pub fn parse(text: &str, path: &Path) -> Result<Config, ConfigError> {
    let config: Config = toml::from_str(text)
        .map_err(|error| ConfigError::parse(text, path, error.span(), error.message()))?;
    config.check(text, path)?;
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(text: &str) -> String {
        parse(text, Path::new("config.toml"))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn the_shipped_file_holds_every_key_at_its_default() {
        let text = include_str!("../../config.toml");
        assert_eq!(
            parse(text, Path::new("config.toml")).unwrap(),
            Config::default()
        );
        let shipped: toml::Table = toml::from_str(text).unwrap();
        let all = toml::Table::try_from(Config::default()).unwrap();
        assert_same_keys(&all, &shipped, "");
    }

    #[test]
    fn the_settings_of_the_package_are_sound() {
        let text = include_str!("../../scripts/debian/config.toml");
        let config = parse(text, Path::new("config.toml")).unwrap();
        assert!(config.models.folder.is_absolute() && config.dialogue.playbook.is_absolute());
        assert!(config.serve.capacity_file.is_absolute());
    }

    fn assert_same_keys(all: &toml::Table, shipped: &toml::Table, place: &str) {
        for (key, value) in all {
            let found = shipped.get(key);
            assert!(found.is_some(), "config.toml lacks `{place}{key}`");
            if let (Some(all), Some(shipped)) = (value.as_table(), found.and_then(|v| v.as_table()))
            {
                assert_same_keys(all, shipped, &format!("{place}{key}."));
            }
        }
    }

    #[test]
    fn a_file_in_another_encoding_is_told_of_with_its_cure() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        let utf16 = "[serve]\n".encode_utf16().flat_map(u16::to_le_bytes);
        let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(utf16).collect();
        for (bytes, what) in [(utf16, "is UTF-16"), (vec![b'#', 0xe9], "is not UTF-8")] {
            std::fs::write(&path, bytes).unwrap();
            let error = load(Some(&path)).unwrap_err();
            assert!(error.to_string().ends_with(what), "{error}");
            assert_eq!(error.hint().as_deref(), Some("save it as UTF-8"));
        }
    }

    #[test]
    fn an_unknown_key_names_its_line() {
        let message = error_of("[vad]\naggressiveness = 1\nagressive = 2\n");
        assert!(
            message.starts_with("config `config.toml` line 3, column 1: unknown field `agressive`"),
            "{message}"
        );
    }

    #[test]
    fn a_wrong_type_names_its_line() {
        let message = error_of("[turn]\n\nstart_ms = \"soon\"\n");
        assert!(message.contains("line 3, column 12"), "{message}");
        assert!(!message.contains('\n'));
    }

    #[test]
    fn an_impossible_value_names_its_line_and_the_range() {
        assert_eq!(
            error_of("[llm]\ntop_k = 3\n[turn]\nstart_ms = 9000\n"),
            "config `config.toml` line 4: `turn.start_ms` is 9000, but must be from 20 to 500 ms"
        );
        assert!(error_of("[tts]\nengine = \"festival\"").contains("must be one of espeak, piper"));
        assert!(error_of("[serve]\nlisten = \"localhost\"").contains("an address with a port"));
    }

    #[test]
    fn a_language_of_the_file_takes_the_place_of_its_pack() {
        let config = parse(
            "[turn.words.en]\nyes = [\"Aye!\"]\n[turn.endpointing.number]\nreading_ms = 1500\n",
            Path::new("config.toml"),
        )
        .unwrap();
        let english: Vec<String> = config.turn.words["en"].yes.clone().into();
        assert_eq!(english, ["aye"]);
        let lists = |language| patter_language::reading::lists_for(&config.turn.words, language);
        assert_eq!(lists("en-GB"), &config.turn.words["en"]);
        assert!(!Vec::from(lists("zh").yes.clone()).is_empty());
        let number = &config.turn.endpointing.number;
        assert_eq!((number.reading_ms, number.unclear_ms), (1_500, 700));
        assert!(
            error_of("[turn.words.en]\nyess = []\n").contains("line 2, column 1: unknown field")
        );
        assert_eq!(
            error_of("[turn.endpointing]\nmin_ms = 500\nmax_ms = 400\n"),
            "config `config.toml` line 3: `turn.endpointing.max_ms` is 400, but must be from 500 to 5000 ms \
             (from min_ms)"
        );
    }

    #[test]
    fn http_beyond_this_machine_wants_a_token_and_no_message_shows_it() {
        let open = error_of("[http]\nlisten = \"0.0.0.0:8091\"");
        assert!(open.contains("must be a loopback address"), "{open}");
        let parsed = |text: &str| parse(text, Path::new("config.toml"));
        assert!(parsed("[http]\nlisten = \"0.0.0.0:8091\"\ntoken = \"0123456789abcdef\"").is_ok());
        assert!(parsed("[http]\nlisten = \"[::]:8091\"\ntoken_file = \"token\"").is_ok());
        assert!(parsed("[http]\nlisten = \"127.0.0.1:8091\"").is_ok());
        assert!(error_of("[http]\nlisten = \"[::ffff:10.0.0.1]:8091\"").contains("loopback"));
        let short = error_of("[http]\ntoken = \"tomorrow\"");
        assert!(
            short.contains("16 to 256") && !short.contains("tomorrow"),
            "{short}"
        );
        let both = error_of("[http]\ntoken = \"0123456789abcdef\"\ntoken_file = \"token\"");
        assert!(
            both.contains("token_file") && !both.contains("0123"),
            "{both}"
        );
    }

    #[test]
    fn nan_is_no_value() {
        assert!(error_of("[llm]\ntemperature = nan").contains("must be from 0 to 2"));
    }
}
