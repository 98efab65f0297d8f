package credential

import (
	"slices"
	"testing"
	"time"

	"facet/internal/profile"

	"pgregory.net/rapid"
)

// The first case is a unit test of the published Python client; the others
// follow from the algorithm (Identity Cloud Entity API, authentication).
var signed = []struct {
	name, secret, path, date string
	params                   []Param
	signature                string
}{
	{"python client", "bar", "/entity", "2000-01-01 01:01:01",
		[]Param{{"param1", "this is a string"}, {"param2", "10"}, {"param3", "one=1\ntwo=2,three=3"}}, "G3N5RxCVc0d6rDLmBRGvcg2hCVY="},
	{"find", "s3cr3t", "/entity.find", "2016-02-26 19:08:44",
		[]Param{{"type_name", "user"}, {"filter", "lastUpdated >= '2016-01-01'"}}, "Sx3t5apn0wjSDqA7kwT+RcR/BC0="},
	{"UTF-8", "s3cr3t", "/entity.create", "2024-01-02 03:04:05",
		[]Param{{"type_name", "user"}, {"attributes", `{"givenName":"Zoë"}`}}, "zBgACLrysdWlyWszit60Hqk/XZU="},
	{"plus and at", "s3cr3t", "/entity.count", "2024-01-02 03:04:05",
		[]Param{{"type_name", "user"}, {"filter", "email = 'a+b@example.com' and birthday is null"}}, "5BbAqjYVIrSxWVMZIcWNxb8f8xw="},
	{"no parameters", "bar", "/entityType.list", "2000-01-01 01:01:01", nil, "RH75TyaEQJ145ZVUA7pA5+s/p8E="},
}

func TestSignatureVectors(t *testing.T) {
	for _, c := range signed {
		t.Run(c.name, func(t *testing.T) {
			if got := Sign(c.secret, c.path, c.date, c.params); got != c.signature {
				t.Errorf("Sign = %s, want %s", got, c.signature)
			}
			backwards := slices.Clone(c.params)
			slices.Reverse(backwards)
			withAuth := append(backwards, Param{"client_id", "foo"}, Param{"client_secret", "x"}, Param{"access_token", "y"})
			if !VerifySignature(c.secret, c.path, c.date, withAuth, c.signature) {
				t.Error("refused with the parameters in another order and the unsigned ones added")
			}
			for what, ok := range map[string]bool{
				"secret":    VerifySignature(c.secret+"x", c.path, c.date, c.params, c.signature),
				"path":      VerifySignature(c.secret, c.path+"x", c.date, c.params, c.signature),
				"date":      VerifySignature(c.secret, c.path, c.date+"x", c.params, c.signature),
				"params":    VerifySignature(c.secret, c.path, c.date, append(backwards, Param{"a", "b"}), c.signature),
				"signature": VerifySignature(c.secret, c.path, c.date, c.params, c.signature[1:]),
				"nothing":   VerifySignature(c.secret, c.path, c.date, c.params, ""),
			} {
				if ok {
					t.Errorf("accepted with another %s", what)
				}
			}
		})
	}
}

func TestSignatureWithoutParametersHasTwoForms(t *testing.T) {
	const path, date, samples = "/entityType.list", "2000-01-01 01:01:01", "7CZ534AawDXNG97AHNrYT8MLlH4="
	if !VerifySignature("bar", path, date, nil, samples) {
		t.Error("the form of the sample functions is refused")
	}
	if !VerifySignature("bar", path, date, []Param{{"client_id", "foo"}}, samples) {
		t.Error("the form of the sample functions is refused beside an unsigned parameter")
	}
	if VerifySignature("bar", path, date, []Param{{"", ""}}, samples) {
		t.Error("the form without parameters is accepted with one")
	}
}

func TestEmptySecretVerifiesNothing(t *testing.T) {
	if VerifySignature("", "/entity", "2000-01-01 01:01:01", nil, Sign("", "/entity", "2000-01-01 01:01:01", nil)) {
		t.Error("accepted")
	}
}

func TestSignedParametersVerifyInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		params := rapid.SliceOf(rapid.Custom(func(t *rapid.T) Param {
			return Param{rapid.String().Draw(t, "key"), rapid.String().Draw(t, "value")}
		})).Draw(t, "params")
		s := Sign("secret", "/entity", "2000-01-01 01:01:01", params)
		if !VerifySignature("secret", "/entity", "2000-01-01 01:01:01", rapid.Permutation(params).Draw(t, "order"), s) {
			t.Fatal("refused")
		}
	})
}

func TestCheckDate(t *testing.T) {
	now := time.Date(2016, 2, 26, 20, 8, 44, 0, time.FixedZone("", 3600))
	for date, skew := range map[string]time.Duration{
		"2016-02-26 19:08:44": time.Nanosecond,
		"2016-02-26 19:18:44": 10 * time.Minute,
		"2016-02-26 18:58:44": 10 * time.Minute,
		"2000-01-01 01:01:01": 0,
	} {
		if err := CheckDate(date, now, skew); err != nil {
			t.Errorf("%s ± %s: %v", date, skew, err)
		}
	}
	for _, date := range []string{"2016-02-26 19:18:45", "2016-02-26 18:58:43", "0000-01-01 00:00:00", "9999-12-31 23:59:59"} {
		wantError(t, date, CheckDate(date, now, 10*time.Minute), profile.Unauthenticated, profile.CodeBadClient)
	}
	for _, date := range []string{"", "Fri, 26 Feb 2016 19:08:44 GMT", "2016-02-26T19:08:44Z", "2016-02-26 19:08:44.5", "2016-02-26 9:08:44", "2016-02-30 19:08:44", "2016-02-26 19:08:44 "} {
		wantError(t, date, CheckDate(date, now, 0), profile.Malformed, profile.CodeDateTime)
	}
}
