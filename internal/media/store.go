package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// Store keeps files in a folder: DIR/SITE/ab/c1/b1~abc1…, by the first letters
// of what follows the "~", so that no folder grows large.
type Store struct{ dir string }

// NewStore gives a store in a folder, which is made when the first file is.
func NewStore(dir string) *Store { return &Store{dir} }

var placeForm = regexp.MustCompile(`^[a-z][0-9]~[A-Za-z0-9_-]{4,86}(\.[a-z0-9]{1,32})?$`)

// IsPlace reports whether a text has the form of a place: a file's id, or that
// with a dot and letters behind it, for one writing of the file among several.
// No other text ever becomes a path.
func IsPlace(s string) bool { return placeForm.MatchString(s) }

// pathOf is where a place lies below the root of a store, with slashes.
func pathOf(site int64, place string) (string, error) {
	if !IsPlace(place) || site <= 0 {
		return "", fmt.Errorf("media: %w: not the place of a file", fs.ErrNotExist)
	}
	_, name, _ := strings.Cut(place, "~")
	return path.Join(strconv.FormatInt(site, 10), name[:2], name[2:4], place), nil
}

func (s *Store) path(site int64, place string) (string, error) {
	p, err := pathOf(site, place)
	return filepath.Join(s.dir, filepath.FromSlash(p)), err
}

// Put writes a file so that it is on disk, whole, when Put returns. A file that
// is there stays as it is: the place tells the content.
func (s *Store) Put(_ context.Context, site int64, place string, data []byte) (err error) {
	path, err := s.path(site, place)
	if err != nil {
		return err
	}
	folder := filepath.Dir(path)
	if info, err := os.Stat(path); err == nil && info.Size() == int64(len(data)) {
		return syncFolder(folder)
	}
	if err := s.makeFolder(folder); err != nil {
		return err
	}
	f, err := os.CreateTemp(folder, newPrefix(place)+"*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(folder)
}

// newPrefix is what the names begin with of files that are being written: a crash
// leaves them.
func newPrefix(place string) string { return ".new-" + place + "-" }

// makeFolder makes a folder and those above it, each of which is on disk in
// its own then.
func (s *Store) makeFolder(folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	for up := filepath.Dir(folder); len(up) >= len(filepath.Dir(s.dir)); up = filepath.Dir(up) {
		if err := syncFolder(up); err != nil {
			return err
		}
		if up == filepath.Dir(up) {
			break
		}
	}
	return nil
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Open opens a file for reading: fs.ErrNotExist when there is none.
func (s *Store) Open(_ context.Context, site int64, place string) (io.ReadSeekCloser, error) {
	path, err := s.path(site, place)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Delete removes a file, and what was left of one that was not written to its
// end; one that is gone already is no error.
func (s *Store) Delete(_ context.Context, site int64, place string) error {
	path, err := s.path(site, place)
	if err != nil {
		return err
	}
	folder := filepath.Dir(path)
	there, err := os.ReadDir(folder)
	if err != nil {
		return unlessGone(err)
	}
	for _, one := range there {
		if name := one.Name(); name == place || strings.HasPrefix(name, newPrefix(place)) {
			if err := unlessGone(os.Remove(filepath.Join(folder, name))); err != nil {
				return err
			}
		}
	}
	return nil
}

func unlessGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
