package directory

import (
	"context"
	"slices"
	"strings"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// RoleQuery selects a part of a list of roles, newest first.
type RoleQuery struct {
	Role     string      // of this type; "": any
	States   []RoleState // none: all
	Personal bool        // the user's role on the own personal profile too, in lists of the user's side
	Oldest   bool        // the oldest first instead
	Window   Window

	Whole bool     // all at once, to be searched and ordered, where that can be had
	Terms []string // folded; of a long list only what has one of these
}

// RoleList is what a RoleQuery selects.
type RoleList struct {
	Part[Role]
	Total
	Whole     bool  // Items are all there are, or, when Capped, as many as a search gives
	Invited   Total // of the profile, or the user, whatever the query
	Requested Total
}

// RoleState is where a role stands in its life: active, invited or requested.
type RoleState = store.LinkState

// RoleStates are the states that a role can be in.
var RoleStates = []RoleState{store.LinkActive, store.LinkInvited, store.LinkRequested}

const (
	wholeRoles    = 1000 // a list is given whole up to here
	searchedNames = 5000 // that a search in a longer list looks at, for each term
)

// Roles lists who is what on a profile, and who asks or is asked to be. Of a
// type, requests are listed too, whatever type they are for: who accepts one
// chooses. Errors: NotFound, with Field "role" for the type; Forbidden.
func (s *Site) Roles(ctx context.Context, who access.Principal, slug string, q RoleQuery) (out RoleList, err error) {
	err = s.data.View(ctx, func(r store.Reader) error {
		on, err := s.profileFor(r, access.RoleRead, who, slug)
		if err != nil {
			return err
		}
		l := roleLister{roles: s.rolesIn(r, who), q: q, toProfile: on}
		if q.Role != "" {
			t, err := l.types.asked(on, q.Role)
			if err != nil {
				return err
			}
			l.tag, l.anyRequest = t.Slug, true
		}
		out, err = l.list()
		return err
	})
	return out, err
}

// Accessibles lists what a user is, is offered or asks to be on which profiles.
// Errors: NotFound, Forbidden.
func (s *Site) Accessibles(ctx context.Context, who access.Principal, username string, q RoleQuery) (out RoleList, err error) {
	err = s.data.View(ctx, func(r store.Reader) error {
		user, err := s.userFor(r, access.AccessibleRead, who, username)
		if err != nil {
			return err
		}
		l := roleLister{roles: s.rolesIn(r, who), q: q, ofUser: user, tag: profile.Fold(q.Role)}
		if one := strings.TrimSuffix(l.tag, "s"); builtInRole(one) != nil {
			l.tag = one
		}
		if !q.Personal {
			if l.own, err = linkAt(r, user.ID, user.ID, roleHeld); err != nil {
				return err
			}
		}
		out, err = l.list()
		return err
	})
	return out, err
}

// roleLister lists the roles on one profile, or of one user.
type roleLister struct {
	*roles
	q          RoleQuery
	toProfile  *store.Record
	ofUser     *store.Record
	tag        string                       // "": any
	anyRequest bool                         // requests of any type belong to the list
	own        *store.Link                  // the user's role on the personal profile, when it is left out
	ends       map[profile.ID]*store.Record // other ends of links that were read; nil: erased, and not swept yet
	groups     []group
}

// group is a part of the list that an index has apart.
type group struct {
	tag   string
	state store.LinkState
}

func (l *roleLister) list() (out RoleList, err error) {
	states := l.q.States
	if len(states) == 0 {
		states = RoleStates
	}
	for _, state := range states {
		g := group{l.tag, state}
		if l.anyRequest && state == store.LinkRequested {
			g.tag = ""
		}
		if !slices.Contains(l.groups, g) {
			l.groups = append(l.groups, g)
		}
	}
	if l.own != nil && !l.has(l.own) {
		l.own = nil
	}
	if out.Invited, err = l.count(group{"", store.LinkInvited}); err != nil {
		return out, err
	}
	if out.Requested, err = l.count(group{"", store.LinkRequested}); err != nil {
		return out, err
	}
	if out.Total, err = l.count(l.groups...); err != nil {
		return out, err
	}
	if l.own != nil && !out.Capped {
		out.Count--
	}
	switch {
	case l.q.Whole && out.Count <= wholeRoles:
		out.Whole = true
		links, err := l.merged(store.LinkQuery{Oldest: l.q.Oldest, Limit: -1})
		if err != nil {
			return out, err
		}
		out.Items, err = l.read(links)
		out.Count = int64(len(out.Items))
		return out, err
	case l.q.Whole && len(l.q.Terms) > 0:
		out.Whole = true
		out.Items, out.Capped, err = l.search()
		return out, err
	}
	links, err := l.sequence().window(l.q.Window.fit(out.Total))
	if err != nil {
		return out, err
	}
	out.Previous, out.Next = links.Previous, links.Next
	if out.Items, err = l.read(links.Items); out.Previous+out.Next+l.q.Window.After+l.q.Window.Before == "" && l.q.Window.Skip == 0 { // that is all
		out.Count = int64(len(out.Items))
	}
	return out, err
}

// has reports whether a link belongs to the list by its tag and state.
func (l *roleLister) has(link *store.Link) bool {
	return slices.ContainsFunc(l.groups, func(g group) bool { return g.state == link.State && (g.tag == "" || g.tag == link.Tag) })
}

func (l *roleLister) count(groups ...group) (Total, error) {
	var n int64
	for _, g := range groups {
		count, id := l.r.CountFrom, l.ofUser
		if l.toProfile != nil {
			count, id = l.r.CountTo, l.toProfile
		}
		some, err := count(id.ID, store.RoleLink, g.tag, g.state, countLimit+1)
		if err != nil {
			return Total{}, err
		}
		n += some
	}
	return totalOf(n), nil
}

// sequence is the list, to be read from any place.
func (l *roleLister) sequence() *sequence[*store.Link, store.LinkMark] {
	return linkSequence(func(q store.LinkQuery) ([]*store.Link, error) {
		q.Oldest = q.Oldest != l.q.Oldest
		return l.merged(q)
	}, store.LinkQuery{}, l.keep, l.other)
}

// keep reports whether a link is shown: not the own one, and its other end is
// there.
func (l *roleLister) keep(link *store.Link) (bool, error) {
	if l.isOwn(link) {
		return false, nil
	}
	end, err := l.end(link)
	return end != nil, err
}

// end reads the other end of a link, nil for who is erased.
func (l *roleLister) end(link *store.Link) (*store.Record, error) {
	id := l.other(link)
	if rec, ok := l.ends[id]; ok {
		return rec, nil
	}
	rec, err := l.r.Record(id)
	if profile.IsKind(err, profile.NotFound) {
		rec, err = nil, nil
	}
	if err != nil {
		return nil, err
	}
	if l.ends == nil {
		l.ends = map[profile.ID]*store.Record{}
	}
	l.ends[id] = rec
	return rec, nil
}

func (l *roleLister) other(link *store.Link) profile.ID {
	if l.toProfile != nil {
		return link.Src
	}
	return link.Dst
}

func (l *roleLister) isOwn(link *store.Link) bool {
	return l.own != nil && link.Dst == l.own.Dst && link.Key == l.own.Key
}

// merged reads the next links of all groups, in order of time.
func (l *roleLister) merged(q store.LinkQuery) ([]*store.Link, error) {
	var out []*store.Link
	for _, g := range l.groups {
		q.Kind, q.Tag, q.State = store.RoleLink, g.tag, g.state
		from, id := l.r.FromByTime, l.ofUser
		if l.toProfile != nil {
			from, id = l.r.ToByTime, l.toProfile
		}
		links, err := from(id.ID, q)
		if err != nil {
			return nil, err
		}
		out = append(out, links...)
	}
	slices.SortFunc(out, func(a, b *store.Link) int {
		if q.Oldest {
			a, b = b, a
		}
		return l.compare(b, a)
	})
	if q.Limit >= 0 && len(out) > q.Limit {
		out = out[:q.Limit]
	}
	return out, nil
}

func (l *roleLister) compare(a, b *store.Link) int {
	if c := a.Created.Compare(b.Created); c != 0 {
		return c
	}
	x, y := l.other(a), l.other(b)
	if c := slices.Compare(x[:], y[:]); c != 0 {
		return c
	}
	return strings.Compare(a.Key, b.Key)
}

// search finds the roles whose other end has one of the terms in its name,
// slug, e-mail or phone. capped tells that there may be more.
func (l *roleLister) search() (found []Role, capped bool, err error) {
	types := []profile.Type{profile.User, profile.Organization, profile.Community}
	if l.toProfile != nil {
		types = types[:1]
	}
	var links []*store.Link
	seen := map[profile.ID]bool{}
	for _, term := range l.q.Terms {
		var at store.Found
		for looked := 0; ; {
			hits, err := l.r.Search(store.SearchQuery{Types: types, Term: term, After: at, Limit: batch})
			if err != nil {
				return nil, false, err
			}
			for _, hit := range hits {
				if at = hit; seen[hit.ID] {
					continue
				}
				seen[hit.ID] = true
				of, err := l.linksWith(hit.ID)
				if err != nil {
					return nil, false, err
				}
				links = append(links, of...)
			}
			looked += len(hits)
			if len(hits) < batch {
				break
			}
			if looked >= searchedNames || len(links) >= wholeRoles {
				capped = true
				break
			}
		}
	}
	slices.SortFunc(links, func(a, b *store.Link) int { return l.compare(b, a) })
	found, err = l.read(links)
	return found, capped, err
}

// linksWith gives the listed links whose other end is this.
func (l *roleLister) linksWith(other profile.ID) (out []*store.Link, err error) {
	src, dst := other, profile.ID{}
	if l.toProfile != nil {
		dst = l.toProfile.ID
	} else {
		src, dst = l.ofUser.ID, other
	}
	for _, key := range []string{roleHeld, roleAsked} {
		link, err := linkAt(l.r, src, dst, key)
		if err != nil {
			return nil, err
		}
		if link != nil && l.has(link) {
			out = append(out, link)
		}
	}
	return out, nil
}

// read reads the roles of listed links.
func (l *roleLister) read(links []*store.Link) ([]Role, error) {
	out := make([]Role, 0, len(links))
	for _, link := range links {
		if ok, err := l.keep(link); err != nil {
			return nil, err
		} else if !ok {
			continue
		}
		end, err := l.end(link)
		if err != nil {
			return nil, err
		}
		user, on := l.ofUser, end
		if l.toProfile != nil {
			user, on = end, l.toProfile
			if link.Attrs == nil { // lists of this direction leave them out
				if link, err = l.r.Link(link.Src, link.Kind, link.Dst, link.Key); err != nil {
					return nil, err
				}
			}
		}
		role, err := l.of(link, user, on)
		if err != nil {
			return nil, err
		}
		out = append(out, role)
	}
	return out, nil
}
