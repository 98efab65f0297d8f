// Package mailtest is a real SMTP server for tests: it listens on a loopback
// port, keeps what it is sent, and refuses what it is told to.
package mailtest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Message is one mail as it arrived.
type Message struct {
	From, To string         // of the envelope
	Header   netmail.Header // as sent; Subject is decoded below
	Subject  string
	Text     string // decoded, lines end with "\n"
	HTML     string // decoded; "" when there is no such part
	Raw      []byte
}

// Server is a running SMTP server.
type Server struct {
	Addr     string         // host:port
	Received chan Message   // each message as it is taken; holds 1024, then drops
	Roots    *x509.CertPool // signed the certificate of StartTLS and TLS; else nil

	user, password string
	tls            *tls.Config
	implicit       bool

	mu       sync.Mutex
	messages []Message
	refusals []smtp.SMTPError
	connects int
	seen     chan struct{} // closed and renewed whenever messages grows
}

// Option changes a server before it starts.
type Option func(*Server)

// Auth makes the server ask for this user and password (AUTH PLAIN).
func Auth(user, password string) Option {
	return func(s *Server) { s.user, s.password = user, password }
}

// StartTLS makes the server offer STARTTLS with a certificate of its own.
func StartTLS() Option { return func(s *Server) { s.tls = &tls.Config{} } }

// TLS makes the server speak TLS from the first byte.
func TLS() Option { return func(s *Server) { s.tls, s.implicit = &tls.Config{}, true } }

// New starts a server that stops with the test.
func New(t testing.TB, options ...Option) *Server {
	t.Helper()
	s := &Server{Received: make(chan Message, 1024), seen: make(chan struct{})}
	for _, o := range options {
		o(s)
	}
	if s.tls != nil {
		s.certify(t)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("mailtest: %v", err)
	}
	s.Addr = listener.Addr().String()

	srv := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		s.mu.Lock()
		s.connects++
		s.mu.Unlock()
		if s.user != "" {
			return &authSession{session{server: s}}, nil
		}
		return &session{server: s, in: true}, nil
	}))
	srv.Domain = "mailtest.invalid"
	srv.AllowInsecureAuth = true
	srv.EnableSMTPUTF8 = true
	srv.ReadTimeout, srv.WriteTimeout = 10*time.Second, 10*time.Second
	srv.MaxMessageBytes = 1 << 22
	srv.ErrorLog = log.New(io.Discard, "", 0)
	if s.implicit {
		listener = tls.NewListener(listener, s.tls)
	} else {
		srv.TLSConfig = s.tls
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(listener)
	}()
	t.Cleanup(func() {
		_ = srv.Close()
		_ = listener.Close() // Serve may not have begun to know it
		<-done
	})
	return s
}

// URL gives the server's address as a mail setting, with its sign-in.
func (s *Server) URL() string {
	u := url.URL{Scheme: "smtp", Host: s.Addr}
	if s.user != "" {
		u.User = url.UserPassword(s.user, s.password)
	}
	switch {
	case s.implicit:
		u.Scheme = "smtps"
	case s.tls == nil:
		u.RawQuery = "tls=none"
	}
	return u.String()
}

// Messages gives what was taken so far, oldest first.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// Connections counts the clients that have said EHLO.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connects
}

// Wait returns the messages as soon as there are n, and fails the test when
// they do not come within ten seconds.
func (s *Server) Wait(t testing.TB, n int) []Message {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		s.mu.Lock()
		messages, seen := slices.Clone(s.messages), s.seen
		s.mu.Unlock()
		if len(messages) >= n {
			return messages
		}
		select {
		case <-seen:
		case <-deadline:
			t.Fatalf("mailtest: %d messages arrived, %d awaited", len(messages), n)
		}
	}
}

// Refuse makes the server answer the next n recipients (RCPT) with code: 4xx
// is for now, 5xx for good.
func (s *Server) Refuse(n, code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range n {
		s.refusals = append(s.refusals, smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 0, 0}, Message: "refused by the test"})
	}
}

func (s *Server) refusal() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.refusals) == 0 {
		return nil
	}
	e := s.refusals[0]
	s.refusals = s.refusals[1:]
	return &e
}

func (s *Server) keep(m Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = append(s.messages, m)
	close(s.seen)
	s.seen = make(chan struct{})
	select {
	case s.Received <- m:
	default:
	}
}

// certify makes a certificate that only Roots trusts.
func (s *Server) certify(t testing.TB) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatalf("mailtest: %v", err)
	}
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mailtest"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, &key.PublicKey, key)
	if err != nil {
		t.Fatalf("mailtest: %v", err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatalf("mailtest: %v", err)
	}
	s.Roots = x509.NewCertPool()
	s.Roots.AddCert(parsed)
	s.tls.Certificates = []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}
}

type session struct {
	server   *Server
	in       bool // signed in, or nothing asked
	from, to string
}

func (s *session) Reset()        { s.from, s.to = "", "" }
func (s *session) Logout() error { return nil }

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if !s.in {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Authentication required"}
	}
	s.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if err := s.server.refusal(); err != nil {
		return err
	}
	s.to = to
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	m, err := Parse(raw)
	if err != nil {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "unreadable: " + err.Error()}
	}
	m.From, m.To = s.from, s.to
	s.server.keep(m)
	return nil
}

// authSession is a session that asks for a password.
type authSession struct{ session }

func (s *authSession) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *authSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != s.server.user || password != s.server.password {
			// Some servers repeat what they were told; clients must not log it.
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "wrong: " + user + " " + password}
		}
		s.in = true
		return nil
	}), nil
}

// Parse reads a message of text, or of text and HTML, such as a sender wrote
// it to a file or a connection.
func Parse(raw []byte) (Message, error) {
	out := Message{Raw: raw}
	msg, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return out, err
	}
	out.Header = msg.Header
	if out.Subject, err = new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject")); err != nil {
		return out, err
	}
	return out, out.part(msg.Header.Get("Content-Type"), msg.Header.Get("Content-Transfer-Encoding"), msg.Body)
}

func (m *Message) part(contentType, encoding string, r io.Reader) error {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return err
	}
	if kind == "multipart/alternative" {
		for parts := multipart.NewReader(r, params["boundary"]); ; {
			p, err := parts.NextRawPart()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			if err := m.part(p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p); err != nil {
				return err
			}
		}
	}
	if encoding == "quoted-printable" {
		r = quotedprintable.NewReader(r)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	text := string(bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")))
	switch kind {
	case "text/plain":
		m.Text = text
	case "text/html":
		m.HTML = text
	}
	return nil
}
