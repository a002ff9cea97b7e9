//! What is known of a call when it comes: registered ahead, or found by its UUID in a file or by a command.
//!
//! Thread: the call's own, before anything is started for it. In: a UUID. Out: what the call begins with, or why it is
//! refused. Memory: one answer, bounded. When late: a command is killed after `serve.lookup_timeout_ms`; the call then
//! counts as unknown. A lookup that fails is told in the log, without the data.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Shared;
use super::expiring::CallKey;
use super::registry::CallData;
use crate::session::call_id;
use patter_call::CallContext;
use patter_call::playbooks::{PlaybookRegistry, name_of};
use patter_config::Loaded;

/// Longest answer of a command, and largest file.
const MAX_BYTES: u64 = 8 << 20;
/// How often a command is looked at.
const POLL: Duration = Duration::from_millis(2);

/// Where to look, in this order: what was registered, the file, the command.
pub struct Lookup {
    shared: Arc<Shared>,
    file: Option<PathBuf>,
    command: Vec<String>,
    timeout: Duration,
    /// Calls of which nothing is known are refused.
    refuse_unknown: bool,
}

impl Lookup {
    /// As the config wants it.
    pub fn new(loaded: &Loaded, shared: Arc<Shared>) -> Self {
        let config = &loaded.config.serve;
        let file = Some(&config.lookup_file).filter(|path| !path.as_os_str().is_empty());
        Self {
            shared,
            file: file.map(|path| loaded.resolve(path)),
            command: config.lookup_command.clone(),
            timeout: Duration::from_millis(u64::from(config.lookup_timeout_ms)),
            refuse_unknown: config.unknown_calls == "refuse",
        }
    }

    /// What the call `uuid` begins with.
    ///
    /// # Errors
    /// Nothing is known of it and that is to be refused, or it wants a playbook that is not loaded.
    pub fn admit(
        &self,
        uuid: &CallKey,
        playbooks: &PlaybookRegistry,
    ) -> Result<CallContext, String> {
        match self.find(uuid) {
            Some(data) => context_of(data, playbooks),
            None if self.refuse_unknown => {
                Err("nothing is known of it (`serve.unknown_calls`)".into())
            }
            None => Ok(CallContext::default()),
        }
    }

    fn find(&self, uuid: &CallKey) -> Option<CallData> {
        let name = call_id::format_uuid(uuid);
        let told = |found: Result<Option<CallData>, String>| {
            found.unwrap_or_else(|error| {
                patter_machine::log::warn(&format!("the lookup of call {name} failed: {error}"));
                None
            })
        };
        self.shared
            .take(uuid)
            .or_else(|| {
                told(
                    self.file
                        .as_deref()
                        .map_or(Ok(None), |file| in_file(file, &name)),
                )
            })
            .or_else(|| told(by_command(&self.command, &name, self.timeout)))
    }
}

fn context_of(data: CallData, playbooks: &PlaybookRegistry) -> Result<CallContext, String> {
    let chosen = match &data.playbook {
        None => None,
        Some(playbook) => {
            let found = playbooks.get(&name_of(Path::new(playbook)));
            let known: Vec<&str> = playbooks.names().collect();
            Some(Arc::clone(found.ok_or_else(|| {
                format!(
                    "there is no playbook `{playbook}`; loaded are {} (`serve.playbooks`)",
                    known.join(", ")
                )
            })?))
        }
    };
    Ok(CallContext {
        playbook: chosen,
        slots: data.slots,
        number: filled(data.number),
        campaign: filled(data.campaign),
    })
}

/// A dialplan writes what it has, and may have nothing: that is not known then.
fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

/// The file is one JSON object: call data by UUID. It is read for each call, so that it may change.
fn in_file(path: &Path, name: &str) -> Result<Option<CallData>, String> {
    let failed = |e: String| format!("`{}`: {e}", path.display());
    let file = std::fs::File::open(path).map_err(|e| failed(e.to_string()))?;
    let mut text = Vec::new();
    let read = file.take(MAX_BYTES + 1).read_to_end(&mut text);
    read.map_err(|e| failed(e.to_string()))?;
    if text.len() as u64 > MAX_BYTES {
        return Err(failed(format!("it has more than {MAX_BYTES} bytes")));
    }
    let calls: BTreeMap<String, Box<serde_json::value::RawValue>> =
        serde_json::from_slice(&text).map_err(|e| failed(e.to_string()))?;
    let found = calls
        .iter()
        .find(|(uuid, _)| uuid.eq_ignore_ascii_case(name));
    found
        .map(|(_, data)| CallData::parse(data.get().as_bytes()))
        .transpose()
        .map_err(|e| failed(e.to_string()))
}

