package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"facet/internal/media"
)

// maxFile is the most bytes of one stored file: those of a picture have 16 MiB
// at most.
const maxFile = 64 << 20

// PutFiles gives a function that stores the files of a backup, for the Restore of
// a store.
func PutFiles(ctx context.Context, files media.Files) func(name string, r io.Reader) error {
	return func(name string, r io.Reader) error {
		site, place, err := fileName(name)
		if err != nil {
			return err
		}
		content, err := io.ReadAll(io.LimitReader(r, maxFile+1))
		if err != nil {
			return err
		}
		if len(content) > maxFile {
			return fmt.Errorf("%w: %s is too large", ErrDamaged, name)
		}
		return files.Put(ctx, site, place, content)
	}
}

func fileName(name string) (site int64, place string, err error) {
	rest, ok := strings.CutPrefix(name, filesPath)
	text, place, found := strings.Cut(rest, "/")
	site, err = strconv.ParseInt(text, 10, 64)
	if !ok || !found || err != nil || site <= 0 || !media.IsPlace(place) {
		return 0, "", fmt.Errorf("%w: it has an entry %q", ErrDamaged, name)
	}
	return site, place, nil
}

// Checked is what Check found.
type Checked struct {
	Parts, Files int
	Bytes        int64
}

// Check reads a backup to its end and writes nothing. Errors: ErrDamaged.
func Check(ctx context.Context, r *Reader) (found Checked, err error) {
	for {
		name, content, err := r.Next()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return found, err
		}
		if strings.HasPrefix(name, filesPath) {
			if _, _, err := fileName(name); err != nil {
				return found, err
			}
			found.Files++
		} else {
			found.Parts++
		}
		n, err := io.Copy(io.Discard, content)
		if found.Bytes += n; err != nil {
			return found, err
		}
	}
}
