//! Holds the text of `src/` to the layers, and to the few rules that neither the compiler nor clippy knows.

#![expect(clippy::expect_used, reason = "a check that cannot read the sources has failed")]

#[path = "architecture/source.rs"]
mod source;

use std::fs;
use std::path::{Path, PathBuf};

use source::{Import, Source};

/// The layers from the top down. A file may name its own layer and those of the lines below it; layers of one line
/// don't know each other. `telemetry` stands beside `http`, so that no layer that answers requests can name it.
const LAYERS: [&[&str]; 8] = [
    &["main"],
    &["cli"],
    &["app", "client"],
    &["settings"],
    &["http", "telemetry"],
    &["auth", "service"],
    &["store", "vault", "ssh"],
    &["domain", "propagation"],
];

/// The folders of `src/http` that don't know each other. Of the files beside them only `mod.rs`, which mounts them,
/// names them.
const DIALECTS: [&str; 5] = ["alibaba", "huawei", "identity", "nova", "ops"];

/// What `client` may name: it talks to a service, and is none.
const KNOWN_TO_CLIENT: [&str; 3] = ["client", "domain", "ssh"];

/// The most lines of a source file, its tests left out. 300 is where to look; past this it is too late.
const LONGEST_FILE: usize = 330;

/// Tables whose rows belong to owners, by the names that statements have for them.
const OF_OWNERS: [&str; 7] =
    ["key_pairs", "sealed_private_keys", "sealed_keys", "ledger", "owners", "tags", "deletions"];

/// The files of `src/store` whose statements go across owners: operators' jobs, and the definition of the tables.
const ACROSS_OWNERS: [&str; 5] = ["everywhere.rs", "chains.rs", "checkpoints.rs", "master_keys.rs", "schema.rs"];

#[test]
fn imports_point_from_the_upper_layers_to_the_lower() {
    assert_none(sources().iter().flat_map(upward_imports).collect());
}

#[test]
fn dialects_do_not_know_each_other() {
    assert_none(sources().iter().flat_map(sideways_imports).collect());
}

#[test]
fn the_client_knows_nothing_of_the_service() {
    assert_none(sources().iter().flat_map(imports_of_the_service).collect());
}

#[test]
fn every_span_skips_all_arguments_before_it_names_its_fields() {
    assert_none(sources().iter().flat_map(recording_spans).collect());
}

#[test]
fn product_code_does_not_unwrap() {
    assert_none(sources().iter().flat_map(unwraps).collect());
}

#[test]
fn a_file_answers_one_question() {
    assert_none(sources().iter().flat_map(second_questions).collect());
}

/// Another owner's row is out of reach by construction: of a table that belongs to owners, every statement names the owner.
#[test]
fn s36_every_statement_on_an_owners_table_names_the_owner() {
    assert_none(sources().iter().flat_map(unscoped_statements).collect());
}

