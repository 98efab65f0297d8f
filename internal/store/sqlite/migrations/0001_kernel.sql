-- The kernel. Every tenant table begins with (site, bucket), and every primary
-- and unique key contains both, so that the same schema can be distributed by
-- bucket. Times are microseconds since 1970, UTC; ids are 16-byte blobs, the
-- empty blob where there is none. JSON is text that SQL never looks into.

-- The present epoch, and the number of the last commit that wrote events.
CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO meta (key, value) VALUES ('epoch', 1), ('tx', 0);

-- Outside the tenants -------------------------------------------------------

CREATE TABLE site (
  site       INTEGER PRIMARY KEY,
  name       TEXT NOT NULL UNIQUE,
  domain     TEXT NOT NULL UNIQUE,
  policy     TEXT NOT NULL,
  is_default INTEGER NOT NULL DEFAULT 0,
  created    INTEGER NOT NULL
);
CREATE UNIQUE INDEX site_default ON site (is_default) WHERE is_default = 1;

-- A host that selects a site, or (id not empty) the host form of an identity's
-- explicit idtag, which is unique across sites.
CREATE TABLE host (
  host   TEXT PRIMARY KEY,
  site   INTEGER NOT NULL,
  bucket INTEGER NOT NULL DEFAULT 0,
  id     BLOB NOT NULL DEFAULT x''
) WITHOUT ROWID;
CREATE INDEX host_site ON host (site, id);

-- The tenants ---------------------------------------------------------------

-- Rows are appended in the order of creation: a scan of a type reads pages one
-- after the other, and large rows do not sit in an interior tree.
CREATE TABLE record (
  site     INTEGER NOT NULL,
  bucket   INTEGER NOT NULL,
  id       BLOB    NOT NULL,
  type     TEXT    NOT NULL,
  number   INTEGER NOT NULL,
  owner    BLOB    NOT NULL,
  creator  BLOB    NOT NULL,
  attrs    TEXT    NOT NULL,
  extras   TEXT    NOT NULL,
  names    TEXT    NOT NULL,
  sort     TEXT    NOT NULL,
  state    TEXT    NOT NULL,
  password TEXT    NOT NULL,
  version  INTEGER NOT NULL,
  created  INTEGER NOT NULL,
  updated  INTEGER NOT NULL,
  login    INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (site, bucket, id)
);
CREATE INDEX record_number ON record (site, type, number);
-- Without bucket: an imported record, or one whose owner changed, need not lie
-- in its owner's.
CREATE INDEX record_owner ON record (site, owner, type, number) WHERE owner <> x'';

-- bucket: the owner's, or the hash of (space, value) when owner is empty.
-- home: the bucket of the record found.
CREATE TABLE name (
  site   INTEGER NOT NULL,
  bucket INTEGER NOT NULL,
  owner  BLOB    NOT NULL,
  space  TEXT    NOT NULL,
  value  TEXT    NOT NULL,
  home   INTEGER NOT NULL,
  id     BLOB    NOT NULL,
  PRIMARY KEY (site, bucket, owner, space, value)
) WITHOUT ROWID;

-- The names that a record holds without carrying them, so that they go with it.
CREATE TABLE claim (
  site   INTEGER NOT NULL,
  bucket INTEGER NOT NULL,
  id     BLOB    NOT NULL,
  owner  BLOB    NOT NULL,
  space  TEXT    NOT NULL,
  value  TEXT    NOT NULL,
  PRIMARY KEY (site, bucket, id, owner, space, value)
) WITHOUT ROWID;

CREATE TABLE attribute (
  site   INTEGER NOT NULL,
  type   TEXT    NOT NULL,
  path   TEXT    NOT NULL,
  value  TEXT    NOT NULL,
  bucket INTEGER NOT NULL,
  id     BLOB    NOT NULL,
  PRIMARY KEY (site, type, path, value, bucket, id)
) WITHOUT ROWID;

CREATE TABLE search (
  site   INTEGER NOT NULL,
  type   TEXT    NOT NULL,
  sort   TEXT    NOT NULL,
  bucket INTEGER NOT NULL,
  id     BLOB    NOT NULL,
  text   TEXT    NOT NULL,
  PRIMARY KEY (site, type, sort, id, bucket)
) WITHOUT ROWID;

CREATE TABLE link (
  site    INTEGER NOT NULL,
  bucket  INTEGER NOT NULL,
  src     BLOB    NOT NULL,
  kind    TEXT    NOT NULL,
  dst     BLOB    NOT NULL,
  key     TEXT    NOT NULL,
  state   TEXT    NOT NULL,
  attrs   TEXT    NOT NULL,
  created INTEGER NOT NULL,
  ends_at INTEGER NOT NULL,
  PRIMARY KEY (site, bucket, src, kind, dst, key)
) WITHOUT ROWID;

-- The same edges seen from dst, in dst's bucket.
CREATE TABLE link_reverse (
  site    INTEGER NOT NULL,
  bucket  INTEGER NOT NULL,
  dst     BLOB    NOT NULL,
  kind    TEXT    NOT NULL,
  src     BLOB    NOT NULL,
  key     TEXT    NOT NULL,
  state   TEXT    NOT NULL,
  created INTEGER NOT NULL,
  ends_at INTEGER NOT NULL,
  PRIMARY KEY (site, bucket, dst, kind, src, key)
) WITHOUT ROWID;

CREATE TABLE secret (
  site    INTEGER NOT NULL,
  bucket  INTEGER NOT NULL,
  id      BLOB    NOT NULL,
  kind    TEXT    NOT NULL,
  key     TEXT    NOT NULL,
  data    BLOB    NOT NULL,
  created INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  PRIMARY KEY (site, bucket, id, kind, key)
) WITHOUT ROWID;

