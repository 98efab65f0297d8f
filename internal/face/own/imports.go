package own

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
	"facet/internal/transfer"
)

// maxUpload is the most bytes of a file that is imported.
const maxUpload = 2 << 30

// How long an upload may take between two pieces of it, and a download.
const (
	uploadPause = 2 * time.Minute
	fetchFor    = 30 * time.Minute
)

// formats are the media types of files, by what they are read as.
var formats = map[string]transfer.Format{
	"application/jsonl": transfer.JSONL, "application/x-ndjson": transfer.JSONL, "application/json-lines": transfer.JSONL, "text/csv": transfer.CSV,
}

// startImport takes a file of records (POST /imports).
func startImport(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if err := c.Site.MayImport(r.Context(), c.Who); err != nil {
		return err
	}
	in, err := importOptions(r)
	if err != nil {
		return err
	}
	if in.Type != "" {
		if _, err := c.Site.ImportType(in.Type); err != nil {
			return badParameter("type", "there is no such type")
		}
	}
	if r.ContentLength == 0 {
		return profile.E(profile.Missing, profile.CodeBlank, "body", "the body is the file to be imported")
	}
	control := http.NewResponseController(w)
	body := &patient{r: r.Body, extend: func() error {
		err := errors.Join(control.SetReadDeadline(time.Now().Add(uploadPause)), control.SetWriteDeadline(time.Now().Add(2*uploadPause)))
		if errors.Is(err, http.ErrNotSupported) {
			return nil
		}
		return err
	}}
	m, err := c.Site.StartImport(r.Context(), c.Who, in, body)
	if err != nil {
		return bodyError(err)
	}
	w.Header().Set("Location", "/imports/"+m.ID.String())
	return write(w, http.StatusAccepted, importOf(m))
}

// patient gives a body more time whenever some of it has come.
type patient struct {
	r      io.Reader
	extend func() error
	since  int
}

// Read reads on.
func (p *patient) Read(b []byte) (int, error) {
	if p.since -= len(b); p.since <= 0 {
		p.since = 1 << 20
		if err := p.extend(); err != nil {
			return 0, err
		}
	}
	return p.r.Read(b)
}

// bodyError tells what is wrong with a body that could not be read to its end.
func bodyError(err error) error {
	var over *http.MaxBytesError
	var known *profile.Error
	switch {
	case errors.As(err, &over):
		return profile.E(profile.TooLarge, profile.CodeTooLarge, "", "the body is larger than %d bytes", over.Limit)
	case errors.As(err, &known):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &profile.Error{Kind: profile.Malformed, Code: profile.CodeSyntax, Message: "the body could not be read", Err: err}
	}
	return err
}

// importOptions reads the query and the media type.
func importOptions(r *http.Request) (in directory.MoveIn, err error) {
	rest := r.URL.Query()
	columns := rest["map"] // the one that may be repeated
	rest.Del("map")
	u := *r.URL
	if _, err := url.ParseQuery(u.RawQuery); err == nil {
		u.RawQuery = rest.Encode()
	}
	q, err := query(&http.Request{URL: &u}, "type", "format", "preset", "dry_run", "optional")
	if err != nil {
		return in, err
	}
	in = directory.MoveIn{Type: q["type"], Preset: q["preset"], Format: q["format"], Columns: map[string]string{}}
	if in.DryRun, err = flag(q, "dry_run"); err != nil {
		return in, err
	}
	if in.Optional, err = flag(q, "optional"); err != nil {
		return in, err
	}
	for _, m := range columns {
		column, to, ok := strings.Cut(m, "=")
		if !ok {
			return in, badParameter("map", "it is COLUMN=TARGET")
		}
		in.Columns[column] = to
	}
	if err := transfer.Columns(in.Columns).Check(); err != nil {
		return in, badParameter("map", profile.AsError(err).Message)
	}
	if in.Format == "" {
		media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
		in.Format = string(formats[media])
	}
	if f := transfer.Format(in.Format); f != transfer.JSONL && f != transfer.CSV {
		return in, badParameter("format", "it is jsonl or csv, here or as the Content-Type")
	}
	if _, err := transfer.PresetNamed(in.Preset, transfer.Format(in.Format), len(in.Columns) > 0); err != nil {
		e := profile.AsError(err)
		return in, badParameter(e.Field, e.Message)
	}
	return in, nil
}

func flag(q parameters, name string) (bool, error) {
	switch q[name] {
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	}
	return false, badParameter(name, "it is true or false")
}

func badParameter(name, why string) error {
	return profile.E(profile.Invalid, profile.CodeInvalid, name, "%s", why)
}

// importJSON is an import.
type importJSON struct {
	ID       string            `json:"id"`
	State    string            `json:"state"` // running, done, failed
	Type     string            `json:"type"`
	Format   string            `json:"format"`
	Preset   string            `json:"preset,omitempty"`
	Columns  map[string]string `json:"map,omitempty"`
	DryRun   bool              `json:"dry_run"`
	Size     int64             `json:"size"`     // bytes of the file
	Read     int64             `json:"read"`     // bytes of it
	Made     int64             `json:"made"`     // records
	Rejected int64             `json:"rejected"` // rows
	Complete bool              `json:"rejects_complete"`
	Error    string            `json:"error,omitempty"`
	Created  string            `json:"created_at"`
	Expires  string            `json:"expires_at"`
}

