package docs_test

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"facet/api"
	"facet/internal/docs"
)

func newPages(t *testing.T, files fs.FS) *docs.Pages {
	t.Helper()
	p, err := docs.New(files)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func get(t *testing.T, p *docs.Pages, name string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	page := p.Page(name)
	if page == nil {
		t.Fatalf("there is no page %q", name)
	}
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/docs/"+name, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	page.ServeHTTP(w, r)
	return w
}

// faceNames are the documents there are.
func faceNames(t *testing.T) []string {
	t.Helper()
	files, err := fs.Glob(api.Files, "*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no documents", err)
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(f, ".yaml")
	}
	return files
}

// tags reads a page; one that does not close what it opens fails the test.
func tags(t *testing.T, html string) []xml.StartElement {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(html))
	d.Entity = xml.HTMLEntity
	var out []xml.StartElement
	for {
		token, err := d.Token()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok {
			out = append(out, e.Copy())
		}
	}
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// ids are the anchors of a page, each once.
func ids(t *testing.T, elements []xml.StartElement) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for _, e := range elements {
		id := attr(e, "id")
		if id != "" && out[id] {
			t.Errorf("the anchor %s is there twice", id)
		}
		out[id] = true
	}
	return out
}

func TestEveryOperationSchemaAndResponseIsOnItsPage(t *testing.T) {
	p := newPages(t, api.Files)
	for _, name := range faceNames(t) {
		t.Run(name, func(t *testing.T) {
			text, err := fs.ReadFile(api.Files, name+".yaml")
			if err != nil {
				t.Fatal(err)
			}
			doc, err := openapi3.NewLoader().LoadFromData(text)
			if err != nil {
				t.Fatal(err)
			}
			html := get(t, p, name).Body.String()
			anchors := ids(t, tags(t, html))
			for path, item := range doc.Paths.Map() {
				for method, o := range item.Operations() {
					_, section, found := strings.Cut(html, `<article class="operation" id="op-`+o.OperationID+`"`)
					section, _, _ = strings.Cut(section, "</article>")
					section = strings.NewReplacer("<var>", "", "</var>", "").Replace(section)
					if !found || !anchors["op-"+o.OperationID] || !strings.Contains(section, ">"+method+"</b> <code>"+path+"</code>") {
						t.Errorf("%s %s (%s) is not on the page", method, path, o.OperationID)
					}
					for status := range o.Responses.Map() {
						if !strings.Contains(section, `">`+status+"</b>") {
							t.Errorf("%s %s: the answer %s is not told", method, path, status)
						}
					}
					for _, parameter := range append(slices.Clone(item.Parameters), o.Parameters...) {
						if !strings.Contains(section, "<dt><code>"+parameter.Value.Name+"</code>") {
							t.Errorf("%s %s: the parameter %s is not told", method, path, parameter.Value.Name)
						}
					}
				}
			}
			for schema := range doc.Components.Schemas {
				if !anchors["schema-"+schema] {
					t.Errorf("the schema %s is not on the page", schema)
				}
			}
		})
	}
}

func TestEveryLinkLeadsSomewhereHere(t *testing.T) {
	p := newPages(t, api.Files)
	for _, name := range append(faceNames(t), "") {
		elements := tags(t, get(t, p, name).Body.String())
		for _, e := range elements {
			if e.Name.Local != "a" {
				continue
			}
			href := attr(e, "href")
			path, anchor, _ := strings.Cut(href, "#")
			there := elements
			switch path = strings.TrimPrefix(path, "/docs"); {
			case path != "" && path[0] != '/':
				t.Errorf("%s: a link to %s", name, href)
				continue
			case path != "" && p.Page(path[1:]) == nil:
				t.Errorf("%s: a link to %s, which is not there", name, href)
				continue
			case path != "" && anchor != "":
				there = tags(t, get(t, p, path[1:]).Body.String())
			}
			if anchor != "" && !ids(t, there)[anchor] {
				t.Errorf("%s: a link to %s, which is no anchor", name, href)
			}
		}
	}
}

