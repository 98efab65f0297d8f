package directory

import (
	"context"
	"slices"
	"strings"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// ChoiceKind says among whom a typeahead looks.
type ChoiceKind uint8

// The kinds of choice (DjaoApp, "Accounts").
const (
	AnyChoice ChoiceKind = iota // profiles, and users who are none
	ProfileChoice
	UserChoice
)

// Choice is a person or group to choose from.
type Choice struct {
	Subject
	Profile bool // it is a profile, not a user only
}

// What a typeahead costs at most, however many fit.
const (
	accountsCounted = 100  // matches
	accountsRead    = 5000 // records
)

// Choices looks for people and groups by terms, any of which may fit: a part
// of a name or slug, or a whole e-mail address. Operators find by parts of
// e-mails and phone numbers too; others do not, so that nobody's is found out
// letter by letter. Where no profile fits, those whose e-mail is of the domain
// that a term names are given, unless it is a public mail provider's. Who
// blocked the caller is not among them, but for operators.
//
// It gives up to limit of them by name, and how many there are: more tells that
// the list does not hold all, and count then is at least that many.
func (s *Site) Choices(ctx context.Context, who access.Principal, kind ChoiceKind, terms []string, limit int) (found []Choice, count int, more bool, err error) {
	operator, err := s.IsOperator(ctx, who)
	if err == nil {
		err = access.Admit(access.AccountSearch, who)
	}
	if err != nil {
		return nil, 0, false, err
	}
	if len(terms) == 0 {
		terms = []string{""}
	}
	err = s.data.View(ctx, func(r store.Reader) error {
		l := accountSearch{site: s, r: r, kind: kind, who: who.Subject, operator: operator}
		for _, term := range terms {
			if err := l.look(term, l.named); err != nil {
				return err
			}
		}
		if kind == ProfileChoice && len(l.found) == 0 {
			for _, term := range terms {
				domain := mailDomain(term)
				if domain == "" {
					continue
				}
				if err := l.look("@"+domain, inDomain); err != nil {
					return err
				}
			}
		}
		found, count, more = l.found, len(l.found), l.full
		return nil
	})
	slices.SortFunc(found, func(a, b Choice) int {
		if c := strings.Compare(profile.Fold(a.FullName()), profile.Fold(b.FullName())); c != 0 {
			return c
		}
		return slices.Compare(a.ID[:], b.ID[:])
	})
	if len(found) > limit {
		found, more = found[:limit], true
	}
	return found, count, more, err
}

// accountSearch is one typeahead on its way.
type accountSearch struct {
	site     *Site
	r        store.Reader
	kind     ChoiceKind
	who      profile.ID
	operator bool
	read     int
	full     bool // there may be more
	found    []Choice
}

// look adds those whose search text has the term and who fit it.
func (l *accountSearch) look(term string, fits func(p *Subject, term string) bool) error {
	types := []profile.Type{profile.User, profile.Organization, profile.Community}
	if l.kind == UserChoice {
		types = types[:1]
	}
	var at store.Found
	for {
		batch, err := l.r.Search(store.SearchQuery{Types: types, Term: term, After: at, Limit: linkPage})
		if err != nil {
			return err
		}
		for _, f := range batch {
			if len(l.found) == accountsCounted || l.read == accountsRead {
				l.full = true
				return nil
			}
			at = f
			l.read++
			if slices.ContainsFunc(l.found, func(a Choice) bool { return a.ID == f.ID }) {
				continue
			}
			if err := l.take(f.ID, term, fits); err != nil {
				return err
			}
		}
		if len(batch) < linkPage {
			return nil
		}
	}
}

func (l *accountSearch) take(id profile.ID, term string, fits func(p *Subject, term string) bool) error {
	rec, err := l.r.Record(id)
	if err != nil {
		return err
	}
	p := subjectOf(rec)
	if rec.State != profile.Active || !fits(&p, term) {
		return nil
	}
	if !l.operator {
		if err := notBlocked(l.r, id, l.who); err != nil {
			if profile.IsKind(err, profile.NotFound) {
				return nil
			}
			return err
		}
	}
	a, err := l.site.account(l.r, rec)
	if err == nil && (a.Profile || l.kind != ProfileChoice) {
		l.found = append(l.found, a)
	}
	return err
}

// named reports whether a term is what the caller may find somebody by.
func (l *accountSearch) named(p *Subject, term string) bool {
	email := profile.Fold(p.Text("email"))
	return strings.Contains(profile.Fold(p.FullName()), term) || strings.Contains(profile.Fold(p.Slug), term) || email == term ||
		l.operator && (strings.Contains(email, term) || strings.Contains(p.Text("mobileNumber"), term))
}

func inDomain(p *Subject, at string) bool {
	return strings.HasSuffix(profile.Fold(p.Text("email")), at)
}

// account reads a record as one to choose from.
func (s *Site) account(r store.Reader, rec *store.Record) (Choice, error) {
	a := Choice{Subject: subjectOf(rec)}
	var err error
	if rec.Type == profile.User {
		if a.Personal, err = isPersonal(r, rec.ID); err != nil {
			return a, err
		}
	}
	a.Profile, err = isProfile(r, rec)
	return a, err
}

// AccountProfile reads the summary of a profile that any signed-in user may
// see. Errors: NotFound, also for who blocked the caller.
func (s *Site) AccountProfile(ctx context.Context, who access.Principal, slug string) (Subject, error) {
	if err := access.Admit(access.AccountSearch, who); err != nil {
		return Subject{}, err
	}
	var out Choice
	err := s.data.View(ctx, func(r store.Reader) error {
		rec, err := bySlug(r, profile.Slug, slug)
		if err != nil {
			return err
		}
		if out, err = s.account(r, rec); err == nil && (!out.Profile || rec.State != profile.Active) {
			err = store.ErrNotFound
		}
		if err == nil {
			err = s.reaches(r, who, rec.ID, "profile")
		}
		return err
	})
	return out.Subject, err
}

// mailDomain is the domain that a term names, by itself or behind an @; "" for
// none, and for the domain of a public mail provider.
func mailDomain(term string) string {
	domain := term[strings.LastIndexByte(term, '@')+1:]
	if !strings.Contains(domain, ".") || !IsEmail("x@"+domain) || isPublicMail(domain) {
		return ""
	}
	return domain
}
