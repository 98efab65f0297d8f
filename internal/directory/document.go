package directory

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/schema"
	"facet/internal/store"
)

// Document is the one JSON document that an app keeps about a person.
type Document struct {
	User    profile.ID
	App     int64
	Data    []byte // a JSON object, exact text
	Version int64
	Created time.Time
	Updated time.Time
}

// MaxDocument is the most bytes of one document.
const MaxDocument = 256 << 10

func documentOf(rec *store.Record) (Document, error) {
	app, err := strconv.ParseInt(rec.Name(profile.DocumentApp), 10, 64)
	if err != nil {
		return Document{}, fmt.Errorf("document %s: its app: %w", rec.ID, err)
	}
	return Document{User: rec.Owner, App: app, Data: rec.Attrs, Version: rec.Version, Created: rec.Created, Updated: rec.Updated}, nil
}

// NewDocument is one document to be made.
type NewDocument struct {
	User string // uuid
	App  int64
	Data []byte // JSON
}

// Item is what is wrong with one of many.
type Item struct {
	Index int
	Err   *profile.Error
}

// Items is the error of a request of many, of which some are wrong: nothing of
// it was done.
type Items []Item

func (e Items) Error() string { return fmt.Sprintf("%d items are wrong", len(e)) }

// checkDocument says whether a document can be kept: a JSON object that is
// small enough. Errors: Malformed; Invalid or TooLarge with Field
// "profile_data".
func checkDocument(data []byte) error {
	switch {
	case len(data) == 0:
		return profile.E(profile.Missing, profile.CodeRequired, "profile_data", "profile_data is required.")
	case len(data) > MaxDocument:
		return profile.E(profile.TooLarge, profile.CodeTooLarge, "profile_data", "A document has %d bytes at most.", MaxDocument)
	case data[0] != '{':
		return profile.E(profile.Invalid, profile.CodeType, "profile_data", "profile_data must be a JSON object.")
	}
	return schema.CheckJSON(data, schema.MaxDocumentDepth)
}

// newDocument drafts the document of a user for an app.
func (s *Site) newDocument(ctx context.Context, creator, user profile.ID, app int64, data []byte) (*store.Record, error) {
	rec, err := s.draft(ctx, profile.Document, user, creator)
	if err != nil {
		return nil, err
	}
	rec.Attrs = schema.Compact(nil, data)
	rec.Names = append(rec.Names, profile.Name{Space: profile.DocumentApp, Value: strconv.FormatInt(app, 10), Owned: true})
	return rec, nil
}

// documentTaken says that the user has a document for the app already.
func documentTaken(err error) error {
	if !isTaken(err, profile.DocumentApp) {
		return err
	}
	return profile.E(profile.Taken, profile.CodeTaken, "app_id", "The user has a profile for this app already.")
}

// CreateDocument makes the caller's own document for an app. Errors: Taken,
// NotFound with Field "app_id", those of checkDocument.
func (s *Site) CreateDocument(ctx context.Context, who access.Principal, app int64, data []byte) (Document, error) {
	if err := access.Allow(access.DocumentOwn, who, access.Self); err != nil {
		return Document{}, err
	}
	if err := checkDocument(data); err != nil {
		return Document{}, err
	}
	rec, err := s.newDocument(ctx, who.Subject, who.Subject, app, data)
	if err != nil {
		return Document{}, err
	}
	err = s.data.Update(ctx, func(tx store.Tx) error {
		if err := tx.Lock(who.Subject); err != nil {
			return err
		}
		if err := appExists(tx, app); err != nil {
			return err
		}
		return documentTaken(tx.Create(rec, s.event(who.Subject, "document.created", rec.ID)))
	})
	if err != nil {
		return Document{}, err
	}
	return documentOf(rec)
}

func appExists(r store.Reader, id int64) error {
	_, err := app(r, id)
	return err
}

// OwnDocument reads the caller's document for an app: NotFound with Field
// "app_id" when there is no such app, with no Field when there is no document.
func (s *Site) OwnDocument(ctx context.Context, who access.Principal, app int64) (Document, error) {
	if err := access.Allow(access.DocumentOwn, who, access.Self); err != nil {
		return Document{}, err
	}
	return s.document(ctx, who.Subject, app)
}

