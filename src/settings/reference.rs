//! The reference of all settings, from the comments in the built-in defaults.

use super::DEFAULTS;

const HEAD: &str = "\
# Every setting

Made by `keypaird config reference` from the comments in [config/default.toml](../config/default.toml), and in its order. How settings
are given, and which of several holds, stands in [configuration](configuration.md). `\"\"` means \"not set\"; a list is `a,b` in a variable or flag.
";

/// Flags of their own, besides `--set`.
const FLAGS: [(&str, &str); 2] = [("http.listen", "--listen"), ("data.dir", "--data-dir")];

/// A page in Markdown: each setting with its meaning, default, variable and flag.
#[must_use]
pub fn reference() -> String {
    let mut page = HEAD.to_owned();
    let mut section = None;
    let mut comment = String::new();
    for line in DEFAULTS.lines() {
        if let Some(text) = line.strip_prefix("# ") {
            comment += text;
            comment.push('\n');
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            page += &format!("\n## {name}\n");
            section = Some(name);
        } else if let Some((key, default)) = line.split_once(" = ") {
            let name = section.map_or_else(|| key.to_owned(), |section| format!("{section}.{key}"));
            page += &entry(&name, default, &comment);
        }
        comment.clear();
    }
    page
}

/// `comment` ends with its last line's end.
fn entry(name: &str, default: &str, comment: &str) -> String {
    let variable = format!("KEYPAIRD__{}", name.replace('.', "__").to_uppercase());
    let short = FLAGS.iter().find(|(setting, _)| *setting == name).map(|(_, flag)| format!(" or `{flag}`"));
    let short = short.unwrap_or_default();
    format!("\n### `{name}`\n\n{comment}\nDefault `{default}`, variable `{variable}`, flag `--set {name}=…`{short}.\n")
}