func TestPagesLoadNothingButTheirStyle(t *testing.T) {
	p := newPages(t, api.Files)
	for _, name := range append(faceNames(t), "") {
		w := get(t, p, name)
		if csp := w.Header().Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'; style-src 'self';") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: Content-Security-Policy %q", name, csp)
		}
		for _, e := range tags(t, w.Body.String()) {
			switch e.Name.Local {
			case "script", "img", "iframe", "object", "embed", "style", "form", "video", "audio", "base", "svg":
				t.Errorf("%s: an element %s", name, e.Name.Local)
			case "link":
				path, version, _ := strings.Cut(attr(e, "href"), "?v=")
				style := get(t, p, "style.css")
				if path != "/docs/style.css" || style.Header().Get("ETag") != `"`+version+`"` {
					t.Errorf("%s: the style sheet is %s", name, attr(e, "href"))
				}
			}
			for _, a := range e.Attr {
				if n := a.Name.Local; n == "src" || n == "srcset" || n == "style" || strings.HasPrefix(n, "on") {
					t.Errorf("%s: an attribute %s=%q", name, n, a.Value)
				}
			}
		}
	}
	css := get(t, p, "style.css").Body.String()
	for _, word := range []string{"url(", "@import", "http:", "https:"} {
		if strings.Contains(css, word) {
			t.Errorf("the style sheet has %s", word)
		}
	}
}

func TestDocumentsAreGivenAsTheyAre(t *testing.T) {
	p := newPages(t, api.Files)
	for _, name := range faceNames(t) {
		text, err := fs.ReadFile(api.Files, name+".yaml")
		if err != nil {
			t.Fatal(err)
		}
		asYAML, asJSON := get(t, p, name+".yaml"), get(t, p, name+".json")
		if asYAML.Body.String() != string(text) || asYAML.Header().Get("Content-Type") != "application/yaml" {
			t.Errorf("%s.yaml is another document, or %s", name, asYAML.Header().Get("Content-Type"))
		}
		if asJSON.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s.json is %s", name, asJSON.Header().Get("Content-Type"))
		}
		var both [2]any
		for i, text := range [][]byte{text, asJSON.Body.Bytes()} {
			doc, err := openapi3.NewLoader().LoadFromData(text)
			if err != nil {
				t.Fatal(err)
			}
			b, err := json.Marshal(doc)
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(b, &both[i]); err != nil {
				t.Fatal(err)
			}
		}
		if !reflect.DeepEqual(both[0], both[1]) {
			t.Errorf("%s.json says something else than %s.yaml", name, name)
		}
	}
}

func TestWhoHasAPageIsNotSentItAgain(t *testing.T) {
	p := newPages(t, api.Files)
	for _, name := range []string{"", faceNames(t)[0], faceNames(t)[0] + ".yaml", faceNames(t)[0] + ".json", "style.css"} {
		tag := get(t, p, name).Header().Get("ETag")
		for _, c := range []struct {
			match  string
			status int
		}{{tag, 304}, {"W/" + tag, 304}, {`"other", ` + tag, 304}, {"*", 304}, {`"other"`, 200}, {"", 200}} {
			w := get(t, p, name, "If-None-Match", c.match)
			if w.Code != c.status || (w.Body.Len() == 0) != (c.status == 304) || w.Header().Get("ETag") != tag || w.Header().Get("Cache-Control") != "public, no-cache" {
				t.Errorf("%q If-None-Match %s: %d, %d bytes, %v", name, c.match, w.Code, w.Body.Len(), w.Header())
			}
		}
	}
}

func TestUnknownPagesAreNone(t *testing.T) {
	p := newPages(t, api.Files)
	for _, name := range []string{"nothing", ".yaml", "style", "djaoapp.xml", "DJAOAPP", "page/style.css", "../api.go", "\x00"} {
		if p.Page(name) != nil {
			t.Errorf("there is a page %q", name)
		}
	}
}
