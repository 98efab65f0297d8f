package directory

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"slices"
	"time"

	"facet/internal/access"
	"facet/internal/credential"
	"facet/internal/profile"
	"facet/internal/store"
)

// A one-time code proves that somebody reads what is sent to an address: an
// e-mail or a phone. It has six digits, lives an hour, and is kept sealed with
// a ticket of its own, found by the digest of the address; so that an address
// that nobody has here can be proven too, by who registers with it.
const (
	ticketCode = "code"
	codeLife   = time.Hour
	codeTries  = 5 // wrong ones, until it is dead
	codeSends  = 5 // of one code
)

// codeData is what the ticket of a code knows. Its uses are the tries left.
type codeData struct {
	Code []byte `json:"code"` // sealed
	Sent int    `json:"sent"`
	Used bool   `json:"used,omitempty"` // somebody signed in by it
}

func (s *Site) codeDigest(space profile.Space, address string) string {
	if space == profile.Email {
		address = profile.FoldEmail(address)
	}
	return credential.Digest(ticketCode + " " + string(space) + " " + address)
}

// code reads the live code of an address: nil when there is none.
func (s *Site) code(r store.Reader, space profile.Space, address string) (*store.TicketRow, codeData, error) {
	var data codeData
	row, err := r.Ticket(s.codeDigest(space, address))
	if profile.IsKind(err, profile.NotFound) {
		return nil, data, nil
	}
	if err != nil {
		return nil, data, err
	}
	if row.Kind != ticketCode || !row.Expires.After(s.d.now()) {
		return nil, data, nil
	}
	return row, data, json.Unmarshal(row.Data, &data)
}

// Recover sends a one-time code to the e-mail or phone that somebody types, or
// to those of the user whose name it is: where there is one, as they are kept,
// not as they were typed. Within the life of a code the same is
// sent again. Whether there is such a user does not show: an address that
// nobody has gets a code where people may register, and for any other name a
// code is made that is never sent, so that its tries are counted alike.
// Errors: Invalid with Field "username" for a phone where nothing can be sent
// to phones.
func (s *Site) Recover(ctx context.Context, who access.Principal, login string, spaces []profile.Space) error {
	space, address := profile.Slug, login
	switch {
	case IsEmail(login):
		space = profile.Email
	case isPhone(login):
		space = profile.Phone
	}
	if space == profile.Phone && !s.d.sms {
		return profile.E(profile.Invalid, profile.CodeInvalid, "username", "Codes cannot be sent to phones here. Use an e-mail address.")
	}
	rec, err := s.find(ctx, login, spaces)
	if profile.IsKind(err, profile.NotFound) || err == nil && rec.Type != profile.User {
		rec, err = nil, nil
	}
	if err != nil {
		return err
	}
	email, phone := "", ""
	if rec != nil {
		email, phone = textAt(rec.Attrs, "email"), rec.Name(profile.Phone)
	}
	signedIn := !who.IsNobody() && who.Restriction.Kind == "" // who has the scope of a link is not
	nobodys := signedIn || s.Policy().Registration == RegistrationOpen
	switch {
	case space == profile.Email && rec != nil:
		address = email
	case space == profile.Phone && rec != nil:
		address = phone
	case space != profile.Slug:
	case email != "":
		space, address, nobodys = profile.Email, email, false
	case phone != "" && s.d.sms:
		space, address, nobodys = profile.Phone, phone, false
	default:
		return s.sendCode(ctx, nil, profile.Email, login, false)
	}
	if rec != nil && rec.State != profile.Active {
		rec = nil
	}
	return s.sendCode(ctx, rec, space, address, rec != nil || nobodys)
}

