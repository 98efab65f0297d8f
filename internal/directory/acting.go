package directory

import (
	"context"
	"sync/atomic"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// acting is the session that the writes of a call are made for.
type acting struct {
	site             *Site
	subject, session profile.ID
	ended            atomic.Bool // by the call itself: what it still writes is its own affair
}

type actingKey struct{}

// Acting gives a context whose writes to the site are kept only if the caller's
// session is there when they are made: a call that was let in before its session
// was revoked writes nothing after that. They fail with
// Unauthenticated/CodeBadToken. Reads ask nothing more.
func (s *Site) Acting(ctx context.Context, who access.Principal) context.Context {
	if who.Session.IsZero() {
		return ctx
	}
	return context.WithValue(ctx, actingKey{}, &acting{site: s, subject: who.Subject, session: who.Session})
}

// actingIn gives the session that a site is written for, nil where there is
// none.
func actingIn(ctx context.Context, s *Site) *acting {
	a, _ := ctx.Value(actingKey{}).(*acting)
	if a == nil || a.site != s || a.ended.Load() {
		return nil
	}
	return a
}

// byNobody is a context whose writes are made for no session.
func byNobody(ctx context.Context) context.Context {
	return context.WithValue(ctx, actingKey{}, (*acting)(nil))
}

// hold refuses what is written for a session that is gone, and keeps one that is
// there until the transaction ends.
func (a *acting) hold(tx store.Tx) error {
	_, err := tx.HoldSession(a.subject, a.session)
	if profile.IsKind(err, profile.NotFound) {
		return badToken()
	}
	return err
}
