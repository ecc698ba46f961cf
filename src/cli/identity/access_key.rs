//! `keypaird access-key`

use std::time::Duration;

use serde::Serialize;

use super::{CommandError, Output, project_named, user_named};
use crate::app;
use crate::auth::Identity;
use crate::domain::{AccessKey, AccessKeyId, AccessKeyIds, NewAccessKey, Timestamp};
use crate::settings::Settings;

/// Keys with which Huawei's clients sign their requests.
#[derive(clap::Subcommand, Debug)]
pub(in crate::cli) enum AccessKeyCommand {
    /// Make an access key of a user, for one project.
    ///
    /// The secret is shown this once. Requests that are signed with it have the user's roles on that project.
    Create {
        /// Whose; name or id
        #[arg(long)]
        user: String,
        /// For which project; name or id
        #[arg(long)]
        project: String,
        /// Make a temporary key, which is good for so long only and needs the security token that is shown beside it
        #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=LONGEST_LIFETIME))]
        lifetime: Option<u64>,
        #[command(flatten)]
        output: Output,
    },
    /// List all access keys, without their secrets.
    List {
        #[command(flatten)]
        output: Output,
    },
    /// Refuse what an access key signs, until it is enabled again; a running service follows within five seconds.
    Disable {
        /// The key's id
        access_key: String,
    },
    /// Take again what an access key signs.
    Enable {
        /// The key's id
        access_key: String,
    },
    /// Delete an access key; a running service follows within five seconds.
    Delete {
        /// The key's id
        access_key: String,
    },
}

/// A day, as Huawei's own.
const LONGEST_LIFETIME: u64 = 86_400;

/// A key as it was made. Its members are named as OpenStack's client names those of EC2 credentials.
#[derive(Serialize)]
struct Made<'a> {
    access: &'a str,
    secret: &'a str,
    user_id: &'a str,
    project_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    security_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
}

#[derive(Serialize)]
struct Listed {
    access: String,
    user_id: String,
    project_id: String,
    enabled: bool,
    created_at: String,
    expires_at: Option<String>,
}

impl From<AccessKey> for Listed {
    fn from(key: AccessKey) -> Self {
        let AccessKey { ids: AccessKeyIds { id, user, project }, enabled, secret: _, temporary, created_at } = key;
        Self {
            access: id.to_string(),
            user_id: user.to_string(),
            project_id: project.to_string(),
            enabled,
            created_at: shown(created_at),
            expires_at: temporary.map(|temporary| shown(temporary.expires_at)),
        }
    }
}

impl Listed {
    fn cells(&self) -> [String; 6] {
        let Self { access, user_id, project_id, enabled, created_at, expires_at } = self;
        let enabled = if *enabled { "yes" } else { "no" };
        let expires_at = expires_at.clone().unwrap_or_else(|| "never".to_owned());
        [access.clone(), user_id.clone(), project_id.clone(), enabled.to_owned(), created_at.clone(), expires_at]
    }
}

fn shown(time: Timestamp) -> String {
    format!("{time}Z")
}

impl AccessKeyCommand {
    pub(super) async fn run(self, settings: &Settings, identity: &Identity) -> Result<String, CommandError> {
        match self {
            Self::Create { user, project, lifetime, output } => {
                let keys = app::open_access_keys(settings, identity).await?;
                let (user, project) = (user_named(identity, &user).await?, project_named(identity, &project).await?);
                let made = keys.create(user.id, project.id, lifetime.map(Duration::from_secs)).await?;
                print_made(&made, &output)
            }
            Self::List { output } => {
                let listed: Vec<Listed> = identity.access_keys_list().await?.into_iter().map(Listed::from).collect();
                output.list(
                    &listed,
                    ["ACCESS", "USER ID", "PROJECT ID", "ENABLED", "CREATED", "EXPIRES"],
                    Listed::cells,
                )
            }
            Self::Disable { access_key } => {
                change(identity.access_key_set_enabled(&id(&access_key)?, false).await?, "disabled", access_key)
            }
            Self::Enable { access_key } => {
                change(identity.access_key_set_enabled(&id(&access_key)?, true).await?, "enabled", access_key)
            }
            Self::Delete { access_key } => {
                change(identity.access_key_delete(&id(&access_key)?).await?, "deleted", access_key)
            }
        }
    }
}

fn print_made(made: &NewAccessKey, output: &Output) -> Result<String, CommandError> {
    let NewAccessKey { key, secret, security_token } = made;
    let AccessKeyIds { id, user, project } = &key.ids;
    let shown = Made {
        access: id.as_str(),
        secret: secret.expose(),
        user_id: user.as_str(),
        project_id: project.as_str(),
        security_token: security_token.as_ref().map(|token| token.expose()),
        expires_at: key.temporary.map(|temporary| shown(temporary.expires_at)),
    };
    let mut lines = vec![
        ("access", shown.access),
        ("secret", shown.secret),
        ("user_id", shown.user_id),
        ("project_id", shown.project_id),
    ];
    lines.extend(shown.security_token.map(|token| ("security_token", token)));
    lines.extend(shown.expires_at.as_deref().map(|time| ("expires_at", time)));
    output.one(&shown, &lines)
}

fn id(text: &str) -> Result<AccessKeyId, CommandError> {
    AccessKeyId::parse(text).map_err(|_| CommandError::NoSuchAccessKey(text.to_owned()))
}

fn change(was_there: bool, done: &str, access_key: String) -> Result<String, CommandError> {
    if was_there {
        Ok(format!("{done} access key {access_key}\n"))
    } else {
        Err(CommandError::NoSuchAccessKey(access_key))
    }
}
