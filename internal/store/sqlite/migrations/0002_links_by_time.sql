-- Links are listed and counted under a tag (of a role: the slug of its type),
-- newest first. An index has every state apart, so that a page of any of them
-- costs the page; a page of several is merged from theirs.
ALTER TABLE link ADD COLUMN tag TEXT NOT NULL DEFAULT '';
ALTER TABLE link_reverse ADD COLUMN tag TEXT NOT NULL DEFAULT '';

-- Once, here, SQL looks into JSON: it is ours, and flat.
UPDATE link SET tag = coalesce(json_extract(attrs, '$.role'), '') WHERE kind = 'role';

-- A link lies in src's bucket: the last 16 bits of the id.
UPDATE link_reverse SET tag = (
  SELECT l.tag FROM link l
  WHERE l.site = link_reverse.site
    AND l.bucket = (instr('0123456789ABCDEF', substr(hex(link_reverse.src), 29, 1)) - 1) * 4096
                 + (instr('0123456789ABCDEF', substr(hex(link_reverse.src), 30, 1)) - 1) * 256
                 + (instr('0123456789ABCDEF', substr(hex(link_reverse.src), 31, 1)) - 1) * 16
                 + (instr('0123456789ABCDEF', substr(hex(link_reverse.src), 32, 1)) - 1)
    AND l.src = link_reverse.src AND l.kind = 'role' AND l.dst = link_reverse.dst AND l.key = link_reverse.key)
WHERE kind = 'role';

CREATE INDEX link_time ON link (site, bucket, src, kind, tag, state, created, dst, key);
CREATE INDEX link_reverse_time ON link_reverse (site, bucket, dst, kind, tag, state, created, src, key);
