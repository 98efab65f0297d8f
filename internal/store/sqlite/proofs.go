package sqlite

import (
	"math"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
)

// Secret reads one secret.
func (r *reader) Secret(subject profile.ID, kind, key string) (*store.Secret, error) {
	s, err := r.c.query(selectSecret, r.site, subject.Bucket(), subject, kind, key)
	if err != nil {
		return nil, err
	}
	return first(secrets(s, subject, kind))
}

// Secrets lists the secrets of a kind.
func (r *reader) Secrets(subject profile.ID, kind string) ([]*store.Secret, error) {
	s, err := r.c.query(selectSecrets, r.site, subject.Bucket(), subject, kind)
	if err != nil {
		return nil, err
	}
	return secrets(s, subject, kind)
}

func secrets(s *stmt, subject profile.ID, kind string) (list []*store.Secret, err error) {
	err = each(s, func() bool {
		list = append(list, &store.Secret{Subject: subject, Kind: kind, Key: s.text(0),
			Data: s.bytes(1), Created: s.time(2), Expires: s.time(3)})
		return true
	})
	return list, err
}

// first gives the only element of a list: ErrNotFound when it is empty.
func first[T any](list []*T, err error) (*T, error) {
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, store.ErrNotFound
	}
	return list[0], nil
}

// Session reads one session.
func (r *reader) Session(subject, id profile.ID) (*store.Session, error) {
	s, err := r.c.query(selectSession, r.site, subject.Bucket(), subject, id)
	if err != nil {
		return nil, err
	}
	return first(sessions(s, subject))
}

// Sessions lists the sessions of a subject, by id.
func (r *reader) Sessions(subject profile.ID) ([]*store.Session, error) {
	s, err := r.c.query(selectSessions, r.site, subject.Bucket(), subject)
	if err != nil {
		return nil, err
	}
	return sessions(s, subject)
}

func sessions(s *stmt, subject profile.ID) (list []*store.Session, err error) {
	err = each(s, func() bool {
		v := &store.Session{Subject: subject, ID: s.profileID(0), Created: s.time(2),
			Expires: s.time(3), Generation: s.int(4)}
		if b := s.raw(1); len(b) > 0 {
			v.Restriction = s.bytes(1)
		}
		list = append(list, v)
		return true
	})
	return list, err
}

// Ticket reads by digest.
func (r *reader) Ticket(digest string) (*store.TicketRow, error) {
	k := keyOf(profile.ID{}, profile.Ticket, digest)
	s, err := r.c.query(selectTicket, r.site, k.Bucket, k.Space, k.Value)
	if err != nil {
		return nil, err
	}
	defer s.close()
	if found, err := s.step(); err != nil || !found {
		return nil, orNotFound(err)
	}
	return &store.TicketRow{Digest: digest, Subject: s.profileID(0), Kind: s.text(1),
		Data: s.bytes(2), Uses: s.int(3), Created: s.time(4), Expires: s.time(5)}, nil
}

// Tickets lists the tickets of one kind.
func (r *reader) Tickets(subject profile.ID, kind string) (list []*store.TicketRow, err error) {
	s, err := r.c.query(selectTicketsOf, r.site, subject.Bucket(), subject, kind)
	if err != nil {
		return nil, err
	}
	return tickets(s, subject, kind)
}

// TicketsByTime lists the tickets of one kind, newest first.
func (r *reader) TicketsByTime(subject profile.ID, kind string, after store.TicketMark, limit int) ([]*store.TicketRow, error) {
	created := int64(math.MaxInt64)
	if after != (store.TicketMark{}) {
		created = micros(after.Created)
	}
	s, err := r.c.query(selectTicketsByTime, r.site, subject.Bucket(), subject, kind, created, after.Digest, limit)
	if err != nil {
		return nil, err
	}
	return tickets(s, subject, kind)
}

func tickets(s *stmt, subject profile.ID, kind string) (list []*store.TicketRow, err error) {
	err = each(s, func() bool {
		list = append(list, &store.TicketRow{Digest: s.text(0), Subject: subject, Kind: kind,
			Data: s.bytes(1), Uses: s.int(2), Created: s.time(3), Expires: s.time(4)})
		return true
	})
	return list, err
}

// Attempts reads the count of wrong tries.
func (r *reader) Attempts(subject profile.ID, kind string) (store.Attempts, error) {
	a := store.Attempts{Subject: subject, Kind: kind}
	s, err := r.c.query(selectAttempts, r.site, subject.Bucket(), subject, kind)
	if err != nil {
		return a, err
	}
	err = each(s, func() bool {
		a.Count, a.Since, a.Until = s.int(0), s.time(1), s.time(2)
		return false
	})
	return a, err
}

// Answer reads what is kept for a repeat.
func (r *reader) Answer(subject profile.ID, key string) (*store.Answer, error) {
	s, err := r.c.query(selectAnswer, r.site, subject.Bucket(), subject, key)
	if err != nil {
		return nil, err
	}
	defer s.close()
	if found, err := s.step(); err != nil || !found {
		return nil, orNotFound(err)
	}
	return &store.Answer{Subject: subject, Key: key, Request: s.text(0), About: s.profileID(1),
		Status: int(s.int(2)), Body: s.bytes(3), Expires: s.time(4)}, nil
}

