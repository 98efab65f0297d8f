package console

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"net/http"
	"path"
	"sync"

	"facet/internal/face"
	"facet/internal/profile"
)

// htmx is kept as published: htmx.LICENSE tells whose it is.
//
//go:embed assets
var files embed.FS

// asset is a file that pages load.
type asset struct {
	body        []byte
	contentType string
	version     string // of its content
}

var contentTypes = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}

// assets are the files that pages load, by name.
var assets = sync.OnceValue(func() map[string]asset {
	entries, err := files.ReadDir("assets")
	if err != nil {
		panic(err) // it is embedded
	}
	out := map[string]asset{}
	for _, e := range entries {
		body, err := files.ReadFile("assets/" + e.Name())
		if err != nil {
			panic(err)
		}
		if contentType := contentTypes[path.Ext(e.Name())]; contentType != "" {
			sum := sha256.Sum256(body)
			out[e.Name()] = asset{body, contentType, base64.RawURLEncoding.EncodeToString(sum[:9])}
		}
	}
	return out
})

// assetPath is where a file is, in the version that this build has.
func assetPath(name string) (string, error) {
	a, ok := assets()[name]
	if !ok {
		return "", fmt.Errorf("console: there is no asset %s", name)
	}
	return "/console/assets/" + name + "?v=" + a.version, nil
}

// serveAsset answers with a file. One that is asked for by its version never
// changes.
func serveAsset(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	a, ok := assets()[r.PathValue("file")]
	if !ok {
		return profile.E(profile.NotFound, profile.CodeNoRoute, "", "there is no such file")
	}
	h := w.Header()
	secure(h, r, call)
	h.Set("ETag", `"`+a.version+`"`)
	h.Set("Cache-Control", "public, no-cache")
	if r.URL.Query().Get("v") == a.version {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if r.Header.Get("If-None-Match") == `"`+a.version+`"` {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h.Set("Content-Type", a.contentType)
	_, _ = w.Write(a.body)
	return nil
}
