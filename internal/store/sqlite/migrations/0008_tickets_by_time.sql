-- Tickets of a kind are listed newest first, a page at a time.
CREATE INDEX ticket_time ON ticket (site, bucket, subject, kind, created, digest);
