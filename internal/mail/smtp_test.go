package mail_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"facet/internal/mail"
	"facet/internal/mail/mailtest"
	"facet/internal/profile"
)

// open makes the sender of a test server's URL.
func open(t *testing.T, s *mailtest.Server, password string) *mail.SMTP {
	t.Helper()
	url := s.URL()
	if password != "" {
		url = strings.Replace(url, ":right@", ":"+password+"@", 1)
	}
	sender, err := mail.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	out := sender.(*mail.SMTP)
	out.Roots = s.Roots
	return out
}

func TestAMessageArrivesAsItWasWritten(t *testing.T) {
	for name, options := range map[string][]mailtest.Option{
		"in clear":                 nil,
		"with a sign-in":           {mailtest.Auth("facet", "right")},
		"by STARTTLS":              {mailtest.StartTLS()},
		"by STARTTLS with sign-in": {mailtest.StartTLS(), mailtest.Auth("facet", "right")},
		"by TLS":                   {mailtest.TLS()},
		"by TLS with sign-in":      {mailtest.TLS(), mailtest.Auth("facet", "right")},
	} {
		t.Run(name, func(t *testing.T) {
			s := mailtest.New(t, options...)
			sender := open(t, s, "")
			want, err := mail.Render(mail.Invitation, full(), "Çowork <office@cowork.example>", "Xia Lee <xia@localhost.localdomain>")
			if err != nil {
				t.Fatal(err)
			}
			want.Text += ".\n..\nFrom here: ü 😀 " + strings.Repeat("long ", 300) + "\n"
			want.ID = "job-7"
			if err := sender.Send(context.Background(), want); err != nil {
				t.Fatal(err)
			}
			got := s.Wait(t, 1)[0]
			if got.From != "office@cowork.example" || got.To != "xia@localhost.localdomain" {
				t.Errorf("envelope %s, %s", got.From, got.To)
			}
			if got.Subject != want.Subject || got.Text != want.Text || got.HTML != want.HTML {
				t.Errorf("got %q\n%q\n%q", got.Subject, got.Text, got.HTML)
			}
			if id := got.Header.Get("Message-Id"); id != "<job-7@cowork.example>" {
				t.Errorf("Message-ID %s", id)
			}
			if first := <-s.Received; first.Subject != want.Subject {
				t.Errorf("Received gave %q", first.Subject)
			}
		})
	}
}

func TestManySendAtOnce(t *testing.T) {
	s := mailtest.New(t)
	sender := open(t, s, "")
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			m := hello()
			m.Subject = fmt.Sprint("number ", i)
			if err := sender.Send(context.Background(), m); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for _, m := range s.Messages() {
		seen[m.Subject] = true
	}
	if len(seen) != 10 {
		t.Errorf("%d of 10 arrived", len(seen))
	}
}

func TestARefusalIsPermanentOnlyWith5xx(t *testing.T) {
	s := mailtest.New(t)
	sender := open(t, s, "")
	for _, c := range []struct {
		code      int
		permanent bool
	}{{451, false}, {450, false}, {421, false}, {550, true}, {553, true}, {530, false}} {
		s.Refuse(1, c.code)
		err := sender.Send(context.Background(), hello())
		if err == nil || mail.Permanent(err) != c.permanent || !strings.Contains(err.Error(), fmt.Sprint(c.code)) {
			t.Errorf("%d: got %v, permanent %t", c.code, err, mail.Permanent(err))
		}
		if !mail.Permanent(fmt.Errorf("job: %w", err)) == c.permanent {
			t.Errorf("%d: wrapping changes the answer", c.code)
		}
	}
	if err := sender.Send(context.Background(), hello()); err != nil || len(s.Messages()) != 1 {
		t.Fatalf("after the refusals: %v, %d messages", err, len(s.Messages()))
	}
	if mail.Permanent(nil) || mail.Permanent(errors.New("x")) || mail.Permanent(context.Canceled) {
		t.Error("an unknown error should be tried again")
	}
}

