//! The tables, once for both databases.

use diesel::{allow_tables_to_appear_in_same_query, joinable, table};

table! {
    access_keys (id) {
        id -> Text,
        user_id -> Text,
        project_id -> Text,
        enabled -> Bool,
        kek_name -> Text,
        kek_version -> Integer,
        wrapped_secret -> Binary,
        security_token -> Nullable<Binary>,
        created_at -> BigInt,
        expires_at -> Nullable<BigInt>,
    }
}

table! {
    instance (id) {
        id -> Binary,
        created_at -> BigInt,
    }
}

table! {
    nonces (hash) {
        hash -> Binary,
        expires_at -> BigInt,
    }
}

table! {
    owners (region, owner) {
        region -> Text,
        owner -> Text,
        key_pairs -> BigInt,
        ledger_seq -> BigInt,
        ledger_head -> Nullable<Binary>,
    }
}

table! {
    key_pair_tags (region, owner, key_pair_id, key) {
        region -> Text,
        owner -> Text,
        key_pair_id -> Binary,
        key -> Text,
        value -> Text,
    }
}

table! {
    recent_deletions (region, owner, project_id, name) {
        region -> Text,
        owner -> Text,
        project_id -> Text,
        name -> Text,
        deleted_at -> BigInt,
    }
}

table! {
    quotas (region, subject, user_id, resource) {
        region -> Text,
        subject -> Text,
        user_id -> Text,
        resource -> Text,
        hard_limit -> BigInt,
    }
}

table! {
    key_pairs (region, owner, id) {
        region -> Text,
        owner -> Text,
        id -> Binary,
        name -> Text,
        user_id -> Text,
        project_id -> Nullable<Text>,
        kind -> Text,
        algorithm -> Text,
        public_key -> Text,
        fingerprint -> Text,
        fingerprint_sha256 -> Text,
        description -> Text,
        has_private_key -> Bool,
        created_at -> BigInt,
        updated_at -> Nullable<BigInt>,
        resource_group_id -> Nullable<Text>,
    }
}

table! {
    schema_compatibility (migration) {
        migration -> Text,
        serves_from -> Text,
    }
}

table! {
    sealed_private_keys (region, owner, key_pair_id) {
        region -> Text,
        owner -> Text,
        key_pair_id -> Binary,
        suite -> Integer,
        kek_provider -> Text,
        kek_name -> Text,
        kek_version -> Integer,
        kek_alias -> Nullable<Text>,
        wrapped_data_key -> Binary,
        salt -> Binary,
        commitment -> Binary,
        nonce -> Binary,
        ciphertext -> Binary,
    }
}

table! {
    ledger (region, owner, seq) {
        region -> Text,
        owner -> Text,
        seq -> BigInt,
        record -> Text,
        hash -> Binary,
    }
}

table! {
    ledger_checkpoints (seq) {
        seq -> BigInt,
        at -> BigInt,
        heads -> BigInt,
        hash -> Binary,
        key_name -> Text,
        key_version -> Integer,
        public_key -> Binary,
        signature -> Binary,
    }
}

table! {
    ledger_checkpoint_heads (checkpoint, region, owner) {
        checkpoint -> BigInt,
        region -> Text,
        owner -> Text,
        seq -> BigInt,
        head -> Binary,
    }
}

table! {
    master_key_checks (kek_provider, kek_name, kek_version) {
        kek_provider -> Text,
        kek_name -> Text,
        kek_version -> Integer,
        check_value -> Binary,
        created_at -> BigInt,
    }
}

table! {
    users (id) {
        id -> Text,
        name -> Text,
        password -> Text,
        enabled -> Bool,
        created_at -> BigInt,
    }
}

table! {
    projects (id) {
        id -> Text,
        name -> Text,
        enabled -> Bool,
        created_at -> BigInt,
    }
}

table! {
    grants (user_id, target, role) {
        user_id -> Text,
        target -> Text,
        role -> Text,
    }
}

table! {
    tokens (hash) {
        hash -> Binary,
        user_id -> Text,
        scope -> Text,
        methods -> Text,
        audit_ids -> Text,
        issued_at -> BigInt,
        expires_at -> BigInt,
    }
}

joinable!(tokens -> users (user_id));
allow_tables_to_appear_in_same_query!(key_pairs, sealed_private_keys);
allow_tables_to_appear_in_same_query!(tokens, users);
allow_tables_to_appear_in_same_query!(key_pairs, quotas);
allow_tables_to_appear_in_same_query!(owners, quotas);
allow_tables_to_appear_in_same_query!(key_pairs, owners);
allow_tables_to_appear_in_same_query!(owners, ledger, ledger_checkpoint_heads);
