package directory

import (
	"context"
	"time"

	"facet/internal/access"
	"facet/internal/credential"
	"facet/internal/profile"
	"facet/internal/schema"
	"facet/internal/store"
)

// verificationSize is the length of a verification code, lower-case letters
// and digits.
const verificationSize = 32

// IssueVerification makes a code that, used once, sets an attribute of a record
// to the time of its use (access/getVerificationCode). Who issues it may write
// that attribute. Errors: as IssueToken; Unknown, also for what the caller may
// not write; Invalid with Field "attribute_name" for what is no dateTime.
func (s *Site) IssueVerification(ctx context.Context, who access.Principal, typeName string, sel Selector, attribute string, life time.Duration) (string, error) {
	rec, id, err := s.grantTo(ctx, access.VerifyIssue, who, typeName, sel, "")
	if err != nil {
		return "", err
	}
	path, err := schema.ParsePath(attribute)
	if err != nil {
		return "", err
	}
	typ, err := s.writable(ctx, who, s.shape(rec).typeOf(rec.Type))
	if err != nil {
		return "", err
	}
	attr, err := typ.Attr(path)
	if err != nil {
		return "", err
	}
	if attr.Type != schema.DateTime {
		return "", profile.E(profile.Invalid, profile.CodeInvalid, "attribute_name", "it is not the path of a dateTime")
	}
	if _, err := s.stamp(ctx, typ, rec, path); err != nil { // a reserved one, an element that is not there
		return "", err
	}
	code := credential.NewAlnum(verificationSize)
	row := s.newGrant(rec.ID, ticketVerification, code, life, grantData{Client: id, Path: attribute, Issuer: who.Subject})
	return code, s.data.Update(ctx, func(tx store.Tx) error {
		if err := lockActive(tx, rec.ID); err != nil {
			return err
		}
		if err := tx.Log(s.event(who.Subject, "verification.issued", rec.ID)); err != nil {
			return err
		}
		if err := makeRoom(tx, rec.ID, ticketVerification, maxCodes, func(d grantData) bool { return d.Client == id }); err != nil {
			return err
		}
		return s.putGrant(tx, row)
	})
}

// stamp works out a record in which an attribute is the present time.
func (s *Site) stamp(ctx context.Context, typ *schema.Type, rec *store.Record, path schema.Path) (schema.Written, error) {
	env := s.env(ctx)
	value := schema.AppendString(nil, schema.FormatDateTime(env.Now))
	return typ.Update(rec.Attrs, path, value, env)
}

// UseVerification uses a verification code up and gives the record's id. It
// needs no caller: the code is the proof. Errors:
// Invalid/CodeVerificationUnknown for one that is unknown or used, or whose
// client is gone or may not set the attribute any more, Expired/CodeVerificationOver.
func (s *Site) UseVerification(ctx context.Context, code string) (profile.ID, error) {
	var row *store.TicketRow
	var data grantData
	read := func(r store.Reader) (err error) {
		row, data, err = grant(r, ticketVerification, code)
		switch {
		case err != nil:
			return err
		case row == nil || row.Uses == 0:
			return unknownVerification()
		case !row.Expires.After(s.d.now()):
			return profile.E(profile.Expired, profile.CodeVerificationOver, "", "verification_code expired")
		}
		return nil
	}
	if err := s.data.View(ctx, read); err != nil {
		return profile.ID{}, err
	}
	client, err := s.clientRecord(ctx, data.Client)
	if profile.IsCode(err, profile.CodeBadClient) || err == nil && access.Admit(access.VerifyIssue, client.who) != nil {
		err = unknownVerification()
	}
	if err != nil {
		return profile.ID{}, err
	}
	subject := row.Subject
	path, err := schema.ParsePath(data.Path)
	if err != nil {
		return profile.ID{}, err
	}
	spend := func(tx store.Tx, rec *store.Record) error {
		if err := tx.Lock(rec.ID); err != nil {
			return err
		}
		if err := read(tx); err != nil {
			return err
		}
		if rec.State != profile.Active {
			return noGrant("the record is disabled")
		}
		row.Uses = 0
		return tx.PutTicket(row)
	}
	written := false
	_, err = s.change(ctx, subject, s.event(data.Issuer, "verification.used", subject), spend, func(old *store.Record) (step, error) {
		typ, err := s.typeFor(old)
		if err != nil {
			return step{}, err
		}
		if typ, err = s.writable(ctx, client.who, typ); err != nil {
			return step{}, err
		}
		w, err := s.stamp(ctx, typ, old, path)
		if profile.IsCode(err, profile.CodeUnknownAttribute) { // it may not be written any more
			err = unknownVerification()
		}
		if err != nil {
			return step{}, err
		}
		next := *old
		next.Attrs, next.Updated = w.Attrs, s.d.now()
		written = len(w.Changed) > 0
		return step{rec: &next, paths: w.Changed}, nil
	})
	if err == nil && !written { // it has this very time; the code is used up all the same
		err = s.data.Update(ctx, func(tx store.Tx) error {
			rec, err := tx.Record(subject)
			if err != nil {
				return err
			}
			return spend(tx, rec)
		})
	}
	return subject, attributeError(err)
}

func unknownVerification() error {
	return profile.E(profile.Invalid, profile.CodeVerificationUnknown, "verification_code", "verification code not recognized")
}
