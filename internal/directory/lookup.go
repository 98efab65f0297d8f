package directory

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/schema"
	"facet/internal/store"
)

// Quick finds people and groups while somebody types: who has the text for a
// name of their own (user name, e-mail, phone, number, idtag, id), those whose
// name in lists, or an indexed attribute, begins with it, and where there are
// none those who have it anywhere in their names: that takes longer.
// Errors: Forbidden; Malformed for a text with NUL.
func (s *Site) Quick(ctx context.Context, who access.Principal, text string, limit int) (out []Subject, err error) {
	text = strings.TrimSpace(text)
	if strings.ContainsRune(text, 0) {
		return nil, profile.E(profile.Malformed, profile.CodeSyntax, "q", "a text with NUL")
	}
	if err := s.operator(ctx, access.RecordRead, who); err != nil || text == "" {
		return nil, err
	}
	err = s.data.View(ctx, func(r store.Reader) error {
		out = nil
		seen := map[profile.ID]bool{}
		add := func(rec *store.Record) error {
			if len(out) == limit || seen[rec.ID] || !rec.Type.IsSubject() {
				return nil
			}
			seen[rec.ID] = true
			p, err := s.subject(r, rec)
			out = append(out, p)
			return err
		}
		if err := s.eachNamed(r, text, add); err != nil {
			return err
		}
		term := profile.Fold(text)
		found, err := r.Search(store.SearchQuery{Types: subjectTypes, After: store.Found{Sort: term}, Limit: limit})
		if err != nil {
			return err
		}
		found = slices.DeleteFunc(found, func(f store.Found) bool { return !strings.HasPrefix(f.Sort, term) })
		if err := s.addFound(r, found, add); err != nil {
			return err
		}
		if err := s.eachBeginning(r, text, limit, add); err != nil || len(out) > 0 || len([]rune(term)) < 2 {
			return err
		}
		if found, err = r.Search(store.SearchQuery{Types: subjectTypes, Term: term, Limit: limit}); err != nil {
			return err
		}
		return s.addFound(r, found, add)
	})
	return out, err
}

