//! Which alias in the KMS stands for a tenant's key: no two pairs of project and name ever share one.

use crate::domain::{Error, KmsKeyName, ProjectId, Result};

const PROJECT: &str = "{project_id}";
const NAME: &str = "{kms_key_name}";
/// The longest alias, in characters (AWS).
const LONGEST: usize = 256;

/// `vault.kms.alias_template`, taken apart.
///
/// That two pairs of project and name never meet in one alias holds by this: the project's id stands first and has no
/// slash in it, a slash follows before the name, and the name comes last. So the alias can be taken apart again.
#[derive(Clone, Debug)]
pub(super) struct AliasTemplate {
    before: String,
    /// Between project and name; `None` where all projects have the same keys.
    between: Option<String>,
}

impl AliasTemplate {
    /// Says what to do about a template that cannot be used.
    pub(super) fn parse(written: &str, shared_keys: bool) -> Result<Self, String> {
        let (front, behind) = written.split_once(NAME).ok_or_else(|| format!("it must contain {NAME}"))?;
        if !behind.is_empty() {
            return Err(format!("it must end with {NAME}"));
        }
        let template = match front.split_once(PROJECT) {
            Some((before, between)) => Self { before: before.to_owned(), between: Some(between.to_owned()) },
            None => Self { before: front.to_owned(), between: None },
        };
        template.check(shared_keys)?;
        Ok(template)
    }

    fn check(&self, shared_keys: bool) -> Result<(), String> {
        let Self { before, between } = self;
        if !before.starts_with("alias/") {
            return Err("it must begin with alias/".to_owned());
        }
        if before.starts_with("alias/aws/") {
            return Err("aliases below alias/aws/ are AWS's own".to_owned());
        }
        match between {
            None if !shared_keys => {
                return Err(format!(
                    "without {PROJECT} every project could use every other's keys; add it, or say that the keys are meant \
                     for all by vault.kms.shared_keys = true"
                ));
            }
            Some(between) if !between.contains('/') => {
                return Err(format!("there must be a '/' between {PROJECT} and {NAME}"));
            }
            None | Some(_) => {}
        }
        let literal = [before.as_str(), between.as_deref().unwrap_or_default()];
        if !literal.iter().all(|text| text.chars().all(|c| fits_in_a_segment(c) || c == '/')) {
            return Err(format!("it may hold letters, digits, '/', '_' and '-' beside one {PROJECT} and one {NAME}"));
        }
        Ok(())
    }

    /// The alias of a project's key of this name. `ProtectionUnavailable` if the project's id cannot stand in one.
    pub(super) fn alias(&self, project: Option<&ProjectId>, name: &KmsKeyName) -> Result<String> {
        let alias = format!("{}{name}", self.prefix(project)?);
        if alias.len() > LONGEST {
            return Err(refused("the project's id and the key's name are too long for a KMS alias"));
        }
        Ok(alias)
    }

    /// Whether an alias is that of a key of this project.
    pub(super) fn covers(&self, project: Option<&ProjectId>, alias: &str) -> Result<bool> {
        let prefix = self.prefix(project)?;
        Ok(alias.strip_prefix(&prefix).is_some_and(|name| KmsKeyName::parse(name).is_ok()))
    }

    /// What comes before the name.
    fn prefix(&self, project: Option<&ProjectId>) -> Result<String> {
        let Self { before, between } = self;
        let prefix = match between {
            None => before.clone(),
            Some(between) => {
                let project =
                    project.ok_or_else(|| refused("a KMS key belongs to a project, and there is none here"))?;
                if !project.as_str().chars().all(fits_in_a_segment) {
                    let reason =
                        "the project's id cannot stand in a KMS alias: it must have letters, digits, '_' and '-'";
                    return Err(refused(reason));
                }
                format!("{before}{project}{between}")
            }
        };
        if prefix.to_ascii_lowercase().starts_with("alias/aws/") {
            return Err(refused("the project's keys would be AWS's own"));
        }
        Ok(prefix)
    }
}

