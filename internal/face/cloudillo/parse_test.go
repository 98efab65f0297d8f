package cloudillo_test

import (
	"encoding/base64"
	"net/url"
	"testing"

	"pgregory.net/rapid"

	"facet/internal/directory"
	"facet/internal/face/cloudillo"
	"facet/internal/profile"
)

func TestCursorsAreReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := directory.Cursor{List: rapid.StringN(1, 10, -1).Draw(t, "list"), Sort: rapid.String().Draw(t, "sort"), ID: profile.ID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))}
		got, ok := cloudillo.ParseCursor(cloudillo.CursorText(at))
		if !ok || got != at {
			t.Fatalf("%+v, %v", got, ok)
		}
	})
}

func FuzzParseCursor(f *testing.F) {
	f.Add("")
	f.Add(cloudillo.CursorText(directory.Cursor{List: "name", Sort: "x"}))
	for _, s := range []string{`{"s":"name","v":"x","id":"x"}`, `{"s":"other"}`, `[]`, `{"s":1}`} {
		f.Add(base64.RawURLEncoding.EncodeToString([]byte(s)))
	}
	f.Fuzz(func(t *testing.T, text string) {
		at, ok := cloudillo.ParseCursor(text)
		if !ok {
			return
		}
		if again, ok := cloudillo.ParseCursor(cloudillo.CursorText(at)); !ok || again != at {
			t.Errorf("%+v, then %+v", at, again)
		}
	})
}

func FuzzQuery(f *testing.F) {
	for _, q := range []string{"", "type=person&status=A,B", "connected=R&following=true", "limit=5&cursor=x", "q=%ff", "trustSet=true", "sort=created&sortDir=asc&follower=true"} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, query string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		q, err := cloudillo.QueryOf(values)
		switch {
		case err != nil && !profile.IsKind(err, profile.Invalid):
			t.Errorf("%v", err)
		case err == nil && (q.Limit < 1 || q.Limit > 100):
			t.Errorf("limit %d", q.Limit)
		}
	})
}
