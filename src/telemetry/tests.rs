//! What a collector gets, read by the official protobuf from a real socket.

use std::time::Duration;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use prost::Message as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::llm::Options;
use crate::store::Status;

/// How long anything may take before a test gives up.
const LONG: Duration = Duration::from_secs(20);

/// A collector on a socket: gives each path and body that comes, and answers with this status.
async fn collector(status: &'static str) -> (String, mpsc::Receiver<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, received) = mpsc::channel(16);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let sender = sender.clone();
            tokio::spawn(async move {
                let mut bytes = Vec::new();
                while socket.read_buf(&mut bytes).await.unwrap() > 0 {
                    let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
                        continue;
                    };
                    let head = String::from_utf8_lossy(&bytes[..at]).to_lowercase();
                    let length = head
                        .lines()
                        .find_map(|line| line.strip_prefix("content-length: "));
                    let end = at + 4 + length.unwrap().parse::<usize>().unwrap();
                    if bytes.len() < end {
                        continue;
                    }
                    assert!(
                        head.contains("content-type: application/x-protobuf"),
                        "{head}"
                    );
                    assert!(!head.contains("authorization"), "{head}");
                    let path = head.split(' ').nth(1).unwrap().to_owned();
                    sender
                        .send((path, bytes[at + 4..end].to_vec()))
                        .await
                        .unwrap();
                    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
                    socket.write_all(answer.as_bytes()).await.unwrap();
                    bytes.clear();
                }
            });
        }
    });
    (url, received)
}

fn telemetry(endpoint: &str, workspace: ToldWorkspace, store: &Store) -> Telemetry {
    let settings = Settings {
        otlp_endpoint: Some(endpoint.to_owned()),
        otlp_workspace: workspace,
        ..Settings::default()
    };
    Telemetry::new(&settings, Client::new(Options::default()), store.clone())
}

fn row(status: Status, total_tokens: u64) -> Row {
    Row {
        time: "2026-11-25T12:00:00Z".parse().unwrap(),
        workspace: "/secret/plans".into(),
        repository: Some("https://example.com/secret.git".into()),
        action: "explain".into(),
        file: Some("secret.rs".into()),
        model: "grok-4.3".into(),
        status,
        error: (status == Status::Error).then(|| "rate_limit".into()),
        finish_reason: Some("stop".into()),
        first_token_ms: Some(250),
        total_ms: Some(1_500),
        request_id: Some("req-1".into()),
        prompt_tokens: 100,
        completion_tokens: 20,
        reasoning_tokens: total_tokens.saturating_sub(120),
        total_tokens,
        cost_ticks: Some(5_000_000_000),
        ..Row::default()
    }
}

fn text(attributes: &[KeyValue], name: &str) -> Option<String> {
    let found = attributes.iter().find(|attribute| attribute.key == name)?;
    match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        Value::IntValue(number) => Some(number.to_string()),
        Value::DoubleValue(number) => Some(number.to_string()),
        other => Some(format!("{other:?}")),
    }
}

#[tokio::test]
async fn a_collector_gets_a_span_a_request_and_the_sums_of_a_batch() {
    let (url, mut received) = collector("200 OK").await;
    let store = Store::new(None);
    let telemetry = telemetry(&url, ToldWorkspace::Path, &store);
    telemetry.record(&row(Status::Ok, 150));
    telemetry.record(&row(Status::Ok, 120));
    telemetry.record(&row(Status::Error, 0));
    // Of what nobody asked the API nothing is told.
    telemetry.record(&row(Status::FromStore, 0));
    telemetry.record(&row(Status::Refused, 0));
    telemetry.flush(LONG).await;
    let mut both = vec![
        received.recv().await.unwrap(),
        received.recv().await.unwrap(),
    ];
    both.sort();
    let [(metrics_path, metrics), (traces_path, traces)] = both.try_into().unwrap();
    assert_eq!(
        (&*metrics_path, &*traces_path),
        ("/v1/metrics", "/v1/traces")
    );
    for secret in ["secret.rs", "secret.git"] {
        let holds = |bytes: &[u8]| {
            bytes
                .windows(secret.len())
                .any(|some| some == secret.as_bytes())
        };
        assert!(!holds(&metrics) && !holds(&traces), "{secret}");
    }

    let traces = ExportTraceServiceRequest::decode(&*traces).unwrap();
    let spans = &traces.resource_spans[0].scope_spans[0].spans;
    assert_eq!(spans.len(), 3);
    let span = &spans[0];
    assert_eq!((&*span.name, span.kind), ("chat grok-4.3", 3));
    assert_eq!((span.trace_id.len(), span.span_id.len()), (16, 8));
    assert_eq!(
        span.end_time_unix_nano - span.start_time_unix_nano,
        1_500_000_000
    );
    for (name, expected) in [
        ("gen_ai.provider.name", "x_ai"),
        ("gen_ai.operation.name", "chat"),
        ("gen_ai.response.model", "grok-4.3"),
        ("gen_ai.response.id", "req-1"),
        ("gen_ai.usage.input_tokens", "100"),
        ("gen_ai.usage.output_tokens", "50"),
        ("gen_ai.usage.reasoning.output_tokens", "30"),
        ("server.address", "api.x.ai"),
        ("gloss.cost_usd", "0.5"),
        ("gloss.workspace", "/secret/plans"),
    ] {
        assert_eq!(
            text(&span.attributes, name).as_deref(),
            Some(expected),
            "{name}"
        );
    }
    assert_eq!(spans[2].status.as_ref().unwrap().message, "rate_limit");

    let metrics = ExportMetricsServiceRequest::decode(&*metrics).unwrap();
    let metrics = &metrics.resource_metrics[0].scope_metrics[0].metrics;
    let names: Vec<_> = metrics
        .iter()
        .map(|metric| (&*metric.name, &*metric.unit))
        .collect();
    assert_eq!(
        names,
        [
            ("gen_ai.client.token.usage", "{token}"),
            ("gen_ai.client.operation.duration", "s"),
            ("gen_ai.client.operation.time_to_first_chunk", "s"),
            ("gloss.client.cost", "USD"),
        ]
    );
    let Some(Data::Histogram(tokens)) = &metrics[0].data else {
        panic!("no histogram");
    };
    let of = |kind: &str, status: &str| {
        let mut points = tokens.data_points.iter();
        let point = points.find(|point| {
            text(&point.attributes, "gen_ai.token.type").as_deref() == Some(kind)
                && text(&point.attributes, "gloss.status").as_deref() == Some(status)
        });
        let point = point.unwrap();
        assert_eq!(point.bucket_counts.iter().sum::<u64>(), point.count);
        assert_eq!(point.bucket_counts.len(), point.explicit_bounds.len() + 1);
        (point.count, point.sum.unwrap())
    };
    assert_eq!(
        (of("input", "ok"), of("output", "ok")),
        ((2, 200.0), (2, 70.0))
    );
    assert_eq!(of("input", "error"), (1, 100.0));
    let Some(Data::Sum(cost)) = &metrics[3].data else {
        panic!("no sum");
    };
    assert!(cost.is_monotonic && cost.aggregation_temporality == 1);
    assert!(
        cost.data_points
            .iter()
            .any(|point| point.value == Some(Number::AsDouble(1.0)))
    );
}

