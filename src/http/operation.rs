//! What a request asks for, as the log and the metrics say it.

use actix_web::http::Method;
use actix_web::{HttpMessage, HttpRequest};
use tracing::Span;

/// The longest name of an action that is logged.
const LONGEST_ACTION: usize = 64;

/// What is done with key pairs, in no dialect's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyPairOperation {
    /// Generated or imported; many at once too.
    Create,
    List,
    Show,
    Describe,
    Delete,
    /// Kept private keys went out; many at once too.
    Export,
    /// A kept private key was put in.
    ImportPrivateKey,
    ClearPrivateKey,
    Tag,
    Untag,
    ListTags,
    MoveToGroup,
}

impl KeyPairOperation {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::List => "list",
            Self::Show => "show",
            Self::Describe => "describe",
            Self::Delete => "delete",
            Self::Export => "export",
            Self::ImportPrivateKey => "import_private_key",
            Self::ClearPrivateKey => "clear_private_key",
            Self::Tag => "tag",
            Self::Untag => "untag",
            Self::ListTags => "list_tags",
            Self::MoveToGroup => "move_to_group",
        }
    }

    /// What a template of Nova's or KPS's means.
    fn of_route(method: &Method, route: &str) -> Option<Self> {
        let (_, below) = route.split_once("keypairs")?;
        match (method.as_str(), below) {
            ("POST", "" | "/batch-import") => Some(Self::Create),
            ("GET", "") => Some(Self::List),
            ("GET", "/{name}" | "/{keypair_name}") => Some(Self::Show),
            ("PUT", "/{keypair_name}") => Some(Self::Describe),
            ("DELETE", "/{name}" | "/{keypair_name}") => Some(Self::Delete),
            ("POST", "/private-key/export" | "/private-key/batch-export") => Some(Self::Export),
            ("POST", "/private-key/import") => Some(Self::ImportPrivateKey),
            ("DELETE", "/{keypair_name}/private-key") => Some(Self::ClearPrivateKey),
            _ => None,
        }
    }
}

/// Whose dialect a request is in, and what it asks for.
#[derive(Clone)]
pub(super) struct Asked {
    pub(super) dialect: &'static str,
    /// Where the route does not say it.
    pub(super) action: Option<String>,
    pub(super) operation: Option<KeyPairOperation>,
}

impl Asked {
    /// As the dialect has said, or else as the template tells.
    pub(super) fn of(request: &HttpRequest, route: &str) -> Self {
        let told = request.extensions().get::<Self>().cloned();
        let told = told.unwrap_or_else(|| Self { dialect: dialect(route), action: None, operation: None });
        let operation = told.operation.or_else(|| KeyPairOperation::of_route(request.method(), route));
        Self { operation, ..told }
    }
}

/// Says what a request asks for, where its route does not: with an action, what that does with key pairs. What is no name of
/// an action, but a caller's text, is left out.
pub(super) fn name_operation(
    request: &HttpRequest,
    dialect: &'static str,
    action: Option<(&str, Option<KeyPairOperation>)>,
) {
    let is_name = |action: &&str| action.len() <= LONGEST_ACTION && action.bytes().all(|c| c.is_ascii_alphabetic());
    let (action, operation) = action.unzip();
    let action = action.filter(is_name).map(ToOwned::to_owned);
    Span::current().record("action", action.as_deref());
    request.extensions_mut().insert(Asked { dialect, action, operation: operation.flatten() });
}

/// The dialect that a request is answered in, as the log names it.
pub(super) fn dialect_of(request: &HttpRequest) -> &'static str {
    let named = request.extensions().get::<Asked>().map(|asked| asked.dialect);
    named.unwrap_or_else(|| dialect(request.match_pattern().as_deref().unwrap_or_default()))
}

/// Whose route it is, told by the template; `nova` also for what no dialect takes, since Nova answers that.
fn dialect(route: &str) -> &'static str {
    let has_segment = |segment: &str| route.split('/').any(|part| part == segment);
    match route.split('/').nth(1) {
        Some("health" | "metrics" | "ledger" | "docs" | "openapi.json") => "ops",
        Some("identity") => "identity",
        Some("v3") if has_segment("auth") || has_segment("projects") => "identity",
        Some("v3") => "kps",
        Some(_) if has_segment("keypairs") => "kps",
        Some(_) | None => "nova",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_tells_the_dialect() {
        let cases = [
            ("/health/ready", "ops"),
            ("/metrics", "ops"),
            ("/docs/page.css", "ops"),
            ("/openapi.json", "ops"),
            ("/identity/v3/auth/tokens", "identity"),
            ("/v3/auth/tokens", "identity"),
            ("/v3/{project_id}/keypairs/{name}", "kps"),
            ("/v2.1/{project_id}/keypairs", "kps"),
            ("/v2.1/{project_id}/os-keypairs/{name}", "nova"),
            ("/v2.1/os-keypairs", "nova"),
            ("/", "nova"),
            ("(no route)", "nova"),
        ];
        for (route, expected) in cases {
            assert_eq!(dialect(route), expected, "{route}");
        }
    }

    #[test]
    fn method_and_template_tell_the_operation() {
        use KeyPairOperation::{ClearPrivateKey, Create, Delete, Describe, Export, ImportPrivateKey, List, Show};
        let cases = [
            (Method::GET, "/v2.1/{project_id:[0-9a-f-]+}/os-keypairs", Some(List)),
            (Method::POST, "/v2/os-keypairs", Some(Create)),
            (Method::GET, "/v2.1/os-keypairs/{name}", Some(Show)),
            (Method::DELETE, "/v2.1/os-keypairs/{name}", Some(Delete)),
            (Method::PUT, "/v2.1/os-keypairs/{name}", None),
            (Method::PUT, "/v3/{project_id}/keypairs/{keypair_name}", Some(Describe)),
            (Method::POST, "/v3/{project_id}/keypairs/batch-import", Some(Create)),
            (Method::POST, "/v3/{project_id}/keypairs/private-key/export", Some(Export)),
            (Method::POST, "/v3/{project_id}/keypairs/private-key/batch-export", Some(Export)),
            (Method::POST, "/v3/{project_id}/keypairs/private-key/import", Some(ImportPrivateKey)),
            (Method::DELETE, "/v3/{project_id}/keypairs/{keypair_name}/private-key", Some(ClearPrivateKey)),
            (Method::POST, "/v3/{project_id}/keypairs/{call:associate|batch-associate|disassociate}", None),
            (Method::GET, "/v2.1/os-quota-sets/{id}", None),
            (Method::POST, "/identity/v3/auth/tokens", None),
            (Method::GET, "/", None),
        ];
        for (method, route, expected) in cases {
            assert_eq!(KeyPairOperation::of_route(&method, route), expected, "{method} {route}");
        }
    }
}
