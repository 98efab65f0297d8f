package directory

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"net/url"
	"strconv"
	"time"

	"facet/internal/access"
	"facet/internal/credential"
	"facet/internal/profile"
	"facet/internal/store"
)

// Tokens and codes that API clients issue (Identity Cloud, Authentication API,
// access and oauth/token). An access token is an opaque handle of a session
// whose restriction names the client that issued it, or that it was issued
// for; a refresh token is sealed and names session and generation, so nothing
// of it is stored. Codes are tickets.

// The kinds of ticket that API clients issue.
const (
	ticketAccess       = "access"   // an access token
	ticketAuthorize    = "authcode" // an authorization code
	ticketCreation     = "creation" // a creation token; its subject is the client
	ticketVerification = "verification"
)

// issuedSize is the length of access tokens, codes and creation tokens, lower-case letters and
// digits: 82 bits.
const issuedSize = 16

// MaxLife is the longest life of a code or creation token.
const MaxLife = 30 * 24 * time.Hour

// grantData is what an issued ticket knows beside its subject.
type grantData struct {
	Client   profile.ID      `json:"client"`             // the record of the client it is for
	Session  profile.ID      `json:"session,omitzero"`   // of an access token; of a used authorization code
	Redirect string          `json:"redirect,omitempty"` // of an authorization code
	State    json.RawMessage `json:"state,omitempty"`    // of an authorization code, JSON
	Type     string          `json:"type,omitempty"`     // of a creation token: entity type
	Path     string          `json:"path,omitempty"`     // of a verification code: attribute
	Issuer   profile.ID      `json:"issuer,omitzero"`    // of a verification code: who asked for it
}

// newGrant makes a ticket that lives so long.
func (s *Site) newGrant(subject profile.ID, kind, key string, life time.Duration, data grantData) *store.TicketRow {
	now := s.d.now()
	return &store.TicketRow{
		Digest: credential.Digest(key), Subject: subject, Kind: kind, Data: marshal(data), Uses: 1, Created: now, Expires: now.Add(life),
	}
}

// putGrant keeps a new ticket until it is over.
func (s *Site) putGrant(tx store.Tx, row *store.TicketRow) error {
	if err := tx.PutTicket(row); err != nil {
		return err
	}
	return tx.Enqueue(s.expiryJob(row))
}

// grant reads a ticket of a kind; nil when there is none.
func grant(r store.Reader, kind, key string) (*store.TicketRow, grantData, error) {
	var data grantData
	row, err := r.Ticket(credential.Digest(key))
	if profile.IsKind(err, profile.NotFound) || err == nil && row.Kind != kind {
		return nil, data, nil
	}
	if err != nil {
		return nil, data, err
	}
	return row, data, json.Unmarshal(row.Data, &data)
}

