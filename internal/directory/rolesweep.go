package directory

import (
	"context"
	"encoding/json"
	"math"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
)

// RoleSweepJob is the kind of job that ends the roles of a type that was
// deleted, so many at a time.
const RoleSweepJob = "rolesweep"

// roleSweep is its body: which roles, and how far it has come.
type roleSweep struct {
	Slug   string     `json:"slug"`
	On     profile.ID `json:"on,omitzero"` // the profile whose own type it was; zero: a global one
	Before time.Time  `json:"before"`      // later ones are of a new type of that name
	Type   int        `json:"type"`        // of sweepTypes, where it goes on
	Number int64      `json:"number"`      // of the last profile that is done
}

var sweepTypes = []profile.Type{profile.Organization, profile.Community, profile.User}

// sweepSize is how many roles end, or profiles are looked at, in one step.
const sweepSize = 500

// SweepRoles does one step of a RoleSweepJob, by its body.
func (d *Directory) SweepRoles(ctx context.Context, site store.SiteID, body []byte) error {
	var sweep roleSweep
	if err := json.Unmarshal(body, &sweep); err != nil {
		return profile.E(profile.Malformed, profile.CodeSyntax, "", "the body of the job is unreadable")
	}
	t, err := d.sites(ctx)
	if err != nil {
		return err
	}
	s := t.byID[site]
	if s == nil {
		return nil
	}
	return s.data.Update(ctx, func(tx store.Tx) error { return s.sweepRoles(tx, sweep) })
}

// sweepRoles ends some of the roles, and leaves the rest to a job.
func (s *Site) sweepRoles(tx store.Tx, at roleSweep) error {
	if !at.On.IsZero() {
		n, err := s.endRolesOf(tx, at.On, at, sweepSize)
		if err != nil || n < sweepSize {
			return err
		}
		return s.sweepOn(tx, at)
	}
	var found []*store.Record
	err := tx.ByNumber(sweepTypes[at.Type], at.Number+1, math.MaxInt64, false, func(rec *store.Record) bool {
		found = append(found, &store.Record{ID: rec.ID, Number: rec.Number})
		return len(found) < sweepSize
	})
	if err != nil {
		return err
	}
	left := sweepSize
	for _, rec := range found {
		if _, err := tx.ByName(rec.ID, profile.RoleSlug, at.Slug); err == nil { // a type of its own
			at.Number = rec.Number
			continue
		} else if !profile.IsKind(err, profile.NotFound) {
			return err
		}
		n, err := s.endRolesOf(tx, rec.ID, at, left)
		if err != nil {
			return err
		}
		if left -= n; left == 0 {
			return s.sweepOn(tx, at)
		}
		at.Number = rec.Number
	}
	if len(found) < sweepSize {
		at.Type, at.Number = at.Type+1, 0
	}
	if at.Type == len(sweepTypes) {
		return nil
	}
	return s.sweepOn(tx, at)
}

func (s *Site) sweepOn(tx store.Tx, at roleSweep) error {
	now := s.d.now()
	return tx.Enqueue(store.Job{ID: profile.NewID(now), Site: s.id, Kind: RoleSweepJob, Due: now, Created: now, Body: marshal(at)})
}

// endRolesOf ends at most limit roles on a profile, and says how many.
func (s *Site) endRolesOf(tx store.Tx, on profile.ID, at roleSweep, limit int) (int, error) {
	links, err := tx.ToByTime(on, store.LinkQuery{
		Kind: store.RoleLink, Tag: at.Slug, After: store.LinkMark{Created: at.Before.Add(time.Microsecond)}, Limit: limit,
	})
	if err != nil {
		return 0, err
	}
	for _, l := range links {
		if err := tx.DropLink(l.Src, l.Kind, l.Dst, l.Key); err != nil {
			return 0, err
		}
		if err := tx.Log(s.event(profile.ID{}, "role.removed", on)); err != nil {
			return 0, err
		}
	}
	return len(links), nil
}
