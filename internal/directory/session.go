package directory

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"facet/internal/access"
	"facet/internal/credential"
	"facet/internal/profile"
	"facet/internal/store"
)

const (
	accessLife  = time.Hour
	refreshLife = 30 * 24 * time.Hour
)

// SignIn is what a caller gets for signing in, registering or renewing.
type SignIn struct {
	Subject        Subject
	Session        profile.ID
	Token          string // JWT, EdDSA
	Expires        time.Time
	Refresh        string // "" where the face has no refresh tokens
	RefreshExpires time.Time
}

// TokenUse says for which face's way of renewing a session is made.
type TokenUse uint8

const (
	// Exchanged tokens are renewed, while valid, for a new one of the same
	// session (DjaoApp).
	Exchanged TokenUse = iota
	// Refreshed tokens live an hour and come with a rotating refresh token.
	Refreshed
)

// newSession makes the row of a session that begins now.
func (s *Site) newSession(subject profile.ID, restriction access.Restriction, use TokenUse) *store.Session {
	now := s.d.now()
	row := &store.Session{
		ID: profile.NewIDIn(now, subject.Bucket()), Subject: subject,
		Created: now, Expires: now.Add(refreshLife),
	}
	if !restriction.IsZero() {
		row.Restriction = marshal(restriction)
	}
	if use == Refreshed {
		row.Generation = 1
	}
	return row
}

// The types of token, as the claim "type" names them. One is never taken for
// the other.
const (
	typeClaim      = "type"
	accessToken    = "access"
	refreshToken   = "refresh"
	cookieToken    = "cookie" // lives as long as its session
	generationName = "gen"    // of a refresh token
)

