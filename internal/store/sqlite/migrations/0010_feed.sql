-- Jobs of a lane are done by workers of their own: what waits for others'
-- servers does not keep mails waiting.
ALTER TABLE job ADD COLUMN lane INTEGER NOT NULL DEFAULT 0;
DROP INDEX job_due;
CREATE INDEX job_due ON job (lane, due);

-- Places among the events: how far somebody has read (subject), and up to where
-- they were pruned (no subject).
CREATE TABLE mark (
  site    INTEGER NOT NULL,
  bucket  INTEGER NOT NULL,
  subject BLOB    NOT NULL,
  name    TEXT    NOT NULL,
  place   TEXT    NOT NULL,
  PRIMARY KEY (site, bucket, subject, name)
) WITHOUT ROWID;
