//! What is a call, in which form it comes and in which it is answered.

use uuid::Uuid;

use super::{PASSED, refusal};
use crate::support::TestApp;
use crate::support::access_key::{Key, key_of};
use crate::support::alibaba::{ECS, Sent, acs3, call, date, encode, in_form, in_query, rpc};

const NAMED: [(&str, &str); 2] = [("Version", ECS), ("Action", "NoSuchAction")];

fn nobody() -> Key {
    Key { access: "x".to_owned(), secret: "x".to_owned(), security_token: None, project: String::new() }
}

/// The parameters of a good request but for those names.
fn without(key: &Key, names: &[&str]) -> Vec<(String, String)> {
    rpc(key, "POST", &NAMED).into_iter().filter(|(name, _)| !names.contains(&name.as_str())).collect()
}

fn form(body: &str) -> Sent {
    Sent { body: body.to_owned(), ..in_form(&[]) }
}

fn bare(method: &str, query: &str, headers: &[(&str, &str)]) -> Sent {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Sent { method: method.to_owned(), query: query.to_owned(), headers, body: String::new() }
}

#[actix_web::test]
async fn a_request_for_the_root_is_a_call_where_anything_about_it_is_alibabas() {
    let app = TestApp::spawn().await;
    for sent in [
        bare("GET", "Action=DescribeRegions", &[]),
        bare("POST", "Action", &[]),
        bare("GET", "Signature=x", &[]),
        bare("GET", "Version=2014-05-26&AccessKeyId=x", &[]),
        bare("GET", "", &[("x-acs-anything", "x")]),
        bare("GET", "", &[("Authorization", "ACS3-HMAC-SM3 x")]),
        bare("GET", "", &[("Authorization", "Bearer x"), ("Authorization", "ACS3-RSA-SHA256 x")]),
        form("Action=DescribeRegions"),
        form("Version=2014-05-26&AccessKeyId=x"),
        Sent { query: "Version=2014-05-26".to_owned(), ..form("AccessKeyId=x") },
        Sent {
            headers: vec![("Content-Type".to_owned(), "Application/X-WWW-Form-Urlencoded; charset=utf-8".to_owned())],
            ..form("Signature=x")
        },
    ] {
        let answer = sent.to(&app).await;
        let code = answer.body["Code"].as_str();
        assert!(code.is_some(), "{} /?{} {:?} {}: {}", sent.method, sent.query, sent.headers, sent.body, answer.text);
    }
}