/// The checks themselves, on sources that break each rule: (path, text, how many violations).
#[test]
fn each_rule_sees_what_breaks_it() {
    type Rule = fn(&Source) -> Vec<String>;
    let long = "fn a() {}\n".repeat(LONGEST_FILE + 1);
    let cases: [(Rule, &str, &str, usize); 33] = [
        (upward_imports, "store/mod.rs", "use crate::service::KeyPairs;", 1),
        (upward_imports, "store/mod.rs", "use crate::domain::Owner;", 0),
        (upward_imports, "store/mod.rs", "use crate::vault::Vault;", 1),
        (upward_imports, "store/mod.rs", "use crate::{domain::{Owner, Page}, auth::{self, Mode}, app};", 3),
        (upward_imports, "vault/local.rs", "fn f() -> crate::http::State { todo() }", 1),
        (upward_imports, "vault/local.rs", "use super::super::app::build;", 1),
        (upward_imports, "vault/local.rs", "pub(crate) fn f() {} // crate::app::build\nlet s = \"crate::app\";", 0),
        (upward_imports, "auth/mod.rs", "use crate::telemetry::Format;", 1),
        (upward_imports, "http/mod.rs", "use crate::settings::Settings;", 1),
        (upward_imports, "main.rs", "use keypaird::{cli, telemetry};", 0),
        (upward_imports, "cli/mod.rs", "use crate::main;", 1),
        (upward_imports, "cli/mod.rs", "use crate::utils::helper;", 1),
        (upward_imports, "utils.rs", "", 1),
        (sideways_imports, "http/nova/view.rs", "use crate::http::huawei::Error;", 1),
        (sideways_imports, "http/nova/view.rs", "use crate::http::{json::Json, huawei::{view, error}};", 2),
        (sideways_imports, "http/nova/mod.rs", "use super::identity::catalog;", 1),
        (sideways_imports, "http/nova/mod.rs", "use super::json::Json; use crate::http::nova::view;", 0),
        (sideways_imports, "http/json.rs", "use super::nova::Microversion;", 1),
        (sideways_imports, "http/mod.rs", "use crate::http::{nova, huawei};", 0),
        (upward_imports, "app/mod.rs", "use crate::client::Session;", 1),
        (imports_of_the_service, "client/session.rs", "use crate::http::State;", 1),
        (imports_of_the_service, "client/session.rs", "use crate::{domain::SecretText, ssh, client::Cloud};", 0),
        (imports_of_the_service, "cli/doctor.rs", "use crate::client::Session;", 0),
        (recording_spans, "store/mod.rs", "#[instrument(skip(self))]", 1),
        (recording_spans, "store/mod.rs", "#[tracing::instrument]\n#[instrument(skip_all, fields(a = 1))]", 1),
        (unwraps, "store/mod.rs", "fn f() { x.unwrap(); }", 1),
        (unwraps, "store/mod.rs", "#[cfg(test)]\nmod tests {\n fn f() { x.unwrap(); }\n}", 0),
        (second_questions, "store/mod.rs", &long, 1),
        (
            unscoped_statements,
            "store/key_pairs.rs",
            "run!(c, load, key_pairs::table.filter(key_pairs::name.eq(n)))?;",
            1,
        ),
        (unscoped_statements, "store/key_pairs.rs", "diesel::delete(sealed_keys::table).filter(a.eq(b))?; owner", 1),
        (unscoped_statements, "store/key_pairs.rs", "key_pairs::table.filter(key_pairs::owner.eq(o)).filter(x)?;", 0),
        (unscoped_statements, "store/key_pairs.rs", "diesel::insert_into(key_pairs::table).values(rows)?;", 0),
        (unscoped_statements, "store/everywhere.rs", "key_pairs::table.select(key_pairs::name)?;", 0),
    ];
    for (rule, path, text, expected) in cases {
        let seen = rule(&Source::new(PathBuf::from(path), text));
        assert_eq!(seen.len(), expected, "{path}: {:.80} gave {seen:#?}", text);
    }
}

fn upward_imports(source: &Source) -> Vec<String> {
    let Some(own) = rank(source.layer()) else {
        return vec![format!("{}: its layer is not in LAYERS; give it its place there", source.path.display())];
    };
    let wrong = |import: &&Import| match rank(import.top()) {
        Some(theirs) => theirs <= own && import.top() != source.layer(),
        // A name at the crate's root that is no layer: `super::*` of an inline module reaches none.
        None => import.written_from_root,
    };
    let told = |import: &Import| {
        let (from, to) = (source.layer(), import.path.join("::"));
        source.at(
            import.offset,
            &format!("{from} must not name {to}: hand it in from above, or move what is shared down"),
        )
    };
    source.imports.iter().filter(wrong).map(told).collect()
}