// issue signs the tokens of a session that is in the store.
func (s *Site) issue(ctx context.Context, row *store.Session) (SignIn, error) {
	now := s.d.now()
	life := accessLife
	if row.Generation == 0 {
		life = s.Policy().accessLife()
	}
	out := SignIn{Session: row.ID, Expires: earlier(now.Add(life), row.Expires)}
	extra, err := s.claims(ctx, row, &out.Subject)
	if err != nil {
		return SignIn{}, err
	}
	extra[typeClaim] = accessToken
	out.Token, err = s.keys.Sign(credential.Claims{
		Subject: row.Subject, Session: row.ID.String(), ID: profile.NewIDIn(now, row.Subject.Bucket()).String(),
		Issued: now, Expires: out.Expires, Extra: extra,
	})
	if err != nil || row.Generation <= 0 {
		return out, err
	}
	extra[typeClaim], extra[generationName] = refreshToken, row.Generation
	out.RefreshExpires = row.Expires
	out.Refresh, err = s.keys.Sign(credential.Claims{
		Subject: row.Subject, Session: row.ID.String(), ID: row.ID.String() + "." + strconv.FormatInt(row.Generation, 10),
		Issued: row.Expires.Add(-refreshLife), Expires: row.Expires, Extra: extra,
	})
	return out, err
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// claims are the hints that the five published systems put into their tokens.
// The session row decides; no claim is ever trusted.
func (s *Site) claims(ctx context.Context, row *store.Session, subject *Subject) (map[string]any, error) {
	var extra map[string]any
	err := s.data.View(ctx, func(r store.Reader) error {
		rec, err := r.Record(row.Subject)
		if err != nil {
			return err
		}
		*subject = subjectOf(rec)
		if subject.Personal, err = isPersonal(r, rec.ID); err != nil {
			return err
		}
		who, err := actingAs(r, row)
		if err != nil {
			return err
		}
		if who.Restriction.Kind == access.Scoped { // whoever has it need not know more of whom it came
			extra = map[string]any{"idTag": s.IDTag(subject), "scope": strings.Join(who.Restriction.Scopes, ",")}
			return nil
		}
		is, err := s.relationTo(r, who, nil)
		if err != nil {
			return err
		}
		email := subject.Text("email")
		roles := "user"
		if is.Has(access.Broker) {
			roles = "user,admin"
		}
		extra = map[string]any{
			"username": subject.Slug, "slug": subject.Slug, "email": email, "full_name": subject.FullName(),
			"UserID": rec.ID.String(), "Email": email, "Username": subject.Slug, "Operator": is.Has(access.Broker),
			"idTag": s.IDTag(subject), "tnId": rec.Number, "r": roles,
			"data": map[string]any{"userId": strconv.FormatInt(rec.Number, 10), "user_email": email},
		}
		if rec.Type != profile.User { // a group has no household
			return nil
		}
		member, err := memberActing(r, who)
		if err != nil {
			return err
		}
		id := member.ID.String()
		extra["profile"] = memberClaim(member)
		extra["user_profile_id"], extra["profile_id"] = id, id
		return nil
	})
	return extra, err
}

// Cookie gives what a browser keeps of a session that has just begun, and
// until when: it acts for the session as long as that lives.
func (s *Site) Cookie(ctx context.Context, in SignIn) (value string, until time.Time, err error) {
	row, err := s.session(ctx, in.Subject.ID, in.Session)
	if err != nil {
		return "", time.Time{}, err
	}
	value, err = s.keys.Sign(credential.Claims{
		Subject: row.Subject, Session: row.ID.String(), ID: row.ID.String(), Issued: s.d.now(), Expires: row.Expires,
		Extra: map[string]any{typeClaim: cookieToken},
	})
	return value, row.Expires, err
}

// Authenticate reads a token and asks the live session row, and the profile
// that it acts as. Errors: Unauthenticated/CodeBadToken or CodeMemberGone,
// Expired/CodeExpiredToken.
func (s *Site) Authenticate(ctx context.Context, token string) (access.Principal, error) {
	return s.authenticate(ctx, token, accessToken)
}

// AuthenticateCookie is Authenticate for what a browser keeps.
func (s *Site) AuthenticateCookie(ctx context.Context, value string) (access.Principal, error) {
	return s.authenticate(ctx, value, cookieToken)
}

func (s *Site) authenticate(ctx context.Context, token, kind string) (access.Principal, error) {
	if kind == accessToken && isIssued(token) {
		return s.authenticateIssued(ctx, token)
	}
	claims, id, err := s.verify(token, kind)
	if err != nil {
		return access.Principal{}, err
	}
	var who access.Principal
	err = s.data.View(ctx, func(r store.Reader) error {
		row, err := s.liveSession(r, claims.Subject, id)
		if err != nil {
			return err
		}
		if who, err = actingAs(r, row); err == nil && who.Restriction.Key != 0 {
			_, err = s.keyEnds(r, who.Subject, who.Restriction.Key)
		}
		return err
	})
	return who, err
}

// verify reads a token of one type of ours, and the session it names.
func (s *Site) verify(token, kind string) (credential.Claims, profile.ID, error) {
	claims, err := s.keys.Verify(token, s.d.now())
	if claims.Extra[typeClaim] != kind {
		return credential.Claims{}, profile.ID{}, badToken()
	}
	if err != nil {
		return credential.Claims{}, profile.ID{}, err
	}
	id, err := profile.ParseID(claims.Session)
	if err != nil {
		return credential.Claims{}, profile.ID{}, badToken()
	}
	return claims, id, nil
}

// session reads a live session row: Unauthenticated when it is gone or over.
func (s *Site) session(ctx context.Context, subject, id profile.ID) (*store.Session, error) {
	var row *store.Session
	err := s.data.View(ctx, func(r store.Reader) (err error) {
		row, err = s.liveSession(r, subject, id)
		return err
	})
	return row, err
}

func (s *Site) liveSession(r store.Reader, subject, id profile.ID) (*store.Session, error) {
	row, err := r.Session(subject, id)
	if profile.IsKind(err, profile.NotFound) {
		return nil, badToken()
	}
	if err == nil && !row.Expires.After(s.d.now()) {
		return nil, profile.E(profile.Expired, profile.CodeExpiredToken, "", "the session is over")
	}
	return row, err
}

func badToken() error {
	return profile.E(profile.Unauthenticated, profile.CodeBadToken, "", "invalid token")
}

// CheckToken says whether a token is one that works: nil, or the error of
// Authenticate.
func (s *Site) CheckToken(ctx context.Context, token string) error {
	_, err := s.Authenticate(ctx, token)
	return err
}

// Exchange gives a new token of the same session for one that is still valid;
// the restriction stays. A token of somebody else is Forbidden.
func (s *Site) Exchange(ctx context.Context, who access.Principal, token string) (SignIn, error) {
	if err := access.Admit(access.SessionRenew, who); err != nil {
		return SignIn{}, err
	}
	of, err := s.Authenticate(ctx, token)
	if err != nil {
		return SignIn{}, err
	}
	if of.Subject != who.Subject {
		return SignIn{}, profile.E(profile.Forbidden, profile.CodeForbidden, "", "the token is not the caller's")
	}
	if err := access.Admit(access.SessionRenew, of); err != nil {
		return SignIn{}, err
	}
	return s.renewed(ctx, of)
}

// renewed gives a new token of the caller's session: refreshIsOff where its
// renewing was ended.
func (s *Site) renewed(ctx context.Context, who access.Principal) (SignIn, error) {
	row, err := s.session(ctx, who.Subject, who.Session)
	if err != nil {
		return SignIn{}, err
	}
	if row.Generation == refreshOff {
		return SignIn{}, refreshIsOff()
	}
	return s.issue(ctx, row)
}

// Logout ends the caller's session, and those that came of it: their tokens stop at once. Nobody, and a
// session that is gone, is no error.
func (s *Site) Logout(ctx context.Context, who access.Principal) error {
	if who.Session.IsZero() {
		return nil
	}
	return s.data.Update(byNobody(ctx), func(tx store.Tx) error {
		if err := dropSessionsOf(tx, who.Subject, func(r access.Restriction) bool { return r.From == who.Session }); err != nil {
			return err
		}
		return tx.DropSession(who.Subject, who.Session)
	})
}

// Refresh tokens name subject, session and generation, and are authentic by
// their signature: nothing of them is stored, and a forged one cannot touch a
// session. The generation decides: the present one moves on; the one before
// gives the present one again, as often as an answer gets lost, until the
// present one is first used; any older one is a stolen copy and ends the
// session (RFC 9700, section 4.14).

// Refresh rotates a refresh token. Errors: Unauthenticated/CodeBadToken (also
// for one used before, whose session is ended), Expired.
func (s *Site) Refresh(ctx context.Context, token string) (SignIn, error) {
	claims, id, err := s.verify(token, refreshToken)
	if err != nil {
		return SignIn{}, err
	}
	subject := claims.Subject
	text, _ := claims.Extra[generationName].(json.Number)
	generation, err := text.Int64()
	if err != nil {
		return SignIn{}, badToken()
	}
	var row *store.Session
	reused := false
	err = s.data.Update(ctx, func(tx store.Tx) (err error) {
		reused = false
		if row, err = s.liveSession(tx, subject, id); err != nil {
			return err
		}
		who, err := actingAs(tx, row)
		gone := profile.IsCode(err, profile.CodeMemberGone)
		if err != nil && !gone {
			return err
		}
		if err := access.Admit(access.SessionRenew, who); err != nil {
			return err
		}
		if row.Generation == refreshOff {
			return refreshIsOff()
		}
		if gone { // it goes on as the default profile
			row.Restriction = nil
			if err := tx.PutSession(row); err != nil {
				return err
			}
		}
		reused, err = s.rotate(tx, row, generation)
		return err
	})
	if err == nil && reused {
		return SignIn{}, badToken()
	}
	if err != nil {
		return SignIn{}, err
	}
	return s.issue(ctx, row)
}

// rotate uses a refresh token of a generation of the session: reused tells that
// it was a stolen copy, and that the session has ended.
func (s *Site) rotate(tx store.Tx, row *store.Session, generation int64) (reused bool, err error) {
	switch generation {
	case row.Generation:
		row.Generation++
		row.Expires = s.d.now().Add(refreshLife)
		return false, tx.PutSession(row)
	case row.Generation - 1:
		return false, nil
	default:
		return true, tx.DropSession(row.Subject, row.ID)
	}
}
