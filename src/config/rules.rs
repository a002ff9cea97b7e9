//! Which values make sense: one line a key, with the range that `config.toml` names.
//!
//! Thread: main. In: a config and its text. Out: nothing, or the first value that is out of range, with its line.

use std::path::Path;

use super::renamed::as_written;
use super::{Config, ConfigError};

pub(super) fn check(config: &Config, text: &str, path: &Path) -> Result<(), ConfigError> {
    let fail = |section: &'static str, key: &'static str, value: String, rule: String| {
        let written = as_written(text, section, key, &rule);
        ConfigError::Value {
            path: path.to_owned(),
            line: written.line,
            section: written.section,
            key: written.key,
            value,
            rule: written.rule,
        }
    };
    macro_rules! within {
        ($section:literal, $object:expr, $key:ident, $range:expr, $unit:literal) => {
            if !$range.contains(&$object.$key) {
                let range = $range;
                return Err(fail(
                    $section,
                    stringify!($key),
                    $object.$key.to_string(),
                    format!("from {} to {}{}", range.start(), range.end(), $unit),
                ));
            }
        };
    }
    let c = config;
    within!("vad", c.vad, aggressiveness, 0..=3, "");
    within!("vad", c.vad, min_level_dbfs, -90.0..=-10.0, " dBFS");
    within!("vad", c.vad, noise_margin_db, 0.0..=40.0, " dB");
    within!("vad", c.vad, min_evidence, 0.0..=5.0, "");
    within!("turn", c.turn, start_ms, 20..=500, " ms");
    within!(
        "turn",
        c.turn,
        agent_pause_ms,
        c.turn.start_ms..=2_000,
        " ms (from start_ms)"
    );
    within!(
        "turn",
        c.turn,
        interrupt_ms,
        c.turn.agent_pause_ms..=5_000,
        " ms (from agent_pause_ms)"
    );
    within!("turn", c.turn, pause_ms, 60..=500, " ms");
    within!("turn", c.turn, reopen_ms, 0..=3_000, " ms");
    within!("turn", c.turn, no_input_ms, 0..=600_000, " ms");
    within!("turn", c.turn, reprompts, 0..=20, "");
    within!("turn", c.turn, filler_ms, 300..=60_000, " ms");
    within!(
        "turn",
        c.turn,
        apology_ms,
        c.turn.filler_ms..=120_000,
        " ms (from filler_ms)"
    );
    within!("turn", c.turn, min_speech_ms, 20..=1_000, " ms");
    within!("turn", c.turn, max_turn_ms, 2_000..=29_000, " ms");
    within!("turn", c.turn, preroll_ms, 0..=1_000, " ms");
    let endpointing = &c.turn.endpointing;
    within!(
        "turn.endpointing",
        endpointing,
        max_ms,
        endpointing.min_ms..=5_000,
        " ms (from min_ms)"
    );
    within!("turn.endpointing", endpointing, min_ms, 100..=1_000, " ms");
    within!(
        "turn.endpointing",
        endpointing,
        statement_ms,
        100..=5_000,
        " ms"
    );
    within!(
        "turn.endpointing",
        endpointing,
        dangling_ms,
        100..=5_000,
        " ms"
    );
    within!(
        "turn.endpointing",
        endpointing,
        hesitating_ms,
        100..=5_000,
        " ms"
    );
    within!("turn.endpointing", endpointing, min_pace, 0.5..=1.0, "");
    within!("turn.endpointing", endpointing, max_pace, 1.0..=3.0, "");
    macro_rules! asked_within {
        ($($section:literal, $object:expr;)+) => {$(
            within!($section, $object, complete_ms, 100..=5_000, " ms");
            within!($section, $object, unclear_ms, 100..=5_000, " ms");
            within!($section, $object, reading_ms, 100..=5_000, " ms");
        )+};
    }
    asked_within!(
        "turn.endpointing", endpointing;
        "turn.endpointing.number", endpointing.number;
        "turn.endpointing.email", endpointing.email;
        "turn.endpointing.name", endpointing.name;
        "turn.endpointing.address", endpointing.address;
        "turn.endpointing.yes_no", endpointing.yes_no;
    );
    within!("asr", c.asr, threads, 1..=256, "");
    within!("asr", c.asr, partial_ms, 0..=10_000, " ms");
    within!("asr", c.asr, no_speech_threshold, 0.0..=1.0, "");
    within!("asr", c.asr, min_logprob, -10.0..=0.0, "");
    within!("asr", c.asr, sure_logprob, -10.0..=0.0, "");
    within!("asr", c.asr, min_audio_ctx, 64..=1_500, " positions");
    within!("llm", c.llm, threads, 1..=256, "");
    within!("llm", c.llm, context_tokens, 512..=1_048_576, " tokens");
    within!("llm", c.llm, prefill_chunk_tokens, 8..=4_096, " tokens");
    within!("llm", c.llm, max_reply_tokens, 1..=1_000, " tokens");
    within!("llm", c.llm, max_reply_ms, 100..=120_000, " ms");
    within!("llm", c.llm, temperature, 0.0..=2.0, "");
    within!("llm", c.llm, top_k, 1..=1_000, "");
    within!("llm", c.llm, top_p, 0.05..=1.0, "");
    within!("llm", c.llm, repeat_penalty, 1.0..=2.0, "");
    within!("tts", c.tts, cache_seconds, 0..=3_600, " s");
    within!("tts.espeak", c.tts.espeak, words_per_minute, 80..=450, "");
    within!("tts.espeak", c.tts.espeak, pitch, 0..=99, "");
    within!("tts.piper", c.tts.piper, length_scale, 0.3..=3.0, "");
    within!("tts.piper", c.tts.piper, speaker, 0..=100_000, "");
    within!("dialogue", c.dialogue, history_turns, 1..=100, "");
    within!("dialogue", c.dialogue, lost_after_turns, 0..=1_000, "");
    within!("dialogue", c.dialogue, candidates, 1..=16, "");
    within!("dialogue", c.dialogue, rerank_ms, 100..=60_000, " ms");
    within!(
        "dialogue",
        c.dialogue,
        max_sentence_words,
        5..=100,
        " words"
    );
    within!("dialogue", c.dialogue, max_reply_sentences, 1..=10, "");
    let today = &c.dialogue.today;
    if !today.is_empty() && today.parse::<jiff::civil::Date>().is_err() {
        let rule = "a day such as 2026-11-24, or empty for today".into();
        return Err(fail("dialogue", "today", format!("`{today}`"), rule));
    }
    within!("serve", c.serve, max_calls, 0..=256, "");
    within!("serve", c.serve, lead_ms, 20..=60, " ms");
    within!("serve", c.serve, idle_timeout_ms, 1_000..=3_600_000, " ms");
    within!("serve", c.serve, lookup_timeout_ms, 50..=60_000, " ms");
    let unknown = c.serve.unknown_calls.as_str();
    if !["accept", "refuse"].contains(&unknown) {
        let rule = "`accept` or `refuse`".into();
        return Err(fail("serve", "unknown_calls", format!("`{unknown}`"), rule));
    }
    let formats = crate::RECORDING_FORMATS;
    if !formats.contains(&c.serve.record_format.as_str()) {
        let rule = format!("one of {}", formats.join(", "));
        let value = format!("`{}`", c.serve.record_format);
        return Err(fail("serve", "record_format", value, rule));
    }
    let log = [
        ("format", &c.log.format, ["text", "json", "plain"]),
        ("level", &c.log.level, ["info", "warn", "error"]),
    ];
    for (key, value, known) in log {
        if !known.contains(&value.as_str()) {
            let rule = format!("one of {}", known.join(", "));
            return Err(fail("log", key, format!("`{value}`"), rule));
        }
    }
    within!("serve", c.serve, max_call_s, 0..=86_400, " s");
    within!("serve", c.serve, drain_s, 0..=86_400, " s");
    within!("serve", c.serve, keep_days, 0..=36_500, " days");
    let engines = crate::VOICES;
    if !engines.contains(&c.tts.engine.as_str()) {
        let rule = format!("one of {}", engines.join(", "));
        return Err(fail("tts", "engine", format!("`{}`", c.tts.engine), rule));
    }
    if c.serve.listen.parse::<std::net::SocketAddr>().is_err() {
        let rule = "an address with a port, such as 127.0.0.1:8090".into();
        return Err(fail(
            "serve",
            "listen",
            format!("`{}`", c.serve.listen),
            rule,
        ));
    }
    within!("load", c.load, few_partials_at, 0.0..=2.0, "");
    within!("load", c.load, partial_ms, 100..=10_000, " ms");
    within!(
        "load",
        c.load,
        no_speculation_at,
        c.load.few_partials_at..=2.0,
        " (from few_partials_at)"
    );
    within!(
        "load",
        c.load,
        approved_only_at,
        c.load.no_speculation_at..=2.0,
        " (from no_speculation_at)"
    );
    within!("load", c.load, slow_sentence_ms, 100..=60_000, " ms");
    within!("priority", c.priority, sound_nice, -20..=19, "");
    within!("priority", c.priority, models_nice, -20..=19, "");
    within!("priority", c.priority, background_nice, -20..=19, "");
    within!("http", c.http, registration_s, 10..=86_400, " s");
    within!("http", c.http, max_registrations, 1..=100_000, "");
    within!("http", c.http, result_s, 10..=604_800, " s");
    within!("http", c.http, max_connections, 4..=1_024, "");
    within!("http", c.http, client_timeout_ms, 1_000..=60_000, " ms");
    http(c, fail)
}

