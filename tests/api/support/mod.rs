//! A running service, and what a test says to it.

mod answer;
mod app;
mod database;
mod service;

pub use answer::Answer;
pub use app::{TestApp, User};
pub use service::Service;
