package directory

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// Identity is a profile as another one sees it.
type Identity struct {
	Subject
	Relationship
	Related bool // the viewer is another profile, whose relationship this is
	Within  bool // seen at a community: the labels of the account say nothing there
	Rank    Rank // in a community: of the profile in the viewer's, or of the viewer in that
	Owner   bool // of the viewer, which is a community
}

// identity shows a profile to a viewer: NotFound when it blocked the viewer. A
// profile has no relationship with itself, and that of another profile is not
// shown.
func (s *Site) identity(r store.Reader, v viewer, rec *store.Record) (Identity, error) {
	out := Identity{Subject: subjectOf(rec), Within: v.community}
	if rec.ID == v.id {
		return out, nil
	}
	if !v.related {
		return out, notBlocked(r, rec.ID, v.id)
	}
	b, err := readBond(r, v.id, rec.ID)
	if err == nil && b&isBlocked != 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		return out, err
	}
	out.Relationship, out.Related = b.relationship(), true
	switch {
	case v.community && rec.Type == profile.User:
		return out, s.showMember(r, v.id, &out)
	case isCommunity(rec):
		out.Rank, err = memberRank(r, rec.ID, v.id)
	}
	return out, err
}

// Identity reads a profile by idtag: as the caller sees it, or as the one with
// the slug does, where the caller may act for that. Errors: NotFound, also for
// who blocked the viewer.
func (s *Site) Identity(ctx context.Context, who access.Principal, slug, tag string) (Identity, error) {
	if err := access.Allow(access.IdentityRead, who, access.Self); err != nil {
		return Identity{}, err
	}
	var out Identity
	err := s.data.View(ctx, func(r store.Reader) error {
		v, err := s.viewer(r, who, slug)
		if err != nil {
			return err
		}
		rec, err := s.subjectByIDTag(r, tag)
		if err != nil {
			return err
		}
		out, err = s.identity(r, v, rec)
		return err
	})
	return out, err
}

// IdentityBatch reads profiles by idtag, each once. Those that are not there,
// or not for the caller, are left out.
func (s *Site) IdentityBatch(ctx context.Context, who access.Principal, tags []string) ([]Subject, error) {
	if err := access.Allow(access.IdentityBatch, who, access.Self); err != nil {
		return nil, err
	}
	var out []Subject
	err := s.data.View(ctx, func(r store.Reader) error {
		out = nil
		for _, tag := range tags {
			rec, err := s.subjectByIDTag(r, tag)
			if err == nil {
				err = notBlocked(r, rec.ID, who.Subject)
			}
			if profile.IsKind(err, profile.NotFound) {
				continue
			}
			if err != nil {
				return err
			}
			if !slices.ContainsFunc(out, func(p Subject) bool { return p.ID == rec.ID }) {
				out = append(out, subjectOf(rec))
			}
		}
		return nil
	})
	return out, err
}

// IdentityQuery narrows a list of profiles; the zero value lists all that are
// active, blocked ones left out.
type IdentityQuery struct {
	Types     []profile.Type // none: people, communities and organizations
	Term      string         // in name or idtag
	IDTag     string
	Connected []string // "disconnected", "pending", "asked", "connected"
	Following *bool
	Follower  *bool
	Trusted   *bool    // some trust is set, or none is
	Status    []string // "active", "muted", "blocked", "suspended"
	ByName    bool     // also where the list is narrowed by a relation
	Backwards bool     // the list from its end to its beginning
	After     Cursor
	Limit     int
}

// Cursor is where the next page of a list begins: which list, and the place in
// it. The zero value comes before the first.
type Cursor struct {
	List string
	Sort string // a sort name, or microseconds since 1970
	ID   profile.ID
}

// identityNames is the list by name.
const identityNames = "name"

// relationList is the links that a list is read from, newest first.
type relationList struct {
	name  string
	links []store.LinkQuery
	reach bool // they reach the viewer
}

// relations chooses the links of which a list can only have the far ends, the
// fewest first; ok is false when there are none.
func (q *IdentityQuery) relations() (l relationList, ok bool) {
	one := func(name string, kind store.LinkKind, state store.LinkState, reach bool) (relationList, bool) {
		return relationList{name, []store.LinkQuery{{Kind: kind, State: state}}, reach}, true
	}
	connected := ""
	if len(q.Connected) == 1 {
		connected = q.Connected[0]
	}
	is := func(b *bool) bool { return b != nil && *b }
	switch {
	case connected == "pending":
		return one("pending", store.ConnectLink, store.LinkRequested, false)
	case connected == "asked":
		return one("asked", store.ConnectLink, store.LinkRequested, true)
	case is(q.Trusted):
		return one("trust", store.TrustLink, "", false)
	case len(q.Status) > 0 && !slices.ContainsFunc(q.Status, func(s string) bool { return s != "blocked" && s != "muted" }):
		l.name = "status"
		for _, kind := range []store.LinkKind{store.BlockLink, store.MuteLink} {
			if slices.Contains(q.Status, map[store.LinkKind]string{store.BlockLink: "blocked", store.MuteLink: "muted"}[kind]) {
				l.links = append(l.links, store.LinkQuery{Kind: kind})
			}
		}
		return l, true
	case connected == "connected":
		return one("connected", store.ConnectLink, store.LinkActive, false)
	case is(q.Following):
		return one("following", store.FollowLink, "", false)
	case is(q.Follower):
		return one("follower", store.FollowLink, "", true)
	}
	return l, false
}

