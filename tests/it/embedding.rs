//! The sentence model that ships with the repository.

use patter_engine::chat::LlmError;
use patter_engine::embed::Embed;
use patter_llm::embedder::Embedder;

use crate::support::{loaded, one_at_a_time};

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[test]
fn sentences_that_mean_alike_are_near_and_vectors_are_kept() {
    let _turn = one_at_a_time();
    let loaded = loaded();
    let folder = tempfile::tempdir().unwrap();
    let path = loaded.model(&loaded.config.dialogue.embedding_model);
    let store = folder.path().join("vectors");
    let start = || Embedder::start(&path, Some(&store)).unwrap();
    let embedder = start();
    let vector = |text: &str| embedder.vector(text).unwrap();
    let asked = vector("how much does it cost");
    assert!((cosine(&asked, &asked) - 1.0).abs() < 1e-3);
    let near = cosine(&asked, &vector("what is the price"));
    let far = cosine(&asked, &vector("my dog is ill today"));
    assert!(near > far + 0.3, "{near} {far}");

    let texts = ["what is the price", "my dog is ill today", ""];
    let learnt = embedder.learn(&texts).unwrap();
    assert!(
        cosine(&learnt[0], &vector(texts[0])) > 0.999,
        "in a batch as alone"
    );
    drop(embedder);
    let kept = std::fs::metadata(&store).unwrap().modified().unwrap();
    assert_eq!(start().learn(&texts).unwrap(), learnt);
    let untouched = std::fs::metadata(&store).unwrap().modified().unwrap();
    assert_eq!(kept, untouched, "nothing was made again");
}

#[test]
fn any_text_has_a_vector_and_a_file_that_is_no_such_model_is_refused() {
    let _turn = one_at_a_time();
    let loaded = loaded();
    let start = |path: &std::path::Path| Embedder::start(path, None);
    let embedder = start(&loaded.model(&loaded.config.dialogue.embedding_model)).unwrap();
    for text in [
        "😀 \u{202e}",
        "\0",
        "钱多少",
        &"price ".repeat(20_000),
        &"a".repeat(100_000),
    ] {
        let vector = embedder.vector(text).unwrap();
        assert!(vector.iter().all(|x| x.is_finite()), "{}", &text[..1]);
    }
    let refused = |path: &std::path::Path| match start(path) {
        Err(LlmError::Load { reason, .. }) => reason,
        other => panic!("{:?}", other.err()),
    };
    let of_another_kind = refused(&loaded.model(&loaded.config.llm.model));
    assert!(
        of_another_kind.contains("no sentence vectors"),
        "{of_another_kind}"
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.gguf");
    let whole = std::fs::read(loaded.model(&loaded.config.dialogue.embedding_model)).unwrap();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert!(refused(&path).contains("cut short"));
    let missing = start(&folder.path().join("none.gguf"));
    assert!(matches!(missing, Err(LlmError::Missing { .. })));
}

#[test]
fn who_asks_does_not_wait_for_what_is_learnt() {
    let _turn = one_at_a_time();
    let loaded = loaded();
    let embedder = Embedder::start(&loaded.model(&loaded.config.dialogue.embedding_model), None);
    let embedder = embedder.unwrap();
    let texts: Vec<String> = (0..1_000)
        .map(|number| format!("I have {number} reasons to ask about the price of a membership"))
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    std::thread::scope(|scope| {
        let learning = scope.spawn(|| embedder.learn_behind(&texts));
        let mut asked = 0..;
        let mut ask = || {
            let number = asked.next().unwrap_or(0);
            embedder.vector(&format!("how much are {number} months"))
        };
        // One late answer of a busy machine is no queue.
        let answered = (0..20).filter(|_| ask().is_some()).count();
        assert!(
            !learning.is_finished(),
            "it was over before anything was asked"
        );
        assert!(answered > 10, "{answered} of 20");
        assert!(learning.join().unwrap());
    });
}
