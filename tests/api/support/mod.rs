//! A running service, and what a test says to it.

#[allow(dead_code, reason = "not every binary signs")]
pub mod access_key;
#[allow(dead_code, reason = "not every binary signs")]
pub mod alibaba;
mod answer;
mod app;
mod database;
pub mod key_pair;
#[allow(dead_code, reason = "not every binary searches files")]
pub mod known_key;
mod service;

pub use answer::Answer;
pub use app::{TestApp, User};
pub use service::Service;
