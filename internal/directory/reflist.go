package directory

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// RefFilter says which refs are listed, by whether they still work.
type RefFilter string

// The filters.
const (
	ActiveRefs  RefFilter = "active"
	UsedRefs    RefFilter = "used"
	ExpiredRefs RefFilter = "expired"
	AllRefs     RefFilter = "all"
)

// RefQuery selects refs.
type RefQuery struct {
	Type       RefType   // "": any
	Filter     RefFilter // "": all
	ResourceID string    // "": any
	Window     Window    // After and Max only
}

// Refs lists refs, the newest first: the caller's own, and to operators the
// site's too. Without a type all that the caller may list are; those that were
// mailed never are. Errors:
// Forbidden for a type that is the site's; Invalid with Field "type" or
// "filter"; NotFound with Field "page".
func (s *Site) Refs(ctx context.Context, who access.Principal, q RefQuery) (out Part[Ref], err error) {
	if err := access.Admit(access.RefList, who); err != nil {
		return out, err
	}
	switch {
	case q.Type != "" && !IsRefType(q.Type):
		return out, profile.E(profile.Invalid, profile.CodeChoice, "type", "unknown ref type")
	case !slices.Contains([]RefFilter{"", ActiveRefs, UsedRefs, ExpiredRefs, AllRefs}, q.Filter):
		return out, profile.E(profile.Invalid, profile.CodeChoice, "filter", "filter is active, used, expired or all")
	}
	var of []refSource
	may := func(r store.Reader) error {
		of = nil
		is, err := s.relationTo(r, who, nil)
		if err != nil {
			return err
		}
		operator := access.Allow(access.RefAdmin, who, is)
		if q.Type.ofSite() && operator != nil {
			return operator
		}
		for _, t := range refTypes {
			switch {
			case t.mailed() || q.Type != "" && t != q.Type:
			case !t.ofSite():
				of = append(of, refSource{who.Subject, t})
			case operator == nil:
				of = append(of, refSource{profile.ID{}, t})
			}
		}
		return nil
	}
	err = s.data.Glance(ctx, may, func(r store.Reader) error {
		found, err := s.refSequence(r, of, q).window(Window{After: q.Window.After, Max: q.Window.Max})
		if err != nil {
			return err
		}
		out = Part[Ref]{Previous: found.Previous, Next: found.Next, Items: make([]Ref, len(found.Items))}
		for i, row := range found.Items {
			if out.Items[i], err = s.openRef(row); err != nil {
				return err
			}
			if err := s.nameFor(r, &out.Items[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// refSource is a run of refs that the store lists by time.
type refSource struct {
	subject profile.ID
	kind    RefType
}

// refSequence is the list of several runs, the newest first. It is read
// forwards.
func (s *Site) refSequence(r store.Reader, of []refSource, q RefQuery) *sequence[*store.TicketRow, store.TicketMark] {
	now := s.d.now()
	mark := func(row *store.TicketRow) store.TicketMark {
		return store.TicketMark{Created: row.Created, Digest: row.Digest}
	}
	return &sequence[*store.TicketRow, store.TicketMark]{
		read: func(after store.TicketMark, _ bool, limit int) (all []*store.TicketRow, err error) {
			for _, from := range of {
				rows, err := r.TicketsByTime(from.subject, string(from.kind), after, limit)
				if err != nil {
					return nil, err
				}
				all = append(all, rows...)
			}
			slices.SortFunc(all, func(a, b *store.TicketRow) int {
				if c := b.Created.Compare(a.Created); c != 0 {
					return c
				}
				return strings.Compare(b.Digest, a.Digest)
			})
			return all[:min(limit, len(all))], nil
		},
		keep: func(row *store.TicketRow) (bool, error) {
			over := !row.Expires.IsZero() && !row.Expires.After(now)
			switch {
			case q.Filter == ActiveRefs && (over || row.Uses == 0), q.Filter == UsedRefs && row.Uses != 0, q.Filter == ExpiredRefs && !over:
				return false, nil
			case q.ResourceID == "":
				return true, nil
			}
			ref, err := s.openRef(row)
			if err == nil {
				err = s.nameFor(r, &ref)
			}
			return ref.ResourceID == q.ResourceID, err
		},
		mark: mark,
		print: func(m store.TicketMark) string {
			return printPlace(profile.ID{}, strconv.FormatInt(m.Created.UnixMicro(), 36)+"."+m.Digest)
		},
		parse: func(place string) (store.TicketMark, error) {
			_, rest, err := parsePlace(place)
			if err != nil {
				return store.TicketMark{}, err
			}
			at, digest, _ := strings.Cut(rest, ".")
			micros, err := strconv.ParseInt(at, 36, 64)
			if err != nil {
				return store.TicketMark{}, badPlace()
			}
			return store.TicketMark{Created: time.UnixMicro(micros).UTC(), Digest: digest}, nil
		},
	}
}

// nameFor shows whom a ref is for by the idtag, where there still is somebody.
func (s *Site) nameFor(r store.Reader, ref *Ref) error {
	if ref.For.IsZero() {
		return nil
	}
	rec, err := r.Record(ref.For)
	if profile.IsKind(err, profile.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	p := subjectOf(rec)
	ref.ResourceID = s.IDTag(&p)
	return nil
}
