//! The engines with real models.

use std::time::Duration;

use patter_audio::level::dbfs;
use patter_audio::ms_to_samples;
use patter_call::candidates;
use patter_call::candidates::{Candidate, Limits};
use patter_engine::chat::{ChatModel, ChatSession, Generation, Piece, Stats};
use patter_engine::recognise::{Pass, Recogniser};
use patter_language::text::normalise;
use patter_llm::engine::Engine;
use patter_machine::cores::Cores;
use patter_speech::whisper;
use patter_types::chat::{ChatMessage, Finish, Role};
use patter_types::priority::Priority;

use crate::support::{engines, loaded, one_at_a_time, root, voice};

fn user(text: &str) -> Vec<ChatMessage> {
    vec![ChatMessage {
        role: Role::User,
        text: text.into(),
    }]
}

fn read(generation: &Generation) -> (String, Stats) {
    let mut text = String::new();
    for piece in &generation.pieces {
        match piece {
            Piece::Text(piece) => text.push_str(&piece),
            Piece::Done(stats) => return (text, stats),
        }
    }
    panic!("no end");
}

#[test]
fn sentences_of_synthetic_callers_are_understood() {
    let mut session = engines().recogniser.session();
    for name in ["en-us+f3", "en-gb"] {
        let voice = voice(name);
        for text in [
            "How much is it?",
            "I want to lose weight.",
            "Can I cancel any time?",
            "It's too expensive.",
        ] {
            let mut samples = voice.speak(text, false).unwrap().samples.to_vec();
            samples.extend([0; 4_000]);
            let heard = session
                .transcribe(&samples, Pass::Final, Priority::Interactive, &|| false)
                .unwrap();
            assert_eq!(normalise(&heard.text), normalise(text), "{name}");
        }
    }
}

/// Processor time of this program, all threads.
#[cfg(target_os = "linux")]
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

#[cfg(target_os = "linux")]
#[test]
fn a_pass_beside_busy_neighbours_takes_little_more_processor_time() {
    let _turn = one_at_a_time();
    let mut session = engines().recogniser.session();
    let mut samples = voice("en-us+f3")
        .speak("How much is it?", false)
        .unwrap()
        .samples
        .to_vec();
    samples.resize(ms_to_samples(3_000), 0);
    let mut pass = || {
        let before = processor_time();
        session
            .transcribe(&samples, Pass::Final, Priority::Interactive, &|| false)
            .unwrap();
        processor_time() - before
    };
    let mut median = || {
        let mut passes: Vec<Duration> = (0..15).map(|_| pass()).collect();
        passes.sort();
        passes[passes.len() / 2]
    };
    median();
    let alone = median();
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let mut neighbours: Vec<_> = (0..cores + 1)
        .map(|_| {
            std::process::Command::new(env!("CARGO_BIN_EXE_patter"))
                .args(["bench", "busy", "cpu"])
                .stdin(std::process::Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    std::thread::sleep(Duration::from_millis(500));
    let beside = median();
    let all_ran = neighbours
        .iter_mut()
        .all(|n| n.try_wait().unwrap().is_none());
    for neighbour in &mut neighbours {
        neighbour.kill().unwrap();
        neighbour.wait().unwrap();
    }
    assert!(all_ran, "the neighbours were not there");
    // Threads that spin while another one waits for a core take many times as much.
    assert!(
        beside < alone * 2,
        "{alone:?} alone, {beside:?} beside them"
    );
}

#[test]
fn fewer_threads_hear_and_say_the_same() {
    let _turn = one_at_a_time();
    let loaded = loaded();
    let path = loaded.model(&loaded.config.asr.model);
    let mut samples = voice("en-us+f3")
        .speak("Can I cancel any time?", false)
        .unwrap()
        .samples
        .to_vec();
    samples.extend([0; 4_000]);
    // A machine of one core grants one thread, whatever is asked for.
    let heard = [1, 2].map(|total| {
        let model = whisper::Model::load(&path, &loaded.config.asr, &Cores::new(total)).unwrap();
        let mut session = model.session();
        let transcript =
            session.transcribe(&samples, Pass::Final, Priority::Interactive, &|| false);
        transcript.unwrap().text
    });
    assert_eq!(normalise(&heard[0]), "can i cancel any time");
    assert_eq!(heard[0], heard[1]);
}

#[test]
fn silence_hiss_and_hum_yield_no_words() {
    let mut session = engines().recogniser.session();
    let mut seed = 1u32;
    let mut noise = |amplitude: i32, count: usize| -> Vec<i16> {
        (0..count)
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                ((seed >> 16) as i32 % (2 * amplitude + 1) - amplitude) as i16
            })
            .collect()
    };
    let hum: Vec<i16> = (0..32_000)
        .map(|n| ((n as f32 * 0.0196).sin() * 2_000.0) as i16)
        .collect();
    for (what, samples) in [
        ("silence", vec![0; 32_000]),
        ("hiss", noise(300, 32_000)),
        ("loud hiss", noise(3_000, 24_000)),
        ("hum", hum),
        ("nothing", Vec::new()),
    ] {
        assert_eq!(
            session
                .transcribe(&samples, Pass::Final, Priority::Interactive, &|| false)
                .unwrap()
                .text,
            "",
            "{what}"
        );
    }
}

#[test]
fn a_cut_off_speech_model_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("half.bin");
    let bytes = std::fs::read(root().join("models/patter-asr-v4.bin")).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let error = whisper::Model::load(&path, &loaded().config.asr, &Cores::new(2))
        .err()
        .unwrap();
    assert!(error.to_string().contains("cannot be loaded"), "{error}");
}

