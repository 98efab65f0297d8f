package appdata

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
	"facet/internal/schema"
)

// listApps lists the applications, for anybody (GET /app/all).
func listApps(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	apps, err := c.Site.Apps(r.Context())
	if err != nil {
		return err
	}
	out := make([]app, len(apps))
	for i, a := range apps {
		out[i] = app{AppID: a.ID, App: a.Name, Domains: a.Domains, Description: a.Description}
	}
	return write(w, http.StatusOK, out)
}

// identifyApp reads X-API-KEY, which says on behalf of which application
// somebody signs in or registers. It authorises nothing else.
func identifyApp(r *http.Request, c *face.Call) (directory.App, error) {
	key := r.Header["X-Api-Key"]
	if len(key) == 0 {
		return directory.App{}, profile.E(profile.Unauthenticated, profile.CodeNoAuth, "", "The header X-API-KEY is required.")
	}
	if len(key) > 1 {
		return directory.App{}, profile.E(profile.Unauthenticated, profile.CodeBadClient, "", "The header X-API-KEY stands twice.")
	}
	a, err := c.Site.AppByKey(r.Context(), key[0])
	if profile.IsCode(err, profile.CodeBadClient) {
		return a, profile.E(profile.Unauthenticated, profile.CodeBadClient, "", "There is no application with this X-API-KEY.")
	}
	return a, err
}

// keyOf says which app's key came beside a token; 0 when none did that works.
func keyOf(r *http.Request, c *face.Call) (int64, error) {
	if len(r.Header["X-Api-Key"]) == 0 {
		return 0, nil
	}
	a, err := identifyApp(r, c)
	if profile.IsCode(err, profile.CodeBadClient) {
		return 0, nil
	}
	return a.ID, err
}

// settings is an app as operators see it.
type settings struct {
	app
	Version        int64                      `json:"version"`
	APIKey         string                     `json:"api_key,omitempty"` // shown once, when it is made
	WriteClass     directory.Class            `json:"write_class"`       // user, app, private
	Sections       map[string]directory.Class `json:"sections"`          // of single members of profile_data
	OnConflict     directory.OnConflict       `json:"on_conflict"`       // error, replace, merge, skip
	RequireIfMatch bool                       `json:"require_if_match"`  //
	AnyJSON        bool                       `json:"any_json"`          //
	KeyBound       bool                       `json:"key_bound"`         //
	SchemaMode     directory.SchemaMode       `json:"schema_mode"`       // off, warn, enforce
	Schema         jsontext.Value             `json:"schema"`            // JSON Schema, or null
	SchemaVersion  int64                      `json:"schema_version"`    // counts its changes; 0: there was none yet
}

func settingsOf(a *directory.App, key string) settings {
	out := settings{
		app: app{AppID: a.ID, App: a.Name, Domains: a.Domains, Description: a.Description}, Version: a.Version, APIKey: key,
		WriteClass: a.WriteClass, Sections: a.Sections, OnConflict: a.OnConflict, RequireIfMatch: a.RequireIfMatch, AnyJSON: a.AnyJSON, KeyBound: a.KeyBound,
		SchemaMode: a.SchemaMode, Schema: jsontext.Value(a.Schema), SchemaVersion: a.SchemaVersion,
	}
	orElse(&out.WriteClass, directory.UserWrites)
	orElse(&out.OnConflict, directory.ConflictError)
	orElse(&out.SchemaMode, directory.SchemaOff)
	if out.Sections == nil {
		out.Sections = map[string]directory.Class{}
	}
	if out.Schema == nil {
		out.Schema = jsontext.Value("null")
	}
	return out
}

func orElse[T ~string](v *T, otherwise T) {
	if *v == "" {
		*v = otherwise
	}
}

// registerApp registers an application (POST /operator/app/register).
func registerApp(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	apps, err := c.Site.AdminApps(r.Context(), c.Who)
	if err != nil {
		return err
	}
	edit, err := readApplication(r, true)
	if err != nil {
		return err
	}
	a, key, err := apps.Register(r.Context(), edit)
	if err != nil {
		return inBody(err, appPointers)
	}
	w.Header().Set("Location", "/operator/app/"+strconv.FormatInt(a.ID, 10))
	w.Header().Set("ETag", etag(a.Version))
	return write(w, http.StatusCreated, settingsOf(&a, key))
}

