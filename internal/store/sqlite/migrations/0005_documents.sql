-- The documents of an app, found by its number: they carried it only among
-- their owner's names.
INSERT INTO attribute (site, type, path, value, bucket, id)
SELECT site, '$document', 'app', value, home, id FROM name WHERE space = 'document'
ON CONFLICT DO NOTHING;

-- Who was erased, the latest first. Without bucket: the list is of the site.
CREATE INDEX tombstone_time ON tombstone (site, type, at, id);
