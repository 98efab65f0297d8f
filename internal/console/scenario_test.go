package console_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"facet/internal/directory"
)

func TestAnOperatorFindsChangesAndErasesAProfileInABrowser(t *testing.T) {
	s := lived(t)
	b := open(t, s)
	b.wide(1280, 900, false)
	b.signIn("donny").sees("Created per day")

	// found while typing, by keyboard alone
	b.run(chromedp.KeyEvent("/"), chromedp.WaitVisible("#find:focus", chromedp.ByQuery))
	b.fill("#find", "xia l").run(chromedp.WaitVisible("#quick .avatar", chromedp.ByQuery))
	b.shot("quick")
	b.run(chromedp.KeyEvent(kb.ArrowDown))
	b.follow(chromedp.KeyEvent(kb.Enter))
	b.sees("Save changes").quiet("found")

	// an error stands beside its field, and the right text is saved
	b.fill(`[name="a:email"]`, "alice@localhost.localdomain").click(".save").sees("Somebody else has this already.")
	b.run(chromedp.WaitVisible(`[name="a:email"]:focus`, chromedp.ByQuery))
	b.axe("a field with an error")
	b.shot("field-error")
	b.fill(`[name="a:email"]`, "xia.lee@localhost.localdomain")
	b.follow(chromedp.Click(".save", chromedp.ByQuery))
	b.sees("Saved.").quiet("saved")

	// somebody else is faster: both texts are there, one is taken
	s.Patch(t, s.Login(t, "xia"), "/api/profile/xia", `{"full_name":"Xia Chen"}`).Want(200)
	b.fill(`[name="a:familyName"]`, "Park").click(".save").sees("changed this profile while you did")
	b.axe("a conflict")
	b.shot("conflict")
	b.click(`[data-take="f-familyName"]`)
	var family string
	b.run(chromedp.Value(`[name="a:familyName"]`, &family, chromedp.ByQuery))
	if family != "Chen" {
		t.Errorf("taken is %q", family)
	}
	b.follow(chromedp.Click(".save", chromedp.ByQuery))

	// the session ends; what was typed is sent after signing in again, in place
	b.fill(`[name="a:middleName"]`, "Survives")
	donny := idOf(t, s, "donny")
	who := s.Login(t, "donny")
	principal, err := s.Site.Authenticate(t.Context(), who)
	if err != nil {
		t.Fatal(err)
	}
	sessions, err := s.Site.SessionsOf(t.Context(), principal, directory.UserKey{ID: donny})
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range sessions {
		if !one.Current {
			if err := s.Site.EndSession(t.Context(), principal, directory.UserKey{ID: donny}, one.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	b.click(".save").sees("Your session has ended")
	b.axe("signing in again")
	b.shot("sign-in-again")
	b.fill("dialog #login", "donny").fill("dialog #password", "yoyo")
	b.follow(chromedp.Click("dialog button", chromedp.ByQuery))
	b.sees("Saved.").quiet("signed in again")
	entityOf(t, s, idOf(t, s, "xia").String()).Is(map[string]any{"result.middleName": "Survives", "result.familyName": "Chen"})

	// lists narrow while typing, and their address is the search
	b.at("/console/profiles").fill("#list-q", "alice").sees("Alice Cooper")
	b.run(chromedp.Poll(`!document.querySelector("#results").innerText.includes("Bob Stone") && location.search.includes("q=alice")`, nil))
	b.quiet("narrowed")

	// erased, with its name typed
	b.at("/console/profiles/"+idOf(t, s, "bob").String()+"/erase").fill("#confirm", "bob")
	b.follow(chromedp.Click("form .danger", chromedp.ByQuery))
	b.at("/console/quick?q=bob").sees("Nothing begins so")
	b.quiet("erased")
}

func TestAPersonKeepsTheirOwnThingsInABrowser(t *testing.T) {
	s := lived(t)
	b := open(t, s)
	b.wide(390, 844, true)
	b.signIn("xia").sees("About you")

	// a picture, cropped
	picture := image.NewRGBA(image.Rect(0, 0, 400, 300))
	for x := range 400 {
		for y := range 300 {
			picture.Set(x, y, color.RGBA{uint8(x), uint8(y), 180, 255})
		}
	}
	var data bytes.Buffer
	if err := png.Encode(&data, picture); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "me.png")
	if err := os.WriteFile(file, data.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	b.run(chromedp.SetUploadFiles("#picture", []string{file}, chromedp.ByQuery), chromedp.WaitVisible(".crop canvas", chromedp.ByQuery))
	b.axe("cropping")
	b.shot("crop")
	b.follow(chromedp.Click("[data-upload]", chromedp.ByQuery))
	b.run(chromedp.WaitVisible(`img[alt="Your picture"]`, chromedp.ByQuery), chromedp.Poll(`document.querySelector('img[alt="Your picture"]').naturalWidth > 0`, nil))
	b.quiet("picture")

	b.fill("#in-full_name", "Xia Lee-Park")
	b.follow(chromedp.Click(".save", chromedp.ByQuery))
	b.sees("Saved.")

	// a child's profile
	b.at("/console/me/household").fill("#m-name", "Noa").click(`[name="child"]`)
	b.follow(chromedp.Click("form .primary", chromedp.ByQuery))
	b.sees("Child, up to 12").quiet("household")

	// one-time codes, with the key to scan
	b.at("/console/me/security").fill("#in-password", "yoyo")
	b.follow(chromedp.Click(`[name="do"][value="on"]`, chromedp.ByQuery))
	b.sees("Scan this with your authenticator app.")
	b.axe("one-time codes")
	b.shot("otp")
	b.quiet("one-time codes")

	// a document, whose numbers stay
	b.at("/console/me/documents/1").sees("Numbers stay exactly")
	b.follow(chromedp.Click(".save", chromedp.ByQuery))
	var text string
	b.run(chromedp.Value("#doc-text", &text, chromedp.ByQuery))
	if !bytes.Contains([]byte(text), []byte("12345678901234567890")) {
		t.Errorf("the document is %s", text)
	}

	// light and dark
	b.click("[data-theme-switch]")
	var theme string
	b.run(chromedp.Evaluate(`document.documentElement.dataset.theme`, &theme))
	if theme != "light" {
		t.Errorf("the theme is %q", theme)
	}
	b.at("/console/me").run(chromedp.Evaluate(`document.documentElement.dataset.theme`, &theme))
	if theme != "light" {
		t.Errorf("the theme is not remembered: %q", theme)
	}

	// and away
	b.at("/console/me/erase").fill("#confirm", "xia")
	b.follow(chromedp.Click("form .danger", chromedp.ByQuery))
	b.sees("Sign in").quiet("erased")
}
