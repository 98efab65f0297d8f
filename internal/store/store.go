package store

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"facet/internal/profile"
)

// Errors that every backend returns, translated from its driver once. Those
// that a caller of a face could cause are *profile.Error as well.
var (
	ErrNotFound = &profile.Error{Kind: profile.NotFound, Code: profile.CodeNotFound, Message: "no such record"}
	ErrVersion  = &profile.Error{Kind: profile.Conflict, Code: profile.CodeVersionMismatch, Message: "the record has changed meanwhile"}
	ErrClosed   = errors.New("store: closed")
	ErrAge      = errors.New("store: what the writer knows of the site is too old")
)

// TakenError is a name that another record holds: Kind Taken, Field = the name
// space.
func TakenError(space profile.Space) error {
	return &profile.Error{Kind: profile.Taken, Code: profile.CodeTaken, Field: string(space), Message: "already in use"}
}

// HostForm is the host that an explicit idtag selects an identity by: the idtag
// as its name's value is (ASCII, lower case), with a dot for the @ (Cloudillo).
func HostForm(idtag string) string { return strings.Replace(idtag, "@", ".", 1) }

// Store keeps every site of one installation.
type Store interface {
	// Site gives access to one tenant's data. The site need not exist yet.
	Site(SiteID) Site
	// System gives access to what belongs to no tenant.
	System() System
	// Ready says whether reads and writes can be served now.
	Ready(context.Context) error
	// Replicas is how many replicas there are to read from.
	Replicas() int
	Close() error
}

// System is what lies outside the tenants: sites, hosts, due jobs. Nothing
// here reads or writes a tenant's records.
type System interface {
	// CreateSite adds a site and its hosts; info.ID is given by the store. A
	// name, domain or host in use is a TakenError (Field "name", "domain",
	// "host"): also a domain that is, or has under it, the host form of an
	// idtag.
	CreateSite(ctx context.Context, info SiteInfo) (SiteInfo, error)
	// SaveSite changes policy, hosts and the default flag of a site, and gives
	// the site as it is then. fn gets it as it is stored, may run more than once,
	// and no other change comes between. Errors: ErrNotFound, fn's own, and a
	// TakenError (Field "host", "default").
	SaveSite(ctx context.Context, id SiteID, fn func(*SiteInfo) error) (SiteInfo, error)
	Sites(ctx context.Context) ([]SiteInfo, error)
	// IdentityAt finds whose explicit idtag has the host form, on whichever
	// site: ErrNotFound when nobody's has.
	IdentityAt(ctx context.Context, host string) (SiteID, profile.ID, error)
	// DueJobs leases up to limit jobs of the lane Work that are due, so that no
	// other worker takes them before the lease ends.
	DueJobs(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]Job, error)
	// DueIn is DueJobs for any lane.
	DueIn(ctx context.Context, lane Lane, now time.Time, lease time.Duration, limit int) ([]Job, error)
	// FinishJob removes a job; RetryJob puts it back with one more try.
	FinishJob(ctx context.Context, job Job) error
	RetryJob(ctx context.Context, job Job, due time.Time) error
}

// Shared is what a Store has that several processes may have open.
type Shared interface {
	// Spend tells the others how much of its allowance each network has spent in
	// this process since it last told them, and gives how things stand now: the
	// costs of all processes, one after the other, from now or from where they
	// ended. Nothing of it survives a crash of the database.
	Spend(ctx context.Context, now time.Time, spent []Spent) ([]Spent, error)
}

// Spent is what a network has spent of an allowance that comes back with time.
type Spent struct {
	Network string        // one word
	Cost    time.Duration // spent here: how long that takes to come back
	Until   time.Time     // when all is there again
}