/// Runs the command with the UUID as its last argument. It prints call data, or nothing for a call that it does not
/// know.
fn by_command(
    command: &[String],
    name: &str,
    timeout: Duration,
) -> Result<Option<CallData>, String> {
    let Some((program, arguments)) = command.split_first() else {
        return Ok(None);
    };
    let failed = |e: String| format!("`{program}`: {e}");
    let mut child = Command::new(program)
        .args(arguments)
        .arg(name)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| failed(e.to_string()))?;
    let out = child.stdout.take();
    let reader = std::thread::Builder::new()
        .name("lookup".into())
        .spawn(move || {
            let mut text = Vec::new();
            out.map(|out| out.take(MAX_BYTES).read_to_end(&mut text));
            text
        })
        .map_err(|e| failed(e.to_string()));
    let began = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break Ok(status),
            Ok(None) if began.elapsed() < timeout => std::thread::sleep(POLL),
            Ok(None) => break Err(format!("no answer within {} ms", timeout.as_millis())),
            Err(error) => break Err(error.to_string()),
        }
    };
    if status.is_err() {
        let _ = child.kill();
        let _ = child.wait();
    }
    let status = status.map_err(failed)?;
    if !status.success() {
        return Err(failed(status.to_string()));
    }
    // A grandchild may keep the pipe open for ever.
    let reader = reader?;
    while !reader.is_finished() {
        if began.elapsed() >= timeout {
            return Err(failed("its output does not end".into()));
        }
        std::thread::sleep(POLL);
    }
    let text = reader.join().unwrap_or_default();
    if text.trim_ascii().is_empty() {
        return Ok(None);
    }
    CallData::parse(&text)
        .map(Some)
        .map_err(|e| failed(e.to_string()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const NAME: &str = "0a0b0c0d-0000-4000-8000-000000000001";
    const SOON: Duration = Duration::from_secs(10);

    fn command(script: &str) -> Vec<String> {
        ["sh", "-c", script, "lookup"].map(str::to_owned).into()
    }

    #[test]
    fn what_a_dialplan_leaves_empty_is_not_known() {
        let data = CallData::parse(br#"{"number": "", "campaign": " "}"#).unwrap();
        assert_eq!((filled(data.number), filled(data.campaign)), (None, None));
        assert_eq!(filled(Some("+1".into())).as_deref(), Some("+1"));
    }

    #[test]
    fn a_command_is_given_the_uuid_and_prints_what_it_knows() {
        let echo = command(r#"printf '{"campaign":"%s","slots":{"name":"Ada"}}' "$1""#);
        let data = by_command(&echo, NAME, SOON).unwrap().unwrap();
        assert_eq!(data.campaign.as_deref(), Some(NAME));
        assert_eq!(data.slots["name"], "Ada");
        assert_eq!(by_command(&command("echo"), NAME, SOON), Ok(None));
        assert_eq!(by_command(&[], NAME, SOON), Ok(None));
    }

    #[test]
    fn a_command_that_fails_or_hangs_says_so() {
        let error =
            |script: &str, timeout| by_command(&command(script), NAME, timeout).unwrap_err();
        assert!(error("exit 3", SOON).contains("exit status: 3"));
        assert!(error("echo no json", SOON).contains("not the JSON"));
        let began = Instant::now();
        let short = Duration::from_millis(200);
        assert!(error("sleep 60", short).contains("no answer within 200 ms"));
        let enough = Duration::from_secs(3);
        assert!(error("sleep 60 & echo {}", enough).contains("does not end"));
        assert!(began.elapsed() < Duration::from_secs(20));
        let missing = by_command(&["/nowhere/lookup".into()], NAME, SOON).unwrap_err();
        assert!(missing.contains("/nowhere/lookup"), "{missing}");
    }

    #[test]
    fn a_file_holds_call_data_by_uuid_and_may_change() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("calls.json");
        assert!(in_file(&path, NAME).is_err());
        let upper = NAME.to_uppercase();
        std::fs::write(
            &path,
            format!(r#"{{"{upper}":{{"number":"+15550100"}},"other":{{"bad":1}}}}"#),
        )
        .unwrap();
        let data = in_file(&path, NAME).unwrap().unwrap();
        assert_eq!(data.number.as_deref(), Some("+15550100"));
        assert_eq!(in_file(&path, "none"), Ok(None));
        assert!(in_file(&path, "other").unwrap_err().contains("bad"));
        std::fs::write(&path, "[]").unwrap();
        assert!(in_file(&path, NAME).is_err());
    }
}
