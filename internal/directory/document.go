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

// MaxDocument is the most bytes of one document, not counting the blanks
// between its tokens.
const MaxDocument = 256 << 10

// DocumentText is JSON that may be kept as a document. ReadDocument makes it;
// the zero value is none.
type DocumentText struct{ json []byte }

// ReadDocument takes the text of a document: a JSON object as schema.CheckJSON
// accepts it, whose blanks go and of which nothing else changes. data is not
// kept. Errors name the Field "profile_data": Malformed/CodeSyntax (also for a
// name that stands twice, and NUL), TooLarge (bytes, depth), Missing (null),
// Invalid/CodeType (no object).
func ReadDocument(data []byte) (DocumentText, error) {
	const field = "profile_data"
	if err := schema.CheckJSON(data, schema.MaxDocumentDepth); err != nil {
		e := *profile.AsError(err)
		e.Field = field
		return DocumentText{}, &e
	}
	text := schema.Compact(make([]byte, 0, min(len(data), MaxDocument)), data)
	switch {
	case text[0] == 'n':
		return DocumentText{}, noDocument()
	case text[0] != '{':
		return DocumentText{}, profile.E(profile.Invalid, profile.CodeType, field, "profile_data must be a JSON object.")
	case len(text) > MaxDocument:
		return DocumentText{}, profile.E(profile.TooLarge, profile.CodeTooLarge, field, "profile_data may have at most %d bytes.", MaxDocument)
	}
	return DocumentText{text}, nil
}

func noDocument() error {
	return profile.E(profile.Missing, profile.CodeRequired, "profile_data", "profile_data is required.")
}

func documentOf(rec *store.Record) (Document, error) {
	app, err := strconv.ParseInt(rec.Name(profile.DocumentApp), 10, 64)
	if err != nil {
		return Document{}, fmt.Errorf("document %s: its app: %w", rec.ID, err)
	}
	return Document{User: rec.Owner, App: app, Data: rec.Attrs, Version: rec.Version, Created: rec.Created, Updated: rec.Updated}, nil
}

// documentRecord is a document as it is kept.
func (s *Site) documentRecord(number int64, creator, user profile.ID, app int64, text DocumentText) *store.Record {
	rec := s.numberedRecord(number, profile.Document, user, creator)
	rec.Attrs = text.json
	rec.Names = append(rec.Names, profile.Name{Space: profile.DocumentApp, Value: documentName(app), Owned: true})
	return rec
}

func documentName(app int64) string { return strconv.FormatInt(app, 10) }

// documentTaken says that the user has a document for the app already.
func documentTaken(err error) error {
	if !isTaken(err, profile.DocumentApp) {
		return err
	}
	return profile.E(profile.Taken, profile.CodeTaken, "app_id", "The user has a profile for this app already.")
}

// CreateDocument makes the caller's own document for an app. Errors: NotFound
// with Field "app_id"; Taken with Field "app_id" and the "version" of the one
// that is there in Detail.
func (s *Site) CreateDocument(ctx context.Context, who access.Principal, app int64, text DocumentText) (Document, error) {
	if err := access.Admit(access.DocumentOwn, who); err != nil {
		return Document{}, err
	}
	if text.json == nil {
		return Document{}, noDocument()
	}
	number, err := s.number(ctx)
	if err != nil {
		return Document{}, err
	}
	var rec *store.Record
	err = s.data.Update(ctx, func(tx store.Tx) error {
		if err := tx.Lock(who.Subject); profile.IsKind(err, profile.NotFound) {
			return badToken() // erased since the token was read
		} else if err != nil {
			return err
		}
		owner, err := s.documentOwner(tx, who, profile.ID{})
		if err != nil {
			return err
		}
		rec = s.documentRecord(number, who.Subject, owner, app, text)
		if err := appExists(tx, app); err != nil {
			return err
		}
		return documentTaken(tx.Create(rec, s.event(who.Subject, "document.created", rec.ID)))
	})
	if profile.IsKind(err, profile.Taken) {
		if there, readErr := s.document(ctx, rec.Owner, app); readErr == nil {
			profile.AsError(err).Detail = map[string]any{"version": there.Version}
		}
	}
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
	var owner profile.ID
	err := s.data.View(ctx, func(r store.Reader) (err error) {
		owner, err = s.documentOwner(r, who, profile.ID{})
		return err
	})
	if err != nil {
		return Document{}, err
	}
	return s.document(ctx, owner, app)
}

// MayDocuments says whether the caller may read and make anybody's documents:
// nil for an operator. Errors: Unauthenticated, Forbidden.
func (s *Site) MayDocuments(ctx context.Context, who access.Principal) error {
	return s.operator(ctx, access.DocumentAny, who)
}

// operator admits the managers of the broker.
func (s *Site) operator(ctx context.Context, perm access.Permission, who access.Principal) error {
	return s.data.View(ctx, func(r store.Reader) error { return s.allow(r, perm, who, nil) })
}

// DocumentOf reads anybody's document, for an operator. NotFound names the
// Field "app_id" or "user_id" that nobody has, or none when there is no
// document.
func (s *Site) DocumentOf(ctx context.Context, who access.Principal, user profile.ID, app int64) (Document, error) {
	if err := s.MayDocuments(ctx, who); err != nil {
		return Document{}, err
	}
	doc, err := s.document(ctx, user, app)
	if profile.IsKind(err, profile.NotFound) && profile.AsError(err).Field == "" {
		if missing := s.data.View(ctx, func(r store.Reader) error { return userExists(r, user) }); missing != nil {
			return Document{}, missing
		}
	}
	return doc, err
}

