//! Every way in which a request can fail, through the engine that both faces use: each ends in one
//! clear line and a row in the ledger, and the next request works.

use std::time::Duration;

use gloss::config::Settings;
use gloss::llm::Wire;
use gloss::store::Status;
use tokio::net::TcpSocket;

use super::desk::{Desk, settings};
use super::server::{Server, Step, answer, piece, stream_head};
use super::wire::{delta, good, text_of};
use super::{KEY, fixture, on_both_wires, tls_server, tls_server_with};

on_both_wires! {
    after_each_fault_there_is_a_clear_line_and_a_row_and_the_next_request_works,
    an_answer_of_nothing_is_told_and_not_kept,
    a_server_that_is_not_up_yet_is_named_and_then_asked,
    a_name_that_is_gone_is_named_and_once_it_is_back_all_works,
    each_way_in_which_tls_can_be_wrong_is_told_apart_and_sees_no_key,
    a_proxy_that_wants_a_password_is_told_and_seen_without_the_key,
    connections_that_died_while_the_machine_slept_cost_a_retry_or_a_clear_line,
    waits_go_by_the_servers_clock_where_ours_is_wrong,
}

/// A fault that a server can play: its name, the connections that have it, the class in the
/// ledger, and words of the message.
type Fault = (
    &'static str,
    Vec<Vec<Step>>,
    &'static str,
    &'static [&'static str],
);

/// The class of those where the server falls silent.
const SILENT: &str = "timeout";

fn chunk(text: &str) -> Vec<u8> {
    format!("{:x}\r\n{text}\r\n", text.len()).into_bytes()
}

/// An exchange that goes well.
fn well(wire: Wire) -> Vec<Step> {
    good(wire, "All is well.")
}

fn asked(steps: Vec<Step>) -> Vec<Step> {
    [Step::Request].into_iter().chain(steps).collect()
}

/// One after the other, as often as it is tried.
fn thrice(script: impl Fn() -> Vec<Step>) -> Vec<Vec<Step>> {
    (0..3).map(|_| asked(script())).collect()
}

