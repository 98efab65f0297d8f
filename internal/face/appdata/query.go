package appdata

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/jsondoc"
	"facet/internal/profile"
)

// query reads the parameters of a request: those that it knows, each once.
type query struct{ values url.Values }

func openQuery(r *http.Request, known ...string) (*query, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, badParameter("", "The query cannot be read.")
	}
	for name, list := range values {
		switch {
		case !slices.Contains(known, name):
			return nil, badParameter(name, "There is no such parameter.")
		case len(list) > 1:
			return nil, badParameter(name, "The parameter stands twice.")
		case strings.ContainsRune(list[0], 0) || strings.ToValidUTF8(list[0], "") != list[0]:
			return nil, badParameter(name, "The parameter is no text.")
		}
	}
	return &query{values}, nil
}

func badParameter(name, what string) error {
	if len(name) > 100 {
		name = strings.ToValidUTF8(name[:100], "")
	}
	return profile.E(profile.Malformed, "invalid_parameter", "", "%s: %s", strconv.Quote(name), what)
}

// choice reads one of some words; "" when the parameter is not there.
func (q *query) choice(name string, words ...string) (string, error) {
	v := q.values.Get(name)
	if q.values.Has(name) && !slices.Contains(words, v) {
		return "", badParameter(name, "It is one of "+strings.Join(words, ", ")+".")
	}
	return v, nil
}

func (q *query) truth(name string) (bool, error) {
	v, err := q.choice(name, "true", "false")
	return v == "true", err
}

// member reads which household profile is meant.
func (q *query) member() (profile.ID, error) {
	if !q.values.Has("user_profile_id") {
		return profile.ID{}, nil
	}
	id, err := profile.ParseID(q.values.Get("user_profile_id"))
	if err != nil || id.IsZero() {
		return id, badParameter("user_profile_id", "It is no UUID.")
	}
	return id, nil
}

func (q *query) number(name string) (int, error) {
	if !q.values.Has(name) {
		return 0, nil
	}
	n, err := strconv.Atoi(q.values.Get(name))
	if err != nil || n < 1 {
		return 0, badParameter(name, "It is a number, 1 or more.")
	}
	return n, nil
}

// maxFields is how many parts of documents one request picks.
const maxFields = 50

// fields reads which parts of the documents are wanted: JSON Pointers with
// commas between; nil: all.
func (q *query) fields() ([]jsondoc.Pointer, error) {
	if !q.values.Has("fields") {
		return nil, nil
	}
	list := strings.Split(q.values.Get("fields"), ",")
	if len(list) > maxFields {
		return nil, badParameter("fields", "There may be at most "+strconv.Itoa(maxFields)+".")
	}
	out := make([]jsondoc.Pointer, len(list))
	for i, text := range list {
		var err error
		if out[i], err = jsondoc.ParsePointer(text); err != nil || text == "" {
			return nil, badParameter("fields", "They are JSON Pointers, such as /theme, with commas between.")
		}
	}
	return out, nil
}

// match reads the conditions of a request (RFC 9110, section 13.1). A tag that
// is weak or none of ours matches nothing.
func match(r *http.Request) (m directory.Match) {
	if list := r.Header.Values("If-Match"); len(list) > 0 {
		m.Any, m.If = tags(list)
	}
	if list := r.Header.Values("If-None-Match"); len(list) > 0 {
		m.None, m.NoneOf = tags(list)
	}
	return m
}

// tags reads a list of entity tags: whether it is "*", or the versions.
func tags(list []string) (any bool, versions []int64) {
	text := strings.TrimSpace(strings.Join(list, ","))
	if text == "*" {
		return true, nil
	}
	versions = []int64{}
	for tag := range strings.SplitSeq(text, ",") {
		if v, ok := version(strings.TrimSpace(tag)); ok {
			versions = append(versions, v)
		}
	}
	return false, versions
}

// version reads an entity tag of ours.
func version(tag string) (int64, bool) {
	if len(tag) < 3 || tag[0] != '"' || tag[len(tag)-1] != '"' {
		return 0, false
	}
	return appID(tag[1 : len(tag)-1])
}

// unchanged reports whether a reader has that version already (RFC 9110,
// section 13.1.2), and answers so.
func unchanged(w http.ResponseWriter, m *directory.Match, v int64) bool {
	if !m.None && !slices.Contains(m.NoneOf, v) {
		return false
	}
	w.Header().Set("ETag", etag(v))
	w.Header()["Cache-Control"] = noStore
	w.WriteHeader(http.StatusNotModified)
	return true
}

const maxRepeatKey = 255 // characters

// repeat reads the key under which a request may be sent again, and makes the
// body's digest while it is read. done gives both when all of it was.
func repeat(r *http.Request) (done func() directory.Repeat, err error) {
	keys := r.Header["Idempotency-Key"]
	if len(keys) == 0 {
		return func() directory.Repeat { return directory.Repeat{} }, nil
	}
	printable := !strings.ContainsFunc(keys[0], func(c rune) bool { return c < ' ' || c > '~' })
	if len(keys) > 1 || keys[0] == "" || len(keys[0]) > maxRepeatKey || !printable {
		return nil, profile.E(profile.Malformed, "invalid_header", "", "Idempotency-Key is one text of 1 to %d printable characters.", maxRepeatKey)
	}
	digest := sha256.New()
	fmt.Fprintf(digest, "%s\n%s\n", r.Method, r.URL.RequestURI())
	r.Body = readCloser{io.TeeReader(r.Body, digest), r.Body}
	return func() directory.Repeat {
		return directory.Repeat{Key: keys[0], Request: hex.EncodeToString(digest.Sum(nil))}
	}, nil
}

type readCloser struct {
	io.Reader
	io.Closer
}

// limitsShown is GET /limits: what a request may take at most.
type limitsShown struct {
	BodyBytes        int64 `json:"body_bytes"`      // of a request
	BulkBytes        int64 `json:"bulk_body_bytes"` // of create-bulk, whose count of profiles is free
	DocumentBytes    int   `json:"profile_data_bytes"`
	Depth            int   `json:"profile_data_depth"`
	Places           int   `json:"get_bulk_profiles"`
	Deleted          int   `json:"delete_bulk_profiles"`
	PageDefault      int   `json:"page_profiles_default"`
	Page             int   `json:"page_profiles"`
	FilterBytes      int   `json:"filter_bytes"`
	Fields           int   `json:"fields"`
	PatchOperations  int   `json:"json_patch_operations"`
	IdempotencyHours int   `json:"idempotency_hours"`
}

// limits tells what requests may take (GET /limits).
func limits(w http.ResponseWriter, _ *http.Request, _ *face.Call) error {
	return write(w, http.StatusOK, limitsShown{
		BodyBytes: face.MaxBody, BulkBytes: maxBulk, DocumentBytes: directory.MaxDocument, Depth: face.MaxDepth,
		Places: directory.MaxPlaces, Deleted: directory.MaxPlaces, PageDefault: directory.DefaultDocumentPage, Page: directory.MaxDocumentPage,
		FilterBytes: directory.MaxDocumentFilter, Fields: maxFields, PatchOperations: jsondoc.MaxOperations, IdempotencyHours: 24,
	})
}
