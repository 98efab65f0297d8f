package e2e_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"facet/internal/facetest"
	"facet/internal/mail/mailtest"
)

// grantTo is a forced grant of the printed kind, to an e-mail that nobody has.
func grantTo(t *testing.T, in *instance, email string) facetest.Answer {
	t.Helper()
	return in.Post(t, in.Login(t, "donny"), "/api/profile/cowork/plans/premium/subscriptions?force=1",
		map[string]any{"organization": map[string]any{"email": email, "full_name": "New Company"}}).Want(http.StatusCreated)
}

var anyLink = regexp.MustCompile(`https?://\S+`)

// linkIn finds the one link of a message that goes to a key.
func linkIn(t *testing.T, m mailtest.Message, base string) *url.URL {
	t.Helper()
	for _, found := range anyLink.FindAllString(m.Text, -1) {
		if strings.Contains(found, "/api/auth/") {
			u, err := url.Parse(found)
			if err != nil {
				t.Fatal(err)
			}
			if u.Scheme+"://"+u.Host != base {
				t.Errorf("the link leads to %s, the site's address is %s", u, base)
			}
			return u
		}
	}
	t.Fatalf("no link to a key:\n%s", m.Text)
	return nil
}

// invitationFor picks the message with a key, whatever else was sent.
func invitationFor(t *testing.T, messages []mailtest.Message, email string) mailtest.Message {
	t.Helper()
	for _, m := range messages {
		if strings.Contains(m.Text, "/api/auth/") && strings.Contains(m.Header.Get("To"), email) {
			return m
		}
	}
	t.Fatalf("no invitation for %s among %d messages", email, len(messages))
	return mailtest.Message{}
}

func TestAForcedGrantInvitesByMailAndTheLinkMakesAnAccount(t *testing.T) {
	t.Parallel()
	smtp := mailtest.New(t, mailtest.Auth("facet", "smtp-password"))
	in := demo(t, "--mail", smtp.URL())
	c := in.client()
	granted := grantTo(t, in, "new@company.example").Is(map[string]any{
		"profile.email": "new@company.example", "profile.full_name": "New Company", "profile.type": "organization", "profile.credentials": false,
		"plan.slug": "premium",
	})
	slug := granted.Text("profile.slug")
	c.ok(t, "entity.find", "type_name", "organization", "filter", "email = 'new@company.example'").Is(map[string]any{"result_count": 1})

	wanted := 1
	if key, _ := granted.At("grant_key"); key != nil {
		wanted = 2 // the subscription's key comes in a message of its own
	}
	m := invitationFor(t, smtp.Wait(t, wanted), "new@company.example")
	if m.To != "new@company.example" || m.Subject == "" || !strings.Contains(m.Text, "Coworking Space") {
		t.Errorf("to %s, %q:\n%s", m.To, m.Subject, m.Text)
	}
	path := linkIn(t, m, in.URL).Path
	in.Get(t, "", path).Want(http.StatusOK).Is(map[string]any{"email": "new@company.example", "credentials": false})
	in.Get(t, "", path).Want(http.StatusOK) // looking does not use it up
	in.Post(t, "", path, map[string]any{"new_password": "yoyo", "email": "other@company.example"}).Want(http.StatusBadRequest)
	in.Post(t, "", path, map[string]any{"username": "newbie"}).Want(http.StatusBadRequest)
	token := in.Post(t, "", path, map[string]any{"username": "newbie", "new_password": "yoyo", "full_name": "New Bie"}).Want(http.StatusCreated).Text("token")

	in.Get(t, token, "/api/users/newbie").Want(http.StatusOK).Is(map[string]any{"email": "new@company.example", "full_name": "New Bie"})
	in.Get(t, token, "/api/profile/"+slug).Want(http.StatusOK).Is(map[string]any{"full_name": "New Company"})
	in.Get(t, token, "/api/users/newbie/profiles").Want(http.StatusOK).Is(map[string]any{"count": 1, "results.0.slug": slug})
	c.ok(t, "entity", "type_name", "user", "key_attribute", "email", "key_value", `"new@company.example"`).Is(map[string]any{"result.displayName": "New Bie"})
	in.Post(t, "", "/api/auth", map[string]any{"username": "newbie", "password": "yoyo"}).Want(http.StatusCreated)

	in.Get(t, "", path).Want(http.StatusBadRequest) // used up
	in.Post(t, "", path, map[string]any{"username": "again", "new_password": "yoyo"}).Want(http.StatusBadRequest)

	// a second grant is the same subscription, and invites nobody again
	answer := in.Post(t, in.Login(t, "donny"), "/api/profile/cowork/plans/premium/subscriptions?force=1",
		map[string]any{"profile": map[string]any{"email": "new@company.example", "full_name": "New Company"}})
	if answer.Status != http.StatusOK && answer.Status != http.StatusCreated {
		t.Errorf("granting again: %d %s", answer.Status, answer.Body)
	}
	c.ok(t, "entity.find", "type_name", "organization", "filter", "email = 'new@company.example'").Is(map[string]any{"result_count": 1})
}

func TestAGrantWithoutForceInvitesNobody(t *testing.T) {
	t.Parallel()
	in := demo(t)
	donny := in.Login(t, "donny")
	path := "/api/profile/cowork/plans/premium/subscriptions"
	body := map[string]any{"organization": map[string]any{"email": "new@company.example", "full_name": "New Company"}}
	in.Post(t, donny, path, body).Want(http.StatusNotFound)
	in.Post(t, donny, path+"?force=1", map[string]any{"organization": map[string]any{"slug": "nobody"}}).Want(http.StatusBadRequest)
	in.client().ok(t, "entity.find", "type_name", "organization", "filter", "email = 'new@company.example'").Is(map[string]any{"result_count": 0})
}

func TestTheDemoWritesMailsToAFolder(t *testing.T) {
	t.Parallel()
	data := folder(t)
	in := demo(t, "--data", data)
	if !strings.Contains(in.out.String(), filepath.Join(data, "mail")) {
		t.Errorf("it does not say where mails go:\n%s", in.out)
	}
	grantTo(t, in, "new@company.example")
	m := invitationFor(t, mailsIn(t, in, filepath.Join(data, "mail")), "new@company.example")
	path := linkIn(t, m, in.URL).Path
	in.Get(t, "", path).Want(http.StatusOK)
	in.Post(t, "", path, map[string]any{"new_password": "yoyo"}).Want(http.StatusCreated)
}

// mailsIn reads a folder's messages as soon as there is an invitation. A file
// appears whole; nothing tells of it, so the folder is read after every answer
// of the server until it is there.
func mailsIn(t *testing.T, in *instance, dir string) (out []mailtest.Message) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); in.Get(t, "", "/healthz") {
		out = nil
		files, err := filepath.Glob(filepath.Join(dir, "*.eml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			raw, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			m, err := mailtest.Parse(raw)
			if err != nil {
				t.Fatalf("%s: %v", f, err)
			}
			out = append(out, m)
			if strings.Contains(m.Text, "/api/auth/") {
				return out
			}
		}
	}
	t.Fatalf("no invitation came to %s, only %d messages", dir, len(out))
	return nil
}