// PutSecret inserts or replaces.
func (t *tx) PutSecret(v *store.Secret) error {
	_, err := t.write(upsertSecret, t.site, v.Subject.Bucket(), v.Subject, v.Kind, v.Key,
		v.Data, v.Created, v.Expires)
	return err
}

// DropSecret deletes; no error when there is none.
func (t *tx) DropSecret(subject profile.ID, kind, key string) error {
	_, err := t.write(deleteSecret, t.site, subject.Bucket(), subject, kind, key)
	return err
}

// PutSession inserts or replaces.
func (t *tx) PutSession(v *store.Session) error {
	_, err := t.write(upsertSession, t.site, v.Subject.Bucket(), v.Subject, v.ID,
		text(v.Restriction), v.Created, v.Expires, v.Generation)
	return err
}

// HoldSession reads one session: with one writer the whole store is locked
// already.
func (t *tx) HoldSession(subject, id profile.ID) (*store.Session, error) {
	return t.Session(subject, id)
}

// DropSession deletes; no error when there is none.
func (t *tx) DropSession(subject, id profile.ID) error {
	_, err := t.write(deleteSession, t.site, subject.Bucket(), subject, id)
	return err
}

// DropSessions ends every session of a subject.
func (t *tx) DropSessions(subject profile.ID) error {
	_, err := t.write(deleteSessions, t.site, subject.Bucket(), subject)
	return err
}

// holder reads whom a name finds.
func (t *tx) holder(k heldName) (id profile.ID, found bool, err error) {
	s, err := t.c.query(selectName, t.site, k.Bucket, k.Owner, k.Space, k.Value)
	if err != nil {
		return id, false, err
	}
	err = each(s, func() bool {
		id, found = s.profileID(1), true
		return false
	})
	return id, found, err
}

// PutTicket inserts or replaces; a ticket may pass to another subject.
func (t *tx) PutTicket(v *store.TicketRow) error {
	k := keyOf(profile.ID{}, profile.Ticket, v.Digest)
	ok, err := t.takeName(k, v.Subject.Bucket(), v.Subject)
	if err != nil {
		return err
	}
	if !ok {
		old, _, err := t.holder(k)
		if err != nil {
			return err
		}
		if old != v.Subject {
			if _, err := t.write(deleteTicket, t.site, old.Bucket(), old, v.Digest); err != nil {
				return err
			}
			if _, err := t.write(updateName, v.Subject.Bucket(), v.Subject,
				t.site, k.Bucket, k.Owner, k.Space, k.Value); err != nil {
				return err
			}
		}
	}
	_, err = t.write(upsertTicket, t.site, v.Subject.Bucket(), v.Subject, v.Digest, v.Kind,
		text(v.Data), v.Uses, v.Created, v.Expires)
	return err
}

// DropTicket deletes; no error when there is none.
func (t *tx) DropTicket(digest string) error {
	k := keyOf(profile.ID{}, profile.Ticket, digest)
	subject, found, err := t.holder(k)
	if err != nil || !found {
		return err
	}
	if err := t.dropName(k); err != nil {
		return err
	}
	_, err = t.write(deleteTicket, t.site, subject.Bucket(), subject, digest)
	return err
}

// PutAttempts inserts or replaces.
func (t *tx) PutAttempts(v store.Attempts) error {
	_, err := t.write(upsertAttempts, t.site, v.Subject.Bucket(), v.Subject, v.Kind,
		v.Count, v.Since, v.Until)
	return err
}

// PutAnswer takes a key, if no answer that is still valid has it.
func (t *tx) PutAnswer(v *store.Answer, now time.Time) error {
	if _, err := t.write(deleteExpired, t.site, v.Subject.Bucket(), v.Subject, now); err != nil {
		return err
	}
	n, err := t.write(insertAnswer, t.site, v.Subject.Bucket(), v.Subject, v.Key, v.Request, v.About,
		v.Status, text(v.Body), v.Expires)
	if err == nil && n == 0 {
		err = store.TakenError("idempotency")
	}
	return err
}

// Claim takes a name, and notes it so that it goes with the record.
func (t *tx) Claim(owner profile.ID, space profile.Space, value string, id profile.ID) error {
	home, err := t.bucketOf(id)
	if err != nil {
		return err
	}
	ok, err := t.takeName(keyOf(owner, space, value), home, id)
	if err != nil {
		return err
	}
	if !ok {
		return store.TakenError(space)
	}
	_, err = t.write(insertClaim, t.site, id.Bucket(), id, owner, space, value)
	return err
}

// Release gives a name back.
func (t *tx) Release(owner profile.ID, space profile.Space, value string) error {
	k := keyOf(owner, space, value)
	id, found, err := t.holder(k)
	if err != nil || !found {
		return err
	}
	if err := t.dropName(k); err != nil {
		return err
	}
	_, err = t.write(deleteClaim, t.site, id.Bucket(), id, owner, space, value)
	return err
}
