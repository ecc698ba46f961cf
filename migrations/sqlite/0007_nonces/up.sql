-- What makes each request of Alibaba's clients another one, so that none is answered twice. hash: SHA-256 of access key and nonce.
-- expires_at: from when on the request would be too old anyhow, and the row may go.
CREATE TABLE nonces (
    hash BLOB NOT NULL PRIMARY KEY,
    expires_at INT8 NOT NULL
);
CREATE INDEX nonces_expiry ON nonces (expires_at);