// isIssued reports whether a token has the form of those that API clients
// issue.
func isIssued(token string) bool {
	if len(token) != issuedSize {
		return false
	}
	for i := range len(token) {
		if c := token[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// authenticateIssued is Authenticate for a token that an API client issued: it
// works as long as that client is there.
func (s *Site) authenticateIssued(ctx context.Context, token string) (who access.Principal, err error) {
	err = s.data.View(ctx, func(r store.Reader) error {
		row, data, err := grant(r, ticketAccess, token)
		switch {
		case err != nil:
			return err
		case row == nil:
			return badToken()
		case !row.Expires.After(s.d.now()):
			return profile.E(profile.Expired, profile.CodeExpiredToken, "", "the token is over")
		}
		session, err := r.Session(row.Subject, data.Session)
		if profile.IsKind(err, profile.NotFound) {
			return badToken()
		}
		if err != nil {
			return err
		}
		who, err = actingAs(r, session)
		return err
	})
	if err != nil {
		return access.Principal{}, err
	}
	if _, err := s.clientRecord(ctx, who.Issuer); err != nil {
		if profile.IsCode(err, profile.CodeBadClient) {
			err = badToken()
		}
		return access.Principal{}, err
	}
	return who, nil
}

// forClient finds the record of the client that something is issued for; ""
// is the caller. That of another is for who may issue for all: Forbidden
// otherwise. Invalid with Field "for_client_id" when there is no such client.
func (s *Site) forClient(ctx context.Context, who access.Principal, id string) (profile.ID, error) {
	if id == "" {
		return who.Subject, nil
	}
	e, err := s.client(ctx, id)
	switch {
	case profile.IsCode(err, profile.CodeBadClient):
		if err := access.Admit(access.CreationIssue, who); err != nil {
			return profile.ID{}, err
		}
		return profile.ID{}, profile.E(profile.Invalid, profile.CodeInvalid, "for_client_id", "for_client_id is not a valid id")
	case err != nil:
		return profile.ID{}, err
	case e.who.Subject != who.Subject:
		return e.who.Subject, access.Admit(access.CreationIssue, who)
	}
	return e.who.Subject, nil
}

// grantTo finds the record and the client of something that is issued.
func (s *Site) grantTo(ctx context.Context, perm access.Permission, who access.Principal, typeName string, sel Selector, client string) (*store.Record, profile.ID, error) {
	rec, err := s.selected(ctx, perm, who, typeName, sel)
	if err != nil {
		return nil, profile.ID{}, err
	}
	if rec.State != profile.Active {
		return nil, profile.ID{}, noGrant("the record is disabled")
	}
	id, err := s.forClient(ctx, who, client)
	return rec, id, err
}

func noGrant(why string) error {
	return profile.E(profile.Expired, profile.CodeNoGrant, "", "%s", why)
}

// IssueToken makes an access token of one hour for a record. Errors: Forbidden,
// NotFound, Expired/CodeNoGrant for a disabled record, Invalid with Field
// "for_client_id" and as Entity.
func (s *Site) IssueToken(ctx context.Context, who access.Principal, typeName string, sel Selector, client string) (string, error) {
	rec, id, err := s.grantTo(ctx, access.TokenIssue, who, typeName, sel, client)
	if err != nil {
		return "", err
	}
	token := credential.NewAlnum(issuedSize)
	row := s.clientSession(rec.ID, id, accessLife)
	err = s.data.Update(ctx, func(tx store.Tx) error {
		if err := lockActive(tx, rec.ID); err != nil {
			return err
		}
		if err := tx.Log(s.event(who.Subject, "token.issued", rec.ID)); err != nil {
			return err
		}
		return s.putSession(tx, row, token, id)
	})
	return token, err
}

// lockActive keeps a record as it is until the transaction ends, and refuses
// one that was disabled: disabling ends its sessions, and no new one may slip
// past it.
func lockActive(tx store.Tx, id profile.ID) error {
	if err := tx.Lock(id); err != nil {
		return err
	}
	rec, err := tx.Record(id)
	if err == nil && rec.State != profile.Active {
		err = noGrant("the record is disabled")
	}
	return err
}

// clientSession makes the row of a session of a record's, for a client.
func (s *Site) clientSession(subject, client profile.ID, life time.Duration) *store.Session {
	row := s.newSession(subject, access.Restriction{Kind: access.ClientSchema, Client: client}, Exchanged)
	row.Expires = row.Created.Add(life)
	return row
}

// putSession keeps a new session and its first access token.
func (s *Site) putSession(tx store.Tx, row *store.Session, token string, client profile.ID) error {
	if err := tx.PutSession(row); err != nil {
		return err
	}
	if err := tx.Enqueue(sessionExpiryJob(s.id, row)); err != nil {
		return err
	}
	return s.putToken(tx, row, token, client)
}

func (s *Site) putToken(tx store.Tx, row *store.Session, token string, client profile.ID) error {
	return s.putGrant(tx, s.newGrant(row.Subject, ticketAccess, token, accessLife, grantData{Client: client, Session: row.ID}))
}

// revokeTokens ends, in the transaction, every session of a record and every
// code and link from which one could begin: tokens of all faces stop at once.
func (s *Site) revokeTokens(tx store.Tx, id profile.ID) error {
	if err := tx.DropSessions(id); err != nil {
		return err
	}
	for _, kind := range []string{ticketAccess, ticketAuthorize, string(RefPassword)} {
		rows, err := tx.Tickets(id, kind)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := tx.DropTicket(row.Digest); err != nil {
				return err
			}
		}
	}
	return nil
}

// AuthorizationCode asks for a code that is exchanged for tokens.
type AuthorizationCode struct {
	Redirect string        // an absolute URI; exchanging the code names the same
	State    []byte        // JSON that the exchange answers; nil for none
	Life     time.Duration // of the code, up to MaxLife
	Client   string        // "" is the caller
}

const maxState, maxRedirect = 4 << 10, 2000 // bytes

// IssueCode makes an authorization code for a record. Errors: as IssueToken;
// Invalid with Field "redirect_uri" or "transaction_state".
func (s *Site) IssueCode(ctx context.Context, who access.Principal, typeName string, sel Selector, in AuthorizationCode) (string, error) {
	rec, id, err := s.grantTo(ctx, access.TokenIssue, who, typeName, sel, in.Client)
	if err != nil {
		return "", err
	}
	if u, err := url.Parse(in.Redirect); err != nil || u.Scheme == "" || len(in.Redirect) > maxRedirect {
		return "", profile.E(profile.Invalid, profile.CodeInvalid, "redirect_uri", "it is not an absolute URI of %d bytes at most", maxRedirect)
	}
	if len(in.State) > maxState {
		return "", profile.E(profile.Invalid, profile.CodeInvalid, "transaction_state", "it is longer than %d bytes", maxState)
	}
	code := credential.NewAlnum(issuedSize)
	row := s.newGrant(rec.ID, ticketAuthorize, code, in.Life, grantData{Client: id, Redirect: in.Redirect, State: in.State})
	return code, s.data.Update(ctx, func(tx store.Tx) error {
		if err := lockActive(tx, rec.ID); err != nil {
			return err
		}
		if err := tx.Log(s.event(who.Subject, "code.issued", rec.ID)); err != nil {
			return err
		}
		return s.putGrant(tx, row)
	})
}

// ClientTokens are what a code or a refresh token is exchanged for.
type ClientTokens struct {
	Access  string
	Life    time.Duration // of the access token
	Refresh string
	State   []byte // JSON that came with the code, nil for none
}

// ExchangeCode uses an authorization code up. One that was used ends the
// session that came of it (RFC 6749, section 4.1.2). Errors: Forbidden;
// Invalid/CodeAuthorizationCode for a code that is unknown, used or another
// client's, Expired/CodeAuthorizationOver, Invalid/CodeRedirectURI,
// Expired/CodeNoGrant.
func (s *Site) ExchangeCode(ctx context.Context, who access.Principal, code, redirect string) (ClientTokens, error) {
	if err := access.Admit(access.TokenExchange, who); err != nil {
		return ClientTokens{}, err
	}
	token := credential.NewAlnum(issuedSize)
	var session *store.Session
	var data grantData
	var refused error
	err := s.data.Update(ctx, func(tx store.Tx) error {
		refused = nil
		row, _, err := grant(tx, ticketAuthorize, code)
		if err != nil || row == nil {
			return joinErr(err, badCode())
		}
		if err := tx.Lock(row.Subject); err != nil { // of two that exchange a code at once, one does
			return err
		}
		row, data, err = grant(tx, ticketAuthorize, code)
		switch {
		case err != nil:
			return err
		case row == nil || data.Client != who.Subject:
			return badCode()
		case row.Uses == 0:
			refused = badCode()
			return tx.DropSession(row.Subject, data.Session)
		case !row.Expires.After(s.d.now()):
			return profile.E(profile.Expired, profile.CodeAuthorizationOver, "", "authorization_code expired")
		case data.Redirect != redirect:
			e := profile.E(profile.Invalid, profile.CodeRedirectURI, "", "redirect_uri is not that of the authorization_code")
			e.Detail = map[string]any{"expected_value": data.Redirect, "supplied_value": redirect}
			return e
		}
		if err := lockActive(tx, row.Subject); err != nil {
			return err
		}
		session = s.clientSession(row.Subject, who.Subject, refreshLife)
		session.Generation = 1
		data.Session = session.ID
		row.Uses, row.Data = 0, marshal(data)
		if err := tx.PutTicket(row); err != nil {
			return err
		}
		if err := tx.Log(s.event(who.Subject, "token.issued", row.Subject)); err != nil {
			return err
		}
		return s.putSession(tx, session, token, who.Subject)
	})
	if err = joinErr(err, refused); err != nil {
		return ClientTokens{}, err
	}
	return ClientTokens{token, accessLife, s.sealRefresh(session), data.State}, nil
}

func badCode() error {
	return profile.E(profile.Invalid, profile.CodeAuthorizationCode, "authorization_code", "authorization_code is not valid")
}

// refreshContext keeps a sealed refresh token from being anything else, and on
// its site.
func (s *Site) refreshContext() []byte {
	return []byte("refresh token of site " + strconv.FormatInt(int64(s.id), 10))
}

// sealRefresh makes the refresh token of a session's generation.
func (s *Site) sealRefresh(row *store.Session) string {
	plain := append(append(make([]byte, 0, 40), row.Subject[:]...), row.ID[:]...)
	return credential.Base64(s.d.dataKey.Seal(binary.BigEndian.AppendUint64(plain, uint64(row.Generation)), s.refreshContext()))
}

// openRefresh reads a refresh token; ok is false for what is none of ours.
func (s *Site) openRefresh(token string) (subject, session profile.ID, generation int64, ok bool) {
	sealed, err := credential.FromBase64(token)
	if err != nil {
		return subject, session, 0, false
	}
	plain, err := s.d.dataKey.Open(sealed, s.refreshContext())
	if err != nil || len(plain) != 40 {
		return subject, session, 0, false
	}
	copy(subject[:], plain)
	copy(session[:], plain[16:])
	return subject, session, int64(binary.BigEndian.Uint64(plain[32:])), true
}

// RefreshIssued rotates a refresh token that came of an authorization code, as
// Refresh does. Errors: Forbidden; Invalid/CodeRefreshToken for one that is
// forged, another client's or used before; Expired/CodeNoGrant when its session
// is gone or over.
func (s *Site) RefreshIssued(ctx context.Context, who access.Principal, refresh string) (ClientTokens, error) {
	if err := access.Admit(access.TokenExchange, who); err != nil {
		return ClientTokens{}, err
	}
	bad := profile.E(profile.Invalid, profile.CodeRefreshToken, "refresh_token", "refresh_token is not valid")
	subject, id, generation, ok := s.openRefresh(refresh)
	if !ok {
		return ClientTokens{}, bad
	}
	token := credential.NewAlnum(issuedSize)
	var row *store.Session
	var refused error
	gone := noGrant("there is no access grant for the refresh_token")
	err := s.data.Update(ctx, func(tx store.Tx) (err error) {
		refused = nil
		if err := tx.Lock(subject); err != nil { // of two that use it at once, one rotates it
			return orGone(err, gone)
		}
		row, err = tx.Session(subject, id)
		if err == nil && !row.Expires.After(s.d.now()) {
			err = gone
		}
		if err != nil {
			return orGone(err, gone)
		}
		of, err := actingAs(tx, row)
		if err != nil {
			return err
		}
		if of.Issuer != who.Subject {
			return bad
		}
		reused, err := s.rotate(tx, row, generation)
		if err != nil || reused {
			refused = bad
			return err
		}
		return s.putToken(tx, row, token, who.Subject)
	})
	if err = joinErr(err, refused); err != nil {
		return ClientTokens{}, err
	}
	return ClientTokens{Access: token, Life: accessLife, Refresh: s.sealRefresh(row)}, nil
}

// orGone says of what is not there that it is gone.
func orGone(err, gone error) error {
	if profile.IsKind(err, profile.NotFound) {
		return gone
	}
	return err
}

// IssueCreation makes a token by which whoever has it makes records of a type
// for a client (access/getCreationToken), until it is over. Errors: Forbidden,
// Unknown/CodeUnknownType, Invalid with Field "for_client_id".
func (s *Site) IssueCreation(ctx context.Context, who access.Principal, typeName string, life time.Duration, client string) (string, error) {
	if err := access.Admit(access.CreationIssue, who); err != nil {
		return "", err
	}
	if _, err := s.table().named(typeName); err != nil {
		return "", err
	}
	id, err := s.forClient(ctx, who, client)
	if err != nil {
		return "", err
	}
	token := credential.NewAlnum(issuedSize)
	row := s.newGrant(id, ticketCreation, token, life, grantData{Client: id, Type: typeName})
	row.Uses = -1
	return token, s.data.Update(ctx, func(tx store.Tx) error {
		if err := tx.Lock(id); err != nil {
			return noClient(err, "for_client_id")
		}
		if err := tx.Log(s.event(who.Subject, "creation.issued", id)); err != nil {
			return err
		}
		return s.putGrant(tx, row)
	})
}

// AuthenticateCreation reads a creation token: the client, restricted to make
// records of one type. Errors: Expired/CodeCreationOver, also for a token that
// nobody issued.
func (s *Site) AuthenticateCreation(ctx context.Context, token string) (who access.Principal, err error) {
	err = s.data.View(ctx, func(r store.Reader) error {
		row, data, err := grant(r, ticketCreation, token)
		if err != nil {
			return err
		}
		if row == nil || !row.Expires.After(s.d.now()) {
			return profile.E(profile.Expired, profile.CodeCreationOver, "", "creation_token expired")
		}
		who = access.Principal{
			Subject: data.Client, Client: true, Features: []access.Feature{access.DirectAccess}, Issuer: data.Client,
			Restriction: access.Restriction{Kind: access.Creation, Client: data.Client, Makes: data.Type},
		}
		return nil
	})
	return who, err
}

// mayMake refuses a creation token that is for another type.
func mayMake(who access.Principal, typeName string) error {
	if who.Restriction.Kind == access.Creation && who.Restriction.Makes != typeName {
		return profile.E(profile.Forbidden, profile.CodeForbidden, "", "not allowed")
	}
	return nil
}
