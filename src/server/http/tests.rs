//! HTTP over real sockets: what is told and asked, and by whom; and what several test modules share.

mod clients; // listeners, and clients that stall or mean no good

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

use super::token::Token;
use super::*;
use crate::http::server::{Http, Limits};
use patter_config::secret::Secret;
use patter_types::event::Event;
use patter_types::outcome::Outcome;
use patter_types::turn::TurnNumber;

const CALL: &str = "40325ec2-5efd-4bd3-805f-53576e581d13";
const SECRET: &str = "0123456789abcdef";

pub(super) fn stamped(t_ms: u64, call: &str, event: Event) -> Stamped {
    Stamped {
        t_ms,
        call: call.into(),
        event,
    }
}

pub(super) fn call_start() -> Event {
    Event::CallStart {
        transport: "audiosocket".into(),
        playbook: "Test".into(),
        version: "1".into(),
        number: None,
        campaign: None,
        slots: BTreeMap::new(),
    }
}

/// A call of which this was registered.
pub(super) fn call_start_of(number: &str, slots: &[(&str, &str)]) -> Event {
    let slot = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Event::CallStart {
        transport: "audiosocket".into(),
        playbook: "Test".into(),
        version: "1".into(),
        number: Some(number.into()),
        campaign: None,
        slots: slots.iter().map(slot).collect(),
    }
}

pub(super) fn call_end(reason: &str, turns: u32) -> Event {
    Event::CallEnd {
        reason: reason.into(),
        turns,
        barge_ins: 1,
        false_interruptions: 0,
        speculations: 2,
        speculations_dropped: 1,
        dropped_frames: 3,
        filled_frames: 4,
        most_behind_ms: 0,
    }
}

/// A server with clients' time cut to what a test can wait for.
struct Bench {
    shared: Arc<Shared>,
    http: Http,
}

fn bench_of(token: Option<&str>, max_connections: usize, config: &HttpConfig) -> Bench {
    let limits = Limits {
        max_connections,
        client_timeout: Duration::from_millis(400),
    };
    bench_with(token, limits, config)
}

fn bench_with(token: Option<&str>, limits: Limits, config: &HttpConfig) -> Bench {
    let shared = Shared::new(config, 2).unwrap();
    shared.set_ready(true);
    let token = token.map(|text| Token::new(&Secret::new(text)));
    let http = Http::start("127.0.0.1:0", token, limits, Arc::clone(&shared)).unwrap();
    Bench { shared, http }
}

fn bench() -> Bench {
    bench_of(None, 64, &HttpConfig::default())
}

impl Bench {
    fn watch(&self, event: Event) {
        self.shared.watch(&stamped(10, CALL, event));
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.http.address()).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(5)))
            .unwrap();
        stream
    }

    /// Status, head and body of the answer to `method path`.
    fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> (u16, String, String) {
        let mut stream = self.connect();
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_lowercase(), body.to_owned())
    }

    fn get(&self, path: &str) -> (u16, String) {
        let (status, _, body) = self.ask("GET", path, "", "");
        (status, body)
    }

    fn get_json(&self, path: &str) -> serde_json::Value {
        let (status, body) = self.get(path);
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }
}

#[test]
fn health_readiness_and_figures_tell_the_state() {
    let bench = bench();
    assert_eq!(bench.get("/healthz"), (200, "ok\n".into()));
    assert_eq!(bench.get("/readyz"), (200, "ready\n".into()));
    bench.shared.set_ready(false);
    let (status, why) = bench.get("/readyz");
    assert!(status == 503 && why.contains("models"), "{why}");
    bench.shared.set_ready(true);
    bench.shared.set_draining(true);
    let (status, why) = bench.get("/readyz");
    assert!(status == 503 && why.contains("draining"), "{why}");
    bench.shared.set_draining(false);
    bench.shared.count_calls(|| 2, || 2);
    assert_eq!(
        bench.get("/readyz"),
        (503, "full: 2 of 2 calls\n".to_owned())
    );
    assert_eq!(bench.get("/healthz").0, 200);
    let (status, head, text) = bench.ask("GET", "/metrics", "", "");
    assert_eq!(status, 200);
    assert!(head.contains("content-type: text/plain; version=0.0.4"));
    assert!(text.contains("\npatter_calls_active 2\n"));
    assert!(text.contains("\npatter_ready 0\n"));
    let (status, head, body) = bench.ask("HEAD", "/metrics", "", "");
    assert!(status == 200 && head.contains("version=0.0.4") && body.is_empty());
}

