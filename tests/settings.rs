//! What settings mean, where they come from, and which are refused.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use keypaird::settings::{self, Flag, Loaded, Problems, Sources};
use tempfile::TempDir;

/// Sources that are put together piece by piece.
struct Layers {
    directory: TempDir,
    sources: Sources,
}

impl Layers {
    fn none() -> Self {
        Self { directory: TempDir::new().unwrap(), sources: Sources::default() }
    }

    fn file(mut self, name: &str, text: &str) -> Self {
        let path = self.directory.path().join(name);
        fs::write(&path, text).unwrap();
        self.sources.files.push(path);
        self
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.sources.environment.push((name.into(), value.into()));
        self
    }

    fn flag(mut self, key: &str, value: &str) -> Self {
        let flag = Flag { key: key.to_owned(), value: value.to_owned(), written: format!("--set {key}") };
        self.sources.flags.push(flag);
        self
    }

    fn load(&self) -> Result<Loaded, Problems> {
        settings::load(&self.sources)
    }

    fn path(&self, name: &str) -> String {
        self.directory.path().join(name).display().to_string()
    }

    fn refusal(&self) -> String {
        match self.load() {
            Ok(_) => panic!("these settings must be refused"),
            Err(problems) => problems.to_string(),
        }
    }
}

#[test]
fn the_defaults_alone_are_enough() {
    let loaded = Layers::none().load().unwrap();
    assert_eq!(loaded.settings.region, "RegionOne");
    assert_eq!(loaded.settings.http.listen, "127.0.0.1:8774".parse().unwrap());
    assert_eq!(loaded.settings.http.public_url, None);
    assert_eq!(loaded.settings.database.url, None);
    assert_eq!(loaded.settings.data.dir, Path::new("data"));
    assert!(loaded.effective.values().all(|effective| effective.origin == "default"));
}

#[test]
fn flags_beat_the_environment_beats_files_beat_defaults() {
    let mut layers = Layers::none().file("a.toml", "region = \"of-the-file\"\n[keypair]\nlimit = 1\n");
    let file = layers.path("a.toml");
    assert_region(&layers, "of-the-file", &file);
    layers = layers.file("b.toml", "region = \"of-a-later-file\"\n");
    let file = layers.path("b.toml");
    assert_region(&layers, "of-a-later-file", &file);
    layers = layers.variable("KEYPAIRD__REGION", "of-the-environment");
    assert_region(&layers, "of-the-environment", "KEYPAIRD__REGION");
    layers = layers.flag("region", "of-the-flag");
    assert_region(&layers, "of-the-flag", "--set region");
    let loaded = layers.load().unwrap();
    assert_eq!(loaded.settings.keypair.limit, 1, "what a later layer does not name is kept");
    assert_eq!(loaded.settings.keypair.generator_queue, 64, "also in the same section");
}

fn assert_region(layers: &Layers, value: &str, origin: &str) {
    let loaded = layers.load().unwrap();
    assert_eq!(loaded.settings.region, value);
    assert_eq!(loaded.effective["region"].origin, origin);
}

#[test]
fn variables_are_read_in_the_type_of_the_setting() {
    let loaded = Layers::none()
        .variable("KEYPAIRD__KEYPAIR__LIMIT", "7")
        .variable("KEYPAIRD__HTTP__ALLOW_PLAIN_HTTP", "true")
        .variable("KEYPAIRD__HTTP__LISTEN", "0.0.0.0:80")
        .variable("KEYPAIRD__REGION", "007")
        .variable("KEYPAIRD_CONFIG", "not a setting")
        .load()
        .unwrap();
    assert_eq!(loaded.settings.keypair.limit, 7);
    assert_eq!(loaded.settings.http.listen, "0.0.0.0:80".parse().unwrap());
    assert_eq!(loaded.settings.region, "007");
}

