package directory

import (
	"context"
	"encoding/json"
	"math"
	"strconv"
	"strings"

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
	Key string // identifies the app, see AppByKey; "" for none
}

// maxGivenNumber is the greatest number that can be given by hand: a site's
// sequence begins after it.
const maxGivenNumber = 999

// AddApp registers an app. Errors: Missing with Field "app" without a name;
// Invalid with Field "app_id"; Taken when the number or the key is in use.
func (s *Site) AddApp(ctx context.Context, in NewApp) (App, error) {
	switch {
	case strings.TrimSpace(in.Name) == "":
		return App{}, profile.E(profile.Missing, profile.CodeRequired, "app", "An app has a name.")
	case in.ID < 0 || in.ID > maxGivenNumber:
		return App{}, profile.E(profile.Invalid, profile.CodeInvalid, "app_id", "The number of an app is 1 to %d, or left to the site.", maxGivenNumber)
	}
	rec, err := s.draft(ctx, profile.App, profile.ID{}, profile.ID{})
	if err != nil {
		return App{}, err
	}
	if in.ID != 0 {
		renumber(rec, in.ID)
	}
	in.ID = rec.Number
	if in.Domains == nil {
		in.Domains = []string{}
	}
	rec.Attrs = marshal(appAttrs{in.Name, in.Domains, in.Description})
	rec.Sort = profile.Fold(in.Name)
	err = s.data.Update(ctx, func(tx store.Tx) error {
		if err := tx.Create(rec, s.event(profile.ID{}, "app.created", rec.ID)); err != nil || in.Key == "" {
			return err
		}
		digest := credential.Digest(in.Key)
		if _, err := tx.Ticket(digest); err == nil {
			return profile.E(profile.Taken, profile.CodeTaken, "key", "The key is in use.")
		} else if !profile.IsKind(err, profile.NotFound) {
			return err
		}
		return tx.PutTicket(&store.TicketRow{
			Digest: digest, Subject: rec.ID, Kind: ticketAppKey, Data: emptyObject, Uses: -1, Created: s.d.now(),
		})
	})
	if err != nil {
		return App{}, err
	}
	return in.App, nil
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
	if key == "" {
		return App{}, badClient()
	}
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
