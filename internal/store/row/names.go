package row

import (
	"encoding/json"
	"fmt"
	"slices"

	"facet/internal/profile"
	"facet/internal/store"
)

// HeldName is the key of a row of names: in the owner's bucket, or in that of
// the name where the owner is zero.
type HeldName struct {
	Bucket profile.Bucket
	Owner  profile.ID
	Space  profile.Space
	Value  string
}

// KeyOf gives the key of a name.
func KeyOf(owner profile.ID, space profile.Space, value string) HeldName {
	if owner.IsZero() {
		return HeldName{NameBucket(space, value), owner, space, value}
	}
	return HeldName{owner.Bucket(), owner, space, value}
}

// BucketOf gives the bucket of a record's row: its owner's id tells it, so that
// what an owner has is found in one; of what has no owner, its own.
func BucketOf(rec *store.Record) profile.Bucket {
	if rec.Owner.IsZero() {
		return rec.ID.Bucket()
	}
	return rec.Owner.Bucket()
}

// NamesOf adds to keys the names that find a record: those it carries, and its
// id when the id does not tell the bucket. An owned name on a record without
// owner is an error.
func NamesOf(keys []HeldName, rec *store.Record) ([]HeldName, error) {
	foreign := rec.Bucket != rec.ID.Bucket()
	for _, n := range rec.Names {
		owner := profile.ID{}
		if n.Owned {
			if owner = rec.Owner; owner.IsZero() {
				return nil, fmt.Errorf("store: owned name in space %s on a record without owner", n.Space)
			}
		}
		if n.Space == profile.UUID {
			foreign = false
		}
		keys = append(keys, KeyOf(owner, n.Space, n.Value))
	}
	if foreign {
		keys = append(keys, KeyOf(profile.ID{}, profile.UUID, rec.ID.String()))
	}
	return keys, nil
}

// Without gives the keys of a that are not in b.
func Without[T comparable](a, b []T) []T {
	var out []T
	for _, k := range a {
		if !slices.Contains(b, k) {
			out = append(out, k)
		}
	}
	return out
}

// Replaced gives the body of a change: what old had and rec has otherwise.
func Replaced(old, rec *store.Record) ([]byte, error) {
	r := store.Replaced{Updated: Micros(old.Updated)}
	if string(old.Attrs) != string(rec.Attrs) {
		s := string(old.Attrs)
		r.Attrs = &s
	}
	if string(old.Extras) != string(rec.Extras) {
		s := string(old.Extras)
		r.Extras = &s
	}
	if !slices.Equal(old.Names, rec.Names) {
		r.Names = old.Names
	}
	if old.State != rec.State {
		r.State = old.State
	}
	if old.Password != rec.Password {
		r.Password = &old.Password
	}
	return json.Marshal(r)
}

// KnownType gives a type without copying its text when it is one of ours.
func KnownType(b []byte) profile.Type {
	switch string(b) {
	case string(profile.User):
		return profile.User
	case string(profile.Organization):
		return profile.Organization
	case string(profile.Household):
		return profile.Household
	case string(profile.Document):
		return profile.Document
	}
	return profile.Type(b)
}

// KnownState gives a state without copying its text when it is the usual one.
func KnownState(b []byte) profile.State {
	if string(b) == string(profile.Active) {
		return profile.Active
	}
	return profile.State(b)
}
