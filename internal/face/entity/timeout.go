package entity

import (
	"context"
	"errors"
	"net/http"
	"time"

	"facet/internal/face"
	"facet/internal/profile"
)

// How long a call may take, and at most; clients that ask for more get the
// most (Identity Cloud, "Get started", timeout).
const (
	defaultTimeout = 10 * time.Second
	maxTimeout     = 60 * time.Second
)

// inTime bounds a call by its parameter timeout, in whole seconds. What was
// written by then stays, and a change that has begun is finished: a call that
// answers 504 has written nothing, or just the rows that it was asked to write
// one by one.
func inTime(handle face.Handler) face.Handler {
	return func(w http.ResponseWriter, r *http.Request, c *face.Call) error {
		limit, err := c.Form.(*form).timeout()
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(r.Context(), limit)
		defer cancel()
		if limit > defaultTimeout { // the server's own bound must leave room for the answer
			err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(limit + defaultTimeout))
			if err != nil && !errors.Is(err, http.ErrNotSupported) {
				return err
			}
		}
		return timeoutError(ctx, handle(w, r.WithContext(ctx), c))
	}
}

// timeout gives how long the call may take.
func (f *form) timeout() (time.Duration, error) {
	if f.text("timeout") == "" {
		return defaultTimeout, nil
	}
	n, err := f.number("timeout", 0, 1, maxInt)
	if n > int(maxTimeout/time.Second) {
		return maxTimeout, err
	}
	return time.Duration(n) * time.Second, err
}

// timeoutError tells a call that ran out of its time from one that failed.
func timeoutError(ctx context.Context, err error) error {
	if err == nil || !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return err
	}
	if e := profile.AsError(err); e.Kind != profile.Internal && e.Kind != profile.Busy {
		return err
	}
	return &profile.Error{Kind: profile.Busy, Code: codeTimeout, Retry: 1, Message: "the call ran out of its time", Err: err}
}
