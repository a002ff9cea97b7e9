//! Calls for other programs: JSON with all of each call, CSV with a row for each.
//!
//! Thread: a command's. In: calls of a [`Reader`]. Out: UTF-8 text. Memory: one call at a time. When a call is deleted
//! meanwhile: it is left out.
//!
//! CSV is that of RFC 4180: lines end in CR LF, the first names the columns, and what holds a comma, a quote or the end
//! of a line stands in quotes. Two things are changed, because such files are opened in spreadsheets. A text that a
//! spreadsheet would take for a formula (`=`, `+`, `-`, `@`, tab, CR or LF at its beginning) gets `'` in front, but for
//! a `+` with nothing but digits behind it, which is a phone number. Control characters other than tab, CR and LF,
//! which RFC 4180 does not know, become U+FFFD. JSON has every text as it is.
//!
//! Source: <https://www.rfc-editor.org/rfc/rfc4180>, <https://owasp.org/www-community/attacks/CSV_Injection>.

use std::borrow::Cow;
use std::io::Write;

use super::RecordsError;
use super::read::{CallRow, Reader, time};

/// Writes the calls as one JSON array, a call a line, with their turns, slots and events; how many.
///
/// # Errors
/// The database cannot be read, `out` not written.
pub fn json(
    reader: &Reader,
    calls: &[CallRow],
    out: &mut impl Write,
) -> Result<usize, RecordsError> {
    let mut count = 0;
    for call in calls {
        let Some(whole) = reader.whole(call.id)? else {
            continue;
        };
        out.write_all(if count == 0 { b"[\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *out, &whole).map_err(std::io::Error::from)?;
        count += 1;
    }
    out.write_all(if count == 0 { b"[]\n" } else { b"\n]\n" })?;
    out.flush()?;
    Ok(count)
}

/// The columns of [`csv`].
const COLUMNS: [&str; 21] = [
    "id",
    "uuid",
    "state",
    "started_at",
    "ended_at",
    "duration_ms",
    "transport",
    "playbook",
    "version",
    "asr",
    "llm",
    "tts",
    "number",
    "campaign",
    "outcome",
    "end_reason",
    "stages",
    "turns",
    "barge_ins",
    "recording",
    "lost_events",
];

/// Writes the calls as CSV, a call a row.
///
/// # Errors
/// `out` cannot be written.
pub fn csv(calls: &[CallRow], out: &mut impl Write) -> Result<(), RecordsError> {
    let mut rows = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(out);
    rows.write_record(COLUMNS).map_err(std::io::Error::from)?;
    for call in calls {
        let or_empty = |text: &Option<String>| text.clone().unwrap_or_default();
        let fields: [String; COLUMNS.len()] = [
            call.id.to_string(),
            cell(&call.uuid),
            cell(&call.state),
            time(call.started_at),
            call.ended_at.map(time).unwrap_or_default(),
            call.duration_ms.to_string(),
            cell(&call.transport),
            cell(&call.playbook),
            cell(&call.version),
            cell(&call.asr),
            cell(&call.llm),
            cell(&call.tts),
            cell(&or_empty(&call.number)),
            cell(&or_empty(&call.campaign)),
            cell(&or_empty(&call.outcome)),
            cell(&or_empty(&call.end_reason)),
            cell(&call.stages),
            call.turns.to_string(),
            call.barge_ins.to_string(),
            cell(&or_empty(&call.recording)),
            call.lost_events.to_string(),
        ];
        rows.write_record(fields).map_err(std::io::Error::from)?;
    }
    rows.flush()?;
    Ok(())
}

/// A text that a spreadsheet shows and does not run.
fn cell(text: &str) -> String {
    let is_number = text
        .strip_prefix('+')
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()));
    let quote = if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) && !is_number {
        "'"
    } else {
        ""
    };
    format!("{quote}{}", without_controls(text, &['\t', '\r', '\n']))
}

/// `text` with U+FFFD for control characters, but for those in `kept`.
pub fn without_controls<'a>(text: &'a str, kept: &[char]) -> Cow<'a, str> {
    let bad = |c: char| c.is_control() && !kept.contains(&c);
    if text.contains(bad) {
        Cow::Owned(text.replace(bad, "\u{FFFD}"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call() -> CallRow {
        CallRow {
            id: 7,
            uuid: "0a0a".into(),
            state: "closed".into(),
            started_at: 1_795_512_600_000,
            ended_at: None,
            duration_ms: 7_600,
            transport: "audiosocket".into(),
            playbook: "Fitness, \"gold\"".into(),
            version: "0.1.0".into(),
            asr: "a".into(),
            llm: "l".into(),
            tts: "t".into(),
            number: Some("+4930123456".into()),
            campaign: Some("=HYPERLINK(\"http://x\")".into()),
            outcome: None,
            end_reason: Some("caller".into()),
            stages: "opening > pitch".into(),
            turns: 3,
            barge_ins: 1,
            recording: Some("zwei\nZeilen.wav".into()),
            lost_events: 0,
        }
    }

    #[test]
    fn csv_is_that_of_rfc_4180_to_the_byte() {
        let mut out = Vec::new();
        csv(&[call()], &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "id,uuid,state,started_at,ended_at,duration_ms,transport,playbook,version,asr,llm,tts,number,campaign,outcome,end_reason,stages,turns,barge_ins,recording,lost_events\r\n\
             7,0a0a,closed,2026-11-24T09:30:00.000Z,,7600,audiosocket,\"Fitness, \"\"gold\"\"\",0.1.0,a,l,t,+4930123456,\"'=HYPERLINK(\"\"http://x\"\")\",,caller,opening > pitch,3,1,\"zwei\nZeilen.wav\",0\r\n"
        );
    }

    #[test]
    fn no_calls_are_a_header() {
        let mut out = Vec::new();
        csv(&[], &mut out).unwrap();
        assert!(out.ends_with(b"lost_events\r\n"));
    }

    #[test]
    fn a_spreadsheet_runs_nothing() {
        for text in [
            "=1+1", "+1-2", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "+",
        ] {
            assert_eq!(cell(text), format!("'{text}"));
        }
        for text in ["", "plain", "a=b", "+4930123456", "שלום"] {
            assert_eq!(cell(text), text);
        }
        assert_eq!(cell("a\0b\u{1b}c"), "a\u{FFFD}b\u{FFFD}c");
    }
}
