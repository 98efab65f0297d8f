package profile

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Fold gives the form in which names are compared: NFKC, Unicode case folding,
// NFKC again, outer blanks removed. Go folds for every backend, so that no
// database collation decides what is equal.
func Fold(s string) string {
	if isLowerASCII(s) {
		return strings.TrimSpace(s)
	}
	folded := cases.Fold().String(norm.NFKC.String(s))
	return strings.TrimSpace(norm.NFKC.String(strings.Map(foldCherokee, folded)))
}

// foldCherokee folds small Cherokee letters to the capital ones, which are the
// older (Unicode, CaseFolding.txt). cases.Fold exchanges the two.
func foldCherokee(r rune) rune {
	switch {
	case 0x13f8 <= r && r <= 0x13fd:
		return r - 0x13f8 + 0x13f0
	case 0xab70 <= r && r <= 0xabbf:
		return r - 0xab70 + 0x13a0
	}
	return r
}

func isLowerASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c >= utf8.RuneSelf || 'A' <= c && c <= 'Z' {
			return false
		}
	}
	return true
}

// Slugify makes a slug of free text: folded, accents dropped, every run of
// other characters one "-", at most max bytes. It may return "".
func Slugify(s string, max int) string {
	var b strings.Builder
	dash := false
	for _, r := range norm.NFD.String(Fold(s)) {
		switch {
		case 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '_':
			if dash && b.Len() > 0 {
				b.WriteByte('-')
			}
			dash = false
			b.WriteRune(r)
		case r == ' ' || r == '-' || r == '.' || r == '+' || r == '/' || r == ',' || r == '@':
			dash = true
		}
		if b.Len() >= max {
			break
		}
	}
	out := b.String()
	if len(out) > max {
		out = out[:max]
	}
	return strings.Trim(out, "-")
}
