package schema

import (
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"facet/internal/profile"
)

// Numbers are kept exactly, but not without end: a longer or larger one cannot
// be ordered among the others.
const (
	maxNumber   = 1000 // bytes
	maxExponent = 9999
)

// scalar appends the stored form of a value that is not null, an object or a
// plural.
func (w *writer) scalar(dst []byte, a *Attribute, in []byte) ([]byte, error) {
	switch a.Type {
	case JSON:
		return Compact(dst, in), nil
	case Integer, Decimal:
		return appendNumber(dst, a, in)
	case Boolean:
		if in[0] != 't' && in[0] != 'f' {
			return nil, wrongType(a)
		}
		return append(dst, in...), nil
	}
	s, ok := content(in)
	if !ok {
		return nil, wrongType(a)
	}
	switch a.Type {
	case Date:
		t, err := parseLocal(string(s), w.env.Now)
		if err != nil {
			return nil, at(err, a)
		}
		dst = append(dst, '"')
		dst = append(t.AppendFormat(dst, "2006-01-02"), '"')
		return dst, nil
	case DateTime:
		t, err := ParseDateTime(string(s), w.env.Now)
		if err != nil {
			return nil, at(err, a)
		}
		return append(AppendDateTime(append(dst, '"'), t), '"'), nil
	case IPAddress:
		if ip, err := netip.ParseAddr(string(s)); err != nil || !ip.Is4() {
			return nil, profile.E(profile.Invalid, profile.CodeInvalid, a.Path, "%s was not a valid ip address.", slash(a.Path))
		}
	case String:
		if err := checkText(a, s); err != nil {
			return nil, err
		}
	}
	return AppendString(dst, s), nil
}

func appendNumber(dst []byte, a *Attribute, in []byte) ([]byte, error) {
	if in[0] != '-' && (in[0] < '0' || in[0] > '9') {
		return nil, wrongType(a)
	}
	exponent, fraction := 0, false
	for i, c := range in {
		switch c {
		case 'e', 'E':
			exponent, fraction = saturatedInt(in[i+1:]), true
		case '.':
			fraction = true
		}
	}
	if a.Type == Integer && fraction {
		return nil, wrongType(a)
	}
	if len(in) > maxNumber || exponent > maxExponent || exponent < -maxExponent {
		return nil, profile.E(profile.Invalid, profile.CodeInvalid, a.Path, "%s is a number out of range", slash(a.Path))
	}
	return append(dst, in...), nil
}

func checkText(a *Attribute, s []byte) error {
	if a.Length > 0 && len(s) > a.Length && utf8.RuneCount(s) > a.Length {
		return profile.E(profile.Invalid, profile.CodeLength, a.Path, "%s is longer than %d characters", slash(a.Path), a.Length)
	}
	if a.Constraints&textConstraints == 0 {
		return nil
	}
	broken := func(c Constraint, rule func(r rune) bool) bool {
		return a.Has(c) && strings.IndexFunc(string(s), func(r rune) bool { return !rule(r) }) >= 0
	}
	what := ""
	switch {
	case broken(Alphabetic, isAlphabetic):
		what = "letters A to Z"
	case broken(Alphanumeric, isAlphanumeric):
		what = "letters A to Z and digits"
	case broken(UnicodeLetters, isUnicodeLetter):
		what = "letters"
	case broken(UnicodePrintable, isUnicodePrintable):
		what = "printable characters"
	}
	if what != "" {
		return profile.E(profile.Invalid, profile.CodeConstraint, a.Path, "%s may contain only %s", slash(a.Path), what)
	}
	if a.Has(EmailAddress) && !IsEmailAddress(string(s)) {
		return profile.E(profile.Invalid, profile.CodeConstraint, a.Path, "%s is not an e-mail address", slash(a.Path))
	}
	return nil
}

func isAlphabetic(r rune) bool    { return 'a' <= r|0x20 && r|0x20 <= 'z' && r < utf8.RuneSelf }
func isAlphanumeric(r rune) bool  { return isAlphabetic(r) || '0' <= r && r <= '9' }
func isUnicodeLetter(r rune) bool { return unicode.IsLetter(r) || unicode.IsMark(r) }

// isUnicodePrintable refuses control characters only: format characters such
// as U+202A pass, as they do on the published servers.
func isUnicodePrintable(r rune) bool { return !unicode.IsControl(r) }

// IsEmailAddress reports whether s is an address that mail can be sent to:
// local part, "@", and a domain of at least two labels. Letters of every script
// are allowed on both sides (RFC 6531); quoted local parts and address literals
// are not.
func IsEmailAddress(s string) bool {
	i := strings.LastIndexByte(s, '@')
	if i < 1 {
		return false
	}
	local, domain := s[:i], s[i+1:]
	if local[0] == '.' || local[len(local)-1] == '.' || strings.Contains(local, "..") {
		return false
	}
	for _, r := range local {
		if r <= ' ' || strings.ContainsRune(`"(),:;<>@[\]`, r) || unicode.IsControl(r) || unicode.IsSpace(r) {
			return false
		}
	}
	labels := strings.Split(domain, ".")
	for _, l := range labels {
		if l == "" || l[0] == '-' || l[len(l)-1] == '-' {
			return false
		}
		for _, r := range l {
			if r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) {
				return false
			}
		}
	}
	return len(labels) > 1
}

func wrongType(a *Attribute) error {
	return profile.E(profile.Invalid, profile.CodeType, a.Path, "%s has the wrong JSON type: %s expected", slash(a.Path), a.Type)
}

func missing(a *Attribute) error {
	return profile.E(profile.Missing, profile.CodeRequired, a.Path, "%s is required", slash(a.Path))
}

func taken(a *Attribute) error {
	return profile.E(profile.Taken, profile.CodeTaken, a.Path, "Attempted to update a duplicate value")
}

func idInNew(path string) error {
	return profile.E(profile.Invalid, profile.CodeIDInNew, path, "an id cannot be given for something new: %s", slash(path))
}

func notFound(path string, id int64) error {
	return profile.E(profile.NotFound, profile.CodeNotFound, path, "record not found: %s#%d", slash(path), id)
}

// at names the attribute in an error that was made without knowing it.
func at(err error, a *Attribute) error {
	e := *profile.AsError(err)
	e.Field, e.Message = a.Path, slash(a.Path)+" is "+e.Message
	return &e
}
