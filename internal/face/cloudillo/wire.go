package cloudillo

import (
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
)

// The published JSON. Every answer is in an envelope; what is not set is left
// out, since the published client takes null for an error.

// envelope is the form of every answer that is not an error.
type envelope struct {
	Data   any     `json:"data"`
	FileID string  `json:"fileId,omitempty"` // of uploads, where the published client reads it
	Type   string  `json:"type,omitempty"`
	Pages  *pages  `json:"pagination,omitzero"` // of lists that are shown whole
	Cursor *cursor `json:"cursorPagination,omitzero"`
	Time   string  `json:"time"`
	ReqID  string  `json:"reqId"`
}

// pages is the older form of paging, of a list that is shown whole.
type pages struct {
	Offset int `json:"offset"`
	Limit  int `json:"limit"`
	Total  int `json:"total"`
}

// cursor tells whether a list goes on. At its end nextCursor is null, and not
// left out: so the client has it.
type cursor struct {
	Next *string `json:"nextCursor"`
	More bool    `json:"hasMore"`
}

// signedIn is POST /api/auth/login and POST /api/profiles/register. The
// profilePic is there even when it is empty: the client wants it.
type signedIn struct {
	TnID       int64      `json:"tnId"`
	IDTag      string     `json:"idTag"`
	Name       string     `json:"name"`
	Token      string     `json:"token"` // JWT
	Roles      []string   `json:"roles"`
	ProfilePic string     `json:"profilePic"`
	Settings   []struct{} `json:"settings"`
	ExpiresAt  string     `json:"expiresAt,omitempty"` // of the token, where it is had for another
	Success    bool       `json:"success,omitzero"`    // true for a password that was set
}

// loggedIn and notLoggedIn are POST /api/auth/login-init. There is no other way
// to sign in than by password: the client takes empty texts, and null, for none.
type loggedIn struct {
	Status string   `json:"status"` // authenticated
	Login  signedIn `json:"login"`
}

type notLoggedIn struct {
	Status   string    `json:"status"` // unauthenticated
	QRLogin  qrLogin   `json:"qrLogin"`
	WebAuthn *struct{} `json:"webAuthn"` // null
}

type qrLogin struct {
	SessionID string `json:"sessionId"` // ""
	Secret    string `json:"secret"`    // ""
}

// tokenAnswer is GET /api/auth/access-token. What is about a file is there for a
// ref and by way of another file.
type tokenAnswer struct {
	Token       string `json:"token"`
	ResourceID  string `json:"resourceId,omitempty"`
	AccessLevel string `json:"accessLevel,omitempty"` // read, comment, write
	Scope       string `json:"scope,omitempty"`
	ExpiresAt   int64  `json:"expiresAt"` // seconds since 1970, as the client reads it
	Params      string `json:"params,omitempty"`
}

// proxyAnswer is GET /api/auth/proxy-token.
type proxyAnswer struct {
	Token string   `json:"token"`
	Roles []string `json:"roles"`
}

// apiKey is what /api/auth/api-keys tells of a key. The client reads numbers for
// times: seconds since 1970.
type apiKey struct {
	KeyID        int64  `json:"keyId"`
	KeyPrefix    string `json:"keyPrefix"`
	PlaintextKey string `json:"plaintextKey,omitempty"` // right after it was made
	Name         string `json:"name,omitempty"`
	Scopes       string `json:"scopes,omitempty"` // with commas
	ExpiresAt    int64  `json:"expiresAt,omitzero"`
	CreatedAt    int64  `json:"createdAt"`
}

// mailed is POST /api/auth/forgot-password.
type mailed struct {
	Message string `json:"message"`
	Sent    bool   `json:"sent"` // true, whatever was done
}

// identity is what everybody sees of a profile, and GET /api/profiles/batch.
type identity struct {
	IDTag      string `json:"idTag"`
	Name       string `json:"name"`
	Type       string `json:"type"` // person, community
	ProfilePic string `json:"profilePic,omitempty"`
}

// self is GET /api/me. Number, cover and x are the owner's to see.
type self struct {
	TnID int64 `json:"tnId,omitzero"`
	identity
	CoverPic string            `json:"coverPic,omitempty"`
	X        map[string]string `json:"x,omitempty"`
	Settings *settings         `json:"settings,omitempty"`
	Keys     []struct{}        `json:"keys"` // for signed actions between servers: there are none
}

// settings are how a community is run.
type settings struct {
	ConnectionMode directory.ConnectionMode `json:"connectionMode"` // A, M, I
	AllowFollowers bool                     `json:"allowFollowers"`
}

// updated is the answer to changes of a profile: flat, as the page has it, and
// nested, as the client reads it.
type updated struct {
	self
	CreatedAt string  `json:"createdAt"`
	Profile   ownView `json:"profile"`
}

type ownView struct {
	identity
	X         map[string]string `json:"x,omitempty"`
	CreatedAt string            `json:"createdAt"`
}

// community is PUT /api/profiles/{idTag}.
type community struct {
	identity
	CreatedAt string `json:"createdAt"`
}

// listed is a profile as the caller holds it. What they are to each other is
// left out where there is nothing, as with oneself, or where it is not the
// caller's to see.
type listed struct {
	identity
	Status string `json:"status"` // A active, B blocked, M muted, S suspended
	*held
	Roles []string `json:"roles,omitempty"` // in a community, else labels of the account
	Owner bool     `json:"owner,omitzero"`  // of the community that holds it
}

