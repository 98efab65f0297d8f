package directory

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"facet/internal/access"
	"facet/internal/jsondoc"
	"facet/internal/profile"
	"facet/internal/schema"
	"facet/internal/store"
)

// Document is the one JSON document that an app keeps about a person, or about
// one of the household profiles of a person.
type Document struct {
	DocumentPlace
	Data    []byte // JSON, exact text, as far as the caller may read it
	Version int64
	Created time.Time
	Updated time.Time

	Warnings []Violation // of a write: what breaks a schema that only warns
}

// DocumentPlace says whose document of which app is meant.
type DocumentPlace struct {
	User   profile.ID // in one's own calls the caller, whatever it says
	Member profile.ID // a household profile of the user; zero: the user's own
	App    int64
}

// owner is whose record the document belongs to.
func (p *DocumentPlace) owner() profile.ID {
	if p.Member.IsZero() {
		return p.User
	}
	return p.Member
}

// DocumentCall is a call for one document.
type DocumentCall struct {
	DocumentPlace
	Any   bool  // anybody's, for operators; else the caller's own
	Key   int64 // of the app whose API key came with the call; 0: none
	Match Match
}

// MaxDocument is the most bytes of one document, not counting the blanks
// between its tokens.
const MaxDocument = 256 << 10

// DocumentText is JSON that may be kept as a document. ReadDocument makes it;
// the zero value is none.
type DocumentText struct{ json []byte }

// JSON gives the text, for KeptText to take again.
func (t DocumentText) JSON() []byte { return t.json }

// KeptText is the text that JSON gave.
func KeptText(json []byte) DocumentText { return DocumentText{json} }

// ReadDocument takes the text of a document: JSON as schema.CheckJSON accepts
// it, but null, whose blanks go and of which nothing else changes. data is not
// kept. Errors name the Field "profile_data": Malformed/CodeSyntax (also for a
// name that stands twice, and NUL), TooLarge (bytes, depth), Missing (null).
func ReadDocument(data []byte) (DocumentText, error) {
	if err := schema.CheckJSON(data, schema.MaxDocumentDepth); err != nil {
		e := *profile.AsError(err)
		e.Field = fieldData
		return DocumentText{}, &e
	}
	text := schema.Compact(make([]byte, 0, min(len(data), MaxDocument)), data)
	switch {
	case text[0] == 'n':
		return DocumentText{}, noDocument()
	case len(text) > MaxDocument:
		return DocumentText{}, documentTooLarge()
	}
	return DocumentText{text}, nil
}

const fieldData = "profile_data"

func noDocument() error {
	return profile.E(profile.Missing, profile.CodeRequired, fieldData, "profile_data is required.")
}

func documentTooLarge() error {
	return profile.E(profile.TooLarge, profile.CodeTooLarge, fieldData, "profile_data may have at most %d bytes.", MaxDocument)
}

// documentKept is what is kept beside a document's data.
type documentKept struct {
	Account profile.ID   `json:"account,omitzero"` // the user, where a household profile owns it
	Import  profile.ID   `json:"import,omitzero"`  // it counts once this import is done …
	Was     *documentWas `json:"was,omitempty"`    // … and until then this does; nil: there was none
}

// documentWas is a document before an import.
type documentWas struct {
	Data    json.RawMessage `json:"data"`
	Version int64           `json:"version"`
	Updated int64           `json:"updated"` // microseconds since 1970
}

// documentExtras is the extras of a document's record.
type documentExtras struct {
	AppData documentKept `json:"appdata"`
}

func (k *documentKept) extras() []byte {
	if *k == (documentKept{}) {
		return emptyObject
	}
	return marshal(documentExtras{*k})
}

func keptOf(rec *store.Record) (k documentKept, err error) {
	if len(rec.Extras) <= len(emptyObject) {
		return k, nil
	}
	var all documentExtras
	err = json.Unmarshal(rec.Extras, &all)
	return all.AppData, err
}

// The index rows of documents.
const (
	indexApp    = "app"    // the app's number
	indexImport = "import" // the import that wrote it
)

