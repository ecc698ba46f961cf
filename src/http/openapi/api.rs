//! The paths and schemas that the dialects describe, one after the other.

use utoipa::openapi::path::{HttpMethod, Operation, PathItem, Paths};
use utoipa::openapi::security::SecurityScheme;
use utoipa::openapi::{Components, RefOr, Schema};

use super::Described;
use super::merge::merge;

/// The document as far as it is described.
#[derive(Default)]
pub struct Api {
    paths: Paths,
    components: Components,
}

impl Api {
    /// Names a schema, for operations to refer to. The name is `DIALECT.WHAT`.
    pub fn schema(&mut self, name: &str, schema: impl Into<RefOr<Schema>>) {
        self.components.schemas.insert(name.to_owned(), schema.into());
    }

    /// Adds an operation at a path as the router has it. Where another dialect has one already, it is both: which of them
    /// answers, the request decides.
    pub fn add(&mut self, method: HttpMethod, path: &str, described: Described) {
        let path = without_expressions(path);
        let known = described.operation.parameters.iter().flatten().map(name).collect::<Vec<_>>();
        let variables = path.split('{').skip(1).filter_map(|rest| rest.split('}').next());
        let missing: Vec<_> = variables.filter(|variable| !known.iter().any(|known| known == variable)).collect();
        let described = missing.into_iter().fold(described, Described::variable);
        let item = self.paths.paths.entry(path).or_default();
        let place = slot(item, &method);
        *place = Some(match place.take() {
            Some(other) => merge(other, described.operation),
            None => described.operation,
        });
    }

    pub(super) fn with_security<const N: usize>(mut self, schemes: [(&str, SecurityScheme); N]) -> Self {
        for (name, scheme) in schemes {
            self.components.add_security_scheme(name, scheme);
        }
        self
    }

    pub(super) fn into_parts(self) -> (Paths, Components) {
        (self.paths, self.components)
    }
}

fn name(parameter: &RefOr<utoipa::openapi::path::Parameter>) -> String {
    match parameter {
        RefOr::T(parameter) => parameter.name.clone(),
        RefOr::Ref(_) => String::new(),
    }
}

fn slot<'a>(item: &'a mut PathItem, method: &HttpMethod) -> &'a mut Option<Operation> {
    match method {
        HttpMethod::Get => &mut item.get,
        HttpMethod::Post => &mut item.post,
        HttpMethod::Put => &mut item.put,
        HttpMethod::Delete => &mut item.delete,
        HttpMethod::Options => &mut item.options,
        HttpMethod::Head => &mut item.head,
        HttpMethod::Patch => &mut item.patch,
        HttpMethod::Trace => &mut item.trace,
    }
}

/// `{id:[0-9a-f]+}` becomes `{id}`.
fn without_expressions(path: &str) -> String {
    let (mut plain, mut rest) = (String::new(), path);
    while let Some((before, variable)) = rest.split_once('{') {
        let (variable, after) = variable.split_once('}').unwrap_or((variable, ""));
        let name = variable.split(':').next().unwrap_or(variable);
        plain.push_str(&format!("{before}{{{name}}}"));
        rest = after;
    }
    plain + rest
}
