-- What an import must write at the least: one row of key_pairs, with both of its unique indexes. No counter, no quota.
-- \x3A is a colon, after which pgbench would look for a variable in a text, too.
\set n random(1, 1000000000000000)
INSERT INTO key_pairs (region, owner, id, name, user_id, project_id, kind, algorithm, public_key, fingerprint, fingerprint_sha256, description, has_private_key, created_at)
VALUES ('RegionOne', E'u\x3Apgbench', uuid_send(gen_random_uuid()), 'bench' || CAST(:n AS INT8), 'pgbench', 'pgbench', 'ssh', 'ed25519', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFEK40Je9hdjyVEHfXdVH3Zr+/3oFYZqKWVqWjNcuVjx bench', '00112233445566778899aabbccddeeff', E'SHA256\x3AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', '', FALSE, 1800000000000000);
