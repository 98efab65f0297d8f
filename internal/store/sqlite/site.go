package sqlite

import (
	"context"

	sqlite3 "modernc.org/sqlite/lib"

	"facet/internal/profile"
	"facet/internal/store"
)

// Site gives access to one tenant.
func (s *Store) Site(id store.SiteID) store.Site { return site{s, id} }

// System gives access to sites, hosts and due jobs.
func (s *Store) System() store.System { return system{s} }

// site is one tenant's data; it is a store.Site.
type site struct {
	s  *Store
	id store.SiteID
}

// View reads one snapshot.
func (t site) View(ctx context.Context, fn func(store.Reader) error) error {
	return t.s.view(ctx, t.id, func(r *reader) error { return fn(r) })
}

// Glance reads one snapshot: there are no replicas.
func (t site) Glance(ctx context.Context, _ int64, decide, show func(store.Reader) error) error {
	return t.s.view(ctx, t.id, func(r *reader) error {
		if decide != nil {
			if err := decide(r); err != nil {
				return err
			}
		}
		return show(r)
	})
}

// Get reads by site-wide name.
func (t site) Get(ctx context.Context, space profile.Space, value string) (*store.Record, error) {
	c, err := t.s.reading(ctx)
	if err != nil {
		return nil, err
	}
	defer t.s.giveBack(c)
	r := reader{c: c, site: t.id, ctx: ctx}
	return r.ByName(profile.ID{}, space, value)
}

// GetID reads by id.
func (t site) GetID(ctx context.Context, id profile.ID) (*store.Record, error) {
	c, err := t.s.reading(ctx)
	if err != nil {
		return nil, err
	}
	defer t.s.giveBack(c)
	r := reader{c: c, site: t.id, ctx: ctx}
	return r.Record(id)
}

// Update hands fn to the writer.
func (t site) Update(ctx context.Context, fn func(store.Tx) error) error {
	return t.s.update(ctx, t.id, func(x *tx) error { return fn(x) })
}

func (s *Store) update(ctx context.Context, id store.SiteID, fn func(*tx) error) error {
	if s.w == nil {
		return ErrReadOnly
	}
	return s.w.update(ctx, id, fn)
}

// view runs fn on one snapshot; the end of ctx interrupts what is running.
func (s *Store) view(ctx context.Context, id store.SiteID, fn func(*reader) error) (err error) {
	c, err := s.snapshot(ctx)
	if err != nil {
		return err
	}
	defer s.giveBack(c)
	r := &reader{c: c, site: id, ctx: ctx, s: s}
	defer func() {
		r.c = nil
		if hasCode(err, sqlite3.SQLITE_INTERRUPT) && ctx.Err() != nil {
			err = ctx.Err()
		}
	}()
	if ctx.Done() != nil {
		interrupted := make(chan struct{})
		stop := context.AfterFunc(ctx, func() {
			c.interrupt()
			close(interrupted)
		})
		defer func() {
			if !stop() {
				<-interrupted
			}
		}()
	}
	return fn(r)
}
