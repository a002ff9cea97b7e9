//! The example dialplan, held against Asterisk's rules and the real HTTP interface.
//!
//! A small evaluator of the applications and functions that the dialplan uses: it knows no others, so that a dialplan
//! that uses more has to teach it their rules. Source: Asterisk's documentation of Set, GotoIf, Dial, CURL, FILTER and
//! STRREPLACE; pbx_variables.c (braces inside `${}` are counted), app.c (an application's or function's last argument
//! is taken as it stands, commas and backslashes too).

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use patter_config::HttpConfig;
use patter_server::http::Shared;
use patter_server::http::server::{Http, Limits};
use patter_server::session::call_id;
use patter_types::event::{Event, Stamped};
use patter_types::outcome::Outcome;
use patter_types::turn::TurnNumber;

use crate::support::root;

/// How a call to Patter goes.
#[derive(Clone, Copy, PartialEq)]
enum Call {
    /// Nobody listens there, or no new call is taken.
    Refused,
    /// The other side ended it.
    Over,
    /// The caller hung up in it.
    CallerGone,
}

struct Line {
    label: Option<String>,
    app: String,
    data: String,
}

/// What happens to one call in the dialplan.
struct Channel<'a> {
    extensions: BTreeMap<String, Vec<Line>>,
    variables: BTreeMap<String, String>,
    http: Option<SocketAddr>,
    /// What becomes of a call to Patter, by its UUID.
    patter: &'a dyn Fn(&str) -> Call,
    /// Applications that were run, with their arguments.
    ran: Vec<String>,
    /// Bodies that were posted, by path.
    posted: Vec<(String, String)>,
}

impl<'a> Channel<'a> {
    fn new(http: Option<SocketAddr>, patter: &'a dyn Fn(&str) -> Call) -> Self {
        let path = root().join("scripts/asterisk/extensions.conf");
        let mut channel = Self {
            extensions: BTreeMap::new(),
            variables: BTreeMap::from([
                ("CALLERID(num)".into(), "+1 (555) 0100".into()),
                ("EXTEN".into(), "100".into()),
            ]),
            http,
            patter,
            ran: Vec::new(),
            posted: Vec::new(),
        };
        channel.load(&std::fs::read_to_string(path).unwrap());
        channel
    }

    fn load(&mut self, text: &str) {
        let (mut section, mut exten) = (String::new(), String::new());
        for line in text.lines().map(str::trim) {
            if line.is_empty() || line.starts_with(';') {
                continue;
            }
            assert!(!line.contains(';'), "a comment would begin here: {line}");
            if let Some(name) = line.strip_prefix('[') {
                section = name.trim_end_matches(']').to_owned();
                continue;
            }
            if section == "globals" {
                let (name, value) = line.split_once('=').unwrap();
                let value = match (name, self.http) {
                    ("PATTER_HTTP", Some(address)) => format!("http://{address}"),
                    _ => value.to_owned(),
                };
                self.variables.insert(name.to_owned(), value);
                continue;
            }
            let (kind, rest) = line.split_once("=>").unwrap();
            let mut rest = rest.trim();
            if kind.trim() == "exten" {
                let (name, more) = rest.split_once(',').unwrap();
                (exten, rest) = (name.to_owned(), more);
            }
            let (priority, app) = rest.split_once(',').unwrap();
            let label = priority
                .split_once('(')
                .map(|(_, label)| label.trim_end_matches(')').to_owned());
            let (app, data) = app.split_once('(').unwrap();
            self.extensions
                .entry(exten.clone())
                .or_default()
                .push(Line {
                    label,
                    app: app.to_owned(),
                    data: data.strip_suffix(')').unwrap().to_owned(),
                });
        }
    }

    /// The call, and what is done after it.
    fn run(&mut self) {
        self.extension("_X.");
        self.extension("h");
    }

