package appdata

import (
	"mime"
	"net/http"
	"strconv"
	"strings"

	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/jsondoc"
	"facet/internal/profile"
	"facet/internal/schema"
)

// target is the document that a path and its query name.
type target struct {
	directory.DocumentCall
	fields []jsondoc.Pointer
}

// handler does something with the document that was named.
type handler func(w http.ResponseWriter, r *http.Request, c *face.Call, at target) error

// ownDocument serves what is done with the caller's own document, or that of
// a household profile of the caller (/user/profiles/{appid}).
func ownDocument(handle handler) face.Handler {
	return func(w http.ResponseWriter, r *http.Request, c *face.Call) error {
		at, err := readTarget(r, c)
		if err != nil {
			return err
		}
		return handle(w, r, c, at)
	}
}

// anyDocument serves what operators do with anybody's (/operator/users/profile/
// {userid}/{appid}).
func anyDocument(handle handler) face.Handler {
	return func(w http.ResponseWriter, r *http.Request, c *face.Call) error {
		if err := c.Site.MayDocuments(r.Context(), c.Who); err != nil { // they learn nothing of what is wrong
			return err
		}
		user, err := profile.ParseID(r.PathValue("userid"))
		if err != nil {
			return profile.E(profile.Malformed, profile.CodeInvalidID, "", "The user's id in the path is no UUID.")
		}
		at, err := readTarget(r, c)
		if err != nil {
			return err
		}
		at.Any, at.User = true, user
		return handle(w, r, c, at)
	}
}

func readTarget(r *http.Request, c *face.Call) (at target, err error) {
	if at.App, err = pathApp(r); err != nil {
		return at, err
	}
	q, err := openQuery(r, "user_profile_id", "fields")
	if err != nil {
		return at, err
	}
	if at.Member, err = q.member(); err != nil {
		return at, err
	}
	if at.fields, err = q.fields(); err != nil {
		return at, err
	}
	at.Match = match(r)
	at.Key, err = keyOf(r, c)
	return at, err
}

// listOwn answers with the caller's documents for an app: one, or none (GET
// /user/profiles/{appid}).
func listOwn(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	at, err := readTarget(r, c)
	if err != nil {
		return err
	}
	doc, err := c.Site.Document(r.Context(), c.Who, at.DocumentCall)
	if profile.IsKind(err, profile.NotFound) && profile.AsError(err).Field == "" {
		face.WriteJSON(w, http.StatusOK, []byte(`{"profiles":[]}`))
		return nil
	}
	if err != nil {
		return err
	}
	if unchanged(w, &at.Match, doc.Version) {
		return nil
	}
	at.pick(&doc)
	w.Header().Set("ETag", etag(doc.Version))
	b := appendDocument(append(make([]byte, 0, len(doc.Data)+300), `{"profiles":[`...), &doc)
	face.WriteJSON(w, http.StatusOK, append(b, "]}"...))
	return nil
}

func (at *target) pick(doc *directory.Document) {
	if at.fields != nil {
		doc.Data = jsondoc.Pick(doc.Data, at.fields)
	}
}

