// Package config turns settings into an open installation: which store, which
// folder, which data key. Its errors are one line each, made for people.
package config

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"facet/internal/credential"
	"facet/internal/directory"
	"facet/internal/media"
	"facet/internal/store"
	"facet/internal/store/sqlite"
	"facet/internal/webhook"
)

// DefaultDir is the data folder when none is named.
const DefaultDir = "facet-data"

// Data says where an installation keeps its data.
type Data struct {
	Dir      string // "": DefaultDir in the current folder
	Database string // "": SQLite in Dir; else sqlite:DIR, or postgres:// and Dir holds what is not in the database
	KeyFile  string // "": the store's folder with ".key" added, beside the folder and not in its backups
	Key      string // the data key itself, in base64url; "": KeyFile is read
	Blobs    string // where the files of pictures are: a folder, or s3://…; "": blobs in the store's folder
	SMS      bool   // text messages to phones can be sent

	Resolver       directory.Resolver // asks the DNS whether domains lead here; nil: nobody does
	LocalAddresses []string           // of this server, as others reach it
	Webhooks       webhook.Filter     // which addresses events may be sent to
}

// Installation is an open store with its directory.
type Installation struct {
	Store     store.Store
	Directory *directory.Directory
	Files     media.Files
	Key       string // fingerprint of the data key
	Dir       string // of the store, and of its files where they are in the store's folder
}

// Close closes the store.
func (i *Installation) Close() error { return i.Store.Close() }

// Folder is the data folder.
func (d Data) Folder() string {
	if d.Dir == "" {
		return DefaultDir
	}
	return filepath.Clean(d.Dir)
}

// storeDir reads Database, and gives the folder of what lies in files.
func (d Data) storeDir() (string, error) {
	if d.Database == "" {
		return d.Folder(), nil
	}
	if d.isPostgres() {
		return d.Folder(), checkPostgres(d.Database)
	}
	scheme, rest, ok := strings.Cut(d.Database, ":")
	if !ok || scheme != "sqlite" {
		return "", errors.New("--database: this build knows sqlite:DIR and postgres://…" + unknownScheme(scheme, ok))
	}
	rest = strings.TrimPrefix(rest, "//")
	if rest == "" || strings.ContainsAny(rest, "?#\x00") {
		return "", errors.New("--database: sqlite: is followed by a folder, such as sqlite:./facet-data")
	}
	return filepath.Clean(rest), nil
}

// unknownScheme names the scheme of a database URL; what has none may be a
// password.
func unknownScheme(scheme string, ok bool) string {
	if !ok || len(scheme) > 20 {
		return ""
	}
	return fmt.Sprintf(", and no scheme %q", scheme)
}

// Check reports settings that no folder could satisfy, before any is touched.
func (d Data) Check() error {
	if _, err := d.storeDir(); err != nil {
		return err
	}
	if d.Key != "" {
		if _, err := credential.DataKeyFromText(d.Key); err != nil {
			return fmt.Errorf("FACET_DATA_KEY: %w", err)
		}
	}
	_, err := d.files("")
	return err
}

// files is where the files of pictures are kept; dir is the store's.
func (d Data) files(dir string) (media.Files, error) {
	if d.Blobs == "" {
		return media.NewStore(filepath.Join(dir, "blobs")), nil
	}
	files, err := media.ParseFiles(d.Blobs)
	if err != nil {
		return nil, fmt.Errorf("--blobs: %w", err)
	}
	return files, nil
}

