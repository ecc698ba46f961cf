//! What an operator does at the KMS itself: makes keys, and gives them names.

use std::time::Duration;

use serde_json::{Value, json};

/// The KMS that `tests/run kms` started.
pub struct Moto {
    pub url: String,
}

/// A key in it.
#[derive(Clone, Debug)]
pub struct Key {
    pub id: String,
    pub arn: String,
}

impl Moto {
    pub fn required() -> Self {
        let url = std::env::var("TEST_KMS_URL").expect("TEST_KMS_URL names a KMS; `tests/run kms` starts one");
        Self { url }
    }

    pub async fn key(&self) -> Key {
        let made = self.call("CreateKey", json!({})).await;
        let text = |member: &str| made["KeyMetadata"][member].as_str().unwrap().to_owned();
        Key { id: text("KeyId"), arn: text("Arn") }
    }

    pub async fn alias(&self, alias: &str, key: &Key) {
        self.call("CreateAlias", json!({ "AliasName": alias, "TargetKeyId": key.id })).await;
    }

    /// A key of the project, by its name.
    pub async fn key_of(&self, project: &str, name: &str) -> Key {
        let key = self.key().await;
        self.alias(&format!("alias/{project}/{name}"), &key).await;
        key
    }

    pub async fn call(&self, operation: &str, body: Value) -> Value {
        let client = awc::Client::builder().timeout(Duration::from_secs(30)).finish();
        let credential =
            "AWS4-HMAC-SHA256 Credential=test/20260101/eu-central-1/kms/aws4_request, SignedHeaders=host, Signature=0";
        let sent = client
            .post(&self.url)
            .insert_header(("X-Amz-Target", format!("TrentService.{operation}")))
            .insert_header(("Authorization", credential))
            .insert_header(("Content-Type", "application/x-amz-json-1.1"));
        let mut answer = sent.send_body(body.to_string()).await.unwrap();
        let bytes = answer.body().await.unwrap();
        assert!(answer.status().is_success(), "{operation}: {}", String::from_utf8_lossy(&bytes));
        serde_json::from_slice(&bytes).unwrap_or_default()
    }
}
