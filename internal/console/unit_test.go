package console

import (
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"facet/internal/schema"
)

// What nobody touched is not written, whatever a record holds.
func TestAFormThatIsSentAsItWasShownChangesNothing(t *testing.T) {
	typ := schema.DefaultUser()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune("ab\n\r\"\\<é 1"))).Draw
		attrs := []byte(`{"aboutMe":` + quoted(text(t, "about")) + `,"display":{"n":12345678901234567890,"s":` + quoted(text(t, "json")) + `},"photos":[{"id":7,"value":` + quoted(text(t, "photo")) + `}],"primaryAddress":{"city":` + quoted(text(t, "city")) + `}}`)
		shown := fieldsOf(typ, attrs)
		sent := url.Values{}
		for name, value := range values(shown) {
			sent.Set("a:"+name, strings.ReplaceAll(lines.Replace(value), "\n", "\r\n")) // as browsers do
		}
		if changes := changesOf(shown, sent); len(changes) > 0 {
			t.Fatalf("%s: %v", attrs, changes)
		}
	})
}

func TestNumbersAreShownAsPeopleReadThem(t *testing.T) {
	for in, want := range map[any]string{0: "0", 999: "999", 1000: "1\u202f000", int64(1234567): "1\u202f234\u202f567", -1000: "-1\u202f000"} {
		if got := num(in); got != want {
			t.Errorf("%v: %q", in, got)
		}
	}
	for in, want := range map[int64]int64{0: 2, 1: 2, 3: 4, 6: 6, 7: 10, 11: 20, 95: 100, 101: 200} {
		if got := roundUp(in); got != want {
			t.Errorf("%d: %d", in, got)
		}
	}
	for in, want := range map[int64]string{0: "0\u202fB", 999: "999\u202fB", 1500: "1.5\u202fkB", 2_500_000: "2.5\u202fMB"} {
		if got := sizeOf(in); got != want {
			t.Errorf("%d: %q", in, got)
		}
	}
}

func TestDifferencesGoByPathAndById(t *testing.T) {
	got := differences("", []byte(`{"a":1.10,"b":{"c":"x"},"l":[{"id":5,"v":1},{"id":6,"v":2}],"gone":true}`), []byte(`{"a":1.1,"b":{"c":"y"},"l":[{"id":6,"v":2}],"new":null}`))
	var all []string
	for _, d := range got {
		all = append(all, d.Path+"="+d.Was+">"+d.Is)
	}
	if want := "a=1.10>1.1 b.c=x>y gone=true> l#5.id=5> l#5.v=1> new=>null"; strings.Join(all, " ") != want {
		t.Errorf("got %s", strings.Join(all, " "))
	}
}
