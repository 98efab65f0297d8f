package mail_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"facet/internal/mail"
	"facet/internal/mail/mailtest"
	"facet/internal/profile"
)

func hello() mail.Message {
	return mail.Message{From: "Cowork <office@cowork.example>", To: "xia@localhost.localdomain", Subject: "Hello", Text: "Hi.\n\nBye.\n"}
}

func TestMessagesThatBreakARuleAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*mail.Message)
		field  string
		kind   profile.Kind
	}{
		"line feed in subject":        {func(m *mail.Message) { m.Subject = "a\nBcc: b@c" }, "Subject", profile.Invalid},
		"carriage return in subject":  {func(m *mail.Message) { m.Subject = "a\rBcc: b@c" }, "Subject", profile.Invalid},
		"line separator in subject":   {func(m *mail.Message) { m.Subject = "a\u2028b" }, "Subject", profile.Invalid},
		"NUL in subject":              {func(m *mail.Message) { m.Subject = "a\x00" }, "Subject", profile.Invalid},
		"bad UTF-8 in subject":        {func(m *mail.Message) { m.Subject = "a\xff" }, "Subject", profile.Invalid},
		"no subject":                  {func(m *mail.Message) { m.Subject = " " }, "Subject", profile.Missing},
		"no text":                     {func(m *mail.Message) { m.Text = "\n" }, "Text", profile.Missing},
		"carriage return in text":     {func(m *mail.Message) { m.Text = "a\r\n.\r\nb" }, "Text", profile.Invalid},
		"NUL in HTML":                 {func(m *mail.Message) { m.HTML = "\x00" }, "HTML", profile.Invalid},
		"line break in To":            {func(m *mail.Message) { m.To = "a@b.c\r\nBcc: d@e.f" }, "To", profile.Invalid},
		"folded line in To":           {func(m *mail.Message) { m.To = "A\r\n <a@b.c>" }, "To", profile.Invalid},
		"line break as encoded word":  {func(m *mail.Message) { m.To = "=?utf-8?q?a=0D=0ABcc:_x?= <a@b.c>" }, "To", profile.Invalid},
		"two addresses":               {func(m *mail.Message) { m.To = "a@b.c, d@e.f" }, "To", profile.Invalid},
		"no address":                  {func(m *mail.Message) { m.To = "" }, "To", profile.Missing},
		"a name only":                 {func(m *mail.Message) { m.To = "xia" }, "To", profile.Invalid},
		"an address without an end":   {func(m *mail.Message) { m.To = "<a@b.c" }, "To", profile.Invalid},
		"a very long address":         {func(m *mail.Message) { m.To = strings.Repeat("a", 260) + "@b.c" }, "To", profile.Invalid},
		"line break in From":          {func(m *mail.Message) { m.From = "a@b.c\n" }, "From", profile.Invalid},
		"an id that closes its angle": {func(m *mail.Message) { m.ID = "a>\r\nBcc: x" }, "ID", profile.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			m := hello()
			c.change(&m)
			err := m.Validate()
			e := profile.AsError(err)
			if err == nil || e.Field != c.field || e.Kind != c.kind {
				t.Fatalf("got %v (kind %d), want an error of kind %d on %s", err, e.Kind, c.kind, c.field)
			}
			if !mail.Permanent(err) {
				t.Error("a message that cannot be sent should not be tried again")
			}
			dir := filepath.Join(t.TempDir(), "mail")
			if err := (&mail.Folder{Dir: dir}).Send(context.Background(), m); err == nil {
				t.Error("the folder took it")
			}
			if _, err := os.Stat(dir); err == nil {
				t.Error("something was written")
			}
		})
	}
	if err := hello().Validate(); err != nil {
		t.Fatal(err)
	}
}

