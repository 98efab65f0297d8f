package sqlite

import (
	"cmp"
	"math"
	"slices"
	"strings"

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
	return &store.Link{Src: src, Kind: kind, Dst: dst, Key: key, Tag: s.text(0), State: store.LinkState(s.text(1)),
		Attrs: s.bytes(2), Created: s.time(3), EndsAt: s.time(4)}, nil
}

// From lists the edges that leave src.
func (r *reader) From(src profile.ID, kind store.LinkKind, after profile.ID, afterKey string, limit int) ([]*store.Link, error) {
	s, err := r.c.query(selectLinksFrom, r.site, src.Bucket(), src, kind, after, afterKey, limit)
	if err != nil {
		return nil, err
	}
	return leaving(nil, s, src, kind)
}

// To lists the edges that reach dst.
func (r *reader) To(dst profile.ID, kind store.LinkKind, after profile.ID, afterKey string, limit int) ([]*store.Link, error) {
	s, err := r.c.query(selectLinksTo, r.site, dst.Bucket(), dst, kind, after, afterKey, limit)
	if err != nil {
		return nil, err
	}
	return reaching(nil, s, dst, kind)
}

// leaving adds the rows of a query to the links that leave src.
func leaving(list []*store.Link, s *stmt, src profile.ID, kind store.LinkKind) ([]*store.Link, error) {
	err := each(s, func() bool {
		list = append(list, &store.Link{Src: src, Kind: kind, Dst: s.profileID(0), Key: s.text(1), Tag: s.text(2),
			State: store.LinkState(s.text(3)), Attrs: s.bytes(4), Created: s.time(5), EndsAt: s.time(6)})
		return true
	})
	return list, err
}

// reaching adds the rows of a query to the links that reach dst.
func reaching(list []*store.Link, s *stmt, dst profile.ID, kind store.LinkKind) ([]*store.Link, error) {
	err := each(s, func() bool {
		list = append(list, &store.Link{Src: s.profileID(0), Kind: kind, Dst: dst, Key: s.text(1), Tag: s.text(2),
			State: store.LinkState(s.text(3)), Created: s.time(5), EndsAt: s.time(6)})
		return true
	})
	return list, err
}

// FromByTime lists the edges that leave src, newest first.
func (r *reader) FromByTime(src profile.ID, q store.LinkQuery) ([]*store.Link, error) {
	list, err := r.linksByTime(&linksFrom, leaving, src, q)
	return merged(list, q, func(l *store.Link) profile.ID { return l.Dst }), err
}

// ToByTime lists the edges that reach dst, newest first.
func (r *reader) ToByTime(dst profile.ID, q store.LinkQuery) ([]*store.Link, error) {
	list, err := r.linksByTime(&linksTo, reaching, dst, q)
	return merged(list, q, func(l *store.Link) profile.ID { return l.Src }), err
}

// CountFrom counts the edges that leave src.
func (r *reader) CountFrom(src profile.ID, kind store.LinkKind, tag string, state store.LinkState, max int64) (int64, error) {
	return r.countLinks(&linksFrom, src, kind, tag, state, max)
}

// CountTo counts the edges that reach dst.
func (r *reader) CountTo(dst profile.ID, kind store.LinkKind, tag string, state store.LinkState, max int64) (int64, error) {
	return r.countLinks(&linksTo, dst, kind, tag, state, max)
}

// linksByTime are the statements of one direction.
type linksByTime struct{ nextState, nextTag, page, pageUp, count statement }

type linkGroup struct {
	tag   string
	state store.LinkState
}

// linkGroups finds the groups of a tag and a state ("": any), two seeks each.
func (r *reader) linkGroups(st *linksByTime, id profile.ID, kind store.LinkKind, tag string, state store.LinkState) ([]linkGroup, error) {
	if tag != "" && state != "" {
		return []linkGroup{{tag, state}}, nil
	}
	var groups []linkGroup
	at := linkGroup{tag: tag}
	for {
		s, err := r.c.query(st.nextState, r.site, id.Bucket(), id, kind, at.tag, at.state)
		if err != nil {
			return nil, err
		}
		found, err := nextGroup(s, &at)
		if !found && err == nil && tag == "" {
			if s, err = r.c.query(st.nextTag, r.site, id.Bucket(), id, kind, at.tag); err != nil {
				return nil, err
			}
			found, err = nextGroup(s, &at)
		}
		if err != nil || !found {
			return groups, err
		}
		if state == "" || at.state == state {
			groups = append(groups, at)
		}
	}
}