/// What an alias may hold (AWS), but for the slash.
fn fits_in_a_segment(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

fn refused(why: &str) -> Error {
    Error::ProtectionUnavailable { reason: format!("{why}; use encryption type 'default'") }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    const DEFAULT: &str = "alias/{project_id}/{kms_key_name}";

    fn project(id: &str) -> ProjectId {
        ProjectId::parse(id).expect("is an id")
    }

    fn name(written: &str) -> KmsKeyName {
        KmsKeyName::parse(written).expect("is a name")
    }

    #[test]
    fn a_template_says_whose_key_it_is_unless_keys_are_shared() {
        for (template, shared, fits) in [
            (DEFAULT, false, true),
            ("alias/keypaird/{project_id}/kps/{kms_key_name}", false, true),
            ("alias/p-{project_id}_x/{kms_key_name}", false, true),
            ("alias/{kms_key_name}", false, false),
            ("alias/{kms_key_name}", true, true),
            ("alias/{project_id}/{kms_key_name}", true, true),
            ("{project_id}/{kms_key_name}", false, false),
            ("alias/{project_id}", false, false),
            ("alias/{project_id}-{kms_key_name}", false, false),
            ("alias/{project_id}{kms_key_name}", false, false),
            ("alias/{kms_key_name}/{project_id}", false, false),
            ("alias/{project_id}/{kms_key_name}/x", false, false),
            ("alias/{project_id}/{project_id}/{kms_key_name}", false, false),
            ("alias/{project_id}/{kms_key_name}{kms_key_name}", false, false),
            ("alias/{project_id}/a b/{kms_key_name}", false, false),
            ("alias/{user_id}/{kms_key_name}", true, false),
            ("alias/aws/{project_id}/{kms_key_name}", false, false),
            ("", true, false),
        ] {
            assert_eq!(AliasTemplate::parse(template, shared).is_ok(), fits, "{template:?}, shared: {shared}");
        }
    }

    #[test]
    fn no_two_pairs_of_project_and_name_share_an_alias() {
        let ids = [
            "a", "a/b", "a-b", "kps", "default", "a/kps", "b", "a_b", "A", "x", "ax", "a/", "/a", "ä", "a b", "aws",
            ".",
        ];
        let names = ["c", "b", "b-c", "default", "kps/default", "kps", "x", "A", "a"];
        for template in [DEFAULT, "alias/{project_id}x/{kms_key_name}", "alias/x{project_id}/kps/{kms_key_name}"] {
            let template = AliasTemplate::parse(template, false).expect("is a template");
            let mut seen = HashMap::new();
            for (id, key) in ids.iter().flat_map(|id| names.iter().map(move |key| (*id, *key))) {
                let Ok(alias) = template.alias(Some(&project(id)), &name(key)) else { continue };
                assert_eq!(template.covers(Some(&project(id)), &alias).ok(), Some(true));
                if let Some(other) = seen.insert(alias.clone(), (id, key)) {
                    panic!("{alias} is of {id:?} {key:?} and of {other:?}");
                }
                for other in ids.iter().filter(|other| **other != id) {
                    assert_ne!(template.covers(Some(&project(other)), &alias).ok(), Some(true), "{alias} for {other}");
                }
            }
        }
    }

    #[test]
    fn a_project_whose_id_cannot_stand_in_an_alias_has_no_key() {
        let template = AliasTemplate::parse(DEFAULT, false).expect("is a template");
        let long = "p".repeat(250);
        for id in ["a/b", "a b", "a:b", "ä", "aws", "AWS", "..", long.as_str()] {
            let refused = template.alias(Some(&project(id)), &name("kps/default")).expect_err("is refused");
            assert!(matches!(refused, Error::ProtectionUnavailable { .. }), "{id}: {refused:?}");
        }
        assert!(template.alias(None, &name("c")).is_err());
        let alias = template.alias(Some(&project("5c1f9f6a")), &name("kps/default")).expect("is an alias");
        assert_eq!(alias, "alias/5c1f9f6a/kps/default");
    }

    #[test]
    fn shared_keys_are_everybodys() {
        let template = AliasTemplate::parse("alias/all/{kms_key_name}", true).expect("is a template");
        for id in [None, Some(project("a/b")), Some(project("c"))] {
            assert_eq!(template.alias(id.as_ref(), &name("k")).expect("is an alias"), "alias/all/k");
            assert!(template.covers(id.as_ref(), "alias/all/kps/default").expect("is told"));
            assert!(!template.covers(id.as_ref(), "alias/all/a/b").expect("is told"));
        }
    }
}