fn faults(wire: Wire) -> Vec<Fault> {
    let once = |steps: Vec<Step>| vec![asked(steps)];
    let begun = |steps: Vec<Step>| {
        let begun = [stream_head(), delta(wire, "one "), delta(wire, "two ")].into_iter();
        vec![asked(begun.chain(steps).collect())]
    };
    let wrong = r#"{"code":"Client specified an invalid argument","error":"Incorrect API key provided: xa***yz."}"#;
    let word = |text: &str| format!("data: {}\n\n", text_of(wire, text));
    let bomb = gzipped(&vec![b'd'; 100 << 20]);
    vec![
        (
            "reset",
            thrice(|| vec![Step::Reset]),
            "cut_off",
            &["broke before an answer", "try again"],
        ),
        (
            "half-closed before the answer",
            thrice(|| vec![Step::HalfClose]),
            "cut_off",
            &["broke before an answer"],
        ),
        (
            "half-closed in the answer",
            begun(vec![Step::HalfClose]),
            "cut_off",
            &["cut off before its end"],
        ),
        (
            "slow first byte",
            once(vec![Step::AwaitClose]),
            SILENT,
            &["no answer from 127.0.0.1 within 2 s"],
        ),
        (
            "slow rest of the head",
            once(vec![
                Step::Write(b"HTTP/1.1 200 OK\r\ncontent-".to_vec()),
                Step::AwaitClose,
            ]),
            SILENT,
            &["no answer from 127.0.0.1 within 2 s"],
        ),
        (
            "stall after two chunks",
            begun(vec![Step::AwaitClose]),
            SILENT,
            &["stalled for 2 s", "try again"],
        ),
        (
            "keep-alives and no answer",
            once(vec![
                stream_head(),
                Step::WriteForever(chunk(": keep-alive\n\n")),
            ]),
            SILENT,
            &["stalled for 2 s"],
        ),
        (
            "cut in a chunk",
            begun(vec![Step::Write(
                b"40\r\ndata: {\"choices\":[{\"delta\":{\"con".to_vec(),
            )]),
            "cut_off",
            &["cut off"],
        ),
        (
            "malformed event",
            begun(vec![piece("data: {nonsense\n\n")]),
            "malformed",
            &["unreadable", "try again"],
        ),
        (
            "malformed chunk",
            begun(vec![Step::Write(b"zz\r\ndata\r\n".to_vec())]),
            "malformed",
            &["unreadable"],
        ),
        (
            "no content",
            once(vec![answer("204 No Content", b"")]),
            "empty",
            &["answered with nothing", "try again"],
        ),
        (
            "an empty body",
            once(vec![answer("200 OK", b"")]),
            "empty",
            &["answered with nothing", "`base_url`"],
        ),
        (
            "error within a 200",
            once(vec![answer(
                "200 OK\r\ncontent-type: application/json",
                wrong.as_bytes(),
            )]),
            "bad_key",
            &["not accepted", "`gloss auth login`"],
        ),
        (
            "error within a stream",
            once(vec![stream_head(), piece(&format!("data: {wrong}\n\n"))]),
            "bad_key",
            &["not accepted"],
        ),
        (
            "endless stream",
            once(vec![
                stream_head(),
                Step::WriteForever(chunk(&word(&"a".repeat(64 << 10)))),
            ]),
            "endless",
            &["grown past 4 MiB"],
        ),
        (
            "line of 100 MB",
            once(vec![
                stream_head(),
                Step::Write(chunk(&"d".repeat(100 << 20))),
            ]),
            "endless",
            &["grown past 8 MiB"],
        ),
        (
            "100 MB in 100 kB of gzip",
            once(vec![answer(
                "200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: gzip",
                &bomb,
            )]),
            "endless",
            &["grown past 8 MiB"],
        ),
        (
            "what is no gzip",
            once(vec![answer(
                "200 OK\r\ncontent-encoding: gzip",
                b"no gzip at all",
            )]),
            "malformed",
            &["unreadable"],
        ),
        (
            "headers without end",
            once(vec![Step::WriteForever(b"HTTP/1.1 200 OK\r\nx: ".to_vec())]),
            "malformed",
            &["not one of a chat API"],
        ),
        (
            "redirect to another host",
            once(vec![answer(
                "307 Temporary Redirect\r\nlocation: https://elsewhere.invalid/v1",
                b"",
            )]),
            "redirected",
            &["https://elsewhere.invalid", "not followed", "`base_url`"],
        ),
        (
            "no HTTP",
            once(vec![Step::Write(b"220 mail.example ESMTP\r\n".to_vec())]),
            "malformed",
            &["not one of a chat API"],
        ),
        (
            "web page",
            once(vec![answer(
                "200 OK",
                b"<html><title>Sign in</title></html>",
            )]),
            "malformed",
            &["a web page titled \"Sign in\""],
        ),
        (
            "failure that does not pass",
            thrice(|| {
                vec![answer(
                    "503 Service Unavailable\r\nconnection: close",
                    b"{\"error\":\"busy\"}",
                )]
            }),
            "passing",
            &["failing for the moment", "HTTP 503"],
        ),
        (
            "rate limit",
            once(vec![answer(
                "429 Too Many Requests\r\nretry-after: 90\r\nconnection: close",
                b"{\"error\":\"slow down\"}",
            )]),
            "rate_limit",
            &["rate limit", "in 90 s"],
        ),
        (
            "empty answer",
            once(vec![stream_head(), piece("data: [DONE]\n\n")]),
            "empty",
            &["empty"],
        ),
    ]
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

async fn after_each_fault_there_is_a_clear_line_and_a_row_and_the_next_request_works(wire: Wire) {
    let play = async |fault: Fault| {
        let (what, mut scripts, class, words) = fault;
        let calls = scripts.len();
        scripts.push(well(wire));
        let server = Server::start(scripts).await;
        let desk = if class == SILENT {
            Desk::at_silent(wire, &server.url())
        } else {
            Desk::at(wire, &server.url())
        };
        desk.fails(what, class, words).await;
        assert_eq!(server.connections(), calls, "{what}");
        desk.works(what).await;
        assert_eq!(desk.rows().len(), 2, "{what}");
    };
    // Those that wait in vain do so beside each other alone: what comes of others takes its time.
    let is_silent = |fault: &Fault| fault.2 == SILENT;
    let (silent, loud): (Vec<_>, Vec<_>) = faults(wire).into_iter().partition(is_silent);
    for faults in [silent, loud] {
        futures::future::join_all(faults.into_iter().map(&play)).await;
    }
}

async fn an_answer_of_nothing_is_told_and_not_kept(wire: Wire) {
    let server = Server::start(vec![good(wire, " \n"), good(wire, ""), well(wire)]).await;
    let desk = Desk::at(wire, &server.url());
    for _ in 0..2 {
        let (outcome, rows) = desk.explain().await;
        let line = outcome.unwrap_err();
        assert!(line.contains("said nothing: ask again"), "{line}");
        // It was billed all the same.
        assert_eq!((rows[0].status, rows[0].total_tokens), (Status::Ok, 9));
    }
    desk.works("nothing").await;
}

async fn a_server_that_is_not_up_yet_is_named_and_then_asked(wire: Wire) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = socket.local_addr().unwrap().port();
    let desk = Desk::at(wire, &format!("http://127.0.0.1:{port}/v1"));
    let words = ["nothing listens at 127.0.0.1", "`base_url`"];
    desk.fails("refused", "unreachable", &words).await;
    let server = Server::on(socket.listen(8).unwrap(), vec![well(wire)]);
    desk.works("refused").await;
    assert_eq!(server.connections(), 1);
}

