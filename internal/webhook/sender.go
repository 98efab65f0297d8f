package webhook

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"syscall"
	"time"
)

// The bounds of one try.
const (
	timeout     = 15 * time.Second // Standard Webhooks recommends 15 to 30 s
	maxAnswer   = 16 << 10         // bytes of an answer's body that are read, and thrown away
	maxHeader   = 32 << 10
	perHost     = 4
	maxRetry    = 24 * time.Hour // that an endpoint may ask to be left alone
	idleTimeout = 30 * time.Second
)

// Config is what a Sender works with.
type Config struct {
	Filter   Filter
	Resolver *net.Resolver    // nil: the system's
	Now      func() time.Time // nil: time.Now
	Version  string           // of this build, told to receivers
}

// Sender sends messages; many goroutines may use it at once.
type Sender struct {
	c      Config
	client *http.Client
}

// NewSender makes a Sender. It goes through no proxy, follows no redirect, and
// looks at the address of each connection when its name has been resolved, so
// that no name can lead anywhere else than was checked.
func NewSender(c Config) *Sender {
	if c.Now == nil {
		c.Now = time.Now
	}
	dial := func(plain bool) func(context.Context, string, string) (net.Conn, error) {
		d := &net.Dialer{Timeout: timeout, KeepAlive: idleTimeout, Resolver: c.Resolver,
			Control: func(_, address string, _ syscall.RawConn) error { return c.Filter.checkDialed(address, plain) }}
		return d.DialContext
	}
	transport := func(plain bool) *http.Transport {
		return &http.Transport{
			DialContext: dial(plain), ForceAttemptHTTP2: true, DisableCompression: true,
			MaxConnsPerHost: perHost, MaxIdleConnsPerHost: 1, MaxIdleConns: 100, IdleConnTimeout: idleTimeout,
			TLSHandshakeTimeout: timeout, ResponseHeaderTimeout: timeout, MaxResponseHeaderBytes: maxHeader,
		}
	}
	return &Sender{c: c, client: &http.Client{
		Transport:     schemes{transport(true), transport(false)},
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// schemes sends what is not encrypted only to addresses that were allowed.
type schemes struct{ plain, encrypted *http.Transport }

func (s schemes) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme == "http" {
		return s.plain.RoundTrip(r)
	}
	return s.encrypted.RoundTrip(r)
}

// checkDialed looks at the address that a connection is about to be made to.
func (f Filter) checkDialed(address string, plain bool) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return errAddress
	}
	if plain && !f.allows(at.Addr()) {
		return errAddress
	}
	return f.check(at.Addr())
}

// Failure is why a message was not taken over.
type Failure struct {
	Status int           // of the answer; 0: there was none
	Why    string        // for operators and logs: it has no personal data
	Gone   bool          // the endpoint wants no messages any more
	Down   bool          // no message would be taken now, whatever it says
	After  time.Duration // that the endpoint asks to be left alone; 0: it does not say
}

func (f *Failure) Error() string { return f.Why }

// Send gives a message to its endpoint: nil when the endpoint answers 2xx, and
// a *Failure otherwise.
func (s *Sender) Send(ctx context.Context, m Message) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, m.URL, bytes.NewReader(m.Body))
	if err != nil {
		return &Failure{Why: "its address cannot be used"}
	}
	at := s.c.Now()
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "Facet-Webhooks/"+s.c.Version)
	r.Header[headerID] = []string{m.ID}
	r.Header[headerTimestamp] = []string{strconv.FormatInt(at.Unix(), 10)}
	r.Header[headerSignature] = []string{sign(m.Secrets, m.ID, at, m.Body)}
	answer, err := s.client.Do(r)
	if err != nil {
		return unreached(err)
	}
	_, _ = io.CopyN(io.Discard, answer.Body, maxAnswer) // so that the connection can be used again
	_ = answer.Body.Close()
	return judge(answer, s.c.Now())
}

// unreached tells why there was no answer; the texts of the errors name hosts.
func unreached(err error) *Failure {
	f := &Failure{Why: "the endpoint cannot be reached", Down: true}
	var name *net.DNSError
	var late net.Error
	switch {
	case errors.Is(err, errAddress):
		f.Why = "the endpoint's name leads to an address that may not be reached"
	case errors.As(err, &name) && name.IsNotFound:
		f.Why = "the endpoint's name leads nowhere"
	case errors.As(err, &late) && late.Timeout(), errors.Is(err, context.DeadlineExceeded):
		f.Why = "the endpoint took too long"
	}
	return f
}

// judge tells what an answer means (Standard Webhooks, "Delivery": 2xx is
// success, all else is failure, 410 the wish to be sent nothing any more).
func judge(answer *http.Response, now time.Time) error {
	status := answer.StatusCode
	if status/100 == 2 {
		return nil
	}
	f := &Failure{Status: status, Why: "the endpoint answered " + strconv.Itoa(status)}
	switch {
	case status/100 == 3:
		f.Why += ": redirects are not followed"
	case status == http.StatusGone:
		f.Gone = true
	case status == http.StatusTooManyRequests || status/100 == 5:
		f.Down = true
		f.After = retryAfter(answer.Header.Get("Retry-After"), now)
	}
	return f
}

// retryAfter reads how long an endpoint asks to be left alone: in seconds, or
// until when (RFC 9110, 10.2.3); 0 where it does not say.
func retryAfter(text string, now time.Time) time.Duration {
	wait := time.Duration(0)
	if n, err := strconv.Atoi(text); err == nil {
		wait = time.Duration(min(max(n, 0), int(maxRetry/time.Second))) * time.Second
	} else if until, err := http.ParseTime(text); err == nil {
		wait = until.Sub(now)
	}
	return min(max(wait, 0), maxRetry)
}
