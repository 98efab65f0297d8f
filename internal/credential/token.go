package credential

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"facet/internal/profile"

	"github.com/golang-jwt/jwt/v5"
)

// MaxToken is the longest token, in bytes, that is made or read: what fits
// the header limits of common proxies.
const MaxToken = 8 << 10

// Keyring signs and verifies the tokens of one site: JWTs (RFC 7519) signed
// with EdDSA (RFC 8037). It does not change: to rotate, make another with one
// key more; a key that is left out verifies no longer.
type Keyring struct {
	Issuer   string // iss of every token
	Audience string // aud of every token

	newest SigningKey
	header string // the newest key's JWT header, encoded, with the dot
	tail   []byte // `,"iss":…,"aud":…}`, the same in every token
	keys   map[string]ed25519.PublicKey
	jwks   []byte
	verify []jwt.ParserOption
}

// NewKeyring makes a Keyring. The newest key signs, all verify. Issuer and
// audience may not be empty, there is at least one key, and ids are unique;
// otherwise the error is Internal, for keys and names come from our own store.
func NewKeyring(issuer, audience string, keys ...SigningKey) (*Keyring, error) {
	if issuer == "" || audience == "" || len(keys) == 0 {
		return nil, profile.E(profile.Internal, profile.CodeInternal, "", "a keyring needs an issuer, an audience and a key")
	}
	keys = slices.Clone(keys)
	slices.SortStableFunc(keys, func(a, b SigningKey) int { return b.Created.Compare(a.Created) })
	k := &Keyring{
		Issuer:   issuer,
		Audience: audience,
		newest:   keys[0],
		keys:     make(map[string]ed25519.PublicKey, len(keys)),
		verify: []jwt.ParserOption{
			jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}),
			jwt.WithIssuer(issuer),
			jwt.WithAudience(audience),
			jwt.WithExpirationRequired(),
			jwt.WithStrictDecoding(),
		},
	}
	set := jwkSet{Keys: make([]jwk, 0, len(keys))}
	for _, key := range keys {
		if _, twice := k.keys[key.KID]; twice || key.KID == "" || len(key.Private) != ed25519.PrivateKeySize {
			return nil, profile.E(profile.Internal, profile.CodeInternal, "", "signing key %q is not usable or there twice", key.KID)
		}
		k.keys[key.KID] = key.public()
		set.Keys = append(set.Keys, jwk{"OKP", "Ed25519", "sig", "EdDSA", key.KID, base64.RawURLEncoding.EncodeToString(key.public())})
	}
	k.jwks, _ = json.Marshal(set) // strings only, it cannot fail
	header := append(appendJSONString([]byte(`{"alg":"EdDSA","kid":`), k.newest.KID), `,"typ":"JWT"}`...)
	k.header = base64.RawURLEncoding.EncodeToString(header) + "."
	k.tail = appendJSONString([]byte(`,"iss":`), issuer)
	k.tail = append(appendJSONString(append(k.tail, `,"aud":`...), audience), '}')
	return k, nil
}

// jwkSet is a JWK Set (RFC 7517, section 5) of Ed25519 keys (RFC 8037,
// section 2).
type jwkSet struct {
	Keys []jwk `json:"keys"`
}

type jwk struct {
	KTY string `json:"kty"` // "OKP"
	CRV string `json:"crv"` // "Ed25519"
	Use string `json:"use"` // "sig"
	Alg string `json:"alg"` // "EdDSA"
	KID string `json:"kid"`
	X   string `json:"x"` // the public key, base64url
}

// JWKS gives the JSON of the public keys, the newest first.
func (k *Keyring) JWKS() []byte { return slices.Clone(k.jwks) }

// Sign makes a token of the claims with the newest key. The keyring's issuer
// and audience stand for those of the claims. Claims without subject or
// expiry, or with an Extra that is no JSON, are an Internal error; a token
// over MaxToken is TooLarge.
func (k *Keyring) Sign(c Claims) (string, error) {
	if c.Subject.IsZero() || c.Expires.Unix() <= 0 {
		return "", profile.E(profile.Internal, profile.CodeInternal, "", "a token needs a subject and an expiry")
	}
	payload, err := c.appendJSON(make([]byte, 0, 512))
	if err != nil {
		return "", &profile.Error{Kind: profile.Internal, Code: profile.CodeInternal, Message: "a claim is not JSON", Err: err}
	}
	payload = append(payload, k.tail...)

	enc := base64.RawURLEncoding
	size := len(k.header) + enc.EncodedLen(len(payload)) + 1 + enc.EncodedLen(ed25519.SignatureSize)
	if size > MaxToken {
		return "", profile.E(profile.TooLarge, profile.CodeTooLarge, "", "token would have more than %d bytes", MaxToken)
	}
	token := append(make([]byte, 0, size), k.header...)
	token = enc.AppendEncode(token, payload)
	sig := ed25519.Sign(k.newest.Private, token)
	token = enc.AppendEncode(append(token, '.'), sig)
	return string(token), nil
}

// Verify reads a token that one of the keys signed for this issuer and
// audience. Where only its time is over, the error is Expired/expired_token
// and the claims are returned with it; any other fault is
// Unauthenticated/bad_token and the claims are empty.
func (k *Keyring) Verify(token string, now time.Time) (Claims, error) {
	// Base64 decoders skip line ends; a token has one spelling only.
	if len(token) > MaxToken || strings.ContainsAny(token, "\r\n") {
		return Claims{}, badToken(nil)
	}
	var c tokenClaims
	options := append(k.verify[:len(k.verify):len(k.verify)], jwt.WithTimeFunc(func() time.Time { return now }))
	_, err := jwt.NewParser(options...).ParseWithClaims(token, &c, k.key)
	switch {
	case err == nil:
		return c.Claims, nil
	case onlyExpired(err):
		return c.Claims, &profile.Error{Kind: profile.Expired, Code: profile.CodeExpiredToken, Message: "token expired", Err: err}
	}
	return Claims{}, badToken(err)
}

// key finds the key a token's header names.
func (k *Keyring) key(t *jwt.Token) (any, error) {
	kid, _ := t.Header["kid"].(string)
	if key, ok := k.keys[kid]; ok {
		return key, nil
	}
	return nil, errors.New("unknown key")
}

// onlyExpired reports whether the signature and every other claim were right.
func onlyExpired(err error) bool {
	if !errors.Is(err, jwt.ErrTokenExpired) {
		return false
	}
	for _, other := range []error{
		jwt.ErrTokenMalformed, jwt.ErrTokenUnverifiable, jwt.ErrTokenSignatureInvalid, jwt.ErrTokenRequiredClaimMissing,
		jwt.ErrTokenInvalidAudience, jwt.ErrTokenInvalidIssuer, jwt.ErrTokenNotValidYet, jwt.ErrTokenUsedBeforeIssued,
	} {
		if errors.Is(err, other) {
			return false
		}
	}
	return true
}

func badToken(cause error) error {
	return &profile.Error{Kind: profile.Unauthenticated, Code: profile.CodeBadToken, Message: "token is not valid", Err: cause}
}