// held is what a profile is to the caller.
type held struct {
	Connected    jsontext.Value  `json:"connected"`      // true, false, or "R": asked for
	Connection   string          `json:"connection"`     // connected, pending, disconnected
	Asked        bool            `json:"asked,omitzero"` // it asked to be connected, and has no answer
	Following    bool            `json:"following"`
	Follower     bool            `json:"follower"`
	Trust        directory.Trust `json:"trust,omitempty"` // always, never
	HiddenInHome bool            `json:"hiddenInHome,omitzero"`
}

// refreshed is POST /api/profiles/{idTag}/refresh.
type refreshed struct {
	identity
	Status    string `json:"status"`
	CreatedAt string `json:"createdAt"`
}

// related is PATCH /api/profiles/{idTag}.
type related struct {
	IDTag        string         `json:"idTag"`
	Relationship directory.Move `json:"relationship"`
	UpdatedAt    string         `json:"updatedAt"`
	Status       string         `json:"status"`
	*held
}

// fullSelf is GET /api/me/full: x as far as the caller may see it, and for the
// owner how many relationships there are.
type fullSelf struct {
	self
	Counts *counts `json:"counts,omitempty"`
}

// counts are numbers of relationships, each counted up to a bound.
type counts struct {
	Followers int64 `json:"followers"`
	Following int64 `json:"following"`
	Connected int64 `json:"connected"`
	Pending   int64 `json:"pending"` // asked for
	Asked     int64 `json:"asked"`   // that wait for an answer
	Blocked   int64 `json:"blocked"`
	Muted     int64 `json:"muted"`
	Capped    bool  `json:"capped,omitzero"` // some are more
}

// administered is PATCH /api/admin/profiles/{idTag}: words, and the letters of
// the client within.
type administered struct {
	TnID int64 `json:"tnId"`
	identity
	Status     string    `json:"status"` // of the account: active, suspended, banned; of a member: active, muted, blocked
	Roles      []string  `json:"roles,omitempty"`
	Connection string    `json:"connection,omitempty"` // of a member: connected, pending, disconnected
	Owner      bool      `json:"owner,omitzero"`       // of the community
	Profile    adminView `json:"profile"`
}

type adminView struct {
	identity
	Status string   `json:"status"`
	Roles  []string `json:"roles,omitempty"`
}

// uploadedImage and uploadedCover are PUT /api/me/image and /api/me/cover.
type uploadedImage struct {
	ProfilePic string `json:"profilePic"`
	FileID     string `json:"fileId"`
}

type uploadedCover struct {
	CoverPic string `json:"coverPic"`
	FileID   string `json:"fileId"`
}

func iso(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func identityOf(s *directory.Site, p *directory.Subject) identity {
	return identity{IDTag: s.IDTag(p), Name: p.FullName(), Type: typeOf(p.Type), ProfilePic: p.Picture()}
}

// typeOf names a kind of profile: there are persons and communities only.
func typeOf(t profile.Type) string {
	if t == profile.User {
		return "person"
	}
	return "community"
}

// selfOf shows a profile, all of it to whom it belongs.
func selfOf(s *directory.Site, p *directory.Subject, whole bool) self {
	out := self{identity: identityOf(s, p), Keys: []struct{}{}}
	if run, ok := p.Settings(); ok {
		out.Settings = &settings{run.ConnectionMode, run.AllowFollowers}
	}
	if whole {
		out.TnID, out.CoverPic, out.X = p.Number, p.Cover(), extraMap(p)
	}
	return out
}

func updatedOf(s *directory.Site, p *directory.Subject) updated {
	whole := selfOf(s, p, true)
	return updated{self: whole, CreatedAt: iso(p.Created), Profile: ownView{whole.identity, whole.X, iso(p.Created)}}
}

func listedOf(s *directory.Site, p *directory.Identity) listed {
	return listed{identity: identityOf(s, &p.Subject), Status: letterOf(p.Status()), held: heldOf(p), Roles: shownRoles(p), Owner: p.Owner}
}

// shownRoles are what a member is in a community, else the labels of an account.
func shownRoles(p *directory.Identity) []string {
	switch {
	case p.Rank > directory.RankFollower:
		return []string{p.Rank.String()}
	case p.Within:
		return nil
	}
	return rolesOf(&p.Subject)
}

func heldOf(p *directory.Identity) *held {
	if !p.Related {
		return nil
	}
	connected := jsontext.Value("false")
	switch {
	case p.Connected:
		connected = jsontext.Value("true")
	case p.Pending:
		connected = jsontext.Value(`"R"`)
	}
	return &held{connected, p.Connection(), p.Asked, p.Following, p.Follower, p.Trust, p.Hidden}
}

func countsOf(c *directory.RelationCounts) *counts {
	capped := false
	count := func(t directory.Total) int64 {
		capped = capped || t.Capped
		return t.Count
	}
	out := counts{
		Followers: count(c.Followers), Following: count(c.Following), Connected: count(c.Connected),
		Pending: count(c.Pending), Asked: count(c.Asked), Blocked: count(c.Blocked), Muted: count(c.Muted),
	}
	out.Capped = capped
	return &out
}

// answer writes data in its envelope.
func answer(w http.ResponseWriter, c *face.Call, status int, data any) error {
	return write(w, c, status, envelope{Data: data})
}

func write(w http.ResponseWriter, c *face.Call, status int, body envelope) error {
	b, err := encode(c, body)
	if err != nil {
		return err
	}
	face.WriteJSON(w, status, b)
	return nil
}

func encode(c *face.Call, body envelope) ([]byte, error) {
	body.Time, body.ReqID = iso(c.Site.Now()), c.ID
	return json.Marshal(body, json.Deterministic(true))
}
