//! Which key in the KMS is meant, within the keys of the row's own project.

use tokio::time::Instant;

use super::alias::AliasTemplate;
use super::client::Client;
use super::failure::{Failure, Untrue};
use super::metrics::Operation;
use crate::domain::{Error, KmsKey, KmsKeyId, KmsKeyName, Result};
use crate::vault::RowIds;
use crate::vault::key_wrapper::KeyChoice;

/// Pages of aliases, of a hundred each, that are read of one key. AWS allows fifty aliases of a key.
const PAGES: usize = 5;
const PAGE: i32 = 100;

/// A key of the row's own project.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// What the KMS is asked for: the alias, or where the caller gave an id, that key.
    pub(super) key: String,
    pub(super) alias: String,
    /// As the caller named it, for refusals.
    pub(super) subject: String,
    by_id: bool,
}

/// An alias, and the key that it stands for.
struct Alias {
    name: String,
    key: String,
}

impl Target {
    /// A name becomes the project's alias, without a call. An id is taken only if one of its aliases is one of the
    /// project's: one call, which answers a foreign key and a missing one alike.
    pub(super) async fn find(
        client: &Client,
        template: &AliasTemplate,
        choice: &KeyChoice,
        row: &RowIds<'_>,
        deadline: Instant,
    ) -> Result<Self> {
        match choice {
            KeyChoice::Tenants(KmsKey::Name(name)) => Self::named(template, name, row),
            KeyChoice::Tenants(KmsKey::Id(id)) => {
                let subject = format!("the KMS key '{id}'");
                // Refuses a project that can have no keys before anything is asked.
                template.covers(row.project, "")?;
                let aliases = aliases(client, id, deadline).await.map_err(|failure| failure.about(&subject))?;
                let own =
                    aliases.into_iter().filter(|alias| template.covers(row.project, &alias.name).unwrap_or(false));
                // The same one each time.
                let own = own.min_by(|one, other| one.name.cmp(&other.name));
                let own = own.ok_or_else(|| Failure::Unknown("no alias of this project".to_owned()).about(&subject))?;
                Ok(Self { key: own.key, alias: own.name, subject, by_id: true })
            }
            KeyChoice::Tenants(KmsKey::Both(name, id)) => {
                let named = Self::named(template, name, row)?;
                let aliases = aliases(client, id, deadline).await.map_err(|failure| failure.about(&named.subject))?;
                let own = aliases.into_iter().find(|alias| alias.name == named.alias);
                let own = own.ok_or_else(|| Error::ProtectionUnavailable {
                    reason: "kms_key_name and kms_key_id are not of one key of this project; give one of them"
                        .to_owned(),
                })?;
                Ok(Self { key: own.key, by_id: true, ..named })
            }
            KeyChoice::Alias(alias) => {
                let subject = format!("the KMS key with the alias '{alias}'");
                if !template.covers(row.project, alias)? {
                    let reason = format!("{subject} is not one of this project by vault.kms.alias_template");
                    return Err(Error::ProtectionUnavailable { reason });
                }
                Ok(Self { key: alias.clone(), alias: alias.clone(), subject, by_id: false })
            }
            KeyChoice::Primary => Err(Error::internal("no KMS key was chosen")),
        }
    }

    fn named(template: &AliasTemplate, name: &KmsKeyName, row: &RowIds<'_>) -> Result<Self> {
        let alias = template.alias(row.project, name)?;
        Ok(Self { key: alias.clone(), alias, subject: format!("the KMS key '{name}'"), by_id: false })
    }

    /// The ARN of the key that the KMS used, if it may be the one that was asked for.
    pub(super) fn used(&self, arn: Option<&str>) -> Result<String, Failure> {
        let arn = arn.ok_or(Untrue::Missing("the key's ARN"))?;
        let id = key_id_of(arn).ok_or(Untrue::OtherKey)?;
        if self.by_id && id != self.key {
            return Err(Untrue::OtherKey.into());
        }
        Ok(arn.to_owned())
    }
}