#[test]
fn the_same_seed_gives_the_same_reply_and_the_cache_keeps_the_history() {
    let _turn = one_at_a_time();
    let engines = engines();
    let session = engines.llm.session().unwrap();
    let mut chat = user("Hello, what do you sell?");
    // On some processors a prompt decoded in one batch and one continued from the cache differ in their last bits: only
    // cached runs compare.
    let (_, stats) = read(&session.generate(chat.clone(), Priority::Interactive));
    let (first, _) = read(&session.generate(chat.clone(), Priority::Interactive));
    assert!(!first.trim().is_empty());
    assert!(stats.tokens <= 60);
    let (again, cached) = read(&session.generate(chat.clone(), Priority::Interactive));
    assert_eq!(first, again);
    assert_eq!(
        cached.prefilled_tokens, 1,
        "only the last token is decoded anew"
    );
    chat.push(ChatMessage {
        role: Role::Assistant,
        text: first,
    });
    chat.extend(user("And the price?"));
    let (_, next) = read(&session.generate(chat, Priority::Interactive));
    assert!(
        next.prompt_tokens - next.prefilled_tokens >= stats.prompt_tokens,
        "{next:?}"
    );
}

#[test]
fn a_generation_can_be_cancelled_and_another_call_goes_on() {
    let _turn = one_at_a_time();
    let engines = engines();
    let (one, two) = (
        engines.llm.session().unwrap(),
        engines.llm.session().unwrap(),
    );
    let long = one.generate(
        user("Count from one to one thousand."),
        Priority::Interactive,
    );
    let other = two.generate(user("Say hello."), Priority::Interactive);
    long.cancel();
    assert_eq!(read(&long).1.finish, Finish::Cancelled);
    assert!(matches!(
        read(&other).1.finish,
        Finish::EndOfTurn | Finish::Tokens | Finish::Loop
    ));
}

