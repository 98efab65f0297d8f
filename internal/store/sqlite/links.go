package sqlite

import (
	"facet/internal/profile"
	"facet/internal/store"
)

// Link reads one edge.
func (r *reader) Link(src profile.ID, kind store.LinkKind, dst profile.ID, key string) (*store.Link, error) {
	s, err := r.c.query(selectLink, r.site, src.Bucket(), src, kind, dst, key)
	if err != nil {
		return nil, err
	}
	defer s.close()
	if found, err := s.step(); err != nil || !found {
		return nil, orNotFound(err)
	}
	return &store.Link{Src: src, Kind: kind, Dst: dst, Key: key, State: store.LinkState(s.text(0)),
		Attrs: s.bytes(1), Created: s.time(2), EndsAt: s.time(3)}, nil
}

// From lists the edges that leave src.
func (r *reader) From(src profile.ID, kind store.LinkKind, after profile.ID, afterKey string, limit int) ([]*store.Link, error) {
	s, err := r.c.query(selectLinksFrom, r.site, src.Bucket(), src, kind, after, afterKey, limit)
	if err != nil {
		return nil, err
	}
	var list []*store.Link
	err = each(s, func() bool {
		list = append(list, &store.Link{Src: src, Kind: kind, Dst: s.profileID(0), Key: s.text(1),
			State: store.LinkState(s.text(2)), Attrs: s.bytes(3), Created: s.time(4), EndsAt: s.time(5)})
		return true
	})
	return list, err
}

// To lists the edges that reach dst.
func (r *reader) To(dst profile.ID, kind store.LinkKind, after profile.ID, afterKey string, limit int) ([]*store.Link, error) {
	s, err := r.c.query(selectLinksTo, r.site, dst.Bucket(), dst, kind, after, afterKey, limit)
	if err != nil {
		return nil, err
	}
	var list []*store.Link
	err = each(s, func() bool {
		list = append(list, &store.Link{Src: s.profileID(0), Kind: kind, Dst: dst, Key: s.text(1),
			State: store.LinkState(s.text(2)), Created: s.time(3), EndsAt: s.time(4)})
		return true
	})
	return list, err
}

// AddLink inserts an edge in both directions.
func (t *tx) AddLink(l *store.Link) error {
	if l.Kind == "" {
		return &profile.Error{Kind: profile.Internal, Code: profile.CodeInternal, Message: "a link needs a kind"}
	}
	n, err := t.write(insertLink, t.site, l.Src.Bucket(), l.Src, l.Kind, l.Dst, l.Key,
		l.State, text(l.Attrs), l.Created, l.EndsAt)
	if err != nil {
		return err
	}
	if n == 0 {
		return store.TakenError("link")
	}
	_, err = t.write(insertReverse, t.site, l.Dst.Bucket(), l.Dst, l.Kind, l.Src, l.Key,
		l.State, l.Created, l.EndsAt)
	return err
}

// SetLink replaces what may change of an edge.
func (t *tx) SetLink(l *store.Link) error {
	n, err := t.write(updateLink, l.State, text(l.Attrs), l.EndsAt,
		t.site, l.Src.Bucket(), l.Src, l.Kind, l.Dst, l.Key)
	if err != nil {
		return err
	}
	if n == 0 {
		return store.ErrNotFound
	}
	_, err = t.write(updateReverse, l.State, l.EndsAt,
		t.site, l.Dst.Bucket(), l.Dst, l.Kind, l.Src, l.Key)
	return err
}

// DropLink deletes an edge in both directions.
func (t *tx) DropLink(src profile.ID, kind store.LinkKind, dst profile.ID, key string) error {
	if _, err := t.write(deleteLink, t.site, src.Bucket(), src, kind, dst, key); err != nil {
		return err
	}
	_, err := t.write(deleteReverse, t.site, dst.Bucket(), dst, kind, src, key)
	return err
}
