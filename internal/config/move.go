package config

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"

	"facet/internal/store/postgres"
	"facet/internal/store/sqlite"
)

// Move copies what SQLite keeps in the data folder into an empty database of
// PostgreSQL, in one transaction, and marks the folder's database as moved.
// Nothing else may have the folder open. The files of pictures and the data key
// stay where they are. told is called with each table that was copied.
func (d Data) Move(ctx context.Context, to string, log *slog.Logger, told func(table string, rows int64)) error {
	if err := d.Check(); err != nil {
		return err
	}
	target := Data{Database: to}
	switch {
	case d.isPostgres():
		return errors.New("--database names PostgreSQL: what is moved is a data folder of SQLite")
	case !target.isPostgres():
		return errors.New("--to is a URL of PostgreSQL, such as postgres://USER@HOST/NAME")
	}
	if err := checkPostgres(to); err != nil {
		return err
	}
	dir, err := d.storeDir()
	if err != nil {
		return err
	}
	if isFresh(dir) {
		return fmt.Errorf("there is no data in %s: name the folder with --data", dir)
	}
	if _, err := d.readKey(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	from, err := sqlite.Open(ctx, sqlite.Options{Dir: dir, Logger: log})
	if err != nil {
		return explain(dir, err)
	}
	defer from.Close()
	if err := postgres.Load(ctx, postgres.Options{URL: to, Logger: log}, from, told); err != nil {
		if errors.Is(err, postgres.ErrForeign) {
			return fmt.Errorf("%w: name an empty database with --to", err)
		}
		return explainDatabase(err)
	}
	if err := from.MarkMoved(); err != nil {
		return fmt.Errorf("all is copied, but the folder's database could not be marked as moved, and must not be served any more: %w", err)
	}
	return nil
}
