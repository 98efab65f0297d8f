package directory

import (
	"context"
	"math"
	"slices"
	"strconv"
	"time"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// SubjectList says which people and groups of a site are listed.
type SubjectList uint8

// The lists of a whole site, for who operates it.
const (
	AllProfiles     SubjectList = iota
	AllUsers                    // people, whether they can sign in or not
	RegisteredUsers             // users without a role on a profile that is subscribed to anything
	anybody                     // people and groups of the types that subjectList.kinds names
)

// SubjectQuery narrows and orders a list of people and groups.
type SubjectQuery struct {
	Term        string              // what all that match have in their search text, folded; "": unknown
	Match       func(*Subject) bool // nil: all
	From, Until time.Time           // of their creation; zero: no bound
	ByName      bool                // else by creation
	Down        bool
}

// Subjects reads a part of a list of the whole site. Errors: Forbidden; those
// of the window.
func (s *Site) Subjects(ctx context.Context, who access.Principal, list SubjectList, q SubjectQuery, w Window) (part Part[Subject], total Total, err error) {
	perm := map[SubjectList]access.Permission{AllProfiles: access.ProfileList, AllUsers: access.ContactRead, RegisteredUsers: access.ReportRead}[list]
	may := func(r store.Reader) error { return s.allow(r, perm, who, nil) }
	err = s.data.Glance(ctx, may, func(r store.Reader) error {
		part, total = Part[Subject]{}, Total{}
		l := subjectList{site: s, r: r, list: list, q: q, now: s.d.now()}
		found, err := l.sequence(q.Down).window(w)
		if err != nil {
			return err
		}
		if found.Previous == "" && found.Next == "" && w.Skip == 0 { // that is all
			total.Count = int64(len(found.Items))
		} else if total, err = l.count(); err != nil {
			return err
		}
		part = Part[Subject]{Previous: found.Previous, Next: found.Next, Items: make([]Subject, len(found.Items))}
		for i, rec := range found.Items {
			if part.Items[i], err = s.subject(r, rec); err != nil {
				return err
			}
		}
		return nil
	})
	return part, total, err
}

// MaySubjects says whether the caller may do perm with people or groups of the
// whole site, for faces that refuse before they read what is asked: nil or
// Forbidden.
func (s *Site) MaySubjects(ctx context.Context, perm access.Permission, who access.Principal) error {
	return s.operator(ctx, perm, who)
}

// subjectList is one reading of a list.
type subjectList struct {
	site *Site
	r    store.Reader
	list SubjectList
	q    SubjectQuery
	now  time.Time

	kinds []profile.Type // of anybody; none: all three
}

func (l *subjectList) types() []profile.Type {
	if l.list == anybody && len(l.kinds) > 0 {
		return l.kinds
	}
	if l.list == AllProfiles || l.list == anybody {
		return []profile.Type{profile.User, profile.Organization, profile.Community}
	}
	return []profile.Type{profile.User}
}

// subjectMark is a place in a list, by name or by number.
type subjectMark struct {
	sort   string
	id     profile.ID
	number int64
}

// sequence is the list in its order, or backwards.
func (l *subjectList) sequence(down bool) *sequence[*store.Record, subjectMark] {
	seq := &sequence[*store.Record, subjectMark]{
		keep:  l.belongs,
		mark:  func(rec *store.Record) subjectMark { return subjectMark{rec.Sort, rec.ID, rec.Number} },
		print: func(m subjectMark) string { return printPlace(m.id, strconv.FormatInt(m.number, 36)+"."+m.sort) },
		parse: parseSubjectMark,
	}
	if l.q.ByName {
		seq.read = func(after subjectMark, up bool, limit int) ([]*store.Record, error) {
			return l.byName(after, up != down, limit)
		}
	} else {
		seq.read = func(after subjectMark, up bool, limit int) ([]*store.Record, error) {
			return l.byNumber(after, up != down, limit)
		}
	}
	return seq
}

func parseSubjectMark(place string) (subjectMark, error) {
	id, rest, err := parsePlace(place)
	if err != nil {
		return subjectMark{}, err
	}
	for i := range rest {
		if rest[i] != '.' {
			continue
		}
		number, err := strconv.ParseInt(rest[:i], 36, 64)
		if err != nil {
			break
		}
		return subjectMark{rest[i+1:], id, number}, nil
	}
	return subjectMark{}, badPlace()
}

// byNumber reads in the order of creation. Each type has an index of its own.
func (l *subjectList) byNumber(after subjectMark, back bool, limit int) ([]*store.Record, error) {
	low, high := int64(math.MinInt64), int64(math.MaxInt64)
	switch {
	case after == subjectMark{}:
	case back:
		high = after.number - 1
	default:
		low = after.number + 1
	}
	type numbered struct {
		number int64
		id     profile.ID
	}
	var all []numbered
	for _, t := range l.types() {
		n := 0
		err := l.r.ByNumber(t, low, high, back, func(rec *store.Record) bool {
			all = append(all, numbered{rec.Number, rec.ID})
			n++
			return n < limit
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(all, func(a, b numbered) int {
		if back {
			a, b = b, a
		}
		return int(min(max(a.number-b.number, -1), 1))
	})
	ids := make([]profile.ID, 0, limit)
	for _, n := range all[:min(limit, len(all))] {
		ids = append(ids, n.id)
	}
	return l.records(ids)
}

// byName reads in the order of names.
func (l *subjectList) byName(after subjectMark, back bool, limit int) ([]*store.Record, error) {
	found, err := l.r.Search(store.SearchQuery{
		Types: l.types(), Term: l.q.Term, Backwards: back, After: store.Found{ID: after.id, Sort: after.sort}, Limit: limit,
	})
	if err != nil {
		return nil, err
	}
	ids := make([]profile.ID, len(found))
	for i, f := range found {
		ids[i] = f.ID
	}
	return l.records(ids)
}

func (l *subjectList) records(ids []profile.ID) ([]*store.Record, error) {
	out := make([]*store.Record, len(ids))
	for i, id := range ids {
		var err error
		if out[i], err = l.r.Record(id); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// belongs reports whether a record is on the list.
func (l *subjectList) belongs(rec *store.Record) (bool, error) {
	if !l.q.From.IsZero() && rec.Created.Before(l.q.From) || !l.q.Until.IsZero() && !rec.Created.Before(l.q.Until) {
		return false, nil
	}
	if l.q.Match != nil {
		if p := subjectOf(rec); !l.q.Match(&p) {
			return false, nil
		}
	}
	switch l.list {
	case AllProfiles:
		return isProfile(l.r, rec)
	case RegisteredUsers:
		if rec.Password == "" {
			return false, nil
		}
		return l.isUnsubscribed(rec.ID)
	default:
		return true, nil
	}
}

// isUnsubscribed reports whether no profile that a user has a role on has a
// subscription now.
func (l *subjectList) isUnsubscribed(user profile.ID) (bool, error) {
	roles, err := rolesOf(l.r, user, l.now)
	if err != nil {
		return false, err
	}
	for id := range roles {
		providers, err := l.site.providersOf(l.r, id, l.now)
		if err != nil || len(providers) > 0 {
			return false, err
		}
	}
	return true, nil
}

// How far a list of a whole site is counted: each record is looked at.
const (
	subjectsCounted = 1000
	subjectsRead    = 10_000
)

// count counts the list, up to a bound.
func (l *subjectList) count() (Total, error) {
	var total Total
	var after subjectMark
	read := 0
	seq := l.sequence(false)
	for {
		found, err := seq.read(after, false, batch)
		if err != nil {
			return total, err
		}
		for _, rec := range found {
			after = seq.mark(rec)
			ok, err := l.belongs(rec)
			if err != nil {
				return total, err
			}
			if read++; ok && total.Count == subjectsCounted || read > subjectsRead {
				total.Capped = true
				return total, nil
			}
			if ok {
				total.Count++
			}
		}
		if len(found) < batch {
			return total, nil
		}
	}
}