#[test]
fn a_prompt_that_does_not_fit_and_a_call_too_many_are_errors() {
    let mut config = loaded().config.llm;
    config.context_tokens = 1_024;
    let path = loaded().model(&config.model);
    let engine = Engine::start(&path, &config, 1, &Cores::new(2)).unwrap();
    let session = engine.session().unwrap();
    assert!(
        engine
            .session()
            .err()
            .unwrap()
            .to_string()
            .contains("already serves 1 calls")
    );
    let (_, stats) = read(&session.generate(user(&"word ".repeat(5_000)), Priority::Interactive));
    assert!(
        matches!(&stats.finish, Finish::Failed(reason) if reason.contains("does not fit")),
        "{stats:?}"
    );
    let (text, _) = read(&session.generate(user("Hello."), Priority::Interactive));
    assert!(!text.is_empty(), "the engine goes on after a refusal");
    drop(session);
    assert!(engine.session().is_ok(), "a place is free again");
}

#[test]
fn a_cut_off_language_model_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("half.gguf");
    let config = loaded().config.llm;
    let bytes = std::fs::read(loaded().model(&config.model)).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 3]).unwrap();
    let error = Engine::start(&path, &config, 1, &Cores::new(2))
        .err()
        .unwrap();
    assert!(error.to_string().contains("cannot be loaded"), "{error}");
}

#[test]
fn espeak_speaks_and_lines_of_the_playbook_are_kept() {
    let speaker = patter_assembly::voice(&loaded(), Some("espeak")).unwrap();
    let short = speaker.speak("Hello.", true).unwrap();
    let long = speaker
        .speak("Hello, this is a much longer sentence than that.", false)
        .unwrap();
    assert!(dbfs(&short.samples) > -35.0);
    assert!(long.samples.len() > 3 * short.samples.len());
    assert!(!short.cached && speaker.speak("Hello.", true).unwrap().cached);
    assert!(
        !speaker
            .speak("Hello, this is a much longer sentence than that.", false)
            .unwrap()
            .cached
    );
}

#[test]
fn a_piper_voice_speaks_at_its_length_and_a_damaged_one_is_an_error() {
    let mut loaded = loaded();
    loaded.config.tts.piper.voice = root().join("tests/fixtures/test-voice.onnx");
    let text = "Hello, this is a test of the voice.";
    let normal = patter_assembly::voice(&loaded, Some("piper"))
        .unwrap()
        .speak(text, false)
        .unwrap();
    assert!(
        dbfs(&normal.samples) > -30.0,
        "{} dBFS",
        dbfs(&normal.samples)
    );
    let seconds = normal.samples.len() as f32 / 16_000.0;
    assert!((1.0..5.0).contains(&seconds), "{seconds} s");
    // Speech moves: its level is not that of a tone.
    let levels: Vec<f32> = normal.samples.chunks(ms_to_samples(20)).map(dbfs).collect();
    let quiet = levels.iter().filter(|l| **l < -45.0).count();
    assert!(
        quiet >= 3 && quiet < levels.len() / 2,
        "{quiet} of {}",
        levels.len()
    );
    loaded.config.tts.piper.length_scale = 2.0;
    let slow = patter_assembly::voice(&loaded, Some("piper"))
        .unwrap()
        .speak(text, false)
        .unwrap();
    let ratio = slow.samples.len() as f32 / normal.samples.len() as f32;
    assert!((1.8..2.2).contains(&ratio), "{ratio}");

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad.onnx");
    std::fs::write(&path, b"no model").unwrap();
    std::fs::copy(
        root().join("tests/fixtures/test-voice.onnx.json"),
        folder.path().join("bad.onnx.json"),
    )
    .unwrap();
    loaded.config.tts.piper.voice = path.clone();
    let error = patter_assembly::voice(&loaded, Some("piper"))
        .err()
        .unwrap()
        .to_string();
    assert!(
        error.contains("cannot be loaded") && !error.contains('\n'),
        "{error}"
    );
    std::fs::write(folder.path().join("bad.onnx.json"), b"{\"audio\":").unwrap();
    assert!(
        patter_assembly::voice(&loaded, Some("piper"))
            .err()
            .unwrap()
            .to_string()
            .contains("JSON")
    );
    loaded.config.tts.piper.voice = folder.path().join("none.onnx");
    assert!(
        patter_assembly::voice(&loaded, Some("piper"))
            .err()
            .unwrap()
            .to_string()
            .contains("not there")
    );
}

