//! Query parameters: what each version knows of them, and the link to the next page.

use percent_encoding::percent_decode;

use super::error::Error;
use super::microversion::Microversion;
use super::python::repr_text;
use super::schema::unexpected_names;
use crate::domain::{Error as DomainError, KeyPairName, ListedKeyPair, Marker, Page, ProjectId, UserId};
use crate::service::Whose;

/// The longest page, also where no limit is given: Nova's `[api] max_limit`.
const LONGEST_PAGE: usize = 1000;

/// What a query may be about.
#[derive(Clone, Copy)]
pub(super) enum Target {
    List,
    KeyPair,
    QuotaSet,
    Limits,
    Extensions,
}

/// The parameters of a query that its version knows.
pub(super) struct Query {
    user_id: Option<String>,
    limit: Option<String>,
    marker: Option<String>,
    tenant_id: Option<String>,
    version: Microversion,
}

impl Query {
    /// Checks and reads a raw query. Of repeated parameters, the first `user_id` and the last of all others count.
    pub(super) fn read(raw: &str, target: Target, version: Microversion) -> Result<Self, Error> {
        let pairs = decode(raw)?;
        let known = known(target, version);
        let values = |name: &str| -> Vec<String> {
            let wanted = known.contains(&name);
            pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| value.clone()).filter(|_| wanted).collect()
        };
        let (mut user_ids, mut limits, mut markers): (Vec<_>, Vec<_>, Vec<_>) =
            (values("user_id"), values("limit"), values("marker"));
        limits.iter().try_for_each(|limit| check_limit(limit))?;
        let unknown: Vec<&str> = pairs.iter().map(|(key, _)| key.as_str()).filter(|key| !known.contains(key)).collect();
        if version >= strict_from(target) && !unknown.is_empty() {
            return Err(Error::schema(unexpected_names(unknown)));
        }
        user_ids.truncate(1);
        let tenant_id = values("tenant_id").pop();
        Ok(Self { user_id: user_ids.pop(), limit: limits.pop(), marker: markers.pop(), tenant_id, version })
    }

    /// Whose key pairs are asked for; an empty `user_id` counts as absent (recorded).
    pub(super) fn whose(&self) -> Result<Whose, DomainError> {
        match self.user_id.as_deref() {
            None | Some("") => Ok(Whose::Callers),
            Some(user_id) => Ok(Whose::User(UserId::parse(user_id)?)),
        }
    }

    /// Whose limits are asked for in a project; an empty `user_id` counts as absent.
    pub(super) fn user(&self) -> Result<Option<UserId>, DomainError> {
        let user_id = self.user_id.as_deref().filter(|user_id| !user_id.is_empty());
        user_id.map(UserId::parse).transpose()
    }

    /// The project whose limits are asked for.
    pub(super) fn tenant(&self) -> Result<Option<ProjectId>, DomainError> {
        self.tenant_id.as_deref().map(ProjectId::parse).transpose()
    }

    /// The page that is asked for. A marker that cannot be a name cannot be found either.
    pub(super) fn page(&self) -> Result<Page, DomainError> {
        let limit = if self.version >= Microversion::PAGED_LIST { self.limit() } else { usize::MAX };
        let marker = self
            .marker
            .as_deref()
            .map(|raw| KeyPairName::parse(raw).map_err(|_| DomainError::MarkerNotFound(raw.to_owned())));
        Ok(Page { limit, marker: marker.transpose()?.map(Marker::KeyPair) })
    }

    /// The limit, cut to the longest page. One of more digits than fit is larger than that, too.
    fn limit(&self) -> usize {
        let asked = self.limit.as_deref().map(|digits| digits.parse().unwrap_or(usize::MAX));
        asked.unwrap_or(LONGEST_PAGE).min(LONGEST_PAGE)
    }

    /// The query of the next page, given whenever a page is full, even if nothing follows (recorded).
    pub(super) fn next_page(&self, page: &[ListedKeyPair]) -> Option<String> {
        let last = page.last()?;
        if self.version < Microversion::PAGED_LIST || page.len() != self.limit() {
            return None;
        }
        // In Nova's order: sorted, but a marker that was not in the request comes last.
        let mut parameters = form_urlencoded::Serializer::new(String::new());
        let marker = last.name.as_str();
        parameters.extend_pairs(self.limit.as_deref().map(|limit| ("limit", limit)));
        parameters.extend_pairs(self.marker.as_deref().map(|_| ("marker", marker)));
        parameters.extend_pairs(self.user_id.as_deref().map(|user_id| ("user_id", user_id)));
        parameters.extend_pairs(self.marker.is_none().then_some(("marker", marker)));
        Some(parameters.finish())
    }
}

