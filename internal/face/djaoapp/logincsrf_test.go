package djaoapp_test

import (
	"testing"

	"facet/internal/facetest"
)

func TestPagesOfOtherSitesSignNobodyInByCookie(t *testing.T) {
	s := serve(t)
	const form = "application/x-www-form-urlencoded"
	for _, c := range []struct {
		header map[string]string
		want   int
	}{
		{nil, 201},
		{map[string]string{"Origin": s.URL}, 201},
		{map[string]string{"Origin": facetest.BaseURL}, 201},
		{map[string]string{"Sec-Fetch-Site": "same-origin"}, 201},
		{map[string]string{"Origin": "https://evil.example"}, 403},
		{map[string]string{"Origin": "null"}, 403},
		{map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
	} {
		a := s.Do(t, facetest.Call{Method: "POST", Path: "/api/auth?cookie=1", Type: form, Header: c.header, Body: "username=xia&password=yoyo"})
		if a.Status != c.want || (len(a.Header.Values("Set-Cookie")) > 0) != (c.want == 201) {
			t.Errorf("%v: %d %s %v", c.header, a.Status, a.Body, a.Header)
		}
	}
	const failed = `{"detail":"CSRF Failed: Origin checking failed."}`
	evil := map[string]string{"Origin": "https://evil.example"}
	for _, path := range []string{"/api/auth/register", "/api/auth/0123456789012345678901234567890123456789", "/api/auth/activate/0123456789012345678901234567890123456789"} {
		s.Do(t, facetest.Call{Method: "POST", Path: path + "?cookie=1", Type: form, Header: evil, Body: "new_password=yoyo&full_name=Eve&email=eve%40example.com"}).WantJSON(403, failed)
	}
	s.Do(t, facetest.Call{Method: "POST", Path: "/api/auth", Type: form, Header: evil, Body: "username=xia&password=yoyo"}).Want(201) // no cookie is kept
}
