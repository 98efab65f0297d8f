package credential

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"slices"
	"time"

	"facet/internal/profile"
)

// Param is one decoded request parameter. A name may occur more than once.
type Param struct {
	Key, Value string
}

// Sign makes the signature of a janrain-signed request (Identity Cloud Entity
// API, authentication): base64 of the HMAC-SHA1 of path, date and the sorted
// key=value strings, each followed by a newline. The path begins with "/" and
// has no host and no query; the date is as it stands in the Date header;
// client_id, client_secret and access_token are not signed.
func Sign(secret, path, date string, params []Param) string {
	return signText(secret, signedText(path, date, params))
}

// VerifySignature reports, in constant time, whether the signature is right.
// Without parameters the published libraries sign path and date alone, the
// published sample functions one newline more; both are right. An empty secret
// verifies nothing.
func VerifySignature(secret, path, date string, params []Param, signature string) bool {
	text := signedText(path, date, params)
	ok := equal(signText(secret, text), signature)
	if len(text) == len(path)+len(date)+2 {
		ok = equal(signText(secret, append(text, '\n')), signature) || ok
	}
	return ok && secret != ""
}

func signedText(path, date string, params []Param) []byte {
	lines := make([]string, 0, len(params))
	size := len(path) + len(date) + 3
	for _, p := range params {
		switch p.Key {
		case "client_id", "client_secret", "access_token":
			continue
		}
		lines = append(lines, p.Key+"="+p.Value)
		size += len(p.Key) + len(p.Value) + 2
	}
	slices.Sort(lines)
	text := make([]byte, 0, size)
	text = append(append(text, path...), '\n')
	text = append(append(text, date...), '\n')
	for _, l := range lines {
		text = append(append(text, l...), '\n')
	}
	return text
}

func signText(secret string, text []byte) string {
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write(text)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func equal(a, b string) bool { return hmac.Equal([]byte(a), []byte(b)) }

// CheckDate reads the Date header of a signed request, "2016-02-26 19:08:44"
// in UTC, and compares it with now. A date in another form is
// Malformed/date_time, one further away than skew Unauthenticated/bad_client;
// a skew of 0 allows any date.
func CheckDate(date string, now time.Time, skew time.Duration) error {
	t, err := time.Parse(time.DateTime, date)
	if err != nil || t.Format(time.DateTime) != date {
		return profile.E(profile.Malformed, profile.CodeDateTime, "Date", "date is not of the form YYYY-MM-DD HH:MM:SS")
	}
	if skew > 0 && now.Sub(t).Abs() > skew {
		return profile.E(profile.Unauthenticated, profile.CodeBadClient, "Date", "date differs too much from the server's time")
	}
	return nil
}