/// The id in the ARN of a key: what follows its last `:key/`.
pub(super) fn key_id_of(arn: &str) -> Option<&str> {
    let (front, id) = arn.rsplit_once(":key/")?;
    (front.starts_with("arn:") && !id.is_empty() && !id.contains('/')).then_some(id)
}

/// All aliases of a key; none where the KMS knows no such key, or does not tell of it.
async fn aliases(client: &Client, id: &KmsKeyId, deadline: Instant) -> Result<Vec<Alias>, Failure> {
    let mut aliases = Vec::new();
    let mut marker = None;
    for _ in 0..PAGES {
        let asked = client
            .ask(Operation::ListAliases, deadline, |sdk| {
                sdk.list_aliases().key_id(id.as_str()).limit(PAGE).set_marker(marker.take()).send()
            })
            .await;
        let page = match asked {
            Ok(page) => page,
            // Which of these it is would tell whether somebody else has such a key.
            Err(failure @ (Failure::Unknown(_) | Failure::Denied(_) | Failure::Other(_))) => {
                tracing::info!("the aliases of a KMS key cannot be listed: {failure}");
                return Ok(Vec::new());
            }
            Err(failure) => return Err(failure),
        };
        marker = page.next_marker().map(str::to_owned);
        let told = page.aliases.unwrap_or_default().into_iter();
        let told = told.filter(|alias| is_of(id, alias.target_key_id(), alias.alias_arn()));
        aliases.extend(told.filter_map(|alias| Some(Alias { name: alias.alias_name?, key: alias.target_key_id? })));
        if marker.is_none() {
            break;
        }
    }
    Ok(aliases)
}

/// Whether an alias stands for the key of this id, and where that is an ARN, in its region and account. The KMS was asked for
/// such aliases alone; one that takes the question lightly must not make another key of this one.
fn is_of(id: &KmsKeyId, target: Option<&str>, alias_arn: Option<&str>) -> bool {
    let Some((place, key)) = id.as_str().rsplit_once(":key/") else { return target == Some(id.as_str()) };
    let alias_place = alias_arn.and_then(|arn| arn.split_once(":alias/"));
    target == Some(key) && alias_place.is_some_and(|(alias_place, _)| alias_place == place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(key: &str, by_id: bool) -> Target {
        Target { key: key.to_owned(), alias: "alias/p/k".to_owned(), subject: String::new(), by_id }
    }

    #[test]
    fn an_alias_stands_for_a_key_of_the_same_id_region_and_account() {
        let alias = "arn:aws:kms:eu-central-1:123456789012:alias/p/k";
        for (id, fits) in [
            ("1234-ab", true),
            ("1234-abc", false),
            ("arn:aws:kms:eu-central-1:123456789012:key/1234-ab", true),
            ("arn:aws:kms:us-east-1:123456789012:key/1234-ab", false),
            ("arn:aws:kms:eu-central-1:999999999999:key/1234-ab", false),
            ("arn:aws:kms:eu-central-1:123456789012:key/34-ab", false),
        ] {
            let id = KmsKeyId::parse(id).expect("is an id");
            assert_eq!(is_of(&id, Some("1234-ab"), Some(alias)), fits, "{id}");
            assert!(!is_of(&id, None, Some(alias)));
        }
    }

    #[test]
    fn an_answer_must_name_a_key_and_where_an_id_was_asked_for_that_one() {
        let arn = "arn:aws:kms:eu-central-1:123456789012:key/1234-ab";
        for (target, arn, fits) in [
            (target("alias/p/k", false), Some(arn), true),
            (target("1234-ab", true), Some(arn), true),
            (target("34-ab", true), Some(arn), false),
            (target("1234-ab", true), Some("arn:aws:kms:eu-central-1:123456789012:key/1234-abc"), false),
            (target("alias/p/k", false), Some("arn:aws:kms:eu-central-1:123456789012:alias/p/k"), false),
            (target("alias/p/k", false), Some("1234-ab"), false),
            (target("alias/p/k", false), Some(""), false),
            (target("alias/p/k", false), None, false),
        ] {
            assert_eq!(target.used(arn).is_ok(), fits, "{target:?} {arn:?}");
        }
    }
}
