//! A database for one test.

use tokio_postgres::NoTls;
use uuid::Uuid;

/// With `TEST_DATABASE_URL`, the URL of a new schema of that PostgreSQL; else none: the service's own default.
pub async fn fresh_schema() -> Option<String> {
    let server = std::env::var("TEST_DATABASE_URL").ok()?;
    let (client, connection) = tokio_postgres::connect(&server, NoTls).await.expect("TEST_DATABASE_URL answers");
    let connection = actix_web::rt::spawn(connection);
    let schema = format!("test_{}", Uuid::now_v7().simple());
    client.batch_execute(&format!("CREATE SCHEMA {schema}")).await.expect("a schema can be made");
    drop(client);
    connection.await.expect("the connection ends").expect("without an error");
    let separator = if server.contains('?') { '&' } else { '?' };
    Some(format!("{server}{separator}options=-csearch_path%3D{schema}"))
}
