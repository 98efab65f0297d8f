package directory

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCommonPasswordsAreKnownHoweverTheyAreWritten(t *testing.T) {
	for _, p := range strings.Fields(`password Password123 P@ssw0rd2026! passw0rd!! 1234567890 0987654321 12345678901 1111111111 abcabcabcabc
		qwertyuiop QwErTyUiOp1! poiuytrewq 1qaz2wsx3edc iloveyou123 ILoveYou2024 letmein!!! Welcome2026! Summer2025!! adminadmin admin12345
		football99 !!password!! pass--word changeme123 baby.girl.2000 superman1234 asdfghjkl1 abcdefghij 2026-01-31 99887766554433 test-test-test
		companyPassword1 !!!!!!!!!!!!`) {
		if !isCommon(p) {
			t.Errorf("%s is not known", p)
		}
	}
	for _, p := range []string{"correct horse battery staple", "vH8#kq-ertYz", "Tr0ub4dor&3xy", "blaue Tomaten am See", "пароль моей жизни", "mein hund heißt rolf", "x9-lamp-river-7"} {
		if isCommon(p) {
			t.Errorf("%s is taken for a common one", p)
		}
	}
}

func TestLongRandomPasswordsAreNotCommon(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.StringMatching(`[b-df-hj-np-tv-z]{14,30}[0-9]{0,4}`).Draw(t, "p")
		if isCommon(p) && !repeats(p) {
			t.Fatalf("%q is taken for a common one", p)
		}
	})
}

func FuzzCommonPasswords(f *testing.F) {
	for _, p := range []string{"", "a", "ß", "P@ss", "\xff", "1234", strings.Repeat("ab", 500)} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, p string) {
		if isCommon(p) != isCommon(strings.ToUpper(p)) && isASCII(p) {
			t.Errorf("%q: its case counts", p)
		}
	})
}
