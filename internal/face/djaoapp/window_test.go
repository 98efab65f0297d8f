package djaoapp_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/face/djaoapp"
	"facet/internal/facetest"
	"facet/internal/profile"
)

func TestAWindowIsReadFromTheQuery(t *testing.T) {
	window := func(w directory.Window, page int) djaoapp.Asked { return djaoapp.AskedFor(w, page) }
	for query, want := range map[string]djaoapp.Asked{
		"":                              window(directory.Window{Max: 25}, 1),
		"page=3":                        window(directory.Window{Max: 25, Skip: 50}, 3),
		"page=3&page_size=10":           window(directory.Window{Max: 10, Skip: 20}, 3),
		"page=3&after=x&page_size=1000": window(directory.Window{Max: 100, After: "x"}, 3),
		"page=3&before=x":               window(directory.Window{Max: 25, Before: "x"}, 3),
		"page=3&before=x&after=y":       window(directory.Window{Max: 25, After: "y"}, 3),
		"after=x":                       window(directory.Window{Max: 25, After: "x"}, 1),
		"page=last&after=x":             window(directory.Window{Max: 25, Last: true}, 0),
		"page=2&after=":                 window(directory.Window{Max: 25, Skip: 25}, 2),
	} {
		if got, err := djaoapp.ReadWindow(httptest.NewRequest("GET", "/x?"+query, nil)); err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", query, got, err, want)
		}
	}
	for _, bad := range []string{"0", "-1", "x", "", "1000001", "9223372036854775808"} {
		if _, err := djaoapp.ReadWindow(httptest.NewRequest("GET", "/x?page="+bad, nil)); !profile.IsKind(err, profile.NotFound) {
			t.Errorf("page %q: %v", bad, err)
		}
	}
}

func TestThePagesOfALongListAreLinkedByPlace(t *testing.T) {
	s := serve(t)
	c := &face.Call{Site: s.Site}
	items := []int{1, 2}
	self := func(i *int) int { return *i }
	full := directory.Part[int]{Items: items, Next: "n", Previous: "p"}
	for _, test := range []struct {
		query string
		part  directory.Part[int]
		total directory.Total
		want  string
	}{
		{"", directory.Part[int]{Items: items}, directory.Total{Count: 2}, "2 false <nil> <nil> 2"},
		{"", directory.Part[int]{}, directory.Total{}, "0 false <nil> <nil> 0"},
		{"?q=z&page=1", directory.Part[int]{Items: items, Next: "n"}, directory.Total{Count: 9}, "9 false /x?after=n&page=2&q=z <nil> 2"},
		{"?page=2&after=a", full, directory.Total{Count: 10_000, Capped: true}, "10000 true /x?after=n&page=3 /x 2"},
		{"?page=7&before=b&q=z", full, directory.Total{Count: 500}, "500 false /x?after=n&page=8&q=z /x?before=p&page=6&q=z 2"},
		{"?page=last", directory.Part[int]{Items: items, Previous: "p"}, directory.Total{Count: 102}, "102 false <nil> /x?before=p&page=4 2"},
		{"?page=last", directory.Part[int]{}, directory.Total{}, "0 false <nil> <nil> 0"},
	} {
		r := httptest.NewRequest("GET", "/x"+test.query, nil)
		a, err := djaoapp.ReadWindow(r)
		if err != nil {
			t.Fatal(err)
		}
		p, err := djaoapp.WindowPage(r, c, a, test.part, test.total, self)
		if err != nil {
			t.Errorf("%s: %v", test.query, err)
		}
		link := func(s *string) string {
			if s == nil {
				return "<nil>"
			}
			return strings.TrimPrefix(*s, facetest.BaseURL)
		}
		if got := fmt.Sprint(p.Count, p.Capped, " ", link(p.Next), " ", link(p.Previous), " ", len(p.Results)); got != test.want {
			t.Errorf("%s:\n got %s\nwant %s", test.query, got, test.want)
		}
	}
	r := httptest.NewRequest("GET", "/x?page=4", nil)
	a, err := djaoapp.ReadWindow(r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := djaoapp.WindowPage(r, c, a, directory.Part[int]{}, directory.Total{Count: 9}, self); !profile.IsKind(err, profile.NotFound) {
		t.Errorf("a page beyond the end: %v", err)
	}
}
