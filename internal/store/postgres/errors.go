package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"facet/internal/profile"
	"facet/internal/store"
)

// Errors of Open.
var (
	// ErrNewer is a database that a newer version has migrated.
	ErrNewer = errors.New("the database was written by a newer version")
	// ErrOlder is a database, opened for reading only, that a server must
	// migrate first.
	ErrOlder = errors.New("the database needs migration: start the server on it once")
	// ErrForeign is a database that holds something else.
	ErrForeign = errors.New("the database holds something else than Facet's tables")
	// ErrReadOnly is a write in a store that is opened for reading only.
	ErrReadOnly = errors.New("the database is opened for reading only")
)

var (
	errClosed       = store.ErrClosed
	errNoConnection = errors.New("postgres: no connection")

	// errEager: something failed that the caller's function was told has
	// succeeded. It runs again, each call sent at once.
	errEager = errors.New("postgres: to be run again, each call at once")
)

// stale is a record that has changed since it was read.
type stale struct{ rec *store.Record }

func (s *stale) Error() string { return "postgres: record " + s.rec.ID.String() + " has changed" }

// conflict is a record that another transaction has changed since this one
// read it.
type conflict struct{ id profile.ID }

func (c *conflict) Error() string {
	return "postgres: record " + c.id.String() + " has changed meanwhile"
}

// SQLSTATEs (PostgreSQL documentation, appendix A).
const (
	uniqueViolation      = "23505"
	divisionByZero       = "22012"
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	tooLong              = "54000" // program_limit_exceeded: a key longer than a page of an index takes
	badCharacter         = "22021"
	internalError        = "XX000"
	readOnlyTransaction  = "25006" // the server has become a standby
)

func codeOf(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}

// isLost reports whether the connection, or the server, is gone, or takes no new
// connection, for whatever reason: nothing is known of what was sent last.
func isLost(err error) bool {
	if errors.Is(err, errNoConnection) {
		return true
	}
	switch code := codeOf(err); {
	case code == "":
		return !isOurs(err)
	case code[:2] == "08", code == "57P01", code == "57P02", code == "57P03", code == "53300":
		return true
	}
	return false
}

// isOurs reports whether an error is one of the store's, or its caller's.
func isOurs(err error) bool {
	var e *profile.Error
	var s *stale
	var c *conflict
	return errors.As(err, &e) || errors.As(err, &s) || errors.As(err, &c) ||
		errors.Is(err, errClosed) || errors.Is(err, store.ErrAge) || errors.Is(err, errEager) || errors.Is(err, ErrReadOnly)
}

// busy tells that the database cannot be asked now.
func busy(err error) error {
	return &profile.Error{Kind: profile.Busy, Code: profile.CodeBusy, Retry: 1, Message: "the database is not available", Err: err}
}

// translate makes an error of the driver the store's.
func translate(ctx context.Context, err error) error {
	if err == nil || isOurs(err) {
		return err
	}
	if e := ctx.Err(); e != nil {
		return e
	}
	switch code := codeOf(err); {
	case code == serializationFailure, code == deadlockDetected, code == readOnlyTransaction, isLost(err):
		return busy(err)
	case code == tooLong:
		return &profile.Error{Kind: profile.Malformed, Code: profile.CodeSyntax, Message: "a value is too long", Err: err}
	case code == badCharacter:
		return errUTF8
	case len(code) == 5 && code[:2] == "53": // no disk, no memory
		return busy(err)
	}
	return fmt.Errorf("store: %w", err)
}

// firstWait is how long a caller waits before it tries again; longer each time,
// up to maxWait.
const (
	firstWait = 5 * time.Millisecond
	maxWait   = 200 * time.Millisecond
)

// pause waits about as long as said, which is more than nothing.
func pause(ctx context.Context, wait time.Duration) error {
	t := time.NewTimer(wait/2 + rand.N(wait))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
