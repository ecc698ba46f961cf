//! Alibaba Cloud's RPC protocol on `/`, and the two products behind it: ECS 2014-05-26 and ENS 2017-11-10. What a request
//! passes is in `gate`; what is answered in `ecs` and `ens`.

mod call;
mod ecs;
mod ens;
mod format;
mod frame;
mod parameters;
mod refusal;

pub use self::format::Format;

/// `alibaba.*`
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// What is answered to a request of the older signature that asks for no format.
    pub default_format: Format,
}
