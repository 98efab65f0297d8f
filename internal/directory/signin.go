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
		if err := maySignInBy(who, old, st.rec); err != nil {
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

// maySignInBy refuses an API key that changes the e-mail, phone or user name of
// its user, or of anybody who has a password: whoever finds one could else have
// codes sent to an address of their own. Who may by a session, allowKeys tells.
// Errors: Forbidden.
func maySignInBy(who access.Principal, old, next *store.Record) error {
	if !who.ByKey() || old.Password == "" && old.ID != who.Subject || signsInAlike(old, next) {
		return nil
	}
	return profile.E(profile.Forbidden, profile.CodeForbidden, "", "not allowed")
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
	if was == "" || profile.FoldEmail(was) == profile.FoldEmail(textAt(next.Attrs, "email")) {
		return nil
	}
	p := subjectOf(old)
	return tx.Enqueue(s.mailJob(old.ID, "notice", was, MailData{Recipient: p.FullName(), Subject: "your e-mail address was changed",
		Text: "your account " + p.Slug + " has another e-mail address now. If it was not you who changed it, please tell us."}))
}
