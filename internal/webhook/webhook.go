// Package webhook sends events to the servers of others, in the form of the
// Standard Webhooks specification: it signs messages, and reaches no address
// that is not public, whatever a name leads to, but those that are allowed.
package webhook

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"facet/internal/profile"
)

// Event is what the feed and the webhooks tell of a change. It names what was
// touched and holds no values: whoever may see those reads the record.
type Event struct {
	ID      string   `json:"id"`      // the same wherever and however often it is told
	Cursor  string   `json:"cursor"`  // its place in the feed
	Time    string   `json:"time"`    // RFC 3339, UTC, with microseconds
	Kind    string   `json:"kind"`    // "user.updated"
	Actor   string   `json:"actor"`   // UUID of who did it; "" the system, or a command of the installation
	Subject Subject  `json:"subject"` //
	Version int64    `json:"version"` // of the subject after the change; 0 where its record did not change
	Paths   []string `json:"paths"`   // what was touched
}

// Subject is whom or what an event is about. Of what is gone without a
// tombstone only the id is known.
type Subject struct {
	ID     string `json:"id"`               // UUID
	Type   string `json:"type,omitempty"`   // "user", "organization" …; as the entity type where it has one
	Number int64  `json:"number,omitempty"` // its entity id
	Erased bool   `json:"erased,omitempty"` // nothing of it is left
}

// Payload is the body of a message (Standard Webhooks, "Payload structure").
type Payload struct {
	Type      string `json:"type"`      // the event's kind
	Timestamp string `json:"timestamp"` // when it happened: RFC 3339
	Data      Event  `json:"data"`
}

// TimeText writes a time as Event has it.
func TimeText(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

// Message is one event on its way to one endpoint.
type Message struct {
	ID      string // of the event: receivers tell a repetition by it
	URL     string
	Secrets []Secret // it is signed with each: the present one first
	Body    []byte
}

// The headers of a message (Standard Webhooks, "Webhook headers").
const (
	headerID        = "Webhook-Id"
	headerTimestamp = "Webhook-Timestamp"
	headerSignature = "Webhook-Signature"
)

// Secret is a symmetric key.
type Secret []byte

// secretPrefix begins the text of a secret.
const secretPrefix = "whsec_"

// secretSize is how many bytes a new secret has (Standard Webhooks: 24 to 64).
const secretSize = 32

// NewSecret draws a secret.
func NewSecret() Secret {
	b := make([]byte, secretSize)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return b
}

// String writes the secret as receivers are given it.
func (s Secret) String() string { return secretPrefix + base64.StdEncoding.EncodeToString(s) }

// ParseSecret reads what String wrote: Invalid with Field "secret".
func ParseSecret(text string) (Secret, error) {
	rest, ok := strings.CutPrefix(text, secretPrefix)
	b, err := base64.StdEncoding.DecodeString(rest)
	if !ok || err != nil || len(b) < 24 || len(b) > 64 {
		return nil, profile.E(profile.Invalid, profile.CodeInvalid, "secret", "a secret is whsec_ and 24 to 64 bytes in base64")
	}
	return b, nil
}

// sign makes the header of a message's signatures (Standard Webhooks,
// "Signature scheme": symmetric, v1).
func sign(secrets []Secret, id string, at time.Time, body []byte) string {
	signatures := make([]string, len(secrets))
	for i, secret := range secrets {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "."))
		mac.Write(body)
		signatures[i] = "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	return strings.Join(signatures, " ")
}
