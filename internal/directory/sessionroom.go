package directory

import (
	"encoding/json"
	"slices"
	"strconv"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// Whoever signs in without end, or has tokens issued without end, fills the
// store no further than this: the oldest go.
const (
	maxSessions = 100  // of one person's own
	maxIssued   = 20   // of one record, that are for one API client
	maxIssuedTo = 200  // of one record, that are for API clients
	maxDerived  = 50   // that came of one session, API key or ref
	maxCameOf   = 500  // of one record, that came of any
	maxTokens   = 5    // access tokens of one session
	maxCodes    = 20   // authorization codes, or verification codes, of one record for one API client
	maxCreation = 4000 // creation tokens of one API client
)

// addSession keeps a new session until it is over, and ends the oldest ones of
// its subject where there are too many. The caller has the subject locked, or is
// content with a bound that holds among those who have.
func (s *Site) addSession(tx store.Tx, row *store.Session) error {
	rows, err := tx.Sessions(row.Subject) // by id: the oldest first
	if err != nil {
		return err
	}
	origin, err := originOf(row)
	if err != nil {
		return err
	}
	kind := origin.kind()
	var alike, similar []*store.Session
	for _, old := range rows {
		if !old.Expires.After(row.Created) {
			if err := tx.DropSession(old.Subject, old.ID); err != nil {
				return err
			}
			continue
		}
		of, err := originOf(old)
		if err != nil {
			return err
		}
		if of == origin {
			alike = append(alike, old)
		}
		if of.kind() == kind {
			similar = append(similar, old)
		}
	}
	gone := map[profile.ID]bool{}
	drop := func(rows []*store.Session, limit int) error {
		for _, old := range rows[:max(0, len(rows)-limit+1)] {
			gone[old.ID] = true
			if err := tx.DropSession(old.Subject, old.ID); err != nil {
				return err
			}
		}
		return nil
	}
	if err := drop(alike, kind.alike); err != nil {
		return err
	}
	similar = slices.DeleteFunc(similar, func(old *store.Session) bool { return gone[old.ID] })
	if err := drop(similar, kind.all); err != nil {
		return err
	}
	if kind == issuedSession && len(gone) > 0 { // with their tokens
		if err := makeRoom(tx, row.Subject, ticketAccess, 1, func(d grantData) bool { return gone[d.Session] }); err != nil {
			return err
		}
	}
	if err := tx.PutSession(row); err != nil {
		return err
	}
	return tx.Enqueue(sessionExpiryJob(s.id, row))
}

// sessionKind says how many sessions of a record there may be that have one
// origin, and how many of the kind.
type sessionKind struct{ alike, all int }

var (
	ownSession     = sessionKind{maxSessions, maxSessions}
	issuedSession  = sessionKind{maxIssued, maxIssuedTo}
	derivedSession = sessionKind{maxDerived, maxCameOf}
)

// origin is what sessions have in common that are counted together: the API
// client they are for, and what they came of; the zero value is a person's own.
type origin struct {
	client profile.ID
	access.Origin
}

func (o origin) kind() sessionKind {
	switch {
	case !o.client.IsZero():
		return issuedSession
	case o != origin{}:
		return derivedSession
	}
	return ownSession
}

func originOf(row *store.Session) (origin, error) {
	if len(row.Restriction) == 0 {
		return origin{}, nil
	}
	var r access.Restriction
	err := json.Unmarshal(row.Restriction, &r)
	return origin{r.Client, r.Origin()}, err
}

// makeRoom drops the oldest tickets of a kind that are alike, so that with one
// more there are no more than limit.
func makeRoom(tx store.Tx, subject profile.ID, kind string, limit int, alike func(grantData) bool) error {
	rows, err := tx.Tickets(subject, kind)
	if err != nil || len(rows) < limit {
		return err
	}
	same := rows[:0]
	for _, row := range rows {
		var data grantData
		if err := json.Unmarshal(row.Data, &data); err != nil {
			return err
		}
		if alike(data) {
			same = append(same, row)
		}
	}
	slices.SortStableFunc(same, func(a, b *store.TicketRow) int { return a.Created.Compare(b.Created) })
	for _, row := range same[:max(0, len(same)-limit+1)] {
		if err := tx.DropTicket(row.Digest); err != nil {
			return err
		}
	}
	return nil
}

// creationSlot is the kind of secret that keeps which creation token has a place
// of its client's, by the number of the place: so many tokens are not to be
// counted each time one is made. The attempts of that kind count those made.
const creationSlot = "creation"

// takeCreationSlot drops the creation token of a client in whose place a new
// one comes. The caller has the client locked.
func takeCreationSlot(tx store.Tx, row *store.TicketRow) error {
	made, err := tx.Attempts(row.Subject, creationSlot)
	if err != nil {
		return err
	}
	slot := strconv.FormatInt(made.Count%maxCreation, 10)
	old, err := tx.Secret(row.Subject, creationSlot, slot)
	if err == nil {
		err = tx.DropTicket(string(old.Data))
	} else if profile.IsKind(err, profile.NotFound) {
		err = nil
	}
	if err != nil {
		return err
	}
	made.Count++
	if err := tx.PutAttempts(made); err != nil {
		return err
	}
	return tx.PutSecret(&store.Secret{Subject: row.Subject, Kind: creationSlot, Key: slot, Data: []byte(row.Digest), Created: row.Created, Expires: row.Expires})
}