func TestAWrongPasswordIsTriedAgainAndNeverShown(t *testing.T) {
	const secret = "s3cr%2Ft+x"
	for name, options := range map[string][]mailtest.Option{
		"in clear on this machine": {mailtest.Auth("facet", "right")},
		"by TLS":                   {mailtest.TLS(), mailtest.Auth("facet", "right")},
		"by STARTTLS":              {mailtest.StartTLS(), mailtest.Auth("facet", "right")},
	} {
		t.Run(name, func(t *testing.T) {
			sender := open(t, mailtest.New(t, options...), secret)
			if sender.Password != "s3cr/t+x" {
				t.Fatalf("password read as %q", sender.Password)
			}
			err := sender.Send(context.Background(), hello())
			if err == nil || mail.Permanent(err) || !strings.Contains(err.Error(), "535") {
				t.Fatalf("got %v", err)
			}
			for e := err; e != nil; e = errors.Unwrap(e) {
				noSecret(t, e.Error(), fmt.Sprintf("%+v %#v", e, e))
			}
			var log strings.Builder
			slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "sender", sender, "err", err)
			noSecret(t, fmt.Sprint(sender), fmt.Sprintf("%+v %#v %s", sender, sender, sender), log.String())
		})
	}
}

func noSecret(t *testing.T, texts ...string) {
	t.Helper()
	for _, s := range texts {
		if strings.Contains(s, "s3cr") || strings.Contains(s, "czNjc") || strings.Contains(s, "AGZhY2V0") {
			t.Errorf("shows the password: %s", s)
		}
	}
}

