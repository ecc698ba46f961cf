//! A running service, and what a test says to it.

mod answer;
mod app;
mod database;
pub mod key_pair;
mod service;

pub use answer::Answer;
pub use app::{TestApp, User};
pub use service::Service;