func documentIndex(rec *store.Record) []store.Indexed {
	out := []store.Indexed{{Path: indexApp, Value: rec.Name(profile.DocumentApp)}}
	if k, err := keptOf(rec); err == nil && !k.Import.IsZero() {
		out = append(out, store.Indexed{Path: indexImport, Value: k.Import.String()})
	}
	return out
}

func documentOf(rec *store.Record, k documentKept) (Document, error) {
	app, err := strconv.ParseInt(rec.Name(profile.DocumentApp), 10, 64)
	if err != nil {
		return Document{}, fmt.Errorf("document %s: its app: %w", rec.ID, err)
	}
	d := Document{
		DocumentPlace: DocumentPlace{User: rec.Owner, App: app},
		Data:          rec.Attrs, Version: rec.Version, Created: rec.Created, Updated: rec.Updated,
	}
	if !k.Account.IsZero() {
		d.User, d.Member = k.Account, rec.Owner
	}
	return d, nil
}

// newDocumentRecord drafts a document's record. It is found by its owner and app,
// not by its number.
func (s *Site) newDocumentRecord(number int64, creator profile.ID, at DocumentPlace, text []byte) *store.Record {
	rec := s.numberedRecord(number, profile.Document, at.owner(), creator)
	rec.Attrs = text
	rec.Names = []profile.Name{{Space: profile.DocumentApp, Value: documentName(at.App), Owned: true}}
	k := documentKept{}
	if !at.Member.IsZero() {
		k.Account = at.User
	}
	rec.Extras = k.extras()
	rec.Index = documentIndex(rec)
	return rec
}

func documentName(app int64) string { return strconv.FormatInt(app, 10) }

// standing is a document's record as it counts now.
type standing struct {
	rec     *store.Record // nil: nothing is there
	doc     *Document     // nil: nothing counts
	changed bool          // the record holds something else, of an import that was given up
	busy    bool          // an import is writing it
}

// stands reads what counts of a document's record.
func (s *Site) stands(r store.Reader, rec *store.Record) (st standing, err error) {
	k, err := keptOf(rec)
	if err != nil {
		return st, err
	}
	d, err := documentOf(rec, k)
	if err != nil {
		return st, err
	}
	st = standing{rec: rec, doc: &d}
	if k.Import.IsZero() {
		return st, nil
	}
	done, live, err := s.importState(r, k.Import)
	if err != nil || done {
		return st, err
	}
	st.busy, st.changed = live, true
	if k.Was == nil {
		st.doc = nil
		return st, nil
	}
	d.Data, d.Version, d.Updated = k.Was.Data, k.Was.Version, time.UnixMicro(k.Was.Updated).UTC()
	return st, nil
}

// at reads what stands at a place.
func (s *Site) at(r store.Reader, p DocumentPlace) (standing, error) {
	rec, err := r.ByName(p.owner(), profile.DocumentApp, documentName(p.App))
	if profile.IsKind(err, profile.NotFound) {
		return standing{}, nil
	}
	if err != nil {
		return standing{}, err
	}
	st, err := s.stands(r, rec)
	if st.doc != nil && st.doc.User != p.User {
		return standing{}, nil // a household profile of somebody else
	}
	return st, err
}

// own makes the call one for the caller's own document. A session of a child
// profile has the child's documents.
func (c *DocumentCall) own(who access.Principal) error {
	if err := access.Allow(access.DocumentOwn, who, access.Self); err != nil {
		return err
	}
	c.User = who.Subject
	if who.Restriction.Kind == access.ChildProfile {
		if c.Member.IsZero() {
			c.Member = who.Restriction.Profile
		}
		if c.Member != who.Restriction.Profile {
			return noMember(c.Member)
		}
	}
	return nil
}

