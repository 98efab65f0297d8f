package sqlite

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"testing"
	"time"
	"unicode/utf8"

	"facet/internal/profile"
)

func TestTheBucketOfANameIsFixedForEver(t *testing.T) {
	for _, c := range []struct {
		space profile.Space
		value string
		want  profile.Bucket
	}{
		{profile.Slug, "xia", 17782},
		{profile.Email, "xia@example.com", 33548},
		{profile.Number, "42", 52158},
		{profile.UUID, "6ba7b810-9dad-11d1-80b4-00c04fd430c8", 13034},
		{profile.Slug, "", 22765},
		{"", "slug", 64450},
		{"s", "lug", 12821},
		{profile.Slug, "é", 2070},
	} {
		if got := nameBucket(c.space, c.value); got != c.want {
			t.Errorf("%q %q is in %d, was in %d", c.space, c.value, got, c.want)
		}
		h := fnv.New32a()
		fmt.Fprintf(h, "%s\x00%s", c.space, c.value)
		if sum := h.Sum32(); c.want != profile.Bucket(sum>>16^sum&0xffff) {
			t.Errorf("%q %q is not FNV-1a", c.space, c.value)
		}
	}
}

func TestBucketsAreUsedEvenly(t *testing.T) {
	var halves [256]int
	for i := range 1 << 16 {
		halves[nameBucket(profile.Number, time.Duration(i).String())>>8]++
	}
	for i, n := range halves {
		if n < 128 || n > 512 {
			t.Errorf("part %d has %d of 65536 names", i, n)
		}
	}
}

func TestTimesKeepMicroseconds(t *testing.T) {
	at := time.Date(2026, 2, 3, 4, 5, 6, 7891234, time.UTC)
	if got := fromMicros(micros(at)); !got.Equal(at.Truncate(time.Microsecond)) || got.Location() != time.UTC {
		t.Error(got)
	}
	if !fromMicros(micros(time.Time{})).IsZero() {
		t.Error("zero is lost")
	}
}

// FuzzNames compares the hand-written JSON with encoding/json in both
// directions.
func FuzzNames(f *testing.F) {
	f.Add("email", "a@b", "A@b", true, `[{"s":"slug","v":"x"}]`)
	f.Add("attr:x:y", "\"\\\x01é\u2028", "", false, `[{"v":"1","s":"slug"} , {}]`)
	f.Add("", "", "", true, `[{"s":"slug","v":"x","t":"X","o":true},{"s":"a","v":"\u00e9"}]`)
	f.Add("", "", "", true, `[{"s":"slug","v":"x"`)
	f.Fuzz(func(t *testing.T, space, value, typed string, owned bool, stored string) {
		if utf8.ValidString(space) && utf8.ValidString(value) && utf8.ValidString(typed) {
			names := []profile.Name{{Space: profile.Space(space), Value: value, Typed: typed, Owned: owned}, {Space: profile.Slug, Value: value}}
			b := appendNames(nil, names)
			var std []profile.Name
			if err := json.Unmarshal(b, &std); err != nil || !slices.Equal(std, names) {
				t.Fatalf("%s is read by encoding/json as %v, %v", b, std, err)
			}
			own, err := parseNames(nil, string(b))
			if err != nil || !slices.Equal(own, names) {
				t.Fatalf("%s is read as %v, %v", b, own, err)
			}
			var paths []string
			if err := json.Unmarshal(appendPaths(nil, []string{space, value}), &paths); err != nil || !slices.Equal(paths, []string{space, value}) {
				t.Fatalf("paths are read as %q, %v", paths, err)
			}
		}
		if stored == "" || !utf8.ValidString(stored) {
			return
		}
		var std []profile.Name
		stdErr := json.Unmarshal([]byte(stored), &std)
		own, err := parseNames(nil, stored)
		if stdErr == nil && (err != nil || !slices.Equal(own, std)) {
			t.Fatalf("%s is %v, encoding/json has %v", stored, own, std)
		}
	})
}

func TestParsedNamesReuseTheSlice(t *testing.T) {
	kept := make([]profile.Name, 3, 8)
	got, err := parseNames(kept, `[{"s":"slug","v":"x"}]`)
	if err != nil || len(got) != 1 || &got[0] != &kept[0] {
		t.Error(got, err)
	}
	if got, err = parseNames(kept, `[]`); err != nil || len(got) != 0 {
		t.Error(got, err)
	}
	if _, err = parseNames(nil, `{`); err == nil {
		t.Error("bad JSON is read")
	}
}
