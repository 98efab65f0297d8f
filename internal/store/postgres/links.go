package postgres

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"facet/internal/profile"
	"facet/internal/store"
	"facet/internal/store/row"
)

// Link reads one edge.
func (r *reader) Link(src profile.ID, kind store.LinkKind, dst profile.ID, key string) (*store.Link, error) {
	l := &store.Link{Src: src, Kind: kind, Dst: dst, Key: key}
	err := r.must(r.of(selectLink), func(v rowOf) {
		l.Tag, l.State, l.Attrs, l.Created, l.EndsAt = v.text(0), store.LinkState(v.text(1)), v.bytes(2), v.time(3), v.time(4)
	}, r.site, src.Bucket(), src, kind, dst, key)
	if err != nil {
		return nil, err
	}
	return l, nil
}

// From lists the edges that leave src.
func (r *reader) From(src profile.ID, kind store.LinkKind, after profile.ID, afterKey string, n int) (list []*store.Link, err error) {
	err = r.query(selectLinksFrom, func(v rowOf) { list = append(list, leaving(v, src, kind)) },
		r.site, src.Bucket(), src, kind, after, afterKey, limit(n))
	return list, err
}

// To lists the edges that reach dst.
func (r *reader) To(dst profile.ID, kind store.LinkKind, after profile.ID, afterKey string, n int) (list []*store.Link, err error) {
	err = r.query(selectLinksTo, func(v rowOf) { list = append(list, reaching(v, dst, kind)) },
		r.site, dst.Bucket(), dst, kind, after, afterKey, limit(n))
	return list, err
}

// leaving reads a link that leaves src.
func leaving(v rowOf, src profile.ID, kind store.LinkKind) *store.Link {
	return &store.Link{Src: src, Kind: kind, Dst: v.id(0), Key: v.text(1), Tag: v.text(2),
		State: store.LinkState(v.text(3)), Attrs: v.bytes(4), Created: v.time(5), EndsAt: v.time(6)}
}

// reaching reads a link that reaches dst.
func reaching(v rowOf, dst profile.ID, kind store.LinkKind) *store.Link {
	return &store.Link{Src: v.id(0), Kind: kind, Dst: dst, Key: v.text(1), Tag: v.text(2),
		State: store.LinkState(v.text(3)), Created: v.time(5), EndsAt: v.time(6)}
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
	next := func(v rowOf) { at = linkGroup{v.text(0), store.LinkState(v.text(1))} }
	for {
		found, err := r.one(st.nextState, next, r.site, id.Bucket(), id, kind, at.tag, at.state)
		if !found && err == nil && tag == "" {
			found, err = r.one(st.nextTag, next, r.site, id.Bucket(), id, kind, at.tag)
		}
		if err != nil || !found {
			return groups, err
		}
		if state == "" || at.state == state {
			groups = append(groups, at)
		}
	}
}

// linksByTime reads a page of each group.
func (r *reader) linksByTime(
	st *linksByTime, scan func(rowOf, profile.ID, store.LinkKind) *store.Link, id profile.ID, q store.LinkQuery,
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
		created = row.Micros(q.After.Created)
	}
	var list []*store.Link
	for _, g := range groups {
		err := r.query(page, func(v rowOf) { list = append(list, scan(v, id, q.Kind)) },
			r.site, id.Bucket(), id, q.Kind, g.tag, g.state, created, q.After.Other, q.After.Key, limit(q.Limit))
		if err != nil {
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
		some, err := r.count(st.count, r.site, id.Bucket(), id, kind, g.tag, g.state, limit(left))
		if err != nil {
			return 0, err
		}
		n += some
	}
	return n, nil
}

// AddLink inserts an edge in both directions.
func (t *tx) AddLink(l *store.Link) error {
	if l.Kind == "" {
		return &profile.Error{Kind: profile.Internal, Code: profile.CodeInternal, Message: "a link needs a kind"}
	}
	return t.unit(func() error {
		if err := t.stays(l.Src, l.Dst); err != nil {
			return err
		}
		if err := t.write(store.TakenError("link"), insertLink, t.site, l.Src.Bucket(), l.Src, l.Kind, l.Dst, l.Key,
			l.Tag, l.State, text(l.Attrs), l.Created, l.EndsAt); err != nil {
			return err
		}
		return t.write(nil, insertReverse, t.site, l.Dst.Bucket(), l.Dst, l.Kind, l.Src, l.Key,
			l.Tag, l.State, l.Created, l.EndsAt)
	})
}

// SetLink replaces what may change of an edge.
func (t *tx) SetLink(l *store.Link) error {
	return t.unit(func() error {
		if err := t.write(store.ErrNotFound, updateLink, l.Tag, l.State, text(l.Attrs), l.EndsAt,
			t.site, l.Src.Bucket(), l.Src, l.Kind, l.Dst, l.Key); err != nil {
			return err
		}
		return t.write(nil, updateReverse, l.Tag, l.State, l.EndsAt,
			t.site, l.Dst.Bucket(), l.Dst, l.Kind, l.Src, l.Key)
	})
}

// DropLink deletes an edge in both directions.
func (t *tx) DropLink(src profile.ID, kind store.LinkKind, dst profile.ID, key string) error {
	return t.unit(func() error {
		if err := t.write(nil, deleteLink, t.site, src.Bucket(), src, kind, dst, key); err != nil {
			return err
		}
		return t.write(nil, deleteReverse, t.site, dst.Bucket(), dst, kind, src, key)
	})
}