// Site is one tenant's data.
type Site interface {
	// View runs fn on one consistent snapshot: over several servers, on one of
	// each of them, so that what lies in one bucket is read as of one moment.
	View(ctx context.Context, fn func(Reader) error) error
	// Glance is View for what is only shown. decide (nil: nothing) says whether
	// it may be, and never reads from a replica; show reads what is shown, and may
	// where the context's Recency says so: not necessarily what decide saw, and
	// never less than the caller has seen. age is the Age that show's reader
	// thinks of: a replica at another is not asked. Both may run more than once.
	// What a replica does not have, and whatever error show comes to there, is
	// asked of the primary.
	Glance(ctx context.Context, age int64, decide, show func(Reader) error) error
	// Get reads the one record that holds a name, with no transaction round
	// it: the way for hot single reads. ErrNotFound when there is none.
	Get(ctx context.Context, space profile.Space, value string) (*Record, error)
	// GetID is Get by id.
	GetID(ctx context.Context, id profile.ID) (*Record, error)
	// Update runs fn in a durable transaction and returns when it is on disk.
	// fn may run more than once; its error is returned and nothing is written.
	// What a write breaks (a name that is taken, a record that has changed) may
	// show only after its call has returned without error: then fn runs again,
	// and the call returns the error.
	Update(ctx context.Context, fn func(Tx) error) error
}

// Reader reads within one snapshot. Lists are ordered and bounded by limit (a
// negative one: without bound); the last item read is where the next page
// begins.
type Reader interface {
	Records
	Index
	Links
	Proofs
	Blobs
	History
	Jobs

	// JobsWaiting counts the site's jobs that are not done, or of those the ones
	// that have failed before. It stops at max.
	JobsWaiting(failed bool, max int64) (int64, error)
	// Age is how often the site has been told, by RaiseAge, that what its
	// writers have in mind of it (its entity types) has changed.
	Age() (int64, error)
}

// Tx is a Reader that sees its own writes, and writes.
type Tx interface {
	Reader
	RecordWriter
	LinkWriter
	ProofWriter
	BlobWriter
	HistoryWriter

	// Lock takes the row of a record until the transaction ends, so that
	// decisions over it are made one after the other: ErrNotFound when there
	// is none. With a single writer it only checks that the record is there.
	Lock(id profile.ID) error
	// LockMany is Lock of each, in the order of the ids; it tells which are there.
	LockMany(ids []profile.ID) (there []bool, err error)
	// HoldAge makes Update give ErrAge, here or at its end, where the site's Age
	// is another than age when the transaction commits: nobody raises it
	// meanwhile.
	HoldAge(age int64) error
	// RaiseAge adds one to the site's Age. Of what others write, all that was
	// held at the Age before has committed, and the rest fails.
	RaiseAge() error
	// Numbers draws n numbers that follow one another from the site's sequence
	// and gives the first. They are never given again, though they may be lost.
	Numbers(n int) (int64, error)
	// Enqueue adds a job that becomes due when the transaction has committed.
	Enqueue(Job) error
	// PutJob replaces lane, kind, body, due time and tries of a job: false when it
	// is gone.
	PutJob(Job) (bool, error)
	// DropJob removes a job; no error when there is none.
	DropJob(Job) error
	// Log writes an event that changes no record (a link, a session).
	Log(Event) error
}

// Records finds records.
type Records interface {
	// Record reads by id: ErrNotFound when there is none.
	Record(id profile.ID) (*Record, error)
	// ByName reads the record that holds a name; owner zero asks the site-wide
	// spaces.
	ByName(owner profile.ID, space profile.Space, value string) (*Record, error)
	// ByNumber lists records of a type with low <= number <= high, ascending
	// (descending when desc), calling fn until it returns false. The record
	// and its slices are valid only during the call.
	ByNumber(t profile.Type, low, high int64, desc bool, fn func(*Record) bool) error
	// Owned lists the records of a type that an owner has, by number.
	Owned(owner profile.ID, t profile.Type, after int64, limit int) ([]*Record, error)
	// OwnedDown is Owned from the highest number to the lowest, below a number;
	// 0: from the last.
	OwnedDown(owner profile.ID, t profile.Type, below int64, limit int) ([]*Record, error)
	// Lookup gives the ids of records of a type with an index value in range,
	// by value, calling fn until it returns false.
	Lookup(t profile.Type, r Range, fn func(id profile.ID, value string) bool) error
	// Search lists ids of records whose search text contains a term, ordered
	// by (sort name, id).
	Search(SearchQuery) ([]Found, error)
	// CountSearch counts them; it stops at max (negative: without bound).
	CountSearch(types []profile.Type, term string, max int64) (int64, error)
	// Count counts the records of a type.
	Count(t profile.Type) (int64, error)
	// Tombstone reads what an erased record left: ErrNotFound when none.
	Tombstone(id profile.ID) (Tombstone, error)
	// Tombstones lists what erased records of a type left, the latest first, by
	// (time, id) descending, after that place (the zero value: from the first).
	Tombstones(t profile.Type, after Tombstone, limit int) ([]Tombstone, error)
}

