package directory

import (
	"context"
	"encoding/json"
	"math"
	"strconv"

	"facet/internal/credential"
	"facet/internal/profile"
	"facet/internal/store"
)

// App is an application that keeps documents about people (Sentinel, "App
// ID's").
type App struct {
	ID          int64 // its number
	Name        string
	Domains     []string
	Description string
}

// appAttrs is what an app's record holds.
type appAttrs struct {
	Name        string   `json:"app"`
	Domains     []string `json:"domains"`
	Description string   `json:"description"`
}

const ticketAppKey = "appkey" // identifies an app, authorises nothing else

// NewApp is what an app is made from.
type NewApp struct {
	App        // ID 0: the site's next number
	Key string // "" for none
}

// AddApp registers an app.
func (s *Site) AddApp(ctx context.Context, in NewApp) (App, error) {
	rec, err := s.draft(ctx, profile.App, profile.ID{}, profile.ID{})
	if err != nil {
		return App{}, err
	}
	if in.ID != 0 {
		renumber(rec, in.ID)
	}
	in.ID = rec.Number
	rec.Attrs = marshal(appAttrs{in.Name, in.Domains, in.Description})
	rec.Sort = profile.Fold(in.Name)
	err = s.data.Update(ctx, func(tx store.Tx) error {
		if err := tx.Create(rec, s.event(profile.ID{}, "app.created", rec.ID)); err != nil || in.Key == "" {
			return err
		}
		ticket := s.newTicket(rec.ID, ticketAppKey, in.Key, ticketData{})
		ticket.Uses, ticket.Expires = -1, ticket.Created.AddDate(100, 0, 0)
		return tx.PutTicket(ticket)
	})
	return in.App, err
}

// Apps lists the site's apps by number: public.
func (s *Site) Apps(ctx context.Context) ([]App, error) {
	out := []App{}
	var failed error
	err := s.data.View(ctx, func(r store.Reader) error {
		out = out[:0]
		return r.ByNumber(profile.App, math.MinInt64, math.MaxInt64, false, func(rec *store.Record) bool {
			var a App
			a, failed = appOf(rec)
			out = append(out, a)
			return failed == nil
		})
	})
	return out, joinErr(failed, err)
}

func appOf(rec *store.Record) (App, error) {
	var a appAttrs
	err := json.Unmarshal(rec.Attrs, &a)
	return App{ID: rec.Number, Name: a.Name, Domains: a.Domains, Description: a.Description}, err
}

// AppByKey finds the app that an API key identifies. Errors:
// Unauthenticated/CodeBadClient.
func (s *Site) AppByKey(ctx context.Context, key string) (App, error) {
	var out App
	err := s.data.View(ctx, func(r store.Reader) error {
		row, err := r.Ticket(credential.Digest(key))
		if err != nil {
			return err
		}
		if row.Kind != ticketAppKey {
			return store.ErrNotFound
		}
		rec, err := r.Record(row.Subject)
		if err != nil {
			return err
		}
		out, err = appOf(rec)
		return err
	})
	if profile.IsKind(err, profile.NotFound) {
		return App{}, badClient()
	}
	return out, err
}

// app reads an app's record by number: NotFound with Field "app_id".
func app(r store.Reader, id int64) (*store.Record, error) {
	rec, err := r.ByName(profile.ID{}, profile.Number, strconv.FormatInt(id, 10))
	if profile.IsKind(err, profile.NotFound) || err == nil && rec.Type != profile.App {
		return nil, profile.E(profile.NotFound, profile.CodeNotFound, "app_id", "There is no app %d.", id)
	}
	return rec, err
}
