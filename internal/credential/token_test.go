package credential

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"facet/internal/profile"

	"github.com/golang-jwt/jwt/v5"
	"pgregory.net/rapid"
)

var (
	then   = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	nobody = profile.NewIDIn(then, 42)
)

const site, audience = "https://a.example", "a.example"

func keyring(t testing.TB, keys ...SigningKey) *Keyring {
	t.Helper()
	k, err := NewKeyring(site, audience, keys...)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func claims() Claims {
	return Claims{Subject: nobody, ID: "j1", Session: "s1", Issued: then, Expires: then.Add(time.Hour), Extra: map[string]any{
		"username": "xia", "full_name": `Zoë "Z" <x>`, "UserID": 7, "big": int64(math.MaxInt64), "Operator": false,
		"profile": map[string]any{"name": "x", "n": nil}, "r": []string{"a", "b"}, "subject": "me",
	}}
}

// forge signs any header and payload.
func forge(key ed25519.PrivateKey, header, payload string) string {
	text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	return text + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(key, []byte(text)))
}

func TestTokenCarriesItsClaims(t *testing.T) {
	k := keyring(t, NewSigningKey(then))
	token, err := k.Sign(claims())
	if err != nil {
		t.Fatal(err)
	}
	got, err := k.Verify(token, then.Add(time.Hour-time.Nanosecond))
	if err != nil {
		t.Fatal(err)
	}
	want := claims()
	want.Issuer, want.Audience = site, audience
	want.Extra["UserID"], want.Extra["big"], want.Extra["r"] = json.Number("7"), json.Number("9223372036854775807"), []any{"a", "b"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %#v\nwant %#v", got, want)
	}

	bare, err := k.Sign(Claims{Subject: nobody, Expires: then.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	got, err = k.Verify(bare, then)
	if want := (Claims{Issuer: site, Audience: audience, Subject: nobody, Expires: then.Add(time.Hour)}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %#v, %v", got, err)
	}
}

func TestTokenIsReadByOthers(t *testing.T) {
	key := NewSigningKey(then)
	token, err := keyring(t, key).Sign(claims())
	if err != nil {
		t.Fatal(err)
	}
	var c jwt.RegisteredClaims
	read, err := jwt.NewParser(jwt.WithTimeFunc(func() time.Time { return then })).ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return key.public(), nil })
	if err != nil || c.Issuer != site || c.Subject != nobody.String() || c.Audience[0] != audience || !c.ExpiresAt.Equal(then.Add(time.Hour)) || !c.IssuedAt.Equal(then) {
		t.Errorf("%+v, %v", c, err)
	}
	if want := map[string]any{"alg": "EdDSA", "typ": "JWT", "kid": key.KID}; !maps.Equal(read.Header, want) {
		t.Errorf("header %v", read.Header)
	}
}

func TestRegisteredClaimsWinOverExtra(t *testing.T) {
	k := keyring(t, NewSigningKey(then))
	c := Claims{Subject: nobody, Expires: then.Add(time.Hour), Extra: map[string]any{"ok": "yes"}}
	for _, name := range append(registered, "SUB", "Exp", "ſub", "iſſ", "IſS") {
		c.Extra[name] = "forged"
	}
	token, err := k.Sign(c)
	if err != nil {
		t.Fatal(err)
	}
	if payload, _ := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1]); bytes.Contains(payload, []byte("forged")) {
		t.Errorf("payload %s", payload)
	}
	got, err := k.Verify(token, then)
	if err != nil || got.Subject != nobody || got.ID != "" || !maps.Equal(got.Extra, map[string]any{"ok": "yes"}) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestEveryExtraComesBack(t *testing.T) {
	k := keyring(t, NewSigningKey(then))
	rapid.Check(t, func(t *rapid.T) {
		extra := rapid.MapOfN(rapid.String().Filter(func(s string) bool { return !isRegistered(s) }), rapid.OneOf(
			rapid.String().AsAny(), rapid.Bool().AsAny(), rapid.SliceOf(rapid.String()).AsAny()), 0, 9).Draw(t, "extra")
		c := Claims{Subject: nobody, ID: rapid.String().Draw(t, "jti"), Session: rapid.String().Draw(t, "sid"), Expires: then.Add(time.Hour), Extra: extra}
		token, err := k.Sign(c)
		if profile.IsKind(err, profile.TooLarge) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		got, err := k.Verify(token, then)
		if err != nil || got.ID != c.ID || got.Session != c.Session {
			t.Fatalf("%+v, %v", got, err)
		}
		wantJSON, _ := json.Marshal(extra)
		gotJSON, _ := json.Marshal(got.Extra)
		if len(extra) > 0 && !bytes.Equal(wantJSON, gotJSON) {
			t.Fatalf("got %s, want %s", gotJSON, wantJSON)
		}
	})
}