// sendCode makes the code of an address, rec's or nobody's, and sends it where
// that is wanted.
func (s *Site) sendCode(ctx context.Context, rec *store.Record, space profile.Space, address string, wanted bool) error {
	var subject profile.ID
	name := ""
	if rec != nil {
		p := subjectOf(rec)
		subject, name = rec.ID, p.FullName()
	}
	digest := s.codeDigest(space, address)
	fresh := credential.NewCode()
	sealed := s.d.dataKey.Seal([]byte(fresh), []byte(digest))
	return s.data.Update(ctx, func(tx store.Tx) error {
		row, data, err := s.code(tx, space, address)
		if err != nil {
			return err
		}
		text := fresh
		if row == nil || data.Used {
			now := s.d.now()
			data = codeData{Code: sealed}
			row = &store.TicketRow{Digest: digest, Subject: subject, Kind: ticketCode, Uses: codeTries, Created: now, Expires: now.Add(codeLife)}
			if subject.IsZero() { // nobody's erasure takes it along
				if err := tx.Enqueue(s.expiryJob(row)); err != nil {
					return err
				}
			}
		} else if text, err = s.openCode(row, data); err != nil {
			return err
		}
		if data.Sent >= codeSends || row.Uses <= 0 {
			return nil
		}
		data.Sent++
		row.Subject, row.Data = subject, marshal(data)
		if err := tx.PutTicket(row); err != nil || !wanted {
			return err
		}
		if space == profile.Phone {
			return tx.Enqueue(s.smsJob(subject, address, text+" is your code for "+s.Policy().Title+"."))
		}
		return tx.Enqueue(s.mailJob(subject, "recover", address, MailData{Recipient: name, Code: text, Expires: row.Expires}))
	})
}

func (s *Site) openCode(row *store.TicketRow, data codeData) (string, error) {
	text, err := s.d.dataKey.Open(data.Code, []byte(row.Digest))
	return string(text), err
}

// proven is an address that somebody has typed the right code for.
type proven struct {
	space   profile.Space // Email or Phone
	address string
}

func codeField(space profile.Space) string {
	if space == profile.Phone {
		return "phone_code"
	}
	return "email_code"
}

func codeMismatch(space profile.Space) error {
	what := "E-mail"
	if space == profile.Phone {
		what = "Phone"
	}
	return profile.E(profile.Unauthenticated, profile.CodeOneTime, codeField(space), "%s verification code does not match.", what)
}

// tryCode compares a code that was typed with that of an address; a wrong one
// is counted, in a transaction of its own. toSignIn refuses one by which
// somebody has signed in. Errors: Unauthenticated/CodeOneTime,
// Limited/CodeAttempts when the tries are used up, until the code is over.
func (s *Site) tryCode(ctx context.Context, p proven, typed string, toSignIn bool) error {
	var verdict error
	err := s.data.Update(ctx, func(tx store.Tx) error {
		verdict = codeMismatch(p.space)
		row, data, err := s.code(tx, p.space, p.address)
		if err != nil || row == nil {
			return err
		}
		if row.Uses <= 0 {
			verdict = tooManyTries(row.Expires.Sub(s.d.now()))
			return nil
		}
		right, err := s.openCode(row, data)
		if err != nil {
			return err
		}
		if subtle.ConstantTimeCompare([]byte(right), []byte(typed)) == 1 && !(toSignIn && data.Used) {
			verdict = nil
			return nil
		}
		row.Uses--
		return tx.PutTicket(row)
	})
	return joinErr(err, verdict)
}

// useCode uses a code up with what it proves: of two that use it at once, one
// does. By signing in it is half used: the same person may then set a password
// by it, as DjaoApp documents it.
func (s *Site) useCode(tx store.Tx, subject profile.ID, p proven, toSignIn bool) error {
	row, data, err := s.code(tx, p.space, p.address)
	if err != nil {
		return err
	}
	if row == nil || row.Uses <= 0 || toSignIn && data.Used {
		return codeMismatch(p.space)
	}
	if !toSignIn {
		return tx.DropTicket(row.Digest)
	}
	data.Used = true
	row.Subject, row.Data = subject, marshal(data)
	return tx.PutTicket(row)
}

// noteProved notes that a user reads what is sent to the e-mail that is theirs.
func (s *Site) noteProved(ctx context.Context, rec *store.Record, codes []proven) (*store.Record, error) {
	if provedEmail(rec) != "" || !slices.ContainsFunc(codes, func(p proven) bool { return p.space == profile.Email }) {
		return rec, nil
	}
	typed := profile.FoldEmail(textAt(rec.Attrs, "email"))
	return s.change(ctx, rec.ID, s.event(rec.ID, "user.email.proved", rec.ID), nil, func(old *store.Record) (step, error) {
		next := *old
		if profile.FoldEmail(textAt(old.Attrs, "email")) != typed || provedEmail(old) != "" {
			return step{rec: &next}, nil
		}
		proveEmail(&next)
		return step{rec: &next, paths: []string{extraProved}}, nil
	})
}
