//! Help for messages: what to try next, and where in a text a mistake is.

/// Line and column, both from 1, of byte `offset` in `text`.
pub fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    (line, column)
}

/// Pulls the hint out of an error chain: the first of our errors in it that has one.
pub fn of(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    macro_rules! try_types {
        ($error:expr, $($kind:ty),+) => {
            $(if let Some(found) = $error.downcast_ref::<$kind>() && let Some(hint) = found.hint() { return Some(hint); })+
        };
    }
    let mut next = Some(error);
    while let Some(error) = next {
        try_types!(
            error,
            crate::config::ConfigError,
            crate::audio::wav::WavError,
            crate::call::record::CallFileError,
            crate::asr::AsrError,
            crate::llm::LlmError,
            crate::tts::TtsError,
            crate::dialogue::playbook::PlaybookError,
            crate::dialogue::import::ImportError,
            crate::dialogue::slots::SlotError,
            crate::records::RecordsError,
            crate::models::ManifestError,
            crate::models::FetchError,
            crate::transport::device::DeviceError,
            crate::transport::audiosocket::ServeError,
            crate::serve::HttpError,
            crate::capacity::CapacityError
        );
        next = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        assert_eq!(line_and_column("ab\ncéd", 3 + 3), (2, 3));
        assert_eq!(line_and_column("", 0), (1, 1));
    }
}