#[actix_web::test]
async fn every_other_request_for_the_root_gets_novas_versions_as_ever() {
    let app = TestApp::spawn().await;
    let versions = bare("GET", "", &[]).to(&app).await.expect(200);
    assert!(versions.body["versions"].is_array());
    let json =
        |body: &str| Sent { headers: vec![("Content-Type".to_owned(), "application/json".to_owned())], ..form(body) };
    for sent in [
        bare("GET", "Version=2014-05-26", &[]),
        bare("GET", "AccessKeyId=x", &[]),
        bare("GET", "action=x&signature=x", &[]),
        bare("POST", "", &[("x-sdk-date", "x")]),
        bare("GET", "", &[("Authorization", "SDK-HMAC-SHA256 x")]),
        bare("GET", "", &[("X-Auth-Token", "x")]),
        form("a=b"),
        form(""),
        form("version=Action"),
        json("Action=DescribeRegions"),
        json(r#"{"Action":"DescribeRegions"}"#),
    ] {
        let answer = sent.to(&app).await;
        assert_eq!((answer.code(), &answer.text), (200, &versions.text), "/?{} {:.60}", sent.query, sent.body);
        assert_eq!(answer.header("Content-Type"), versions.header("Content-Type"));
    }
}

#[actix_web::test]
async fn only_get_and_post_are_calls() {
    let app = TestApp::spawn().await;
    for method in ["PUT", "DELETE", "PATCH", "PROPFIND"] {
        let answer = bare(method, "Action=DescribeRegions&Format=nonsense", &[]).to(&app).await;
        assert_eq!(refusal(&answer), (405, "UnsupportedHTTPMethod"), "{method}");
        assert_eq!(answer.header("Allow"), ["GET, POST"]);
    }
    let head = bare("HEAD", "Action=DescribeRegions", &[]).to(&app).await;
    assert_eq!((head.code(), head.text.as_str()), (405, ""));
    bare("OPTIONS", "Action=DescribeRegions", &[]).to(&app).await.expect(200);
}

#[actix_web::test]
async fn an_error_has_the_same_members_in_json_and_in_xml() {
    let app = TestApp::spawn().await;
    let host = app.address.to_string();
    let json = in_query("GET", &without(&nobody(), &["Format", "Timestamp"])).to(&app).await.expect(400);
    assert_eq!(json.header("Content-Type"), ["application/json;charset=utf-8"]);
    let members: Vec<_> = json.body.as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["Code", "HostId", "Message", "Recommend", "RequestId"]);
    assert_eq!((&json.body["Code"], &json.body["HostId"]), (&"MissingTimestamp".into(), &host.as_str().into()));
    assert_eq!(json.body["Message"], "Timestamp is mandatory for this action.");
    let id = json.body["RequestId"].as_str().unwrap();
    assert!(Uuid::parse_str(id).is_ok() && id == id.to_uppercase() && id.len() == 36, "{id}");
    assert_eq!(json.header("x-acs-request-id"), [id]);
    assert!(json.body["Recommend"].as_str().unwrap().contains(id));

    let mut parameters = without(&nobody(), &["Format", "Timestamp"]);
    parameters.push(("Format".to_owned(), "xMl".to_owned()));
    let xml = in_form(&parameters).to(&app).await.expect(400);
    assert_eq!(xml.header("Content-Type"), ["text/xml;charset=utf-8"]);
    let id = xml.header("x-acs-request-id")[0];
    assert_eq!(
        xml.text,
        format!(
            "<?xml version='1.0' encoding='UTF-8'?><Error><RequestId>{id}</RequestId><HostId>{host}</HostId>\
             <Code>MissingTimestamp</Code><Message>Timestamp is mandatory for this action.</Message>\
             <Recommend>Ask whoever runs this service about MissingTimestamp of request {id}.</Recommend></Error>"
        )
    );
}

#[actix_web::test]
async fn without_a_format_the_setting_decides_for_the_older_signature_and_json_is_the_newer_ones() {
    for (setting, media_type) in [("json", "application/json;charset=utf-8"), ("xml", "text/xml;charset=utf-8")] {
        let app = TestApp::spawn_with(&[("alibaba.default_format", setting)]).await;
        let key = key_of(&app, &app.demo, None).await;
        let answer = in_query("POST", &rpc(&key, "POST", &[&NAMED[..], &[("Format", "")]].concat())).to(&app).await;
        assert_eq!((answer.code(), &answer.header("Content-Type")[..]), (404, &[media_type][..]));
        let answer = acs3(&app, &key, &[], &[], "").to(&app).await.expect(404);
        assert_eq!(answer.header("Content-Type"), ["application/json;charset=utf-8"]);
        let answer = acs3(&app, &key, &[], &[("Format", "XML")], "").to(&app).await.expect(404);
        assert_eq!(answer.header("Content-Type"), ["text/xml;charset=utf-8"]);
    }
}

#[actix_web::test]
async fn no_text_of_a_caller_breaks_an_answer_in_xml() {
    let app = TestApp::spawn().await;
    let key = key_of(&app, &app.demo, None).await;
    let wrong = Key { secret: "x".to_owned(), ..key };
    let answer = acs3(&app, &wrong, &[("user-agent", "<a>&]]>")], &[("Format", "XML")], "").to(&app).await.expect(400);
    assert!(answer.text.contains("user-agent:&lt;a&gt;&amp;]]&gt;"), "{}", answer.text);
}