#[test]
fn a_list_is_an_array_in_a_file_and_divided_by_commas_elsewhere() {
    let trusts = |layers: &Layers, address: &str| {
        layers.load().unwrap().settings.http.trusted_proxies.contains(address.parse().unwrap())
    };
    let mut layers = Layers::none().file("a.toml", "[http]\ntrusted_proxies = [\"192.0.2.1\", \"2001:db8::/64\"]\n");
    assert!(trusts(&layers, "192.0.2.1") && trusts(&layers, "2001:db8::7") && !trusts(&layers, "192.0.2.2"));
    layers = layers.variable("KEYPAIRD__HTTP__TRUSTED_PROXIES", "192.0.2.2, 2001:db8:1::/64");
    assert!(trusts(&layers, "192.0.2.2") && trusts(&layers, "2001:db8:1::7"));
    assert!(!trusts(&layers, "192.0.2.1"), "a later layer's list replaces the one before");
    let shown = layers.load().unwrap().effective["http.trusted_proxies"].clone();
    assert_eq!(shown.value, serde_json::json!(["192.0.2.2", "2001:db8:1::/64"]));
    assert_eq!(shown.origin, "KEYPAIRD__HTTP__TRUSTED_PROXIES");
    layers = layers.flag("http.trusted_proxies", "");
    assert!(!trusts(&layers, "192.0.2.2"), "an empty text is an empty list");
    let said = layers.flag("http.trusted_proxies", "192.0.2.1,proxy.example").refusal();
    let told =
        "the setting 'http.trusted_proxies' (--set http.trusted_proxies) cannot be used: 'proxy.example' is neither";
    assert!(said.starts_with(told), "{said}");
}

#[test]
fn an_empty_text_unsets_what_has_no_default() {
    let layers = Layers::none().file("a.toml", "[http]\npublic_url = \"https://keys.example.org\"\n");
    assert_eq!(layers.load().unwrap().settings.http.public_url.as_deref(), Some("https://keys.example.org"));
    let unset = layers.variable("KEYPAIRD__HTTP__PUBLIC_URL", "");
    assert_eq!(unset.load().unwrap().settings.http.public_url, None);
}

#[test]
fn unknown_settings_are_refused_by_name_and_place() {
    let layers = Layers::none()
        .file("a.toml", "[http]\nlistn = \"127.0.0.1:1\"\n[sever]\nx = 1\n")
        .variable("KEYPAIRD__DATABASE__URI", "x")
        .flag("keypair.limits", "5");
    let file = layers.path("a.toml");
    let said = layers.refusal();
    assert_eq!(
        said.lines().collect::<Vec<_>>(),
        [
            "there is no setting 'database.uri' (KEYPAIRD__DATABASE__URI); did you mean 'KEYPAIRD__DATABASE__URL'?",
            &format!("there is no setting 'http.listn' ({file}); did you mean 'http.listen'?"),
            "there is no setting 'keypair.limits' (--set keypair.limits); did you mean 'keypair.limit'?",
            &format!("there is no setting 'sever.x' ({file}); `keypaird config show` lists all settings"),
        ]
    );
}