    fn extension(&mut self, name: &str) {
        let lines = self.extensions.remove(name).unwrap();
        let mut at = 0;
        while let Some(Line { app, data, .. }) = lines.get(at) {
            at += 1;
            let data = self.substituted(data);
            match app.as_str() {
                "NoOp" | "Answer" => {}
                "Set" => self.set(&data),
                "ExecIf" => {
                    let (condition, then) = data.split_once('?').unwrap();
                    let (app, data) = then.split_once('(').unwrap();
                    assert!(app == "Set" && !then.contains(':'), "{then}");
                    if is_true(condition) {
                        self.set(data.strip_suffix(')').unwrap());
                    }
                }
                "GotoIf" => {
                    let (condition, label) = data.split_once('?').unwrap();
                    if is_true(condition) {
                        let to = lines
                            .iter()
                            .position(|line| line.label.as_deref() == Some(label));
                        at = to.unwrap_or_else(|| panic!("no label {label}"));
                    }
                }
                // −1 where nobody answers, which ends the call.
                "AudioSocket" => {
                    let (uuid, _) = data.split_once(',').unwrap();
                    if (self.patter)(uuid) != Call::Over {
                        return;
                    }
                }
                "Dial" => {
                    let arguments: Vec<&str> = data.split(',').collect();
                    let [device, _timeout, options] = arguments[..] else {
                        panic!("Dial({data})");
                    };
                    let parts: Vec<&str> = device.split('/').collect();
                    let ["AudioSocket", "127.0.0.1:8090", uuid, "c(slin16)"] = parts[..] else {
                        panic!("Dial({data})");
                    };
                    assert!(
                        call_id::parse_uuid(uuid).is_some(),
                        "UUID is required: `{uuid}`"
                    );
                    match (self.patter)(uuid) {
                        Call::CallerGone => return,
                        Call::Over if !options.contains('g') => return,
                        Call::Over | Call::Refused => {}
                    }
                }
                "Queue" | "UserEvent" => self.ran.push(format!("{app}({data})")),
                "Hangup" => return self.ran.push("Hangup".into()),
                other => panic!("no such application: {other}"),
            }
        }
    }

    /// A variable, or one of the functions that can be written.
    fn set(&mut self, data: &str) {
        let (name, value) = data.split_once('=').unwrap();
        let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let key = name
            .strip_prefix("DB(patter_opt_out/")
            .and_then(|key| key.strip_suffix(')'));
        match name {
            "CALLERID(name)" => {}
            "CURLOPT(httptimeout)" => assert!(value.parse::<u32>().is_ok(), "{value}"),
            _ if is_plain => {}
            _ => assert!(
                key.is_some_and(|key| !key.is_empty()),
                "no such thing to set: {name}"
            ),
        }
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    fn substituted(&mut self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            out.push_str(&rest[..start]);
            let mut depth = 1;
            let end = rest[start + 2..].find(|c| {
                depth += i32::from(c == '{') - i32::from(c == '}');
                depth == 0
            });
            let end = start + 2 + end.unwrap();
            let inner = self.substituted(&rest[start + 2..end]);
            let value = self.value(&inner);
            out.push_str(&value);
            rest = &rest[end + 1..];
        }
        out + rest
    }

    fn value(&mut self, inner: &str) -> String {
        let Some((function, data)) = inner.split_once('(') else {
            return self.variables.get(inner).cloned().unwrap_or_default();
        };
        let data = data.strip_suffix(')').unwrap();
        match function {
            "UUID" => uuid::Uuid::new_v4().to_string(),
            "CALLERID" => self.variables.get(inner).cloned().unwrap_or_default(),
            "FILTER" => {
                let (allowed, text) = data.split_once(',').unwrap();
                text.chars().filter(|c| is_allowed(allowed, *c)).collect()
            }
            // It takes the *name* of a variable.
            "STRREPLACE" => {
                let name = data.split(',').next().unwrap();
                self.variables.get(name).cloned().unwrap_or_default()
            }
            "CURL" => {
                let (url, post) = data
                    .split_once(',')
                    .map_or((data, None), |(url, post)| (url, Some(post)));
                self.curl(url, post)
            }
            other => panic!("no such function: {other}"),
        }
    }

