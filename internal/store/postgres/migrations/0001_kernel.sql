-- The kernel, as one picture. Every tenant table begins with (site, bucket), and
-- every primary and unique key contains both, so that the same schema can be
-- distributed by bucket. Times are microseconds since 1970, UTC; an id of zeros
-- is none. Texts compare byte by byte, and JSON is text that SQL never looks
-- into.

-- The present epoch, and by what it is known to be the present one: which
-- cluster, and which of its time lines.
CREATE TABLE meta (
  key   TEXT COLLATE "C" PRIMARY KEY,
  value BIGINT NOT NULL
);
INSERT INTO meta (key, value) VALUES ('epoch', 1);

-- Outside the tenants -------------------------------------------------------

CREATE TABLE site (
  site       BIGINT PRIMARY KEY,
  name       TEXT COLLATE "C" NOT NULL UNIQUE,
  domain     TEXT COLLATE "C" NOT NULL UNIQUE,
  policy     TEXT COLLATE "C" NOT NULL,
  is_default BOOLEAN NOT NULL DEFAULT false,
  created    BIGINT NOT NULL
);
CREATE UNIQUE INDEX site_default ON site (is_default) WHERE is_default;

-- A host that selects a site, or (id not zero) the host form of an identity's
-- explicit idtag, which is unique across sites.
CREATE TABLE host (
  host   TEXT COLLATE "C" PRIMARY KEY,
  site   BIGINT NOT NULL,
  bucket INTEGER NOT NULL DEFAULT 0,
  id     UUID NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000'
);
CREATE INDEX host_site ON host (site, id);

-- The tenants ---------------------------------------------------------------

-- Room is left in the pages, so that a change finds place beside the old row
-- and, where no index changes, touches none.
CREATE TABLE record (
  site     BIGINT NOT NULL,
  bucket   INTEGER NOT NULL,
  id       UUID NOT NULL,
  type     TEXT COLLATE "C" NOT NULL,
  number   BIGINT NOT NULL,
  owner    UUID NOT NULL,
  creator  UUID NOT NULL,
  attrs    TEXT COLLATE "C" NOT NULL,
  extras   TEXT COLLATE "C" NOT NULL,
  names    TEXT COLLATE "C" NOT NULL,
  sort     TEXT COLLATE "C" NOT NULL,
  state    TEXT COLLATE "C" NOT NULL,
  password TEXT COLLATE "C" NOT NULL,
  version  BIGINT NOT NULL,
  created  BIGINT NOT NULL,
  updated  BIGINT NOT NULL,
  login    BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (site, bucket, id)
) WITH (fillfactor = 85);
CREATE INDEX record_number ON record (site, type, number, id);
-- Without bucket: an imported record, or one whose owner changed, need not lie
-- in its owner's.
CREATE INDEX record_owner ON record (site, owner, type, number)
  WHERE owner <> '00000000-0000-0000-0000-000000000000';

-- bucket: the owner's, or the hash of (space, value) when owner is zero.
-- home: the bucket of the record found.
CREATE TABLE name (
  site   BIGINT NOT NULL,
  bucket INTEGER NOT NULL,
  owner  UUID NOT NULL,
  space  TEXT COLLATE "C" NOT NULL,
  value  TEXT COLLATE "C" NOT NULL,
  home   INTEGER NOT NULL,
  id     UUID NOT NULL,
  PRIMARY KEY (site, bucket, owner, space, value)
);

-- The names that a record holds without carrying them, so that they go with it.
CREATE TABLE claim (
  site   BIGINT NOT NULL,
  bucket INTEGER NOT NULL,
  id     UUID NOT NULL,
  owner  UUID NOT NULL,
  space  TEXT COLLATE "C" NOT NULL,
  value  TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (site, bucket, id, owner, space, value)
);

-- The records of one value stand by their numbers.
CREATE TABLE attribute (
  site   BIGINT NOT NULL,
  type   TEXT COLLATE "C" NOT NULL,
  path   TEXT COLLATE "C" NOT NULL,
  value  TEXT COLLATE "C" NOT NULL,
  number BIGINT NOT NULL,
  bucket INTEGER NOT NULL,
  id     UUID NOT NULL,
  PRIMARY KEY (site, type, path, value, number, bucket, id)
);

