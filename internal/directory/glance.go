package directory

import (
	"context"

	"facet/internal/profile"
	"facet/internal/store"
)

// Nothing is decided by what a replica says: who calls, what they may, whom they
// see, what is written. What is decided is read by View, Get, GetID and Update;
// what is left, and only shown, may be read by Glance. Which functions do is
// listed in a test.

// Any is the token of a caller who takes what is shown from any replica,
// however old it is.
const Any = "any"

// Consistent gives the context of a request whose caller has seen what tokens
// tell, of which there is one at most: without one all is read from the primary.
// told gives the token of what the request has read and written since, "" while
// there is none. Errors: Malformed.
func (d *Directory) Consistent(ctx context.Context, tokens []string) (_ context.Context, told func() string, err error) {
	var recency *store.Recency
	switch {
	case len(tokens) == 0 && d.store.Replicas() == 0:
		return ctx, func() string { return "" }, nil
	case len(tokens) == 0:
		recency = store.NewRecency(store.Mark{}, false)
	case len(tokens) == 1 && tokens[0] == Any:
		recency = store.NewRecency(store.Mark{}, true)
	default:
		least, err := store.ParseMark(tokens[0])
		if err != nil || len(tokens) > 1 {
			return ctx, nil, profile.E(profile.Malformed, profile.CodeSyntax, "", "the consistency token is none that an answer carried, nor %q", Any)
		}
		recency = store.NewRecency(least, true)
	}
	return store.WithRecency(ctx, recency), func() string {
		if m, ok := recency.Mark(); ok {
			return m.String()
		}
		return ""
	}, nil
}

// Glance reads what is only shown: show, perhaps on a replica, after decide
// (nil: nothing) has said on the primary that it may be. Without a word of the
// caller's it is a View of both. See store.Site.
func (d siteData) Glance(ctx context.Context, decide, show func(store.Reader) error) error {
	if _, ok := store.RecencyOf(ctx).Copies(); !ok {
		return d.View(ctx, func(r store.Reader) error {
			if decide != nil {
				if err := decide(r); err != nil {
					return err
				}
			}
			return show(r)
		})
	}
	for {
		types, again := d.s.table(), false
		typed := func(fn func(store.Reader) error) func(store.Reader) error {
			return func(r store.Reader) error {
				if again = d.s.table().number != types.number; again {
					return nil
				}
				return fn(typedReader{r, types})
			}
		}
		first := decide
		if decide != nil {
			first = typed(decide)
		}
		err := d.raw.Glance(ctx, types.age, first, typed(show))
		if !again || err != nil {
			return err
		}
	}
}

// records finds single records.
type records interface {
	Get(ctx context.Context, space profile.Space, value string) (*store.Record, error)
	GetID(ctx context.Context, id profile.ID) (*store.Record, error)
}

// glances are records that are only shown.
type glances struct{ data siteData }

// Get is siteData's.
func (g glances) Get(ctx context.Context, space profile.Space, value string) (*store.Record, error) {
	if _, ok := store.RecencyOf(ctx).Copies(); !ok {
		return g.data.Get(ctx, space, value)
	}
	return g.one(ctx, func(r store.Reader) (*store.Record, error) { return r.ByName(profile.ID{}, space, value) })
}

// GetID is siteData's.
func (g glances) GetID(ctx context.Context, id profile.ID) (*store.Record, error) {
	if _, ok := store.RecencyOf(ctx).Copies(); !ok {
		return g.data.GetID(ctx, id)
	}
	return g.one(ctx, func(r store.Reader) (*store.Record, error) { return r.Record(id) })
}

func (g glances) one(ctx context.Context, read func(store.Reader) (*store.Record, error)) (rec *store.Record, err error) {
	err = g.data.Glance(ctx, nil, func(r store.Reader) (err error) {
		rec, err = read(r)
		return err
	})
	return rec, err
}
