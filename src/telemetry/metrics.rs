//! A batch of requests as metrics: tokens, cost, duration, time to the first token
//! (<https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/>).

use std::collections::BTreeMap;

use jiff::Timestamp;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Histogram, HistogramDataPoint, Metric, NumberDataPoint,
    ResourceMetrics, ScopeMetrics, Sum,
};
use prost::Message as _;

use super::Target;
use super::otlp::{about, attribute, nanoseconds, output_tokens, resource, scope, seconds};
use crate::llm::models;
use crate::store::Row;

/// Where a metric's buckets end, as its convention says.
const TOKENS: &[f64] = &[
    1.0,
    4.0,
    16.0,
    64.0,
    256.0,
    1024.0,
    4096.0,
    16384.0,
    65536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];
const SECONDS: &[f64] = &[
    0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
];

/// What was measured, each time under the attributes it belongs to.
#[derive(Default)]
struct Measured(BTreeMap<String, (Vec<KeyValue>, Vec<f64>)>);

impl Measured {
    fn add(&mut self, attributes: Vec<KeyValue>, value: f64) {
        let key = format!("{attributes:?}");
        let (_, values) = self
            .0
            .entry(key)
            .or_insert_with(|| (attributes, Vec::new()));
        values.push(value);
    }
}

/// The sums of a batch alone, as a message of OTLP: each batch adds to those before (delta).
///
/// A request counts when it has ended, so the sums are those of the time since the batch `began`,
/// however long before its first request was sent: a collector that makes running totals drops
/// what begins before a total does.
pub(super) fn metrics(target: &Target, batch: &[Row], began: Timestamp) -> Vec<u8> {
    let [mut tokens, mut duration, mut first, mut cost] = [(); 4].map(|()| Measured::default());
    for row in batch {
        let about = about(target, row);
        for (kind, count) in [("input", row.prompt_tokens), ("output", output_tokens(row))] {
            let mut about = about.clone();
            about.push(attribute(
                "gen_ai.token.type",
                Value::StringValue(kind.into()),
            ));
            tokens.add(about, as_float(count));
        }
        if let Some(total) = row.total_ms {
            duration.add(about.clone(), seconds(total));
        }
        if let Some(time) = row.first_token_ms {
            first.add(about.clone(), seconds(time));
        }
        if let Some(ticks) = row.cost_ticks {
            cost.add(about, models::dollars(ticks));
        }
    }
    let span = [began, Timestamp::now()].map(nanoseconds);
    let metrics = vec![
        histogram("gen_ai.client.token.usage", "{token}", tokens, TOKENS, span),
        histogram(
            "gen_ai.client.operation.duration",
            "s",
            duration,
            SECONDS,
            span,
        ),
        histogram(
            "gen_ai.client.operation.time_to_first_chunk",
            "s",
            first,
            SECONDS,
            span,
        ),
        // A unit in braces would be left out of the name that Prometheus gives it.
        sum("gloss.client.cost", "USD", cost, span),
    ];
    let request = ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(resource()),
            scope_metrics: vec![ScopeMetrics {
                scope: Some(scope()),
                metrics: metrics.into_iter().flatten().collect(),
                ..ScopeMetrics::default()
            }],
            ..ResourceMetrics::default()
        }],
    };
    request.encode_to_vec()
}

/// `None` where nothing was measured.
fn histogram(
    name: &str,
    unit: &str,
    measured: Measured,
    bounds: &[f64],
    [start, now]: [u64; 2],
) -> Option<Metric> {
    let points = measured.0.into_values().map(|(attributes, values)| {
        let mut buckets = vec![0; bounds.len() + 1];
        for value in &values {
            let at = bounds.partition_point(|bound| bound < value);
            if let Some(bucket) = buckets.get_mut(at) {
                *bucket += 1;
            }
        }
        HistogramDataPoint {
            attributes,
            start_time_unix_nano: start,
            time_unix_nano: now,
            count: values.len() as u64,
            sum: Some(values.iter().sum()),
            bucket_counts: buckets,
            explicit_bounds: bounds.to_vec(),
            min: values.iter().copied().reduce(f64::min),
            max: values.iter().copied().reduce(f64::max),
            ..HistogramDataPoint::default()
        }
    });
    let data = Histogram {
        data_points: points.collect(),
        aggregation_temporality: AggregationTemporality::Delta.into(),
    };
    (!data.data_points.is_empty()).then(|| metric(name, unit, Data::Histogram(data)))
}

fn sum(name: &str, unit: &str, measured: Measured, [start, now]: [u64; 2]) -> Option<Metric> {
    let points = measured
        .0
        .into_values()
        .map(|(attributes, values)| NumberDataPoint {
            attributes,
            start_time_unix_nano: start,
            time_unix_nano: now,
            value: Some(Number::AsDouble(values.iter().sum())),
            ..NumberDataPoint::default()
        });
    let data = Sum {
        data_points: points.collect(),
        aggregation_temporality: AggregationTemporality::Delta.into(),
        is_monotonic: true,
    };
    (!data.data_points.is_empty()).then(|| metric(name, unit, Data::Sum(data)))
}

fn metric(name: &str, unit: &str, data: Data) -> Metric {
    Metric {
        name: name.to_owned(),
        unit: unit.to_owned(),
        data: Some(data),
        ..Metric::default()
    }
}

#[expect(clippy::cast_precision_loss, reason = "no request has 2^53 tokens")]
fn as_float(count: u64) -> f64 {
    count as f64
}
