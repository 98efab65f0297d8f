package directory

import (
	"encoding/json"
	"slices"
	"time"

	"facet/internal/credential"
	"facet/internal/profile"
	"facet/internal/store"
)

// RefType says what a ref is good for.
type RefType string

// The types of ref (Cloudillo, References API). Each is the kind of the ticket
// that a ref is.
const (
	RefFile       RefType = "share.file"     // read, or more, one file
	RefRegister   RefType = "register"       // register an identity
	RefInvite     RefType = "profile.invite" // make a community
	RefPassword   RefType = "password"       // set a new password, by who forgot it
	RefWelcome    RefType = "welcome"        // choose the first password
	RefActivation RefType = "idp.activation" // show that one reads the e-mail one registered with
)

var refTypes = []RefType{RefFile, RefRegister, RefInvite, RefPassword, RefWelcome, RefActivation}

// IsRefType reports whether there are refs of a type.
func IsRefType(t RefType) bool { return slices.Contains(refTypes, t) }

// ofSite reports whether refs of the type are the site's: its operators make
// and list them. The others are some person's, and go with them.
func (t RefType) ofSite() bool { return t == RefRegister || t == RefInvite }

// mailed reports whether refs of the type prove that one reads an e-mail. They
// are listed to nobody: who registered with the address of another would find
// the proof there.
func (t RefType) mailed() bool { return t == RefPassword || t == RefWelcome || t == RefActivation }

// Ref is a key that is handed on: whoever has it may do what it is for, so many
// times, so long (Cloudillo, References API). The key is kept sealed, for refs
// are listed to those who made them.
type Ref struct {
	ID          string // the key; "" makes one up
	Type        RefType
	Subject     profile.ID // the person whose it is; zero: the site's
	By          profile.ID // who made it; zero: the server
	For         profile.ID // the only one who may use it; zero: whoever has it
	Description string     // at most 1024 bytes
	ResourceID  string     // what it is about, such as a file; at most 256 bytes
	AccessLevel string     // read, comment, write; "" without a ResourceID
	Params      string     // a query string for who uses it; at most 2048 bytes
	Email       string     // that it was mailed to; "": it was not
	Uses        int64      // left; below zero: any number
	Created     time.Time  // set by the server
	Expires     time.Time  // zero: never
}

// IsOver reports whether the time of a ref is over.
func (r *Ref) IsOver(now time.Time) bool { return !r.Expires.IsZero() && !r.Expires.After(now) }

// refData is what the ticket of a ref knows.
type refData struct {
	Key         []byte     `json:"key"` // sealed
	By          profile.ID `json:"by,omitzero"`
	For         profile.ID `json:"for,omitzero"`
	Description string     `json:"description,omitempty"`
	ResourceID  string     `json:"resource,omitempty"`
	AccessLevel string     `json:"access,omitempty"`
	Params      string     `json:"params,omitempty"`
	Email       string     `json:"email,omitempty"`
}

// The most bytes of a ref's texts. That of params is the live system's.
const (
	maxRefText     = 1024
	maxRefResource = 256
	maxRefParams   = 2048
)

// AccessLevels are what a ref may let its user do with a resource.
var AccessLevels = []string{"read", "comment", "write"}

// refKept is how long a ref is still listed when its time is over.
const refKept = 30 * 24 * time.Hour

// newRef makes the ticket of a ref and gives the ref its key and time. Errors:
// Invalid with Field "type", "count", "expiresAt", "description",
// "resourceId", "accessLevel", "params".
func (s *Site) newRef(ref *Ref) (*store.TicketRow, error) {
	ref.Created = s.d.now()
	if ref.ID == "" {
		ref.ID = credential.NewRef()
	}
	if ref.ResourceID != "" && ref.AccessLevel == "" {
		ref.AccessLevel = AccessLevels[0]
	}
	if ref.IsOver(ref.Created) {
		return nil, overAlready()
	}
	return s.refRow(ref)
}

func overAlready() error {
	return profile.E(profile.Invalid, profile.CodeInvalid, "expiresAt", "expiresAt is not in the future")
}

// refRow makes the ticket that keeps a ref.
func (s *Site) refRow(ref *Ref) (*store.TicketRow, error) {
	bad := func(field, why string) (*store.TicketRow, error) {
		return nil, profile.E(profile.Invalid, profile.CodeInvalid, field, "%s", why)
	}
	switch {
	case !IsRefType(ref.Type):
		return bad("type", "unknown ref type")
	case ref.Uses == 0:
		return bad("count", "count is 1 or more, or null for any number")
	case len(ref.Description) > maxRefText:
		return bad("description", "description is too long (max 1024)")
	case len(ref.ResourceID) > maxRefResource:
		return bad("resourceId", "resourceId is too long (max 256)")
	case ref.AccessLevel != "" && !slices.Contains(AccessLevels, ref.AccessLevel):
		return bad("accessLevel", "accessLevel is read, comment or write")
	case len(ref.Params) > maxRefParams:
		return bad("params", "params is too long (max 2048)")
	}
	digest := credential.Digest(ref.ID)
	return &store.TicketRow{
		Digest: digest, Subject: ref.Subject, Kind: string(ref.Type), Uses: ref.Uses, Created: ref.Created, Expires: ref.Expires,
		Data: marshal(refData{
			Key: s.d.dataKey.Seal([]byte(ref.ID), []byte(digest)), By: ref.By, For: ref.For, Description: ref.Description,
			ResourceID: ref.ResourceID, AccessLevel: ref.AccessLevel, Params: ref.Params, Email: ref.Email,
		}),
	}, nil
}