#[test]
fn speculative_work_rests_while_somebody_waits() {
    let _turn = one_at_a_time();
    let engines = engines();
    let (one, two) = (
        engines.llm.session().unwrap(),
        engines.llm.session().unwrap(),
    );
    let speculative = one.generate(
        user("Count from one to one thousand."),
        Priority::Speculative,
    );
    assert!(
        matches!(speculative.pieces.recv(), Ok(Piece::Text(_))),
        "it runs while nobody waits"
    );
    let wanted = two.generate(user("Say hello."), Priority::Interactive);
    while !matches!(wanted.pieces.recv(), Ok(Piece::Text(_))) {}
    // What was made before the other began is still in the channel.
    while speculative.pieces.try_recv().is_ok() {}
    let mut during = 0;
    while let Ok(piece) = wanted.pieces.recv() {
        if matches!(piece, Piece::Done(_)) {
            break;
        }
        during += speculative.pieces.try_iter().count();
    }
    // A reader who wakes late may find what was made after the end; side by side it would be as many as the reply has.
    assert!(during <= 2, "{during} tokens that nobody waits for");
    let done = speculative
        .pieces
        .iter()
        .any(|p| matches!(p, Piece::Done(s) if s.tokens > 1));
    assert!(done, "it goes on afterwards");
}

/// An engine of its own whose replies are cut by no clock: a busy machine must not change them.
fn patient() -> Engine {
    let loaded = loaded();
    let mut config = loaded.config.llm.clone();
    config.context_tokens = 2_048;
    config.max_reply_ms = 120_000;
    config.max_reply_tokens = 24;
    config.threads = 1;
    Engine::start(&loaded.model(&config.model), &config, 2, &Cores::new(1)).unwrap()
}

#[test]
fn scoring_leaves_the_reply_as_it_was_and_the_chat_in_the_cache() {
    let _turn = one_at_a_time();
    let engine = patient();
    let chat = user("Hello, what does the membership cost?");
    let score = |session: &dyn ChatSession, parts: &[&str]| {
        let parts = parts.iter().map(|part| (*part).to_owned()).collect();
        session
            .score(chat.clone(), parts, Priority::Speculative)
            .wait()
    };
    let undisturbed = engine.session().unwrap();
    let (expected, stats) = read(&undisturbed.generate(chat.clone(), Priority::Interactive));
    drop(undisturbed);

    let session = engine.session().unwrap();
    let whole = score(session.as_ref(), &["It costs 29 dollars", " a month."]).unwrap();
    assert_eq!(whole.len(), 2);
    assert!(
        whole
            .iter()
            .all(|s| s.log_probability < 0.0 && s.tokens > 1)
    );
    let (text, next) = read(&session.generate(chat.clone(), Priority::Interactive));
    assert_eq!(text, expected);
    assert_eq!(next.prompt_tokens, stats.prompt_tokens);
    assert_eq!(next.prefilled_tokens, 1, "the chat is in the cache");
    // After a reply, the same words are as likely as before.
    let again = score(session.as_ref(), &["It costs 29 dollars", " a month."]).unwrap();
    for (a, b) in whole.iter().zip(&again) {
        assert!((a.log_probability - b.log_probability).abs() < 0.1 * a.tokens as f64);
    }
    let odd = score(session.as_ref(), &["dollars It 29 costs", " month. a"]).unwrap();
    assert!(odd[0].mean() < whole[0].mean());
    assert_eq!(score(session.as_ref(), &[""]).unwrap()[0].tokens, 0);
    assert!(
        score(session.as_ref(), &[&"word ".repeat(5_000)])
            .err()
            .unwrap()
            .to_string()
            .contains("does not fit")
    );
}

