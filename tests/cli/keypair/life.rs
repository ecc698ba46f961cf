//! What there is to do with key pairs, and in which forms it is printed.

use std::fs;
use std::sync::Mutex;

use serde_json::{Value, json as object};
use tempfile::TempDir;

use super::between::Between;
use super::{Service, clouds, derived, done, failed, json, keypair, made_by_ssh_keygen, names, run, succeeded, text};

#[test]
fn a_key_pair_is_imported_shown_listed_and_deleted() {
    let service = Service::start(&[]);
    let directory = TempDir::new().unwrap();
    let key = made_by_ssh_keygen(directory.path(), "laptop").with_extension("pub");
    let public_key = fs::read_to_string(&key).unwrap();
    let imported = json(&done(&service, &["import", "-f", "json", "--public-key", key.to_str().unwrap(), "laptop"]));
    let shown = json(&done(&service, &["show", "--format", "json", "laptop"]));
    assert_eq!(shown["public_key"], public_key.as_str());
    for member in ["name", "type", "fingerprint", "user_id", "public_key"] {
        assert_eq!(imported[member], shown[member], "{member}");
    }
    assert!(shown["created_at"].is_string());
    assert_eq!(done(&service, &["show", "--public-key", "laptop"]), public_key);

    let listed = json(&done(&service, &["list", "-o", "json"]));
    assert_eq!(listed, object!([{"name": "laptop", "type": "ssh", "fingerprint": shown["fingerprint"]}]));
    assert_eq!(done(&service, &["delete", "laptop"]), "deleted key pair laptop\n");
    assert_eq!(names(&service), Vec::<String>::new());
    let said = failed(&keypair(directory.path(), &clouds(&service), &["delete", "laptop"]).output().unwrap(), 1);
    assert!(said.contains("(HTTP 404, request req-"), "{said}");
}

#[test]
fn each_form_says_the_same() {
    let service = Service::start(&[]);
    done(&service, &["create", "--key-protection", "default", "--algorithm", "ed25519", "web"]);
    let show = |form: &str| done(&service, &["show", "-f", form, "-c", "name", "-c", "Type", "web"]);
    assert_eq!(show("json"), "{\n  \"name\": \"web\",\n  \"type\": \"ssh\"\n}\n");
    assert_eq!(show("yaml"), "name: web\ntype: ssh\n");
    assert_eq!(show("value"), "web\nssh\n");
    assert_eq!(show("table"), "name  web\ntype  ssh\n");
    let list = |form: &str| done(&service, &["list", "-f", form, "-c", "name", "-c", "type"]);
    assert_eq!(list("yaml"), "- name: web\n  type: ssh\n");
    assert_eq!(list("value"), "web ssh\n");
    assert_eq!(list("table"), "NAME  TYPE\nweb   ssh\n");
    let refused = keypair(service.directory.path(), &clouds(&service), &["list", "-c", "size"]).output().unwrap();
    assert_eq!(failed(&refused, 2), "keypaird: there is no column 'size'; there are name, type, fingerprint\n");
}

#[test]
fn a_directory_is_imported_but_for_what_is_wrong_in_it() {
    let service = Service::start(&[]);
    let directory = TempDir::new().unwrap();
    for name in ["alice", "bob"] {
        made_by_ssh_keygen(directory.path(), name);
    }
    fs::write(directory.path().join("mallory.pub"), "ssh-rsa nonsense\n").unwrap();
    let import = ["import", "-f", "value", "-c", "name", "--directory", "."];
    let output = keypair(directory.path(), &clouds(&service), &import).output().unwrap();
    let said = failed(&output, 1);
    assert!(said.contains("mallory.pub: ") && said.ends_with("1 of 3 public keys are not imported\n"), "{said}");
    assert_eq!(text(&output.stdout), "alice\nbob\n");
    let delete = keypair(directory.path(), &clouds(&service), &["delete", "alice", "carol", "bob"]).output().unwrap();
    let said = failed(&delete, 1);
    assert!(said.contains("key pair 'carol': ") && said.ends_with("1 of 3 key pairs are not deleted\n"), "{said}");
    assert_eq!(names(&service), Vec::<String>::new());
}

#[test]
fn a_private_key_is_not_sent_as_a_public_one() {
    let service = Service::start(&[]);
    let directory = TempDir::new().unwrap();
    made_by_ssh_keygen(directory.path(), "laptop");
    let import = ["import", "--public-key", "laptop", "laptop"];
    let said = failed(&keypair(directory.path(), &clouds(&service), &import).output().unwrap(), 2);
    assert!(said.contains("laptop holds a private key, which is not sent"), "{said}");
    assert_eq!(names(&service), Vec::<String>::new());
}

