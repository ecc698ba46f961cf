//! Reads as much of a source file as the rules need: its layer, its lines, and the paths into this crate.

use std::ops::Range;
use std::path::{Path, PathBuf};

/// A file of `src/`, with its comments and literals blanked out.
pub(super) struct Source {
    pub(super) path: PathBuf,
    /// `["http", "nova", "view"]` for `http/nova/view.rs`.
    pub(super) module: Vec<String>,
    pub(super) code: String,
    /// Where the tests module starts; the length of the code where there is none.
    pub(super) tests_start: usize,
    pub(super) imports: Vec<Import>,
}

/// A path into this crate, from its root.
pub(super) struct Import {
    pub(super) path: Vec<String>,
    pub(super) offset: usize,
    /// `crate::…` rather than `super::…`.
    pub(super) written_from_root: bool,
}

impl Source {
    pub(super) fn new(path: PathBuf, text: &str) -> Self {
        let module = module_of(&path);
        let code = blanked(text);
        let is_test = path.file_name().is_some_and(|name| name == "tests.rs");
        let tests_start = if is_test { 0 } else { start_of_tests(&code) };
        let imports = imports_of(&code, &module);
        Self { path, module, code, tests_start, imports }
    }

    pub(super) fn layer(&self) -> &str {
        self.module.first().map_or("lib", String::as_str)
    }

    pub(super) fn at(&self, offset: usize, complaint: &str) -> String {
        let line = 1 + self.code[..offset].matches('\n').count();
        format!("src/{}:{line}: {complaint}", self.path.display())
    }
}

impl Import {
    pub(super) fn top(&self) -> &str {
        self.path.first().map_or("", String::as_str)
    }
}

/// Where `#[cfg(test)] mod …` starts, whatever attributes stand between the two.
fn start_of_tests(code: &str) -> usize {
    let marks_a_module = |&(offset, _): &(usize, &str)| {
        code[offset..].lines().find(|line| !line.starts_with("#[")).is_some_and(|line| line.starts_with("mod "))
    };
    code.match_indices("#[cfg(test)]\n").find(marks_a_module).map_or(code.len(), |(offset, _)| offset)
}

fn module_of(path: &Path) -> Vec<String> {
    let parts = path.with_extension("");
    parts.iter().map(|part| part.to_string_lossy().into_owned()).filter(|part| part != "mod").collect()
}

/// Every path that starts with `crate::`, `super::` or, in `main.rs`, `keypaird::`, wherever in the code it stands.
fn imports_of(code: &str, module: &[String]) -> Vec<Import> {
    let mut imports = Vec::new();
    for root in ["crate::", "keypaird::", "super::"] {
        for (offset, _) in code.match_indices(root).filter(|&(offset, _)| starts_a_path(code, offset)) {
            let mut parent = module.len();
            let mut rest = &code[offset..];
            while let Some(further) = rest.strip_prefix("super::") {
                (parent, rest) = (parent.saturating_sub(1), further);
            }
            let written_from_root = root != "super::";
            let base = if written_from_root { &[] } else { &module[..parent] };
            let rest = if written_from_root { &code[offset + root.len()..] } else { rest };
            let mut paths = Vec::new();
            read_tree(rest, base, &mut paths);
            imports.extend(paths.into_iter().map(|path| Import { path, offset, written_from_root }));
        }
    }
    imports
}

/// Whether the word at `offset` begins a path: nothing that belongs to a word or a path stands before it.
fn starts_a_path(code: &str, offset: usize) -> bool {
    !code[..offset].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
}

/// Reads what follows `crate::`, nested groups included, into `paths`; gives what comes after it.
fn read_tree<'a>(text: &'a str, base: &[String], paths: &mut Vec<Vec<String>>) -> &'a str {
    if let Some(mut rest) = text.strip_prefix('{') {
        while !rest.is_empty() && !rest.starts_with('}') {
            let item = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
            rest = if item.starts_with('}') { item } else { read_tree(item, base, paths) };
            // ` as name` and white space after an item.
            rest = &rest[rest.find([',', '}', '{']).unwrap_or(rest.len())..];
        }
        return rest.strip_prefix('}').unwrap_or(rest);
    }
    let word = text.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '*').unwrap_or(text.len());
    let path = [base, &[text[..word].to_owned()]].concat();
    match text[word..].strip_prefix("::") {
        Some(rest) if rest.starts_with(|c: char| c == '{' || c == '*' || c == '_' || c.is_alphabetic()) => {
            read_tree(rest, &path, paths)
        }
        _ => {
            paths.push(path);
            &text[word..]
        }
    }
}

/// The text with comments, strings and character literals replaced by blanks of the same length; lines stay lines.
fn blanked(text: &str) -> String {
    let mut code = text.as_bytes().to_vec();
    let mut at = 0;
    while at < code.len() {
        let Some(literal) = literal_at(text, at) else {
            at += 1;
            continue;
        };
        at = literal.end;
        code[literal].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
    }
    String::from_utf8(code).expect("whole characters were replaced")
}

/// The comment or literal that starts at `at`.
fn literal_at(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = text.as_bytes().get(at..)?;
    let after = |start: usize, end: &str| {
        let found = text.get(at + start..).and_then(|tail| tail.find(end));
        found.map_or(text.len(), |found| at + start + found + end.len())
    };
    match rest {
        [b'/', b'/', ..] => Some(at..after(2, "\n")),
        [b'/', b'*', ..] => Some(at..after(2, "*/")),
        [b'r', b'"', ..] => Some(at..after(2, "\"")),
        [b'r', b'#', b'"', ..] => Some(at..after(3, "\"#")),
        [b'"', ..] => Some(at..string_end(text, at + 1)),
        [b'\'', b'\\', ..] => Some(at..after(3, "'")),
        [b'\'', _, b'\'', ..] => Some(at..at + 3),
        _ => None,
    }
}

fn string_end(text: &str, start: usize) -> usize {
    let mut escaped = false;
    for (offset, byte) in text.bytes().enumerate().skip(start) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return offset + 1,
            _ => {}
        }
    }
    text.len()
}