func TestBadTokensAreRefused(t *testing.T) {
	key, foreign := NewSigningKey(then), NewSigningKey(then)
	k := keyring(t, key)
	good, err := k.Sign(claims())
	if err != nil {
		t.Fatal(err)
	}
	header := `{"alg":"EdDSA","kid":"` + key.KID + `","typ":"JWT"}`
	sub := `"sub":"` + nobody.String() + `"`
	const iss, aud, exp = `"iss":"` + site + `"`, `"aud":"` + audience + `"`, `"exp":4102444800`
	payload := func(claims ...string) string { return "{" + strings.Join(claims, ",") + "}" }
	all := payload(iss, aud, sub, exp)
	if _, err := k.Verify(forge(key.Private, header, all), then); err != nil {
		t.Fatalf("the forger's own good token: %v", err)
	}
	hmac := func(secret []byte) string {
		t := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"iss": site, "aud": audience, "sub": nobody.String(), "exp": 4102444800})
		t.Header["kid"] = key.KID
		s, _ := t.SignedString(secret)
		return s
	}
	unsigned := func(header string) string {
		return strings.TrimSuffix(forge(key.Private, header, all), strings.Split(forge(key.Private, header, all), ".")[2])
	}
	last := good[len(good)-1]
	for name, token := range map[string]string{
		"empty":                "",
		"dots":                 "..",
		"two parts":            good[:strings.LastIndexByte(good, '.')],
		"four parts":           good + ".x",
		"padded":               good + "=",
		"line end":             good[:len(good)-4] + "\n" + good[len(good)-4:],
		"no signature":         good[:strings.LastIndexByte(good, '.')+1],
		"other last bits":      good[:len(good)-1] + string(last+1),
		"tampered payload":     strings.Replace(good, ".", ".A", 1),
		"tampered header":      "A" + good[1:],
		"huge":                 good + strings.Repeat("A", MaxToken),
		"huge and signed":      forge(key.Private, header, payload(iss, aud, sub, exp, `"x":"`+strings.Repeat("x", MaxToken)+`"`)),
		"alg none":             unsigned(`{"alg":"none","kid":"` + key.KID + `"}`),
		"alg None":             unsigned(`{"alg":"None","kid":"` + key.KID + `"}`),
		"alg none, signed":     forge(key.Private, `{"alg":"none","kid":"`+key.KID+`"}`, all),
		"HS256, public key":    hmac(key.public()),
		"HS256, public text":   hmac([]byte(base64.RawURLEncoding.EncodeToString(key.public()))),
		"no alg":               forge(key.Private, `{"kid":"`+key.KID+`"}`, all),
		"no kid":               forge(key.Private, `{"alg":"EdDSA"}`, all),
		"kid a number":         forge(key.Private, `{"alg":"EdDSA","kid":1}`, all),
		"foreign kid":          forge(foreign.Private, `{"alg":"EdDSA","kid":"`+foreign.KID+`"}`, all),
		"foreign key, our kid": forge(foreign.Private, header, all),
		"wrong issuer":         forge(key.Private, header, payload(`"iss":"https://b.example"`, aud, sub, exp)),
		"no issuer":            forge(key.Private, header, payload(aud, sub, exp)),
		"wrong audience":       forge(key.Private, header, payload(iss, `"aud":"b.example"`, sub, exp)),
		"no audience":          forge(key.Private, header, payload(iss, sub, exp)),
		"audience a list":      forge(key.Private, header, payload(iss, `"aud":["a.example"]`, sub, exp)),
		"no exp":               forge(key.Private, header, payload(iss, aud, sub)),
		"exp null":             forge(key.Private, header, payload(iss, aud, sub, `"exp":null`)),
		"exp text":             forge(key.Private, header, payload(iss, aud, sub, `"exp":"4102444800"`)),
		"exp zero":             forge(key.Private, header, payload(iss, aud, sub, `"exp":0`)),
		"exp past time":        forge(key.Private, header, payload(iss, aud, sub, `"exp":1e300`)),
		"Exp":                  forge(key.Private, header, payload(iss, aud, sub, `"Exp":4102444800`)),
		"not yet":              forge(key.Private, header, payload(iss, aud, sub, exp, `"nbf":4102444700`)),
		"no subject":           forge(key.Private, header, payload(iss, aud, exp)),
		"subject no id":        forge(key.Private, header, payload(iss, aud, exp, `"sub":"xia"`)),
		"subject zero":         forge(key.Private, header, payload(iss, aud, exp, `"sub":"`+profile.ID{}.String()+`"`)),
		"subject a number":     forge(key.Private, header, payload(iss, aud, exp, `"sub":7`)),
		"jti a number":         forge(key.Private, header, payload(iss, aud, sub, exp, `"jti":7`)),
		"payload null":         forge(key.Private, header, "null"),
		"payload a list":       forge(key.Private, header, "[]"),
		"payload cut":          forge(key.Private, header, all[:len(all)-1]),
		"payload deep":         forge(key.Private, header, strings.Repeat("[", 4000)),
	} {
		t.Run(name, func(t *testing.T) {
			c, err := k.Verify(token, then)
			wantError(t, name, err, profile.Unauthenticated, profile.CodeBadToken)
			if !reflect.DeepEqual(c, Claims{}) {
				t.Errorf("claims %+v", c)
			}
		})
	}
}