// Document reads the document that a call is for. NotFound names the Field
// "app_id", "user_id" or "user_profile_id" that nobody has, or none when there
// is no document. Forbidden, also with Field "app_id" when the app wants its
// key.
func (s *Site) Document(ctx context.Context, who access.Principal, c DocumentCall) (Document, error) {
	if err := s.mayDocument(ctx, who, &c); err != nil {
		return Document{}, err
	}
	app, err := s.appEntry(ctx, c.App)
	if err != nil {
		return Document{}, err
	}
	if err := c.checkKey(app); err != nil {
		return Document{}, err
	}
	var out Document
	err = s.data.Glance(ctx, nil, func(r store.Reader) error {
		st, err := s.at(r, c.DocumentPlace)
		if err != nil {
			return err
		}
		if st.doc == nil {
			return joinErr(checkOwner(r, c.DocumentPlace), store.ErrNotFound)
		}
		out = *st.doc
		return nil
	})
	if err == nil && !c.Any && !app.shows(&out) {
		err = store.ErrNotFound
	}
	return out, err
}

// mayDocument admits a caller, and says whose document it is for.
func (s *Site) mayDocument(ctx context.Context, who access.Principal, c *DocumentCall) error {
	if c.Any {
		return s.MayDocuments(ctx, who)
	}
	return c.own(who)
}

// checkKey refuses people who come without the key of an app that wants it.
func (c *DocumentCall) checkKey(app *appEntry) error {
	if c.Any || !app.KeyBound || c.Key == c.App {
		return nil
	}
	return profile.E(profile.Forbidden, profile.CodeForbidden, "app_id", "This app's profiles are reached only with its X-API-KEY beside the token.")
}

// shows takes out of a document what only operators read; false when nothing
// is left to see.
func (e *appEntry) shows(d *Document) bool {
	if e.isPlain() {
		return true
	}
	hidden := func(name string) bool { return e.class(name) == OperatorOnly }
	if d.Data[0] != '{' {
		return e.WriteClass != OperatorOnly
	}
	d.Data = jsondoc.Without(d.Data, hidden)
	return e.WriteClass != OperatorOnly || string(d.Data) != "{}"
}

// checkOwner says whether the user of a place is there, and the household
// profile is one of theirs.
func checkOwner(r store.Reader, p DocumentPlace) error {
	if err := userExists(r, p.User); err != nil || p.Member.IsZero() {
		return err
	}
	rec, err := r.Record(p.Member)
	if profile.IsKind(err, profile.NotFound) || err == nil && (rec.Type != profile.Household || rec.Owner != p.User) {
		return noMember(p.Member)
	}
	return err
}

// lockOwner is checkOwner that holds until the transaction ends.
func lockOwner(tx store.Tx, p DocumentPlace) error {
	if err := tx.Lock(p.User); profile.IsKind(err, profile.NotFound) {
		return noUser(p.User)
	} else if err != nil || p.Member.IsZero() {
		return err
	}
	return checkOwner(tx, p)
}

func userExists(r store.Reader, id profile.ID) error {
	rec, err := r.Record(id)
	if profile.IsKind(err, profile.NotFound) || err == nil && rec.Type != profile.User {
		return noUser(id)
	}
	return err
}

func noUser(id profile.ID) error {
	return profile.E(profile.NotFound, profile.CodeNotFound, "user_id", "There is no user %s.", id)
}

func noMember(id profile.ID) error {
	return profile.E(profile.NotFound, profile.CodeNotFound, "user_profile_id", "The user has no household profile %s.", id)
}

// MayDocuments says whether the caller may read and write anybody's documents:
// nil for an operator. Errors: Unauthenticated, Forbidden.
func (s *Site) MayDocuments(ctx context.Context, who access.Principal) error {
	return s.operator(ctx, access.DocumentAny, who)
}

// operator admits the managers of the broker.
func (s *Site) operator(ctx context.Context, perm access.Permission, who access.Principal) error {
	return s.data.View(ctx, func(r store.Reader) error { return s.allow(r, perm, who, nil) })
}

func (s *Site) removeDocument(tx store.Tx, actor profile.ID, rec *store.Record) error {
	s.undress(rec)
	return tx.Remove(rec, s.event(actor, "document.deleted", rec.ID))
}