// openRef reads a ref from its ticket.
func (s *Site) openRef(row *store.TicketRow) (Ref, error) {
	var data refData
	if err := json.Unmarshal(row.Data, &data); err != nil {
		return Ref{}, err
	}
	key, err := s.d.dataKey.Open(data.Key, []byte(row.Digest))
	return Ref{
		ID: string(key), Type: RefType(row.Kind), Subject: row.Subject, By: data.By, For: data.For, Description: data.Description,
		ResourceID: data.ResourceID, AccessLevel: data.AccessLevel, Params: data.Params, Email: data.Email,
		Uses: row.Uses, Created: row.Created, Expires: row.Expires,
	}, err
}

// addRef writes a new ref. Errors: Taken with Field "token" for a key that is
// in use, for whatever.
func (s *Site) addRef(tx store.Tx, actor profile.ID, row *store.TicketRow) error {
	if _, err := tx.Ticket(row.Digest); err == nil {
		return profile.E(profile.Taken, profile.CodeTaken, "token", "The token is in use.")
	} else if !profile.IsKind(err, profile.NotFound) {
		return err
	}
	if err := s.endRef(tx, row); err != nil {
		return err
	}
	if err := tx.PutTicket(row); err != nil {
		return err
	}
	return tx.Log(s.event(actor, "ref.created", row.Subject))
}

// endRef sees to it that a ref is deleted when its time has been over for a
// while.
func (s *Site) endRef(tx store.Tx, row *store.TicketRow) error {
	if row.Expires.IsZero() {
		return nil
	}
	job := s.expiryJob(row)
	job.ID, job.Due = profile.NewIDIn(s.d.now(), row.Subject.Bucket()), row.Expires.Add(refKept)
	return tx.Enqueue(job)
}

// findRef reads a ref, whether it still works or not. Errors: NotFound with
// Field "token".
func (s *Site) findRef(r store.Reader, id string) (Ref, *store.TicketRow, error) {
	row, err := r.Ticket(credential.Digest(id))
	switch {
	case profile.IsKind(err, profile.NotFound) || err == nil && !IsRefType(RefType(row.Kind)):
		return Ref{}, nil, profile.E(profile.NotFound, profile.CodeNotFound, "token", "unknown ref")
	case err != nil:
		return Ref{}, nil, err
	}
	ref, err := s.openRef(row)
	return ref, row, err
}

// liveRef reads a ref that works, of one of the types. Errors, in this order:
// NotFound; Invalid with Field "token" for another type, for one whose time is
// over, and for one that is used up.
func (s *Site) liveRef(r store.Reader, id string, types ...RefType) (Ref, *store.TicketRow, error) {
	ref, row, err := s.findRef(r, id)
	if err != nil {
		return Ref{}, nil, err
	}
	why := ""
	switch {
	case !slices.Contains(types, ref.Type):
		why = "Invalid ref type: " + string(ref.Type)
	case ref.IsOver(s.d.now()):
		why = "Ref has expired"
	case ref.Uses == 0:
		why = "Ref has already been used"
	default:
		return ref, row, nil
	}
	return Ref{}, nil, profile.E(profile.Invalid, profile.CodeInvalid, "token", "%s", why)
}

// spendRef takes one use of a ref, in the transaction of what it pays for: of
// two that want the last use at once, one gets it. Whose ref it is, or the
// broker for the site's, is locked until the transaction ends. Errors: those of
// liveRef; Forbidden for a ref that is for somebody else than by.
func (s *Site) spendRef(tx store.Tx, by profile.ID, id string, types ...RefType) (Ref, error) {
	ref, _, err := s.liveRef(tx, id, types...)
	if err != nil {
		return ref, err
	}
	if err := s.lockHolder(tx, &ref); err != nil {
		return ref, err
	}
	ref, row, err := s.liveRef(tx, id, types...) // as it is once it is locked
	if err != nil {
		return ref, err
	}
	if !ref.For.IsZero() && ref.For != by {
		return ref, profile.E(profile.Forbidden, profile.CodeForbidden, "token", "the ref is for somebody else")
	}
	if row.Uses > 0 {
		row.Uses--
		ref.Uses = row.Uses
		err = tx.PutTicket(row)
	}
	return ref, err
}

// lockHolder locks whose ref it is until the transaction ends.
func (s *Site) lockHolder(tx store.Tx, ref *Ref) error {
	lock := ref.Subject
	if lock.IsZero() {
		lock = s.Policy().Broker
	}
	if lock.IsZero() { // a site without operators yet
		return nil
	}
	return tx.Lock(lock)
}
