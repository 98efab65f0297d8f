package server

import (
	"net/http"
	"net/url"
	"strings"

	"facet/internal/profile"
)

// tidy makes the path regular before the mux sees it: runs of slashes become
// one, one trailing slash under a face's path or /docs goes, and the household
// document's literal path is brought to the one that is routed. The mux would
// answer such paths with a redirect, which loses the body of a POST.
//
// ok is false for a path that no pattern may match ("." and ".." segments).
// r is copied when it changes; RequestURI keeps what was sent, which signed
// requests are verified by.
func tidy(r *http.Request) (tidied *http.Request, ok bool) {
	sent := r.URL.EscapedPath()
	path := tidyPath(sent)
	if path != sent {
		plain, err := url.PathUnescape(path)
		if err != nil {
			return r, false
		}
		u := *r.URL
		u.Path, u.RawPath = plain, path
		copied := *r
		copied.URL = &u
		r = &copied
	}
	return r, !hasDots(path)
}

func tidyPath(path string) string {
	if path == "" || path[0] != '/' {
		path = "/" + path
	}
	if strings.Contains(path, "//") {
		path = collapse(path)
	}
	if len(path) > 1 && path[len(path)-1] == '/' && (ownerOf(path) != "" || strings.HasPrefix(path, "/docs/")) {
		path = path[:len(path)-1]
	}
	if rest, ok := strings.CutPrefix(path, householdUsers); ok {
		id, after, _ := strings.Cut(rest, "/")
		if first, _, _ := strings.Cut(after, "/"); first == "user_profiles" {
			if _, err := profile.ParseID(id); err == nil {
				path = householdUsers + "users/" + rest
			}
		}
	}
	return path
}

// householdUsers begins both forms of the household document's paths: it
// prints /api/users/v1/{uuid}/user_profiles, where {uuid} would clash with
// fixed names.
const householdUsers = "/api/users/v1/"

func collapse(path string) string {
	b := make([]byte, 0, len(path))
	for i := 0; i < len(path); i++ {
		if path[i] != '/' || i == 0 || path[i-1] != '/' {
			b = append(b, path[i])
		}
	}
	return string(b)
}

// hasDots reports whether a segment is "." or "..".
func hasDots(path string) bool {
	for {
		i := strings.Index(path, "/.")
		if i < 0 {
			return false
		}
		path = path[i+1:]
		switch segment, _, _ := strings.Cut(path, "/"); segment {
		case ".", "..":
			return true
		}
	}
}

func newURL(path string) *url.URL { return &url.URL{Path: path} }
