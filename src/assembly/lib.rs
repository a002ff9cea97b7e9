//! Which engines a config names, loaded and put together: the one place that knows both the engines and the calls.
//!
//! A new engine is a file in its room and a line here.

use std::sync::Arc;
use std::time::Instant;

use patter_audio::vad::Vad;
use patter_call::load_shedding::LoadShedding;
use patter_call::playbooks::{Embedders, Learning, PlaybookRegistry};
use patter_call::{CallError, Engines};
use patter_config::{AsrConfig, Loaded};
use patter_engine::chat::{ChatModel, LlmError};
use patter_engine::embed::Embed;
use patter_engine::recognise::{AsrError, Recogniser};
use patter_engine::voice::{Speaker, TtsError};
use patter_llm::embedder::Embedder;
use patter_llm::engine::Engine;
use patter_machine::cores::Cores;
use patter_speech::cascade::Cascade;
use patter_speech::smart_turn::{Listening, SmartTurn};
use patter_speech::{voices, whisper};

/// Loads all that a call needs, warms it, and speaks the playbooks' first lines into the cache.
///
/// # Errors
/// A file is missing or damaged.
pub fn load(settings: &Loaded) -> Result<Engines, CallError> {
    load_learning(settings, Learning::First)
}

/// [`load`], for calls in real time: their passes share the cores with neighbours and with each other, and what takes
/// long to learn is learnt while they are answered.
///
/// # Errors
/// As [`load`].
pub fn load_for_callers(settings: &Loaded) -> Result<Engines, CallError> {
    let engines = load_learning(settings, Learning::Behind)?;
    engines.cores.share_with_neighbours();
    Ok(engines)
}

fn load_learning(settings: &Loaded, learning: Learning) -> Result<Engines, CallError> {
    let began = Instant::now();
    let cores = Cores::of_machine();
    let voice = voice(settings, None)?;
    // Before the models: they may be learnt while those are loaded, and a fault in one is told first.
    let embedders = Arc::new(LlamaEmbedders);
    let playbooks = PlaybookRegistry::load(settings, &voice, embedders.as_ref(), None, learning)?;
    let llm = chat_model(settings, settings.config.serve.max_calls, &cores)?;
    let recogniser = recogniser(settings, &cores)?;
    let mut engines = Engines {
        vad: Arc::new(|config| Box::new(Vad::new(config))),
        recogniser,
        llm,
        voice,
        embedders,
        playbooks: Arc::new(playbooks),
        load: Arc::new(LoadShedding::new(&cores, &settings.config.load)),
        cores,
        config: Arc::new(settings.config.clone()),
        ready_ms: 0.0,
    };
    match learning {
        // A call that is answered meanwhile reads it for itself.
        Learning::Behind => engines.share_prefix_behind(),
        _ => engines.share_prefix(),
    }
    engines.ready_ms = began.elapsed().as_secs_f32() * 1000.0;
    Ok(engines)
}

/// The recogniser that `[asr]` names, warmed, and what `[turn.endpointing]` adds to it.
///
/// # Errors
/// Missing, damaged, or no such model; no memory.
pub fn recogniser(settings: &Loaded, cores: &Cores) -> Result<Arc<dyn Recogniser>, AsrError> {
    let words = words(settings, cores)?;
    let model = &settings.config.turn.endpointing.sound_model;
    if model.as_os_str().is_empty() {
        return Ok(words);
    }
    let library = settings.model(&settings.config.tts.piper.runtime);
    let sound = Arc::new(SmartTurn::load(&settings.model(model), &library)?);
    Ok(Arc::new(Listening { words, sound }))
}

fn words(settings: &Loaded, cores: &Cores) -> Result<Arc<dyn Recogniser>, AsrError> {
    let load = |config: &AsrConfig| {
        let model = whisper::Model::load(&settings.model(&config.model), config, cores)?;
        model.warm()?;
        Ok::<Arc<dyn Recogniser>, AsrError>(Arc::new(model))
    };
    let config = &settings.config.asr;
    let exact = load(config)?;
    let Some(partial) = config.partial() else {
        return Ok(exact);
    };
    Ok(Arc::new(Cascade {
        fast: load(&partial)?,
        exact,
        sure_logprob: config.sure_logprob,
        fast_sure_logprob: config.partial_sure_logprob,
    }))
}

/// The language model that `[llm]` names, with places for `max_calls` at once.
///
/// # Errors
/// Missing, damaged, or no chat model.
pub fn chat_model(
    settings: &Loaded,
    max_calls: u32,
    cores: &Cores,
) -> Result<Arc<dyn ChatModel>, LlmError> {
    let config = &settings.config.llm;
    let engine = Engine::start(&settings.model(&config.model), config, max_calls, cores)?;
    Ok(Arc::new(engine))
}

/// The voice that `[tts]` names, or `engine` instead.
///
/// # Errors
/// Missing or damaged files, an unknown engine.
pub fn voice(settings: &Loaded, engine: Option<&str>) -> Result<Speaker, TtsError> {
    voices::load(settings, engine)
}

/// The language of that voice, which need not be loaded for it.
///
/// # Errors
/// There is no such engine; the file that describes a Piper voice is missing or damaged.
pub fn voice_language(settings: &Loaded, engine: Option<&str>) -> Result<String, TtsError> {
    voices::language(settings, engine)
}

/// The embedding model of `[dialogue]`, by llama.cpp.
pub struct LlamaEmbedders;

impl Embedders for LlamaEmbedders {
    fn knows(&self, settings: &Loaded, language: &str) -> bool {
        let config = &settings.config.dialogue;
        let mut languages = config.embedding_languages.iter();
        !config.embedding_model.as_os_str().is_empty() && languages.any(|known| known == language)
    }

    fn load(&self, settings: &Loaded) -> Result<Arc<dyn Embed>, LlmError> {
        let config = &settings.config.dialogue;
        let store = Some(&config.embedding_store).filter(|path| !path.as_os_str().is_empty());
        let store = store.map(|path| settings.resolve(path));
        let engine = Embedder::start(&settings.model(&config.embedding_model), store.as_deref())?;
        Ok(Arc::new(engine))
    }
}

/// The embedder for playbooks in `language`, where the settings name one.
///
/// # Errors
/// As [`Embedders::load`].
pub fn embedder_for(settings: &Loaded, language: &str) -> Result<Option<Arc<dyn Embed>>, LlmError> {
    let knows = LlamaEmbedders.knows(settings, language);
    knows.then(|| LlamaEmbedders.load(settings)).transpose()
}
