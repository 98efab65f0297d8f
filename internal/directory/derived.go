package directory

import (
	"context"
	"strings"
	"time"

	"facet/internal/access"
	"facet/internal/credential"
	"facet/internal/profile"
	"facet/internal/store"
)

// Tokens that come of a session, of an API key of an identity, or of a ref
// (Cloudillo, "Authentication API", access tokens). Each is a session of its
// own, an hour long at most, that may do no more than what it came of, and ends
// with it.

// Renew gives a new token for a session; the restriction stays. For an API key,
// and a session that came of one, a session begins. Errors:
// Unauthenticated/CodeNoAuth for nobody, Forbidden for a restriction that is
// not renewed, those of a key or session that has ended.
func (s *Site) Renew(ctx context.Context, who access.Principal) (SignIn, error) {
	if err := access.Admit(access.SessionRenew, who); err != nil {
		return SignIn{}, err
	}
	if who.Foreign {
		return SignIn{}, notAllowed()
	}
	if who.ByKey() {
		return s.derive(ctx, who, who.Restriction, accessLife, nil)
	}
	return s.renewed(ctx, who)
}

func notAllowed() error {
	return profile.E(profile.Forbidden, profile.CodeForbidden, "", "not allowed")
}

func nobodyCalls() error {
	return profile.E(profile.Unauthenticated, profile.CodeNoAuth, "", "authentication required")
}

// ScopedToken gives a caller a token that may do what the scopes let it, and no
// scope that the caller does not have; without scopes it may do what the caller
// may. It lives as long as was asked for; 0, and more than an hour, is an hour.
// Errors: Unauthenticated/CodeNoAuth for nobody; Forbidden; Invalid with Field
// "scope".
func (s *Site) ScopedToken(ctx context.Context, who access.Principal, scopes []string, life time.Duration) (SignIn, error) {
	if who.IsNobody() {
		return SignIn{}, nobodyCalls()
	}
	perm := access.SessionScope
	if len(scopes) == 0 {
		perm = access.SessionRenew
	}
	if err := access.Admit(perm, who); err != nil {
		return SignIn{}, err
	}
	restriction := who.Restriction
	if len(scopes) > 0 {
		if restriction.Kind == access.ChildProfile { // two restrictions in one are none of either
			return SignIn{}, notAllowed()
		}
		for _, text := range scopes {
			scope, err := access.ParseScope(text)
			if err != nil {
				return SignIn{}, err
			}
			if !restriction.Covers(scope) {
				return SignIn{}, notAllowed()
			}
		}
		restriction = access.Restriction{Kind: access.Scoped, Scopes: scopes, Key: restriction.Key, Ref: restriction.Ref, From: restriction.From}
	}
	return s.derive(ctx, who, restriction, life, nil)
}

// derive begins a session that comes of a caller's. with runs in its
// transaction.
func (s *Site) derive(ctx context.Context, who access.Principal, restriction access.Restriction, life time.Duration, with func(store.Tx) error) (SignIn, error) {
	if who.Client || who.Foreign || who.Session.IsZero() && restriction.Key == 0 {
		return SignIn{}, notAllowed()
	}
	if life <= 0 || life > accessLife {
		life = accessLife
	}
	if restriction.From.IsZero() && restriction.Key == 0 {
		restriction.From = who.Session
	}
	row := s.newSession(who.Subject, restriction, Exchanged)
	err := s.data.Update(ctx, func(tx store.Tx) error {
		row.Expires = row.Created.Add(life)
		if err := lockActive(tx, who.Subject); err != nil {
			return orGone(err, badToken())
		}
		if !who.Session.IsZero() {
			from, err := s.liveSession(tx, who.Subject, who.Session)
			if err != nil {
				return err
			}
			if from.Generation == refreshOff {
				return refreshIsOff()
			}
			if restriction.Key == 0 {
				row.Expires = earlier(row.Expires, from.Expires)
			}
		}
		if restriction.Key != 0 {
			ends, err := s.keyEnds(tx, who.Subject, restriction.Key)
			if err != nil {
				return err
			}
			if !ends.IsZero() {
				row.Expires = earlier(row.Expires, ends)
			}
		}
		if with != nil {
			if err := with(tx); err != nil {
				return err
			}
		}
		return s.beginDerived(tx, row)
	})
	if err != nil {
		return SignIn{}, err
	}
	return s.issue(ctx, row)
}

func (s *Site) beginDerived(tx store.Tx, row *store.Session) error {
	if err := s.addSession(tx, row); err != nil {
		return err
	}
	return tx.Log(s.event(row.Subject, "token.derived", row.Subject))
}

// keyEnds says when an API key of an identity ends: zero for never. Errors:
// Unauthenticated/CodeBadToken for one that is gone, Expired.
func (s *Site) keyEnds(r store.Reader, of profile.ID, number int64) (time.Time, error) {
	rec, err := r.Record(of)
	if err != nil {
		return time.Time{}, err
	}
	keys, err := identityKeys(r, of)
	if err != nil {
		return time.Time{}, err
	}
	for _, k := range keys {
		if k.data.Number == number {
			_, err := s.identityKeyHolder(r, rec, k)
			return k.row.Expires, err
		}
	}
	return time.Time{}, badToken()
}

// KeyToken gives a token for an API key; slug is the identity of the host, ""
// elsewhere. Errors: those of AuthenticateIdentityKey.
func (s *Site) KeyToken(ctx context.Context, key, slug string, life time.Duration) (SignIn, error) {
	who, err := s.AuthenticateIdentityKey(ctx, key, slug)
	if err != nil {
		return SignIn{}, err
	}
	return s.derive(ctx, who, who.Restriction, life, nil)
}