/// The machine that a batch of metrics is from, and since when and until when it counts.
async fn told(received: &mut mpsc::Receiver<(String, Vec<u8>)>) -> (String, [u64; 2]) {
    loop {
        let (path, body) = received.recv().await.unwrap();
        if path != "/v1/metrics" {
            continue;
        }
        let metrics = ExportMetricsServiceRequest::decode(&*body).unwrap();
        let all = &metrics.resource_metrics[0];
        let resource = all.resource.as_ref().unwrap();
        let machine = text(&resource.attributes, "service.instance.id").unwrap();
        let Some(Data::Sum(cost)) = &all.scope_metrics[0].metrics.last().unwrap().data else {
            panic!("no sum");
        };
        let point = &cost.data_points[0];
        return (machine, [point.start_time_unix_nano, point.time_unix_nano]);
    }
}

/// A collector that makes running totals drops what began before a total, or ends no later.
#[tokio::test]
async fn what_several_processes_of_a_machine_tell_adds_up() {
    let (url, mut received) = collector("200 OK").await;
    let store = Store::new(None);
    let [one, other] = [(); 2].map(|()| telemetry(&url, ToldWorkspace::Path, &store));
    one.record(&row(Status::Ok, 120));
    one.flush(LONG).await;
    let (machine, [_, mut last]) = told(&mut received).await;
    assert_eq!(machine.len(), 16);
    // One that was sent long before the total began, and ended after that.
    let early = Row {
        time: "2025-11-25T12:00:00Z".parse().unwrap(),
        ..row(Status::Ok, 120)
    };
    for telemetry in [&one, &other, &one] {
        telemetry.record(&early);
        telemetry.flush(LONG).await;
        let (same, [start, end]) = told(&mut received).await;
        assert_eq!(same, machine);
        assert!(last <= start && start < end, "{last} {start} {end}");
        last = end;
    }
}

#[tokio::test]
async fn a_workspace_is_hashed_or_left_out_where_that_is_wished() {
    let (url, mut received) = collector("200 OK").await;
    for (told, expected) in [(ToldWorkspace::Hash, Some(16)), (ToldWorkspace::Off, None)] {
        let telemetry = telemetry(&url, told, &Store::new(None));
        telemetry.record(&row(Status::Ok, 120));
        telemetry.flush(LONG).await;
        for _ in 0..2 {
            let (path, body) = received.recv().await.unwrap();
            let holds = |word: &[u8]| body.windows(word.len()).any(|some| some == word);
            assert!(!holds(b"plans"), "{path}");
            if path == "/v1/traces" {
                let traces = ExportTraceServiceRequest::decode(&*body).unwrap();
                let span = &traces.resource_spans[0].scope_spans[0].spans[0];
                let workspace = text(&span.attributes, "gloss.workspace");
                assert_eq!(workspace.map(|text| text.len()), expected);
            }
        }
    }
}

#[tokio::test]
async fn a_collector_that_is_away_or_refuses_is_told_of_once() {
    let gone = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let (refusing, _received) = collector("503 Service Unavailable").await;
    for endpoint in [gone, refusing] {
        let store = Store::new(None);
        let telemetry = telemetry(&endpoint, ToldWorkspace::Path, &store);
        for _ in 0..3 {
            telemetry.record(&row(Status::Ok, 120));
            telemetry.flush(LONG).await;
        }
        let said = store.take_notices();
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].contains("`otlp_endpoint`"), "{said:?}");
    }
}

#[tokio::test]
async fn without_an_endpoint_nothing_is_gathered() {
    let telemetry = Telemetry::new(
        &Settings::default(),
        Client::new(Options::default()),
        Store::new(None),
    );
    telemetry.record(&row(Status::Ok, 1));
    assert!(telemetry.0.is_none());
}
