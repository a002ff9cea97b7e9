//! Those who listen for long, those who stall, and those who mean no good.

use super::*;

/// Reads until the server closes; how long that took.
fn closed_after(mut stream: TcpStream) -> Duration {
    let began = Instant::now();
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Ok(_) => {}
        Err(e) if e.kind() == ErrorKind::ConnectionReset => {}
        Err(e) => panic!("the server did not close: {e}"),
    }
    began.elapsed()
}

/// Who listens to events.
struct Listener {
    stream: TcpStream,
    seen: String,
}

impl Listener {
    fn of(bench: &Bench) -> Self {
        let mut stream = bench.connect();
        stream
            .write_all(b"GET /calls/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .unwrap();
        let mut listener = Self {
            stream,
            seen: String::new(),
        };
        listener.read_until(": patter\n\n");
        listener
    }

    fn read_until(&mut self, text: &str) {
        let mut bytes = [0; 65_536];
        let mut from = 0;
        while !self.seen[from..].contains(text) {
            from = self.seen.len().saturating_sub(text.len());
            let count = self.stream.read(&mut bytes).unwrap();
            assert!(count > 0, "it was closed");
            self.seen
                .push_str(std::str::from_utf8(&bytes[..count]).unwrap());
        }
    }
}

#[test]
fn events_come_as_they_happen() {
    let bench = bench();
    let mut listener = Listener::of(&bench);
    let head = listener.seen.to_lowercase();
    assert!(head.contains("content-type: text/event-stream"), "{head}");
    bench.watch(call_start());
    listener.read_until("event: call_start\ndata: {\"t_ms\":10,\"call\":\"40325ec2-");
    // Longer than a client may take to ask: a listener asks nothing more.
    std::thread::sleep(Duration::from_millis(600));
    bench.watch(Event::SpeechStart);
    listener.read_until("event: speech_start\ndata: {");
}

#[test]
fn a_slow_listener_hears_how_much_it_lost() {
    let limits = Limits {
        max_connections: 8,
        client_timeout: Duration::from_secs(20),
    };
    let bench = bench_with(None, limits, &HttpConfig::default());
    let mut listener = Listener::of(&bench);
    // More than the queue and the sockets' buffers hold.
    let message = "long ".repeat(4_000);
    for _ in 0..3_000 {
        bench.watch(Event::Error {
            message: message.clone(),
        });
    }
    bench.watch(Event::FalseStart);
    listener.read_until("event: false_start\n");
    assert!(listener.seen.contains("event: lagged\ndata: {\"lost\":"));
    let (_, figures) = bench.get("/metrics");
    assert!(!figures.contains("patter_events_lost_total 0\n"));
}

#[test]
fn clients_that_stall_are_cut_off() {
    let bench = bench();
    let limit = Duration::from_secs(3);
    let path = format!("/calls/{CALL}");
    let silent = bench.connect();
    let mut half_a_head = bench.connect();
    half_a_head.write_all(b"GET /calls HTTP/1.1\r\nHo").unwrap();
    let mut half_a_body = bench.connect();
    let head =
        format!("PUT {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{{\"num");
    half_a_body.write_all(head.as_bytes()).unwrap();
    let mut asked_once = bench.connect();
    asked_once
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    for stream in [silent, half_a_head, half_a_body, asked_once] {
        assert!(closed_after(stream) < limit);
    }
    // One that drips: each byte comes in time, the head does not.
    let mut drips = bench.connect();
    let began = Instant::now();
    while drips.write_all(b"G").is_ok() {
        assert!(began.elapsed() < limit);
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_client_that_takes_no_answer_is_cut_off() {
    let bench = bench();
    let mut greedy = bench.connect();
    greedy
        .set_write_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    // Pipelined requests whose answers are never read fill both sockets' buffers; then the server must let go.
    let requests = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(1_000);
    let began = Instant::now();
    loop {
        match greedy.write_all(requests.as_bytes()) {
            Ok(()) => assert!(began.elapsed() < Duration::from_secs(30)),
            Err(e) => break assert_ne!(e.kind(), ErrorKind::WouldBlock, "it was not cut off"),
        }
    }
    assert_eq!(bench.get("/healthz").0, 200);
}

#[test]
fn garbage_ends_its_own_connection_only() {
    let bench = bench();
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(40_000));
    let headers = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(200));
    let bodies: [&[u8]; 7] = [
        b"\x00\xff\x80\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET  HTTP/9.9\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"PUT /calls/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzzzz\r\n",
        long.as_bytes(),
        headers.as_bytes(),
    ];
    for bytes in bodies {
        let mut stream = bench.connect();
        let _ = stream.write_all(bytes);
        assert!(closed_after(stream) < Duration::from_secs(3));
    }
    assert_eq!(bench.get("/healthz").0, 200);
}

#[test]
fn fifty_hostile_connections_do_not_keep_a_good_one_out() {
    let limits = Limits {
        max_connections: 16,
        client_timeout: Duration::from_secs(4),
    };
    let bench = bench_with(None, limits, &HttpConfig::default());
    let mut hostile: Vec<TcpStream> = (0..50).map(|_| bench.connect()).collect();
    for (n, stream) in hostile.iter_mut().enumerate() {
        let bytes: &[u8] = match n % 3 {
            0 => b"",
            1 => b"GET /calls HTTP/1.1\r\nX: ",
            _ => b"PUT /calls/40325ec2-5efd-4bd3-805f-53576e581d13 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50000\r\n\r\n{",
        };
        let _ = stream.write_all(bytes);
    }
    let began = Instant::now();
    for _ in 0..20 {
        assert_eq!(bench.get("/healthz").0, 200);
    }
    assert!(
        began.elapsed() < Duration::from_millis(3_500),
        "it had to wait for the others' timeout: {:?}",
        began.elapsed()
    );
    for stream in hostile {
        closed_after(stream);
    }
}

#[test]
fn listeners_take_at_most_half_of_the_places() {
    let bench = bench_of(None, 4, &HttpConfig::default());
    let listen = || {
        let mut stream = bench.connect();
        stream
            .write_all(b"GET /calls/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .unwrap();
        let mut first = [0; 12];
        stream.read_exact(&mut first).unwrap();
        (stream, String::from_utf8(first.to_vec()).unwrap())
    };
    let (one, two, three) = (listen(), listen(), listen());
    assert_eq!(
        [&one.1, &two.1, &three.1],
        ["HTTP/1.1 200", "HTTP/1.1 200", "HTTP/1.1 503"]
    );
    assert_eq!(bench.get("/healthz").0, 200);
    drop(one);
    let began = Instant::now();
    while listen().1 != "HTTP/1.1 200" {
        assert!(
            began.elapsed() < Duration::from_secs(5),
            "the place is not given back"
        );
    }
}

#[test]
fn stopping_closes_connections_and_frees_the_port() {
    let bench = bench();
    let address: SocketAddr = bench.http.address();
    let mut listener = bench.connect();
    listener
        .write_all(b"GET /calls/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    drop(bench);
    assert!(closed_after(listener) < Duration::from_secs(2));
    assert!(TcpStream::connect(address).is_err());
}
