//! Which service is asked, and who asks.

use std::collections::BTreeMap;
use std::io::{IsTerminal, stdin};
use std::time::Duration;

use crate::cli::Failure;
use crate::client::{Cloud, Options, Patience, Places, Session, options_of};
use crate::domain::SecretText;

/// As openstackclient takes them.
#[derive(clap::Args)]
#[command(next_help_heading = "Login")]
pub(in crate::cli) struct LoginArguments {
    /// Log in as clouds.yaml says of this cloud
    ///
    /// The file is that of OS_CLIENT_CONFIG_FILE, or else clouds.yaml in the working directory, ~/.config/openstack or
    /// /etc/openstack; a secure.yaml there is laid over it. Without a name, OS_AUTH_URL and the variables beside it say who logs
    /// in; without those, the only cloud of the file.
    #[arg(long, value_name = "NAME", env = "OS_CLOUD", hide_env_values = true)]
    os_cloud: Option<String>,
    /// Use the service of this region
    #[arg(long, value_name = "NAME", env = "OS_REGION_NAME", hide_env_values = true)]
    os_region_name: Option<String>,
    /// Use this of the service's addresses: public, internal or admin
    #[arg(long, value_name = "NAME", env = "OS_INTERFACE", hide_env_values = true)]
    os_interface: Option<String>,
    /// Trust the authorities in this PEM file, and no others
    #[arg(long, value_name = "FILE", env = "OS_CACERT", hide_env_values = true)]
    os_cacert: Option<String>,
    /// Talk to a server whatever its certificate says: to be used on test machines only
    #[arg(long)]
    insecure: bool,
    /// Ask a service that is busy again for so long, in all
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(..=3600))]
    wait: u64,
}

impl LoginArguments {
    pub(in crate::cli) async fn session(&self) -> Result<Session, Failure> {
        let cloud = self.cloud()?;
        Session::open(&cloud, Patience(Duration::from_secs(self.wait))).await.map_err(Failure::other)
    }

    fn cloud(&self) -> Result<Cloud, Failure> {
        let mut options = self.options()?;
        if Cloud::lacks_password(&options) && stdin().is_terminal() {
            let password = rpassword::prompt_password("Password: ").map_err(Failure::other)?;
            options.set("password", SecretText::new(password));
        }
        Cloud::read(options).map_err(Failure::unusable)
    }

    fn options(&self) -> Result<Options, Failure> {
        let environment: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let wanted = self.os_cloud.as_deref().filter(|name| !name.is_empty());
        let places = Places::of_environment(|name| environment.get(name).cloned());
        let mut options = match wanted {
            None if environment.get("OS_AUTH_URL").is_some_and(|url| !url.is_empty()) => {
                Options::of_environment(environment)
            }
            wanted => options_of(wanted, &places).map_err(Failure::unusable)?,
        };
        let given = [
            ("region_name", &self.os_region_name),
            ("interface", &self.os_interface),
            ("cacert", &self.os_cacert),
            ("insecure", &self.insecure.then(|| "true".to_owned())),
        ];
        for (name, value) in given {
            if let Some(value) = value.as_ref().filter(|value| !value.is_empty()) {
                options.set(name, SecretText::new(value.clone()));
            }
        }
        Ok(options)
    }
}