async fn a_name_that_is_gone_is_named_and_once_it_is_back_all_works(wire: Wire) {
    let server = Server::start(vec![well(wire)]).await;
    let desk = Desk::at(wire, "https://model.invalid/v1");
    let words = ["model.invalid cannot be resolved", "network connection"];
    desk.fails("DNS", "unreachable", &words).await;
    desk.moved(settings(wire, &server.url())).works("DNS").await;
}

async fn each_way_in_which_tls_can_be_wrong_is_told_apart_and_sees_no_key(wire: Wire) {
    let trusted = |ca: bool, url: String| Settings {
        ca_file: ca.then(|| fixture("ca.pem")),
        ..settings(wire, &url)
    };
    for (certificate, ca, host, words) in [
        (
            "expired.der",
            true,
            "localhost",
            ["it has run out", "set the clock"],
        ),
        (
            "early.der",
            true,
            "localhost",
            ["does not hold yet", "set the clock"],
        ),
        (
            "loopback.der",
            false,
            "localhost",
            ["nobody whom this machine trusts", "`ca_file`"],
        ),
        (
            "loopback.der",
            true,
            "[::ffff:127.0.0.1]",
            ["for another name", "`base_url`"],
        ),
    ] {
        let (port, server) = tls_server_with(wire, certificate);
        let desk = Desk::by(trusted(ca, format!("https://{host}:{port}/v1")));
        desk.fails(certificate, "tls", &words).await;
        assert_eq!(server.join().unwrap(), "", "{certificate}");
        let server = Server::start(vec![well(wire)]).await;
        desk.moved(trusted(ca, server.url()))
            .works(certificate)
            .await;
    }
    // What answers speaks no TLS at all.
    let plain = Server::start(vec![vec![
        Step::Write(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()),
        Step::AwaitClose,
    ]])
    .await;
    let desk = Desk::at(wire, &format!("https://localhost:{}/v1", plain.port));
    desk.fails("no TLS", "tls", &["speaks no TLS", "`base_url`"])
        .await;
    let (port, server) = tls_server(wire);
    let desk = Desk::at(wire, &format!("https://localhost:{port}/v1"));
    let (outcome, _) = desk.explain().await;
    assert_eq!(outcome.as_deref(), Ok("hi"));
    assert!(server.join().unwrap().contains(KEY));
}

