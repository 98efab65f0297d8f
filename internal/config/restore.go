package config

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"

	"facet/internal/backup"
	"facet/internal/media"
	"facet/internal/store/postgres"
	"facet/internal/store/sqlite"
)

// Restore makes an installation of a backup, brings it up to date, and opens it.
// The data key that sealed what is in it must be there already, in its file or
// in the environment. Nothing that is there is written over: a folder or a
// database that is not empty is refused. A backup that is damaged leaves
// nothing; where pictures are kept elsewhere than in the data folder, some may
// have come there.
func (d Data) Restore(ctx context.Context, from *backup.Reader, log *slog.Logger) (*Installation, error) {
	if err := d.Check(); err != nil {
		return nil, err
	}
	dir, err := d.storeDir()
	if err != nil {
		return nil, err
	}
	if err := d.hasKeyOf(from.Manifest, dir); err != nil {
		return nil, err
	}
	backend := sqlite.Backend
	if d.isPostgres() {
		backend = postgres.Backend
	}
	if of := from.Info().Backend; of != backend {
		return nil, fmt.Errorf("the backup is one of %s, and --database names one of %s", of, backend)
	}
	if backend == postgres.Backend {
		err = d.restorePostgres(ctx, from, dir, log)
	} else {
		err = d.restoreSQLite(ctx, from, dir)
	}
	if err != nil {
		return nil, oneLine(err)
	}
	return d.Open(ctx, log)
}

// hasKeyOf refuses a data key that did not seal what is in a backup.
func (d Data) hasKeyOf(m backup.Manifest, dir string) error {
	key, err := d.readKey(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the backup needs its data key, %s: put its file to %s first, name it with --data-key-file, or set FACET_DATA_KEY", m.Key, d.keyFile(dir))
	case err != nil:
		return err
	case key.Fingerprint() != m.Key:
		return fmt.Errorf("the data key is %s, and the backup needs %s", key.Fingerprint(), m.Key)
	}
	return nil
}

// restoreSQLite restores a folder; pictures that lie in it come with it.
func (d Data) restoreSQLite(ctx context.Context, from *backup.Reader, dir string) error {
	return sqlite.Restore(ctx, dir, from, func(made string) func(string, io.Reader) error {
		files := media.Files(media.NewStore(filepath.Join(made, "blobs")))
		if d.Blobs != "" {
			files, _ = d.files(dir) // Check has read it
		}
		return backup.PutFiles(ctx, files)
	})
}

func (d Data) restorePostgres(ctx context.Context, from *backup.Reader, dir string, log *slog.Logger) error {
	files, err := d.files(dir)
	if err != nil {
		return err
	}
	return postgres.Restore(ctx, postgres.Options{URL: d.Database, Logger: log}, from, backup.PutFiles(ctx, files))
}
