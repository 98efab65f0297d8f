package server

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"time"

	"facet/internal/face"
	"facet/internal/profile"
)

// exchange is one request being answered: the ResponseWriter that handlers
// get, which notes what the log and the metrics need.
type exchange struct {
	http.ResponseWriter
	call   face.Call
	face   face.Face // whose form errors take
	route  string    // method and pattern; "" when none matched
	meter  *meter
	starts *starts
	told   func() string // the token of what was read and written; nil: there is none
	start  time.Time
	status int // 0: not answered yet
	bytes  int64
	err    *profile.Error
	broken bool // the answer began and cannot be finished
}

func (x *exchange) WriteHeader(status int) {
	if x.status == 0 && status >= 200 {
		x.status = status
		x.tell()
	}
	x.ResponseWriter.WriteHeader(status)
}

func (x *exchange) Write(b []byte) (int, error) {
	if x.status == 0 {
		x.status = http.StatusOK
		x.tell()
	}
	n, err := x.ResponseWriter.Write(b)
	x.bytes += int64(n)
	return n, err
}

// tell puts the consistency token into the head of the answer.
func (x *exchange) tell() {
	if x.told == nil {
		return
	}
	if token := x.told(); token != "" {
		x.Header()[consistency] = []string{token}
	}
}

// Unwrap lets http.ResponseController reach the connection.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

// fail renders an error in the face's form, unless an answer has begun.
func (x *exchange) fail(r *http.Request, err error) {
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil { // nobody's fault here, and nobody reads the answer
		err = &profile.Error{Kind: profile.Malformed, Code: profile.CodeGone, Message: "the client went away", Err: err}
	}
	x.err = profile.AsError(err)
	if x.status != 0 {
		x.broken = true
		return
	}
	x.face.Fail(x, r, &x.call, err)
}

// requestID takes the caller's X-Request-ID if it is 1 to 64 letters, digits,
// '_', '.' and '-'; otherwise it mints one.
func requestID(r *http.Request) string {
	if v := r.Header["X-Request-Id"]; len(v) == 1 && isRequestID(v[0]) {
		return v[0]
	}
	return mintRequestID()
}

// mintRequestID makes 16 lower-case letters and digits. They need to be
// distinct, not secret; the runtime's generator costs no lock.
func mintRequestID() string {
	const alnum = "abcdefghijklmnopqrstuvwxyz0123456789"
	var b [16]byte
	for half := range 2 {
		v := rand.Uint64()
		for i := range 8 {
			b[8*half+i] = alnum[v%uint64(len(alnum))]
			v /= uint64(len(alnum))
		}
	}
	return string(b[:])
}

func isRequestID(s string) bool {
	if len(s) < 1 || len(s) > 64 {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '.' || c == '-') {
			return false
		}
	}
	return true
}
