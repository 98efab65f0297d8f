package mail

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"log/slog"
	"net"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"facet/internal/profile"
)

// TLS says how a connection to the mail server is encrypted.
type TLS string

// The ways to encrypt. Over a connection that is not encrypted a password is
// sent only to this machine itself; to others only by mechanisms that do not
// show it.
const (
	Mandatory     TLS = "mandatory"     // STARTTLS (RFC 3207), or nothing is sent; also the zero value
	Opportunistic TLS = "opportunistic" // STARTTLS where the server offers it
	None          TLS = "none"          // never
	Implicit      TLS = "implicit"      // TLS from the first byte (RFC 8314)
)

// SMTP is a Sender that hands each message to a mail server, over a connection
// of its own. Its fields must not change after the first Send.
type SMTP struct {
	Host     string
	Port     int // 0 is 587, or 465 with Implicit
	User     string
	Password string // used when User is set; never in an error or a log line
	TLS      TLS
	Timeout  time.Duration  // of connecting, and of sending; 0 is 15 s
	EHLO     string         // the name we give ourselves; "" is the host's
	Roots    *x509.CertPool // who may sign the server's certificate; nil is the system's
}

// deliveryError is why a message was not delivered. It keeps text only: causes
// may hold what was sent, and with it the password.
type deliveryError struct {
	text      string
	permanent bool
	cause     error // of context, or nil
}

func (e *deliveryError) Error() string { return "mail: " + e.text }
func (e *deliveryError) Unwrap() error { return e.cause }

// Permanent reports whether trying the same message again is useless: it can
// not be sent at all (a *profile.Error), or the server refused its sender,
// recipient or content with a 5xx code (RFC 5321, section 4.2.1). Everything
// else, a refused sign-in included, may pass later.
func Permanent(err error) bool {
	if d := (*deliveryError)(nil); errors.As(err, &d) {
		return d.permanent
	}
	if e := (*profile.Error)(nil); errors.As(err, &e) {
		return e.Kind != profile.Internal && e.Kind != profile.Busy && e.Kind != profile.Limited
	}
	return false
}

// Send delivers the message, and returns nil as soon as the server has taken
// it, whatever happens to the connection after that.
func (s *SMTP) Send(ctx context.Context, m Message) error {
	msg, err := build(m, time.Now())
	if err != nil {
		return err
	}
	live, cancel := context.WithCancel(ctx)
	defer cancel() // closes the connection, also where the library leaves it open
	client, err := s.client(live)
	if err != nil {
		return s.failure(ctx, err)
	}
	if err := client.DialAndSendWithContext(live, msg); err != nil && !msg.IsDelivered() {
		return s.failure(ctx, err)
	}
	return nil
}

// client gives a client whose connection lives no longer than ctx.
func (s *SMTP) client(ctx context.Context) (*gomail.Client, error) {
	config := &tls.Config{ServerName: s.Host, RootCAs: s.Roots, MinVersion: tls.VersionTLS12}
	dial := (&net.Dialer{}).DialContext
	policy, auth := gomail.NoTLS, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover)
	switch s.TLS {
	case Mandatory, "":
		policy = gomail.TLSMandatory
	case Opportunistic:
		policy = gomail.TLSOpportunistic
	case Implicit:
		dial = (&tls.Dialer{Config: config}).DialContext
		// The library discovers for connections that it encrypted itself.
		auth = gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin)
	case None:
		if isLoopback(s.Host) {
			auth = gomail.WithSMTPAuth(gomail.SMTPAuthPlainNoEnc)
		}
	default:
		return nil, errors.New("unknown TLS policy")
	}
	options := []gomail.Option{
		gomail.WithPort(s.port()),
		gomail.WithTimeout(cmp.Or(s.Timeout, 15*time.Second)),
		gomail.WithTLSConfig(config),
		gomail.WithTLSPolicy(policy),
		gomail.WithDialContextFunc(func(dialing context.Context, network, addr string) (net.Conn, error) {
			conn, err := dial(dialing, network, addr)
			if err == nil {
				context.AfterFunc(ctx, func() { _ = conn.Close() })
			}
			return conn, err
		}),
	}
	if s.EHLO != "" {
		options = append(options, gomail.WithHELO(s.EHLO))
	}
	if s.User != "" {
		options = append(options, auth, gomail.WithUsername(s.User), gomail.WithPassword(s.Password))
	}
	return gomail.NewClient(s.Host, options...)
}

func (s *SMTP) port() int {
	if s.Port == 0 && s.TLS == Implicit {
		return 465
	}
	return cmp.Or(s.Port, 587)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// failure turns an error of the library into ours.
func (s *SMTP) failure(ctx context.Context, err error) error {
	out := &deliveryError{cause: ctx.Err(), text: s.clean(err.Error())}
	var refused *gomail.SendError
	if errors.As(err, &refused) {
		switch refused.Reason {
		case gomail.ErrSMTPMailFrom, gomail.ErrSMTPRcptTo, gomail.ErrSMTPData, gomail.ErrSMTPDataClose:
			var reply *textproto.Error
			code := refused.ErrorCode()
			if errors.As(err, &reply) {
				code = reply.Code
			}
			// RFC 4954, section 6: 530 and the like speak of the sign-in, not of the message.
			out.permanent = code/100 == 5 && code != 530 && code != 534 && code != 535 && code != 538
		}
	}
	return out
}

// clean takes the password out of a text, in the forms in which it travels,
// and makes it one line.
func (s *SMTP) clean(text string) string {
	if s.Password != "" {
		for _, secret := range []string{
			base64.StdEncoding.EncodeToString([]byte("\x00" + s.User + "\x00" + s.Password)),
			base64.StdEncoding.EncodeToString([]byte(s.Password)),
			url.QueryEscape(s.Password),
			url.PathEscape(s.Password),
			s.Password,
		} {
			text = strings.ReplaceAll(text, secret, "…")
		}
	}
	return strings.Join(strings.Fields(text), " ")
}

// String gives the server's URL without the password, for logs.
func (s *SMTP) String() string {
	u := url.URL{Scheme: "smtp", Host: net.JoinHostPort(s.Host, strconv.Itoa(s.port())), RawQuery: "tls=" + string(cmp.Or(s.TLS, Mandatory))}
	if s.User != "" {
		u.User = url.User(s.User)
	}
	return u.String()
}

// GoString is String, so that no way of printing shows the password.
func (s *SMTP) GoString() string { return s.String() }

// LogValue is String, as for GoString.
func (s *SMTP) LogValue() slog.Value { return slog.StringValue(s.String()) }
