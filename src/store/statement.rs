//! The spans of what is asked of the database, in OpenTelemetry's words: the statements with placeholders, never with values.

use diesel::backend::Backend;
use diesel::query_builder::{QueryBuilder, QueryFragment};
use tracing::Span;
use tracing::field::Empty;

/// Runs one statement on PostgreSQL, in a span of its own. A `match`, so that what the statement borrows lives as long.
macro_rules! on_postgres {
    ($connection:expr, $method:ident, $statement:expr) => {{
        let mut connection: &diesel_async::AsyncPgConnection = $connection;
        match $statement {
            statement => {
                let span = $crate::store::statement::span_of::<diesel::pg::Pg>("postgresql", &statement);
                let sent = diesel_async::RunQueryDsl::$method(statement, &mut connection);
                tracing::Instrument::instrument(sent, span).await
            }
        }
    }};
}
pub(super) use on_postgres;

/// The same on SQLite, which answers within the call.
macro_rules! on_sqlite {
    ($connection:expr, $method:ident, $statement:expr) => {
        match $statement {
            statement => {
                let span = $crate::store::statement::span_of::<diesel::sqlite::Sqlite>("sqlite", &statement);
                span.in_scope(|| diesel::RunQueryDsl::$method(statement, $connection))
            }
        }
    };
}
pub(super) use on_sqlite;

/// The same of many rows, of which diesel makes statements for SQLite only where it runs them.
macro_rules! rows_on_sqlite {
    ($connection:expr, $method:ident, $statement:expr) => {
        $crate::store::statement::span_of_rows("sqlite")
            .in_scope(|| diesel::RunQueryDsl::$method($statement, $connection))
    };
}
pub(super) use rows_on_sqlite;

/// The span of one statement. Where nobody listens at debug, nothing is made.
pub(super) fn span_of<DB>(system: &'static str, statement: &impl QueryFragment<DB>) -> Span
where
    DB: Backend + Default,
    DB::QueryBuilder: Default,
{
    let span = tracing::debug_span!(
        "statement",
        otel.name = Empty,
        otel.kind = "client",
        db.system.name = system,
        db.operation.name = Empty,
        db.collection.name = Empty,
        db.query.text = Empty,
    );
    if !span.is_disabled() {
        let mut builder = DB::QueryBuilder::default();
        if statement.to_sql(&mut builder, &DB::default()).is_ok() {
            describe(&span, &builder.finish());
        }
    }
    span
}

/// The span of an insert of many rows whose text is not known.
pub(super) fn span_of_rows(system: &'static str) -> Span {
    tracing::debug_span!("INSERT", otel.kind = "client", db.system.name = system, db.operation.name = "INSERT")
}

fn describe(span: &Span, sql: &str) {
    let operation = sql.split(' ').next().unwrap_or_default();
    let collection = collection(sql);
    match collection {
        Some(collection) => span.record("otel.name", format_args!("{operation} {collection}").to_string()),
        None => span.record("otel.name", operation),
    };
    span.record("db.operation.name", operation);
    span.record("db.collection.name", collection);
    span.record("db.query.text", sql);
}

/// The first table that is named, in either database's quotes.
fn collection(sql: &str) -> Option<&str> {
    let places = ["FROM ", "INTO ", "UPDATE "].into_iter().filter_map(|word| Some(sql.find(word)? + word.len()));
    let named = sql.get(places.min()?..)?.strip_prefix(['"', '`'])?;
    named.split(['"', '`']).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_from_either_databases_text() {
        let cases = [
            (r#"SELECT "key_pairs"."id" FROM "key_pairs" WHERE ("key_pairs"."name" = $1)"#, Some("key_pairs")),
            ("INSERT INTO `ledger` (`region`) VALUES (?)", Some("ledger")),
            (r#"UPDATE "owners" SET "used" = $1"#, Some("owners")),
            (r#"DELETE  FROM "tokens" WHERE 1"#, Some("tokens")),
            ("SELECT 1", None),
        ];
        for (sql, expected) in cases {
            assert_eq!(collection(sql), expected, "{sql}");
        }
    }
}
