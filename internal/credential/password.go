package credential

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"

	"facet/internal/profile"

	"golang.org/x/crypto/argon2"
)

// MaxPassword is the longest password, in bytes, that is hashed at all.
const MaxPassword = 1024

// Today's parameters of argon2id: the OWASP Password Storage Cheat Sheet's
// first choice for 19 MiB.
const (
	argonMemory  = 19456 // KiB
	argonTime    = 2
	argonThreads = 1
	argonSalt    = 16 // bytes
	argonKey     = 32 // bytes
)

// HasherConfig bounds what hashing may cost. Zero values are the defaults.
type HasherConfig struct {
	Concurrency int           // hashes at a time; default half of GOMAXPROCS, at least 1
	Queue       int           // callers that may wait; default 64, negative means none
	RetryAfter  time.Duration // told to those who find the queue full; default 1 s, in whole seconds
}

// Hasher hashes and verifies passwords. A hash takes 19 MiB and some tens of
// milliseconds of a core, so only a few run at a time and a bounded number of
// callers waits; the rest are told to come back.
type Hasher struct {
	slots   chan struct{}
	waiting atomic.Int64
	queue   int64
	retry   int
	nothing string // an encoded hash, with today's parameters, of no password
}

// NewHasher makes a Hasher. One serves the whole process.
func NewHasher(c HasherConfig) *Hasher {
	if c.Concurrency <= 0 {
		c.Concurrency = max(1, runtime.GOMAXPROCS(0)/2)
	}
	if c.Queue == 0 {
		c.Queue = 64
	}
	if c.RetryAfter <= 0 {
		c.RetryAfter = time.Second
	}
	nothing := make([]byte, argonSalt+argonKey)
	fill(nothing)
	return &Hasher{
		slots:   make(chan struct{}, c.Concurrency),
		queue:   int64(max(c.Queue, 0)),
		retry:   int((c.RetryAfter + time.Second - 1) / time.Second),
		nothing: encodeArgon(nothing[:argonSalt], nothing[argonSalt:]),
	}
}

// Hash gives the password's hash in PHC string form:
// $argon2id$v=19$m=19456,t=2,p=1$salt$hash. An empty password is
// Invalid/blank, one over MaxPassword TooLarge; a full queue, or a ctx that
// ends while waiting, is Busy.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if password == "" {
		return "", profile.E(profile.Invalid, profile.CodeBlank, "password", "password may not be blank")
	}
	if err := checkLength(password); err != nil {
		return "", err
	}
	if err := h.acquire(ctx); err != nil {
		return "", err
	}
	defer h.release()
	salt := make([]byte, argonSalt)
	fill(salt)
	key := argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonThreads, argonKey)
	return encodeArgon(salt, key), nil
}

// Verify reports whether the password has the encoded hash, and whether that
// hash should be made anew with today's algorithm and parameters (only
// meaningful when ok). The empty password never verifies. Errors are those of
// Hash, and Internal for an encoded hash that Check refuses.
func (h *Hasher) Verify(ctx context.Context, encoded, password string) (ok, stale bool, err error) {
	if err := checkLength(password); err != nil {
		return false, false, err
	}
	v, err := parseHash(encoded)
	if err != nil {
		return false, false, &profile.Error{Kind: profile.Internal, Code: profile.CodeInternal, Message: "a stored password hash cannot be used", Err: err}
	}
	if err := h.acquire(ctx); err != nil {
		return false, false, err
	}
	defer h.release()
	return v.matches([]byte(password)) && password != "", v.stale(), nil
}

// VerifyNothing costs what Verify costs and verifies nothing: it is for a user
// that does not exist, or has no password, so that the answer's time does not
// tell. Its errors are those of Verify.
func (h *Hasher) VerifyNothing(ctx context.Context, password string) error {
	_, _, err := h.Verify(ctx, h.nothing, password)
	return err
}

func checkLength(password string) error {
	if len(password) > MaxPassword {
		return profile.E(profile.TooLarge, profile.CodeTooLarge, "password", "password may have at most %d bytes", MaxPassword)
	}
	return nil
}

// Room says whether a caller would find a slot, or a place in the queue, now:
// Busy where not. It is for what is done before a hash and undone where there is
// none: in a storm of sign-ins that is most of the work.
func (h *Hasher) Room() error {
	if len(h.slots) == cap(h.slots) && h.waiting.Load() >= h.queue {
		return h.busy(nil)
	}
	return nil
}

// acquire takes a slot, waiting for one if the queue has room.
func (h *Hasher) acquire(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return h.busy(err)
	}
	select {
	case h.slots <- struct{}{}:
		return nil
	default:
	}
	defer h.waiting.Add(-1)
	if h.waiting.Add(1) > h.queue {
		return h.busy(nil)
	}
	select {
	case h.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return h.busy(ctx.Err())
	}
}

func (h *Hasher) release() { <-h.slots }

func (h *Hasher) busy(cause error) error {
	return &profile.Error{Kind: profile.Busy, Code: profile.CodeBusy, Message: "too many sign-ins at once, try again soon", Retry: h.retry, Err: cause}
}
