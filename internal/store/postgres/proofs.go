package postgres

import (
	"hash/fnv"
	"math"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
	"facet/internal/store/row"
)

// Secret reads one secret.
func (r *reader) Secret(subject profile.ID, kind, key string) (*store.Secret, error) {
	return proof(r, secretLock, subject, kind+" "+key, func() (*store.Secret, error) {
		return first(r.secrets(r.of(selectSecret), subject, kind, r.site, subject.Bucket(), subject, kind, key))
	})
}

// proof reads what may not be there: whoever finds nothing in order to write it
// has its place for itself, though no row can be locked.
func proof[T any](r *reader, class int32, subject profile.ID, name string, read func() (*T, error)) (*T, error) {
	found, err := read()
	if r.t == nil || !profile.IsKind(err, profile.NotFound) {
		return found, err
	}
	if err := r.t.alone(class, r.site, subject, name); err != nil {
		return nil, err
	}
	return read()
}

// Secrets lists the secrets of a kind.
func (r *reader) Secrets(subject profile.ID, kind string) ([]*store.Secret, error) {
	return r.secrets(r.of(selectSecrets), subject, kind, r.site, subject.Bucket(), subject, kind)
}

func (r *reader) secrets(id statement, subject profile.ID, kind string, args ...any) (list []*store.Secret, err error) {
	err = r.query(id, func(v rowOf) {
		list = append(list, &store.Secret{Subject: subject, Kind: kind, Key: v.text(0),
			Data: v.bytes(1), Created: v.time(2), Expires: v.time(3)})
	}, args...)
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
	return first(r.sessions(r.of(selectSession), subject, r.site, subject.Bucket(), subject, id))
}

// Sessions lists the sessions of a subject, by id.
func (r *reader) Sessions(subject profile.ID) ([]*store.Session, error) {
	return r.sessions(r.of(selectSessions), subject, r.site, subject.Bucket(), subject)
}

func (r *reader) sessions(id statement, subject profile.ID, args ...any) (list []*store.Session, err error) {
	err = r.query(id, func(v rowOf) {
		s := &store.Session{Subject: subject, ID: v.id(0), Created: v.time(2), Expires: v.time(3), Generation: v.int(4)}
		if len(v.raw(1)) > 0 {
			s.Restriction = v.bytes(1)
		}
		list = append(list, s)
	}, args...)
	return list, err
}

// Ticket reads by digest.
func (r *reader) Ticket(digest string) (*store.TicketRow, error) {
	k := row.KeyOf(profile.ID{}, profile.Ticket, digest)
	return proof(r, ticketLock, profile.ID{}, digest, func() (*store.TicketRow, error) {
		t := &store.TicketRow{Digest: digest}
		err := r.ticket(k, func(v rowOf) {
			t.Subject, t.Kind, t.Data, t.Uses, t.Created, t.Expires = v.id(0), v.text(1), v.bytes(2), v.int(3), v.time(4), v.time(5)
		})
		if err != nil {
			return nil, err
		}
		return t, nil
	})
}

// Tickets lists the tickets of one kind.
func (r *reader) Tickets(subject profile.ID, kind string) ([]*store.TicketRow, error) {
	return r.tickets(r.of(selectTicketsOf), subject, kind, r.site, subject.Bucket(), subject, kind)
}

// TicketsByTime lists the tickets of one kind, newest first.
func (r *reader) TicketsByTime(subject profile.ID, kind string, after store.TicketMark, max int) ([]*store.TicketRow, error) {
	created := int64(math.MaxInt64)
	if after != (store.TicketMark{}) {
		created = row.Micros(after.Created)
	}
	return r.tickets(selectTicketsByTime, subject, kind, r.site, subject.Bucket(), subject, kind, created, after.Digest, limit(max))
}

func (r *reader) tickets(id statement, subject profile.ID, kind string, args ...any) (list []*store.TicketRow, err error) {
	err = r.query(id, func(v rowOf) {
		list = append(list, &store.TicketRow{Digest: v.text(0), Subject: subject, Kind: kind,
			Data: v.bytes(1), Uses: v.int(2), Created: v.time(3), Expires: v.time(4)})
	}, args...)
	return list, err
}

