//! clouds.yaml and secure.yaml: where they are looked for, and what they say of one cloud.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer};
use serde_saphyr::{Error as YamlError, from_str};
use zeroize::Zeroizing;

use super::options::Options;
use crate::domain::SecretText;

/// Files that are tried in each directory, the first that is there is read. JSON is YAML, too.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// Where the files may be, as openstacksdk looks for them.
#[derive(Clone, Debug)]
pub struct Places {
    /// `OS_CLIENT_CONFIG_FILE` and `OS_CLIENT_SECURE_FILE`; where the file is missing, the directories are tried.
    pub clouds: Option<PathBuf>,
    pub secure: Option<PathBuf>,
    pub directories: Vec<PathBuf>,
}

/// Why nothing is known of a cloud. No text shows what stands in a file: that may be a password.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("cannot read {}: {reason}", path.display())]
    Unreadable { path: PathBuf, reason: String },
    #[error("{} is not a description of clouds{}", path.display(), place(*at))]
    NotClouds { path: PathBuf, at: Option<(u64, u64)> },
    #[error("there is no cloud '{wanted}' in {}; it has {}", path.display(), listed(known))]
    NoSuchCloud { wanted: String, path: PathBuf, known: Vec<String> },
    #[error("there is no clouds.yaml with the cloud '{wanted}' (looked for in {})", directories(looked_for))]
    NoFile { wanted: String, looked_for: Vec<PathBuf> },
    #[error("{} has several clouds ({}): say which by --os-cloud or OS_CLOUD", path.display(), listed(known))]
    Several { path: PathBuf, known: Vec<String> },
    #[error(
        "nothing says how to log in: set OS_AUTH_URL, OS_USERNAME and so on, or name a cloud of clouds.yaml by --os-cloud \
         (looked for in {})",
        directories(looked_for)
    )]
    Nothing { looked_for: Vec<PathBuf> },
}

fn place(at: Option<(u64, u64)>) -> String {
    at.map(|(line, column)| format!(": see line {line}, column {column}")).unwrap_or_default()
}

fn listed(known: &[String]) -> String {
    if known.is_empty() { "none".to_owned() } else { known.join(", ") }
}

fn directories(directories: &[PathBuf]) -> String {
    directories.iter().map(|directory| directory.display().to_string()).collect::<Vec<_>>().join(", ")
}

impl Places {
    /// The working directory, the user's, the system's.
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let file = |name| variable(name).filter(|path| !path.is_empty()).map(PathBuf::from);
        let home = file("HOME");
        let config = file("XDG_CONFIG_HOME").map(|config| config.join("openstack"));
        let below_home = home.map(|home| home.join(".config/openstack"));
        let mut directories = vec![PathBuf::from(".")];
        directories.extend(config);
        directories.extend(below_home);
        directories.extend(["/etc/xdg/openstack", "/etc/openstack"].map(PathBuf::from));
        directories.dedup();
        Self { clouds: file("OS_CLIENT_CONFIG_FILE"), secure: file("OS_CLIENT_SECURE_FILE"), directories }
    }

    fn find(&self, given: Option<&PathBuf>, name: &str) -> Option<PathBuf> {
        let in_directory = |directory: &PathBuf| ENDINGS.map(|ending| directory.join(format!("{name}.{ending}")));
        given.cloned().into_iter().chain(self.directories.iter().flat_map(in_directory)).find(|path| path.is_file())
    }
}

/// What the files say of the cloud `wanted`, secure.yaml over clouds.yaml. Without a name: of the only cloud that there is.
pub fn options_of(wanted: Option<&str>, places: &Places) -> Result<Options, FileError> {
    let Some(path) = places.find(places.clouds.as_ref(), "clouds") else {
        let looked_for = places.directories.clone();
        return Err(match wanted {
            Some(wanted) => FileError::NoFile { wanted: wanted.to_owned(), looked_for },
            None => FileError::Nothing { looked_for },
        });
    };
    let mut clouds = read(&path)?;
    let known: Vec<String> = clouds.keys().cloned().collect();
    let wanted = match (wanted, known.as_slice()) {
        (Some(wanted), _) => wanted.to_owned(),
        (None, [only]) => only.clone(),
        (None, _) => return Err(FileError::Several { path, known }),
    };
    let public = clouds.remove(&wanted);
    let public = public.ok_or_else(|| FileError::NoSuchCloud { wanted: wanted.clone(), path, known })?;
    let secure = match places.find(places.secure.as_ref(), "secure") {
        Some(path) => read(&path)?.remove(&wanted).unwrap_or_default(),
        None => Options::default(),
    };
    Ok(public.overlaid(secure))
}

