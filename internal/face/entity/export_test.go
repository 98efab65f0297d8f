package entity

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// ReadForm reads the arguments of a request with this body and query, and
// gives them in the order read.
func ReadForm(body, query string) (names, values []string, err error) {
	r, err := http.NewRequest(http.MethodPost, "http://localhost/entity", strings.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	r.URL = &url.URL{Path: "/entity", RawQuery: query}
	f, err := readForm(r)
	if err != nil {
		return nil, nil, err
	}
	for _, p := range f.params {
		names, values = append(names, p.name), append(values, p.value)
	}
	return names, values, nil
}

// Codes lists the error codes of the API that the face answers.
func Codes() []int {
	var out []int
	for _, e := range apiErrors {
		out = append(out, e.code)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
