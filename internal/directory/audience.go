package directory

import (
	"context"
	"maps"
	"slices"
	"strings"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// Audience is who looks at a profile, as far as that decides which sections of
// it are shown (Cloudillo, GET /api/me/full). The zero value is anybody.
type Audience struct {
	Owner     bool // who the profile belongs to, or who may act for it
	Verified  bool // somebody signed in
	Follower  bool // follows it, or is connected with it
	Connected bool
	Role      string // in it: one of audienceRoles; "": none
}

// audienceRoles are the roles that sections are shown to, the lesser first.
var audienceRoles = RankLeader.Roles()[RankSupporter:]

// Sees reports whether a section of some visibility is shown. One that is
// unknown is the owner's alone.
func (a Audience) Sees(visibility string) bool {
	switch visibility {
	case "public", "world":
		return true
	case "verified":
		return a.Owner || a.Verified
	case "follower":
		return a.Owner || a.Follower
	case "connected":
		return a.Owner || a.Connected
	}
	least := slices.Index(audienceRoles, visibility)
	return a.Owner || least >= 0 && slices.Index(audienceRoles, a.Role) >= least
}

// visibilitySuffix ends the name of the field that says to whom another is
// shown; sectionsField lists the sections that are there.
const (
	visibilitySuffix = ".vis"
	sectionsField    = "sections"
)

// Sections is what an audience sees of the fields of a profile. What is hidden
// goes with its visibility and its place in the list of sections; the owner
// sees all as it is.
func (a Audience) Sections(x map[string]string) map[string]string {
	if a.Owner {
		return x
	}
	out := maps.Clone(x)
	hidden := map[string]bool{}
	for key, visibility := range x {
		if field, ok := strings.CutSuffix(key, visibilitySuffix); ok && !a.Sees(visibility) {
			hidden[field] = true
			delete(out, field)
			delete(out, key)
		}
	}
	list, ok := out[sectionsField]
	if !ok {
		return out
	}
	var kept []string
	for section := range strings.SplitSeq(list, ",") {
		if section = strings.TrimSpace(section); section != "" && !hidden[section] {
			kept = append(kept, section)
		}
	}
	if out[sectionsField] = strings.Join(kept, ","); len(kept) == 0 {
		delete(out, sectionsField)
	}
	return out
}

// Shown is a profile, and who looks at it.
type Shown struct {
	Subject
	Audience
	Counts RelationCounts // for the owner
}

// PublicMe reads what a host is about: with a slug that profile, else the
// caller's own, or without a caller the site's. It tells who looks. Errors:
// NotFound, also for who is disabled.
func (s *Site) PublicMe(ctx context.Context, who access.Principal, slug string) (out Shown, err error) {
	switch {
	case slug != "":
		out.Subject, err = s.PublicIdentity(ctx, slug)
	case !who.IsNobody():
		out.Subject, err = s.Me(ctx, who)
	default:
		out.Subject, err = s.SiteIdentity(ctx)
	}
	if err != nil || who.IsNobody() || who.Restriction.Kind != "" {
		return out, err
	}
	if out.ID == who.Subject {
		out.Audience = Audience{Owner: true, Verified: true}
		return out, nil
	}
	err = s.data.View(ctx, func(r store.Reader) error {
		rec, err := r.Record(out.ID)
		if err != nil {
			return err
		}
		if err = s.mayActFor(r, who, rec); profile.IsKind(err, profile.Forbidden) {
			out.Audience = Audience{Verified: true}
			return nil
		}
		out.Audience = Audience{Owner: true, Verified: true}
		return err
	})
	return out, err
}

// FullMe is PublicMe with all that decides what is shown to whom, and for the
// owner how many relationships there are.
func (s *Site) FullMe(ctx context.Context, who access.Principal, slug string) (Shown, error) {
	out, err := s.PublicMe(ctx, who, slug)
	if err != nil || who.IsNobody() {
		return out, err
	}
	err = s.data.View(ctx, func(r store.Reader) (err error) {
		if out.Owner {
			out.Counts, err = relationCounts(r, out.ID)
			return err
		}
		if who.Restriction.Kind != "" {
			return nil
		}
		b, err := readBond(r, who.Subject, out.ID)
		if err != nil || b&isBlocked != 0 { // who is blocked sees what everybody sees
			out.Audience = Audience{}
			return err
		}
		rel := b.relationship()
		out.Connected, out.Follower = rel.Connected, rel.Following || rel.Connected
		out.Role, err = s.audienceRole(r, who, out.ID)
		return err
	})
	return out, err
}

// audienceRole is what somebody is to a profile, "" for nothing.
func (s *Site) audienceRole(r store.Reader, who access.Principal, on profile.ID) (string, error) {
	mine, err := s.actingRoles(r, who.Subject, s.d.now())
	if rank := rankOf(mine[on]); isRankRole(mine[on]) && rank >= RankSupporter {
		return rank.String(), err
	}
	return "", err
}
