package mail_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"facet/internal/mail"
	"facet/internal/profile"
)

func full() mail.Data {
	return mail.Data{
		Site: "Coworking Space", Recipient: "Xia Lee", Inviter: "Donny Cooper", What: "a subscription to Premium",
		Link: "https://cowork.example/api/auth/0123456789abcdef0123456789abcdef01234567?a=1&b=2", Code: "042137",
		Subject: "Your plan ends", Text: "Your plan <basic> ends soon.\n\nRenew it.", Expires: time.Date(2026, 2, 3, 5, 6, 7, 0, time.FixedZone("", 7200)),
	}
}

const from, to = "office@cowork.example", "xia@localhost.localdomain"

func TestEachTemplateSaysWhatItIsFor(t *testing.T) {
	for name, c := range map[string]struct {
		subject  string
		contains []string
		html     []string
	}{
		mail.Invitation: {"Coworking Space: Donny Cooper offers you a subscription to Premium",
			[]string{"Hello Xia Lee,\n\nYour plan <basic> ends soon.\n\nRenew it.\n\nDonny Cooper offers you", "\n\n" + full().Link + "\n\nIt can be used until 3 February 2026 03:06 UTC.\n\nIf you"},
			[]string{`<p><a href="https://cowork.example/api/auth/0123456789abcdef0123456789abcdef01234567?a=1&amp;b=2">`, "<p>Hello Xia Lee,</p>"}},
		mail.Verify: {"Coworking Space: please confirm your e-mail address",
			[]string{"\n\n" + full().Link + "\n\n", "3 February 2026"}, []string{"<a href="}},
		mail.Welcome: {"Coworking Space: welcome",
			[]string{"a subscription to Premium is yours at Coworking Space.", "\n\n" + full().Link + "\n\n", "3 February 2026"}, []string{"<a href="}},
		mail.Recover: {"Coworking Space: your code",
			[]string{"\n\n042137\n\n", "until 3 February 2026 03:06 UTC"}, []string{"<p>042137</p>"}},
		mail.Reset: {"Coworking Space: choose a new password",
			[]string{"\n\n" + full().Link + "\n\n", "once, until 3 February 2026 03:06 UTC"}, []string{"<a href="}},
		mail.Notice: {"Coworking Space: Your plan ends",
			[]string{"\n\nYour plan <basic> ends soon.\n\nRenew it.\n\n"}, []string{"<p>Your plan &lt;basic&gt; ends soon.</p>\n<p>Renew it.</p>"}},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := mail.Render(name, full(), from, to)
			if err != nil {
				t.Fatal(err)
			}
			if m.Subject != c.subject || m.From != from || m.To != to || m.ID != "" {
				t.Errorf("got %+v", m)
			}
			if strings.Contains(m.Subject, full().Code) {
				t.Error("the code can be read on a locked screen")
			}
			for _, s := range c.contains {
				if !strings.Contains(m.Text, s) {
					t.Errorf("text lacks %q:\n%s", s, m.Text)
				}
			}
			for _, s := range c.html {
				if !strings.Contains(m.HTML, s) {
					t.Errorf("HTML lacks %q:\n%s", s, m.HTML)
				}
			}

			var stored map[string]any
			b, err := json.Marshal(full())
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(b, &stored); err != nil {
				t.Fatal(err)
			}
			if again, err := mail.Render(name, stored, from, to); err != nil || again != m {
				t.Errorf("from stored JSON: %v\n%+v\nwant\n%+v", err, again, m)
			}
		})
	}
}

func TestATimeAndANameMayBeLeftOut(t *testing.T) {
	d := full()
	d.Recipient, d.Expires = "", time.Time{}
	m, err := mail.Render(mail.Invitation, &d, from, to)
	if err != nil || !strings.HasPrefix(m.Text, "Hello,\n\n") || strings.Contains(m.Text, "until") || strings.Contains(m.Text, "\n\n\n") {
		t.Fatalf("%v\n%s", err, m.Text)
	}
}