func nextGroup(s *stmt, at *linkGroup) (found bool, err error) {
	err = each(s, func() bool {
		*at, found = linkGroup{s.text(0), store.LinkState(s.text(1))}, true
		return false
	})
	return found, err
}

// linksByTime reads a page of each group.
func (r *reader) linksByTime(
	st *linksByTime, add func([]*store.Link, *stmt, profile.ID, store.LinkKind) ([]*store.Link, error), id profile.ID, q store.LinkQuery,
) ([]*store.Link, error) {
	groups, err := r.linkGroups(st, id, q.Kind, q.Tag, q.State)
	if err != nil {
		return nil, err
	}
	page, created := st.page, int64(math.MaxInt64)
	if q.Oldest {
		page, created = st.pageUp, math.MinInt64
	}
	if q.After != (store.LinkMark{}) {
		created = micros(q.After.Created)
	}
	var list []*store.Link
	for _, g := range groups {
		s, err := r.c.query(page, r.site, id.Bucket(), id, q.Kind, g.tag, g.state,
			created, q.After.Other, q.After.Key, q.Limit)
		if err != nil {
			return nil, err
		}
		if list, err = add(list, s, id, q.Kind); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// merged puts the pages of the groups into one order, and cuts.
func merged(list []*store.Link, q store.LinkQuery, other func(*store.Link) profile.ID) []*store.Link {
	slices.SortFunc(list, func(a, b *store.Link) int {
		if !q.Oldest {
			a, b = b, a
		}
		x, y := other(a), other(b)
		return cmp.Or(a.Created.Compare(b.Created), slices.Compare(x[:], y[:]), strings.Compare(a.Key, b.Key))
	})
	if q.Limit >= 0 && len(list) > q.Limit {
		list = list[:q.Limit]
	}
	return list
}

func (r *reader) countLinks(st *linksByTime, id profile.ID, kind store.LinkKind, tag string, state store.LinkState, max int64) (n int64, err error) {
	groups, err := r.linkGroups(st, id, kind, tag, state)
	if err != nil {
		return 0, err
	}
	for _, g := range groups {
		left := int64(-1)
		if max >= 0 {
			left = max - n
		}
		s, err := r.c.query(st.count, r.site, id.Bucket(), id, kind, g.tag, g.state, left)
		if err != nil {
			return 0, err
		}
		err = each(s, func() bool {
			n += s.int(0)
			return false
		})
		if err != nil {
			return 0, err
		}
	}
	return n, nil
}

// AddLink inserts an edge in both directions.
func (t *tx) AddLink(l *store.Link) error {
	if l.Kind == "" {
		return &profile.Error{Kind: profile.Internal, Code: profile.CodeInternal, Message: "a link needs a kind"}
	}
	n, err := t.write(insertLink, t.site, l.Src.Bucket(), l.Src, l.Kind, l.Dst, l.Key,
		l.Tag, l.State, text(l.Attrs), l.Created, l.EndsAt)
	if err != nil {
		return err
	}
	if n == 0 {
		return store.TakenError("link")
	}
	_, err = t.write(insertReverse, t.site, l.Dst.Bucket(), l.Dst, l.Kind, l.Src, l.Key,
		l.Tag, l.State, l.Created, l.EndsAt)
	return err
}

// SetLink replaces what may change of an edge.
func (t *tx) SetLink(l *store.Link) error {
	n, err := t.write(updateLink, l.Tag, l.State, text(l.Attrs), l.EndsAt,
		t.site, l.Src.Bucket(), l.Src, l.Kind, l.Dst, l.Key)
	if err != nil {
		return err
	}
	if n == 0 {
		return store.ErrNotFound
	}
	_, err = t.write(updateReverse, l.Tag, l.State, l.EndsAt,
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
