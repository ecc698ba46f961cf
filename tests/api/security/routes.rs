//! Every route there is, as the router itself lists them: a route that is added is found without anybody's help.

use std::cell::RefCell;
use std::rc::Rc;

use actix_web::dev::Service;
use actix_web::test::{TestRequest, init_service};
use actix_web::web::ServiceConfig;
use actix_web::{App, HttpResponse};

/// The methods that are tried on each route.
pub(super) const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND"];

/// The templates of all routes that `configure` mounts, `{name}` standing for each variable part, in their order.
pub(crate) async fn templates(configure: impl FnOnce(&mut ServiceConfig)) -> Vec<String> {
    let listed = Rc::new(RefCell::new(String::new()));
    let seen = Rc::clone(&listed);
    let app = App::new().configure(configure).wrap_fn(move |request, _| {
        *seen.borrow_mut() = format!("{:#?}", request.resource_map());
        Box::pin(async move { Ok(request.into_response(HttpResponse::NoContent().finish())) })
    });
    let app = init_service(app).await;
    app.call(TestRequest::get().uri("/").to_request()).await.unwrap();
    let templates = read(&listed.borrow());
    assert!(templates.len() > 2, "the router's list was not understood:\n{}", listed.borrow());
    templates
}

/// Reads what actix prints of its map of routes: in each node `patterns` and `is_prefix`; how far a node is indented tells
/// below which other it is mounted. There is no other way to it.
fn read(map: &str) -> Vec<String> {
    let mut templates = Vec::new();
    let mut above: Vec<(usize, Vec<String>)> = Vec::new();
    let mut lines = map.lines();
    while let Some(line) = lines.next() {
        let indent = line.len() - line.trim_start().len();
        if !line.trim_start().starts_with("patterns: ") {
            continue;
        }
        let end = [&" ".repeat(indent)[..], ")"].concat();
        let quoted = lines.by_ref().take_while(|line| !line.starts_with(&end));
        let own: Vec<String> = quoted.filter_map(|line| Some(line.split('"').nth(1)?.replace("\\\\", "\\"))).collect();
        let is_prefix = lines.next().is_some_and(|line| line.trim() == "is_prefix: true,");
        above.retain(|(higher, _)| *higher < indent);
        let parents = above.last().map_or(vec![String::new()], |(_, parents)| parents.clone());
        let whole: Vec<String> =
            parents.iter().flat_map(|parent| own.iter().map(move |own| format!("{parent}{own}"))).collect();
        if is_prefix {
            above.push((indent, whole));
        } else {
            templates.extend(whole.iter().map(|template| without_expressions(template)));
        }
    }
    templates.dedup();
    templates
}

/// `{id:[0-9a-f]+}` becomes `{id}`.
fn without_expressions(template: &str) -> String {
    let (mut plain, mut rest) = (String::new(), template);
    while let Some((before, variable)) = rest.split_once('{') {
        let (variable, after) = variable.split_once('}').unwrap_or((variable, ""));
        plain = format!("{plain}{before}{{{}}}", variable.split(':').next().unwrap_or(variable));
        rest = after;
    }
    plain + rest
}