/// Each line: the layer's text and what the refusal must say.
#[test]
fn values_that_cannot_be_used_are_refused_by_name() {
    let cases = [
        ("[http]\nlisten = 8774", "'http.listen'", "must be text, and is a whole number"),
        ("http = 5", "'http'", "must be a section, and is a whole number"),
        ("[keypair]\nlimit = \"many\"", "'keypair.limit'", "must be a whole number, and is text"),
        ("[keypair]\nlimit = -1", "'keypair.limit'", "the default is 100"),
        ("[keypair]\nlimit = 1.5", "'keypair.limit'", "must be a whole number, and is a number with a fraction"),
        ("[http]\nallow_plain_http = \"yes\"", "'http.allow_plain_http'", "must be true or false, and is text"),
        ("[http]\nlisten = \"localhost\"", "'http.listen'", "(the default is \"127.0.0.1:8774\")"),
        ("[log]\nformat = \"yaml\"", "'log.format'", "expected `text` or `json`"),
        ("[log]\nlevel = \"verbose\"", "'log.level'", "'verbose' is not a level"),
        ("region = \"\"", "'region'", "must not be empty"),
        ("region = \"a b\"", "'region'", "letters, digits"),
        ("[alibaba]\nregions = [\"cn hangzhou\"]", "'alibaba.regions'", "letters, digits"),
        ("[alibaba]\nregions = [\"RegionOne\", \"\"]", "'alibaba.regions'", "1 to 64"),
        ("[alibaba]\nresource_groups = [\"\"]", "'alibaba.resource_groups'", "1 to 255"),
        ("[alibaba]\nprivate_key_format = \"der\"", "'alibaba.private_key_format'", "must be pkcs1, pkcs8 or openssh"),
        ("[data]\ndir = \"\"", "'data.dir'", "must not be empty"),
        ("[identity]\nmode = \"ldap\"", "'identity.mode'", "expected `embedded` or `keystone`"),
        ("[identity]\nmode = \"keystone\"", "'identity.keystone.auth_url'", "must be set"),
        ("[identity]\nmode = \"keystone\"", "'identity.keystone.username'", "must be set"),
        ("[identity]\nmode = \"keystone\"", "'identity.keystone.password_file'", "must be set"),
        ("[identity]\nmode = \"keystone\"\nkeystone.auth_url = \"k:5000\"", "'identity.keystone.auth_url'", "https://"),
        ("[identity.keystone]\nauth_url = \"https://k/v3\"", "'identity.keystone.auth_url'", "has no effect"),
        ("[identity.keystone]\nec2_credentials = true", "'identity.keystone.ec2_credentials'", "has no effect"),
        ("[identity.keystone]\ntoken_cache_seconds = 301", "'identity.keystone.token_cache_seconds'", "at most 300"),
        ("[identity.keystone]\ntimeout_seconds = 0", "'identity.keystone.timeout_seconds'", "at least 1"),
        ("[identity]\ntoken_lifetime_seconds = 0", "'identity.token_lifetime_seconds'", "at least 1"),
        ("[keypair]\nalgorithm = \"rsa-512\"", "'keypair.algorithm'", "rsa-2048"),
        ("[database]\nurl = \"mysql://u:hunter2@db/k\"", "'database.url'", "postgres:// or sqlite:"),
        ("[database]\nurl = \"postgres://u:hunter2@db/k\"", "'vault.master_key_file'", "the same on every replica"),
        ("[database]\nurl_file = \"url\"", "'vault.master_key_file'", "the same on every replica"),
        ("[database]\nurl_file = \"url\"\nurl = \"sqlite:a\"", "'database.url_file'", "set one of them"),
        ("[database]\npooler = \"statement\"", "'database.pooler'", "expected `none` or `transaction`"),
        ("[database]\nmigration_url = \"sqlite:a\"", "'database.migration_url'", "must begin with postgres://"),
        (
            "[database]\nmigration_url = \"postgres://u:hunter2@db/k\"\nmigration_url_file = \"a\"",
            "'database.migration_url_file'",
            "set one of them",
        ),
        ("[vault]\nsuite = \"rot13\"", "'vault.suite'", "'rot13' is neither aes-256-gcm nor chacha20-poly1305"),
        ("[vault]\nopen_suites = [\"rot13\"]", "'vault.open_suites'", "'rot13' is neither"),
        ("[vault]\nopen_suites = [\"chacha20-poly1305\"]", "'vault.open_suites'", "must have aes-256-gcm in it"),
        ("[vault]\nsuite = \"chacha20-poly1305\"\nopen_suites = []", "'vault.open_suites'", "must have chacha20"),
        ("[http]\npublic_url = \"keys.example.org\"", "'http.public_url'", "not a URL"),
        ("[http]\npublic_url = \"ftp://keys.example.org\"", "'http.public_url'", "https://"),
        ("[http]\npublic_url = \"https://u:hunter2@keys.example.org\"", "'http.public_url'", "user or password"),
        ("[http]\npublic_url = \"https://keys.example.org/\"", "'http.public_url'", "without '/'"),
        ("[http]\ntrusted_proxies = \"192.0.2.1\"", "'http.trusted_proxies'", "must be a list, and is text"),
        ("[http]\ntrusted_proxies = [1]", "'http.trusted_proxies'", "expected a string"),
        (
            "[http]\ntrusted_proxies = [\"::1\", \"proxy\"]",
            "'http.trusted_proxies'",
            "'proxy' is neither an address nor",
        ),
        ("[http]\ntrusted_proxies = [\"192.0.2.1/33\"]", "'http.trusted_proxies'", "'192.0.2.1/33' is neither"),
        ("[http]\ntrusted_proxies = [\"192.0.2.1/24\"]", "'http.trusted_proxies'", "of the network 192.0.2.0/24;"),
        ("[admin]\nlisten = \"127.0.0.1:8774\"", "'admin.listen'", "a port of its own"),
        ("[database]\nurl = \"postgres://u:hunter2@db", "line 2", "hunter2 must not be said"),
    ];
    for (text, name, says) in cases {
        let layers = Layers::none().file("a.toml", text);
        let said = layers.refusal();
        assert!(said.contains(name), "{text}: {said}");
        assert!(said.contains(says) || says.contains("must not be said"), "{text}: {said}");
        assert!(!said.contains("hunter2"), "{text}: {said}");
        assert!(said.contains("a.toml") || said.contains("(default)"), "{text}: {said}");
    }
}

#[test]
fn plain_http_leaves_the_machine_only_where_that_is_said() {
    for key in ["http.listen", "admin.listen"] {
        for address in ["0.0.0.0:9000", "[::]:9000", "192.0.2.1:9000"] {
            let layers = Layers::none().flag(key, address);
            let said = layers.refusal();
            assert!(
                said.contains(&format!("'{key}' (--set {key})")) && said.contains("allow_plain_http = true"),
                "{said}"
            );
            layers.flag("http.allow_plain_http", "true").load().unwrap();
        }
        for address in ["127.0.0.2:9000", "[::1]:9000"] {
            Layers::none().flag(key, address).load().unwrap();
        }
    }
}

