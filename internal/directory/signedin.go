package directory

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// SessionInfo is a place where somebody is signed in.
type SessionInfo struct {
	ID      profile.ID
	Began   time.Time
	Expires time.Time
	As      access.RestrictionKind // what it may do less; "": nothing
	Derived bool                   // it came of another session, a key or a ref, and ends with it
	Current bool                   // it is the caller's own
}

// SessionsOf lists where a user is signed in, the newest first. Errors:
// NotFound, Forbidden.
func (s *Site) SessionsOf(ctx context.Context, who access.Principal, user UserKey) (out []SessionInfo, err error) {
	err = s.data.View(ctx, func(r store.Reader) error {
		out = nil
		rec, err := s.userKeyed(r, access.SessionList, who, user)
		if err != nil {
			return err
		}
		rows, err := r.Sessions(rec.ID)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if !row.Expires.After(s.d.now()) {
				continue
			}
			var as access.Restriction
			if row.Restriction != nil {
				if err := json.Unmarshal(row.Restriction, &as); err != nil {
					return err
				}
			}
			out = append(out, SessionInfo{ID: row.ID, Began: row.Created, Expires: row.Expires, As: as.Kind,
				Derived: as.Origin() != access.Origin{}, Current: row.ID == who.Session})
		}
		return nil
	})
	slices.SortFunc(out, func(a, b SessionInfo) int { return b.Began.Compare(a.Began) })
	return out, err
}

// EndSession signs a user out in one place; what came of that session ends with
// it. A session that is gone is no error. Errors: NotFound, Forbidden.
func (s *Site) EndSession(ctx context.Context, who access.Principal, user UserKey, session profile.ID) error {
	return s.data.Update(ctx, func(tx store.Tx) error {
		rec, err := s.userKeyed(tx, access.SessionDrop, who, user)
		if err != nil {
			return err
		}
		if err := dropSessionsOf(tx, rec.ID, func(r access.Restriction) bool { return r.From == session }); err != nil {
			return err
		}
		if err := tx.DropSession(rec.ID, session); err != nil {
			return err
		}
		return tx.Log(s.event(who.Subject, "session.ended", rec.ID))
	})
}
