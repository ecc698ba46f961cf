//! One operation of two: a path that two dialects answer, each its own callers.

use std::collections::BTreeMap;

use utoipa::openapi::path::Operation;
use utoipa::openapi::{Content, RefOr, Response, Schema};

use super::values::any_of;

/// Both: every parameter and scheme of either, and for each status and media type what either may write. The first keeps its
/// name.
pub(super) fn merge(first: Operation, second: Operation) -> Operation {
    let mut both = first;
    both.description = joined(both.description, second.summary, second.description);
    both.tags = both.tags.map(|tags| tags.into_iter().chain(second.tags.into_iter().flatten()).collect());
    let parameters = both.parameters.get_or_insert_default();
    for parameter in second.parameters.into_iter().flatten() {
        let is_new = |known: &RefOr<_>| match (known, &parameter) {
            (RefOr::T(known), RefOr::T(parameter)) => !same_place(known, parameter),
            _ => true,
        };
        if parameters.iter().all(is_new) {
            parameters.push(parameter);
        }
    }
    both.security = match (both.security, second.security) {
        (Some(first), Some(second)) => Some(first.into_iter().chain(second).collect()),
        (first, second) => first.or(second),
    };
    both.request_body = match (both.request_body, second.request_body) {
        (Some(RefOr::T(mut first)), Some(RefOr::T(second))) => {
            for (media_type, content) in second.content {
                let merged = either(first.content.remove(&media_type), content);
                first.content.insert(media_type, merged);
            }
            Some(RefOr::T(first))
        }
        (first, second) => first.or(second),
    };
    both.responses.responses = responses(both.responses.responses, second.responses.responses);
    both
}

fn same_place(one: &utoipa::openapi::path::Parameter, other: &utoipa::openapi::path::Parameter) -> bool {
    one.name == other.name && one.parameter_in == other.parameter_in
}

fn joined(first: Option<String>, summary: Option<String>, second: Option<String>) -> Option<String> {
    let words = [first, summary.map(|summary| format!("With a signature: {summary}.")), second];
    let words: Vec<String> = words.into_iter().flatten().collect();
    (!words.is_empty()).then(|| words.join("\n\n"))
}

type Responses = BTreeMap<String, RefOr<Response>>;

fn responses(mut first: Responses, second: Responses) -> Responses {
    for (status, response) in second {
        let merged = match (first.remove(&status), response) {
            (Some(RefOr::T(mut one)), RefOr::T(other)) => {
                if one.description != other.description {
                    one.description = format!("{} Or: {}", one.description, other.description);
                }
                one.headers.extend(other.headers);
                for (media_type, content) in other.content {
                    let merged = either(one.content.shift_remove(&media_type), content);
                    one.content.insert(media_type, merged);
                }
                RefOr::T(one)
            }
            (_, response) => response,
        };
        first.insert(status, merged);
    }
    first
}

fn either(first: Option<RefOr<Content>>, second: RefOr<Content>) -> RefOr<Content> {
    match (first, second) {
        (Some(RefOr::T(first)), RefOr::T(second)) if first.schema != second.schema => {
            let schemas = first.schema.into_iter().chain(second.schema);
            RefOr::T(Content::new(Some(choice(schemas))))
        }
        (Some(first), _) => first,
        (None, second) => second,
    }
}

fn choice(schemas: impl Iterator<Item = RefOr<Schema>>) -> Schema {
    let mut choice = any_of([]);
    if let Schema::AnyOf(choice) = &mut choice {
        choice.items = schemas.collect();
    }
    choice
}