#[test]
fn the_directory_of_settings_is_read_in_lexical_order_after_its_defaults() {
    let directory = TempDir::new().unwrap();
    let path = |name: &str| directory.path().join(name);
    assert_eq!(Sources::files(vec![], &path("missing")).unwrap(), Vec::<PathBuf>::new());
    for name in ["keypaird.toml", "20-region.toml", "notes.txt"] {
        fs::write(path(name), "region = \"R\"").unwrap();
    }
    fs::write(path("default.toml"), settings::DEFAULTS).unwrap();
    fs::create_dir(path("examples")).unwrap();
    fs::write(path("examples").join("production.toml"), "").unwrap();
    assert_eq!(
        Sources::files(vec![], directory.path()).unwrap(),
        [path("20-region.toml"), path("keypaird.toml")],
        "a default.toml that is the built-in one adds nothing"
    );
    fs::write(path("default.toml"), "region = \"Edited\"").unwrap();
    let read = Sources::files(vec![], directory.path()).unwrap();
    assert_eq!(read, [path("default.toml"), path("20-region.toml"), path("keypaird.toml")]);
    assert_eq!(Sources::files(vec![path("x.toml")], directory.path()).unwrap(), [path("x.toml")]);
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_text_is_named() {
    use std::os::unix::ffi::OsStringExt;
    let value = std::ffi::OsString::from_vec(vec![0xff]);
    let sources = Sources { environment: vec![("KEYPAIRD__REGION".into(), value)], ..Sources::default() };
    let said = settings::load(&sources).map(|_| ()).unwrap_err().to_string();
    assert_eq!(said, "the environment variable KEYPAIRD__REGION is not valid UTF-8");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let sources = Sources { files: vec![PathBuf::from("nowhere/keypaird.toml")], ..Sources::default() };
    let said = settings::load(&sources).map(|_| ()).unwrap_err().to_string();
    assert!(said.starts_with("nowhere/keypaird.toml cannot be read as settings: No such file"), "{said}");
}

#[test]
fn the_example_for_production_is_accepted() {
    let example = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/config/examples/production.toml"));
    let loaded = settings::load(&Sources { files: vec![example], ..Sources::default() }).unwrap();
    assert!(loaded.settings.vault.master_key_file.is_some());
    assert!(loaded.settings.http.trusted_proxies.contains("192.0.2.10".parse().unwrap()));
}

#[test]
fn passwords_are_masked_and_origins_told() {
    let loaded = Layers::none()
        .flag("vault.master_key_file", "/run/secrets/master.key")
        .variable("KEYPAIRD__DATABASE__URL", "postgres://keypaird:hunter2@db.example.org/keypaird")
        .load()
        .unwrap();
    assert_eq!(loaded.settings.database.url.unwrap(), "postgres://keypaird:hunter2@db.example.org/keypaird");
    let shown = &loaded.effective["database.url"];
    assert_eq!(shown.value, "postgres://keypaird:***@db.example.org/keypaird");
    assert_eq!(shown.origin, "KEYPAIRD__DATABASE__URL");
}

#[test]
fn the_checked_in_reference_is_what_the_program_prints() {
    let page = include_str!("../docs/configuration-reference.md");
    let anew = "write it anew: cargo run -- config reference >docs/configuration-reference.md";
    assert!(page == settings::reference(), "docs/configuration-reference.md is not of these settings; {anew}");
}

#[test]
fn the_reference_has_every_setting_with_its_default() {
    let told = settings::reference();
    let between = |text: &str, begin: &str| text.split(begin).nth(1)?.split('`').next().map(str::to_owned);
    let entries = told.split("\n### ").skip(1).map(|entry| {
        let default = between(entry, "Default `").unwrap().replace(", ", ",");
        (between(entry, "`").unwrap(), default)
    });
    let effective = Layers::none().load().unwrap().effective;
    let defaults = effective.into_iter().map(|(name, effective)| (name, effective.value.to_string()));
    assert_eq!(entries.collect::<BTreeMap<_, _>>(), defaults.collect());
}

#[test]
fn every_default_has_a_comment() {
    let mut commented = false;
    for line in settings::DEFAULTS.lines() {
        let sets = line.contains(" = ") && !line.starts_with('#');
        assert!(!sets || commented, "{line} needs a comment above it");
        commented = line.starts_with('#');
    }
}
