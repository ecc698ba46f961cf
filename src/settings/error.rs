//! What can be wrong with settings, in sentences that name the setting and where it was written.

use std::fmt;

/// One thing to mend. No variant carries a setting's value: it may be a secret.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("{file} cannot be read as settings: {reason}")]
    File { file: String, reason: String },
    /// `origin` is a file's name, a variable or a flag.
    #[error("there is no setting '{key}' ({origin}){}", suggestion(.nearest))]
    Unknown { key: String, origin: String, nearest: Option<String> },
    #[error("the setting '{key}' ({origin}) must be {expected}, and is {found}")]
    WrongType { key: String, origin: String, expected: &'static str, found: &'static str },
    #[error("the setting '{key}' ({origin}) cannot be used: {reason}")]
    Unusable { key: String, origin: String, reason: String },
    #[error("the environment variable {name} is not valid UTF-8")]
    NotText { name: String },
    #[error("'--set {given}' is not of the form section.key=value")]
    NotAnAssignment { given: String },
}

fn suggestion(nearest: &Option<String>) -> String {
    match nearest {
        Some(nearest) => format!("; did you mean '{nearest}'?"),
        None => "; `keypaird config show` lists all settings".to_owned(),
    }
}

/// All problems that were found, so that they can be mended in one go; one a line.
#[derive(Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let line_end = if index == 0 { "" } else { "\n" };
            write!(f, "{line_end}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
