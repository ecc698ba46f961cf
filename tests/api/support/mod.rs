//! A running service, and what a test says to it.

#[allow(dead_code, reason = "not every binary signs")]
pub mod access_key;
#[allow(dead_code, reason = "not every binary signs")]
pub mod alibaba;
mod answer;
mod app;
mod database;
#[allow(dead_code, reason = "not every binary looks what was seen")]
pub mod documented;
pub mod key_pair;
#[allow(dead_code, reason = "not every binary searches files")]
pub mod known_key;
mod service;

pub use answer::Answer;
pub use app::{TestApp, User};
#[allow(unused_imports, reason = "not every binary stands between the service and its database")]
pub use database::fresh_schema;
pub use service::Service;
