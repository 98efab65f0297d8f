package appdata

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
	"facet/internal/schema"
)

// listOwn answers with the caller's documents for an app: one, or none (GET
// /user/profiles/{appid}).
func listOwn(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	id, err := pathApp(r)
	if err != nil {
		return err
	}
	doc, err := c.Site.OwnDocument(r.Context(), c.Who, id)
	if profile.IsKind(err, profile.NotFound) && profile.AsError(err).Field == "" {
		face.WriteJSON(w, http.StatusOK, []byte(`{"profiles":[]}`))
		return nil
	}
	if err != nil {
		return err
	}
	b := appendDocument(append(make([]byte, 0, len(doc.Data)+300), `{"profiles":[`...), &doc)
	face.WriteJSON(w, http.StatusOK, append(b, "]}"...))
	return nil
}

// readAny answers with a person's document for an app, to an operator (GET
// /operator/users/profile/{userid}/{appid}).
func readAny(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	user, err := profile.ParseID(r.PathValue("userid"))
	if err != nil {
		err = profile.E(profile.Malformed, profile.CodeInvalidID, "", "The user's id in the path is no UUID.")
	}
	id, appErr := pathApp(r)
	if err = errors.Join(err, appErr); err != nil {
		return orDenied(r, c, err)
	}
	doc, err := c.Site.DocumentOf(r.Context(), c.Who, user, id)
	if err != nil {
		return absent(err)
	}
	answer(w, http.StatusOK, &doc)
	return nil
}

// orDenied gives the error, but to who may not ask at all: they learn nothing
// of what is wrong.
func orDenied(r *http.Request, c *face.Call, err error) error {
	if denied := c.Site.MayDocuments(r.Context(), c.Who); denied != nil {
		return denied
	}
	return err
}

// absent says it when a document is not there.
func absent(err error) error {
	if e := profile.AsError(err); e.Kind == profile.NotFound && e.Field == "" {
		return profile.E(profile.NotFound, profile.CodeNotFound, "", "The user has no profile for this app.")
	}
	return err
}

// answer writes a document with its entity tag.
func answer(w http.ResponseWriter, status int, doc *directory.Document) {
	w.Header().Set("ETag", etag(doc.Version))
	face.WriteJSON(w, status, appendDocument(make([]byte, 0, len(doc.Data)+300), doc))
}

// createOwn makes the caller's document for an app (POST
// /user/profiles/create).
func createOwn(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	in, err := openBody(r)
	if err != nil {
		return err
	}
	var d readDocument
	if err := in.object(func(name string) (bool, error) { return in.documentMember(&d, name) }); err != nil {
		return err
	}
	if d.user != (profile.ID{}) && d.user != c.Who.Subject {
		return profile.E(profile.Forbidden, profile.CodeForbidden, "", "Only an operator makes profiles for others.")
	}
	in.checkDocument(&d, false)
	if err := in.err(); err != nil {
		return err
	}
	doc, err := c.Site.CreateDocument(r.Context(), c.Who, d.app, d.text)
	if err != nil {
		return inBody(err, documentPointers)
	}
	w.Header().Set("Location", "/user/profiles/"+strconv.FormatInt(doc.App, 10))
	answer(w, http.StatusCreated, &doc)
	return nil
}

// How long a large body, and the answer to it, may take: longer than other
// requests.
const (
	bulkRead  = 5 * time.Minute
	bulkWrite = 10 * time.Minute // from now, like bulkRead
)

// createBulk makes many documents, of whichever people and apps, for an
// operator: all, or none (POST /operator/profile/create-bulk). The body is
// read as it arrives; only the documents of it are kept meanwhile.
func createBulk(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if err := c.Site.MayDocuments(r.Context(), c.Who); err != nil {
		return err
	}
	control := http.NewResponseController(w)
	if err := errors.Join(control.SetReadDeadline(time.Now().Add(bulkRead)), control.SetWriteDeadline(time.Now().Add(bulkWrite))); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	in, err := openBody(r)
	if err != nil {
		return err
	}
	docs, err := in.documents()
	if err != nil {
		return err
	}
	made, err := makeAll(r.Context(), c, in, docs)
	if err != nil {
		return err
	}
	b := append(make([]byte, 0, 64+len(made)*90), `{"created":`...)
	b = append(strconv.AppendInt(b, int64(len(made)), 10), `,"profiles":[`...)
	for i := range made {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendMade(b, &made[i])
	}
	face.WriteJSON(w, http.StatusCreated, append(b, "]}"...))
	return nil
}

// makeAll makes the documents. When something is wrong with the body already,
// it only finds out what else would be: every bad item is told.
func makeAll(ctx context.Context, c *face.Call, in *body, docs []directory.NewDocument) (made []directory.Document, err error) {
	if len(in.items) > 0 {
		err = c.Site.CheckDocuments(ctx, c.Who, docs)
	} else {
		made, err = c.Site.CreateDocuments(ctx, c.Who, docs)
	}
	var bad directory.Items
	if err != nil && !errors.As(err, &bad) {
		return nil, err
	}
	for _, b := range bad {
		in.index = b.Index
		in.note(itemOf(b.Err, documentPointers[b.Err.Field]))
	}
	slices.SortStableFunc(in.items, func(a, b item) int { return a.at() - b.at() })
	return made, in.err()
}

