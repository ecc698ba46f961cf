//! What is printed of key pairs, for people and for programs. The columns' names stay as they are.

use std::iter::once;

use clap::ValueEnum;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::cli::{Failure, output};

/// What can be printed: its members by name, in the order in which they are shown.
pub(in crate::cli) trait Shown: Serialize {
    const COLUMNS: &'static [&'static str];
}

#[derive(clap::Args)]
pub(in crate::cli) struct Output {
    /// How to print it: `table` is for reading; `json`, `yaml` and `value` (without names) are for programs
    #[arg(long, short, visible_alias = "output", visible_short_alias = 'o', value_name = "FORM", value_enum, default_value_t = Form::Table)]
    format: Form,
    /// Print this column only; may be repeated
    #[arg(long, short, value_name = "NAME")]
    column: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Form {
    Table,
    Json,
    Yaml,
    Value,
}

#[derive(Debug, thiserror::Error)]
#[error("there is no column '{wanted}'; there are {known}")]
struct NoSuchColumn {
    wanted: String,
    known: String,
}

/// One thing's members in their order.
struct Row(Vec<(&'static str, Value)>);

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl Row {
    fn cells(&self) -> Vec<String> {
        self.0.iter().map(|(_, value)| cell(value)).collect()
    }
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.trim_end().to_owned(),
        other => other.to_string(),
    }
}

impl Output {
    pub(in crate::cli) fn list<T: Shown>(&self, things: &[T]) -> Result<(), Failure> {
        let columns = self.columns(T::COLUMNS)?;
        let rows = things.iter().map(|thing| row(thing, &columns)).collect::<Result<Vec<_>, _>>()?;
        output::print(&match self.format {
            Form::Table => {
                let head = columns.iter().map(|name| name.replace('_', " ").to_uppercase()).collect();
                output::aligned(once(head).chain(rows.iter().map(Row::cells)).collect())
            }
            Form::Value => rows.iter().map(|row| row.cells().join(" ") + "\n").collect(),
            Form::Json => json(&rows)?,
            Form::Yaml => yaml(&rows)?,
        })
    }

    pub(in crate::cli) fn one<T: Shown>(&self, thing: &T) -> Result<(), Failure> {
        let row = row(thing, &self.columns(T::COLUMNS)?)?;
        output::print(&match self.format {
            Form::Table => {
                let line = |(name, value): &(&str, Value)| vec![(*name).to_owned(), cell(value)];
                output::aligned(row.0.iter().map(line).collect())
            }
            Form::Value => row.cells().join("\n") + "\n",
            Form::Json => json(&row)?,
            Form::Yaml => yaml(&row)?,
        })
    }

    /// Refuses a column that there is not. To be called before a service is asked for anything.
    pub(in crate::cli) fn check<T: Shown>(&self) -> Result<(), Failure> {
        self.columns(T::COLUMNS).map(drop)
    }

    /// Those that were asked for, as they are called, else all.
    fn columns(&self, known: &'static [&'static str]) -> Result<Vec<&'static str>, Failure> {
        let find = |wanted: &String| {
            // As openstackclient writes them, `User ID` is one, too.
            let name = wanted.to_lowercase().replace(' ', "_");
            let missing = || NoSuchColumn { wanted: wanted.clone(), known: known.join(", ") };
            known.iter().find(|known| **known == name).copied().ok_or_else(|| Failure::unusable(missing()))
        };
        if self.column.is_empty() { Ok(known.to_vec()) } else { self.column.iter().map(find).collect() }
    }
}

fn row<T: Shown>(thing: &T, columns: &[&'static str]) -> Result<Row, Failure> {
    let mut members = serde_json::to_value(thing).map_err(Failure::other)?;
    Ok(Row(columns.iter().map(|&name| (name, members[name].take())).collect()))
}

fn json<T: Serialize>(thing: &T) -> Result<String, Failure> {
    serde_json::to_string_pretty(thing).map(|text| text + "\n").map_err(Failure::other)
}

fn yaml<T: Serialize>(thing: &T) -> Result<String, Failure> {
    serde_saphyr::to_string(thing).map_err(Failure::other)
}