/// Each check, by a request that fails it and all that come after.
#[actix_web::test]
async fn checks_are_in_the_gateways_order() {
    let app = TestApp::spawn().await;
    let key = key_of(&app, &app.demo, None).await;
    let old = date(-1000);
    let bad = [("Version", "1999-01-01"), ("Action", "NoSuchAction"), ("Timestamp", &old)];
    let signed = |key: &Key, given: &[(&str, &str)]| in_query("POST", &rpc(key, "POST", given));
    let unknown = Key { access: "KPDNOSUCHKEY".to_owned(), ..key.clone() };
    let wrong = Key { secret: "x".to_owned(), ..key.clone() };
    let method = Sent { method: "PUT".to_owned(), ..signed(&unknown, &[&bad[..], &[("Format", "csv")]].concat()) };
    let again = signed(&key, &[("Version", ECS), ("Action", "NoSuchAction"), ("SignatureNonce", "again")]);
    assert_eq!(refusal(&again.to(&app).await), PASSED);
    for (sent, expected) in [
        (method, (405, "UnsupportedHTTPMethod")),
        (
            signed(&unknown, &[&bad[..], &[("Format", "csv"), ("SignatureMethod", "")]].concat()),
            (400, "InvalidParameter.Format"),
        ),
        (signed(&unknown, &[&bad[..], &[("SignatureMethod", "HMAC-MD5")]].concat()), (400, "InvalidSignatureMethod")),
        (signed(&unknown, &[&bad[..], &[("SignatureVersion", "2.0")]].concat()), (400, "InvalidSignatureVersion")),
        (signed(&unknown, &bad), (404, "InvalidAccessKeyId.NotFound")),
        (signed(&wrong, &bad), (400, "SignatureDoesNotMatch")),
        (signed(&key, &bad), (400, "InvalidTimeStamp.Expired")),
        (
            signed(&key, &[("Version", "1999-01-01"), ("Action", "NoSuchAction"), ("SignatureNonce", "again")]),
            (400, "SignatureNonceUsed"),
        ),
        (signed(&key, &[("Version", "1999-01-01"), ("Action", "NoSuchAction")]), (400, "InvalidVersion")),
        (signed(&key, &[("Version", ECS), ("Action", "NoSuchAction")]), PASSED),
    ] {
        let answer = sent.to(&app).await;
        assert_eq!(refusal(&answer), expected, "{}", answer.text);
    }
}

#[actix_web::test]
async fn what_is_missing_of_a_signature_is_told_by_its_name() {
    let app = TestApp::spawn().await;
    for name in [
        "AccessKeyId",
        "Signature",
        "SignatureMethod",
        "SignatureNonce",
        "SignatureVersion",
        "Timestamp",
        "Version",
        "Action",
    ] {
        let answer = in_form(&without(&nobody(), &[name])).to(&app).await;
        assert_eq!(refusal(&answer), (400, &*format!("Missing{name}")));
        assert_eq!(answer.body["Message"], format!("{name} is mandatory for this action."));
    }
    for (header, name) in [
        ("x-acs-action", "Action"),
        ("x-acs-version", "Version"),
        ("x-acs-date", "Timestamp"),
        ("x-acs-signature-nonce", "SignatureNonce"),
        ("x-acs-content-sha256", "ContentSha256"),
    ] {
        let answer = acs3(&app, &nobody(), &[(header, "")], &[], "").to(&app).await;
        assert_eq!(refusal(&answer), (400, &*format!("Missing{name}")));
        assert_eq!(answer.body["Message"], format!("{header} is mandatory for this action."));
    }
}

