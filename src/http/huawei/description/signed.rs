//! Signed requests for Nova's paths, as Huawei's ECS SDK sends them: KPS's V2.1 behind them.

use utoipa::openapi::path::HttpMethod::{Delete, Get, Post, Put};

use super::super::query::LONGEST_PAGE;
use super::{refusal, signed_only};
use crate::http::openapi::values::{number, text, text_of};
use crate::http::openapi::{Answer, Api, Described};

const TAG: &str = "kps: Nova's paths, signed";

/// Where they are mounted, and what tells them apart in names.
const PREFIXES: [(&str, &str); 4] = [
    ("/v2.1", ""),
    ("/v2.1/{project_id}", "_in_project"),
    ("/v2", "_frozen"),
    ("/v2/{project_id}", "_frozen_in_project"),
];

pub(super) fn describe(api: &mut Api) {
    for (prefix, suffix) in PREFIXES {
        let list = format!("{prefix}/os-keypairs");
        // As Nova calls the variable, whose path it is.
        let key_pair = format!("{list}/{{name}}");
        let described = |id: &str, summary: &str| signed_only(TAG, &format!("signed_{id}{suffix}"), summary);
        let user = |described: Described| {
            described.query("user_id", "Another user's, for an administrator. From 2.10 on.", text_of(0, 255))
        };
        let page = user(described("list", "List the user's and the project's key pairs"))
            .query(
                "limit",
                "The longest page. From 2.35 on.",
                number(1, i32::MAX).description(Some(format!("At most {LONGEST_PAGE}."))),
            )
            .query("marker", "The name that the page begins after. From 2.35 on.", text());
        api.add(Get, &list, page.answers(200, Answer::new("The key pairs.").json("kps.KeyPairsV2")));
        let create = described("create", "Import a public key, or generate a key pair").body("kps.CreateKeyPairV2");
        let made = Answer::new("The key pair, at every microversion.").json("kps.KeyPairCreated");
        api.add(Post, &list, create.answers(200, made).refuses(&[409], refusal));
        let show = user(described("show", "Show a key pair"));
        api.add(
            Get,
            &key_pair,
            show.answers(200, Answer::new("The key pair.").json("kps.KeyPairV2")).refuses(&[404], refusal),
        );
        let describe = user(described("describe", "Change its description")).body("kps.Describe");
        api.add(Put, &key_pair, describe.answers(200, Answer::new("Done.")).refuses(&[404], refusal));
        let delete = user(described("delete", "Delete a key pair"));
        let delete = delete.answers(202, Answer::new("It is gone.")).answers(204, Answer::new("The same from 2.2 on."));
        api.add(Delete, &key_pair, delete.refuses(&[404], refusal));
        let copy = described("copy", "Copy another user's key pairs, which is always refused");
        api.add(Post, &format!("{list}/copy"), copy);
    }
}