// narrowed reports whether relationships decide who is on the list.
func (q *IdentityQuery) narrowed() bool {
	return len(q.Connected) > 0 || q.Following != nil || q.Follower != nil || q.Trusted != nil
}

// Identities lists profiles: by name, or where a relation narrows the list by
// the time of the relation, the newest first. more tells that the list goes on
// after next; a page of a list that few belong to may have fewer than Limit, or
// none, and go on. Errors: Forbidden for a list narrowed by the relations of a
// profile that the caller may not act for; Invalid with Field "cursor".
func (s *Site) Identities(ctx context.Context, who access.Principal, slug string, q IdentityQuery) (out []Identity, next Cursor, more bool, err error) {
	if err := access.Allow(access.IdentityRead, who, access.Self); err != nil {
		return nil, Cursor{}, false, err
	}
	if strings.ContainsRune(q.Term, 0) {
		return nil, Cursor{}, false, profile.E(profile.Malformed, profile.CodeSyntax, "q", "a text with NUL")
	}
	err = s.data.View(ctx, func(r store.Reader) error {
		v, err := s.viewer(r, who, slug)
		if err != nil {
			return err
		}
		if !v.related && q.narrowed() {
			return profile.E(profile.Forbidden, profile.CodeForbidden, "", "not allowed")
		}
		l := newIdentityList(s, r, v, q)
		out, next, more, err = l.page()
		return err
	})
	return out, next, more, err
}

// identityList is one reading of a list.
type identityList struct {
	site  *Site
	r     store.Reader
	v     viewer
	q     IdentityQuery
	types []profile.Type
	name  string // of the list, in cursors
	read  func(after Cursor, limit int) ([]Cursor, error)
}

func newIdentityList(s *Site, r store.Reader, v viewer, q IdentityQuery) *identityList {
	l := &identityList{site: s, r: r, v: v, q: q, types: q.Types, name: identityNames}
	if len(l.types) == 0 {
		l.types = []profile.Type{profile.User, profile.Community, profile.Organization}
	}
	l.read = l.byName
	if links, ok := q.relations(); ok && v.related && !q.ByName {
		l.name = links.name
		l.read = func(after Cursor, limit int) ([]Cursor, error) { return l.byTime(links, after, limit) }
	}
	return l
}

// How many profiles are looked at for a page, and how many are read at once.
const (
	identitiesLooked = 1000
	identityBatch    = 200
)

// page reads the page after the query's place.
func (l *identityList) page() (out []Identity, next Cursor, more bool, err error) {
	if l.q.IDTag != "" {
		out, err = l.one()
		return out, Cursor{}, false, err
	}
	if l.q.After != (Cursor{}) && l.q.After.List != l.name {
		return nil, next, false, badCursor()
	}
	next = l.q.After
	limit := l.q.Limit + 1 // most belong to most lists
	for looked := 0; ; looked, limit = looked+limit, identityBatch {
		if looked >= identitiesLooked {
			return out, next, true, nil
		}
		found, err := l.read(next, limit)
		if err != nil {
			return nil, next, false, err
		}
		for _, at := range found {
			p, ok, err := l.shown(at.ID)
			if err != nil {
				return nil, next, false, err
			}
			if ok && len(out) == l.q.Limit {
				return out, next, true, nil
			}
			if next = at; ok {
				out = append(out, p)
			}
		}
		if len(found) < limit {
			return out, next, false, nil
		}
	}
}

// byName reads places in the order of names.
func (l *identityList) byName(after Cursor, limit int) ([]Cursor, error) {
	// what stands before an @ is in the search text; the rest is looked at after
	term, _, _ := strings.Cut(profile.Fold(l.q.Term), "@")
	found, err := l.r.Search(store.SearchQuery{
		Types: l.types, Term: term, Backwards: l.q.Backwards, After: store.Found{ID: after.ID, Sort: after.Sort}, Limit: limit,
	})
	out := make([]Cursor, len(found))
	for i, f := range found {
		out[i] = Cursor{identityNames, f.Sort, f.ID}
	}
	return out, err
}