func (s *Site) addFound(r store.Reader, found []store.Found, add func(*store.Record) error) error {
	for _, f := range found {
		rec, err := r.Record(f.ID)
		if err == nil {
			err = add(rec)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// eachBeginning calls fn for the people of whom an indexed attribute that is
// text begins with a text.
func (s *Site) eachBeginning(r store.Reader, text string, limit int, fn func(*store.Record) error) error {
	of := s.table().byKind[profile.User]
	for _, a := range of.typ.Indexed() {
		if a.Type != schema.String || a.InPlural || !of.isIndexed(a.Path) {
			continue
		}
		low, err := a.IndexValue(text, s.d.now())
		if err != nil {
			return err
		}
		var numbers []int64
		err = r.Values(profile.User, store.Range{Path: a.Path, Low: low, High: low + "\U0010ffff"}, false, func(_ []byte, number int64) bool {
			numbers = append(numbers, number)
			return len(numbers) < limit
		})
		if err != nil {
			return err
		}
		for _, n := range numbers {
			rec, err := r.ByName(profile.ID{}, profile.Number, strconv.FormatInt(n, 10))
			if err == nil {
				err = fn(rec)
			}
			if err != nil && !profile.IsKind(err, profile.NotFound) {
				return err
			}
		}
	}
	return nil
}

var subjectTypes = []profile.Type{profile.User, profile.Organization, profile.Community}

// eachNamed calls fn for the records of which a text is a name.
func (s *Site) eachNamed(r store.Reader, text string, fn func(*store.Record) error) error {
	call := func(rec *store.Record, err error) error {
		if profile.IsKind(err, profile.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return fn(rec)
	}
	if id, err := profile.ParseID(text); err == nil {
		return call(r.Record(id))
	}
	names := []profile.Name{{Space: profile.Slug, Value: profile.Fold(text)}, {Space: profile.Email, Value: emailName(text)}}
	if phone, ok := E164(text); ok {
		names = append(names, profile.Name{Space: profile.Phone, Value: phone})
	}
	if number, err := strconv.ParseInt(strings.TrimPrefix(text, "#"), 10, 64); err == nil {
		names = append(names, profile.Name{Space: profile.Number, Value: strconv.FormatInt(number, 10)})
	}
	for _, n := range names {
		if err := call(r.ByName(profile.ID{}, n.Space, n.Value)); err != nil {
			return err
		}
	}
	if !strings.Contains(text, "@") {
		return nil
	}
	return call(s.byIDTag(r, strings.TrimPrefix(text, "@")))
}

// RecordQuery narrows a list of the site's people and groups; the zero value
// lists all, the newest first.
type RecordQuery struct {
	Text    string         // in their names, e-mail or user name; then the list is by name
	Types   []profile.Type // none: all three
	State   profile.State  // "": any
	Related string         // slug: only who has a Relation to it, the newest relation first
	By      LookupRelation
	Filter  string // of one type, in the grammar of the entity face; by number then, the newest first
}

// LookupRelation is what those on a list have to do with a profile.
type LookupRelation string

// The relations that a list is narrowed by.
const (
	WithRole      LookupRelation = "role"       // have, or wait for, a role on it
	WithPlan      LookupRelation = "subscriber" // are subscribed to a plan of it
	WhoFollow     LookupRelation = "follower"   // follow it
	WhoItFollows  LookupRelation = "followed"   // it follows them
	WhoConnect    LookupRelation = "connected"  // are connected with it, or asked to be
	WhereItsRoles LookupRelation = "managed"    // it has a role on them
)

var lookupLinks = map[LookupRelation]struct {
	kind  store.LinkKind
	reach bool // the links reach the profile
}{
	WithRole: {store.RoleLink, true}, WhoFollow: {store.FollowLink, true}, WhoItFollows: {store.FollowLink, false},
	WhoConnect: {store.ConnectLink, true}, WhereItsRoles: {store.RoleLink, false},
}

// Records lists people and groups of the site. Every page costs the same, but
// for filters that no index answers, which read all records of their type.
// Errors: Forbidden; NotFound with Field "related"; Invalid with Field "by" or
// "type"; those of filters and windows.
func (s *Site) Records(ctx context.Context, who access.Principal, q RecordQuery, w Window) (part Part[Subject], err error) {
	if strings.ContainsRune(q.Text+q.Related, 0) {
		return part, profile.E(profile.Malformed, profile.CodeSyntax, "q", "a text with NUL")
	}
	if err := s.operator(ctx, access.RecordRead, who); err != nil {
		return part, err
	}
	if q.Filter != "" {
		return steady(s, func() (Part[Subject], error) { return s.byFilter(ctx, who, q, w) })
	}
	err = s.data.View(ctx, func(r store.Reader) error {
		if q.Related != "" {
			part, err = s.relatedRecords(r, q, w)
			return err
		}
		l := subjectList{site: s, r: r, list: anybody, q: SubjectQuery{Term: profile.Fold(q.Text), ByName: q.Text != ""}, kinds: q.Types}
		if q.State != "" {
			l.q.Match = func(p *Subject) bool { return p.State == q.State }
		}
		found, err := l.sequence(q.Text == "").window(w)
		if err != nil {
			return err
		}
		part, err = s.subjectPart(r, found)
		return err
	})
	return part, err
}

func (s *Site) subjectPart(r store.Reader, found Part[*store.Record]) (Part[Subject], error) {
	out := Part[Subject]{Previous: found.Previous, Next: found.Next, Items: make([]Subject, len(found.Items))}
	for i, rec := range found.Items {
		var err error
		if out.Items[i], err = s.subject(r, rec); err != nil {
			return out, err
		}
	}
	return out, nil
}

// belongs reports whether a record is what the query asks for, its relation and
// filter apart.
func (q *RecordQuery) belongs(rec *store.Record) bool {
	if len(q.Types) > 0 && !slices.Contains(q.Types, rec.Type) || !rec.Type.IsSubject() || q.State != "" && rec.State != q.State {
		return false
	}
	_, text := sortAndSearch(rec)
	return strings.Contains(text, profile.Fold(q.Text))
}

// relatedRecords reads the list of those who have to do with a profile.
func (s *Site) relatedRecords(r store.Reader, q RecordQuery, w Window) (part Part[Subject], err error) {
	of, err := bySlug(r, profile.Slug, q.Related)
	if profile.IsKind(err, profile.NotFound) {
		return part, profile.E(profile.NotFound, profile.CodeNotFound, "related", "there is no profile %s", q.Related)
	}
	if err != nil {
		return part, err
	}
	by, ok := lookupLinks[q.By]
	if !ok {
		return part, profile.E(profile.Invalid, profile.CodeChoice, "by", "there is no such relation")
	}
	read, other := r.FromByTime, func(l *store.Link) profile.ID { return l.Dst }
	if by.reach {
		read, other = r.ToByTime, func(l *store.Link) profile.ID { return l.Src }
	}
	keep := func(l *store.Link) (bool, error) {
		rec, err := r.Record(other(l))
		if profile.IsKind(err, profile.NotFound) || err == nil && (l.State == store.LinkEnded || rec.ID == of.ID) {
			return false, nil
		}
		return err == nil && q.belongs(rec), err
	}
	links, err := linkSequence(func(lq store.LinkQuery) ([]*store.Link, error) { return read(of.ID, lq) }, store.LinkQuery{Kind: by.kind}, keep, other).window(w)
	if err != nil {
		return part, err
	}
	found := Part[*store.Record]{Previous: links.Previous, Next: links.Next}
	for _, l := range links.Items {
		rec, err := r.Record(other(l))
		if err != nil {
			return part, err
		}
		found.Items = append(found.Items, rec)
	}
	return s.subjectPart(r, found)
}

// byFilter reads a list by a filter, in the order of numbers. The place goes
// into the filter, so that a page costs the same at any depth.
func (s *Site) byFilter(ctx context.Context, who access.Principal, q RecordQuery, w Window) (part Part[Subject], err error) {
	if len(q.Types) != 1 {
		return part, profile.E(profile.Missing, profile.CodeRequired, "type", "a filter needs one type of profile")
	}
	typ := s.typeOf(q.Types[0])
	if typ == nil {
		return part, unknownType(string(q.Types[0]))
	}
	if _, err := s.search(access.RecordRead, who, typ.Name, q.Filter); err != nil { // by itself
		return part, err
	}
	up, expr := w.Before != "" || w.Last, q.Filter
	if place := w.After + w.Before; place != "" {
		m, err := parseSubjectMark(place)
		if err != nil {
			return part, err
		}
		expr = "(" + expr + ") and id " + map[bool]string{true: ">", false: "<"}[up] + " " + strconv.FormatInt(m.number, 10)
	}
	f, err := s.search(access.RecordRead, who, typ.Name, expr)
	if err != nil {
		return part, err
	}
	err = s.look(ctx, f, func(l *look) error {
		var marks []subjectMark
		more := false
		err := l.walk(!up, func(rec *store.Record) bool {
			if more = len(marks) == w.Max; more {
				return false
			}
			marks = append(marks, subjectMark{id: rec.ID, number: rec.Number})
			return ctx.Err() == nil
		})
		if err = joinErr(err, ctx.Err()); err != nil || len(marks) == 0 {
			return err
		}
		if up {
			slices.Reverse(marks)
		}
		found := Part[*store.Record]{}
		print := (&subjectList{}).sequence(false).print
		if w.After != "" || up && more {
			found.Previous = print(marks[0])
		}
		if w.Before != "" || !up && more {
			found.Next = print(marks[len(marks)-1])
		}
		for _, m := range marks {
			rec, err := l.r.Record(m.id)
			if err != nil {
				return err
			}
			if q.belongs(rec) {
				found.Items = append(found.Items, rec)
			}
		}
		part, err = s.subjectPart(l.r, found)
		return err
	})
	return part, err
}
