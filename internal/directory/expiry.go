package directory

import (
	"context"

	"facet/internal/profile"
	"facet/internal/store"
)

// ExpiryJob is the kind of job that deletes a ticket or a session that is over;
// its body is an ExpiryBody.
const ExpiryJob = "expiry"

// ExpiryBody is the JSON of an ExpiryJob: either member may be missing.
type ExpiryBody struct {
	Digest  string     `json:"digest,omitempty"` // of a ticket
	Subject profile.ID `json:"subject,omitzero"` // of the session
	Session profile.ID `json:"session,omitzero"`
}

// expiryJob deletes a ticket when it is over.
func (s *Site) expiryJob(row *store.TicketRow) store.Job {
	return store.Job{
		ID: profile.NewIDIn(row.Created, row.Subject.Bucket()), Site: s.id, Kind: ExpiryJob, Due: row.Expires, Created: row.Created,
		Subject: row.Subject, Body: marshal(ExpiryBody{Digest: row.Digest}),
	}
}

// sessionExpiryJob deletes a session when it is over; should it have been
// renewed by then, it looks again.
func sessionExpiryJob(site store.SiteID, row *store.Session) store.Job {
	return store.Job{
		ID: profile.NewIDIn(row.Created, row.Subject.Bucket()), Site: site, Kind: ExpiryJob, Due: row.Expires, Created: row.Created,
		Subject: row.Subject, Body: marshal(ExpiryBody{Subject: row.Subject, Session: row.ID}),
	}
}

// DropExpired does an ExpiryJob. A ticket that was made anew meanwhile stays.
func (d *Directory) DropExpired(ctx context.Context, site store.SiteID, in ExpiryBody) error {
	return d.store.Site(site).Update(ctx, func(tx store.Tx) error {
		if !in.Session.IsZero() {
			if err := d.dropOverSession(tx, site, in); err != nil {
				return err
			}
		}
		if in.Digest == "" {
			return nil
		}
		row, err := tx.Ticket(in.Digest)
		if profile.IsKind(err, profile.NotFound) {
			return nil
		}
		if err != nil || row.Expires.IsZero() || row.Expires.After(d.now()) {
			return err
		}
		return tx.DropTicket(in.Digest)
	})
}

func (d *Directory) dropOverSession(tx store.Tx, site store.SiteID, in ExpiryBody) error {
	row, err := tx.Session(in.Subject, in.Session)
	switch {
	case profile.IsKind(err, profile.NotFound):
		return nil
	case err != nil:
		return err
	case row.Expires.After(d.now()):
		again := sessionExpiryJob(site, row)
		again.ID = profile.NewIDIn(d.now(), row.Subject.Bucket())
		return tx.Enqueue(again)
	}
	return tx.DropSession(in.Subject, in.Session)
}