#[test]
fn a_call_is_registered_taken_seen_and_remembered() {
    let bench = bench();
    let path = format!("/calls/{CALL}");
    let data = r#"{"number":"+15550100","campaign":"spring","slots":{"name":"Ada"}}"#;
    assert_eq!(bench.get(&path).0, 404);
    assert_eq!(bench.ask("PUT", &path, "", data).0, 201);
    assert_eq!(bench.ask("POST", &path, "", data).0, 200);
    let known = bench.get_json(&path);
    assert_eq!(known["status"], "registered");
    assert_eq!(known["slots"]["name"], "Ada");
    assert_eq!(bench.get(&format!("{path}/outcome")), (404, String::new()));

    let uuid = call_id::parse_uuid(CALL).unwrap();
    assert_eq!(
        bench.shared.take(&uuid).unwrap().campaign.as_deref(),
        Some("spring")
    );
    assert_eq!(bench.shared.take(&uuid), None);

    bench.watch(call_start());
    bench.watch(Event::Slot {
        turn: TurnNumber(1),
        slot: "day".into(),
        value: "monday".into(),
        confirmed: true,
    });
    let calls = bench.get_json("/calls");
    assert_eq!(
        (&calls["active"], &calls["max"]),
        (&1.into(), &serde_json::json!(2))
    );
    assert_eq!(calls["calls"][0]["call"], CALL);
    assert_eq!(bench.get_json(&path)["status"], "live");
    assert_eq!(bench.get(&format!("{path}/outcome")), (200, "none".into()));
    assert_eq!(bench.ask("PUT", &path, "", data).0, 409);
    assert_eq!(bench.ask("DELETE", &path, "", "").0, 409);

    bench.watch(Event::Outcome {
        turn: TurnNumber(1),
        outcome: Outcome::HandOver,
    });
    bench.watch(call_end("agent", 1));
    let ended = bench.get_json(&path);
    assert_eq!(
        (&ended["status"], &ended["reason"], &ended["outcome"]),
        (
            &"ended".into(),
            &"agent".into(),
            &serde_json::json!("hand_over")
        )
    );
    assert_eq!(
        bench.get(&format!("{path}/outcome")),
        (200, "hand_over".into())
    );
    assert_eq!(
        bench.get(&format!("{path}/slots/day")),
        (200, "monday".into())
    );
    assert_eq!(
        bench.get(&format!("{path}/slots/name")),
        (404, String::new())
    );
    assert_eq!(
        bench.get_json(&path.to_uppercase().replace("/CALLS", "/calls"))["call"],
        CALL
    );
    // Registered once more: the result of the last call is still there to read.
    assert_eq!(bench.ask("PUT", &path, "", data).0, 201);
    assert_eq!(bench.get_json(&path)["status"], "registered");
    assert_eq!(
        bench.get(&format!("{path}/outcome")),
        (200, "hand_over".into())
    );
    assert_eq!(bench.ask("DELETE", &path, "", "").0, 204);
    assert_eq!(bench.ask("DELETE", &path, "", "").0, 404);
}

#[test]
fn what_was_registered_is_read_while_the_call_runs_and_after() {
    let bench = bench();
    let path = format!("/calls/{CALL}");
    bench.watch(call_start_of(
        "+15550100",
        &[("name", "Ada"), ("名字", "李雷")],
    ));
    for status in ["live", "ended"] {
        let known = bench.get_json(&path);
        assert_eq!(known["status"], status);
        assert_eq!(known["number"], "+15550100");
        assert_eq!(known["slots"]["name"]["value"], "Ada");
        let slot = |name: &str| bench.get(&format!("{path}/slots/{name}"));
        assert_eq!(slot("name"), (200, "Ada".into()));
        // As a client escapes it, and as it stands.
        assert_eq!(slot("%E5%90%8D%E5%AD%97"), (200, "李雷".into()));
        assert_eq!(slot("名字"), (200, "李雷".into()));
        assert_eq!(slot("n%61me"), (200, "Ada".into()));
        assert_eq!(slot("%FF"), (404, String::new()));
        bench.watch(call_end("caller", 1));
    }
}

