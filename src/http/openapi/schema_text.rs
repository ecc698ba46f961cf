//! A schema in a few lines of text, for the page.

use serde_json::{Map, Value};

/// Each member in a line of its own, further in where it is deeper; `*` marks those that must be there.
pub(super) fn outline(schema: &Value, document: &Value) -> String {
    let mut lines = Vec::new();
    write(schema, document, 0, &mut lines);
    lines.join("\n")
}

fn write(schema: &Value, document: &Value, depth: usize, lines: &mut Vec<String>) {
    let schema = resolved(schema, document);
    let indent = "  ".repeat(depth);
    for choices in ["anyOf", "oneOf"] {
        for choice in schema[choices].as_array().into_iter().flatten() {
            let choice = resolved(choice, document);
            let title = choice["title"].as_str().unwrap_or("one of");
            lines.push(format!("{indent}({title}) {}", kind(choice)));
            write(choice, document, depth + 1, lines);
        }
    }
    if schema["items"].is_object() {
        let item = resolved(&schema["items"], document);
        lines.push(format!("{indent}each: {}", kind(item)));
        write(item, document, depth + 1, lines);
    }
    for (name, member) in schema["properties"].as_object().into_iter().flat_map(Map::iter) {
        let is_required = schema["required"].as_array().is_some_and(|required| required.iter().any(|it| it == name));
        let mark = if is_required { "*" } else { "" };
        let member = resolved(member, document);
        let about = member["description"].as_str().unwrap_or_default().replace('\n', " ");
        lines.push(format!("{indent}{name}{mark}: {} {about}", kind(member)).trim_end().to_owned());
        write(member, document, depth + 1, lines);
    }
}

/// The type and, where there are few, what it may be.
fn kind(schema: &Value) -> String {
    let kind = match &schema["type"] {
        Value::String(kind) => kind.clone(),
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => String::new(),
    };
    let words: Vec<&str> = schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if words.is_empty() { kind } else { format!("{kind} ({})", words.join(", ")) }
}

/// What a reference stands for.
pub(super) fn resolved<'a>(schema: &'a Value, document: &'a Value) -> &'a Value {
    let pointer = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(schema)
}