func TestEncryptionIsNotGivenUpSilently(t *testing.T) {
	plain := mailtest.New(t)
	trusted := mailtest.New(t, mailtest.StartTLS())
	for name, c := range map[string]struct {
		server *mailtest.Server
		url    string
		roots  bool
		ok     bool
	}{
		"mandatory against a server without it":         {plain, "smtp://" + plain.Addr, true, false},
		"opportunistic against a server without it":     {plain, "smtp://" + plain.Addr + "?tls=opportunistic", true, true},
		"implicit against a server without it":          {plain, "smtps://" + plain.Addr + "?timeout=2s", true, false},
		"mandatory with an unknown certificate":         {trusted, "smtp://" + trusted.Addr, false, false},
		"opportunistic with an unknown certificate":     {trusted, "smtp://" + trusted.Addr + "?tls=opportunistic", false, false},
		"opportunistic with a known certificate":        {trusted, "smtp://" + trusted.Addr + "?tls=opportunistic&ehlo=me.example", true, true},
		"a sign-in at a server that does not offer one": {plain, "smtp://u:p@" + plain.Addr + "?tls=none", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			sender, err := mail.ParseURL(c.url)
			if err != nil {
				t.Fatal(err)
			}
			if c.roots {
				sender.(*mail.SMTP).Roots = c.server.Roots
			}
			before := len(c.server.Messages())
			err = sender.Send(context.Background(), hello())
			if (err == nil) != c.ok || mail.Permanent(err) || len(c.server.Messages())-before != map[bool]int{true: 1}[c.ok] {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestASilentOrAbsentServerIsGivenUp(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	accepted := make(chan struct{}, 2)
	go func() {
		for {
			conn, err := silent.Accept()
			if err != nil {
				return
			}
			accepted <- struct{}{}
			t.Cleanup(func() { _ = conn.Close() })
		}
	}()
	defer silent.Close()
	port := silent.Addr().(*net.TCPAddr).Port

	t.Run("on cancel, at once", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		go func() { <-accepted; cancel() }()
		err := (&mail.SMTP{Host: "127.0.0.1", Port: port, TLS: mail.None, Timeout: time.Minute}).Send(ctx, hello())
		if !errors.Is(err, context.Canceled) || mail.Permanent(err) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("after the timeout", func(t *testing.T) {
		err := (&mail.SMTP{Host: "127.0.0.1", Port: port, TLS: mail.None, Timeout: 50 * time.Millisecond}).Send(context.Background(), hello())
		if err == nil || mail.Permanent(err) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("when nothing listens", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_ = l.Close()
		err = (&mail.SMTP{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port}).Send(context.Background(), hello())
		if err == nil || mail.Permanent(err) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("with a policy that is none", func(t *testing.T) {
		if err := (&mail.SMTP{Host: "127.0.0.1", TLS: "maybe"}).Send(context.Background(), hello()); err == nil || mail.Permanent(err) {
			t.Errorf("got %v", err)
		}
	})
}

func TestParseURLReadsServersAndFolders(t *testing.T) {
	for url, want := range map[string]string{
		"smtp://mail.example":                             "smtp://mail.example:587?tls=mandatory",
		"smtp://u:p@mail.example:25?tls=opportunistic":    "smtp://u@mail.example:25?tls=opportunistic",
		"smtp://u%40x:p%2Fq@[::1]:2525/?tls=none":         "smtp://u%40x@[::1]:2525?tls=none",
		"smtps://mail.example?timeout=3s&ehlo=me.example": "smtp://mail.example:465?tls=implicit",
		"folder:///var/mail%20box":                        "/var/mail box",
		"folder:demo-mail":                                "demo-mail",
	} {
		sender, err := mail.ParseURL(url)
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		got := fmt.Sprint(sender)
		if f, ok := sender.(*mail.Folder); ok {
			got = f.Dir
		}
		if got != want {
			t.Errorf("%s: %s, want %s", url, got, want)
		}
	}
}

var badURLs = []string{
	"", "mail.example", "http://mail.example", "smtp:", "smtp://", "smtp:mail.example", "smtp://:25", "smtp://mail.example/path",
	"smtp://mail.example:0", "smtp://mail.example:65536", "smtp://mail.example:x", "smtp://h?tls=maybe", "smtp://h?tls=", "smtp://h?timeout=0s",
	"smtp://h?timeout=x", "smtp://h?ehlo=a%0d%0ab", "smtp://h?ehlo=", "smtp://h?x=y", "smtps://h?tls=none", "smtp://u@h", "smtp://:s3cret@h", "smtp://u:a%00@h",
	"smtp://h#x", "folder:", "folder://", "folder://host/path", "folder:///a?b=c", "folder:///a%00", "folder:a%zz",
	"smtp://u:s3cr/t@h", "smtp://u:12/s3cr@h", "smtp://u:12?s3cr@h", "smtp://u:12#s3cr@h", "smtp://u:s3cr%zz@h", "s3cr:t@h", "smtp://u:s3cr@h:s3cr",
	"smtp://u:s3cr@h?tls=s3cr", "smtp://u:s3cr@h?s3cr=1", "smtp://u:s3cr@h?a;b", "smtp://u:s3\x01cr@h",
}

func TestParseURLRefusesTheRestWithoutRepeatingIt(t *testing.T) {
	for _, url := range badURLs {
		sender, err := mail.ParseURL(url)
		if err == nil || profile.AsError(err).Kind != profile.Invalid {
			t.Errorf("%q: got %v, %v", url, sender, err)
			continue
		}
		noSecret(t, err.Error(), fmt.Sprintf("%+v %#v", err, errors.Unwrap(err)))
	}
}

func FuzzParseURL(f *testing.F) {
	for _, url := range badURLs {
		f.Add(url)
	}
	f.Add("smtp://u:s3cret@mail.example:25?tls=opportunistic&timeout=3s&ehlo=x")
	f.Add("folder:///var/mail")
	f.Fuzz(func(t *testing.T, url string) {
		sender, err := mail.ParseURL(url)
		if err != nil {
			if profile.AsError(err).Kind != profile.Invalid || !strings.HasPrefix(err.Error(), "invalid mail: the mail URL cannot be used: ") {
				t.Fatalf("%q: %v", url, err)
			}
			return
		}
		if s, ok := sender.(*mail.SMTP); ok {
			if s.Host == "" || s.Port < 0 || s.Port > 65535 || s.TLS == "" || s.Timeout <= 0 {
				t.Fatalf("%q: %+v", url, s)
			}
			if again, err := mail.ParseURL(strings.Replace(s.String(), "tls=implicit", "tls=none", 1)); s.User == "" && err != nil {
				t.Fatalf("%q: %v %v", s.String(), again, err)
			}
		}
	})
}
