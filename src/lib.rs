//! keypaird: an SSH key pair service that OpenStack, Huawei Cloud and Alibaba Cloud clients talk to unmodified.
//!
//! ```text
//! main -> cli -> app -> http (nova | huawei | alibaba | identity | ops) -> { auth, service } -> { store, vault, ssh } -> domain
//! ```
//!
//! Beside `app`, `cli` has `client`, which talks to a service from outside. Imports point to the right only; names in braces don't know each other, nor do the dialects
//! (`tests/architecture.rs`).

pub mod app;
pub mod auth;
pub mod cli;
pub mod client;
pub mod domain;
pub mod http;
pub mod propagation;
pub mod service;
pub mod settings;
pub mod ssh;
pub mod store;
pub mod telemetry;
pub mod vault;
