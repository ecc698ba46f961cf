//! The OpenAPI 3.1 document of all that is answered: what the dialects describe, put together once and then the same for
//! everybody.

mod api;
mod members;
mod merge;
mod operation;
mod page;
mod schema_text;
mod schemas;
mod serve;
mod share;
pub mod values;

use std::sync::LazyLock;

use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::openapi::{InfoBuilder, LicenseBuilder, OpenApi};

pub use self::api::Api;
pub use self::members::{Member, Members, Shape};
pub use self::operation::{Answer, Described, operation};
pub use self::schemas::{schema_of, variant_of};
pub use self::serve::{page, published, routes, styles};

/// The security schemes by their names in the document.
pub const TOKEN: &str = "token";
pub const HUAWEI_SIGNATURE: &str = "sdk-hmac-sha256";
pub const ALIBABA_SIGNATURE: &str = "alibaba-rpc";
pub const ACS3_SIGNATURE: &str = "acs3-hmac-sha256";

const ABOUT: &str = "\
SSH key pairs for OpenStack, Huawei Cloud and Alibaba Cloud clients. Each dialect keeps its own paths, bodies and errors; \
the tags say which is which.

What holds everywhere: OPTIONS is answered with an empty 200. HEAD is answered where GET is, except below `/v2.1`, `/v2`, \
`/v3/{project_id}`, and of `/ledger`. A body is at most 112 KiB; a path with its query over \
64 KiB is refused before any dialect sees it, with an empty 400 or 431. The tag `operator` is served on the operator's own address.";

/// The document as it is served: JSON, with line ends and indents, for it is read and compared by people, too.
pub static DOCUMENT: LazyLock<Result<String, serde_json::Error>> =
    LazyLock::new(|| crate::http::describe().document().to_pretty_json().map(|text| text + "\n"));

impl Api {
    /// The whole document.
    pub fn document(self) -> OpenApi {
        let license = LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build();
        let info = InfoBuilder::new().title("keypaird").version(env!("CARGO_PKG_VERSION"));
        let (mut paths, mut components) = self.with_security(schemes()).into_parts();
        share::share(&mut paths, &mut components);
        let mut document = OpenApi::new(info.description(Some(ABOUT)).license(Some(license)).build(), paths);
        document.components = Some(components);
        document
    }
}

fn schemes() -> [(&'static str, SecurityScheme); 4] {
    let header =
        |name: &str, about: &str| SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(name, about)));
    let query =
        |name: &str, about: &str| SecurityScheme::ApiKey(ApiKey::Query(ApiKeyValue::with_description(name, about)));
    [
        (TOKEN, header("X-Auth-Token", "A token of Keystone's shape: that of `POST /identity/v3/auth/tokens`.")),
        (
            HUAWEI_SIGNATURE,
            header(
                "Authorization",
                "Huawei's `SDK-HMAC-SHA256 Access=…, SignedHeaders=…, Signature=…` over method, path, query, signed headers \
                 and body, with the time in `X-Sdk-Date`. A temporary access key also sends `X-Security-Token`.",
            ),
        ),
        (
            ALIBABA_SIGNATURE,
            query("Signature", "Alibaba's HMAC-SHA1, signature version 1.0, over all parameters of query and form."),
        ),
        (
            ACS3_SIGNATURE,
            header(
                "Authorization",
                "Alibaba's `ACS3-HMAC-SHA256 Credential=…,SignedHeaders=…,Signature=…`. Action, version, time and nonce are \
                 then in headers: `x-acs-action`, `x-acs-version`, `x-acs-date`, `x-acs-signature-nonce`.",
            ),
        ),
    ]
}