#[test]
fn a_private_key_that_the_service_keeps_is_fetched_in_each_form() {
    let service = Service::start(&[]);
    let directory = TempDir::new().unwrap();
    let own = made_by_ssh_keygen(directory.path(), "own");
    let at = |arguments: &[&str]| keypair(directory.path(), &clouds(&service), arguments).output().unwrap();
    let keep = ["--private-key", "own", "--key-protection", "default"];
    succeeded(&at(&[&["import", "--public-key", "own.pub", "web"], &keep[..]].concat()));
    succeeded(&at(&["export", "--private-key", "as-kept", "web"]));
    succeeded(&at(&["export", "--private-key", "openssh", "--private-key-format", "openssh", "web"]));
    for file in ["as-kept", "openssh"] {
        assert_eq!(derived(&directory.path().join(file)), derived(&own), "{file}");
    }

    fs::write(directory.path().join("passphrase"), "correct horse battery").unwrap();
    let said = failed(&at(&["export", "--private-key", "locked", "--passphrase-file", "passphrase", "web"]), 2);
    assert!(said.contains("chmod 600"), "{said}");
    succeeded(
        &std::process::Command::new("chmod").args(["600"]).arg(directory.path().join("passphrase")).output().unwrap(),
    );
    succeeded(&at(&["export", "--private-key", "locked", "--passphrase-file", "passphrase", "web"]));
    let opened = std::process::Command::new("ssh-keygen")
        .args(["-y", "-P", "correct horse battery", "-f"])
        .arg(directory.path().join("locked"))
        .output()
        .unwrap();
    assert_eq!(super::without_comment(&succeeded(&opened)), derived(&own));

    succeeded(&at(&["import", "--public-key", "own.pub", "bare"]));
    let said = failed(&at(&["export", "--private-key", "none", "bare"]), 1);
    assert!(said.contains("KPS.6005") && said.contains("request req-"), "{said}");
}

#[test]
fn a_list_has_all_pages() {
    let service = Service::start(&[]);
    let directory = TempDir::new().unwrap();
    for name in ["a", "b", "c", "d", "e"] {
        made_by_ssh_keygen(directory.path(), name);
    }
    let import = keypair(directory.path(), &clouds(&service), &["import", "--directory", "."]).output().unwrap();
    succeeded(&import);
    for size in ["1", "2", "5", "7"] {
        let listed = done(&service, &["list", "-f", "value", "-c", "name", "--page-size", size]);
        assert_eq!(listed, "a\nb\nc\nd\ne\n", "{size}");
    }
}

#[test]
fn a_list_ends_where_the_same_page_comes_again() {
    let service = Service::start(&[]);
    let directory = TempDir::new().unwrap();
    made_by_ssh_keygen(directory.path(), "a");
    let import = keypair(directory.path(), &clouds(&service), &["import", "--directory", "."]).output().unwrap();
    succeeded(&import);
    let first = Mutex::new(None);
    let between = Between::start(&service, move |request, answer| {
        if request.contains("limit=1") {
            answer.clone_from(first.lock().unwrap().get_or_insert_with(|| answer.clone()));
        }
    });
    let clouds = between.clouds(&service, directory.path());
    let said = failed(&keypair(directory.path(), &clouds, &["list", "--page-size", "1"]).output().unwrap(), 1);
    assert!(said.contains("cannot be read: the page that begins behind a key pair holds that key pair"), "{said}");
}

#[test]
fn an_administrator_sees_other_users_key_pairs_by_name_and_by_project() {
    let service = Service::start(&[]);
    done(&service, &["create", "--key-protection", "default", "--algorithm", "ed25519", "of-demo"]);
    let admin = |arguments: &[&str]| {
        let mut command = keypair(service.directory.path(), &clouds(&service), arguments);
        command.env("OS_CLOUD", "keypaird-admin").output().unwrap()
    };
    let by_user = json(&succeeded(&admin(&["list", "-f", "json", "--user", "demo"])));
    let by_project = json(&succeeded(&admin(&["list", "-f", "json", "--project", "demo"])));
    assert_eq!(by_user[0]["name"], "of-demo");
    let of_demo: Vec<&Value> = by_project.as_array().unwrap().iter().filter(|it| it["name"] == "of-demo").collect();
    assert_eq!(of_demo.len(), 1, "{by_project}");
    let user = of_demo[0]["user_id"].as_str().unwrap();
    assert_eq!(json(&succeeded(&admin(&["show", "-f", "json", "--user", user, "of-demo"])))["user_id"], user);
    assert_eq!(failed(&admin(&["list", "--user", "nobody"]), 1), "keypaird: there is no user 'nobody'\n");
    assert_eq!(succeeded(&admin(&["list", "-f", "json"])), "[]\n");
    assert_eq!(succeeded(&admin(&["delete", "--user", "demo", "of-demo"])), "deleted key pair of-demo\n");
    assert_eq!(names(&service), Vec::<String>::new());
}

#[test]
fn each_command_has_a_help_text() {
    for command in ["create", "import", "list", "show", "export", "delete"] {
        let output = run(TempDir::new().unwrap().path(), &["keypair", command, "--help"]);
        let help = text(&output.stdout);
        assert!(output.status.success() && help.contains("Examples:") && help.contains("--os-cloud"), "{command}");
        assert!(!help.contains("--data-dir"), "the service's settings are none of its business");
    }
}
