-- What networks have used of the tries that each has, in all processes together:
-- the moment (microseconds since 1970) from which it has them all again. Not
-- logged: a crash of the server gives everybody their tries back. Room is left in
-- the pages, as rows change all the time.
CREATE UNLOGGED TABLE spent (
  network TEXT COLLATE "C" PRIMARY KEY,
  until   BIGINT NOT NULL
) WITH (fillfactor = 50);