#[test]
fn the_outcome_waits_until_the_last_words_are_judged() {
    let bench = bench();
    let closing = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&closing);
    bench
        .shared
        .watch_closings(move |_| seen.load(Ordering::Acquire));
    let path = format!("/calls/{CALL}/outcome");
    bench.watch(call_start());
    assert_eq!(
        bench.get(&path),
        (200, "none".into()),
        "a call that runs on"
    );
    std::thread::scope(|scope| {
        // The dialplan asks before this side has seen the hang-up.
        let asked = scope.spawn(|| {
            (
                bench.get(&path),
                bench.get(&format!("/calls/{CALL}/reason")),
            )
        });
        std::thread::sleep(Duration::from_millis(200));
        closing.store(true, Ordering::Release);
        std::thread::sleep(Duration::from_secs(1));
        assert!(!asked.is_finished(), "the words are not judged");
        let outcome = Outcome::OptOut;
        bench.watch(Event::Outcome {
            turn: TurnNumber(1),
            outcome,
        });
        bench.watch(call_end("caller", 1));
        let (outcome, reason) = asked.join().unwrap();
        assert_eq!(outcome, (200, "opt_out".into()));
        assert_eq!(reason, (200, "caller".into()));
    });
}

#[test]
fn a_call_that_could_not_begin_is_refused_when_it_is_registered() {
    let bench = bench();
    let path = format!("/calls/{CALL}");
    let with =
        |playbook: &str| bench.ask("PUT", &path, "", &format!(r#"{{"playbook":"{playbook}"}}"#));
    assert_eq!(with("nosuch").0, 201, "nobody knows yet what is loaded");
    bench
        .shared
        .offer_playbooks(["fitness", "survey"].into_iter());
    let (status, _, answer) = with("nosuch");
    assert_eq!(status, 400);
    assert!(answer.contains("loaded are fitness, survey"), "{answer}");
    assert_eq!(with("fitness.toml").0, 200);
    assert_eq!(with("survey").0, 200);
    bench.shared.set_draining(true);
    let (status, _, answer) = with("survey");
    assert_eq!(status, 503);
    assert!(answer.contains("being stopped"), "{answer}");
}

#[test]
fn a_call_that_ends_by_a_fault_leaves_a_result() {
    let bench = bench();
    bench.watch(call_start());
    bench.shared.call_over(&call_id::parse_uuid(CALL).unwrap());
    let ended = bench.get_json(&format!("/calls/{CALL}"));
    assert_eq!(ended["reason"], "error");
    assert!(
        bench
            .get("/metrics")
            .1
            .contains("patter_calls_ended_total{outcome=\"none\",reason=\"error\"} 1\n")
    );
    assert_eq!(bench.get_json("/calls")["active"], 0);
}

#[test]
fn mistakes_are_answered_with_an_error_and_a_hint() {
    let config = HttpConfig {
        max_registrations: 1,
        ..HttpConfig::default()
    };
    let bench = bench_of(None, 64, &config);
    let path = format!("/calls/{CALL}");
    let other = "/calls/00000000-0000-0000-0000-000000000001";
    assert_eq!(bench.ask("PUT", &path, "", "{}").0, 201);
    let large = format!(r#"{{"number":"{}"}}"#, "1".repeat(70_000));
    for (method, path, body, status, text) in [
        ("GET", "/", "", 404, "there is nothing at `/`"),
        ("GET", "/calls/1234", "", 400, "`1234` is not a UUID"),
        ("PUT", "/calls/1234", "{}", 400, "is not a UUID"),
        ("PUT", &path, "{", 400, "not the JSON"),
        ("PUT", &path, r#"{"nubmer":"1"}"#, 400, "unknown field"),
        (
            "PUT",
            &path,
            r#"{"playbook":"../x"}"#,
            400,
            "without a folder",
        ),
        ("PUT", &path, &large, 413, "longer than 65536 bytes"),
        ("PUT", other, "{}", 503, "too many calls are registered"),
        ("PUT", "/calls", "{}", 405, "`PUT` cannot be done here"),
        ("PATCH", &path, "{}", 405, "`PATCH` cannot"),
        ("GET", other, "", 404, "no such call"),
    ] {
        let (got, head, answer) = bench.ask(method, path, "", body);
        assert_eq!(got, status, "{method} {path}: {answer}");
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
        let error = answer["error"].as_str().unwrap();
        assert!(error.contains(text), "{error}");
        assert_eq!(head.contains("\nallow: "), status == 405);
    }
    let (_, _, answer) = bench.ask("GET", other, "", "");
    assert!(answer.contains("\"hint\":\"it was neither registered"));
    // A length that is not to be read at all is refused from the head.
    let mut stream = bench.connect();
    let head =
        format!("PUT {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000000\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[test]
fn a_call_under_way_is_held_resumed_and_ended() {
    let bench = bench();
    let (sender, asked) = std::sync::mpsc::channel();
    let sender = Mutex::new(sender);
    bench.shared.control_calls(move |uuid, control| {
        sender.lock().unwrap().send(control).unwrap();
        call_id::format_uuid(uuid) == CALL
    });
    for (path, control) in [
        ("hold", Control::Hold),
        ("resume", Control::Resume),
        ("end", Control::End),
    ] {
        let path = format!("/calls/{CALL}/{path}");
        assert_eq!(bench.ask("POST", &path, "", "").0, 204, "{path}");
        assert_eq!(asked.recv().unwrap(), control);
        let (status, head, _) = bench.ask("GET", &path, "", "");
        assert_eq!(status, 405);
        assert!(head.contains("allow: post"), "{head}");
        assert!(asked.try_recv().is_err(), "who only looks changes nothing");
    }
    let other = "/calls/00000000-0000-0000-0000-000000000001/hold";
    let (status, _, answer) = bench.ask("POST", other, "", "");
    assert_eq!(status, 404);
    assert!(answer.contains("not under way"), "{answer}");
    assert_eq!(bench.ask("POST", "/calls/1/hold", "", "").0, 400);
}

#[test]
fn with_a_token_only_health_is_for_everybody() {
    let bench = bench_of(Some(SECRET), 64, &HttpConfig::default());
    assert_eq!(bench.get("/healthz").0, 200);
    for path in [
        "/readyz",
        "/metrics",
        "/calls",
        "/calls/events",
        "/",
        &format!("/calls/{CALL}"),
        &format!("/calls/{CALL}/outcome"),
    ] {
        let (status, head, body) = bench.ask("GET", path, "", "");
        assert_eq!(status, 401, "{path}: {body}");
        assert!(head.contains("www-authenticate: bearer"));
        let wrong = "Authorization: Bearer 0123456789abcdeX\r\n";
        assert_eq!(bench.ask("GET", path, wrong, "").0, 401);
    }
    let right = format!("Authorization: Bearer {SECRET}\r\n");
    assert_eq!(bench.ask("GET", "/readyz", &right, "").0, 200);
    assert_eq!(bench.ask("PUT", &format!("/calls/{CALL}"), "", "{}").0, 401);
    assert_eq!(
        bench.ask("PUT", &format!("/calls/{CALL}"), &right, "{}").0,
        201
    );
}

#[test]
fn web_pages_may_not_ask() {
    let bench = bench();
    let path = format!("/calls/{CALL}");
    let page = "Origin: http://evil.example\r\n";
    assert_eq!(bench.ask("POST", &path, page, "{}").0, 403);
    let mut stream = bench.connect();
    stream
        .write_all(b"GET /calls HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
}

#[test]
fn an_address_that_others_reach_wants_a_token() {
    let shared = Shared::new(&HttpConfig::default(), 1).unwrap();
    let limits = Limits {
        max_connections: 4,
        client_timeout: Duration::from_secs(1),
    };
    let Err(open) = Http::start("0.0.0.0:0", None, limits, Arc::clone(&shared)) else {
        panic!("it started");
    };
    assert!(open.to_string().contains("has no token"));
    assert!(open.hint().unwrap().contains("http.token"));
    let token = Some(Token::new(&Secret::new(SECRET)));
    assert!(Http::start("0.0.0.0:0", token, limits, Arc::clone(&shared)).is_ok());
    let first = Http::start("127.0.0.1:0", None, limits, Arc::clone(&shared)).unwrap();
    let Err(taken) = Http::start(&first.address().to_string(), None, limits, shared) else {
        panic!("two servers on one port");
    };
    assert!(taken.hint().unwrap().contains("another program"));
}

#[test]
fn a_token_comes_from_the_config_or_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut loaded = patter_config::Loaded {
        config: patter_config::Config::default(),
        path: None,
        base: folder.path().to_owned(),
    };
    assert!(Token::of_config(&loaded).unwrap().is_none());
    let shared = Shared::new(&loaded.config.http, 1).unwrap();
    assert!(server::start(&loaded, &shared).unwrap().is_none());
    loaded.config.http.token_file = "token".into();
    let missing = Token::of_config(&loaded).err().unwrap();
    assert!(missing.to_string().contains("cannot read the token file"));
    std::fs::write(folder.path().join("token"), "short\n").unwrap();
    let weak = Token::of_config(&loaded).err().unwrap();
    assert!(weak.to_string().contains("16 to 256") && !weak.to_string().contains("short"));
    std::fs::write(folder.path().join("token"), format!("{SECRET}\n")).unwrap();
    assert!(Token::of_config(&loaded).unwrap().is_some());
}
