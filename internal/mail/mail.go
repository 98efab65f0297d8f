// Package mail makes messages from templates and sends them: by SMTP, or into
// a folder where the demo site and a developer can read them. It knows neither
// records nor sites; jobs hand it finished data and decide by Permanent
// whether to try again.
package mail

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	netmail "net/mail"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	gomail "github.com/wneessen/go-mail"

	"facet/internal/profile"
)

// Message is one mail to one person.
type Message struct {
	ID      string // optional: letters, digits, "-", "_" and "."; the same for every try, so that receivers can tell a repetition
	From    string // one address of RFC 5322, "a@b" or "Name <a@b>"
	To      string // as From
	Subject string // one line
	Text    string // the plain text; lines end with "\n"
	HTML    string // optional: the same as HTML
	About   string // optional, as ID: whom the message is about; it is not sent
}

// Sender sends messages. Send returns nil once the message has been taken over,
// a *profile.Error when the message itself cannot be sent by anyone, and
// another error when it was not delivered; see Permanent. It may be called by
// many goroutines at once.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// A Forgetter is a Sender that keeps what it sent, and can drop it.
type Forgetter interface {
	Sender
	// Forget deletes the messages about somebody, and those that are yet to
	// be sent.
	Forget(ctx context.Context, about string) error
}

// Validate reports, as a *profile.Error, the first thing that keeps a message
// from being sent: an unreadable address, a line break or control character in
// what becomes a header, an empty subject or text.
func (m Message) Validate() error {
	_, err := m.addresses()
	return err
}

// addresses validates the message and gives its readable addresses.
func (m Message) addresses() (a struct{ from, to *netmail.Address }, err error) {
	for field, id := range map[string]string{"ID": m.ID, "About": m.About} {
		if !validID(id) {
			return a, profile.E(profile.Invalid, profile.CodeInvalid, field, "letters, digits, -, _ and . only, at most 128")
		}
	}
	if a.from, err = address("From", m.From); err != nil {
		return a, err
	}
	if a.to, err = address("To", m.To); err != nil {
		return a, err
	}
	if err := line("Subject", m.Subject); err != nil {
		return a, err
	}
	if err := body("Text", m.Text); err != nil {
		return a, err
	}
	if err := body("HTML", m.HTML); err != nil {
		return a, err
	}
	if strings.TrimSpace(m.Subject) == "" {
		return a, profile.E(profile.Missing, profile.CodeRequired, "Subject", "a message needs a subject")
	}
	if strings.TrimSpace(m.Text) == "" {
		return a, profile.E(profile.Missing, profile.CodeRequired, "Text", "a message needs a text")
	}
	return a, nil
}

// ValidAddress reports as a *profile.Error what keeps an address from being
// sent to.
func ValidAddress(s string) error {
	_, err := address("email", s)
	return err
}

func address(field, s string) (*netmail.Address, error) {
	if s == "" {
		return nil, profile.E(profile.Missing, profile.CodeRequired, field, "an e-mail address is needed")
	}
	if err := line(field, s); err != nil {
		return nil, err
	}
	a, err := netmail.ParseAddress(s)
	if err != nil {
		return nil, profile.E(profile.Invalid, profile.CodeInvalid, field, "not an e-mail address")
	}
	// An encoded word (RFC 2047) or a quoted pair may hide what line refuses.
	if err := line(field, a.Name+a.Address); err != nil {
		return nil, err
	}
	// RFC 5321, section 4.5.3.1: a path has 256 octets, its brackets included.
	if len(a.Address) > 254 {
		return nil, profile.E(profile.Invalid, profile.CodeLength, field, "an e-mail address has at most 254 bytes")
	}
	return a, nil
}

// line refuses what must not be in a header: anything but one line of text.
func line(field, s string) error {
	if !utf8.ValidString(s) || strings.ContainsFunc(s, breaks) {
		return profile.E(profile.Invalid, profile.CodeInvalid, field, "must be one line without control characters")
	}
	return nil
}

func breaks(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }

// body allows lines and tabs.
func body(field, s string) error {
	bad := func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }
	if !utf8.ValidString(s) || strings.ContainsFunc(s, bad) {
		return profile.E(profile.Invalid, profile.CodeInvalid, field, "must not contain control characters")
	}
	return nil
}

func validID(s string) bool {
	return len(s) <= 128 && !strings.ContainsFunc(s, notPlain)
}

// notPlain reports whether r is not an ASCII letter, digit, "-", "_" or ".".
func notPlain(r rune) bool {
	return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_.", r))
}

// build gives the message as the library wants it.
func build(m Message, now time.Time) (*gomail.Msg, error) {
	a, err := m.addresses()
	if err != nil {
		return nil, err
	}
	id := m.ID
	if id == "" {
		id = random()
	}
	out := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	out.FromMailAddress(a.from)
	out.ToMailAddress(a.to)
	out.Subject(m.Subject)
	out.SetDateWithValue(now)
	out.SetMessageIDWithValue(id + a.from.Address[strings.LastIndexByte(a.from.Address, '@'):])
	out.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834, section 5
	out.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		out.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	return out, nil
}

func random() string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // never fails, by its documentation
	return hex.EncodeToString(b[:])
}
