package config

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"facet/internal/store"
	"facet/internal/store/postgres"
	"facet/internal/store/sqlite"
)

// settle is how long another process may go on by entity types that have
// changed: a little more than it takes to see a change. A folder of SQLite has
// one process.
func (d Data) settle() time.Duration {
	if d.isPostgres() {
		return time.Second
	}
	return 0
}

// isPostgres reports whether Database is a URL of PostgreSQL.
func (d Data) isPostgres() bool { return isPostgres(d.Database) }

func isPostgres(url string) bool {
	return strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://")
}

// checkPostgres reports a URL that names no database.
func checkPostgres(url string) error {
	if _, err := pgxpool.ParseConfig(url); err != nil {
		return fmt.Errorf("--database: %w", oneLine(err)) // without the password
	}
	return nil
}

// checkReplicas reports replicas that no database of ours could have.
func (d Data) checkReplicas() error {
	for _, url := range d.Replicas {
		switch {
		case !d.isPostgres():
			return errors.New("--replica needs a --database postgres://… that it is a replica of")
		case !isPostgres(url):
			return errors.New("--replica: the URL of a replica begins with postgres://")
		}
		if _, err := pgxpool.ParseConfig(url); err != nil {
			return fmt.Errorf("--replica: %w", oneLine(err)) // without the password
		}
	}
	return nil
}

// name is what people know the store by.
func (d Data) name(dir string) string {
	if d.isPostgres() {
		return "the database"
	}
	return "the data folder " + dir
}

// openStore opens the store for reading and writing.
func (d Data) openStore(ctx context.Context, dir string, log *slog.Logger) (store.Store, error) {
	if d.isPostgres() {
		st, err := postgres.Open(ctx, postgres.Options{URL: d.Database, Replicas: d.Replicas, Logger: log})
		if err != nil {
			return nil, explainDatabase(err)
		}
		return st, nil
	}
	st, err := sqlite.Open(ctx, sqlite.Options{Dir: dir, Logger: log})
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("the data folder %s cannot be made: %w", dir, cause(err))
	case err != nil:
		return nil, explain(dir, err)
	}
	return st, nil
}

// openStoreForReading opens the store beside whatever process writes in it.
func (d Data) openStoreForReading(ctx context.Context, dir string, log *slog.Logger) (store.Store, error) {
	if d.isPostgres() {
		st, err := postgres.OpenReadOnly(ctx, postgres.Options{URL: d.Database, Logger: log})
		if err != nil {
			return nil, explainDatabase(err)
		}
		return st, nil
	}
	if isFresh(dir) {
		return nil, fmt.Errorf("there is no data in %s: name the folder with --data", dir)
	}
	st, err := sqlite.OpenReadOnly(ctx, sqlite.Options{Dir: dir, Logger: log})
	if err != nil {
		return nil, explain(dir, err)
	}
	return st, nil
}

// explainDatabase says what to do about a database that does not open.
func explainDatabase(err error) error {
	if errors.Is(err, postgres.ErrForeign) {
		return fmt.Errorf("%w: name an empty database with --database", err)
	}
	if errors.Is(err, postgres.ErrNoReplica) {
		return fmt.Errorf("--replica: %w", oneLine(err))
	}
	return oneLine(err)
}

// oneLine joins the lines of an error, as of a server with several addresses.
func oneLine(err error) error {
	if text := err.Error(); strings.ContainsAny(text, "\n\t") {
		return errors.New(strings.Join(strings.Fields(text), " "))
	}
	return err
}