    /// The body of the answer, whatever its status; nothing when there is none.
    fn curl(&mut self, url: &str, post: Option<&str>) -> String {
        let (host, path) = url
            .strip_prefix("http://")
            .unwrap()
            .split_once('/')
            .unwrap();
        if let Some(body) = post {
            self.posted.push((format!("/{path}"), body.to_owned()));
        }
        if self.http.is_none() {
            return String::new();
        }
        let mut stream = TcpStream::connect(host).unwrap();
        let (method, body) = post.map_or(("GET", ""), |body| ("POST", body));
        let request = format!(
            "{method} /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    }
}

/// `$["a" = "b"]`, as it stands after substitution.
fn is_true(condition: &str) -> bool {
    let inner = condition
        .strip_prefix("$[")
        .and_then(|c| c.strip_suffix(']'))
        .unwrap();
    match inner.split_once(" != ") {
        Some((a, b)) => a != b,
        None => inner.split_once(" = ").is_some_and(|(a, b)| a == b),
    }
}

/// Whether FILTER lets a character through: single ones, and ranges.
fn is_allowed(allowed: &str, c: char) -> bool {
    let chars: Vec<char> = allowed.chars().collect();
    let ranges = chars
        .windows(3)
        .any(|w| w[1] == '-' && (w[0]..=w[2]).contains(&c));
    // Where it makes a range, the hyphen itself is none of them.
    ranges || (chars.contains(&c) && c != '-')
}

/// Patter's HTTP interface, and a call in it that comes to what a test wants.
struct Patter {
    shared: Arc<Shared>,
    http: Http,
}

impl Patter {
    fn start() -> Self {
        let shared = Shared::new(&HttpConfig::default(), 4).unwrap();
        shared.set_ready(true);
        let limits = Limits {
            max_connections: 8,
            client_timeout: Duration::from_secs(5),
        };
        let http = Http::start("127.0.0.1:0", None, limits, Arc::clone(&shared)).unwrap();
        Self { shared, http }
    }

    /// The call `uuid`, which ends as `reason` says.
    fn call(&self, uuid: &str, outcome: Option<Outcome>, name: Option<&str>, reason: &str) {
        let data = self
            .shared
            .take(&call_id::parse_uuid(uuid).unwrap())
            .unwrap_or_default();
        let watch = |event| {
            let (t_ms, call) = (10, uuid.to_owned());
            self.shared.watch(&Stamped { t_ms, call, event });
        };
        watch(Event::CallStart {
            transport: "audiosocket".into(),
            playbook: "Test".into(),
            version: "1".into(),
            number: data.number,
            campaign: data.campaign,
            slots: data.slots,
        });
        if let Some(name) = name {
            watch(Event::Slot {
                turn: TurnNumber(1),
                slot: "name".into(),
                value: name.into(),
                confirmed: true,
            });
        }
        if let Some(outcome) = outcome {
            watch(Event::Outcome {
                turn: TurnNumber(1),
                outcome,
            });
        }
        watch(Event::end(reason, 1));
    }
}

/// Runs a call that comes to this; the applications that mattered.
fn after(outcome: Option<Outcome>, reason: &'static str, how: Call) -> Vec<String> {
    let patter = Patter::start();
    let call = |uuid: &str| {
        patter.call(uuid, outcome, Some("Ada, \"the\" Lovelace"), reason);
        how
    };
    let mut channel = Channel::new(Some(patter.http.address()), &call);
    channel.run();
    assert_eq!(channel.posted.len(), 1);
    let uuid = channel.variables["CALL"].clone();
    channel
        .ran
        .iter()
        .map(|ran| ran.replace(&uuid, "UUID"))
        .collect()
}

const QUEUE: &str = "Queue(agents,,,,60)";

#[test]
fn a_call_is_registered_with_what_the_dialplan_knows() {
    let patter = Patter::start();
    let call = |uuid: &str| {
        let key = call_id::parse_uuid(uuid).unwrap();
        let data = patter.shared.take(&key).expect("it was registered");
        assert_eq!(data.number.as_deref(), Some("+15550100"));
        assert_eq!(data.campaign.as_deref(), Some("inbound"));
        Call::Over
    };
    let mut channel = Channel::new(Some(patter.http.address()), &call);
    channel.run();
    assert!(
        channel.variables["REGISTERED"].contains("\"registered\""),
        "{:?}",
        channel.variables
    );
}

#[test]
fn a_diallers_own_registration_is_kept() {
    let patter = Patter::start();
    let own = "0a0b0c0d-0000-4000-8000-000000000001";
    let key = call_id::parse_uuid(own).unwrap();
    let data = patter_server::http::registry::CallData {
        campaign: Some("spring".into()),
        ..Default::default()
    };
    patter.shared.register(key, data).unwrap();
    let call = |uuid: &str| {
        assert_eq!(uuid, own);
        assert_eq!(
            patter.shared.take(&key).unwrap().campaign.as_deref(),
            Some("spring")
        );
        patter.call(uuid, Some(Outcome::Success), None, "agent");
        Call::Over
    };
    let mut channel = Channel::new(Some(patter.http.address()), &call);
    channel.variables.insert("CALL".into(), own.into());
    channel.run();
    assert!(channel.posted.is_empty());
    assert_eq!(channel.ran[0], "Hangup");
}

#[test]
fn what_a_call_came_to_decides_where_the_caller_goes() {
    let told = |outcome: &str| format!("UserEvent(Patter,Call: UUID,Outcome: {outcome})");
    for (outcome, name) in [
        (Outcome::Success, "success"),
        (Outcome::Refused, "refused"),
        (Outcome::OptOut, "opt_out"),
    ] {
        assert_eq!(
            after(Some(outcome), "agent", Call::Over),
            ["Hangup".to_owned(), told(name)]
        );
    }
    let handed = after(Some(Outcome::HandOver), "agent", Call::Over);
    assert_eq!(
        handed,
        [QUEUE.to_owned(), "Hangup".into(), told("hand_over")]
    );
    assert_eq!(
        after(None, "agent", Call::Over),
        ["Hangup".to_owned(), told("none")]
    );
    for broken in ["stopped", "too_long", "error"] {
        let left = after(None, broken, Call::Over);
        assert_eq!(
            left,
            [QUEUE.to_owned(), "Hangup".into(), told("none")],
            "{broken}"
        );
    }
}

#[test]
fn whoever_hangs_up_is_told_of_and_an_opt_out_is_kept() {
    let told = |outcome: &str| [format!("UserEvent(Patter,Call: UUID,Outcome: {outcome})")];
    assert_eq!(after(None, "caller", Call::CallerGone), told("none"));
    assert_eq!(
        after(Some(Outcome::OptOut), "caller", Call::CallerGone),
        told("opt_out")
    );
    let patter = Patter::start();
    let call = |uuid: &str| {
        patter.call(uuid, Some(Outcome::OptOut), None, "caller");
        Call::CallerGone
    };
    let kept = |number: &str, caller: &str| {
        let mut channel = Channel::new(Some(patter.http.address()), &call);
        channel.variables.insert("NUMBER".into(), number.into());
        channel
            .variables
            .insert("CALLERID(num)".into(), caller.into());
        channel.run();
        let variables = channel.variables.keys();
        variables
            .filter(|name| name.starts_with("DB("))
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(kept("", "+1 (555) 0100"), ["DB(patter_opt_out/+15550100)"]);
    // A dialler's call comes from the company's own number.
    assert_eq!(
        kept("+15550199", "+15550000"),
        ["DB(patter_opt_out/+15550199)"]
    );
    assert!(kept("", "").is_empty(), "nobody knows whose wish it was");
}

#[test]
fn a_human_sees_the_name_and_nothing_that_a_name_must_not_hold() {
    let patter = Patter::start();
    let call = |uuid: &str| {
        patter.call(
            uuid,
            Some(Outcome::HandOver),
            Some("Ada, \"the\" Lovelace"),
            "agent",
        );
        Call::Over
    };
    let mut channel = Channel::new(Some(patter.http.address()), &call);
    channel.run();
    assert_eq!(channel.variables["CALLERID(name)"], "Ada the Lovelace");
}

#[test]
fn a_caller_reaches_a_human_when_patter_is_not_there_draining_full_or_killed() {
    let queued = |channel: &Channel| channel.ran.iter().any(|ran| ran == QUEUE);
    // Not there: neither port answers.
    let refused = |_: &str| Call::Refused;
    let mut channel = Channel::new(None, &refused);
    channel.run();
    assert!(queued(&channel), "{:?}", channel.ran);
    // Killed in the call.
    let killed = |_: &str| Call::Over;
    let mut channel = Channel::new(None, &killed);
    channel.run();
    assert!(queued(&channel), "{:?}", channel.ran);
    // Draining: HTTP answers, nobody listens for calls any more.
    let patter = Patter::start();
    patter.shared.set_draining(true);
    let mut channel = Channel::new(Some(patter.http.address()), &refused);
    channel.run();
    assert!(queued(&channel), "{:?}", channel.ran);
    assert!(channel.variables["REGISTERED"].contains("being stopped"));
    // Full: the call is taken and hung up at once, and is no call.
    patter.shared.set_draining(false);
    let mut channel = Channel::new(Some(patter.http.address()), &killed);
    channel.run();
    assert!(queued(&channel), "{:?}", channel.ran);
}
