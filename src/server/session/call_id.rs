//! The id of a call: a UUID, which whoever places the call chooses, and its text.

/// A call, as the peer names it. Two calls may bring the same.
pub type CallId = [u8; UUID_LEN];

const UUID_LEN: usize = 16;
const UUID_TEXT_LEN: usize = 36;

/// Where a UUID's text has its hyphens.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

/// A UUID as Asterisk's dialplan writes it: lower case, in groups of 8-4-4-4-12.
pub fn format_uuid(uuid: &CallId) -> String {
    let mut text = String::with_capacity(UUID_TEXT_LEN);
    for (index, byte) in uuid.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        for digit in [byte >> 4, byte & 0x0F] {
            text.extend(char::from_digit(u32::from(digit), 16));
        }
    }
    text
}

/// Reads what [`format_uuid`] writes, in either case. Anything else is `None`.
pub fn parse_uuid(text: &str) -> Option<CallId> {
    let text = text.as_bytes();
    if text.len() != UUID_TEXT_LEN || HYPHENS.iter().any(|&index| text[index] != b'-') {
        return None;
    }
    // A hyphen anywhere else leaves too few digits, which the loop below refuses.
    let mut digits = text
        .iter()
        .filter(|&&byte| byte != b'-')
        .map(|&byte| char::from(byte).to_digit(16));
    let mut uuid = [0; UUID_LEN];
    for byte in &mut uuid {
        let high = digits.next()??;
        let low = digits.next()??;
        *byte = u8::try_from(high << 4 | low).ok()?;
    }
    Some(uuid)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const UUID: CallId = [
        0x40, 0x32, 0x5E, 0xC2, 0x5E, 0xFD, 0x4B, 0xD3, 0x80, 0x5F, 0x53, 0x57, 0x6E, 0x58, 0x1D,
        0x13,
    ];
    const UUID_TEXT: &str = "40325ec2-5efd-4bd3-805f-53576e581d13";

    #[test]
    fn uuid_text_is_hyphenated_lower_case() {
        assert_eq!(format_uuid(&UUID), UUID_TEXT);
        assert_eq!(parse_uuid(UUID_TEXT), Some(UUID));
        assert_eq!(parse_uuid(&UUID_TEXT.to_uppercase()), Some(UUID));
    }

    #[test]
    fn text_that_is_not_a_uuid_is_refused() {
        for text in [
            "",
            "40325ec25efd4bd3805f53576e581d13",
            "40325ec2-5efd-4bd3-805f-53576e581d1",
            "40325ec2-5efd-4bd3-805f-53576e581d130",
            "40325ec2-5efd-4bd3-805f-53576e581d1-",
            "40325ec-25efd-4bd3-805f-53576e581d13",
            "40325ec2-5efd-4bd3-805f-53576e581dxx",
            "40325ec2-5efd-4bd3-805f-53576e581d\u{e9}",
            "{40325ec2-5efd-4bd3-805f-53576e581d}",
        ] {
            assert_eq!(parse_uuid(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn uuid_text_gives_back_the_uuid(uuid in any::<CallId>()) {
            prop_assert_eq!(parse_uuid(&format_uuid(&uuid)), Some(uuid));
        }

        #[test]
        fn parsing_any_text_as_a_uuid_never_panics(text in ".{0,40}") {
            parse_uuid(&text);
        }
    }
}
