//! Which traces are recorded.

use std::env;

use opentelemetry::trace::{Link, SpanKind, TraceContextExt, TraceId, TraceState};
use opentelemetry::{Context, KeyValue, Value};
use opentelemetry_sdk::trace::{
    Config, IdGenerator, RandomIdGenerator, Sampler, SamplingDecision, SamplingResult, ShouldSample,
};

use super::export::REQUEST;
use crate::propagation::Sender;

/// A trace that begins here by chance, and all of a request as its first span. That a caller wants one recorded counts from
/// trusted proxies alone: anybody else could have all requests recorded, by the flag or by trace ids that are always chosen.
#[derive(Clone, Debug)]
pub(super) struct Sampling(Box<dyn ShouldSample>);

impl Sampling {
    /// `OTEL_TRACES_SAMPLER` decides where it is set, else `ratio`.
    pub(super) fn new(ratio: f64) -> Self {
        match env::var_os("OTEL_TRACES_SAMPLER") {
            Some(_) => Self(Config::default().sampler),
            None => Self(Box::new(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(ratio))))),
        }
    }
}

impl ShouldSample for Sampling {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace_id: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let first = |parent, trace_id| self.0.should_sample(parent, trace_id, name, kind, attributes, links);
        let context = parent.map(|parent| parent.span().span_context().clone()).filter(|context| context.is_valid());
        let state = context.as_ref().map_or_else(TraceState::default, |context| context.trace_state().clone());
        match (context, parent.and_then(|parent| parent.get::<Sender>())) {
            (Some(context), _) if !context.is_remote() => decided(context.is_sampled(), state),
            // What nobody asked for, and what a probe asks for every few seconds.
            _ if name != REQUEST || is_probe(attributes) => decided(false, state),
            (Some(_), Some(Sender::Trusted)) | (None, _) => first(parent, trace_id),
            (Some(_), Some(Sender::Stranger) | None) => {
                let by_chance = first(None, RandomIdGenerator::default().new_trace_id());
                SamplingResult { trace_state: state, ..by_chance }
            }
        }
    }
}

fn decided(recorded: bool, trace_state: TraceState) -> SamplingResult {
    let decision = if recorded { SamplingDecision::RecordAndSample } else { SamplingDecision::Drop };
    SamplingResult { decision, attributes: Vec::new(), trace_state }
}

fn is_probe(attributes: &[KeyValue]) -> bool {
    attributes.iter().any(|attribute| match (attribute.key.as_str(), &attribute.value) {
        ("route", Value::String(route)) => route.as_str().starts_with("/health/") || route.as_str() == "/metrics",
        _ => false,
    })
}
