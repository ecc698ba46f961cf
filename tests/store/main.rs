//! The store on its own: on SQLite always, on PostgreSQL too where `TEST_DATABASE_URL` names a server.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends where something fails")]

mod chains;
mod connections;
mod identity;
#[path = "../api/support/key_pair.rs"]
mod key_pair;
mod key_pairs;
mod ledger;
mod master_keys;
mod migrations;
mod nonces;
mod support;