// readDocument answers with a document (GET).
func readDocument(w http.ResponseWriter, r *http.Request, c *face.Call, at target) error {
	doc, err := c.Site.Document(r.Context(), c.Who, at.DocumentCall)
	if err != nil {
		return absent(err)
	}
	if unchanged(w, &at.Match, doc.Version) {
		return nil
	}
	at.pick(&doc)
	answer(w, http.StatusOK, &doc)
	return nil
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

// written answers what was made or changed.
func written(w http.ResponseWriter, doc *directory.Document, made bool) {
	status := http.StatusOK
	if made {
		status = http.StatusCreated
	}
	answer(w, status, doc)
}

// createOwn makes the caller's document for an app (POST
// /user/profiles/create).
func createOwn(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	q, err := openQuery(r, "on_conflict")
	if err != nil {
		return err
	}
	onConflict, err := q.onConflict()
	if err != nil {
		return err
	}
	again, err := repeat(r)
	if err != nil {
		return err
	}
	key, err := keyOf(r, c)
	if err != nil {
		return err
	}
	in, err := openBody(r)
	if err != nil {
		return err
	}
	var d readItem
	if err := in.object(func(name string) (bool, error) { return in.documentMember(&d, name) }); err != nil {
		return err
	}
	if d.place.User != (profile.ID{}) && d.place.User != c.Who.Subject {
		return profile.E(profile.Forbidden, profile.CodeForbidden, "", "Only an operator makes profiles for others.")
	}
	in.checkDocument(&d, false, true)
	if err := in.err(); err != nil {
		return err
	}
	call := directory.DocumentCall{DocumentPlace: d.place, Key: key, Match: match(r)}
	doc, made, err := c.Site.CreateDocument(r.Context(), c.Who, directory.NewDocument{DocumentCall: call, Text: d.text, OnConflict: onConflict, Repeat: again()})
	if err != nil {
		return inBody(err, documentPointers)
	}
	location := "/user/profiles/" + strconv.FormatInt(doc.App, 10)
	if !doc.Member.IsZero() {
		location += "?user_profile_id=" + doc.Member.String()
	}
	w.Header().Set("Location", location)
	written(w, &doc, made)
	return nil
}

func (q *query) onConflict() (directory.OnConflict, error) {
	word, err := q.choice("on_conflict", "error", "replace", "merge", "skip")
	return directory.OnConflict(word), err
}

// inDocument are the pointers of errors where the body is the document itself.
var inDocument = map[string]string{"profile_data": ""}

// putDocument makes or replaces a document: the body is what profile_data is
// to be (PUT).
func putDocument(w http.ResponseWriter, r *http.Request, c *face.Call, at target) error {
	in, err := openBody(r)
	if err != nil {
		return err
	}
	raw, err := in.whole()
	if err != nil {
		return err
	}
	var d readItem
	if err := in.documentText(&d, raw, ""); err != nil {
		return err
	}
	if err := in.err(); err != nil {
		return err
	}
	doc, made, err := c.Site.PutDocument(r.Context(), c.Who, at.DocumentCall, d.text)
	if err != nil {
		return inBody(err, inDocument)
	}
	at.pick(&doc)
	written(w, &doc, made)
	return nil
}

// The media types of the two kinds of patch.
const (
	mergePatch = "application/merge-patch+json" // RFC 7396
	jsonPatch  = "application/json-patch+json"  // RFC 6902
)

// patchDocument changes a document: the body patches profile_data (PATCH; RFC
// 5789).
func patchDocument(w http.ResponseWriter, r *http.Request, c *face.Call, at target) error {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != mergePatch && media != jsonPatch {
		w.Header().Set("Accept-Patch", mergePatch+", "+jsonPatch) // RFC 5789, section 3.1
		return unsupported("A patch is " + mergePatch + " or " + jsonPatch + ".")
	}
	in, err := openBody(r)
	if err != nil {
		return err
	}
	raw, err := in.whole()
	if err != nil {
		return err
	}
	text := append([]byte(nil), raw...)
	if err := schema.CheckJSON(text, face.MaxDepth); err != nil {
		if err := in.unkept(text, "", err); err != nil {
			return err
		}
		return in.err()
	}
	text = schema.Compact(nil, text)
	patch := func(old []byte) ([]byte, error) { return jsondoc.Merge(old, text), nil }
	if media == jsonPatch {
		operations, err := jsondoc.ParsePatch(text)
		if err != nil {
			return inPatch(err)
		}
		patch = func(old []byte) ([]byte, error) { return operations.Apply(old, directory.MaxDocument) }
	}
	doc, err := c.Site.PatchDocument(r.Context(), c.Who, at.DocumentCall, patch)
	if err != nil {
		return inPatch(absent(err))
	}
	at.pick(&doc)
	answer(w, http.StatusOK, &doc)
	return nil
}

// inPatch gives an error of a patch its place in the body.
func inPatch(err error) error {
	e := profile.AsError(err)
	if strings.HasPrefix(e.Field, "/") {
		return inBody(err, map[string]string{e.Field: e.Field})
	}
	return inBody(err, inDocument)
}

// deleteDocument deletes a document (DELETE).
func deleteDocument(w http.ResponseWriter, r *http.Request, c *face.Call, at target) error {
	if err := c.Site.DeleteDocument(r.Context(), c.Who, at.DocumentCall); err != nil {
		return inBody(absent(err), inDocument)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// readItem is one document as it was sent.
type readItem struct {
	hasApp, hasUser, hasText bool // also when they are wrong
	place                    directory.DocumentPlace
	match                    directory.Match
	text                     directory.DocumentText
}

// documentPointers says which part of a document the kernel's fields come
// from.
var documentPointers = map[string]string{
	"app_id": "/app_id", "user_id": "/user_id", "user_profile_id": "/user_profile_id", "profile_data": "/profile_data",
}

// documentMember reads one member of a document that is to be made.
func (in *body) documentMember(d *readItem, name string) (known bool, err error) {
	if name != "profile_data" {
		return in.placeMember(d, name)
	}
	d.hasText = true
	raw, err := in.value(in.dec)
	if err != nil {
		return true, err
	}
	return true, in.documentText(d, raw, "/profile_data")
}

// placeMember reads one member of what names a document.
func (in *body) placeMember(d *readItem, name string) (known bool, err error) {
	if name != "app_id" && name != "user_id" && name != "user_profile_id" {
		return false, nil
	}
	raw, err := in.value(in.dec)
	if err != nil {
		return true, err
	}
	switch name {
	case "app_id":
		d.hasApp = true
		var ok bool
		if d.place.App, ok = appID(string(raw)); !ok {
			d.place.App = 0
			in.wrong(profile.Invalid, profile.CodeType, "/app_id", "app_id must be an integer, 1 or more, such as GET /app/all lists.")
		}
	case "user_id":
		d.hasUser = true
		in.id(&d.place.User, raw, "/user_id")
	default:
		if raw.Kind() != 'n' {
			in.id(&d.place.Member, raw, "/user_profile_id")
		}
	}
	return true, nil
}

func (in *body) id(to *profile.ID, raw []byte, at string) {
	text, _ := schema.Text(raw)
	id, err := profile.ParseID(text)
	if err != nil || id.IsZero() {
		in.wrong(profile.Invalid, profile.CodeInvalidID, at, "%s must be a UUID.", at[1:])
		return
	}
	*to = id
}

func (in *body) documentText(d *readItem, raw []byte, at string) (err error) {
	d.text, err = directory.ReadDocument(raw)
	switch e := profile.AsError(err); {
	case err == nil:
	case e.Kind == profile.Malformed:
		return in.unkept(raw, at, err)
	case e.Kind == profile.Internal:
		return err
	default:
		in.note(itemOf(e, at))
	}
	return nil
}

// checkDocument notes what a document lacks. One that is no object was told of
// already.
func (in *body) checkDocument(d *readItem, needsUser, needsText bool) {
	if n := len(in.items); n > 0 && in.items[n-1].Pointer == in.pointer("") {
		return
	}
	require := func(has bool, name string) {
		if !has {
			in.wrong(profile.Missing, profile.CodeRequired, "/"+name, "%s is required.", name)
		}
	}
	require(d.hasApp, "app_id")
	require(d.hasText || !needsText, "profile_data")
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