async fn a_proxy_that_wants_a_password_is_told_and_seen_without_the_key(wire: Wire) {
    let refusal = answer("407 Proxy Authentication Required", b"");
    let mut proxy = Server::start(vec![asked(vec![refusal])]).await;
    let behind = |url: &str| Settings {
        proxy: Some(format!("http://127.0.0.1:{}", proxy.port)),
        ..settings(wire, url)
    };
    let desk = Desk::by(behind("https://model.invalid/v1"));
    let words = ["the proxy on the way to model.invalid", "`proxy`"];
    desk.fails("407", "proxy", &words).await;
    // What is on this machine is reached past it.
    let server = Server::start(vec![well(wire)]).await;
    let moved = behind(&server.url());
    let seen = proxy.request().await;
    assert!(!seen.contains(KEY), "{seen}");
    desk.moved(moved).works("407").await;
}

async fn connections_that_died_while_the_machine_slept_cost_a_retry_or_a_clear_line(wire: Wire) {
    // The far side closed or reset them meanwhile, which shows when they are used again.
    for last in [None, Some(Step::Reset)] {
        let first = well(wire).into_iter().chain(last).collect();
        let server = Server::start(vec![first, well(wire)]).await;
        let desk = Desk::at(wire, &server.url());
        desk.works("before").await;
        desk.works("after").await;
    }
    // A request that was on its way when the far side went.
    let first = [well(wire), asked(vec![Step::Reset])];
    let first = first.into_iter().flatten().collect();
    let server = Server::start(vec![first, well(wire)]).await;
    let desk = Desk::at(wire, &server.url());
    desk.works("before").await;
    desk.works("after").await;
    // Nobody says that they are dead: nothing comes back, ever.
    let first = [well(wire), asked(vec![Step::AwaitClose])];
    let first = first.into_iter().flatten().collect();
    let mut server = Server::start(vec![first, well(wire)]).await;
    let desk = Desk::at_silent(wire, &server.url());
    desk.works("before").await;
    // The connection returns to the pool by tasks of this runtime, which run in turn.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    let words = ["no answer from 127.0.0.1 within 2 s"];
    desk.fails("silence", "timeout", &words).await;
    server.closed().await;
    desk.works("after").await;
    assert_eq!(server.connections(), 2);
}

async fn waits_go_by_the_servers_clock_where_ours_is_wrong(wire: Wire) {
    let limited = |head: &str| {
        let head = format!("429 Too Many Requests\r\n{head}\r\nconnection: close");
        asked(vec![answer(&head, b"{\"error\":\"slow down\"}")])
    };
    let then = "Sat, 01 Jan 2000 00:00:";
    // A second later by the server's own clock; long ago by ours.
    let head = format!("date: {then}00 GMT\r\nretry-after: {then}01 GMT");
    let server = Server::start(vec![limited(&head), well(wire)]).await;
    let started = std::time::Instant::now();
    Desk::at(wire, &server.url())
        .works("a clock that is ahead")
        .await;
    assert!(started.elapsed() >= Duration::from_secs(1));
    // Without that clock: what lies behind us is no wait, and one of a century is told.
    let server = Server::start(vec![
        limited(&format!("retry-after: {then}01 GMT")),
        well(wire),
    ])
    .await;
    Desk::at(wire, &server.url()).works("a time gone by").await;
    let head = "retry-after: Sat, 01 Jan 2124 00:00:00 GMT";
    let server = Server::start(vec![limited(head), well(wire)]).await;
    let desk = Desk::at(wire, &server.url());
    desk.fails("a century", "rate_limit", &["the rate limit is reached"])
        .await;
    desk.works("a century").await;
}
