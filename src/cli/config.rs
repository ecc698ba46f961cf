//! `keypaird config`

use std::collections::BTreeMap;

use clap::{Subcommand, ValueEnum};
use serde_json::json;

use super::arguments::SettingsArguments;
use super::{Failure, output};
use crate::settings::{self, Effective};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Print every setting that holds, and where it came from.
    ///
    /// The origin is `default`, a file's name, a variable or a flag. Passwords are masked. Settings that `serve` would
    /// refuse are refused here too, so this checks a file before a restart.
    Show {
        /// `toml` can be saved as a file; `table` is for reading; `json` maps each name to its value and origin
        #[arg(long, short, value_enum, default_value_t = Form::Toml)]
        output: Form,
    },
    /// Print what each setting means, in Markdown, with its default, variable and flag.
    Reference,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Form {
    Toml,
    Json,
    Table,
}

pub(super) fn run(command: &Command, settings: SettingsArguments) -> Result<(), Failure> {
    let Command::Show { output: form } = command else { return output::print(&settings::reference()) };
    let effective = settings.load(Vec::new())?.effective;
    output::print(&match form {
        Form::Toml => toml(&effective),
        Form::Json => as_json(&effective),
        Form::Table => table(&effective),
    })
}

/// `key = value  # origin`, by section. What JSON writes for a text, number, boolean or list is TOML too.
fn toml(effective: &BTreeMap<String, Effective>) -> String {
    let line = |key: &str, setting: &Effective| format!("{key} = {}  # {}\n", setting.value, setting.origin);
    let mut outside = String::new();
    let mut sections: BTreeMap<&str, String> = BTreeMap::new();
    for (name, setting) in effective {
        match name.rsplit_once('.') {
            Some((section, key)) => sections.entry(section).or_default().push_str(&line(key, setting)),
            None => outside.push_str(&line(name, setting)),
        }
    }
    sections.into_iter().fold(outside, |text, (section, lines)| format!("{text}\n[{section}]\n{lines}"))
}

fn as_json(effective: &BTreeMap<String, Effective>) -> String {
    let setting = |(name, Effective { value, origin }): (&String, &Effective)| {
        (name.clone(), json!({"value": value, "origin": origin}))
    };
    let object: serde_json::Map<_, _> = effective.iter().map(setting).collect();
    format!("{:#}\n", serde_json::Value::Object(object))
}

fn table(effective: &BTreeMap<String, Effective>) -> String {
    let rows = effective.iter().map(|(name, Effective { value, origin })| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        [name.clone(), value, origin.clone()]
    });
    output::table(["SETTING", "VALUE", "FROM"], rows.collect())
}
