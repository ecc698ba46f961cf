//! One operation as a dialect describes it.

use utoipa::openapi::path::{Operation, OperationBuilder, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::ObjectBuilder;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{Content, Deprecated, HeaderBuilder, Ref, Required};

use super::Members;
use super::values::text;

const JSON: &str = "application/json";

/// An operation on its way into the document.
#[derive(Clone)]
pub struct Described {
    pub(super) operation: Operation,
    /// What is known of the variables of its path.
    pub(super) members: Members,
}

/// Begins a description: the tag it stands under, what it is called in clients, and what it does.
pub fn operation(tag: &str, id: &str, summary: &str, members: Members) -> Described {
    let operation = OperationBuilder::new().tag(tag).operation_id(Some(id)).summary(Some(summary));
    Described { operation: operation.build(), members }
}

impl Described {
    fn map(mut self, change: impl FnOnce(OperationBuilder) -> OperationBuilder) -> Self {
        self.operation = change(OperationBuilder::from(self.operation)).build();
        self
    }

    /// More than the summary says.
    pub fn about(self, about: &str) -> Self {
        self.map(|operation| operation.description(Some(about)))
    }

    pub fn deprecated(self) -> Self {
        self.map(|operation| operation.deprecated(Some(Deprecated::True)))
    }

    /// An optional parameter of the query.
    pub fn query(self, name: &str, about: &str, schema: ObjectBuilder) -> Self {
        self.parameter(name, about, schema, ParameterIn::Query, Required::False)
    }

    /// A parameter of the query that must be there.
    pub fn required_query(self, name: &str, about: &str, schema: ObjectBuilder) -> Self {
        self.parameter(name, about, schema, ParameterIn::Query, Required::True)
    }

    /// An optional header.
    pub fn header(self, name: &str, about: &str, schema: ObjectBuilder) -> Self {
        self.parameter(name, about, schema, ParameterIn::Header, Required::False)
    }

    fn parameter(self, name: &str, about: &str, schema: ObjectBuilder, place: ParameterIn, required: Required) -> Self {
        let mut schema = schema.build();
        self.members.complete(name, &mut schema);
        let schema = ObjectBuilder::from(schema).description(None::<String>);
        let parameter = ParameterBuilder::new().name(name).parameter_in(place).required(required);
        let parameter = parameter.description(Some(about)).schema(Some(schema));
        self.map(|operation| operation.parameter(parameter))
    }

    /// A variable of the path, as far as it is not described yet.
    pub(super) fn variable(self, name: &str) -> Self {
        let mut schema = text().build();
        self.members.complete(name, &mut schema);
        let about = schema.description.take();
        let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path).required(Required::True);
        let parameter = parameter.description(about).schema(Some(schema));
        self.map(|operation| operation.parameter(parameter))
    }

    /// A body in JSON, which must be there, by the name of its schema.
    pub fn body(self, schema: &str) -> Self {
        self.body_in(JSON, schema)
    }

    pub fn body_in(self, media_type: &str, schema: &str) -> Self {
        let body = RequestBodyBuilder::new().required(Some(Required::True));
        let body = body.content(media_type, Content::new(Some(Ref::from_schema_name(schema))));
        self.map(|operation| operation.request_body(Some(body.build())))
    }

    pub fn answers(self, status: u16, answer: Answer) -> Self {
        self.map(|operation| operation.response(status.to_string(), answer.0.build()))
    }

    /// Each of these statuses, with what the dialect answers by it.
    pub fn refuses(self, statuses: &[u16], answer: impl Fn(u16) -> Answer) -> Self {
        statuses.iter().fold(self, |described, status| described.answers(*status, answer(*status)))
    }

    /// One of the ways to say who calls; with none, nobody needs to.
    pub fn security(self, scheme: &str) -> Self {
        self.map(|operation| operation.security(SecurityRequirement::new(scheme, Vec::<String>::new())))
    }
}

/// What comes back.
pub struct Answer(ResponseBuilder);

impl Answer {
    /// Without a body, unless one is added.
    pub fn new(about: &str) -> Self {
        Self(ResponseBuilder::new().description(about))
    }

    /// A body in JSON, by the name of its schema.
    pub fn json(self, schema: &str) -> Self {
        self.content(JSON, schema)
    }

    pub fn content(self, media_type: &str, schema: &str) -> Self {
        Self(self.0.content(media_type, Content::new(Some(Ref::from_schema_name(schema)))))
    }

    pub fn header(self, name: &str, about: &str) -> Self {
        Self(self.0.header(name, HeaderBuilder::new().schema(Some(text())).description(Some(about)).build()))
    }
}
