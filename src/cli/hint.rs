//! Help for messages: what to try next.

/// Pulls the hint out of an error chain: the first of our errors in it that has one.
pub(crate) fn of(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    macro_rules! try_types {
        ($error:expr, $($kind:ty),+) => {
            $(
                let found = $error.downcast_ref::<$kind>();
                if let Some(hint) = found.and_then(<$kind>::hint) {
                    return Some(hint);
                }
            )+
        };
    }
    let mut next = Some(error);
    while let Some(error) = next {
        try_types!(
            error,
            patter_config::ConfigError,
            patter_audio::wav::WavError,
            patter_call::record::CallFileError,
            patter_engine::recognise::AsrError,
            patter_engine::chat::LlmError,
            patter_engine::voice::TtsError,
            patter_playbook::PlaybookError,
            patter_lab::import::ImportError,
            patter_dialogue::slots::SlotError,
            patter_records::RecordsError,
            patter_models::ManifestError,
            patter_models::FetchError,
            patter_server::transport::device::DeviceError,
            patter_server::transport::audiosocket::ServeError,
            patter_server::http::HttpError,
            patter_machine::capacity::CapacityError
        );
        next = error.source();
    }
    None
}
