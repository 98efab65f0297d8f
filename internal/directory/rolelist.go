package directory

import (
	"context"
	"slices"
	"strings"
	"time"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// RoleQuery selects a page of a list of roles, newest first.
type RoleQuery struct {
	Role     string           // of this type; "": any
	States   []RoleState      // none: all
	Personal bool             // the user's role on the own personal profile too, in lists of the user's side
	Match    func(*Role) bool // nil: any
	After    RoleMark
	Skip     int // this many more, of those that match
	Limit    int
}

// RoleMark is the place of a role in a list; the zero mark comes before all.
type RoleMark struct {
	Created time.Time
	Other   profile.ID
	Key     string
}

// RoleList is a page of roles.
type RoleList struct {
	Roles     []Role
	More      bool     // there are others after Mark
	Mark      RoleMark // where the page ends
	Count     int64    // of all that the query selects, but for Match
	Invited   int64    // of the profile, or the user, whatever the query
	Requested int64
}

// Totals of roles are counted so far; a search looks at so many.
const (
	MaxRoleCount = 100_000
	rolesLooked  = 5000
)

// RoleState is where a role stands in its life: active, invited or requested.
type RoleState = store.LinkState

// RoleStates are the states that a role can be in.
var RoleStates = []RoleState{store.LinkActive, store.LinkInvited, store.LinkRequested}

// Roles lists who is what on a profile, and who asks or is asked to be. Of a
// type, requests are listed too, whatever type they are for: who accepts one
// chooses. Errors: NotFound, with Field "role" for the type; Forbidden.
func (s *Site) Roles(ctx context.Context, who access.Principal, slug string, q RoleQuery) (out RoleList, err error) {
	err = s.data.View(ctx, func(r store.Reader) error {
		on, err := s.profileFor(r, access.RoleRead, who, slug)
		if err != nil {
			return err
		}
		l := roleLister{roles: s.rolesIn(r), q: q, toProfile: on}
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
		l := roleLister{roles: s.rolesIn(r), q: q, ofUser: user, tag: profile.Fold(q.Role)}
		if one := strings.TrimSuffix(l.tag, "s"); builtInRole(one) != nil {
			l.tag = one
		}
		if !q.Personal {
			l.own, err = linkAt(r, user.ID, user.ID, roleHeld)
			if err != nil {
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
	tag        string      // "": any
	anyRequest bool        // requests of any type belong to the list
	own        *store.Link // the user's role on the personal profile, when it is left out
}

// group is a part of the list that an index has apart.
type group struct {
	tag   string
	state store.LinkState
}

func (l *roleLister) groups() []group {
	states := l.q.States
	if len(states) == 0 {
		states = RoleStates
	}
	var out []group
	for _, state := range states {
		g := group{l.tag, state}
		if l.anyRequest && state == store.LinkRequested {
			g.tag = ""
		}
		if !slices.Contains(out, g) {
			out = append(out, g)
		}
	}
	return out
}

func (l *roleLister) list() (out RoleList, err error) {
	if out.Invited, err = l.count(group{"", store.LinkInvited}); err != nil {
		return out, err
	}
	if out.Requested, err = l.count(group{"", store.LinkRequested}); err != nil {
		return out, err
	}
	groups := l.groups()
	for _, g := range groups {
		n, err := l.count(g)
		if err != nil {
			return out, err
		}
		out.Count += n
	}
	if l.own != nil && slices.ContainsFunc(groups, func(g group) bool { return g.state == l.own.State && (g.tag == "" || g.tag == l.own.Tag) }) {
		out.Count--
	}
	out.Count = min(out.Count, MaxRoleCount)
	err = l.page(groups, &out)
	return out, err
}

func (l *roleLister) count(g group) (int64, error) {
	if l.toProfile != nil {
		return l.r.CountTo(l.toProfile.ID, store.RoleLink, g.tag, g.state, MaxRoleCount)
	}
	return l.r.CountFrom(l.ofUser.ID, store.RoleLink, g.tag, g.state, MaxRoleCount)
}

// page fills in the page: read ahead by one, so that More is known.
func (l *roleLister) page(groups []group, out *RoleList) error {
	mark, skip, looked := l.q.After, l.q.Skip, 0
	for {
		batch := l.q.Limit + 1 - len(out.Roles)
		if l.q.Match == nil {
			batch += skip
		} else {
			batch = max(batch, 100)
		}
		links, err := l.merged(groups, mark, batch)
		if err != nil {
			return err
		}
		for _, link := range links {
			if l.own != nil && link.Dst == l.own.Dst && link.Key == l.own.Key {
				mark = l.markOf(link)
				continue
			}
			if len(out.Roles) == l.q.Limit && l.q.Match == nil || looked == rolesLooked {
				out.More, out.Mark = true, mark
				return nil
			}
			before := mark
			mark = l.markOf(link)
			if skip > 0 && l.q.Match == nil {
				skip--
				continue
			}
			looked++
			role, err := l.read(link)
			if profile.IsKind(err, profile.NotFound) {
				continue
			}
			if err != nil {
				return err
			}
			if l.q.Match != nil && !l.q.Match(&role) {
				continue
			}
			if skip > 0 {
				skip--
				continue
			}
			if len(out.Roles) == l.q.Limit {
				out.More, out.Mark = true, before
				return nil
			}
			out.Roles = append(out.Roles, role)
		}
		if len(links) < batch {
			out.Mark = mark
			return nil
		}
	}
}

func (l *roleLister) markOf(link *store.Link) RoleMark {
	if l.toProfile != nil {
		return RoleMark{link.Created, link.Src, link.Key}
	}
	return RoleMark{link.Created, link.Dst, link.Key}
}

// merged reads the next links of all groups, newest first.
func (l *roleLister) merged(groups []group, after RoleMark, limit int) ([]*store.Link, error) {
	var out []*store.Link
	for _, g := range groups {
		q := store.LinkQuery{Kind: store.RoleLink, Tag: g.tag, State: g.state, After: store.LinkMark(after), Limit: limit}
		var links []*store.Link
		var err error
		if l.toProfile != nil {
			links, err = l.r.ToByTime(l.toProfile.ID, q)
		} else {
			links, err = l.r.FromByTime(l.ofUser.ID, q)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, links...)
	}
	slices.SortFunc(out, func(a, b *store.Link) int { return l.markOf(b).compare(l.markOf(a)) })
	return out[:min(limit, len(out))], nil
}

func (m RoleMark) compare(n RoleMark) int {
	if c := m.Created.Compare(n.Created); c != 0 {
		return c
	}
	if c := slices.Compare(m.Other[:], n.Other[:]); c != 0 {
		return c
	}
	return strings.Compare(m.Key, n.Key)
}

// read reads the role of a listed link: NotFound when its other end is gone.
func (l *roleLister) read(link *store.Link) (Role, error) {
	if l.toProfile == nil {
		on, err := l.r.Record(link.Dst)
		if err != nil {
			return Role{}, err
		}
		return l.of(link, l.ofUser, on)
	}
	link, err := l.r.Link(link.Src, link.Kind, link.Dst, link.Key) // with its attributes
	if err != nil {
		return Role{}, err
	}
	user, err := l.r.Record(link.Src)
	if err != nil {
		return Role{}, err
	}
	return l.of(link, user, l.toProfile)
}