// byTime reads places in the order of links.
func (l *identityList) byTime(list relationList, after Cursor, limit int) ([]Cursor, error) {
	var mark store.LinkMark
	if after != (Cursor{}) {
		micros, err := strconv.ParseInt(after.Sort, 10, 64)
		if err != nil {
			return nil, badCursor()
		}
		mark = store.LinkMark{Created: time.UnixMicro(micros).UTC(), Other: after.ID}
	}
	read, other := l.r.FromByTime, func(l *store.Link) profile.ID { return l.Dst }
	if list.reach {
		read, other = l.r.ToByTime, func(l *store.Link) profile.ID { return l.Src }
	}
	var all []*store.Link
	for _, q := range list.links {
		q.After, q.Oldest, q.Limit = mark, l.q.Backwards, limit
		links, err := read(l.v.id, q)
		if err != nil {
			return nil, err
		}
		all = append(all, links...)
	}
	slices.SortFunc(all, func(a, b *store.Link) int {
		if !l.q.Backwards {
			a, b = b, a
		}
		x, y := other(a), other(b)
		return cmp.Or(a.Created.Compare(b.Created), slices.Compare(x[:], y[:]))
	})
	out := make([]Cursor, min(len(all), limit))
	for i := range out {
		out[i] = Cursor{list.name, strconv.FormatInt(all[i].Created.UnixMicro(), 10), other(all[i])}
	}
	return out, nil
}

// one looks at the profile that the query names.
func (l *identityList) one() ([]Identity, error) {
	rec, err := l.site.subjectByIDTag(l.r, l.q.IDTag)
	if profile.IsKind(err, profile.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p, ok, err := l.listed(rec)
	if err != nil || !ok {
		return nil, err
	}
	return []Identity{p}, nil
}

// shown reads a profile, and reports whether it is on the list: one that is
// erased is not.
func (l *identityList) shown(id profile.ID) (Identity, bool, error) {
	rec, err := l.r.Record(id)
	if profile.IsKind(err, profile.NotFound) || err == nil && rec.State == profile.Banned {
		return Identity{}, false, nil
	}
	if err != nil {
		return Identity{}, false, err
	}
	return l.listed(rec)
}

// listed reports whether a profile is on the list: one that blocked the viewer
// is not. What the record tells is asked before its links are read.
func (l *identityList) listed(rec *store.Record) (Identity, bool, error) {
	p := Identity{Subject: subjectOf(rec)}
	if !slices.Contains(l.types, rec.Type) || !l.site.matches(&p.Subject, profile.Fold(l.q.Term)) {
		return p, false, nil
	}
	p, err := l.site.identity(l.r, l.v, rec)
	if profile.IsKind(err, profile.NotFound) {
		return p, false, nil
	}
	if err != nil || l.q.narrowed() && !p.Related { // a profile has no relationship with itself
		return p, false, err
	}
	status, same := l.q.Status, func(want *bool, is bool) bool { return want == nil || *want == is }
	if len(status) == 0 {
		status = []string{"active", "muted"}
	}
	ok := slices.Contains(status, p.Status()) &&
		(len(l.q.Connected) == 0 || slices.Contains(l.q.Connected, p.Connection()) || p.Asked && slices.Contains(l.q.Connected, "asked")) &&
		same(l.q.Following, p.Following) && same(l.q.Follower, p.Follower) && same(l.q.Trusted, p.Trust != "")
	return p, ok, nil
}

func badCursor() error {
	return profile.E(profile.Invalid, profile.CodeInvalid, "cursor", "not a cursor of this list")
}

// matches reports whether a name or idtag contains a folded term. The search
// looks into e-mails too: nobody's is to be found out by it. What stands after
// the @ of an idtag counts only for a term that has an @, since many share it.
func (s *Site) matches(p *Subject, term string) bool {
	if term == "" {
		return true
	}
	tag := profile.Fold(s.IDTag(p))
	if !strings.Contains(term, "@") {
		tag, _, _ = strings.Cut(tag, "@")
	}
	return strings.Contains(profile.Fold(p.FullName()), term) || strings.Contains(profile.Fold(p.Slug), term) || strings.Contains(tag, term)
}

// Status is how the viewer, or the site, holds a profile: "active", "muted",
// "blocked", "suspended".
func (p *Identity) Status() string {
	if p.State != profile.Active {
		return "suspended"
	}
	return p.Held()
}

// Held is how the viewer holds a profile, whatever the site does: "active",
// "muted", "blocked".
func (r *Relationship) Held() string {
	switch {
	case r.Blocked:
		return "blocked"
	case r.Muted:
		return "muted"
	default:
		return "active"
	}
}

// Connection is "disconnected", "pending" or "connected".
func (r *Relationship) Connection() string {
	switch {
	case r.Connected:
		return "connected"
	case r.Pending:
		return "pending"
	default:
		return "disconnected"
	}
}

// ByTime reports whether the list is in the order of relations, not of names.
func (q *IdentityQuery) ByTime() bool {
	_, ok := q.relations()
	return ok && !q.ByName
}
