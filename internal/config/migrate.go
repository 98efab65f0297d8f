package config

import (
	"context"
	"errors"
	"log/slog"

	"facet/internal/store/postgres"
)

// Migration is what Migrate has done.
type Migration = postgres.Migration

// Migrate brings the schema of the store up to date. With shards, more than 0, it
// spreads a PostgreSQL database with Citus over so many. Of SQLite it does not
// tell which migrations were missing.
func (d Data) Migrate(ctx context.Context, log *slog.Logger, shards int) (Migration, error) {
	dir, err := d.storeDir()
	switch {
	case err != nil:
		return Migration{}, err
	case d.isPostgres():
		m, err := postgres.Migrate(ctx, postgres.Options{URL: d.Database, Logger: log}, shards)
		if err != nil {
			err = explainDatabase(err)
		}
		return m, err
	case shards > 0:
		return Migration{}, errors.New("a data folder of SQLite is on one machine: --distribute needs --database postgres://…")
	}
	st, err := d.openStore(ctx, dir, log)
	if err != nil {
		return Migration{}, err
	}
	return Migration{}, st.Close()
}
