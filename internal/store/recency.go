package store

import (
	"context"
	"math"
	"strconv"
	"strings"
	"sync"

	"facet/internal/profile"
)

// Mark is a place in the history of a database: all that was written up to it,
// and what a copy of the database that lags behind must have to be asked.
type Mark struct {
	Epoch int64  // of event positions: marks of several do not compare
	At    uint64 // in what the database writes its history by; on PostgreSQL a place in its log (pg_lsn)
}

// String is the mark as callers keep it: "EPOCH-AT", decimal and hexadecimal,
// such as 1-16b3748.
func (m Mark) String() string {
	return strconv.FormatInt(m.Epoch, 10) + "-" + strconv.FormatUint(m.At, 16)
}

// ParseMark reads what String wrote. Errors: Malformed.
func ParseMark(text string) (Mark, error) {
	epoch, at, _ := strings.Cut(text, "-")
	var m Mark
	var err error
	if m.Epoch, err = strconv.ParseInt(epoch, 10, 64); err == nil {
		m.At, err = strconv.ParseUint(at, 16, 64)
	}
	if err != nil || m.Epoch < 1 || m.String() != text {
		return Mark{}, profile.E(profile.Malformed, profile.CodeSyntax, "", "no mark of what was read and written")
	}
	return m, nil
}

// Recency is how recent what a request reads must be, and how recent what it
// has read and written was. It serves all goroutines of the request.
type Recency struct {
	mu     sync.Mutex
	least  Mark
	copies bool
	noted  bool
}

// NewRecency begins with what the caller has seen, the zero Mark for nothing.
// With copies, what is only shown may come from a replica that has as much.
func NewRecency(least Mark, copies bool) *Recency { return &Recency{least: least, copies: copies} }

// Copies reports whether what is only shown may come from a replica, and what
// the replica must have.
func (r *Recency) Copies() (least Mark, ok bool) {
	if r == nil {
		return Mark{}, false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.least, r.copies
}

// Unknown is the At of what was written nobody knows where: no replica has it.
const Unknown = math.MaxUint64

// Note raises what the caller has seen. What was of another epoch is forgotten:
// it compares with nothing here; and so is what was Unknown, which whoever notes
// another mark has.
func (r *Recency) Note(m Mark) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.noted = true
	if m.Epoch != r.least.Epoch || m.At > r.least.At || r.least.At == Unknown {
		r.least = m
	}
}

// Mark is what the caller has seen now; false when nothing was noted.
func (r *Recency) Mark() (Mark, bool) {
	if r == nil {
		return Mark{}, false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.least, r.noted
}

type recencyKey struct{}

// WithRecency makes reads with the context follow r, and writes raise it.
func WithRecency(ctx context.Context, r *Recency) context.Context {
	return context.WithValue(ctx, recencyKey{}, r)
}

// RecencyOf gives the context's; nil where there is none.
func RecencyOf(ctx context.Context) *Recency {
	r, _ := ctx.Value(recencyKey{}).(*Recency)
	return r
}