// readApp shows an application with its settings (GET /operator/app/{appid}).
func readApp(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	apps, err := c.Site.AdminApps(r.Context(), c.Who)
	if err != nil {
		return err
	}
	id, err := pathApp(r)
	if err != nil {
		return err
	}
	a, err := apps.Read(r.Context(), id)
	if err != nil {
		return err
	}
	m := match(r)
	if unchanged(w, &m, a.Version) {
		return nil
	}
	w.Header().Set("ETag", etag(a.Version))
	return write(w, http.StatusOK, settingsOf(&a, ""))
}

// updateApp changes what the body names of an application (PATCH
// /operator/app/{appid}).
func updateApp(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	apps, err := c.Site.AdminApps(r.Context(), c.Who)
	if err != nil {
		return err
	}
	id, err := pathApp(r)
	if err != nil {
		return err
	}
	edit, err := readApplication(r, false)
	if err != nil {
		return err
	}
	a, err := apps.Edit(r.Context(), id, edit, match(r))
	if err != nil {
		return inBody(err, appPointers)
	}
	w.Header().Set("ETag", etag(a.Version))
	return write(w, http.StatusOK, settingsOf(&a, ""))
}

// deleteApp deletes an application; with its profiles only when force says so
// (DELETE /operator/app/{appid}).
func deleteApp(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	apps, err := c.Site.AdminApps(r.Context(), c.Who)
	if err != nil {
		return err
	}
	id, err := pathApp(r)
	if err != nil {
		return err
	}
	q, err := openQuery(r, "force")
	if err != nil {
		return err
	}
	force, err := q.truth("force")
	if err != nil {
		return err
	}
	if err := apps.Delete(r.Context(), id, force); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// renewKey gives an application another X-API-KEY (POST
// /operator/app/{appid}/key).
func renewKey(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	apps, err := c.Site.AdminApps(r.Context(), c.Who)
	if err != nil {
		return err
	}
	id, err := pathApp(r)
	if err != nil {
		return err
	}
	key, err := apps.RenewKey(r.Context(), id)
	if err != nil {
		return err
	}
	return write(w, http.StatusOK, map[string]any{"appid": id, "api_key": key})
}

// appPointers says which part of the body the kernel's fields come from.
var appPointers = func() map[string]string {
	out := map[string]string{}
	for _, name := range []string{"app", "description", "domains", "write_class", "sections", "on_conflict", "require_if_match", "any_json", "key_bound", "schema_mode", "schema"} {
		out[name] = "/" + name
	}
	return out
}()

// readApplication reads the body of register and of a change.
func readApplication(r *http.Request, whole bool) (edit directory.AppEdit, err error) {
	in, err := openBody(r)
	if err != nil {
		return edit, err
	}
	err = in.object(func(name string) (bool, error) {
		if _, known := appPointers[name]; !known {
			return false, nil
		}
		raw, err := in.value(in.dec)
		if err != nil {
			return true, err
		}
		raw = raw.Clone()
		if err := schema.CheckJSON(raw, face.MaxDepth); err != nil {
			return true, in.unkept(raw, "/"+name, err)
		}
		ok := true
		switch name {
		case "app":
			ok = decode(raw, &edit.Name)
		case "description":
			ok = decode(raw, &edit.Description)
		case "domains":
			ok = decode(raw, &edit.Domains)
		case "write_class":
			ok = decode(raw, &edit.WriteClass)
		case "sections":
			ok = decode(raw, &edit.Sections)
		case "on_conflict":
			ok = decode(raw, &edit.OnConflict)
		case "require_if_match":
			ok = decode(raw, &edit.RequireIfMatch)
		case "any_json":
			ok = decode(raw, &edit.AnyJSON)
		case "key_bound":
			ok = decode(raw, &edit.KeyBound)
		case "schema_mode":
			ok = decode(raw, &edit.SchemaMode)
		case "schema":
			edit.Schema = []byte(raw)
		}
		if !ok {
			in.wrong(profile.Invalid, profile.CodeType, "/"+name, "This is of the wrong type.")
		}
		return true, nil
	})
	if err != nil {
		return edit, err
	}
	if whole && edit.Name == nil && !in.blames("", "/app") {
		in.wrong(profile.Missing, profile.CodeRequired, "/app", "app is required.")
	}
	return edit, in.err()
}

// decode reads a value of a settings member; null is of no type.
func decode[T any](raw jsontext.Value, to *T) bool {
	return raw.Kind() != 'n' && json.Unmarshal(raw, to) == nil
}

// listDocuments lists an application's profiles, page by page (GET
// /operator/app/{appid}/profiles).
func listDocuments(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if err := c.Site.MayDocuments(r.Context(), c.Who); err != nil {
		return err
	}
	id, err := pathApp(r)
	if err != nil {
		return err
	}
	q, err := openQuery(r, "cursor", "limit", "filter", "fields")
	if err != nil {
		return err
	}
	fields, err := q.fields()
	if err != nil {
		return err
	}
	ask := directory.DocumentQuery{App: id, After: q.values.Get("cursor")}
	if ask.Limit, err = q.number("limit"); err != nil {
		return err
	}
	if q.values.Has("filter") {
		if ask.Filter, err = q.filter(); err != nil {
			return err
		}
	}
	page, err := c.Site.Documents(r.Context(), c.Who, ask)
	if err != nil {
		return inQuery(err)
	}
	at := target{fields: fields}
	b := []byte(`{"profiles":[`)
	for i := range page.Documents {
		if i > 0 {
			b = append(b, ',')
		}
		at.pick(&page.Documents[i])
		b = appendDocument(b, &page.Documents[i])
	}
	b = append(b, `],"next_cursor":`...)
	face.WriteJSON(w, http.StatusOK, append(appendCursor(b, page.Next), '}'))
	return nil
}

func appendCursor(b []byte, cursor string) []byte {
	if cursor == "" {
		return append(b, "null"...)
	}
	return append(append(append(b, '"'), cursor...), '"')
}

// inQuery tells of a parameter that package directory refuses.
func inQuery(err error) error {
	if e := profile.AsError(err); e.Kind == profile.Invalid && slices.Contains([]string{"limit", "cursor", "filter"}, e.Field) {
		return badParameter(e.Field, e.Message)
	}
	return err
}

// filter reads the object that the documents contain.
func (q *query) filter() ([]byte, error) {
	text := []byte(q.values.Get("filter"))
	if len(text) > directory.MaxDocumentFilter {
		return nil, badParameter("filter", "It may have at most "+strconv.Itoa(directory.MaxDocumentFilter)+" bytes.")
	}
	if schema.CheckJSON(text, face.MaxDepth) != nil {
		return nil, badParameter("filter", `It is JSON that the profiles contain, such as {"plan":"pro"}.`)
	}
	return schema.Compact(nil, text), nil
}

// report is what checkSchema found in a page.
type report struct {
	Checked int          `json:"checked"` // profiles
	Invalid []invalidOne `json:"invalid"`
	Next    *string      `json:"next_cursor"` // null after the last page
}

type invalidOne struct {
	UserID        string    `json:"user_id"`
	UserProfileID string    `json:"user_profile_id,omitempty"`
	Errors        []warning `json:"errors"`
}

// checkSchema holds the profiles that are there against a schema, page by page,
// and changes nothing (POST /operator/app/{appid}/schema/check).
func checkSchema(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	apps, err := c.Site.AdminApps(r.Context(), c.Who)
	if err != nil {
		return err
	}
	id, err := pathApp(r)
	if err != nil {
		return err
	}
	in, err := openBody(r)
	if err != nil {
		return err
	}
	var text []byte
	var cursor string
	err = in.object(func(name string) (known bool, err error) {
		switch name {
		case "schema":
			raw, err := in.value(in.dec)
			if err == nil && raw.Kind() != 'n' {
				text = schema.Compact(nil, raw)
			}
			return true, err
		case "cursor":
			cursor, _, err = in.text(in.dec, "/cursor")
			return true, err
		}
		return false, nil
	})
	if err == nil {
		err = in.err()
	}
	if err != nil {
		return err
	}
	found, err := apps.TrySchema(r.Context(), id, text, cursor)
	if err != nil {
		return inBody(err, map[string]string{"schema": "/schema", "cursor": "/cursor"})
	}
	out := report{Checked: found.Checked, Invalid: make([]invalidOne, len(found.Broken))}
	for i, b := range found.Broken {
		out.Invalid[i] = invalidOne{UserID: b.User.String(), Errors: warningsOf(b.Violations)}
		if !b.Member.IsZero() {
			out.Invalid[i].UserProfileID = b.Member.String()
		}
	}
	if found.Next != "" {
		out.Next = &found.Next
	}
	return write(w, http.StatusOK, out)
}
