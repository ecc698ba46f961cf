-- What a show must read at the least: the row of key_pairs, by its name.
SELECT id, name, user_id, project_id, kind, algorithm, public_key, fingerprint, fingerprint_sha256, description, has_private_key, created_at, updated_at
FROM key_pairs WHERE region = 'RegionOne' AND owner = :owner AND name = 'shown';
