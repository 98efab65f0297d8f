-- Whom a kept answer tells of: it goes when they do. Without bucket: the answer
-- lies with the caller, not with the record that the call made.
ALTER TABLE idempotency ADD COLUMN about BLOB NOT NULL DEFAULT x'';
CREATE INDEX idempotency_about ON idempotency (site, about) WHERE about <> x'';
