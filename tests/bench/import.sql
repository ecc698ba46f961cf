-- What the service's transaction does for one import alone: the statements of src/store, one after the other.
-- \x3A is a colon, after which pgbench would look for a variable in a text, too.
\set u random(1, :owners)
\set n random(1, 1000000000000000)
BEGIN;
INSERT INTO owners (region, owner, key_pairs, ledger_seq, ledger_head) SELECT * FROM unnest(ARRAY['RegionOne'], ARRAY[E'u\x3Apgbench' || CAST(:u AS INT8)], ARRAY[CAST(1 AS INT8)], ARRAY[CAST(0 AS INT8)], ARRAY[CAST(NULL AS BYTEA)]) ON CONFLICT (region, owner) DO UPDATE SET key_pairs = owners.key_pairs + excluded.key_pairs, ledger_seq = owners.ledger_seq + excluded.ledger_seq, ledger_head = COALESCE(excluded.ledger_head, owners.ledger_head) RETURNING region, owner, key_pairs, ledger_seq, ledger_head;
SELECT EXISTS (SELECT owners.region, owners.owner, owners.key_pairs, owners.ledger_seq, owners.ledger_head FROM owners WHERE (((owners.region = 'RegionOne') AND (owners.owner = E'p\x3Apgbench')) AND (owners.key_pairs > 0)));
SELECT quotas.user_id, quotas.hard_limit FROM quotas WHERE ((((quotas.region = 'RegionOne') AND (quotas.subject = E'c\x3Adefault')) AND (quotas.user_id = ANY(ARRAY['']))) AND (quotas.resource = 'key_pairs'));
SELECT quotas.user_id, quotas.hard_limit FROM quotas WHERE ((((quotas.region = 'RegionOne') AND (quotas.subject = E'p\x3Apgbench')) AND (quotas.user_id = ANY(ARRAY['', 'pgbench']))) AND (quotas.resource = 'key_pairs'));
INSERT INTO key_pairs (region, owner, id, name, user_id, project_id, kind, algorithm, public_key, fingerprint, fingerprint_sha256, description, has_private_key, created_at, updated_at, resource_group_id) VALUES ('RegionOne', E'u\x3Apgbench' || CAST(:u AS INT8), uuid_send(gen_random_uuid()), 'bench' || CAST(:n AS INT8), 'pgbench', 'pgbench', 'ssh', 'ed25519', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFEK40Je9hdjyVEHfXdVH3Zr+/3oFYZqKWVqWjNcuVjx bench', E'2c\x3A62\x3A7d\x3A7a\x3A7c\x3Ab2\x3A61\x3Ae5\x3A9c\x3Aa8\x3A46\x3Adb\x3Aa1\x3A6d\x3Abf\x3A7f', E'SHA256\x3ARqeS9oqbeqdT/e/buoUQxJiGkKQprvcBqV7JjRLYHdk', '', FALSE, 1800000000000000, NULL, NULL) ON CONFLICT (region, owner, name) DO NOTHING RETURNING key_pairs.id;
COMMIT;