// SearchQuery selects records by their search texts.
type SearchQuery struct {
	Types     []profile.Type
	Term      string // folded; "" lists all
	Backwards bool   // from the end of the list to its beginning
	After     Found  // the last one of the page before; the zero value: from the first
	Limit     int    // negative: without bound
}

// Found is a search hit, and its place in the list.
type Found struct {
	ID   profile.ID
	Sort string
}

// RecordWriter changes records. Each call writes its event too, whose Subject,
// Version and Replaced it sets. A text with a NUL character is Malformed, here
// and in every other call that writes.
//
// A name in the space IDTag holds its host form too, for as long: it is taken
// when it is a host of any site or the host form of another idtag on any site,
// or when it is another site's domain or lies under it.
type RecordWriter interface {
	// Create inserts a record with its names and index rows, and sets its
	// Version and Bucket. A name in use is a
	// TakenError (an id in use: Field "id"), and nothing of the call is kept.
	// The sequence passes over a Number that did not come from it.
	Create(*Record, Event) error
	// CreateMany is Create of each, with the secrets and links that are made with
	// it: the way for thousands. Where one cannot be made, the answer has why at
	// its place (a TakenError, or Malformed), nothing of it is kept, and the
	// others are made; nil: all were. Of those that want the same name one is
	// made.
	CreateMany([]Creation) ([]error, error)
	// Save replaces old by new (same id): ErrVersion when the stored version
	// is not old.Version, or the names are not old's. It sets new.Version, and writes what was replaced to
	// the event. Names and index rows are changed by difference. Type, Number,
	// Created and LastLogin do not change.
	Save(old, new *Record, e Event) error
	// Refresh replaces what follows from something else that has changed, such
	// as a record's entity type: Attrs, Extras, Names, Password, Sort, and the
	// index rows and search text by difference. It leaves version, times and history as they are, and no
	// event. ErrVersion when the record, or its names, are not old's.
	Refresh(old, new *Record) error
	// Amend calls fn with what each change of a record replaced, and keeps what
	// fn made of it where fn says that it changed something. No error when
	// there is no such record.
	Amend(id profile.ID, fn func(*Replaced) bool) error
	// DropIndex deletes up to limit index rows of a path of a type, and says
	// how many there were.
	DropIndex(t profile.Type, path string, limit int) (int, error)
	// Remove deletes a record and what is kept for it, as Erase does, but not
	// what it owns, and leaves an event and no tombstone. ErrVersion when the
	// record is stale.
	Remove(*Record, Event) error
	// Erase removes a subject and everything kept for it: owned records,
	// names, claims, index rows, secrets, sessions, tickets, attempts, jobs,
	// answers kept for repeats, event bodies; it leaves a tombstone. Links
	// stay: the caller ends or deletes them first. index computes the index
	// rows of the owned records that go too. ErrVersion when the record is
	// stale: its names and index rows might not be all.
	Erase(rec *Record, e Event, index func(*Record) []Indexed) error
	// Touch notes a sign-in, without version or event.
	Touch(id profile.ID, at time.Time) error
}

