//! What a member or parameter may hold, by its name: within a dialect a name means the same wherever it stands.

use utoipa::openapi::schema::{Object, SchemaType, Type};

/// What the texts under a name look like.
#[derive(Clone, Copy)]
pub enum Shape {
    /// Any text.
    Free,
    /// Texts that the regular expression matches.
    Pattern(&'static str),
    /// One of these.
    Words(&'static [&'static str]),
    /// At most so many characters.
    AtMost(usize),
}

/// A name, what is under it, and one that could be; of private keys there is no example.
#[derive(Clone, Copy)]
pub struct Member {
    pub name: &'static str,
    pub about: &'static str,
    pub shape: Shape,
    pub example: &'static str,
}

/// All names of a dialect that mean more than their type says.
#[derive(Clone, Copy)]
pub struct Members(pub &'static [Member]);

impl Members {
    fn named(self, name: &str) -> Option<&'static Member> {
        self.0.iter().find(|member| member.name == name)
    }

    /// Adds to the schema of a text what is known of that name. What the schema says itself stays.
    pub(super) fn complete(self, name: &str, schema: &mut Object) {
        let Some(member) = self.named(name).filter(|_| is_text(&schema.schema_type)) else { return };
        if schema.description.is_none() && !member.about.is_empty() {
            schema.description = Some(member.about.to_owned());
        }
        match member.shape {
            Shape::Free => {}
            Shape::Pattern(pattern) => schema.pattern = schema.pattern.take().or(Some(pattern.to_owned())),
            Shape::Words(words) => schema.enum_values = Some(words.iter().map(|word| (*word).into()).collect()),
            Shape::AtMost(length) => schema.max_length = Some(length),
        }
        if schema.examples.is_empty() && !member.example.is_empty() {
            schema.examples = vec![member.example.into()];
        }
    }
}

fn is_text(found: &SchemaType) -> bool {
    match found {
        SchemaType::Type(found) => *found == Type::String,
        SchemaType::Array(found) => found.contains(&Type::String),
        SchemaType::AnyValue => false,
    }
}
