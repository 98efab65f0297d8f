package docs

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

//go:embed page
var assets embed.FS

var templates = template.Must(template.New("").ParseFS(assets, "page/*.html"))

// Pages are the pages, by the last segment of their path.
type Pages struct {
	files map[string]*file
}

// New makes the pages of the documents NAME.yaml in files. It is an error when
// one is no OpenAPI document, or refers to what it does not have.
func New(files fs.FS) (*Pages, error) {
	names, err := fs.Glob(files, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("docs: %w", err)
	}
	p := &Pages{files: map[string]*file{}}
	var views []*view
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("docs: %w", err)
		}
		v, err := p.document(strings.TrimSuffix(path.Base(name), ".yaml"), text)
		if err != nil {
			return nil, fmt.Errorf("docs: %s: %w", name, err)
		}
		views = append(views, v)
	}
	style, err := assets.ReadFile("page/style.css")
	if err != nil {
		return nil, fmt.Errorf("docs: %w", err)
	}
	p.files["style.css"] = newFile("text/css; charset=utf-8", style)
	if err := p.page("", "overview.html", views, nil); err != nil {
		return nil, err
	}
	for _, v := range views {
		if err := p.page(v.Face, "face.html", views, v); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// document reads one and keeps it as it is, in both notations.
func (p *Pages) document(name string, text []byte) (*view, error) {
	tree, err := readTree(text)
	if err != nil {
		return nil, err
	}
	asJSON, err := indented(tree)
	if err != nil {
		return nil, err
	}
	p.files[name+".yaml"] = newFile("application/yaml", text) // RFC 9512
	p.files[name+".json"] = newFile("application/json", append(asJSON, '\n'))
	return viewOf(name, tree)
}

func (p *Pages) page(name, templateName string, all []*view, this *view) error {
	var b bytes.Buffer
	err := templates.ExecuteTemplate(&b, templateName, struct {
		All   []*view
		This  *view  // nil in the overview
		Style string // where the style sheet is, this version of it
	}{all, this, "/docs/style.css?v=" + p.files["style.css"].version()})
	if err != nil {
		return fmt.Errorf("docs: %w", err)
	}
	p.files[name] = newFile("text/html; charset=utf-8", b.Bytes())
	return nil
}

// Page finds a page by the last segment of its path: "" for the overview,
// "djaoapp", "djaoapp.yaml", "djaoapp.json", "style.css". It is nil when there
// is none of the name.
func (p *Pages) Page(name string) http.Handler {
	if f := p.files[name]; f != nil {
		return f
	}
	return nil
}

// file is an answer that is always the same.
type file struct {
	contentType string
	body        []byte
	tag         string // the ETag: quoted, of the content
}

func newFile(contentType string, body []byte) *file {
	sum := sha256.Sum256(body)
	return &file{contentType, body, `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
}

func (f *file) version() string { return strings.Trim(f.tag, `"`) }

// ServeHTTP answers a GET: 304 to who has the content already. Caches keep it,
// and ask each time whether it is still this.
func (f *file) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("ETag", f.tag)
	h.Set("Cache-Control", "public, no-cache")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	if has := r.Header.Get("If-None-Match"); has == "*" || strings.Contains(has, f.tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", f.contentType)
	h.Set("Content-Length", fmt.Sprint(len(f.body)))
	_, _ = w.Write(f.body)
}
