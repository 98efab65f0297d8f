package filter

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"facet/internal/profile"
	"facet/internal/schema"

	"pgregory.net/rapid"
)

func TestSortPutsNullsLastAndTiesByNumber(t *testing.T) {
	typ := documented(t)
	records := []string{
		`{"age":9,"email":"b@x.y","logins":[{"domain":"m","id":1},{"domain":"c","id":2}]}`,
		`{"age":10,"email":"A@x.y","code":"b"}`,
		`{"age":-3,"email":"ab@x.y","code":"B","logins":[{"domain":"d","id":1}]}`,
		`{"code":"b"}`,
		`{"age":9,"email":"a"}`,
	}
	for on, want := range map[string]string{
		"":                 "12345",
		"id":               "12345",
		"-id":              "54321",
		"age":              "31524",
		"-age":             "21534",
		"-age -id":         "25134",
		"email":            "52314",
		"-email":           "13254",
		"code":             "32415",
		"-code":            "24315",
		"code age":         "32415",
		"/logins/domain":   "13245",
		"-logins.domain":   "13245",
		"birthday":         "12345",
		"-uuid":            "54321",
		"lastUpdated -age": "21534",
	} {
		s, err := ParseSort(strings.Fields(on), typ)
		if err != nil {
			t.Errorf("%s: %v", on, err)
			continue
		}
		top := NewTop[byte](10)
		for i, r := range records {
			top.Offer(s.AppendKey(nil, record(int64(i+1), r)), func() byte { return byte('1' + i) })
		}
		if got := string(top.Sorted()); got != want {
			t.Errorf("%s: got %s, want %s", on, got, want)
		}
	}
}

func TestSortTellsWhenItIsByNumber(t *testing.T) {
	typ := documented(t)
	for _, c := range []struct {
		on       string
		desc, ok bool
	}{{"", false, true}, {"id", false, true}, {"-id age", true, true}, {"age", false, false}, {"logins.id", false, false}} {
		s, err := ParseSort(strings.Fields(c.on), typ)
		if err != nil {
			t.Fatal(err)
		}
		if desc, ok := s.ByNumber(); ok != c.ok || ok && desc != c.desc {
			t.Errorf("%q: got %v, %v", c.on, desc, ok)
		}
	}
}

func TestSortRefusesWhatHasNoOrder(t *testing.T) {
	typ := documented(t)
	for on, want := range map[string]string{
		"nosuch":           "unknown_attribute nosuch",
		"-":                "invalid sort_on",
		"":                 "invalid sort_on",
		"display":          "invalid sort_on",
		"primaryAddress":   "invalid sort_on",
		"clients":          "invalid sort_on",
		"password":         "invalid sort_on",
		"logins#3.domain":  "invalid sort_on",
		"--age":            "unknown_attribute -age",
		"primaryAddress..": "unknown_attribute",
	} {
		_, err := ParseSort([]string{on}, typ)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", on, err, want)
		}
		if k := profile.AsError(err).Kind; k != profile.Unknown && k != profile.Invalid {
			t.Errorf("%q: kind %d", on, k)
		}
	}
}

// TestSortAgreesWithTheDefinition compares keys with a comparison of values.
func TestSortAgreesWithTheDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		typ := genType(t)
		attrs := slices.DeleteFunc(allAttributes(typ.Root()), func(a *schema.Attribute) bool { return classOf(a) == classNone })
		by := rapid.SliceOfN(rapid.SampledFrom(attrs), 0, 3).Draw(t, "by")
		var on []string
		var desc []bool
		for _, a := range by {
			desc = append(desc, rapid.Bool().Draw(t, "desc"))
			if on = append(on, a.Path); desc[len(desc)-1] {
				on[len(on)-1] = "-" + a.Path
			}
		}
		s, err := ParseSort(on, typ)
		if err != nil {
			t.Fatal(err)
		}
		x, y := genRecord(t, typ, -1), genRecord(t, typ, rapid.Int64Range(-3, 3).Draw(t, "number"))
		want := 0
		for i, a := range by {
			if want == 0 {
				want = orderOfFirst(a, desc[i], newReference(typ, x).doc, newReference(typ, y).doc)
			}
		}
		if want == 0 {
			want = compareInts(x.ID, y.ID)
		}
		if got := bytes.Compare(s.AppendKey(nil, x), s.AppendKey(nil, y)); got != want {
			t.Fatalf("%v: got %d, want %d\n%+v\n%s\n%+v\n%s", on, got, want, x, x.Attrs, y, y.Attrs)
		}
	})
}

func orderOfFirst(a *schema.Attribute, desc bool, x, y any) int {
	first := func(doc any) (out any) {
		for _, v := range at(doc, a.Steps) {
			if out == nil || v != nil && (order(a, !a.CaseSensitive, v, out) < 0) != desc {
				out = v
			}
		}
		return out
	}
	u, v := first(x), first(y)
	switch {
	case u == nil || v == nil:
		return b2i(u == nil) - b2i(v == nil)
	case desc:
		return order(a, !a.CaseSensitive, v, u)
	}
	return order(a, !a.CaseSensitive, u, v)
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestTopKeepsTheFirstOfAnyStream(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfDistinct(rapid.Byte(), rapid.ID[byte]).Draw(t, "keys")
		k := rapid.IntRange(-1, 20).Draw(t, "k")
		top := NewTop[byte](k)
		buf := make([]byte, 1)
		for _, b := range keys {
			buf[0] = b
			top.Offer(buf, func() byte { return b })
		}
		slices.Sort(keys)
		want := keys[:min(max(k, 0), len(keys))]
		if got := top.Sorted(); !bytes.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}

func BenchmarkTop(b *testing.B) {
	typ := documented(b)
	s, err := ParseSort([]string{"-age", "email"}, typ)
	if err != nil {
		b.Fatal(err)
	}
	r := record(1, about400)
	top := NewTop[int64](100)
	var key []byte
	random := rand.New(rand.NewPCG(1, 2))
	b.ReportAllocs()
	for b.Loop() {
		r.ID = random.Int64()
		key = s.AppendKey(key[:0], r)
		top.Offer(key, func() int64 { return r.ID })
	}
}
