package directory

import (
	"context"
	"encoding/json"
	"math"
	"strconv"
	"time"

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
	Version     int64
	AppSettings
}

// appAttrs is what an app's record holds.
type appAttrs struct {
	Name        string   `json:"app"`
	Domains     []string `json:"domains"`
	Description string   `json:"description"`
	AppSettings
}

func (a *App) attrs() []byte {
	return marshal(appAttrs{a.Name, a.Domains, a.Description, a.AppSettings})
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
	return s.addApp(ctx, profile.ID{}, in)
}

func (s *Site) addApp(ctx context.Context, actor profile.ID, in NewApp) (App, error) {
	if err := in.check(); err != nil {
		return App{}, err
	}
	if in.ID < 0 || in.ID > maxGivenNumber {
		return App{}, profile.E(profile.Invalid, profile.CodeInvalid, "app_id", "The number of an app is 1 to %d, or left to the site.", maxGivenNumber)
	}
	rec, err := s.draft(ctx, profile.App, profile.ID{}, actor)
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
	rec.Attrs = in.attrs()
	rec.Sort = profile.Fold(in.Name)
	err = s.data.Update(ctx, func(tx store.Tx) error {
		left, err := documentsOf(tx, indexApp, documentName(in.ID), 0, 1)
		if err != nil {
			return err
		}
		if len(left) > 0 {
			return profile.E(profile.Taken, profile.CodeTaken, "app_id", "The profiles of the app that had this number are not all gone yet.")
		}
		if err := tx.Create(rec, s.event(actor, "app.created", rec.ID)); err != nil || in.Key == "" {
			return err
		}
		return s.putAppKey(tx, rec.ID, in.Key)
	})
	if err != nil {
		return App{}, err
	}
	s.apps.Delete(in.ID)
	in.Version = rec.Version
	return in.App, nil
}

// putAppKey gives an app a key that nobody has: Taken with Field "key".
func (s *Site) putAppKey(tx store.Tx, id profile.ID, key string) error {
	digest := credential.Digest(key)
	if _, err := tx.Ticket(digest); err == nil {
		return profile.E(profile.Taken, profile.CodeTaken, "key", "The key is in use.")
	} else if !profile.IsKind(err, profile.NotFound) {
		return err
	}
	return tx.PutTicket(&store.TicketRow{Digest: digest, Subject: id, Kind: ticketAppKey, Data: emptyObject, Uses: -1, Created: s.d.now()})
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
	return App{ID: rec.Number, Name: a.Name, Domains: a.Domains, Description: a.Description, Version: rec.Version, AppSettings: a.AppSettings}, err
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
		return nil, noApp(id)
	}
	return rec, err
}

func noApp(id int64) error {
	return profile.E(profile.NotFound, profile.CodeNotFound, "app_id", "There is no app %d.", id)
}

// appEntry is an app as last read, with its schema compiled.
type appEntry struct {
	App
	record profile.ID
	read   time.Time
	schema *jsonSchema // nil: none
}

// appEntry gives an app whose settings may be as old as fresh: for reads, and
// for its compiled schema. Errors: NotFound with Field "app_id".
func (s *Site) appEntry(ctx context.Context, id int64) (*appEntry, error) {
	if v, ok := s.apps.Load(id); ok {
		if e := v.(*appEntry); s.d.now().Sub(e.read) < fresh {
			return e, nil
		}
	}
	var e *appEntry
	err := s.data.View(ctx, func(r store.Reader) (err error) {
		e, err = s.readApp(r, id)
		return err
	})
	return e, err
}

// readApp reads an app as it is.
func (s *Site) readApp(r store.Reader, id int64) (*appEntry, error) {
	now := s.d.now()
	rec, err := app(r, id)
	if err != nil {
		return nil, err
	}
	e := &appEntry{record: rec.ID, read: now}
	if e.App, err = appOf(rec); err != nil {
		return nil, err
	}
	old, _ := s.apps.Load(id)
	if was, ok := old.(*appEntry); ok && was.record == e.record && was.Version == e.Version {
		e.schema = was.schema
	} else if e.Schema != nil {
		if e.schema, err = compileSchema(e.Schema); err != nil {
			return nil, err
		}
	}
	s.apps.Store(id, e)
	return e, nil
}

// unchanged is errOvertaken when the app is another than was read.
func (e *appEntry) unchanged(r store.Reader) error {
	rec, err := app(r, e.ID)
	if err == nil && (rec.ID != e.record || rec.Version != e.Version) {
		return errOvertaken
	}
	return err
}

func appExists(r store.Reader, id int64) error {
	_, err := app(r, id)
	return err
}