// FileToken is a token for one file.
type FileToken struct {
	SignIn
	File   string
	Level  string // read, comment, write
	Scope  string
	Params string // of the ref
}

// fileScopeLevels are what a scope lets do, by the words of a ref.
var fileScopeLevels = map[string]string{"read": "R", "comment": "C", "write": "W"}

func fileScopeWord(level string) string {
	for word, letter := range fileScopeLevels {
		if letter == level {
			return word
		}
	}
	return ""
}

// RefToken spends one use of a ref to a file: whoever has it gets a token for
// that file. Who has a token that came of the ref gets the next one without
// spending, where again says so. Errors: those of spendRef; NotFound for the
// ref of somebody who is gone.
func (s *Site) RefToken(ctx context.Context, who access.Principal, id string, again bool) (FileToken, error) {
	mark := refMark(id)
	again = again && who.Restriction.Ref == mark
	var ref Ref
	err := s.data.View(ctx, func(r store.Reader) (err error) {
		ref, err = s.fileRef(r, id, again)
		return err
	})
	if err != nil {
		return FileToken{}, err
	}
	file := ref.ResourceID[strings.LastIndexByte(ref.ResourceID, '/')+1:]
	scope, err := access.ParseScope("file:" + file + ":" + fileScopeLevels[ref.AccessLevel])
	if err != nil {
		return FileToken{}, profile.E(profile.Invalid, profile.CodeInvalid, "refId", "the ref is to no file")
	}
	restriction := access.Restriction{Kind: access.Scoped, Scopes: []string{scope.String()}, Ref: mark}
	row := s.newSession(ref.Subject, restriction, Exchanged)
	err = s.data.Update(ctx, func(tx store.Tx) error {
		if err := lockActive(tx, ref.Subject); err != nil {
			return orGone(err, store.ErrNotFound)
		}
		row.Expires = row.Created.Add(accessLife)
		now, err := s.fileRef(tx, id, again)
		if err == nil && !again {
			now, err = s.spendRef(tx, who.Subject, id, RefFile)
		}
		if err != nil {
			return err
		}
		if !now.Expires.IsZero() {
			row.Expires = earlier(row.Expires, now.Expires)
		}
		return s.beginDerived(tx, row)
	})
	if err != nil {
		return FileToken{}, err
	}
	out := FileToken{File: scope.File, Level: ref.AccessLevel, Scope: scope.String(), Params: ref.Params}
	out.SignIn, err = s.issue(ctx, row)
	return out, err
}

// refMark tells the tokens that came of a ref, and does not give it away.
func refMark(id string) string { return credential.Digest(id)[:16] }

// endRefTokens ends the sessions that came of a ref.
func endRefTokens(tx store.Tx, ref Ref) error {
	if ref.Type != RefFile {
		return nil
	}
	mark := refMark(ref.ID)
	return dropSessionsOf(tx, ref.Subject, func(r access.Restriction) bool { return r.Ref == mark })
}

// fileRef reads a ref to a file that works; again lets one that is used up.
func (s *Site) fileRef(r store.Reader, id string, again bool) (Ref, error) {
	ref, _, err := s.liveRef(r, id, RefFile)
	if err != nil && again {
		if ref, _, err = s.findRef(r, id); err == nil && (ref.Type != RefFile || ref.IsOver(s.d.now())) {
			err = profile.E(profile.Invalid, profile.CodeInvalid, "refId", "Ref has expired")
		}
	}
	if err == nil && ref.Subject.IsZero() {
		err = store.ErrNotFound
	}
	return ref, err
}

// ViaToken gives a caller a token for a file that they come to by way of
// another. Files here hold no links to others: who has a token for one file
// alone gets none for another. Errors: Unauthenticated/CodeNoAuth, Forbidden,
// NotFound; Invalid with Field "scope".
func (s *Site) ViaToken(ctx context.Context, who access.Principal, via, text string) (FileToken, error) {
	scope, err := access.ParseScope(text)
	if err != nil || scope.Kind != access.FileScope {
		return FileToken{}, profile.E(profile.Invalid, profile.CodeInvalid, "scope", "scope is file:<id>:R, C or W")
	}
	if who.IsNobody() {
		return FileToken{}, nobodyCalls()
	}
	if !who.Restriction.Covers(access.Scope{Kind: access.FileScope, File: via, Level: "R"}) {
		return FileToken{}, notAllowed()
	}
	err = s.data.View(ctx, func(r store.Reader) error {
		for _, id := range []string{via, scope.File} {
			key, ok := fileKey(id)
			if !ok {
				return store.ErrNotFound
			}
			if _, err := r.Blob(key); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return FileToken{}, err
	}
	out := FileToken{File: scope.File, Level: fileScopeWord(scope.Level), Scope: scope.String()}
	out.SignIn, err = s.ScopedToken(ctx, who, []string{scope.String()}, 0)
	return out, err
}

// ProxyToken gives a caller a token for the host of an identity, "" for their
// own: of themselves, or a community that they own or lead. Errors: NotFound, Forbidden for anybody else's.
func (s *Site) ProxyToken(ctx context.Context, who access.Principal, idTag string) (in SignIn, err error) {
	if idTag != "" {
		err = s.data.View(ctx, func(r store.Reader) error {
			rec, err := s.byIDTag(r, idTag)
			if err != nil || rec.ID == who.Subject {
				return err
			}
			if rec.Type == profile.User || !rec.Type.IsSubject() {
				return notAllowed()
			}
			is, err := s.relationTo(r, who, rec)
			if err == nil && !is.Has(access.Manager|access.Leader) {
				err = notAllowed()
			}
			return err
		})
	}
	if err != nil {
		return SignIn{}, err
	}
	return s.Renew(ctx, who)
}