#[actix_web::test]
async fn an_unknown_version_or_action_is_told_so() {
    let app = TestApp::spawn().await;
    let key = key_of(&app, &app.demo, None).await;
    let answer = call(&app, &key, "2014-05-27", "CreateKeyPair", &[]).await;
    assert_eq!(refusal(&answer), (400, "InvalidVersion"));
    assert_eq!(answer.body["Message"], "Specified parameter Version is not valid.");
    for version in [ECS, "2017-11-10"] {
        for action in ["NoSuchAction", "createkeypair", "CreateKeyPair "] {
            let answer = call(&app, &key, version, action, &[]).await;
            assert_eq!(refusal(&answer), (404, "InvalidAction.NotFound"), "{action}");
            let told = "Specified api is not found, please check your url and method.";
            assert_eq!(answer.body["Message"], told);
        }
    }
}

#[actix_web::test]
async fn a_parameter_in_query_and_form_is_the_forms_and_one_that_is_sent_twice_is_refused() {
    let app = TestApp::spawn().await;
    let key = key_of(&app, &app.demo, None).await;
    let both = Sent { query: "Action=Other&Version=2017-11-10".to_owned(), ..in_form(&rpc(&key, "POST", &NAMED)) };
    assert_eq!(refusal(&both.to(&app).await), PASSED);
    for twice in [form("Action=a&Action=a"), form("Action=a&%41ction=b"), bare("GET", "Action=a&b=1&b=2", &[])] {
        let answer = twice.to(&app).await;
        assert_eq!(refusal(&answer), (400, "InvalidParameter"));
        assert_eq!(answer.body["Message"], "The request cannot be read: a parameter is sent twice.");
    }
}

#[actix_web::test]
async fn a_thousand_parameters_are_read_and_more_are_not() {
    let app = TestApp::spawn().await;
    let key = key_of(&app, &app.demo, None).await;
    let usual = rpc(&key, "POST", &NAMED).len();
    for (count, expected) in [(1000, PASSED), (1001, (400, "InvalidParameter"))] {
        let names: Vec<_> = (usual..count).map(|number| format!("p{number}")).collect();
        let own: Vec<_> = NAMED.into_iter().chain(names.iter().map(|name| (name.as_str(), ""))).collect();
        let answer = in_form(&rpc(&key, "POST", &own)).to(&app).await;
        assert_eq!(refusal(&answer), expected, "{count}");
    }
}

#[actix_web::test]
async fn parameters_are_utf_8() {
    let app = TestApp::spawn().await;
    for sent in [form("Action=%D6%D0"), bare("GET", "Action=x&a=%FF", &[]), bare("GET", "Action=x&%FF=a", &[])] {
        let answer = sent.to(&app).await;
        assert_eq!(refusal(&answer), (400, "InvalidParameter"));
        assert_eq!(answer.body["Message"], "The request cannot be read: the parameters are not valid UTF-8.");
    }
}

#[actix_web::test]
async fn s57_a_body_that_is_too_large_is_refused_in_the_format_that_the_query_asks_for() {
    let app = TestApp::spawn().await;
    let body = "x".repeat(114_689);
    for (query, media_type) in
        [("Action=x", "application/json"), ("Action=x&Format=xml", "text/xml"), ("", "application/json")]
    {
        // Without a word of Alibaba's beside it, a form alone shows whose it is: nobody else takes one here.
        for headers in [in_form(&[]).headers, Vec::new()].into_iter().take(if query.is_empty() { 1 } else { 2 }) {
            let sent = Sent { method: "POST".to_owned(), query: query.to_owned(), headers, body: body.clone() };
            let answer = sent.to(&app).await.expect(413);
            assert_eq!(answer.header("Content-Type"), [format!("{media_type};charset=utf-8")]);
            assert!(answer.text.contains("RequestTooLarge"), "{}", answer.text);
        }
    }
    let key = key_of(&app, &app.demo, None).await;
    let usual = encode(&rpc(&key, "POST", &NAMED)).len();
    // A signature is a few characters longer or shorter, escaped.
    let long = "x".repeat(114_600 - usual);
    let answer = in_form(&rpc(&key, "POST", &[&NAMED[..], &[("a", &long)]].concat())).to(&app).await;
    assert_eq!(refusal(&answer), PASSED);
}