// DocumentOf reads anybody's document, for an operator.
func (s *Site) DocumentOf(ctx context.Context, who access.Principal, user string, app int64) (Document, error) {
	if err := s.operator(ctx, access.DocumentAny, who); err != nil {
		return Document{}, err
	}
	id, err := profile.ParseID(user)
	if err != nil {
		return Document{}, profile.E(profile.Malformed, profile.CodeInvalidID, "user_id", "user_id must be a UUID.")
	}
	return s.document(ctx, id, app)
}

func (s *Site) document(ctx context.Context, user profile.ID, app int64) (Document, error) {
	var out Document
	err := s.data.View(ctx, func(r store.Reader) error {
		if err := appExists(r, app); err != nil {
			return err
		}
		rec, err := r.ByName(user, profile.DocumentApp, strconv.FormatInt(app, 10))
		if err != nil {
			return err
		}
		out, err = documentOf(rec)
		return err
	})
	return out, err
}

// operator admits the managers of the broker.
func (s *Site) operator(ctx context.Context, perm access.Permission, who access.Principal) error {
	return s.data.View(ctx, func(r store.Reader) error { return s.allow(r, perm, who, nil) })
}

// CreateDocuments makes many documents for an operator: all of them or, with
// an Items error that names every bad one, none.
func (s *Site) CreateDocuments(ctx context.Context, who access.Principal, in []NewDocument) ([]Document, error) {
	if err := s.operator(ctx, access.DocumentAny, who); err != nil {
		return nil, err
	}
	users, bad, err := s.checkDocuments(ctx, in)
	if err != nil {
		return nil, err
	}
	if len(bad) > 0 {
		return nil, bad
	}
	recs := make([]*store.Record, len(in))
	for i, d := range in {
		if recs[i], err = s.newDocument(ctx, who.Subject, users[i], d.App, d.Data); err != nil {
			return nil, err
		}
	}
	err = s.data.Update(ctx, func(tx store.Tx) error {
		bad = nil
		for i, rec := range recs {
			err := tx.Lock(rec.Owner) // erased meanwhile?
			if err == nil {
				err = documentTaken(tx.Create(rec, s.event(who.Subject, "document.created", rec.ID)))
			}
			if e := profile.AsError(err); err != nil && e.Kind == profile.Internal {
				return err
			} else if err != nil {
				bad = append(bad, Item{i, e})
			}
		}
		if len(bad) > 0 {
			return bad
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := make([]Document, len(recs))
	for i, rec := range recs {
		if out[i], err = documentOf(rec); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// checkDocuments finds every item that cannot be made, and the users of the
// others.
func (s *Site) checkDocuments(ctx context.Context, in []NewDocument) (users []profile.ID, bad Items, err error) {
	users = make([]profile.ID, len(in))
	type place struct {
		user profile.ID
		app  int64
	}
	first := map[place]int{}
	apps, people := map[int64]error{}, map[profile.ID]error{}
	err = s.data.View(ctx, func(r store.Reader) error {
		for i, d := range in {
			one := func() error {
				if err := checkDocument(d.Data); err != nil {
					return err
				}
				if _, ok := apps[d.App]; !ok {
					apps[d.App] = appExists(r, d.App)
				}
				if err := apps[d.App]; err != nil {
					return err
				}
				id, err := profile.ParseID(d.User)
				if err != nil {
					return profile.E(profile.Invalid, profile.CodeInvalidID, "user_id", "user_id must be a UUID.")
				}
				if _, ok := people[id]; !ok {
					people[id] = userExists(r, id)
				}
				if err := people[id]; err != nil {
					return err
				}
				users[i] = id
				if at, twice := first[place{id, d.App}]; twice {
					return profile.E(profile.Invalid, profile.CodeDuplicate, "user_id", "The same user and app as item %d.", at)
				}
				first[place{id, d.App}] = i
				_, err = r.ByName(id, profile.DocumentApp, strconv.FormatInt(d.App, 10))
				if err == nil {
					return documentTaken(store.TakenError(profile.DocumentApp))
				}
				if profile.IsKind(err, profile.NotFound) {
					return nil
				}
				return err
			}
			err := one()
			if e := profile.AsError(err); err != nil && e.Kind == profile.Internal {
				return err
			} else if err != nil {
				bad = append(bad, Item{i, e})
			}
		}
		return nil
	})
	return users, bad, err
}

func userExists(r store.Reader, id profile.ID) error {
	rec, err := r.Record(id)
	if profile.IsKind(err, profile.NotFound) || err == nil && rec.Type != profile.User {
		return profile.E(profile.NotFound, profile.CodeNotFound, "user_id", "There is no user %s.", id)
	}
	return err
}
