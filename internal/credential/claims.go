package credential

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"facet/internal/profile"

	"github.com/golang-jwt/jwt/v5"
)

// Claims is what a token says. Times have whole seconds.
type Claims struct {
	Issuer   string     // iss; set by Verify, the Keyring's own in Sign
	Audience string     // aud; likewise
	Subject  profile.ID // sub, required; in the token its 36-character form
	ID       string     // jti; "" is left out
	Session  string     // sid; "" is left out
	Issued   time.Time  // iat; zero is left out
	Expires  time.Time  // exp, required

	// Extra are further claims, at the top level of the token. Registered
	// claims win: an Extra of such a name, in whatever case, is left out.
	// Verify gives numbers as json.Number, and nil when there are none.
	Extra map[string]any
}

// registered are the names Extra cannot have: ours, and nbf, which verifiers
// act upon.
var registered = []string{"iss", "aud", "sub", "jti", "sid", "iat", "exp", "nbf"}

// isRegistered ignores case because some JSON decoders do.
func isRegistered(name string) bool {
	if len(name) > 6 { // three letters, two bytes each at most when folded
		return false
	}
	for _, r := range registered {
		if strings.EqualFold(r, name) {
			return true
		}
	}
	return false
}

// appendJSON writes the claims as a JSON object without iss, aud and the
// closing brace. The same claims make the same text. Registered ones come
// last, for decoders that take the last of equal names.
func (c Claims) appendJSON(b []byte) ([]byte, error) {
	b = append(b, '{')
	for _, name := range slices.Sorted(maps.Keys(c.Extra)) {
		if isRegistered(name) {
			continue
		}
		b = append(appendJSONString(b, name), ':')
		var err error
		if b, err = appendJSONValue(b, c.Extra[name]); err != nil {
			return nil, err
		}
		b = append(b, ',')
	}
	b = append(b, `"sub":"`...)
	b = append(b, c.Subject.String()...)
	b = append(b, '"')
	if c.ID != "" {
		b = appendJSONString(append(b, `,"jti":`...), c.ID)
	}
	if c.Session != "" {
		b = appendJSONString(append(b, `,"sid":`...), c.Session)
	}
	if !c.Issued.IsZero() {
		b = strconv.AppendInt(append(b, `,"iat":`...), c.Issued.Unix(), 10)
	}
	return strconv.AppendInt(append(b, `,"exp":`...), c.Expires.Unix(), 10), nil
}

// appendJSONValue writes the common kinds without reflection.
func appendJSONValue(b []byte, value any) ([]byte, error) {
	switch v := value.(type) {
	case string:
		return appendJSONString(b, v), nil
	case bool:
		return strconv.AppendBool(b, v), nil
	case int:
		return strconv.AppendInt(b, int64(v), 10), nil
	case int64:
		return strconv.AppendInt(b, v, 10), nil
	}
	j, err := json.Marshal(value)
	return append(b, j...), err
}

// appendJSONString writes s as a JSON string, quickly when it is plain ASCII.
func appendJSONString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			j, _ := json.Marshal(s) // a string cannot fail
			return append(b, j...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

// tokenClaims reads Claims for the JWT library, whose validator then asks for
// the registered ones. A claim of a wrong type is an error.
type tokenClaims struct {
	Claims
	notBefore time.Time
}

var errClaim = errors.New("a registered claim is malformed")

// UnmarshalJSON implements [json.Unmarshaler].
func (t *tokenClaims) UnmarshalJSON(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var all map[string]any
	if err := dec.Decode(&all); err != nil {
		return err
	}
	*t = tokenClaims{}
	ok := takeString(all, "iss", &t.Issuer)
	ok = takeString(all, "aud", &t.Audience) && ok
	ok = takeString(all, "jti", &t.ID) && ok
	ok = takeString(all, "sid", &t.Session) && ok
	ok = takeTime(all, "iat", &t.Issued) && ok
	ok = takeTime(all, "exp", &t.Expires) && ok
	ok = takeTime(all, "nbf", &t.notBefore) && ok
	var sub string
	if !takeString(all, "sub", &sub) || !ok {
		return errClaim
	}
	var err error
	if t.Subject, err = profile.ParseID(sub); err != nil || t.Subject.IsZero() {
		return errClaim
	}
	if len(all) > 0 {
		t.Extra = all
	}
	return nil
}

// takeString moves a claim out of all; an absent one is fine.
func takeString(all map[string]any, name string, to *string) bool {
	v, there := all[name]
	if !there {
		return true
	}
	delete(all, name)
	s, ok := v.(string)
	*to = s
	return ok
}

// takeTime does the same with whole seconds since 1970, up to the year 9999.
func takeTime(all map[string]any, name string, to *time.Time) bool {
	v, there := all[name]
	if !there {
		return true
	}
	delete(all, name)
	n, _ := v.(json.Number)
	sec, err := n.Int64()
	if err != nil || sec <= 0 || sec > 253402300799 {
		return false
	}
	*to = time.Unix(sec, 0).UTC()
	return true
}

func date(t time.Time) (*jwt.NumericDate, error) {
	if t.IsZero() {
		return nil, nil
	}
	return &jwt.NumericDate{Time: t}, nil
}

// The methods of [jwt.Claims].

func (t *tokenClaims) GetExpirationTime() (*jwt.NumericDate, error) { return date(t.Expires) }
func (t *tokenClaims) GetIssuedAt() (*jwt.NumericDate, error)       { return date(t.Issued) }
func (t *tokenClaims) GetNotBefore() (*jwt.NumericDate, error)      { return date(t.notBefore) }
func (t *tokenClaims) GetIssuer() (string, error)                   { return t.Issuer, nil }
func (t *tokenClaims) GetSubject() (string, error)                  { return t.Subject.String(), nil }
func (t *tokenClaims) GetAudience() (jwt.ClaimStrings, error) {
	return jwt.ClaimStrings{t.Audience}, nil
}