-- sort: what a key has room for of the record's.
CREATE TABLE search (
  site   BIGINT NOT NULL,
  type   TEXT COLLATE "C" NOT NULL,
  sort   TEXT COLLATE "C" NOT NULL,
  id     UUID NOT NULL,
  bucket INTEGER NOT NULL,
  text   TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (site, type, sort, id, bucket)
);

-- tag: what a link is listed under (of a role: the slug of its type).
CREATE TABLE link (
  site    BIGINT NOT NULL,
  bucket  INTEGER NOT NULL,
  src     UUID NOT NULL,
  kind    TEXT COLLATE "C" NOT NULL,
  dst     UUID NOT NULL,
  key     TEXT COLLATE "C" NOT NULL,
  tag     TEXT COLLATE "C" NOT NULL,
  state   TEXT COLLATE "C" NOT NULL,
  attrs   TEXT COLLATE "C" NOT NULL,
  created BIGINT NOT NULL,
  ends_at BIGINT NOT NULL,
  PRIMARY KEY (site, bucket, src, kind, dst, key)
);
-- Every state apart, so that a page of any of them costs the page.
CREATE INDEX link_time ON link (site, bucket, src, kind, tag, state, created, dst, key);

-- The same edges seen from dst, in dst's bucket.
CREATE TABLE link_reverse (
  site    BIGINT NOT NULL,
  bucket  INTEGER NOT NULL,
  dst     UUID NOT NULL,
  kind    TEXT COLLATE "C" NOT NULL,
  src     UUID NOT NULL,
  key     TEXT COLLATE "C" NOT NULL,
  tag     TEXT COLLATE "C" NOT NULL,
  state   TEXT COLLATE "C" NOT NULL,
  created BIGINT NOT NULL,
  ends_at BIGINT NOT NULL,
  PRIMARY KEY (site, bucket, dst, kind, src, key)
);
CREATE INDEX link_reverse_time ON link_reverse (site, bucket, dst, kind, tag, state, created, src, key);

CREATE TABLE secret (
  site    BIGINT NOT NULL,
  bucket  INTEGER NOT NULL,
  id      UUID NOT NULL,
  kind    TEXT COLLATE "C" NOT NULL,
  key     TEXT COLLATE "C" NOT NULL,
  data    BYTEA NOT NULL,
  created BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  PRIMARY KEY (site, bucket, id, kind, key)
);

CREATE TABLE session (
  site        BIGINT NOT NULL,
  bucket      INTEGER NOT NULL,
  subject     UUID NOT NULL,
  id          UUID NOT NULL,
  restriction TEXT COLLATE "C" NOT NULL,
  created     BIGINT NOT NULL,
  expires     BIGINT NOT NULL,
  generation  BIGINT NOT NULL,
  PRIMARY KEY (site, bucket, subject, id)
);

-- Found through name (space 'ticket'), which gives the subject and its bucket.
CREATE TABLE ticket (
  site    BIGINT NOT NULL,
  bucket  INTEGER NOT NULL,
  subject UUID NOT NULL,
  digest  TEXT COLLATE "C" NOT NULL,
  kind    TEXT COLLATE "C" NOT NULL,
  data    TEXT COLLATE "C" NOT NULL,
  uses    BIGINT NOT NULL,
  created BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  PRIMARY KEY (site, bucket, subject, digest)
);
-- Those of a kind are listed newest first, a page at a time.
CREATE INDEX ticket_time ON ticket (site, bucket, subject, kind, created, digest);

CREATE TABLE attempt (
  site    BIGINT NOT NULL,
  bucket  INTEGER NOT NULL,
  subject UUID NOT NULL,
  kind    TEXT COLLATE "C" NOT NULL,
  count   BIGINT NOT NULL,
  since   BIGINT NOT NULL,
  until   BIGINT NOT NULL,
  PRIMARY KEY (site, bucket, subject, kind)
);

-- A subject's jobs are found by its bucket, which holds few.
CREATE TABLE job (
  site    BIGINT NOT NULL,
  bucket  INTEGER NOT NULL,
  id      UUID NOT NULL,
  subject UUID NOT NULL,
  kind    TEXT COLLATE "C" NOT NULL,
  body    TEXT COLLATE "C" NOT NULL,
  due     BIGINT NOT NULL,
  tries   BIGINT NOT NULL,
  created BIGINT NOT NULL,
  PRIMARY KEY (site, bucket, id)
);
CREATE INDEX job_due ON job (due);