func (s *Site) document(ctx context.Context, user profile.ID, app int64) (Document, error) {
	var out Document
	err := s.data.View(ctx, func(r store.Reader) error {
		rec, err := r.ByName(user, profile.DocumentApp, documentName(app))
		if profile.IsKind(err, profile.NotFound) {
			if missing := appExists(r, app); missing != nil {
				return missing
			}
		}
		if err != nil {
			return err
		}
		out, err = documentOf(rec)
		return err
	})
	return out, err
}

// NewDocument is one of many documents to be made.
type NewDocument struct {
	Index int // where it stands in the request: errors name it
	User  profile.ID
	App   int64
	Text  DocumentText
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

// CreateDocuments makes many documents for an operator: all of them or, with
// an Items error that names every bad one, none.
func (s *Site) CreateDocuments(ctx context.Context, who access.Principal, in []NewDocument) ([]Document, error) {
	if err := s.CheckDocuments(ctx, who, in); err != nil {
		return nil, err
	}
	first, err := s.numbersFor(ctx, len(in))
	if err != nil {
		return nil, err
	}
	out := make([]Document, len(in))
	err = s.data.Update(ctx, func(tx store.Tx) error {
		var bad Items
		locked := map[profile.ID]error{}
		for i, d := range in {
			if err := ctx.Err(); err != nil {
				return err
			}
			err, known := locked[d.User]
			if !known {
				err = lockUser(tx, d.User) // erased since it was checked?
				locked[d.User] = err
			}
			if err == nil {
				rec := s.documentRecord(first+int64(i), who.Subject, d.User, d.App, d.Text)
				err = documentTaken(tx.Create(rec, s.event(who.Subject, "document.created", rec.ID)))
				out[i] = Document{User: d.User, App: d.App, Data: rec.Attrs, Version: rec.Version, Created: rec.Created, Updated: rec.Updated}
			}
			if err := bad.note(d.Index, err); err != nil {
				return err
			}
		}
		return bad.err()
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// note adds what is wrong with an item. An error that is nobody's fault is
// given back.
func (e *Items) note(index int, err error) error {
	if err == nil {
		return nil
	}
	what := profile.AsError(err)
	if what.Kind == profile.Internal || what.Kind == profile.Busy {
		return err
	}
	*e = append(*e, Item{index, what})
	return nil
}

func (e Items) err() error {
	if len(e) == 0 {
		return nil
	}
	return e
}

// numbersFor draws as many numbers as are needed, one after the other.
func (s *Site) numbersFor(ctx context.Context, n int) (first int64, err error) {
	if n == 0 {
		return 0, nil
	}
	err = s.data.Update(ctx, func(tx store.Tx) (err error) {
		first, err = tx.Numbers(n)
		return err
	})
	return first, err
}

// CheckDocuments says, for an operator, whether CreateDocuments could make
// these: nil, an Items error that names every bad one (NotFound with Field
// "user_id" or "app_id", Taken, Invalid/CodeDuplicate, Missing), or Forbidden.
// Every refusal is found here, so that the one writer is not held up by it.
func (s *Site) CheckDocuments(ctx context.Context, who access.Principal, in []NewDocument) error {
	if err := s.MayDocuments(ctx, who); err != nil {
		return err
	}
	return s.data.View(ctx, func(r store.Reader) error {
		var bad Items
		check := documentCheck{r: r, apps: map[int64]error{}, users: map[profile.ID]error{}, places: make(map[place]int, len(in))}
		for _, d := range in {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := bad.note(d.Index, check.one(d)); err != nil {
				return err
			}
		}
		return bad.err()
	})
}

// documentCheck checks documents of one request; users and apps are looked up
// once.
type documentCheck struct {
	r      store.Reader
	apps   map[int64]error
	users  map[profile.ID]error
	places map[place]int // to the item that is there
}

// place is where one document stands.
type place struct {
	user profile.ID
	app  int64
}

func (c *documentCheck) one(d NewDocument) error {
	if d.Text.json == nil {
		return noDocument()
	}
	if _, ok := c.apps[d.App]; !ok {
		c.apps[d.App] = appExists(c.r, d.App)
	}
	if err := c.apps[d.App]; err != nil {
		return err
	}
	if _, ok := c.users[d.User]; !ok {
		c.users[d.User] = userExists(c.r, d.User)
	}
	if err := c.users[d.User]; err != nil {
		return err
	}
	at := place{d.User, d.App}
	if other, twice := c.places[at]; twice {
		return profile.E(profile.Invalid, profile.CodeDuplicate, "user_id", "The same user and app as item %d.", other)
	}
	c.places[at] = d.Index
	_, err := c.r.ByName(d.User, profile.DocumentApp, documentName(d.App))
	switch {
	case err == nil:
		return documentTaken(store.TakenError(profile.DocumentApp))
	case profile.IsKind(err, profile.NotFound):
		return nil
	}
	return err
}

func userExists(r store.Reader, id profile.ID) error {
	rec, err := r.Record(id)
	if profile.IsKind(err, profile.NotFound) || err == nil && rec.Type != profile.User {
		return noUser(id)
	}
	return err
}

// lockUser is tx.Lock, with a NotFound of Field "user_id".
func lockUser(tx store.Tx, id profile.ID) error {
	err := tx.Lock(id)
	if profile.IsKind(err, profile.NotFound) {
		return noUser(id)
	}
	return err
}

func noUser(id profile.ID) error {
	return profile.E(profile.NotFound, profile.CodeNotFound, "user_id", "There is no user %s.", id)
}
