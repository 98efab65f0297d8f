package sqlite

import (
	"time"

	"facet/internal/profile"
	"facet/internal/store"
	"facet/internal/store/row"
)

// The forms that all backends have in common, by short names.

type heldName = row.HeldName

type topFound = row.TopFound

func nameBucket(space profile.Space, value string) profile.Bucket {
	return row.NameBucket(space, value)
}

func keyOf(owner profile.ID, space profile.Space, value string) heldName {
	return row.KeyOf(owner, space, value)
}

func namesOf(keys []heldName, rec *store.Record) ([]heldName, error) { return row.NamesOf(keys, rec) }

func micros(t time.Time) int64 { return row.Micros(t) }

func fromMicros(v int64) time.Time { return row.FromMicros(v) }

func appendNames(b []byte, names []profile.Name) []byte { return row.AppendNames(b, names) }

func appendPaths(b []byte, paths []string) []byte { return row.AppendPaths(b, paths) }

func parseNames(dst []profile.Name, src string) ([]profile.Name, error) {
	return row.ParseNames(dst, src)
}

func knownType(b []byte) profile.Type { return row.KnownType(b) }

func knownState(b []byte) profile.State { return row.KnownState(b) }