fn sideways_imports(source: &Source) -> Vec<String> {
    let own = source.module.get(1).filter(|folder| DIALECTS.contains(&folder.as_str()));
    if source.layer() != "http" || source.module.len() == 1 {
        return Vec::new();
    }
    let other_dialect = |import: &&Import| {
        let below_http = import.path.get(1).filter(|_| import.top() == "http");
        below_http.is_some_and(|folder| DIALECTS.contains(&folder.as_str()) && Some(folder) != own)
    };
    let told = |import: &Import| {
        let to = import.path.join("::");
        source.at(import.offset, &format!("must not name {to}: what dialects share stands directly in src/http"))
    };
    source.imports.iter().filter(other_dialect).map(told).collect()
}

fn imports_of_the_service(source: &Source) -> Vec<String> {
    let is_foreign = |import: &&Import| rank(import.top()).is_some() && !KNOWN_TO_CLIENT.contains(&import.top());
    let imports = source.imports.iter().filter(|_| source.layer() == "client").filter(is_foreign);
    imports.map(|import| source.at(import.offset, "client knows domain and ssh alone: hand it in from cli")).collect()
}

fn recording_spans(source: &Source) -> Vec<String> {
    let attributes = ["#[instrument", "#[tracing::instrument"];
    let starts = attributes.iter().flat_map(|attribute| {
        source.code.match_indices(attribute).map(|(offset, found)| (offset, offset + found.len()))
    });
    let mend = "write #[instrument(skip_all, fields(…))]: an argument that is not skipped is logged with Debug";
    starts
        .filter(|&(_, end)| !source.code[end..].starts_with("(skip_all"))
        .map(|(offset, _)| source.at(offset, mend))
        .collect()
}

fn unwraps(source: &Source) -> Vec<String> {
    let mend = "return the error with `?`, or choose a type that makes the case impossible";
    source.code[..source.tests_start].match_indices(".unwrap()").map(|(offset, _)| source.at(offset, mend)).collect()
}

fn second_questions(source: &Source) -> Vec<String> {
    let lines = source.code[..source.tests_start].lines().count();
    let mend = format!("{lines} lines: move its second question to a file of its own ({LONGEST_FILE} are the most)");
    (lines > LONGEST_FILE).then(|| source.at(0, &mend)).into_iter().collect()
}

/// A statement is what stands between a table's name and the next semicolon.
fn unscoped_statements(source: &Source) -> Vec<String> {
    let path = source.path.to_string_lossy().into_owned();
    if source.layer() != "store" || ACROSS_OWNERS.iter().any(|file| path.ends_with(file)) {
        return Vec::new();
    }
    let is_scoped = |offset: usize, statement: &str| {
        let names_owner = ["::owner", "is_named("].iter().any(|name| statement.contains(name));
        names_owner || source.code[..offset].ends_with("insert_into(")
    };
    let starts = OF_OWNERS
        .iter()
        .flat_map(|table| source.code.match_indices(&format!("{table}::table")[..]).map(|it| it.0).collect::<Vec<_>>());
    let mend = "filter by region and owner, or move it to store/everywhere.rs if it is an operator's job";
    starts
        .filter(|&offset| !is_scoped(offset, source.code[offset..].split(';').next().unwrap_or_default()))
        .map(|offset| source.at(offset, mend))
        .collect()
}

fn rank(layer: &str) -> Option<usize> {
    LAYERS.iter().position(|line| line.contains(&layer))
}

fn assert_none(violations: Vec<String>) {
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
}

/// Every source file but `lib.rs`, which names all layers and nothing else.
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("a source file can be read");
        Source::new(path.strip_prefix(&root).expect("stands below src").to_owned(), &text)
    };
    let files: Vec<_> = files_below(&root).into_iter().filter(|path| !path.ends_with("src/lib.rs")).map(read).collect();
    assert!(files.len() > 20, "only {} files were found below {}", files.len(), root.display());
    files
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder can be listed");
    let paths = entries.map(|entry| entry.expect("an entry can be read").path());
    let below = |path: PathBuf| if path.is_dir() { files_below(&path) } else { vec![path] };
    paths.flat_map(below).filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}