// Attempts reads the count of wrong tries. Whoever reads it in order to count
// on has it for itself, also where nothing is counted yet.
func (r *reader) Attempts(subject profile.ID, kind string) (store.Attempts, error) {
	a := store.Attempts{Subject: subject, Kind: kind}
	if r.t != nil {
		if err := r.t.alone(attemptsLock, r.site, subject, kind); err != nil {
			return a, err
		}
	}
	_, err := r.one(selectAttempts, func(v rowOf) {
		a.Count, a.Since, a.Until = v.int(0), v.time(1), v.time(2)
	}, r.site, subject.Bucket(), subject, kind)
	return a, err
}

// Classes of the locks that no row stands for.
const (
	ageLock      int32 = 0x46610001
	hostsLock    int32 = 0x46610002
	attemptsLock int32 = 0x46610003
	secretLock   int32 = 0x46610004
	ticketLock   int32 = 0x46610005
	markLock     int32 = 0x46610006
	recordLock   int32 = 0x46610009
)

// alone takes such a lock, which two things with the same hash share.
func (t *tx) alone(class int32, site store.SiteID, subject profile.ID, kind string) error {
	h := fnv.New32a()
	_, _ = h.Write([]byte{byte(site), byte(site >> 8), byte(site >> 16)})
	_, _ = h.Write(subject[:])
	_, _ = h.Write([]byte(kind))
	return t.write(nil, lockAlone, class, int32(h.Sum32()))
}

// Answer reads what is kept for a repeat.
func (r *reader) Answer(subject profile.ID, key string) (*store.Answer, error) {
	a := &store.Answer{Subject: subject, Key: key}
	err := r.must(selectAnswer, func(v rowOf) {
		a.Request, a.About, a.Status, a.Body, a.Expires = v.text(0), v.id(1), int(v.int(2)), v.bytes(3), v.time(4)
	}, r.site, subject.Bucket(), subject, key)
	if err != nil {
		return nil, err
	}
	return a, nil
}

// keep writes a row that is kept for a subject, and goes when it is erased.
func (t *tx) keep(subject profile.ID, fail error, id statement, args ...any) error {
	return t.unit(func() error {
		if err := t.stays(subject); err != nil {
			return err
		}
		return t.write(fail, id, args...)
	})
}

// drop deletes rows; no error when there are none.
func (t *tx) drop(id statement, args ...any) error {
	return t.unit(func() error { return t.write(nil, id, args...) })
}

// PutSecret inserts or replaces.
func (t *tx) PutSecret(v *store.Secret) error {
	return t.keep(v.Subject, nil, upsertSecret, t.site, v.Subject.Bucket(), v.Subject, v.Kind, v.Key,
		v.Data, v.Created, v.Expires)
}

// DropSecret deletes; no error when there is none.
func (t *tx) DropSecret(subject profile.ID, kind, key string) error {
	return t.drop(deleteSecret, t.site, subject.Bucket(), subject, kind, key)
}

// PutSession inserts or replaces.
func (t *tx) PutSession(v *store.Session) error {
	return t.keep(v.Subject, nil, upsertSession, t.site, v.Subject.Bucket(), v.Subject, v.ID,
		text(v.Restriction), v.Created, v.Expires, v.Generation)
}

// HoldSession reads one session, whose row nobody deletes until the transaction
// ends; others hold it too.
func (t *tx) HoldSession(subject, id profile.ID) (*store.Session, error) {
	return first(t.sessions(holdSession, subject, t.site, subject.Bucket(), subject, id))
}

// DropSession deletes; no error when there is none.
func (t *tx) DropSession(subject, id profile.ID) error {
	return t.drop(deleteSession, t.site, subject.Bucket(), subject, id)
}

// DropSessions ends every session of a subject.
func (t *tx) DropSessions(subject profile.ID) error {
	return t.drop(deleteSessions, t.site, subject.Bucket(), subject)
}