func TestExpiredTokenStillGivesItsClaims(t *testing.T) {
	key := NewSigningKey(then)
	k := keyring(t, key)
	token, err := k.Sign(claims())
	if err != nil {
		t.Fatal(err)
	}
	c, err := k.Verify(token, then.Add(time.Hour))
	wantError(t, "at exp", err, profile.Expired, profile.CodeExpiredToken)
	if c.Subject != nobody || c.Session != "s1" || c.Extra["username"] != "xia" {
		t.Errorf("claims %+v", c)
	}

	elsewhere, err := NewKeyring(site, "b.example", key)
	if err != nil {
		t.Fatal(err)
	}
	for name, other := range map[string]*Keyring{"wrong audience too": elsewhere, "foreign key too": keyring(t, NewSigningKey(then))} {
		c, err := other.Verify(token, then.Add(2*time.Hour))
		wantError(t, name, err, profile.Unauthenticated, profile.CodeBadToken)
		if !c.Subject.IsZero() {
			t.Errorf("%s: claims %+v", name, c)
		}
	}
}

func TestKeysRotate(t *testing.T) {
	old, young := NewSigningKey(then), NewSigningKey(then.Add(time.Second))
	before, both, after := keyring(t, old), keyring(t, old, young), keyring(t, young)
	fromOld, _ := before.Sign(claims())
	fromBoth, _ := both.Sign(claims())
	if _, err := both.Verify(fromOld, then); err != nil {
		t.Errorf("the old key's token: %v", err)
	}
	if _, err := after.Verify(fromBoth, then); err != nil {
		t.Errorf("the newest key does not sign: %v", err)
	}
	_, err := after.Verify(fromOld, then)
	wantError(t, "a removed key's token", err, profile.Unauthenticated, profile.CodeBadToken)
}

func TestKeyringRefusesWhatCannotWork(t *testing.T) {
	key := NewSigningKey(then)
	for name, make := range map[string]func() (*Keyring, error){
		"no keys":     func() (*Keyring, error) { return NewKeyring(site, audience) },
		"no issuer":   func() (*Keyring, error) { return NewKeyring("", audience, key) },
		"no audience": func() (*Keyring, error) { return NewKeyring(site, "", key) },
		"twice":       func() (*Keyring, error) { return NewKeyring(site, audience, key, key) },
		"no kid":      func() (*Keyring, error) { return NewKeyring(site, audience, SigningKey{Private: key.Private}) },
		"no private":  func() (*Keyring, error) { return NewKeyring(site, audience, SigningKey{KID: "k"}) },
	} {
		_, err := make()
		wantError(t, name, err, profile.Internal, profile.CodeInternal)
	}
	k := keyring(t, key)
	for name, c := range map[string]Claims{
		"no subject": {Expires: then}, "no expiry": {Subject: nobody},
		"not JSON": {Subject: nobody, Expires: then, Extra: map[string]any{"x": math.NaN()}},
	} {
		_, err := k.Sign(c)
		wantError(t, name, err, profile.Internal, profile.CodeInternal)
	}
	_, err := k.Sign(Claims{Subject: nobody, Expires: then, Extra: map[string]any{"x": strings.Repeat("x", MaxToken)}})
	wantError(t, "huge", err, profile.TooLarge, profile.CodeTooLarge)
}

