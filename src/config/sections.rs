//! The sections of `config.toml` with their keys and defaults.
//!
//! Thread: main. In: TOML, by serde. Out: plain values. Ranges are in [`super::rules`].

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::secret::Secret;
use patter_language::reading::WordLists;

macro_rules! section {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty = $default:expr,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name { $($(#[$field_doc])* pub $field: $kind,)+ }
        impl Default for $name {
            fn default() -> Self { Self { $($field: $default,)+ } }
        }
    };
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

section!(
    /// `[models]`
    ModelsConfig {
        /// Folder of the model files, relative to the config file.
        folder: PathBuf = "models".into(),
    }
);

section!(
    /// `[vad]`
    VadConfig {
        /// webrtc-vad's mode, 0 to 3; higher lets less pass as speech.
        aggressiveness: u8 = 2,
        /// Sound below this level is never speech, in dBFS.
        min_level_dbfs: f32 = -50.0,
        /// Speech stands at least this far above the line's own noise, in dB; what lacks speaks against it.
        noise_margin_db: f32 = 8.0,
        /// Evidence that makes a frame speech, in log odds.
        min_evidence: f32 = 1.6,
    }
);

section!(
    /// `[turn]`
    TurnConfig {
        /// Speech before a turn begins, in ms.
        start_ms: u32 = 60,
        /// Speech before the agent's sound is paused, in ms.
        #[serde(alias = "hold_ms")]
        agent_pause_ms: u32 = 80,
        /// Speech that is too long for a backchannel and interrupts the agent, in ms.
        #[serde(alias = "cancel_ms")]
        interrupt_ms: u32 = 700,
        /// Silence after which the words are decoded and a speculative answer is made, in ms.
        pause_ms: u32 = 120,
        /// Make the answer in the caller's pause, before the turn is over.
        speculate: bool = true,
        /// A caller who speaks when less than this of the answer was heard goes on with their last words, in ms.
        reopen_ms: u32 = 500,
        /// Less speech than this is a click, in ms.
        min_speech_ms: u32 = 100,
        /// A turn is cut here, in ms.
        max_turn_ms: u32 = 25_000,
        /// Sound kept from before the turn's start, in ms.
        preroll_ms: u32 = 300,
        /// Silence of both sides after which the caller is asked whether they are there, in ms; 0 for never.
        #[serde(alias = "remind_ms")]
        no_input_ms: u32 = 7_000,
        /// How often, before the call is ended.
        #[serde(alias = "reminders")]
        reprompts: u32 = 2,
        /// A filler is said when an answer takes this long, in ms.
        #[serde(alias = "bridge_ms")]
        filler_ms: u32 = 1_800,
        /// The call is ended with an apology when an answer takes this long, in ms.
        apology_ms: u32 = 9_000,
        /// How long to wait for more words.
        #[serde(alias = "patience")]
        endpointing: EndpointingConfig = EndpointingConfig::default(),
        /// What words tell, by language, where that is not the language's pack.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        words: BTreeMap<String, WordLists> = BTreeMap::new(),
    }
);

section!(
    /// `[turn.endpointing]`: silence to wait, in ms, by what the words sound like.
    EndpointingConfig {
        /// After a whole question or a short answer.
        complete_ms: u32 = 260,
        /// After a whole statement.
        statement_ms: u32 = 440,
        /// After words that could be whole or not.
        unclear_ms: u32 = 520,
        /// After words that cannot end a sentence, and while none are known.
        dangling_ms: u32 = 900,
        /// After "um".
        hesitating_ms: u32 = 1_100,
        /// While something is read out.
        reading_ms: u32 = 900,
        /// Least wait.
        min_ms: u32 = 180,
        /// Longest wait.
        max_ms: u32 = 1_600,
        /// Least factor for a caller of short pauses.
        min_pace: f32 = 0.8,
        /// Greatest factor for a caller of long pauses.
        max_pace: f32 = 1.6,
        /// While a number is asked for.
        number: NumberEndpointing = NumberEndpointing::default(),
        /// While an e-mail address is asked for.
        email: EmailEndpointing = EmailEndpointing::default(),
        /// While a name is asked for.
        name: NameEndpointing = NameEndpointing::default(),
        /// While an address is asked for.
        address: AddressEndpointing = AddressEndpointing::default(),
        /// While a yes or no is asked for.
        yes_no: YesNoEndpointing = YesNoEndpointing::default(),
    }
);

/// A profile of `[turn.endpointing]`: its defaults in ms for complete, unclear, reading.
macro_rules! asked_endpointing {
    ($(#[$doc:meta])* $name:ident, $complete_ms:literal, $unclear_ms:literal, $reading_ms:literal) => {
        section!(
            $(#[$doc])*
            $name {
                /// When what was asked for is there, in ms.
                complete_ms: u32 = $complete_ms,
                /// When it may be there, in ms.
                unclear_ms: u32 = $unclear_ms,
                /// While it is read out, in ms.
                reading_ms: u32 = $reading_ms,
            }
        );
    };
}

asked_endpointing!(
    /// `[turn.endpointing.number]`
    NumberEndpointing, 240, 700, 1_200
);
asked_endpointing!(
    /// `[turn.endpointing.email]`
    EmailEndpointing, 320, 700, 1_200
);
asked_endpointing!(
    /// `[turn.endpointing.name]`
    NameEndpointing, 300, 600, 900
);
asked_endpointing!(
    /// `[turn.endpointing.address]`
    AddressEndpointing, 480, 700, 1_200
);
asked_endpointing!(
    /// `[turn.endpointing.yes_no]`
    YesNoEndpointing, 200, 420, 900
);

section!(
    /// `[asr]`
    AsrConfig {
        /// Model file in the models folder.
        model: PathBuf = "patter-asr-v4.bin".into(),
        /// Language code; Whisper's English-only models ignore it.
        language: String = "en".into(),
        /// Worker threads; all engines together should not exceed the cores.
        threads: u32 = 2,
        /// Time between partial transcripts, in ms; 0 for none.
        partial_ms: u32 = 500,
        /// Above this probability of "no speech" a transcript is dropped.
        no_speech_threshold: f32 = 0.6,
        /// Below this mean log probability of its tokens a transcript is dropped.
        min_logprob: f32 = -1.5,
        /// Below this one a transcript does not cut the agent off, and is not taken for a finished sentence.
        sure_logprob: f32 = -0.5,
        /// Smallest encoder window, in positions of 20 ms.
        min_audio_ctx: u32 = 224,
        /// The model was trained with timestamps (OpenAI's were; the default one was not).
        timestamps: bool = false,
        /// Run on the GPU when built with one.
        gpu: bool = true,
    }
);

section!(
    /// `[llm]`
    LlmConfig {
        /// Model file in the models folder.
        model: PathBuf = "SmolLM2-135M-Instruct.Q4_1.gguf".into(),
        /// Worker threads.
        threads: u32 = 2,
        /// Tokens of context for all calls together.
        context_tokens: u32 = 8_192,
        /// Tokens that one step may prefill; smaller keeps other calls' replies fluent.
        prefill_chunk_tokens: u32 = 64,
        /// Longest reply, in tokens.
        max_reply_tokens: u32 = 60,
        /// Longest time for a reply, in ms.
        max_reply_ms: u32 = 6_000,
        /// 0 is greedy.
        temperature: f32 = 0.3,
        /// Candidates kept, by count.
        top_k: u32 = 40,
        /// Candidates kept, by mass.
        top_p: f32 = 0.9,
        /// Above 1 makes words already said less likely.
        repeat_penalty: f32 = 1.15,
        /// Seed of the sampler; the same seed gives the same reply.
        seed: u32 = 7,
        /// Layers on the GPU when built with one.
        gpu_layers: u32 = 99,
    }
);

section!(
    /// `[tts]`
    TtsConfig {
        /// `espeak` or `piper`.
        engine: String = "espeak".into(),
        /// Seconds of speech kept for lines said again; 0 for none.
        cache_seconds: u32 = 120,
        /// `[tts.espeak]`
        espeak: EspeakConfig = EspeakConfig::default(),
        /// `[tts.piper]`
        piper: PiperConfig = PiperConfig::default(),
    }
);

section!(
    /// `[tts.espeak]`
    EspeakConfig {
        /// Voice as espeak-ng names it.
        voice: String = "en-us".into(),
        /// Words per minute, 80 to 450.
        words_per_minute: u32 = 165,
        /// 0 to 99.
        pitch: u32 = 45,
    }
);

section!(
    /// `[tts.piper]`
    PiperConfig {
        /// Voice file in the models folder; its JSON lies beside it.
        voice: PathBuf = "en_US-lessac-medium.onnx".into(),
        /// ONNX Runtime's library in the models folder.
        runtime: PathBuf = "libonnxruntime.so".into(),
        /// Above 1 speaks slower.
        length_scale: f32 = 1.0,
        /// Speaker of a voice that has several.
        speaker: i64 = 0,
    }
);

section!(
    /// `[dialogue]`
    DialogueConfig {
        /// Playbook, relative to the config file.
        playbook: PathBuf = "playbooks/fitness.toml".into(),
        /// Model that makes vectors of sentences, in the models folder; empty for none.
        embedding_model: PathBuf = "all-minilm-l6-v2.Q4_0.gguf".into(),
        /// Languages of playbooks that it is used with.
        embedding_languages: Vec<String> = vec!["en".into()],
        /// File that keeps its vectors of the examples, relative to the config file; empty for none.
        embedding_store: PathBuf = "cache/embeddings.bin".into(),
        /// Exchanges that the model sees; older ones are left out.
        history_turns: u32 = 6,
        /// A call with more replies than this in one stage is handed over; 0 for never.
        lost_after_turns: u32 = crate::LOST_AFTER,
        /// Replies that the model makes for one turn, of which the best is said; 1 is no choice.
        candidates: u32 = 1,
        /// No candidate is made later than this after the first was begun, in ms.
        rerank_ms: u32 = 1_500,
        /// A longer sentence of the model's is not said, in words.
        max_sentence_words: u32 = 30,
        /// Sentences of the model's in one turn; those after it are not said.
        max_reply_sentences: u32 = 3,
        /// The day of the call, as in 2026-11-24; today when empty.
        today: String = String::new(),
    }
);

impl DialogueConfig {
    /// The day of a call that begins now: "tomorrow" is the day after it.
    pub fn day_of_call(&self) -> jiff::civil::Date {
        let today = || jiff::Zoned::now().date();
        self.today.parse().unwrap_or_else(|_| today())
    }
}

section!(
    /// `[serve]`
    ServeConfig {
        /// Address and port to listen on.
        listen: String = "127.0.0.1:8090".into(),
        /// Calls at once, one more is hung up on; 0 for as many as were measured.
        max_calls: u32 = 8,
        /// File that keeps what was measured, relative to the config file.
        capacity_file: PathBuf = "cache/capacity.json".into(),
        /// Sound sent ahead of the clock, in ms; the floor under barge-in.
        lead_ms: u32 = 40,
        /// Playbooks that calls may name beside `dialogue.playbook`, relative to the config file.
        playbooks: Vec<PathBuf> = Vec::new(),
        /// `accept` or `refuse` calls of which neither a registration nor a lookup knows.
        unknown_calls: String = "accept".into(),
        /// JSON file of call data by UUID, relative to the config file; empty for none.
        lookup_file: PathBuf = PathBuf::new(),
        /// Program and arguments that print the call data of the UUID that is added as the last argument; empty for
        /// none.
        lookup_command: Vec<String> = Vec::new(),
        /// A lookup command is killed after this, in ms.
        lookup_timeout_ms: u32 = 2_000,
        /// A call is ended after this, in s; 0 for never.
        max_call_s: u32 = 3_600,
        /// Calls under way when the program is told to stop may go on for this long, in s.
        drain_s: u32 = 300,
        /// A caller who sends no frame at all for this long is gone, in ms.
        idle_timeout_ms: u32 = 60_000,
        /// Folder for records of calls (`calls.db`, and sound if `record_audio`), relative to the config file; empty
        /// for none.
        records: PathBuf = PathBuf::new(),
        /// Days that calls are kept; 0 for ever.
        keep_days: u32 = 0,
        /// Keep a stereo recording of each call.
        record_audio: bool = false,
        /// Its format: `wav` or `flac`.
        record_format: String = "wav".into(),
    }
);

section!(
    /// `[load]`: shares of the cores' time that the models take, from which on something is left out.
    LoadConfig {
        /// Partial transcripts come every `partial_ms`.
        few_partials_at: f32 = 0.4,
        /// Time between them then, in ms.
        partial_ms: u32 = 1_500,
        /// No speculative answer is made: none before the caller's turn is over.
        #[serde(alias = "nothing_ahead_at")]
        no_speculation_at: f32 = 0.75,
        /// An approved line is said in place of a generated answer.
        approved_only_at: f32 = 0.93,
        /// Nor is one generated while its first sentence takes longer than this, in ms.
        slow_sentence_ms: u32 = 1_500,
    }
);

section!(
    /// `[priority]`: what threads ask the system for; values of nice are added to that of the program.
    PriorityConfig {
        /// Threads of sound ask to be real-time.
        real_time_sound: bool = true,
        /// Where they may not.
        sound_nice: i32 = -11,
        /// Passes of models.
        models_nice: i32 = -5,
        /// Learning, records, recordings.
        background_nice: i32 = 5,
    }
);

section!(
    /// `[http]`
    HttpConfig {
        /// Address and port to listen on; empty for no HTTP.
        listen: String = String::new(),
        /// What clients must show; empty for none.
        token: Secret = Secret::default(),
        /// File that holds it instead, relative to the config file; empty for none.
        token_file: PathBuf = PathBuf::new(),
        /// A call that is registered and does not come is forgotten after this time, in s.
        registration_s: u32 = 600,
        /// Calls that may be registered at once.
        max_registrations: u32 = 10_000,
        /// What a call came to can be asked for this long, in s.
        result_s: u32 = 3_600,
        /// Connections at once.
        max_connections: u32 = 64,
        /// A client that does not send its request, or take its answer, in this time is cut off, in ms.
        client_timeout_ms: u32 = 10_000,
    }
);

section!(
    /// `[log]`: lines of `patter serve` on stderr.
    LogConfig {
        /// `text`, `json` or `plain`.
        format: String = "text".into(),
        /// `info`, `warn` or `error`.
        level: String = "info".into(),
    }
);

section!(
    /// `[device]`
    DeviceConfig {
        /// Microphone by name; empty for the system's default.
        input: String = String::new(),
        /// Speaker by name; empty for the system's default.
        output: String = String::new(),
        /// Take the agent's own voice out of what the microphone hears.
        echo_cancel: bool = true,
    }
);
