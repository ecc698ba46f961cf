//! The document as one page of HTML, for people: without a script, and with nothing that another host would have to serve.

use std::fmt::Write;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::DOCUMENT;
use super::schema_text::{outline, resolved};

/// Made once, at the first look.
pub(super) static PAGE: LazyLock<String> = LazyLock::new(|| {
    let document = DOCUMENT.as_ref().ok().and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Value::Null);
    page(&document)
});

/// Where an operation stands, and what the document says of it.
type Operation<'a> = (&'a str, &'a str, &'a Value);

fn page(document: &Value) -> String {
    let mut page = Html(String::new());
    let info = &document["info"];
    let title = format!("{} {}", text(info, "title"), text(info, "version"));
    page.raw("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>");
    page.text(&title);
    page.raw("</title><link rel=\"stylesheet\" href=\"/docs/page.css\"></head><body><h1>");
    page.text(&title);
    page.raw("</h1>");
    page.paragraphs(text(info, "description"));
    page.raw("<p>The same for programs: <a href=\"/openapi.json\">/openapi.json</a></p>");
    let operations = operations(document);
    let tags = tags(&operations);
    page.raw("<nav><ul>");
    for tag in &tags {
        page.link(tag);
    }
    page.raw("</ul></nav>");
    for tag in tags {
        page.heading(tag);
        for operation in operations.iter().filter(|(_, _, operation)| is_tagged(operation, tag)) {
            page.operation(*operation, document);
        }
    }
    page.raw("</body></html>\n");
    page.0
}

fn operations(document: &Value) -> Vec<Operation<'_>> {
    let paths = members(&document["paths"]);
    paths
        .flat_map(|(path, item)| {
            members(item).map(move |(method, operation)| (method.as_str(), path.as_str(), operation))
        })
        .collect()
}

fn tags<'a>(operations: &[Operation<'a>]) -> Vec<&'a str> {
    let mut tags = Vec::new();
    for tag in operations.iter().flat_map(|(_, _, operation)| items(&operation["tags"])).filter_map(Value::as_str) {
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags
}

fn is_tagged(operation: &Value, tag: &str) -> bool {
    items(&operation["tags"]).any(|tagged| tagged == tag)
}

fn text<'a>(parent: &'a Value, member: &str) -> &'a str {
    parent[member].as_str().unwrap_or_default()
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn members(object: &Value) -> impl Iterator<Item = (&String, &Value)> {
    object.as_object().into_iter().flat_map(Map::iter)
}

/// HTML as far as it is written.
struct Html(String);

impl Html {
    fn raw(&mut self, html: &str) {
        self.0.push_str(html);
    }

    fn text(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.raw("&amp;"),
                '<' => self.raw("&lt;"),
                '>' => self.raw("&gt;"),
                '"' => self.raw("&quot;"),
                _ => self.0.push(c),
            }
        }
    }

    fn element(&mut self, name: &str, text: &str) {
        // Writing to a String does not fail.
        let _ = write!(self.0, "<{name}>");
        self.text(text);
        let _ = write!(self.0, "</{name}>");
    }

    fn paragraphs(&mut self, text: &str) {
        for paragraph in text.split("\n\n").filter(|paragraph| !paragraph.is_empty()) {
            self.element("p", paragraph);
        }
    }

    fn link(&mut self, tag: &str) {
        let _ = write!(self.0, "<li><a href=\"#{}\">", anchor(tag));
        self.text(tag);
        self.raw("</a></li>");
    }

    fn heading(&mut self, tag: &str) {
        let _ = write!(self.0, "<h2 id=\"{}\">", anchor(tag));
        self.text(tag);
        self.raw("</h2>");
    }

    fn operation(&mut self, (method, path, operation): Operation<'_>, document: &Value) {
        self.raw("<details><summary>");
        self.element("b", &method.to_uppercase());
        self.raw(" ");
        self.element("code", path);
        self.raw(" ");
        self.text(text(operation, "summary"));
        self.raw("</summary>");
        self.paragraphs(text(operation, "description"));
        self.parameters(operation, document);
        for (media_type, content) in members(&operation["requestBody"]["content"]) {
            self.element("h4", &format!("Body: {media_type}"));
            self.element("pre", &outline(&content["schema"], document));
        }
        for (status, response) in members(&operation["responses"]) {
            let response = resolved(response, document);
            self.raw("<h4>");
            self.element("b", status);
            self.raw(" ");
            self.text(text(response, "description"));
            self.raw("</h4>");
            if let Some((_, content)) = members(&response["content"]).next() {
                self.element("pre", &outline(&content["schema"], document));
            }
        }
        self.raw("</details>");
    }

    fn parameters(&mut self, operation: &Value, document: &Value) {
        if items(&operation["parameters"]).next().is_none() {
            return;
        }
        self.raw("<table><tr><th>Parameter</th><th>In</th><th>What</th></tr>");
        for parameter in items(&operation["parameters"]).map(|parameter| resolved(parameter, document)) {
            self.raw("<tr><td>");
            self.element("code", text(parameter, "name"));
            self.raw(if parameter["required"] == true { " *</td><td>" } else { "</td><td>" });
            self.text(text(parameter, "in"));
            self.raw("</td><td>");
            self.text(text(parameter, "description"));
            self.raw("</td></tr>");
        }
        self.raw("</table>");
    }
}

fn anchor(tag: &str) -> String {
    tag.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_on_the_page_and_nothing_is_taken_for_html() {
        let document: Value = serde_json::from_str(DOCUMENT.as_ref().expect("is written")).expect("is JSON");
        let operations = operations(&document);
        assert!(operations.len() > 100, "{}", operations.len());
        assert_eq!(PAGE.matches("<details>").count(), operations.len() + shown_twice(&operations));
        assert!(!PAGE.contains("<script") && !PAGE.contains("http://") && !PAGE.contains("https://"));
        let mut html = Html(String::new());
        html.text("<a href=\"x\">&");
        assert_eq!(html.0, "&lt;a href=&quot;x&quot;&gt;&amp;");
    }

    /// What two dialects answer stands below the tags of both.
    fn shown_twice(operations: &[Operation<'_>]) -> usize {
        operations.iter().map(|(_, _, operation)| items(&operation["tags"]).count() - 1).sum()
    }
}
