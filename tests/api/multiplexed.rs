//! Faults of HTTP/2 over TLS, which is what the API itself speaks: those of one stream, and those
//! of the connection that all streams share.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use gloss::engine::Heard;
use gloss::llm::Wire;
use h2::server::{Connection, SendResponse};
use h2::{Reason, SendStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::desk::Desk;
use super::wire::{end_of, text_of};
use super::{on_both_wires, tls};

on_both_wires! {
    a_stream_that_fails_costs_no_other_its_connection,
    a_server_that_takes_leave_is_asked_on_another_connection,
    a_connection_that_died_in_the_machines_sleep_is_found_out_and_another_is_asked,
}

/// What the server does with one request.
#[derive(Clone, Copy, Debug)]
enum Turn {
    Answers,
    /// No head, but the end of the stream.
    Resets(Reason),
    /// Half an answer, and then the end of the stream.
    CutsOff(Reason),
    /// Half an answer, and then the end of the connection.
    Vanishes,
    /// The end of the connection, told before an answer.
    TakesLeave,
    /// Nothing, to this nor to anything that comes by the connection.
    Sleeps,
}

/// An API over HTTP/2, each of whose connections plays its turns and is then held.
struct Api {
    port: u16,
    connections: Arc<AtomicUsize>,
    /// Told by the test when half an answer has arrived.
    arrived: Arc<Notify>,
}

type Pipe = Connection<TlsStream<TcpStream>, Bytes>;

impl Api {
    async fn start(wire: Wire, connections: Vec<Vec<Turn>>) -> Self {
        let mut config = tls();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let api = Self {
            port: listener.local_addr().unwrap().port(),
            connections: Arc::default(),
            arrived: Arc::default(),
        };
        let (count, arrived) = (api.connections.clone(), api.arrived.clone());
        tokio::spawn(async move {
            for turns in connections {
                let (socket, _) = listener.accept().await.unwrap();
                count.fetch_add(1, Ordering::SeqCst);
                let (acceptor, arrived) = (acceptor.clone(), arrived.clone());
                tokio::spawn(async move {
                    let tls = acceptor.accept(socket).await.unwrap();
                    let pipe = h2::server::handshake(tls).await.unwrap();
                    play(wire, pipe, turns, &arrived).await;
                });
            }
        });
        api
    }

    fn url(&self) -> String {
        format!("https://localhost:{}/v1", self.port)
    }

    /// A request that breaks off, as early as its text has arrived.
    async fn fails(&self, desk: &Desk, what: &str, words: &[&str]) {
        let mut ear = |heard| {
            if matches!(heard, Heard::Text(_)) {
                self.arrived.notify_one();
            }
        };
        desk.fails_after(what, "cut_off", words, &mut ear).await;
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn play(wire: Wire, mut pipe: Pipe, turns: Vec<Turn>, arrived: &Notify) {
    for turn in turns {
        let Some(Ok((request, mut respond))) = pipe.accept().await else {
            return;
        };
        match turn {
            Turn::Answers => {
                let mut body = begin(&mut respond, wire);
                let end = end_of(wire);
                body.send_data(end.into(), true).unwrap();
            }
            Turn::Resets(reason) => respond.send_reset(reason),
            Turn::CutsOff(reason) => {
                let mut body = begin(&mut respond, wire);
                run_until(&mut pipe, arrived).await;
                body.send_reset(reason);
            }
            Turn::Vanishes => {
                let _body = begin(&mut respond, wire);
                run_until(&mut pipe, arrived).await;
                return;
            }
            Turn::TakesLeave => {
                pipe.abrupt_shutdown(Reason::NO_ERROR);
                let _ = pipe.accept().await;
                return;
            }
            Turn::Sleeps => {
                std::future::pending::<()>().await;
            }
        }
        drop(request);
    }
    while pipe.accept().await.is_some() {}
}

/// The head of an answer, and its text.
fn begin(respond: &mut SendResponse<Bytes>, wire: Wire) -> SendStream<Bytes> {
    let head = http::Response::builder().header("content-type", "text/event-stream");
    let mut body = respond
        .send_response(head.body(()).unwrap(), false)
        .unwrap();
    let text = format!("data: {}\n\n", text_of(wire, "All is well."));
    body.send_data(text.into(), false).unwrap();
    body
}

/// Writes what is to be written until the test has seen it.
async fn run_until(pipe: &mut Pipe, arrived: &Notify) {
    tokio::select! {
        () = arrived.notified() => {}
        _ = pipe.accept() => panic!("the client went away"),
    }
}

async fn a_stream_that_fails_costs_no_other_its_connection(wire: Wire) {
    for (turn, tries, words) in [
        (
            Turn::Resets(Reason::INTERNAL_ERROR),
            3,
            "broke before an answer came",
        ),
        (
            Turn::Resets(Reason::REFUSED_STREAM),
            3,
            "broke before an answer came",
        ),
        (
            Turn::Resets(Reason::ENHANCE_YOUR_CALM),
            3,
            "broke before an answer came",
        ),
        (
            Turn::CutsOff(Reason::INTERNAL_ERROR),
            1,
            "cut off before its end",
        ),
        (Turn::CutsOff(Reason::CANCEL), 1, "cut off before its end"),
    ] {
        let turns = std::iter::repeat_n(turn, tries).chain([Turn::Answers]);
        let api = Api::start(wire, vec![turns.collect()]).await;
        let desk = Desk::at(wire, &api.url());
        let what = format!("{turn:?}");
        api.fails(&desk, &what, &[words]).await;
        desk.works(&what).await;
        assert_eq!((api.connections(), desk.rows().len()), (1, 2), "{what}");
    }
}

async fn a_server_that_takes_leave_is_asked_on_another_connection(wire: Wire) {
    let api = Api::start(wire, vec![vec![Turn::TakesLeave], vec![Turn::Answers]]).await;
    let desk = Desk::at(wire, &api.url());
    desk.works("leave").await;
    assert_eq!((api.connections(), desk.rows()[0].retries), (2, 1));
    // One that has begun to answer is not asked again: that would be paid for twice.
    let api = Api::start(wire, vec![vec![Turn::Vanishes], vec![Turn::Answers]]).await;
    let desk = Desk::at(wire, &api.url());
    let words = ["cut off before its end", "try again"];
    api.fails(&desk, "gone", &words).await;
    desk.works("gone").await;
    assert_eq!(api.connections(), 2);
}

async fn a_connection_that_died_in_the_machines_sleep_is_found_out_and_another_is_asked(
    wire: Wire,
) {
    let play = async || {
        let first = vec![Turn::Answers, Turn::Sleeps];
        let api = Api::start(wire, vec![first, vec![Turn::Answers]]).await;
        let desk = Desk::at_silent(wire, &api.url());
        desk.works("before").await;
        desk.works("after").await;
        assert_eq!(api.connections(), 2);
        let retries = desk.rows()[0].retries;
        assert!(retries <= 1, "{retries}");
        retries
    };
    // On a busy machine a connection counts as dead before anything is asked on it.
    for _ in 0..10 {
        if play().await == 1 {
            return;
        }
    }
    panic!("it is never found out while it is asked");
}