// Open opens the installation for reading and writing, and makes folder and
// data key when there are none. A folder in which sites have sealed secrets
// is opened only with the data key that sealed them.
func (d Data) Open(ctx context.Context, log *slog.Logger) (*Installation, error) {
	if err := d.Check(); err != nil {
		return nil, err
	}
	dir, err := d.storeDir()
	if err != nil {
		return nil, err
	}
	fresh := isFresh(dir) && !d.isPostgres()
	key, err := d.readKey(dir)
	made := false
	if fresh && errors.Is(err, fs.ErrNotExist) {
		key, err = d.makeKey(dir)
		made = err == nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	missing := err != nil
	st, err := d.openStore(ctx, dir, log)
	if err != nil {
		if made {
			_ = os.Remove(d.keyFile(dir)) // it sealed nothing
		}
		return nil, err
	}
	if missing {
		key, err = d.keyForEmpty(ctx, dir, st)
	}
	if err == nil {
		var in *Installation
		if in, err = d.open(ctx, dir, st, key, log); err == nil {
			return in, nil
		}
	}
	_ = st.Close()
	return nil, err
}

// OpenForReading opens the installation beside whatever process holds it. The
// data key must be there.
func (d Data) OpenForReading(ctx context.Context, log *slog.Logger) (*Installation, error) {
	if err := d.Check(); err != nil {
		return nil, err
	}
	dir, err := d.storeDir()
	if err != nil {
		return nil, err
	}
	st, err := d.openStoreForReading(ctx, dir, log)
	if err != nil {
		return nil, err
	}
	key, err := d.readKey(dir)
	if errors.Is(err, fs.ErrNotExist) {
		key, err = d.keyForEmpty(ctx, "", st)
	}
	if err == nil {
		var in *Installation
		if in, err = d.open(ctx, dir, st, key, log); err == nil {
			return in, nil
		}
	}
	_ = st.Close()
	return nil, err
}

// open reads the sites once, which shows whether the key is the right one.
func (d Data) open(ctx context.Context, dir string, st store.Store, key credential.DataKey, log *slog.Logger) (*Installation, error) {
	files, err := d.files(dir)
	if err != nil {
		return nil, err
	}
	all := directory.New(directory.Config{
		Store: st, DataKey: key, Log: log, SMS: d.SMS, Settle: d.settle(), Resolver: d.Resolver, LocalAddresses: d.LocalAddresses, Webhooks: d.Webhooks,
		Hasher: credential.NewHasher(credential.HasherConfig{}), Media: files,
	})
	if _, err := all.HoldsRealSite(ctx); err != nil {
		return nil, fmt.Errorf("%s: %w", d.name(dir), err)
	}
	return &Installation{Store: st, Directory: all, Files: files, Key: key.Fingerprint(), Dir: dir}, nil
}

func (d Data) keyFile(dir string) string {
	if d.KeyFile != "" {
		return d.KeyFile
	}
	return dir + ".key"
}

// readKey reads the data key: fs.ErrNotExist when there is none.
func (d Data) readKey(dir string) (credential.DataKey, error) {
	if d.Key != "" {
		key, err := credential.DataKeyFromText(d.Key)
		if err != nil {
			return key, fmt.Errorf("FACET_DATA_KEY: %w", err)
		}
		return key, nil
	}
	path := d.keyFile(dir)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return credential.DataKey{}, err
	}
	return credential.LoadOrCreateDataKey(path)
}

// makeKey makes the data key file, and the folder it lies in where that is
// also the store's.
func (d Data) makeKey(dir string) (credential.DataKey, error) {
	path := d.keyFile(dir)
	if d.KeyFile == "" {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return credential.DataKey{}, fmt.Errorf("the data folder %s cannot be made: %w", dir, cause(err))
		}
	}
	key, err := credential.LoadOrCreateDataKey(path)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		err = fmt.Errorf("the data folder %s cannot be set up: its data key, %s, cannot be written: %w", dir, path, cause(err))
	}
	return key, err
}

// keyForEmpty gives a key for a store that sealed nothing yet; a store with
// sites needs the key that it had. Reading commands name no dir: theirs is
// never written.
func (d Data) keyForEmpty(ctx context.Context, dir string, st store.Store) (credential.DataKey, error) {
	sites, err := st.System().Sites(ctx)
	switch {
	case err != nil:
		return credential.DataKey{}, err
	case len(sites) > 0:
		return credential.DataKey{}, errors.New("the data key is missing: put back the file that was made beside the data folder (--data-key-file), or set FACET_DATA_KEY")
	case dir == "":
		return credential.NewDataKey(), nil
	}
	return d.makeKey(dir)
}

// isFresh reports whether nothing is in the folder yet.
func isFresh(dir string) bool {
	entries, err := os.ReadDir(dir)
	return errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0
}

// explain says what to do about a folder that does not open.
func explain(dir string, err error) error {
	switch {
	case errors.Is(err, sqlite.ErrHeld):
		return fmt.Errorf("the data folder %s is held by another process, such as a running facet serve: stop that and run this again (list commands work beside it)", dir)
	case errors.Is(err, sqlite.ErrForeign):
		return fmt.Errorf("the data folder %s holds something else than Facet's data: name an empty or a new folder with --data", dir)
	case errors.Is(err, sqlite.ErrAccess):
		return fmt.Errorf("the data folder %s cannot be used: this user may not write in it, which reading needs too", dir)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("the data folder %s cannot be made: %w", dir, cause(err))
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no Facet data in %s: name the folder with --data", dir)
	}
	return err // it names the folder
}

// cause is what the system says, without what was done to which path.
func cause(err error) error {
	var says syscall.Errno
	if errors.As(err, &says) {
		return says
	}
	return err
}
