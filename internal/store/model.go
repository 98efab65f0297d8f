package store

import (
	"time"

	"facet/internal/profile"
)

// SiteID numbers the sites of one store, from 1.
type SiteID int64

// SiteInfo is one isolated tenant.
type SiteInfo struct {
	ID      SiteID
	Name    string // short handle for the command line, unique
	Domain  string // what follows the @ in the site's idtags, unique
	Policy  []byte // JSON; package directory gives it meaning
	Default bool   // answers hosts that no site lists; at most one
	Hosts   []string
	Created time.Time
}

// Record is a thing with id, type, JSON, version and times. Attrs is governed
// by the entity type; Extras holds what single faces keep, one object a face.
type Record struct {
	ID        profile.ID
	Bucket    profile.Bucket // Owner.Bucket(), or ID.Bucket() without owner; for life
	Type      profile.Type
	Number    int64      // from the site's one sequence
	Owner     profile.ID // zero: the site
	Creator   profile.ID // the subject that created it, zero: the operator or the system
	Attrs     []byte     // JSON object, exact text
	Extras    []byte     // JSON object, exact text
	Names     []profile.Name
	Sort      string // folded name for lists
	State     profile.State
	Password  string // kind of the password hash, "" when none; the hash itself is a Secret
	Version   int64  // 1 when created, +1 a change
	Created   time.Time
	Updated   time.Time
	LastLogin time.Time // zero: never; written without version or event

	// What lookups need, computed by the caller before Create, Save and
	// Remove; never filled by reads.
	Index  []Indexed // attribute rows
	Search string    // folded text for contains; "" keeps the record out of searches

	// Shape is the caller's own note of the entity types that the record was
	// worked out by. Stores neither keep it nor look at it.
	Shape any
}

// Creation is a record to be made, with what comes with it.
type Creation struct {
	Record  *Record
	Event   Event
	Secrets []*Secret // whose Subject is the record
	Links   []*Link   // from the record to itself
	Highest int64     // of the numbers that its JSON brings: the sequence passes over it, as over its own
}

// Name gives the record's name in a space, "" when it has none.
func (r *Record) Name(space profile.Space) string {
	for i := range r.Names {
		if r.Names[i].Space == space {
			return r.Names[i].AsTyped()
		}
	}
	return ""
}

// Indexed is one value by which records are found, normalised so that byte
// order is the attribute's order.
type Indexed struct {
	Path  string
	Value string
}

// Range selects index values: Low <= value <= High; High "" has no bound.
type Range struct {
	Path string
	Low  string
	High string
}

// Position orders events as readers see them commit. A restore starts a new
// epoch.
type Position struct {
	Epoch, Tx, Seq int64
}

// Event is what changed, by whom, when; it is written with the change. Replaced
// holds what the change replaced, nil for a creation; it is kept beside the
// subject and goes when the subject is erased.
type Event struct {
	Position Position // given by the store
	At       time.Time
	Actor    profile.ID
	Subject  profile.ID
	Kind     string   // "user.created", "subscription.granted" …
	Paths    []string // what was touched; names only, never values
	Version  int64    // of the subject after the change; 0 when its record did not change
	Replaced []byte   // JSON, see Replaced
}

// Version is one state of a record, read backwards from its events.
type Version struct {
	Version int64
	At      time.Time
	Actor   profile.ID
	Kind    string
	Attrs   []byte
	Extras  []byte

	Password string    // kind of its password hash then
	Updated  time.Time // the record's own time of change then
}

// LinkState is where a link stands in its life.
type LinkState string

// The states of a link.
const (
	LinkActive    LinkState = "active"
	LinkInvited   LinkState = "invited"   // offered by dst's side, waits for src
	LinkRequested LinkState = "requested" // asked for by src's side, waits for dst
	LinkEnded     LinkState = "ended"     // kept as history
)

// LinkKind is the type of a link.
type LinkKind string

