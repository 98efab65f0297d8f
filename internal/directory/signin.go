package directory

import (
	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// guarded adds to a change of a subject what it takes where it changes by what
// a user is known at signing in, or where their codes go: see maySignInBy. The
// e-mail that a user had is told that there is another.
func (s *Site) guarded(who access.Principal, old *store.Record, st step) step {
	if old.Type != profile.User {
		return st
	}
	with := st.with
	st.with = func(tx store.Tx) error {
		if err := s.maySignInBy(tx, who, old, st.rec); err != nil {
			return err
		}
		if with != nil {
			if err := with(tx); err != nil {
				return err
			}
		}
		return s.tellOldEmail(tx, old, st.rec)
	}
	return st
}

// maySignInBy says whether a caller may change the e-mail, phone or user name
// of somebody: of who has a password only that person and operators may, by a
// session. Who manages or provides for a personal profile, or has an API key,
// could else have codes sent to an address of their own, and be the user.
// Errors: Forbidden.
func (s *Site) maySignInBy(r store.Reader, who access.Principal, old, next *store.Record) error {
	self := old.ID == who.Subject
	if old.Password == "" && !self || signsInAlike(old, next) {
		return nil
	}
	allowed := self
	if !self {
		is, err := s.relationTo(r, who, nil)
		if err != nil {
			return err
		}
		allowed = is.Has(access.Broker)
	}
	if !allowed || who.ByKey() {
		return profile.E(profile.Forbidden, profile.CodeForbidden, "", "not allowed")
	}
	return nil
}

func signsInAlike(old, next *store.Record) bool {
	for _, path := range []string{"email", "mobileNumber"} {
		if textAt(old.Attrs, path) != textAt(next.Attrs, path) {
			return false
		}
	}
	return old.Name(profile.Slug) == next.Name(profile.Slug) && old.Name(profile.Phone) == next.Name(profile.Phone)
}

// tellOldEmail mails the e-mail that a user had, where there is another now.
func (s *Site) tellOldEmail(tx store.Tx, old, next *store.Record) error {
	was := textAt(old.Attrs, "email")
	if was == "" || profile.Fold(was) == profile.Fold(textAt(next.Attrs, "email")) {
		return nil
	}
	p := subjectOf(old)
	return tx.Enqueue(s.mailJob(old.ID, "notice", was, MailData{Recipient: p.FullName(), Subject: "your e-mail address was changed",
		Text: "your account " + p.Slug + " has another e-mail address now. If it was not you who changed it, please tell us."}))
}