CREATE TABLE session (
  site        INTEGER NOT NULL,
  bucket      INTEGER NOT NULL,
  subject     BLOB    NOT NULL,
  id          BLOB    NOT NULL,
  restriction TEXT    NOT NULL,
  created     INTEGER NOT NULL,
  expires     INTEGER NOT NULL,
  generation  INTEGER NOT NULL,
  PRIMARY KEY (site, bucket, subject, id)
) WITHOUT ROWID;

-- Found through name (space 'ticket'), which gives the subject and its bucket.
CREATE TABLE ticket (
  site    INTEGER NOT NULL,
  bucket  INTEGER NOT NULL,
  subject BLOB    NOT NULL,
  digest  TEXT    NOT NULL,
  kind    TEXT    NOT NULL,
  data    TEXT    NOT NULL,
  uses    INTEGER NOT NULL,
  created INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  PRIMARY KEY (site, bucket, subject, digest)
) WITHOUT ROWID;

CREATE TABLE attempt (
  site    INTEGER NOT NULL,
  bucket  INTEGER NOT NULL,
  subject BLOB    NOT NULL,
  kind    TEXT    NOT NULL,
  count   INTEGER NOT NULL,
  since   INTEGER NOT NULL,
  until   INTEGER NOT NULL,
  PRIMARY KEY (site, bucket, subject, kind)
) WITHOUT ROWID;

-- A subject's jobs are found by its bucket, which holds few.
CREATE TABLE job (
  site    INTEGER NOT NULL,
  bucket  INTEGER NOT NULL,
  id      BLOB    NOT NULL,
  subject BLOB    NOT NULL,
  kind    TEXT    NOT NULL,
  body    TEXT    NOT NULL,
  due     INTEGER NOT NULL,
  tries   INTEGER NOT NULL,
  created INTEGER NOT NULL,
  PRIMARY KEY (site, bucket, id)
) WITHOUT ROWID;
CREATE INDEX job_due ON job (due);

-- A stored file, and who uses it for what. key is a content hash or an
-- imported text; its bucket is the hash of the key.
CREATE TABLE blob (
  site    INTEGER NOT NULL,
  bucket  INTEGER NOT NULL,
  key     TEXT    NOT NULL,
  media   TEXT    NOT NULL,
  size    INTEGER NOT NULL,
  meta    TEXT    NOT NULL,
  created INTEGER NOT NULL,
  PRIMARY KEY (site, bucket, key)
) WITHOUT ROWID;
CREATE TABLE blob_use (
  site    INTEGER NOT NULL,
  bucket  INTEGER NOT NULL,
  id      BLOB    NOT NULL,
  slot    TEXT    NOT NULL,
  key     TEXT    NOT NULL,
  created INTEGER NOT NULL,
  PRIMARY KEY (site, bucket, id, slot)
) WITHOUT ROWID;
CREATE TABLE blob_user (
  site    INTEGER NOT NULL,
  bucket  INTEGER NOT NULL,
  key     TEXT    NOT NULL,
  id      BLOB    NOT NULL,
  slot    TEXT    NOT NULL,
  PRIMARY KEY (site, bucket, key, id, slot)
) WITHOUT ROWID;

-- Answers kept for a repeat of the same request.
CREATE TABLE idempotency (
  site    INTEGER NOT NULL,
  bucket  INTEGER NOT NULL,
  subject BLOB    NOT NULL,
  key     TEXT    NOT NULL,
  request TEXT    NOT NULL,
  status  INTEGER NOT NULL,
  answer  TEXT    NOT NULL,
  expires INTEGER NOT NULL,
  PRIMARY KEY (site, bucket, subject, key)
) WITHOUT ROWID;

-- The skeleton of an event, in commit order. bucket is the subject's.
CREATE TABLE event (
  site    INTEGER NOT NULL,
  epoch   INTEGER NOT NULL,
  tx      INTEGER NOT NULL,
  seq     INTEGER NOT NULL,
  bucket  INTEGER NOT NULL,
  at      INTEGER NOT NULL,
  actor   BLOB    NOT NULL,
  subject BLOB    NOT NULL,
  kind    TEXT    NOT NULL,
  paths   TEXT    NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (site, epoch, tx, seq, bucket)
) WITHOUT ROWID;

-- What a change replaced. A creation has no body.
CREATE TABLE event_body (
  site     INTEGER NOT NULL,
  bucket   INTEGER NOT NULL,
  subject  BLOB    NOT NULL,
  epoch    INTEGER NOT NULL,
  tx       INTEGER NOT NULL,
  seq      INTEGER NOT NULL,
  version  INTEGER NOT NULL,
  at       INTEGER NOT NULL,
  actor    BLOB    NOT NULL,
  kind     TEXT    NOT NULL,
  replaced TEXT    NOT NULL,
  PRIMARY KEY (site, bucket, subject, epoch, tx, seq)
) WITHOUT ROWID;

CREATE TABLE tombstone (
  site   INTEGER NOT NULL,
  bucket INTEGER NOT NULL,
  id     BLOB    NOT NULL,
  type   TEXT    NOT NULL,
  number INTEGER NOT NULL,
  at     INTEGER NOT NULL,
  PRIMARY KEY (site, bucket, id)
) WITHOUT ROWID;

-- next: the first number not yet given to a block.
CREATE TABLE sequence (
  site   INTEGER NOT NULL,
  bucket INTEGER NOT NULL DEFAULT 0,
  name   TEXT    NOT NULL,
  next   INTEGER NOT NULL,
  PRIMARY KEY (site, bucket, name)
) WITHOUT ROWID;
