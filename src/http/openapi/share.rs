//! What operations say alike is said once, and referred to: refusals and parameters are the same nearly everywhere.

use std::collections::BTreeMap;

use utoipa::openapi::path::{Operation, Parameter, PathItem, Paths};
use utoipa::openapi::{Components, Ref, RefOr};

/// Moves each response and parameter that several operations have to the components.
pub(super) fn share(paths: &mut Paths, components: &mut Components) {
    let mut responses = Shelf::default();
    let mut parameters = Shelf::default();
    for operation in operations(paths) {
        let dialect = dialect(operation);
        for (status, response) in &operation.responses.responses {
            responses.count(response, || format!("{dialect}.{status}"));
        }
        for parameter in operation.parameters.iter().flatten() {
            parameters.count(parameter, || format!("{dialect}.{}", name(parameter)));
        }
    }
    for operation in operations(paths) {
        for response in operation.responses.responses.values_mut() {
            responses.refer(response, "responses");
        }
        for parameter in operation.parameters.iter_mut().flatten() {
            parameters.refer(parameter, "parameters");
        }
    }
    components.responses = responses.shared().collect();
    components.parameters = parameters.shared().collect();
}

fn operations(paths: &mut Paths) -> impl Iterator<Item = &mut Operation> {
    paths.paths.values_mut().flat_map(operations_of)
}

fn operations_of(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, .. } = item;
    [get, put, post, delete].into_iter().flatten()
}

/// What the names of schemas begin with, too.
fn dialect(operation: &Operation) -> String {
    let tag = operation.tags.iter().flatten().next().map_or("", String::as_str);
    tag.split(':').next().unwrap_or_default().to_owned()
}

fn name(parameter: &RefOr<Parameter>) -> &str {
    match parameter {
        RefOr::T(parameter) => &parameter.name,
        RefOr::Ref(_) => "",
    }
}

/// Things by the text that they are written as: the name each would have, the thing, and how many say it.
struct Shelf<T>(BTreeMap<String, (String, RefOr<T>, usize)>);

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Clone + serde::Serialize> Shelf<T> {
    fn count(&mut self, thing: &RefOr<T>, name: impl FnOnce() -> String) {
        let Ok(text) = serde_json::to_string(thing) else { return };
        if let Some((_, _, count)) = self.0.get_mut(&text) {
            *count += 1;
            return;
        }
        let (name, mut number) = (name(), 1);
        let mut own = name.clone();
        while self.0.values().any(|(taken, _, _)| *taken == own) {
            number += 1;
            own = format!("{name}-{number}");
        }
        self.0.insert(text, (own, thing.clone(), 1));
    }

    fn refer(&self, thing: &mut RefOr<T>, place: &str) {
        let found = serde_json::to_string(thing).ok().and_then(|text| self.0.get(&text));
        if let Some((name, _, 2..)) = found {
            *thing = RefOr::Ref(Ref::new(format!("#/components/{place}/{name}")));
        }
    }

    fn shared(self) -> impl Iterator<Item = (String, RefOr<T>)> {
        self.0.into_values().filter(|(_, _, count)| *count > 1).map(|(name, thing, _)| (name, thing))
    }
}