func TestDataThatIsNotThereOrNotPlainIsRefused(t *testing.T) {
	with := func(change func(*mail.Data)) mail.Data {
		d := full()
		change(&d)
		return d
	}
	for name, c := range map[string]struct {
		template string
		data     any
		kind     profile.Kind
		field    string
	}{
		"unknown template":            {"nosuch", full(), profile.Unknown, "template"},
		"a file of the templates":     {"../mail", full(), profile.Unknown, "template"},
		"no site":                     {mail.Verify, with(func(d *mail.Data) { d.Site = " " }), profile.Missing, "Site"},
		"no inviter":                  {mail.Invitation, with(func(d *mail.Data) { d.Inviter = "" }), profile.Missing, "Inviter"},
		"no link":                     {mail.Invitation, with(func(d *mail.Data) { d.Link = "" }), profile.Missing, "Link"},
		"no code":                     {mail.Recover, with(func(d *mail.Data) { d.Code = "" }), profile.Missing, "Code"},
		"no text":                     {mail.Notice, with(func(d *mail.Data) { d.Text = "" }), profile.Missing, "Text"},
		"a key missing in a map":      {mail.Verify, map[string]any{"Site": "x"}, profile.Missing, "verify"},
		"a key that is null":          {mail.Recover, map[string]any{"Site": "x", "Recipient": "", "Code": nil, "Expires": nil}, profile.Missing, "Code"},
		"a field missing in a struct": {mail.Verify, struct{ Site string }{"x"}, profile.Missing, "verify"},
		"no data":                     {mail.Verify, nil, profile.Invalid, "data"},
		"a relative link":             {mail.Verify, with(func(d *mail.Data) { d.Link = "/api/auth/x" }), profile.Invalid, "Link"},
		"a script as link":            {mail.Verify, with(func(d *mail.Data) { d.Link = "javascript:alert(1)" }), profile.Invalid, "Link"},
		"a link and more":             {mail.Verify, with(func(d *mail.Data) { d.Link = "https://a.example/ or https://b.example/" }), profile.Invalid, "Link"},
		"a link that hides its host":  {mail.Verify, with(func(d *mail.Data) { d.Link = "https://a.example@b.example/" }), profile.Invalid, "Link"},
		"lines in a name":             {mail.Invitation, with(func(d *mail.Data) { d.Recipient = "Xia,\n\nyour code is 1\n" }), profile.Invalid, "Recipient"},
		"lines in a name of a map":    {mail.Verify, map[string]any{"Site": "x\r\nBcc: y"}, profile.Invalid, "Site"},
		"lines in a map of text":      {mail.Verify, map[string]string{"Site": "x\ny"}, profile.Invalid, "Site"},
		"NUL in a text":               {mail.Notice, with(func(d *mail.Data) { d.Text = "\x00" }), profile.Invalid, "Text"},
		"a time that is none":         {mail.Recover, map[string]any{"Site": "x", "Recipient": "", "Code": "1", "Expires": "soon"}, profile.Invalid, "Expires"},
		"a number as time":            {mail.Recover, map[string]any{"Site": "x", "Recipient": "", "Code": "1", "Expires": 7}, profile.Invalid, "Expires"},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := mail.Render(c.template, c.data, from, to)
			e := profile.AsError(err)
			if err == nil || e.Kind != c.kind || e.Field != c.field {
				t.Fatalf("got %v (kind %d, field %q), want kind %d, field %q\n%s", err, e.Kind, e.Field, c.kind, c.field, m.Text)
			}
		})
	}
	if _, err := mail.Render(mail.Verify, full(), from, "not an address"); profile.AsError(err).Field != "To" {
		t.Errorf("got %v", err)
	}
}

func FuzzRenderKeepsNamesInTheirLine(f *testing.F) {
	f.Add("Xia", "a role", "https://a.example/x", "text")
	f.Add("<script>", "x\n\nhttps://evil.example/\n\n", `https://a.example/"onclick="`, "{{.Code}}")
	plain, err := mail.Render(mail.Invitation, full(), from, to)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, name, what, link, text string) {
		d := full()
		d.Recipient, d.What, d.Link = name, what, link
		m, err := mail.Render(mail.Invitation, d, from, to)
		if err == nil && (strings.Count(m.Text, "\n") != strings.Count(plain.Text, "\n") ||
			strings.Count(m.HTML, "<") != strings.Count(plain.HTML, "<")) {
			t.Errorf("a name changed the form of the message:\n%s\n%s", m.Text, m.HTML)
		}
		if err != nil && profile.AsError(err).Kind == profile.Internal {
			t.Errorf("%v", err)
		}
		d.Text = text
		if m, err := mail.Render(mail.Notice, d, from, to); err == nil && strings.Count(m.HTML, "<script") > 0 {
			t.Errorf("markup in %s", m.HTML)
		}
	})
}