// PutTicket inserts or replaces; a ticket may pass to another subject.
func (t *tx) PutTicket(v *store.TicketRow) error {
	k := row.KeyOf(profile.ID{}, profile.Ticket, v.Digest)
	return t.unit(func() error {
		if err := t.stays(v.Subject); err != nil {
			return err
		}
		if err := t.moveTicket(k, v.Subject); err != nil {
			return err
		}
		if err := t.write(nil, upsertTicketName, t.site, k.Bucket, k.Space, k.Value, v.Subject.Bucket(), v.Subject); err != nil {
			return err
		}
		return t.write(nil, upsertTicket, t.site, v.Subject.Bucket(), v.Subject, v.Digest, v.Kind,
			text(v.Data), v.Uses, v.Created, v.Expires)
	})
}

// DropTicket deletes; no error when there is none.
func (t *tx) DropTicket(digest string) error {
	k := row.KeyOf(profile.ID{}, profile.Ticket, digest)
	if t.s.spread {
		return t.unit(func() error { return t.dropTicketApart(k) })
	}
	return t.drop(dropTicket, t.site, k.Bucket, k.Space, k.Value)
}

// PutAttempts inserts or replaces.
func (t *tx) PutAttempts(v store.Attempts) error {
	return t.keep(v.Subject, nil, upsertAttempts, t.site, v.Subject.Bucket(), v.Subject, v.Kind,
		v.Count, v.Since, v.Until)
}

// dropAnswersAbout deletes what others were answered about a subject. It is
// looked for first, so that nothing is written where nothing is.
func (t *tx) dropAnswersAbout(id profile.ID) error {
	type answer struct {
		bucket  profile.Bucket
		subject profile.ID
		key     string
	}
	var list []answer
	err := t.query(selectAnswersAbout, func(v rowOf) {
		list = append(list, answer{profile.Bucket(v.int(0)), v.id(1), v.text(2)})
	}, t.site, id)
	for _, a := range list {
		if err == nil {
			err = t.write(nil, deleteAnswer, t.site, a.bucket, a.subject, a.key)
		}
	}
	return err
}

// PutAnswer takes a key, if no answer that is still valid has it.
func (t *tx) PutAnswer(v *store.Answer, now time.Time) error {
	return t.unit(func() error {
		if err := t.stays(v.Subject, v.About); err != nil {
			return err
		}
		if err := t.write(nil, deleteExpired, t.site, v.Subject.Bucket(), v.Subject, now); err != nil {
			return err
		}
		return t.write(store.TakenError("idempotency"), insertAnswer, t.site, v.Subject.Bucket(), v.Subject, v.Key,
			v.Request, v.About, v.Status, text(v.Body), v.Expires)
	})
}

// Claim takes a name, and notes it so that it goes with the record.
func (t *tx) Claim(owner profile.ID, space profile.Space, value string, id profile.ID) error {
	return t.unit(func() error {
		home, err := t.bucketOf(id)
		if err != nil {
			return err
		}
		if err := t.stays(owner, id); err != nil {
			return err
		}
		if err := t.takeName(row.KeyOf(owner, space, value), home, id); err != nil {
			return err
		}
		return t.write(nil, insertClaim, t.site, id.Bucket(), id, owner, space, value)
	})
}

// Release gives a name back.
func (t *tx) Release(owner profile.ID, space profile.Space, value string) error {
	k := row.KeyOf(owner, space, value)
	return t.unit(func() error {
		if k.Space == profile.IDTag {
			if err := t.dropHost(store.HostForm(k.Value)); err != nil {
				return err
			}
		}
		if t.s.spread {
			return t.releaseApart(k)
		}
		return t.write(nil, releaseName, t.site, k.Bucket, k.Owner, k.Space, k.Value)
	})
}

// HoldAge makes the transaction fail where the site's age is another, and keeps
// it so until the end.
func (t *tx) HoldAge(age int64) error {
	return t.unit(func() error {
		if err := t.write(nil, lockShared, ageLock, int32(t.site)); err != nil {
			return err
		}
		return t.write(store.ErrAge, mustAge, t.site, age)
	})
}

// RaiseAge waits for those who hold the age, and raises it.
func (t *tx) RaiseAge() error {
	return t.unit(func() error {
		if err := t.write(nil, lockAlone, ageLock, int32(t.site)); err != nil {
			return err
		}
		return t.write(nil, raiseAge, t.site)
	})
}
