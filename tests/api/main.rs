//! The HTTP tests: one binary, a folder a dialect. Each test has a service and a database of its own; the database is
//! SQLite in a temporary folder or, with `TEST_DATABASE_URL`, a fresh schema of that PostgreSQL.
#![allow(clippy::unwrap_used, clippy::expect_used, unreachable_pub)]

mod alibaba;
mod authorization;
mod concurrency;
mod ecs;
mod ens;
mod identity;
mod kps;
mod ledger;
mod master_keys;
mod metrics;
mod nova;
mod openapi;
mod ops;
mod pool;
mod proxies;
mod routing;
mod security;
mod support;