#[test]
fn a_score_grows_word_by_word_to_that_of_the_whole() {
    let _turn = one_at_a_time();
    let engine = patient();
    let session = engine.session().unwrap();
    let words = ["You", " can", " cancel", " any", " time", "."];
    let score = |parts: &[&str]| {
        let parts = parts.iter().map(|part| (*part).to_owned()).collect();
        let scoring = session.score(user("Can I cancel?"), parts, Priority::Interactive);
        scoring.wait().unwrap()
    };
    let whole = score(&[&words.concat()])[0];
    assert_eq!(whole.tokens, words.len());
    // Each word in a request of its own, after all before it.
    let single: f64 = (0..words.len())
        .map(|n| score(&[&words[..n].concat(), words[n]])[1].log_probability)
        .sum();
    let error = (whole.log_probability - single).abs() / words.len() as f64;
    assert!(error < 0.02, "{} and {single}", whole.log_probability);
}

#[test]
fn scoring_stands_back_behind_a_reply_and_can_be_given_up() {
    let _turn = one_at_a_time();
    let engine = patient();
    let (one, two) = (engine.session().unwrap(), engine.session().unwrap());
    let parts = vec!["and so on ".repeat(30)];
    let reply = two.generate(
        user("Count from one to one thousand."),
        Priority::Interactive,
    );
    while !matches!(reply.pieces.recv(), Ok(Piece::Text(_))) {}
    let scoring = one.score(user("Hello."), parts.clone(), Priority::Speculative);
    let mut unanswered = true;
    while let Ok(Piece::Text(_)) = reply.pieces.recv() {
        unanswered &= scoring.wait_for(Duration::ZERO).unwrap().is_none();
    }
    assert!(
        unanswered,
        "it was read beside a reply that somebody waits for"
    );
    assert_eq!(scoring.wait().unwrap().len(), 1);
    drop(one.score(user("Hello."), parts, Priority::Speculative));
    let (text, _) = read(&one.generate(user("Hello."), Priority::Interactive));
    assert!(!text.is_empty());
}

#[test]
fn candidates_differ_by_their_seed_and_keep_to_their_time() {
    let _turn = one_at_a_time();
    let engine = patient();
    let session = engine.session().unwrap();
    let chat = user("What would you recommend to somebody who has never done any sport?");
    let limits = |count, budget| Limits {
        count,
        budget,
        seed: 7,
    };
    let make = |limits: &Limits| {
        candidates::make(session.as_ref(), &chat, limits, || {
            Some(Priority::Interactive)
        })
    };
    // Fills the cache: see the test of one seed.
    make(&limits(3, None));
    let all = make(&limits(3, None));
    // One that thinks aloud is left out.
    assert!((2..=3).contains(&all.len()), "{all:?}");
    assert!(all.iter().all(|c| c.evidence.likelihood.tokens > 0));
    assert!(
        all.iter()
            .any(|c| c.reply != all[0].reply || c.thought != all[0].thought),
        "{all:?}"
    );
    let again = make(&limits(3, None));
    let replies = |of: &[Candidate]| of.iter().map(|c| c.reply.clone()).collect::<Vec<_>>();
    assert_eq!(replies(&all), replies(&again));
    // Which seed's first one thinks aloud depends on the processor's last bits.
    let (seed, first) = (7..20)
        .map(|seed| {
            (
                seed,
                make(&Limits {
                    seed,
                    ..limits(1, None)
                }),
            )
        })
        .find(|(_, made)| !made.is_empty())
        .unwrap();
    let budget = Some(Duration::from_millis(1));
    let hasty = make(&Limits {
        seed,
        ..limits(3, budget)
    });
    assert_eq!(hasty.len(), 1, "the first is always finished");
    assert_eq!(hasty[0].reply, first[0].reply);
    assert!(candidates::make(session.as_ref(), &chat, &limits(3, None), || None).is_empty());
    assert!(candidates::best(all, |_| true).is_some());
}
