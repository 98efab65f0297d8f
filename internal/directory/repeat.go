package directory

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// Repeat names a request that makes something and may be sent again, because
// its answer was lost (draft-ietf-httpapi-idempotency-key-header). The zero
// value names none.
type Repeat struct {
	Key     string // chosen by the caller
	Request string // a digest of the request: the key stands for no other
}

// sealRequest is the digest of a request as it is kept: a MAC under the data
// key, for there may be a PIN in the request, which a digest alone would tell.
func (s *Site) sealRequest(again Repeat) string {
	mac := hmac.New(sha256.New, s.d.dataKey.Bytes())
	fmt.Fprintf(mac, "repeat %d %s", s.id, again.Request)
	return hex.EncodeToString(mac.Sum(nil))
}

// repeatLife is how long a request may be repeated.
const repeatLife = 24 * time.Hour

// repeated gives what a request made the first time, nil when this is the
// first. Only the id is kept: the answer shows the thing as it is now, and
// once it is erased nothing tells of it. Errors: Conflict/CodeRepeat for a key
// that stands for another request.
func (s *Site) repeated(r store.Reader, who access.Principal, again Repeat) (*store.Record, error) {
	if again.Key == "" {
		return nil, nil
	}
	a, err := r.Answer(who.Subject, again.Key)
	switch {
	case profile.IsKind(err, profile.NotFound) || err == nil && !a.Expires.After(s.d.now()):
		return nil, nil
	case err != nil:
		return nil, err
	case a.Request != s.sealRequest(again):
		return nil, otherRequest()
	}
	rec, err := r.Record(a.About)
	if profile.IsKind(err, profile.NotFound) { // deleted since, and its answer with it
		return nil, nil
	}
	return rec, err
}

func otherRequest() error {
	return profile.E(profile.Conflict, profile.CodeRepeat, "", "This Idempotency-Key was used for another request.")
}

// keep notes what a request made, in the transaction that makes it.
func (s *Site) keep(tx store.Tx, who access.Principal, again Repeat, made profile.ID) error {
	if again.Key == "" {
		return nil
	}
	now := s.d.now()
	return tx.PutAnswer(&store.Answer{
		Subject: who.Subject, Key: again.Key, Request: s.sealRequest(again), About: made, Status: statusMade, Expires: now.Add(repeatLife),
	}, now)
}

// statusMade is how all that is made is answered (RFC 9110, 201 Created).
const statusMade = 201
