//! The schema of a type that is written, made fit for the document.
//!
//! What a type is made of stands in its place and not under a name of its own: `View` and `KeyPair` are many files' names.

use std::collections::BTreeMap;

use utoipa::ToSchema;
use utoipa::openapi::schema::{AllOf, AllOfBuilder, ArrayItems, Object, OneOf, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};

use super::Members;

/// The schema of `T`, with what `members` know. A member that may be absent is never null: what can be null says
/// `#[schema(required)]`, because it is always there.
pub fn schema_of<T: ToSchema>(members: Members) -> Schema {
    let mut known = Vec::new();
    T::schemas(&mut known);
    Whole { known: known.into_iter().collect(), members }.of(T::schema())
}

/// The same of a type with a choice in it, of which only the one with that member is answered.
pub fn variant_of<T: ToSchema>(members: Members, member: &str) -> Schema {
    match schema_of::<T>(members) {
        Schema::AllOf(parts) => merged(chosen(parts, member)),
        Schema::OneOf(choice) => choice_with(choice, member).unwrap_or_default(),
        other => other,
    }
}

struct Whole {
    known: BTreeMap<String, RefOr<Schema>>,
    members: Members,
}

impl Whole {
    fn of(&self, schema: RefOr<Schema>) -> Schema {
        match schema {
            RefOr::Ref(reference) => {
                let name = reference.ref_location.rsplit('/').next().unwrap_or_default();
                match self.known.get(name) {
                    Some(schema) => self.of(schema.clone()),
                    // It stays to be seen: a test finds that there is nothing of that name.
                    None => Schema::AllOf(AllOfBuilder::new().item(reference).build()),
                }
            }
            RefOr::T(Schema::Object(object)) => self.object(object),
            RefOr::T(Schema::Array(mut array)) => {
                if let ArrayItems::RefOrSchema(items) = array.items {
                    array.items = ArrayItems::RefOrSchema(Box::new(self.of(*items).into()));
                }
                Schema::Array(array)
            }
            RefOr::T(Schema::OneOf(mut choice)) => {
                choice.items = choice.items.into_iter().map(|item| self.of(item).into()).collect();
                Schema::OneOf(choice)
            }
            RefOr::T(Schema::AllOf(mut parts)) => {
                parts.items = parts.items.into_iter().map(|item| self.of(item).into()).collect();
                merged(parts)
            }
            RefOr::T(other) => other,
        }
    }

    fn object(&self, mut object: Object) -> Schema {
        let properties = std::mem::take(&mut object.properties);
        for (name, schema) in properties {
            let whole = self.of(schema);
            let mut whole = if object.required.contains(&name) { whole } else { never_null(whole) };
            if let Schema::Object(text) = &mut whole {
                self.members.complete(&name, text);
            }
            object.properties.insert(name, whole.into());
        }
        Schema::Object(object)
    }
}

fn is_null(schema: &RefOr<Schema>) -> bool {
    matches!(schema, RefOr::T(Schema::Object(object)) if object.schema_type == SchemaType::Type(Type::Null))
}

fn never_null(schema: Schema) -> Schema {
    match schema {
        Schema::OneOf(mut choice) => {
            choice.items.retain(|item| !is_null(item));
            match choice.items.as_slice() {
                [RefOr::T(only)] => only.clone(),
                _ => Schema::OneOf(choice),
            }
        }
        Schema::Object(mut object) => {
            object.schema_type = without_null(object.schema_type);
            Schema::Object(object)
        }
        Schema::Array(mut array) => {
            array.schema_type = without_null(array.schema_type);
            Schema::Array(array)
        }
        other => other,
    }
}

fn without_null(found: SchemaType) -> SchemaType {
    let SchemaType::Array(mut found) = found else { return found };
    found.retain(|one| *one != Type::Null);
    match <[Type; 1]>::try_from(found) {
        Ok([one]) => SchemaType::Type(one),
        Err(several) => SchemaType::Array(several),
    }
}

/// One object of the members of all, where all are objects: a part that may be missing makes its members optional.
fn merged(parts: AllOf) -> Schema {
    let mut whole = Object::with_type(Type::Object);
    for part in &parts.items {
        match part {
            RefOr::T(Schema::Object(object)) => {
                whole.properties.extend(object.properties.clone());
                whole.required.extend(object.required.clone());
            }
            RefOr::T(Schema::OneOf(choice)) if choice.items.iter().any(is_null) => {
                let there = choice.items.iter().filter_map(|item| match item {
                    RefOr::T(Schema::Object(object)) => Some(object.properties.clone()),
                    _ => None,
                });
                whole.properties.extend(there.flatten());
            }
            _ => return Schema::AllOf(parts),
        }
    }
    whole.description = parts.description;
    Schema::Object(whole)
}

/// The parts, with the one of a choice among them that has the member in the choice's place.
fn chosen(mut parts: AllOf, member: &str) -> AllOf {
    parts.items = parts
        .items
        .into_iter()
        .map(|part| match part {
            RefOr::T(Schema::OneOf(choice)) => choice_with(choice, member).unwrap_or_default().into(),
            other => other,
        })
        .collect();
    parts
}

fn choice_with(choice: OneOf, member: &str) -> Option<Schema> {
    choice.items.into_iter().find_map(|item| match item {
        RefOr::T(Schema::Object(object)) if object.properties.contains_key(member) => Some(Schema::Object(object)),
        _ => None,
    })
}