fn read(path: &Path) -> Result<BTreeMap<String, Options>, FileError> {
    let unreadable = |error: std::io::Error| FileError::Unreadable { path: path.to_owned(), reason: reason(&error) };
    let text = Zeroizing::new(std::fs::read_to_string(path).map_err(unreadable)?);
    let read: File = from_str(&text).map_err(|error| not_clouds(path, &error))?;
    Ok(read.clouds.into_iter().map(|(name, entry)| (name, entry.into_options())).collect())
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::InvalidData => "it is not UTF-8 text".to_owned(),
        _ => error.to_string(),
    }
}

/// Says where it is wrong, and not how: the library's words quote the file.
fn not_clouds(path: &Path, error: &YamlError) -> FileError {
    let at = error.location().map(|location| (location.line(), location.column()));
    FileError::NotClouds { path: path.to_owned(), at }
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    clouds: BTreeMap<String, Entry>,
}

/// What of a cloud has a meaning here; there is much more in such files.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    auth: BTreeMap<String, Option<Text>>,
    auth_type: Option<Text>,
    region_name: Option<Text>,
    interface: Option<Text>,
    endpoint_type: Option<Text>,
    compute_endpoint_override: Option<Text>,
    verify: Option<Text>,
    insecure: Option<Text>,
    cacert: Option<Text>,
    cert: Option<Text>,
    key: Option<Text>,
    profile: Option<Text>,
}

/// Any scalar, as it is written: a password of digits is a text.
struct Text(SecretText);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(SecretText::new(text)))
    }
}

impl Entry {
    fn into_options(self) -> Options {
        let named = [
            ("auth_type", self.auth_type),
            ("region_name", self.region_name),
            ("interface", self.interface),
            ("endpoint_type", self.endpoint_type),
            ("compute_endpoint_override", self.compute_endpoint_override),
            ("verify", self.verify),
            ("insecure", self.insecure),
            ("cacert", self.cacert),
            ("cert", self.cert),
            ("key", self.key),
            ("profile", self.profile),
        ];
        let mut options = Options::default();
        let named = named.map(|(name, value)| (name.to_owned(), value));
        for (name, value) in named.into_iter().chain(self.auth) {
            if let Some(Text(value)) = value {
                options.set(&name, value);
            }
        }
        options
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    fn places(directory: &TempDir) -> Places {
        Places { clouds: None, secure: None, directories: vec![directory.path().to_owned()] }
    }

    fn write(directory: &TempDir, name: &str, content: &str) {
        fs::write(directory.path().join(name), content).expect("is written");
    }

    #[test]
    fn secure_yaml_is_laid_over_clouds_yaml() {
        let directory = TempDir::new().expect("is made");
        let clouds = "clouds:\n  a:\n    auth: {auth_url: http://a, username: me, password: none}\n    region_name: R1\n  b: {}\n";
        write(&directory, "clouds.yaml", clouds);
        write(&directory, "secure.yaml", "clouds:\n  a:\n    auth:\n      password: 0123\n    verify: false\n");
        let options = options_of(Some("a"), &places(&directory)).expect("is there");
        let told = ["auth_url", "username", "password", "region_name", "verify"].map(|name| options.text(name));
        assert_eq!(told, [Some("http://a"), Some("me"), Some("0123"), Some("R1"), Some("false")]);
    }

    #[test]
    fn the_first_directory_with_a_file_counts_and_one_cloud_needs_no_name() {
        let (first, second) = (TempDir::new().expect("is made"), TempDir::new().expect("is made"));
        write(&second, "clouds.yaml", "clouds: {second: {auth: {username: second}}}");
        let directories = vec![first.path().to_owned(), second.path().to_owned()];
        let places = Places { clouds: None, secure: None, directories };
        let user = || options_of(None, &places).expect("is there").text("username").map(str::to_owned);
        assert_eq!(user().as_deref(), Some("second"));
        write(&first, "clouds.json", r#"{"clouds": {"first": {"auth": {"username": "first"}}}}"#);
        assert_eq!(user().as_deref(), Some("first"));
    }

    #[test]
    fn what_is_wrong_is_said_without_what_stands_in_the_file() {
        let directory = TempDir::new().expect("is made");
        let told = |wanted: Option<&str>| {
            let error = options_of(wanted, &places(&directory)).expect_err("is refused");
            error.to_string()
        };
        assert!(told(None).starts_with("nothing says how to log in: "));
        assert!(told(Some("a")).starts_with("there is no clouds.yaml with the cloud 'a' (looked for in "));
        write(&directory, "clouds.yaml", "clouds: {b: {}, c: {}}");
        assert!(told(Some("a")).ends_with("clouds.yaml; it has b, c"));
        assert!(told(None).contains("has several clouds (b, c): say which by --os-cloud"));
        for broken in ["clouds: {a: {auth: hunter2}}", "clouds:\n  a:\n   auth: [hunter2\n", "hunter2"] {
            write(&directory, "clouds.yaml", broken);
            let told = told(Some("a"));
            assert!(told.contains("is not a description of clouds") && !told.contains("hunter2"), "{told}");
        }
    }
}