/// Who may reach the HTTP interface.
fn http(
    config: &Config,
    fail: impl Fn(&'static str, &'static str, String, String) -> ConfigError,
) -> Result<(), ConfigError> {
    let c = &config.http;
    let has_file = !c.token_file.as_os_str().is_empty();
    if !c.token.is_empty() && !c.token.is_strong() {
        let rule = "16 to 256 visible ASCII characters, or empty".into();
        return Err(fail("http", "token", "a text not shown here".into(), rule));
    }
    if !c.token.is_empty() && has_file {
        let value = format!("`{}`", c.token_file.display());
        let rule = "empty when `token` is set".into();
        return Err(fail("http", "token_file", value, rule));
    }
    if c.listen.is_empty() {
        return Ok(());
    }
    let value = format!("`{}`", c.listen);
    match c.listen.parse::<std::net::SocketAddr>() {
        Err(_) => {
            let rule = "an address with a port, such as 127.0.0.1:8091, or empty for no HTTP";
            Err(fail("http", "listen", value, rule.into()))
        }
        Ok(address) if !address.ip().is_loopback() && c.token.is_empty() && !has_file => {
            let rule =
                "a loopback address such as 127.0.0.1:8091, or `token` or `token_file` must be set";
            Err(fail("http", "listen", value, rule.into()))
        }
        Ok(_) => Ok(()),
    }
}