// Links lists edges. Zero kind is not allowed.
type Links interface {
	// Link reads one edge: ErrNotFound when there is none.
	Link(src profile.ID, kind LinkKind, dst profile.ID, key string) (*Link, error)
	// From lists edges that leave src, by (dst, key), after that pair.
	From(src profile.ID, kind LinkKind, after profile.ID, afterKey string, limit int) ([]*Link, error)
	// To lists edges that reach dst, by (src, key); Attrs are not filled.
	To(dst profile.ID, kind LinkKind, after profile.ID, afterKey string, limit int) ([]*Link, error)
	// FromByTime lists edges that leave src, newest first: by (created, dst,
	// key) descending; the oldest first, where asked for, is the same list
	// backwards. A page costs the same at any depth.
	FromByTime(src profile.ID, q LinkQuery) ([]*Link, error)
	// ToByTime lists edges that reach dst, by (created, src, key) descending;
	// Attrs are not filled.
	ToByTime(dst profile.ID, q LinkQuery) ([]*Link, error)
	// CountFrom counts edges that leave src, by index; a tag or state of ""
	// is any. It stops at max (negative: without bound).
	CountFrom(src profile.ID, kind LinkKind, tag string, state LinkState, max int64) (int64, error)
	// CountTo counts edges that reach dst.
	CountTo(dst profile.ID, kind LinkKind, tag string, state LinkState, max int64) (int64, error)
}

// LinkWriter changes edges; both directions are written together.
type LinkWriter interface {
	// AddLink inserts: a TakenError (Field "link") when the edge exists.
	AddLink(*Link) error
	// SetLink replaces tag, state, attrs and end of an existing edge,
	// ErrNotFound otherwise.
	SetLink(*Link) error
	// DropLink deletes; no error when there is none.
	DropLink(src profile.ID, kind LinkKind, dst profile.ID, key string) error
}

// Proofs reads what proves a subject.
type Proofs interface {
	Secret(subject profile.ID, kind, key string) (*Secret, error)
	// Secrets lists a subject's secrets of a kind, by key.
	Secrets(subject profile.ID, kind string) ([]*Secret, error)
	Session(subject, id profile.ID) (*Session, error)
	Sessions(subject profile.ID) ([]*Session, error)
	// Ticket reads by digest: ErrNotFound when there is none. Expiry and uses
	// are the caller's to judge.
	Ticket(digest string) (*TicketRow, error)
	// Tickets lists a subject's tickets of a kind, by digest.
	Tickets(subject profile.ID, kind string) ([]*TicketRow, error)
	// TicketsByTime lists them newest first, by (created, digest) descending,
	// after that place. A page costs the same at any depth.
	TicketsByTime(subject profile.ID, kind string, after TicketMark, limit int) ([]*TicketRow, error)
	// Attempts reads the count; a zero count when nothing is noted.
	Attempts(subject profile.ID, kind string) (Attempts, error)
	// Answer reads what a caller was answered under a key: ErrNotFound when
	// nothing is kept. Expiry is the caller's to judge.
	Answer(subject profile.ID, key string) (*Answer, error)
}

// ProofWriter changes what proves a subject.
type ProofWriter interface {
	PutSecret(*Secret) error
	DropSecret(subject profile.ID, kind, key string) error
	PutSession(*Session) error
	// HoldSession is Session, and keeps the session from being dropped until the
	// transaction ends. With a single writer it only reads.
	HoldSession(subject, id profile.ID) (*Session, error)
	DropSession(subject, id profile.ID) error
	// DropSessions ends every session of a subject.
	DropSessions(subject profile.ID) error
	// PutTicket inserts or replaces by digest.
	PutTicket(*TicketRow) error
	DropTicket(digest string) error
	PutAttempts(Attempts) error
	// PutAnswer takes a caller's key: a TakenError (Field "idempotency") when
	// it is held. The caller's answers that have expired by now are nobody's
	// and go.
	PutAnswer(a *Answer, now time.Time) error
	// Claim takes a name for a record that does not carry it in its Names (a
	// key found by digest, the one current subscription to a plan), site-wide
	// or, with an owner, among the owner's: TakenError when it is held.
	// Release gives it back; no error when nobody holds it.
	Claim(owner profile.ID, space profile.Space, value string, id profile.ID) error
	Release(owner profile.ID, space profile.Space, value string) error
}