-- A stored file, and who uses it for what. key is a content hash or an
-- imported text; its bucket is the hash of the key.
CREATE TABLE blob (
  site    BIGINT NOT NULL,
  bucket  INTEGER NOT NULL,
  key     TEXT COLLATE "C" NOT NULL,
  media   TEXT COLLATE "C" NOT NULL,
  size    BIGINT NOT NULL,
  meta    TEXT COLLATE "C" NOT NULL,
  created BIGINT NOT NULL,
  PRIMARY KEY (site, bucket, key)
);
CREATE TABLE blob_use (
  site    BIGINT NOT NULL,
  bucket  INTEGER NOT NULL,
  id      UUID NOT NULL,
  slot    TEXT COLLATE "C" NOT NULL,
  key     TEXT COLLATE "C" NOT NULL,
  created BIGINT NOT NULL,
  PRIMARY KEY (site, bucket, id, slot)
);
CREATE TABLE blob_user (
  site    BIGINT NOT NULL,
  bucket  INTEGER NOT NULL,
  key     TEXT COLLATE "C" NOT NULL,
  id      UUID NOT NULL,
  slot    TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (site, bucket, key, id, slot)
);

-- Answers kept for a repeat of the same request. about: whom one tells of, as
-- it goes when they do; without bucket, as it lies with the caller.
CREATE TABLE idempotency (
  site    BIGINT NOT NULL,
  bucket  INTEGER NOT NULL,
  subject UUID NOT NULL,
  key     TEXT COLLATE "C" NOT NULL,
  request TEXT COLLATE "C" NOT NULL,
  about   UUID NOT NULL,
  status  BIGINT NOT NULL,
  answer  TEXT COLLATE "C" NOT NULL,
  expires BIGINT NOT NULL,
  PRIMARY KEY (site, bucket, subject, key)
);
CREATE INDEX idempotency_about ON idempotency (site, about)
  WHERE about <> '00000000-0000-0000-0000-000000000000';

-- The skeleton of an event. tx: the transaction's id (xid8), which readers see
-- in order, as they look at none that an older one may still follow. bucket is
-- the subject's.
CREATE TABLE event (
  site    BIGINT NOT NULL,
  epoch   BIGINT NOT NULL,
  tx      BIGINT NOT NULL,
  seq     BIGINT NOT NULL,
  bucket  INTEGER NOT NULL,
  at      BIGINT NOT NULL,
  actor   UUID NOT NULL,
  subject UUID NOT NULL,
  kind    TEXT COLLATE "C" NOT NULL,
  paths   TEXT COLLATE "C" NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (site, epoch, tx, seq, bucket)
);

-- What a change replaced. A creation has no body.
CREATE TABLE event_body (
  site     BIGINT NOT NULL,
  bucket   INTEGER NOT NULL,
  subject  UUID NOT NULL,
  epoch    BIGINT NOT NULL,
  tx       BIGINT NOT NULL,
  seq      BIGINT NOT NULL,
  version  BIGINT NOT NULL,
  at       BIGINT NOT NULL,
  actor    UUID NOT NULL,
  kind     TEXT COLLATE "C" NOT NULL,
  replaced TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (site, bucket, subject, epoch, tx, seq)
);

CREATE TABLE tombstone (
  site   BIGINT NOT NULL,
  bucket INTEGER NOT NULL,
  id     UUID NOT NULL,
  type   TEXT COLLATE "C" NOT NULL,
  number BIGINT NOT NULL,
  at     BIGINT NOT NULL,
  PRIMARY KEY (site, bucket, id)
);
-- Without bucket: the list is of the site.
CREATE INDEX tombstone_time ON tombstone (site, type, at, id);

-- name 'number': the first number not yet given to a block. name 'age': how
-- often what the site's writers have in mind has changed.
CREATE TABLE sequence (
  site   BIGINT NOT NULL,
  bucket INTEGER NOT NULL DEFAULT 0,
  name   TEXT COLLATE "C" NOT NULL,
  next   BIGINT NOT NULL,
  PRIMARY KEY (site, bucket, name)
) WITH (fillfactor = 50);
