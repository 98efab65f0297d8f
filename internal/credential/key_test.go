package credential

import (
	"bytes"
	"crypto/rand"
	"io"
	"regexp"
	"testing"
)

// withRandom gives known bytes for the length of a test; what follows them is
// random.
func withRandom(t *testing.T, known ...byte) {
	random = io.MultiReader(bytes.NewReader(known), rand.Reader)
	t.Cleanup(func() { random = rand.Reader })
}

func TestKeysHaveTheirForm(t *testing.T) {
	for name, c := range map[string]struct {
		make    func() string
		pattern string
	}{
		"ticket":        {NewHexKey, `^[0-9a-f]{40}$`},
		"client id":     {func() string { return NewAlnum(32) }, `^[a-z0-9]{32}$`},
		"access token":  {func() string { return NewAlnum(16) }, `^[a-z0-9]{16}$`},
		"long":          {func() string { return NewAlnum(1000) }, `^[a-z0-9]{1000}$`},
		"refresh token": {NewOpaque, `^[A-Za-z0-9_-]{43}$`},
		"code":          {NewCode, `^[0-9]{6}$`},
	} {
		first, second := c.make(), c.make()
		if !regexp.MustCompile(c.pattern).MatchString(first) {
			t.Errorf("%s: %q", name, first)
		}
		if first == second && name != "code" {
			t.Errorf("%s: twice %q", name, first)
		}
	}
	if NewAlnum(0) != "" {
		t.Error("no letters are some letters")
	}
}

func TestAlnumSkipsBytesThatWouldFavourLetters(t *testing.T) {
	withRandom(t, 252, 255, 0, 36, 251, 35, 25, 26)
	if got := NewAlnum(6); got != "aa99z0" {
		t.Errorf("got %q", got)
	}
}

func TestEveryLetterIsEquallyLikely(t *testing.T) {
	all := make([]byte, 48*6) // the fair bytes once each, then filler
	for i := range 252 {
		all[i] = byte(i)
	}
	withRandom(t, all...)
	seen := map[rune]int{}
	for _, r := range NewAlnum(252) {
		seen[r]++
	}
	if len(seen) != 36 {
		t.Errorf("%d letters", len(seen))
	}
	for r, n := range seen {
		if n != 7 {
			t.Errorf("%c: %d times, want 7", r, n)
		}
	}
}

func TestCodeSkipsNumbersThatWouldFavourLowCodes(t *testing.T) {
	withRandom(t,
		0xff, 0xff, 0xff, 0xff, // skipped
		0xff, 0xf0, 0xba, 0xc0, // 4293966528 is fair
	)
	if got := NewCode(); got != "966528" {
		t.Errorf("got %s", got)
	}
	withRandom(t, 0, 0, 0, 7)
	if got := NewCode(); got != "000007" {
		t.Errorf("got %s", got)
	}
}

func TestDigest(t *testing.T) {
	const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" // FIPS 180-2, appendix B.1
	if Digest("abc") != abc || !EqualDigest(abc, "abc") {
		t.Errorf("Digest = %s", Digest("abc"))
	}
	for _, digest := range []string{"", abc[1:], Digest("abd")} {
		if EqualDigest(digest, "abc") {
			t.Errorf("%q is equal", digest)
		}
	}
}