// Blobs reads what is known of stored files. The files themselves lie outside
// the store.
type Blobs interface {
	// Blob reads by key: ErrNotFound when there is none.
	Blob(key string) (*Blob, error)
	// Uses lists what a subject uses files for: keys by purpose.
	Uses(subject profile.ID) (map[string]string, error)
}

// BlobWriter keeps who uses which file. When the last use of a file ends, its
// row goes with it and a BlobJob for its key is enqueued, in the transaction
// that ended the use.
type BlobWriter interface {
	// PutBlob notes a stored file; one of that key stays as it is. It stays
	// without a use until one has begun and ended.
	PutBlob(*Blob) error
	// UseBlob makes the subject use a file for a purpose, in place of what it
	// used for it before; the key "" only ends that. ErrNotFound when there is
	// no such file.
	UseBlob(subject profile.ID, slot, key string) error
	// DropUses ends every use of a subject.
	DropUses(subject profile.ID) error
}

// BlobJob is the kind of job that deletes a file which nobody uses any more;
// its body is a BlobBody. Whoever does it looks once more: the file may have
// been stored again meanwhile.
const BlobJob = "blob"

// BlobBody is the JSON of a BlobJob. Meta is that of the row which went: a file
// of the same key that is stored afterwards may lie in another place.
type BlobBody struct {
	Key  string          `json:"key"`
	Meta json.RawMessage `json:"meta,omitempty"`
}

// Jobs reads the jobs that are about a subject.
type Jobs interface {
	// Job reads one by its id: ErrNotFound when it is gone.
	Job(subject, id profile.ID) (*Job, error)
	// JobsOf lists those of a lane by id, after that one (zero: from the first).
	JobsOf(subject profile.ID, lane Lane, after profile.ID, limit int) ([]Job, error)
	// CountJobs counts those of a lane.
	CountJobs(subject profile.ID, lane Lane) (int64, error)
}

// HistoryWriter notes places among the events, and drops the oldest.
type HistoryWriter interface {
	// PutMark keeps a place among the events for a subject (zero: the site),
	// under a name. It goes with the subject.
	PutMark(subject profile.ID, name string, at Position) error
	// Prune removes up to limit of the oldest events: those before a time, at
	// the position last or before it, and all that came earlier. It says how many
	// there were, and moves the mark PrunedMark to the last of them. Of each
	// record the states since then stay, and the one that it was in by then.
	Prune(before time.Time, last Position, limit int) (int, error)
}

// PrunedMark is the name of the site's mark that has the position of the latest
// event that was pruned.
const PrunedMark = "pruned"

// History reads events.
type History interface {
	// Newest is the position of the latest event that Events lists; the zero
	// Position when there is none.
	Newest() (Position, error)
	// Mark reads a place that was kept for a subject: the zero Position when
	// there is none. A transaction that reads one is the only one to write it.
	Mark(subject profile.ID, name string) (Position, error)
	// Events lists events after a position, in commit order. Replaced is not
	// filled. Over several servers they may be later than the view.
	Events(after Position, limit int) ([]Event, error)
	// Versions reads a record's states backwards from the present one. The
	// creation keeps no body: version 1 has the record's Created and Creator,
	// and its kind is the type's name with ".created". Where events were pruned,
	// the list ends with the state that the record was in by then.
	Versions(id profile.ID, limit int) ([]Version, error)
	// EachVersion is Versions one by one, until fn returns false.
	EachVersion(id profile.ID, fn func(Version) bool) error
}

// Replaced is the JSON of an event's body: the columns that a change of a
// record replaced, absent where they stayed the same.
type Replaced struct {
	Attrs    *string        `json:"attrs,omitempty"`
	Extras   *string        `json:"extras,omitempty"`
	Names    []profile.Name `json:"names,omitempty"`
	State    profile.State  `json:"state,omitempty"`
	Password *string        `json:"password,omitempty"`
	Updated  int64          `json:"updated"` // microseconds since 1970
}