func TestValidAddressReadsOneAddress(t *testing.T) {
	for address, ok := range map[string]bool{
		"xia@localhost.localdomain": true, "a+b@c.example": true, "Xia Lee <xia@x.example>": true, "jürgen@müller.example": true,
		"": false, "xia": false, "@x": false, "a b@c.d": false, "a@b\n": false, "a@b.c,": false,
	} {
		if err := mail.ValidAddress(address); (err == nil) != ok {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestTheFolderKeepsEachMessageWholeAndInOrder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "mail")
	now := time.Date(2026, 1, 31, 23, 59, 59, 0, time.FixedZone("", 3600))
	f := &mail.Folder{Dir: dir, Now: func() time.Time { now = now.Add(time.Millisecond); return now }}
	for _, subject := range []string{"first", "second – naïve", "third"} {
		m := hello()
		m.ID, m.Subject, m.HTML = "job-"+subject[:5], subject, "<p>Hi.</p>\n"
		if err := f.Send(context.Background(), m); err != nil {
			t.Fatal(err)
		}
	}
	got := readFolder(t, dir)
	if len(got) != 3 || got[0].Subject != "first" || got[1].Subject != "second – naïve" || got[2].Subject != "third" {
		t.Fatalf("got %+v", got)
	}
	m := got[0]
	if m.Text != hello().Text || m.HTML != "<p>Hi.</p>\n" {
		t.Errorf("text %q, HTML %q", m.Text, m.HTML)
	}
	for key, want := range map[string]string{
		"From": `"Cowork" <office@cowork.example>`, "To": "<xia@localhost.localdomain>", "Message-Id": "<job-first@cowork.example>",
		"Auto-Submitted": "auto-generated", "Date": "Sat, 31 Jan 2026 23:59:59 +0100", "User-Agent": "", "X-Mailer": "",
	} {
		if got := m.Header.Get(key); got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || info.Mode().Perm() != 0o600 || !strings.HasPrefix(e.Name(), "20260131T225959.0") {
			t.Errorf("%s: mode %v, %v", e.Name(), info.Mode(), err)
		}
	}
}

func TestTheFolderTakesManyAtOnce(t *testing.T) {
	dir := t.TempDir()
	fixed := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	f := &mail.Folder{Dir: dir, Now: func() time.Time { return fixed }}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := f.Send(context.Background(), hello()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := readFolder(t, dir); len(got) != 8 {
		t.Fatalf("%d messages", len(got))
	}
}

func TestAFolderThatCannotBeWrittenIsTriedAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	err := (&mail.Folder{Dir: filepath.Join(file, "mail")}).Send(context.Background(), hello())
	if err == nil || mail.Permanent(err) {
		t.Fatalf("got %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := (&mail.Folder{Dir: t.TempDir()}).Send(ctx, hello()); err != context.Canceled {
		t.Fatalf("got %v", err)
	}
}

// Whatever the fields hold, a message is refused or arrives with exactly the
// headers it should have.
func TestNoFieldAddsAHeader(t *testing.T) {
	dir := t.TempDir()
	text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-z\r\n:<>@ ]{0,30}`), rapid.Just("=?utf-8?q?=0D=0ABcc:_a@b.c?="))
	rapid.Check(t, func(rt *rapid.T) {
		m := hello()
		m.Subject = text.Draw(rt, "subject")
		m.To = text.Draw(rt, "name") + " <a@b.example>"
		m.Text = text.Draw(rt, "text")
		checkHeaders(rt, dir, m)
	})
}

func FuzzNoFieldAddsAHeader(f *testing.F) {
	f.Add("office@cowork.example", "a@b.c", "Hello", "Hi")
	f.Add("a@b.c\r\nBcc: x@y.z", "=?utf-8?q?a=0D=0A?= <a@b.c>", "x\r\n\r\ny", ".\r\n")
	f.Add(`"a\"b" <"c d"@e.f>`, "a@[127.0.0.1]", strings.Repeat("ü", 200), "\u2028")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, from, to, subject, text string) {
		checkHeaders(t, dir, mail.Message{From: from, To: to, Subject: subject, Text: text})
	})
}

func checkHeaders(t rapid.TB, dir string, m mail.Message) {
	err := (&mail.Folder{Dir: dir}).Send(context.Background(), m)
	if err != nil {
		if profile.AsError(err).Kind == profile.Internal {
			t.Fatalf("%q: %v", m, err)
		}
		return
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Fatalf("%d files, %v", len(entries), err)
	}
	path := filepath.Join(dir, entries[0].Name())
	raw, err := os.ReadFile(path)
	_ = os.Remove(path)
	if err != nil {
		t.Fatalf("%v", err)
	}
	got, err := mailtest.Parse(raw)
	if err != nil {
		t.Fatalf("%q: %v\n%s", m, err, raw)
	}
	allowed := []string{"Auto-Submitted", "Content-Transfer-Encoding", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "Subject", "To"}
	for key, values := range got.Header {
		if !slices.Contains(allowed, key) || len(values) != 1 {
			t.Fatalf("header %s: %q\n%s", key, values, raw)
		}
	}
	if len(got.Header) != len(allowed) {
		t.Fatalf("headers %v\n%s", got.Header, raw)
	}
}

func TestAFolderForgetsWhomAMessageIsAbout(t *testing.T) {
	dir := t.TempDir()
	folder := &mail.Folder{Dir: dir}
	if err := folder.Forget(t.Context(), "nobody"); err != nil {
		t.Fatal(err)
	}
	m := mail.Message{From: "a@example.com", To: "b@example.com", Subject: "News", Text: "some"}
	for _, about := range []string{"ann", "bob", "ann", ""} {
		m.About = about
		if err := folder.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	if err := folder.Forget(t.Context(), "ann"); err != nil {
		t.Fatal(err)
	}
	m.About = "ann" // one that a job was about to send
	if err := folder.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if got := readFolder(t, dir); len(got) != 2 {
		t.Errorf("%d messages are left, want those about bob and about nobody", len(got))
	}
}

func readFolder(t *testing.T, dir string) (out []mailtest.Message) {
	t.Helper()
	entries, err := os.ReadDir(dir) // in the order of names
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		raw, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		m, err := mailtest.Parse(raw)
		if err != nil || !strings.HasSuffix(e.Name(), ".eml") {
			t.Fatalf("%s: %v", e.Name(), err)
		}
		out = append(out, m)
	}
	return out
}
