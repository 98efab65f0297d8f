package profile

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
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

// FoldEmail gives the form in which e-mail addresses are compared: NFC, simple
// lower case, the domain as A-labels (RFC 5890), outer blanks removed. What is
// another address to a mail server stays another one: ß is not ss (RFC 5891
// maps nothing), ſ not s, a full-width letter not the plain one, and nothing
// outside ASCII becomes a character of it.
func FoldEmail(s string) string {
	s = strings.TrimSpace(s)
	if isLowerASCII(s) {
		return s
	}
	s = composed(strings.Map(lower, composed(s)))
	at := strings.LastIndexByte(s, '@') + 1
	if at > 0 {
		if domain, err := idna.Punycode.ToASCII(s[at:]); err == nil {
			return s[:at] + domain
		}
	}
	return s
}

func lower(r rune) rune {
	if l := unicode.ToLower(r); r < utf8.RuneSelf || l >= utf8.RuneSelf {
		return l
	}
	return r
}

// composed is NFC but for the few characters, such as the Kelvin sign, that
// are composed to one of ASCII.
func composed(s string) string {
	from := 0
	var b strings.Builder
	for i, r := range s {
		if r >= utf8.RuneSelf && isASCII(norm.NFC.String(string(r))) {
			b.WriteString(norm.NFC.String(s[from:i]))
			b.WriteRune(r)
			from = i + utf8.RuneLen(r)
		}
	}
	b.WriteString(norm.NFC.String(s[from:]))
	return b.String()
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
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