/// The parameters that a version knows; others are ignored until [`strict_from`].
fn known(target: Target, version: Microversion) -> &'static [&'static str] {
    match target {
        Target::List if version >= Microversion::PAGED_LIST => &["user_id", "limit", "marker"],
        Target::List | Target::KeyPair if version >= Microversion::USER_ID => &["user_id"],
        Target::List | Target::KeyPair => &[],
        Target::QuotaSet => &["user_id"],
        Target::Limits => &["tenant_id"],
        Target::Extensions => &[],
    }
}

/// The version from which on other parameters are refused.
fn strict_from(target: Target) -> Microversion {
    match target {
        Target::List | Target::KeyPair | Target::QuotaSet | Target::Limits => Microversion::STRICT_QUERY,
        Target::Extensions => Microversion::STRICT_EXTENSIONS_QUERY,
    }
}

fn check_limit(limit: &str) -> Result<(), Error> {
    let reason = if limit.is_empty() {
        "'' should be non-empty".to_owned()
    } else if !limit.bytes().all(|b| b.is_ascii_digit()) {
        format!("{} does not match '^[0-9]*$'", repr_text(limit))
    } else {
        return Ok(());
    };
    Err(Error::schema(format!("Invalid input for query parameters limit. Value: {limit}. {reason}")))
}

/// Splits at `&` and `;` (recorded), and decodes `+` and percent escapes.
fn decode(raw: &str) -> Result<Vec<(String, String)>, Error> {
    raw.split(['&', ';'])
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode_part(key)?, decode_part(value)?))
        })
        .collect()
}

fn decode_part(part: &str) -> Result<String, Error> {
    let spaced = part.replace('+', " ");
    let decoded = percent_decode(spaced.as_bytes()).decode_utf8();
    decoded.map(String::from).map_err(|_| Error::schema("Query string is not UTF-8 encoded".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(query: &str, target: Target, version: Microversion) -> Option<String> {
        Query::read(query, target, version).err().map(|error| error.fault().message)
    }

    #[test]
    fn a_limit_has_digits_only() {
        let told = |query| told(query, Target::List, Microversion::PAGED_LIST).unwrap_or_default();
        let begin = "Invalid input for query parameters limit. Value: ";
        assert_eq!(told("limit=-1"), format!("{begin}-1. '-1' does not match '^[0-9]*$'"));
        assert_eq!(told("limit="), format!("{begin}. '' should be non-empty"));
        assert_eq!(told("limit=x&limit=1"), format!("{begin}x. 'x' does not match '^[0-9]*$'"));
        assert_eq!(told("limit=007"), "");
    }

    #[test]
    fn unknown_parameters_are_refused_from_2_75_on() {
        let strict = Microversion::STRICT_QUERY;
        assert_eq!(told("zzz=1", Target::List, Microversion::PAGED_LIST), None);
        let both = "Additional properties are not allowed ('aaa', 'zzz' were unexpected)";
        assert_eq!(told("zzz=1&aaa&zzz", Target::List, strict).as_deref(), Some(both));
        let limit = "Additional properties are not allowed ('limit' was unexpected)";
        assert_eq!(told("limit=1", Target::KeyPair, strict).as_deref(), Some(limit));
    }

    #[test]
    fn a_query_that_is_not_utf8_is_refused_at_any_version() {
        let expected = Some("Query string is not UTF-8 encoded".to_owned());
        assert_eq!(told("a=%ff", Target::KeyPair, Microversion::OLDEST), expected);
    }

    #[test]
    fn the_first_user_and_the_last_limit_count() {
        let raw = "user_id=a;user_id=b&limit=1&limit=2";
        let query = Query::read(raw, Target::List, Microversion::NEWEST).expect("is a query");
        assert_eq!(query.whose().expect("is a user"), Whose::User(UserId::parse("a").expect("is an id")));
        assert_eq!(query.page().expect("is a page").limit, 2);
    }

    #[test]
    fn a_page_has_at_most_1000_and_none_before_2_35() {
        for (raw, version, limit) in [
            ("", Microversion::PAGED_LIST, 1000),
            ("limit=5000", Microversion::PAGED_LIST, 1000),
            ("limit=99999999999999999999999999", Microversion::PAGED_LIST, 1000),
            ("limit=0", Microversion::PAGED_LIST, 0),
            ("limit=1", Microversion::USER_ID, usize::MAX),
        ] {
            let query = Query::read(raw, Target::List, version).expect(raw);
            assert_eq!(query.page().expect(raw).limit, limit, "{raw}");
        }
    }
}
