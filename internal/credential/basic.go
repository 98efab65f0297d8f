package credential

import (
	"encoding/base64"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ParseScheme splits the value of an Authorization header (RFC 9110, section
// 11.6.2) into its scheme, in lower case, and what follows it without the
// blanks around. Either may be "".
func ParseScheme(header string) (scheme, rest string) {
	scheme, rest, _ = strings.Cut(strings.Trim(header, " \t"), " ")
	return strings.ToLower(scheme), strings.Trim(rest, " \t")
}

// ParseBasic reads "Basic base64(user:password)" (RFC 7617), padded or not.
// The first colon ends the user. Text that is not UTF-8 or has control
// characters is refused. User and password may each be "".
func ParseBasic(header string) (user, password string, ok bool) {
	scheme, rest := ParseScheme(header)
	if scheme != "basic" || strings.ContainsAny(rest, "\r\n") {
		return "", "", false
	}
	text, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(rest, "="))
	if err != nil || !utf8.Valid(text) || strings.ContainsFunc(string(text), unicode.IsControl) {
		return "", "", false
	}
	if user, password, ok = strings.Cut(string(text), ":"); !ok {
		return "", "", false
	}
	return user, password, true
}

// ParseBearer reads "Bearer token" (RFC 6750, section 2.1). The token is one
// word of visible ASCII.
func ParseBearer(header string) (token string, ok bool) {
	scheme, rest := ParseScheme(header)
	if scheme != "bearer" || rest == "" {
		return "", false
	}
	for i := range len(rest) {
		if rest[i] <= ' ' || rest[i] >= 0x7f {
			return "", false
		}
	}
	return rest, true
}
