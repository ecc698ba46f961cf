//! The schemas of what is sent, which is read by hand: shapes that several dialects' bodies and queries have.

use utoipa::openapi::schema::{AdditionalProperties, AnyOf, Object, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};

/// Whether a member must be there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    Required,
    Optional,
}

/// Whether an object may have further members.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Further {
    Ignored,
    Refused,
}

/// A member of a body: its name, its schema, and whether it must be there.
pub type Property = (&'static str, Schema, Presence);

pub fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// A text of so many characters, from the least to the most.
pub fn text_of(least: usize, most: usize) -> ObjectBuilder {
    text().min_length(Some(least)).max_length(Some(most))
}

pub fn one_of(words: &[&str]) -> ObjectBuilder {
    text().enum_values(Some(words.iter().copied()))
}

/// A whole number, from the least to the most.
pub fn number(least: i32, most: i32) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(least)).maximum(Some(most))
}

pub fn boolean() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Boolean)
}

pub fn object(properties: impl IntoIterator<Item = Property>, further: Further) -> Schema {
    let mut object = Object::with_type(Type::Object);
    for (name, schema, presence) in properties {
        if presence == Presence::Required {
            object.required.push(name.to_owned());
        }
        object.properties.insert(name.to_owned(), schema.into());
    }
    if further == Further::Refused {
        object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
    }
    Schema::Object(object)
}

/// An object with this member, as most bodies are.
pub fn wrapped(name: &'static str, schema: Schema, further: Further) -> Schema {
    object([(name, schema, Presence::Required)], further)
}

/// A value that fits at least one of these.
pub fn any_of(schemas: impl IntoIterator<Item = Schema>) -> Schema {
    let mut choice = AnyOf::new();
    choice.items = schemas.into_iter().map(RefOr::T).collect();
    // A choice has no type of its own.
    choice.schema_type = SchemaType::AnyValue;
    Schema::AnyOf(choice)
}

/// What stands in a text's place.
pub fn schema(builder: ObjectBuilder) -> Schema {
    Schema::Object(builder.build())
}