// The kinds of link.
const (
	RoleLink         LinkKind = "role"         // user -> profile; attrs {"role":"manager"}
	SubscriptionLink LinkKind = "subscription" // profile -> plan; repeats in time, keyed by number
	FollowLink       LinkKind = "follow"       // profile -> profile it follows
	ConnectLink      LinkKind = "connect"      // profile -> profile it asked (requested), or agreed, to be connected with (active, both ways)
	BlockLink        LinkKind = "block"        // profile -> profile it lets nothing through of
	SignatureLink    LinkKind = "signature"    // user -> agreement it signed; attrs tell when
	MuteLink         LinkKind = "mute"         // profile -> profile it does not show
	NoteLink         LinkKind = "note"         // subject -> note that names it
	TrustLink        LinkKind = "trust"        // profile -> profile it trusts, always or never: the tag
	HideLink         LinkKind = "hide"         // profile -> profile it does not show at home
)

// Link is a directed, typed, stateful edge between two records.
type Link struct {
	Src     profile.ID
	Kind    LinkKind
	Dst     profile.ID
	Key     string // "" or a number
	Tag     string // what it is listed under: of a role the slug of its type, else ""
	State   LinkState
	Attrs   []byte // JSON object; not in reverse listings
	Created time.Time
	EndsAt  time.Time // zero: no end
}

// LinkQuery selects the links that leave, or reach, one record.
type LinkQuery struct {
	Kind   LinkKind
	Tag    string    // "": any
	State  LinkState // "": any
	Oldest bool      // the oldest first instead
	After  LinkMark  // the last one of the page before
	Limit  int       // negative: without bound
}

// LinkMark is the place of a link in a list by time; the zero mark comes before
// the first.
type LinkMark struct {
	Created time.Time
	Other   profile.ID // the far end: Dst of the links that leave, Src of those that reach
	Key     string
}

// Secret is what proves a subject: hashes, or values sealed with the data key.
type Secret struct {
	Subject profile.ID // zero: the site itself
	Kind    string     // "password", "client", "signing" …
	Key     string     // "" when there is one of the kind
	Data    []byte
	Created time.Time
	Expires time.Time // zero: never
}

// Session is one sign-in; tokens of every face name it, and only a live row
// lets them act.
type Session struct {
	ID          profile.ID
	Subject     profile.ID
	Restriction []byte // JSON; nil: none
	Created     time.Time
	Expires     time.Time
	Generation  int64 // of the refresh token that works; 0: the session has none
}

// TicketRow is a limited key handed out, found by the digest of its key.
type TicketRow struct {
	Digest  string // SHA-256 of the key, hex
	Subject profile.ID
	Kind    string // "invitation", "verify", "ref" …
	Data    []byte // JSON
	Uses    int64  // left; negative: without limit
	Created time.Time
	Expires time.Time // zero: never
}

// TicketMark is the place of a ticket in a list by time; the zero mark comes
// before the first.
type TicketMark struct {
	Created time.Time
	Digest  string
}

// Attempts counts wrong tries of one sort against one subject.
type Attempts struct {
	Subject profile.ID
	Kind    string // "password", "code" …
	Count   int64
	Since   time.Time // of the first try counted
	Until   time.Time // locked until; zero: not locked
}

// Answer is what a caller was answered, kept for a repeat of the same request
// under the same key (draft-ietf-httpapi-idempotency-key-header).
type Answer struct {
	Subject profile.ID // the caller
	Key     string     // the caller's
	Request string     // digest of the request
	About   profile.ID // whom it tells of: it goes when either is erased; zero: the caller
	Status  int        // of HTTP
	Body    []byte     // empty where the answer is made anew from what it tells of
	Expires time.Time
}

// Job is work to do after commit: a mail, a webhook, a back-fill.
type Job struct {
	ID      profile.ID
	Site    SiteID
	Subject profile.ID // whose erasure removes the job; zero: none
	Kind    string     // "mail" …
	Body    []byte     // JSON
	Due     time.Time
	Tries   int64
	Created time.Time
	Lane    Lane
}

// Lane says by which workers a job is done, so that work of one sort does not
// wait for that of another.
type Lane int64

// The lanes.
const (
	Work     Lane = iota // what is done here, and mail
	Delivery             // what is sent to others' servers, which may be slow
	Parked               // nothing is done until somebody says so
)

// Blob is what is known of a stored file.
type Blob struct {
	Key     string // a hash of the content, or an imported text
	Media   string // media type, "image/png"
	Size    int64  // bytes
	Meta    []byte // JSON object
	Created time.Time
}

// Tombstone is all that stays of an erased record.
type Tombstone struct {
	ID     profile.ID
	Type   profile.Type
	Number int64
	At     time.Time
}