// at is the index, or -1.
func (i item) at() int {
	if i.Index == nil {
		return -1
	}
	return *i.Index
}

// documents reads the body of create-bulk: the items that are all right so
// far.
func (in *body) documents() ([]directory.NewDocument, error) {
	var docs []directory.NewDocument
	there := false
	err := in.object(func(name string) (bool, error) {
		if name != "profiles" {
			return false, nil
		}
		there = true
		return true, in.elements(func(index int) error {
			before := len(in.items)
			var d readDocument
			if err := in.members(in.dec, "", func(name string) (bool, error) { return in.documentMember(&d, name) }); err != nil {
				return err
			}
			if in.checkDocument(&d, true); len(in.items) == before {
				docs = append(docs, directory.NewDocument{Index: index, User: d.user, App: d.app, Text: d.text})
			}
			return nil
		})
	})
	if err == nil && !there && len(in.items) == 0 {
		in.wrong(profile.Missing, profile.CodeRequired, "/profiles", "profiles is required.")
	}
	return docs, err
}

// elements reads the array "profiles".
func (in *body) elements(one func(index int) error) error {
	switch in.dec.PeekKind() {
	case '[', 0: // 0: ReadToken tells what is wrong
	default:
		in.wrong(profile.Invalid, profile.CodeType, "/profiles", "profiles must be an array.")
		if err := in.dec.SkipValue(); err != nil {
			return in.broken(err)
		}
		return nil
	}
	if _, err := in.dec.ReadToken(); err != nil {
		return in.broken(err)
	}
	defer func() { in.index = -1 }()
	for index := 0; in.dec.PeekKind() != ']' && in.dec.PeekKind() != 0; index++ {
		in.index = index
		if err := one(index); err != nil {
			return err
		}
	}
	if _, err := in.dec.ReadToken(); err != nil {
		return in.broken(err)
	}
	return nil
}

// readDocument is one document as it was sent.
type readDocument struct {
	hasApp, hasUser, hasText bool // also when they are wrong
	app                      int64
	user                     profile.ID
	text                     directory.DocumentText
}

// documentPointers says which part of a document the kernel's fields come
// from.
var documentPointers = map[string]string{"app_id": "/app_id", "user_id": "/user_id", "profile_data": "/profile_data"}

// documentMember reads one member of a document.
func (in *body) documentMember(d *readDocument, name string) (known bool, err error) {
	switch name {
	case "app_id":
		d.hasApp = true
		raw, err := in.value(in.dec)
		if err != nil {
			return true, err
		}
		var ok bool
		if d.app, ok = appID(string(raw)); !ok {
			in.wrong(profile.Invalid, profile.CodeType, "/app_id", "app_id must be an integer, 1 or more, such as GET /app/all lists.")
		}
	case "user_id":
		d.hasUser = true
		raw, err := in.value(in.dec)
		if err != nil {
			return true, err
		}
		id, _ := schema.Text(raw)
		if d.user, err = profile.ParseID(id); err != nil || d.user.IsZero() {
			in.wrong(profile.Invalid, profile.CodeInvalidID, "/user_id", "user_id must be a UUID.")
		}
	case "profile_data":
		d.hasText = true
		return true, in.documentText(d)
	default:
		return false, nil
	}
	return true, nil
}

func (in *body) documentText(d *readDocument) error {
	raw, err := in.value(in.dec)
	if err != nil {
		return err
	}
	d.text, err = directory.ReadDocument(raw)
	switch e := profile.AsError(err); {
	case err == nil:
	case e.Kind == profile.Malformed:
		return in.unkept(raw, "/profile_data", err)
	case e.Kind == profile.Internal:
		return err
	default:
		in.note(itemOf(e, "/profile_data"))
	}
	return nil
}

// checkDocument notes what a document lacks. One that is no object was told of
// already.
func (in *body) checkDocument(d *readDocument, needsUser bool) {
	if n := len(in.items); n > 0 && in.items[n-1].Pointer == in.pointer("") {
		return
	}
	require := func(has bool, name string) {
		if !has {
			in.wrong(profile.Missing, profile.CodeRequired, "/"+name, "%s is required.", name)
		}
	}
	require(d.hasApp, "app_id")
	require(d.hasText, "profile_data")
	require(d.hasUser || !needsUser, "user_id")
}

// appID reads an app's number: decimal digits without a sign or leading
// zeros, 1 or more.
func appID(text string) (id int64, ok bool) {
	id, err := strconv.ParseInt(text, 10, 64)
	return id, err == nil && id > 0 && text[0] >= '1' && text[0] <= '9'
}

func pathApp(r *http.Request) (int64, error) {
	id, ok := appID(r.PathValue("appid"))
	if !ok {
		return 0, profile.E(profile.Malformed, profile.CodeInvalidID, "", "The app's id in the path is no integer of 1 or more.")
	}
	return id, nil
}