// RFC 8037, appendix A.
const (
	rfcSeed  = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
	rfcX     = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
	rfcThumb = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
)

func TestJWKSPublishesThePublicKeys(t *testing.T) {
	withRandom(t, rfcSeedBytes(t)...)
	key := NewSigningKey(then)
	if key.KID != rfcThumb {
		t.Errorf("thumbprint %s, want %s", key.KID, rfcThumb)
	}
	young := NewSigningKey(then.Add(time.Second))
	k := keyring(t, key, young)
	want := `{"keys":[` +
		`{"kty":"OKP","crv":"Ed25519","use":"sig","alg":"EdDSA","kid":"` + young.KID + `","x":"` + base64.RawURLEncoding.EncodeToString(young.public()) + `"},` +
		`{"kty":"OKP","crv":"Ed25519","use":"sig","alg":"EdDSA","kid":"` + rfcThumb + `","x":"` + rfcX + `"}]}`
	if got := string(k.JWKS()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func rfcSeedBytes(t testing.TB) []byte {
	seed, err := hex.DecodeString(rfcSeed)
	if err != nil {
		t.Fatal(err)
	}
	return seed
}

func TestSigningKeyComesBackFromItsBytes(t *testing.T) {
	for _, key := range []SigningKey{NewSigningKey(then), {KID: "named", Private: NewSigningKey(then).Private, Created: then}} {
		got, err := SigningKeyFromBytes(key.Bytes())
		if err != nil || !reflect.DeepEqual(got, key) {
			t.Errorf("%v, %v", got, err)
		}
	}
	whole := NewSigningKey(then).Bytes()
	for _, b := range [][]byte{nil, whole[:signingKeyKID], append([]byte{2}, whole[1:]...)} {
		_, err := SigningKeyFromBytes(b)
		wantError(t, "bytes", err, profile.Internal, profile.CodeInternal)
	}
}

func FuzzVerifyToken(f *testing.F) {
	key := SigningKey{KID: "k", Private: ed25519.NewKeyFromSeed(make([]byte, 32)), Created: then}
	k := keyring(f, key)
	// The fuzzer's processes must agree on this token, so nothing in it is
	// random; one Extra has one order.
	c := Claims{Subject: profile.ID{15: 1}, ID: "j1", Expires: then.Add(time.Hour), Extra: map[string]any{"username": "xia"}}
	good, err := k.Sign(c)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add("..")
	f.Add(forge(key.Private, `{"alg":"none"}`, `{}`))
	f.Add(forge(key.Private, `{"alg":"EdDSA","kid":"k"}`, `{"exp":1}`))
	f.Fuzz(func(t *testing.T, token string) {
		got, err := k.Verify(token, then)
		if err == nil && !strings.HasPrefix(token, good[:strings.LastIndexByte(good, '.')]) {
			t.Errorf("forged: %q", token)
		}
		var e *profile.Error
		if err != nil && (!errors.As(err, &e) || (e.Kind == profile.Unauthenticated) != got.Subject.IsZero()) {
			t.Errorf("%v, %+v", err, got)
		}
		// Claims are read whatever they are, as if the key were ours.
		var signed tokenClaims
		_ = signed.UnmarshalJSON([]byte(token))
		_, _ = k.Verify(forge(key.Private, `{"alg":"EdDSA","kid":"k"}`, token), then)
	})
}

func BenchmarkSignToken(b *testing.B) {
	k, c := keyring(b, NewSigningKey(then)), typicalClaims()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := k.Sign(c); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifyToken(b *testing.B) {
	k := keyring(b, NewSigningKey(then))
	token, err := k.Sign(typicalClaims())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := k.Verify(token, then); err != nil {
			b.Fatal(err)
		}
	}
}

func typicalClaims() Claims {
	return Claims{Subject: nobody, ID: NewAlnum(16), Session: nobody.String(), Issued: then, Expires: then.Add(time.Hour), Extra: map[string]any{
		"username": "xia", "slug": "xia", "email": "xia@example.com", "full_name": "Xia Lee", "UserID": 7, "Operator": false,
	}}
}
