//! Whose turn it is, and how long to wait for more words: keys, defaults, ranges.

use std::collections::BTreeMap;
use std::path::PathBuf;

use patter_language::reading::WordLists;

use crate::ConfigError;
use crate::rules::{File, Table, section, within};

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

impl TurnConfig {
    pub(crate) fn check(&self, file: &File<'_>) -> Result<(), ConfigError> {
        let table = file.table("turn");
        within!(table, self.start_ms, 20..=500, " ms");
        within!(
            table,
            self.agent_pause_ms,
            self.start_ms..=2_000,
            " ms (from start_ms)"
        );
        within!(
            table,
            self.interrupt_ms,
            self.agent_pause_ms..=5_000,
            " ms (from agent_pause_ms)"
        );
        within!(table, self.pause_ms, 60..=500, " ms");
        within!(table, self.reopen_ms, 0..=3_000, " ms");
        within!(table, self.no_input_ms, 0..=600_000, " ms");
        within!(table, self.reprompts, 0..=20, "");
        within!(table, self.filler_ms, 300..=60_000, " ms");
        within!(
            table,
            self.apology_ms,
            self.filler_ms..=120_000,
            " ms (from filler_ms)"
        );
        within!(table, self.min_speech_ms, 20..=1_000, " ms");
        within!(table, self.max_turn_ms, 2_000..=29_000, " ms");
        within!(table, self.preroll_ms, 0..=1_000, " ms");
        self.endpointing.check(file)
    }
}

section!(
    /// `[turn.endpointing]`: silence to wait, in ms, by what the words sound like.
    EndpointingConfig {
        /// After a whole question or a short answer.
        complete_ms: u32 = 260,
        /// After a whole statement.
        statement_ms: u32 = 440,
        /// After words that could be whole or not.
        unclear_ms: u32 = 520,
        /// File in the models folder of the model that hears from the sound whether somebody has finished; empty for
        /// none.
        sound_model: PathBuf = PathBuf::new(),
        /// With it: what is less probably finished is waited for a step longer, 0 to 1.
        sounds_open_below: f32 = 0.2,
        /// What is at least so probably finished counts as over, 0 to 1.
        sounds_over_from: f32 = 0.9,
        /// And is waited for so long, in ms.
        sounds_over_ms: u32 = 400,
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

impl EndpointingConfig {
    fn check(&self, file: &File<'_>) -> Result<(), ConfigError> {
        let table = file.table("turn.endpointing");
        within!(table, self.max_ms, self.min_ms..=5_000, " ms (from min_ms)");
        within!(table, self.min_ms, 100..=1_000, " ms");
        within!(table, self.statement_ms, 100..=5_000, " ms");
        within!(table, self.dangling_ms, 100..=5_000, " ms");
        within!(table, self.hesitating_ms, 100..=5_000, " ms");
        within!(table, self.min_pace, 0.5..=1.0, "");
        within!(table, self.max_pace, 1.0..=3.0, "");
        within!(table, self.complete_ms, 100..=5_000, " ms");
        within!(table, self.unclear_ms, 100..=5_000, " ms");
        within!(table, self.reading_ms, 100..=5_000, " ms");
        within!(table, self.sounds_open_below, 0.0..=1.0, "");
        within!(
            table,
            self.sounds_over_from,
            self.sounds_open_below..=1.0,
            " (from sounds_open_below)"
        );
        within!(table, self.sounds_over_ms, 100..=5_000, " ms");
        self.number.check(&file.table("turn.endpointing.number"))?;
        self.email.check(&file.table("turn.endpointing.email"))?;
        self.name.check(&file.table("turn.endpointing.name"))?;
        self.address
            .check(&file.table("turn.endpointing.address"))?;
        self.yes_no.check(&file.table("turn.endpointing.yes_no"))
    }
}

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

        impl $name {
            fn check(&self, table: &Table<'_>) -> Result<(), ConfigError> {
                within!(table, self.complete_ms, 100..=5_000, " ms");
                within!(table, self.unclear_ms, 100..=5_000, " ms");
                within!(table, self.reading_ms, 100..=5_000, " ms");
                Ok(())
            }
        }
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