func importOf(m directory.Transfer) importJSON {
	out := importJSON{
		ID: m.ID.String(), State: string(m.State), Type: m.In.Type, Format: m.In.Format, Preset: m.In.Preset, Columns: m.In.Columns, DryRun: m.In.DryRun,
		Size: m.Size, Read: m.At, Made: m.Made, Rejected: m.Refused, Complete: !m.Cut, Error: m.Error,
		Created: timeText(m.Created), Expires: timeText(m.Expires),
	}
	if out.Type == "" {
		out.Type = "user"
	}
	return out
}

// list answers one page of moves (GET /imports, GET /exports).
func list[T any](kind profile.Type, name string, show func(directory.Transfer) T) face.Handler {
	return func(w http.ResponseWriter, r *http.Request, c *face.Call) error {
		q, err := query(r, "before")
		if err != nil {
			return err
		}
		below := int64(0)
		if text := q["before"]; text != "" {
			if below, err = strconv.ParseInt(text, 10, 64); err != nil || below < 1 {
				return badParameter("before", "it is the next of a page before")
			}
		}
		found, more, err := c.Site.Moves(r.Context(), c.Who, kind, below)
		if err != nil {
			return err
		}
		items := make([]T, len(found))
		for i, m := range found {
			items[i] = show(m)
		}
		out := map[string]any{name: items, "next": nil}
		if more {
			out["next"] = strconv.FormatInt(found[len(found)-1].Number, 10)
		}
		return write(w, http.StatusOK, out)
	}
}

// moveID is the id of the path of a request without parameters.
func moveID(r *http.Request) (profile.ID, error) {
	if _, err := query(r); err != nil {
		return profile.ID{}, err
	}
	return idIn(r, "id")
}

// read answers one move.
func read[T any](kind profile.Type, show func(directory.Transfer) T) face.Handler {
	return func(w http.ResponseWriter, r *http.Request, c *face.Call) error {
		id, err := moveID(r)
		if err != nil {
			return err
		}
		m, err := c.Site.MoveAt(r.Context(), c.Who, kind, id)
		if err != nil {
			return err
		}
		return write(w, http.StatusOK, show(m))
	}
}

// drop ends a move.
func drop(kind profile.Type) face.Handler {
	return func(w http.ResponseWriter, r *http.Request, c *face.Call) error {
		id, err := moveID(r)
		if err == nil {
			err = c.Site.DropMove(r.Context(), c.Who, kind, id)
		}
		if err != nil {
			return err
		}
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
}

// fetch answers the file that a move has to fetch.
func fetch(kind profile.Type, contentType, ending string) face.Handler {
	return func(w http.ResponseWriter, r *http.Request, c *face.Call) error {
		id, err := moveID(r)
		if err != nil {
			return err
		}
		content, size, err := c.Site.OpenMove(r.Context(), c.Who, kind, id)
		if err != nil {
			return err
		}
		defer content.Close()
		if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(fetchFor)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return err
		}
		h := w.Header()
		h.Set("Content-Type", contentType)
		h.Set("Content-Length", strconv.FormatInt(size, 10))
		h.Set("Content-Disposition", `attachment; filename="`+id.String()+ending+`"`)
		h["Cache-Control"] = noStore
		h["X-Content-Type-Options"] = noSniff
		if _, err := io.Copy(w, content); err != nil {
			panic(http.ErrAbortHandler) // the client must not take half of it for all
		}
		return nil
	}
}

// importRoutes are those of imports and exports.
func importRoutes() []face.Route {
	const get, post, del = http.MethodGet, http.MethodPost, http.MethodDelete
	return []face.Route{
		{Method: post, Pattern: "/imports", Permission: access.RecordImport, Handle: startImport, MaxBody: maxUpload},
		{Method: get, Pattern: "/imports", Permission: access.RecordImport, Handle: list(profile.MoveIn, "imports", importOf)},
		{Method: get, Pattern: "/imports/{id}", Permission: access.RecordImport, Handle: read(profile.MoveIn, importOf)},
		{Method: del, Pattern: "/imports/{id}", Permission: access.RecordImport, Handle: drop(profile.MoveIn)},
		{Method: get, Pattern: "/imports/{id}/rejects", Permission: access.RecordImport, Handle: fetch(profile.MoveIn, "application/jsonl", ".jsonl")},

		{Method: post, Pattern: "/exports", Permission: access.ExportOwn, Handle: startExport},
		{Method: get, Pattern: "/exports", Permission: access.ExportOwn, Handle: list(profile.MoveOut, "exports", exportOf)},
		{Method: get, Pattern: "/exports/{id}", Permission: access.ExportOwn, Handle: read(profile.MoveOut, exportOf)},
		{Method: del, Pattern: "/exports/{id}", Permission: access.ExportOwn, Handle: drop(profile.MoveOut)},
		{Method: get, Pattern: "/exports/{id}/archive", Permission: access.ExportOwn, Handle: fetch(profile.MoveOut, "application/x-tar", ".tar")},
	}
}
