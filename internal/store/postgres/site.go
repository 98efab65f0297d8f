package postgres

import (
	"context"

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

// Glance reads what is shown from a replica where it may.
func (t site) Glance(ctx context.Context, age int64, decide, show func(store.Reader) error) error {
	return t.s.glance(ctx, t.id, age, decide, show)
}

// Get reads by site-wide name.
func (t site) Get(ctx context.Context, space profile.Space, value string) (*store.Record, error) {
	return t.get(ctx, func(r *reader) (*store.Record, error) { return r.ByName(profile.ID{}, space, value) })
}

// GetID reads by id.
func (t site) GetID(ctx context.Context, id profile.ID) (*store.Record, error) {
	return t.get(ctx, func(r *reader) (*store.Record, error) { return r.Record(id) })
}

func (t site) get(ctx context.Context, fn func(*reader) (*store.Record, error)) (*store.Record, error) {
	q, err := t.s.session(ctx, noTransaction)
	if err != nil {
		return nil, translate(ctx, err)
	}
	defer q.end()
	return fn(&reader{q: q, site: t.id, ctx: ctx, s: t.s})
}

// Update runs fn in a transaction.
func (t site) Update(ctx context.Context, fn func(store.Tx) error) error {
	return t.s.update(ctx, t.id, func(x *tx) error { return fn(x) })
}

// closedSession is what remains to those who keep a reader too long.
var closedSession = &session{err: errClosed}

// view runs fn on one snapshot.
func (s *Store) view(ctx context.Context, id store.SiteID, fn func(*reader) error) error {
	q, err := s.session(ctx, beginRead)
	if err != nil {
		return translate(ctx, err)
	}
	defer q.end()
	r := &reader{q: q, site: id, ctx: ctx, s: s}
	defer func() { r.q = closedSession }()
	return fn(r)
}
