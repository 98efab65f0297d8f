package e2e_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"facet/internal/facetest"
)

// person is joe1, who registered in DjaoApp, and where the five faces have him.
type person struct {
	in           *instance
	c            client
	donny        string
	uuid, number string
	password     string
	profile      string            // /api/profile/…
	idTag        string            // /api/profiles/…
	household    string            // /api/users/v1/users/…
	tokens       map[string]string // that work, by where they are from
	refresh      map[string]string // refresh tokens
}

// newPerson registers joe1 by the printed command.
func newPerson(t *testing.T, in *instance) *person {
	t.Helper()
	token := sendPrinted(t, in, printedCalls[0]).Text("token")
	p := &person{in: in, c: in.client(), donny: in.Login(t, "donny"), password: "yoyo", profile: "/api/profile/joe1", idTag: "joe1@localhost.localdomain"}
	found := p.c.ok(t, "entity.find", "type_name", "user", "filter", "email = 'joe+1@example.com'").Is(map[string]any{"result_count": 1})
	p.uuid, p.number = found.Text("results.0.uuid"), number(t, found, "results.0.id")
	p.household = "/api/users/v1/users/" + p.number + "/user_profiles"
	p.signIn(t)
	p.tokens["registering"] = token
	return p
}

// signIns are how somebody signs in through each face, and where the token is.
var signIns = []struct {
	face, path, body, token, refresh string // %s: idTag or user name, password
	header                           map[string]string
	idTag                            bool
}{
	{face: "djaoapp", path: "/api/auth", body: `{"username":%q,"password":%q}`, token: "token"},
	{face: "cloudillo", path: "/api/auth/login", body: `{"idTag":%q,"password":%q}`, token: "data.token", idTag: true},
	{face: "household", path: "/api/users/v1/login", body: `{"username":%q,"password":%q}`, token: "accessToken", refresh: "refreshToken"},
	{face: "appdata", path: "/auth/login", body: `{"username":%q,"password":%q}`, token: "access_token", refresh: "refresh_token", header: withAppKey},
}

// tryAll signs in through each face.
func (p *person) tryAll(t *testing.T, each func(face string, a facetest.Answer)) {
	t.Helper()
	slug, _, _ := strings.Cut(p.idTag, "@")
	for _, s := range signIns {
		name := slug
		if s.idTag {
			name = p.idTag
		}
		each(s.face, p.in.Do(t, facetest.Call{Method: "POST", Path: s.path, Body: fmt.Sprintf(s.body, name, p.password), Header: s.header}))
	}
}

func (p *person) signIn(t *testing.T) {
	t.Helper()
	p.tokens, p.refresh = map[string]string{}, map[string]string{}
	p.tryAll(t, func(face string, a facetest.Answer) {
		if a.Status >= 300 {
			t.Fatalf("%s: %d %s", face, a.Status, a.Body)
		}
		for _, s := range signIns {
			if s.face != face {
				continue
			}
			p.tokens[face] = a.Text(s.token)
			if s.refresh != "" {
				p.refresh[face] = a.Text(s.refresh)
			}
		}
	})
	// The Entity API's token is whichever session's: it has no way to sign in.
	p.checkEntityPassword(t, "ok")
}

// checkEntityPassword asks the Entity API whether the password is his.
func (p *person) checkEntityPassword(t *testing.T, stat string) {
	t.Helper()
	p.c.call(t, "entity", "type_name", "user", "uuid", p.uuid, "password_attribute", "password", "password_value", p.password).Is(map[string]any{"stat": stat})
}

// called checks that every face shows his name on the next request.
func (p *person) called(t *testing.T, name, given, family string) {
	t.Helper()
	token := p.tokens["djaoapp"]
	for _, path := range []string{p.profile, strings.Replace(p.profile, "/profile/", "/users/", 1)} {
		p.in.Get(t, token, path).Want(http.StatusOK).Is(map[string]any{"full_name": name, "printable_name": name})
	}
	p.c.ok(t, "entity", "type_name", "user", "uuid", p.uuid).Is(map[string]any{"result.displayName": name, "result.givenName": given, "result.familyName": family})
	p.in.Get(t, p.tokens["cloudillo"], "/api/me").Want(http.StatusOK).Is(map[string]any{"data.name": name})
	p.in.Get(t, p.donny, "/api/profiles/"+p.idTag).Want(http.StatusOK).Is(map[string]any{"data.name": name})
	p.in.Get(t, p.donny, "/api/profiles?idTag="+p.idTag).Want(http.StatusOK).Is(map[string]any{"data.0.name": name})
	p.tryAll(t, func(face string, a facetest.Answer) {
		switch face {
		case "appdata":
			a.Want(http.StatusOK).Is(map[string]any{"user.first_name": given, "user.last_name": family})
		case "household": // whose profiles have names of their own; the person's stands in the token
			claimsOf(t, a.Want(http.StatusOK), "accessToken").Is(map[string]any{"full_name": name})
		}
	})
}

func TestOnePersonIsTheSameInAllFiveFaces(t *testing.T) {
	t.Parallel()
	in := demo(t)
	p := newPerson(t, in)
	app, home := p.tokens["appdata"], p.tokens["household"]

	p.called(t, "Joe Card1", "Joe", "Card1")
	in.Get(t, p.donny, "/api/profiles/"+p.idTag).Want(http.StatusOK).Is(map[string]any{"data.idTag": p.idTag, "data.type": "person", "data.status": "A"})

	// his documents, by himself and by an operator
	document := map[string]any{"theme": "dark", "level": 3}
	in.Get(t, app, "/user/profiles/1").Want(http.StatusOK).Is(map[string]any{"profiles": []any{}})
	in.Post(t, app, "/user/profiles/create", map[string]any{"app_id": 1, "profile_data": document}).Want(http.StatusCreated).Is(map[string]any{"user_id": p.uuid})
	in.Get(t, p.donny, "/operator/users/profile/"+p.uuid+"/1").Want(http.StatusOK).Is(map[string]any{"profile_data": document, "app_id": 1})
	in.Post(t, p.donny, "/operator/profile/create-bulk", map[string]any{"profiles": []any{map[string]any{"app_id": 2, "user_id": p.uuid, "profile_data": document}}}).Want(http.StatusCreated)
	in.Get(t, app, "/user/profiles/2").Want(http.StatusOK).Is(map[string]any{"profiles.0.profile_data": document, "profiles.0.user_id": p.uuid})
	in.Get(t, p.tokens["djaoapp"], "/operator/users/profile/"+p.uuid+"/1").Want(http.StatusForbidden)

	// his household, by number and by uuid, with any face's token
	for _, path := range []string{p.household, "/api/users/v1/users/" + p.uuid + "/user_profiles", "/api/users/v1/" + p.uuid + "/user_profiles"} {
		for _, token := range []string{home, p.tokens["djaoapp"], p.donny} {
			in.Get(t, token, path).Want(http.StatusOK).Is(map[string]any{"meta.count": 1, "data.0.attributes.name": "Joe", "data.0.attributes.is_default": true})
		}
	}

	// His name, by each face that has a way to write it: the documents of
	// Sentinel and Amino print none for the person, only for what is theirs.
	in.Put(t, p.tokens["djaoapp"], p.profile, map[string]any{"full_name": "Joseph van Cardinal"}).Want(http.StatusOK)
	p.called(t, "Joseph van Cardinal", "Joseph", "van Cardinal")
	p.c.ok(t, "entity.update", "type_name", "user", "uuid", p.uuid, "attributes", attributes("displayName", "Jo Cardinal", "givenName", "Jo", "familyName", "Cardinal"))
	p.called(t, "Jo Cardinal", "Jo", "Cardinal")
	in.Patch(t, p.tokens["cloudillo"], "/api/me", map[string]any{"name": "Yossi Kardinal"}).Want(http.StatusOK)
	p.called(t, "Yossi Kardinal", "Yossi", "Kardinal")
	in.Patch(t, p.donny, "/api/admin/profiles/"+p.idTag, map[string]any{"name": "Giuseppe Cardinale"}).Want(http.StatusOK)
	p.called(t, "Giuseppe Cardinale", "Giuseppe", "Cardinale")
	in.Get(t, home, p.household).Want(http.StatusOK).Is(map[string]any{"data.0.attributes.name": "Joe"})

	// his picture
	png := asPNG(t, 9)
	address := in.Do(t, facetest.Call{Method: "PUT", Path: "/api/me/image", Token: p.tokens["cloudillo"], Type: "image/png", Body: png}).Want(http.StatusOK).Text("data.profilePic")
	for _, path := range []string{p.profile, "/api/users/joe1"} {
		shown := in.Get(t, p.tokens["djaoapp"], path).Want(http.StatusOK).Text("picture")
		if !strings.HasSuffix(shown, address) {
			t.Errorf("%s: picture %s, want %s", path, shown, address)
		}
	}
	p.c.ok(t, "entity", "type_name", "user", "uuid", p.uuid).Is(map[string]any{"result.photos.0.value": address, "result.photos.0.type": "profile"})
	if got := in.Get(t, "", address).Want(http.StatusOK); !bytes.Equal(got.Body, png) {
		t.Errorf("the picture has %d bytes, sent were %d", len(got.Body), len(png))
	}

	p.isDisabledAndEnabled(t)
}

// stopped checks that no token works, whatever it is sent to.
func (p *person) stopped(t *testing.T) {
	t.Helper()
	for from, token := range p.tokens {
		for _, c := range []struct {
			path   string
			status int
		}{
			{p.profile, http.StatusForbidden}, {"/api/me", http.StatusUnauthorized}, {"/api/profiles", http.StatusUnauthorized},
			{p.household, http.StatusUnauthorized}, {"/user/profiles/1", http.StatusUnauthorized},
		} {
			if a := p.in.Get(t, token, c.path); a.Status != c.status {
				t.Errorf("the token of %s at %s: %d %s", from, c.path, a.Status, a.Body)
			}
		}
		p.in.Do(t, facetest.Call{Method: "POST", Path: "/entity", Type: formType, Body: "type_name=user", Header: map[string]string{"Authorization": "OAuth " + token}}).
			Want(http.StatusOK).Is(map[string]any{"stat": "error", "code": 414})
		p.in.Post(t, token, "/api/auth/tokens", map[string]any{"token": token}).Want(http.StatusForbidden)
	}
	for _, token := range p.refresh {
		p.in.Post(t, "", "/api/users/v1/refresh", map[string]any{"refresh_token": token}).Want(http.StatusUnauthorized)
	}
	p.tryAll(t, func(face string, a facetest.Answer) {
		if a.Status != http.StatusUnauthorized && a.Status != http.StatusForbidden {
			t.Errorf("%s signs in: %d %s", face, a.Status, a.Body)
		}
	})
}

func (p *person) isDisabledAndEnabled(t *testing.T) {
	t.Helper()
	p.signIn(t)
	suspend := func(status string) {
		p.in.Patch(t, p.donny, "/api/admin/profiles/"+p.idTag, map[string]any{"status": status}).Want(http.StatusOK).Is(map[string]any{"data.status": status})
	}
	suspend("suspended")
	p.stopped(t)
	p.checkEntityPassword(t, "error")
	p.in.Get(t, p.donny, "/api/profiles?status=suspended").Want(http.StatusOK).Is(map[string]any{"data.0.idTag": p.idTag, "data.0.status": "S"})
	p.in.Get(t, p.donny, "/api/profiles?idTag="+p.idTag).Want(http.StatusOK).Is(map[string]any{"data": []any{}})

	suspend("active")
	before := p.tokens
	p.signIn(t)
	for _, token := range before { // what ended stays so
		p.in.Get(t, token, p.profile).Want(http.StatusForbidden)
	}
	p.in.Get(t, p.tokens["appdata"], "/user/profiles/1").Want(http.StatusOK).Is(map[string]any{"profiles.0.user_id": p.uuid})
	p.called(t, "Giuseppe Cardinale", "Giuseppe", "Cardinale")
}

// Erasing -------------------------------------------------------------------

// What he writes about himself, each so odd that it is nobody else's.
const (
	oddSlug     = "zebulon-q7"
	oddEmail    = "zeb.quill+9@mail.example"
	oddGiven    = "Zébulon"
	oddFamily   = "Quillfeather"
	oddPhone    = "+41445559071"
	oddStreet   = "Wobblegate 77"
	oddNick     = "Zebby-Nick"
	oddAbout    = "keeps axolotls in the cellar"
	oddBio      = "yodels on Thursdays"
	oddSetting  = "ultramarine-preference"
	oddMember   = "Pumpernickel"
	oddPassword = "correct horse yoyo zeb"
	oldGiven    = "Obadiah"
)

// live lets him use every face, and gives every text of his that must go.
func (p *person) live(t *testing.T, db database) (texts map[string]string, picture string) {
	t.Helper()
	in, token := p.in, p.tokens["djaoapp"]
	// what he was before is in the history
	in.Put(t, token, p.profile, map[string]any{"full_name": oldGiven + " Card1", "phone": "+41445550000"}).Want(http.StatusOK)
	in.Patch(t, token, p.profile, map[string]any{
		"slug": oddSlug, "email": oddEmail, "full_name": oddGiven + " " + oddFamily, "phone": oddPhone, "street_address": oddStreet,
		"nick_name": oddNick, "extra": map[string]any{"note": oddSetting + "-extra"},
	}).Want(http.StatusOK)
	p.profile, p.idTag = "/api/profile/"+oddSlug, oddSlug+"@localhost.localdomain"
	p.c.ok(t, "entity.update", "type_name", "user", "uuid", p.uuid, "attributes", attributes("aboutMe", oddAbout, "birthday", "1971-07-17"))
	p.c.ok(t, "entity.update", "type_name", "user", "uuid", p.uuid, "attributes", attributes("password", oddPassword))
	p.password = oddPassword
	p.signIn(t)
	in.Post(t, "", "/api/auth", map[string]any{"username": oddSlug, "password": "wrong"}).Want(http.StatusUnauthorized)

	me := p.tokens["cloudillo"]
	in.Patch(t, me, "/api/me", map[string]any{"x": map[string]any{"bio": oddBio + " of old", "oddkey": oddBio}}).Want(http.StatusOK)
	in.Patch(t, me, "/api/me", map[string]any{"x": map[string]any{"bio": oddBio}}).Want(http.StatusOK)
	images := [][]byte{asPNG(t, 71), asJPEG(t, 72), asJPEG(t, 73)}
	put := func(path string, data []byte) string {
		return in.Do(t, facetest.Call{Method: "PUT", Path: path, Token: me, Type: "image/png", Body: data}).Want(http.StatusOK).Text("data.fileId")
	}
	ids := []string{put("/api/me/image", images[0]), put("/api/me/image", images[1]), put("/api/me/cover", images[2])}
	alice := in.Login(t, "alice")
	for token, with := range map[string]string{me: "alice@localhost.localdomain", alice: p.idTag} {
		for _, what := range []string{"connect", "mute"} {
			in.Patch(t, token, "/api/profiles/"+with, map[string]any{"relationship": what}).Want(http.StatusOK)
		}
	}
	in.Patch(t, me, "/api/profiles/bob@example.com", map[string]any{"relationship": "block"}).Want(http.StatusOK)
	in.Patch(t, p.donny, "/api/admin/profiles/"+p.idTag, map[string]any{"roles": []string{"user", "moderator"}}).Want(http.StatusOK)

	app := p.tokens["appdata"]
	in.Post(t, app, "/user/profiles/create", map[string]any{"app_id": 1, "profile_data": map[string]any{"theme": oddSetting, "pages": strings.Repeat(oddSetting+" ", 4000)}}).Want(http.StatusCreated)
	in.Post(t, p.donny, "/operator/profile/create-bulk", map[string]any{"profiles": []any{map[string]any{"app_id": 2, "user_id": p.uuid, "profile_data": map[string]any{oddSetting: 1}}}}).Want(http.StatusCreated)

	home := p.tokens["household"]
	member := in.Post(t, home, p.household, map[string]any{"name": oddMember, "age_limit": 9, "is_child_profile": true}).Want(http.StatusCreated).Text("data.0.id")
	in.Patch(t, home, p.household+"/"+member, map[string]any{"name": oddMember + " the younger"}).Want(http.StatusOK)

	// A grant leaves a key and a message that waits. The organization that he
	// makes stays, and what it says of itself.
	in.Post(t, p.donny, "/api/profile/cowork/plans/premium/subscriptions", map[string]any{"organization": map[string]any{"slug": oddSlug}}).Want(http.StatusCreated)
	in.Post(t, p.tokens["djaoapp"], "/api/users/"+oddSlug+"/profiles", map[string]any{"slug": "left-behind", "full_name": "Left Behind Ltd", "email": "office@left.example"}).Want(http.StatusCreated)

	texts = map[string]string{
		"user name": oddSlug, "old user name": "joe1", "e-mail": oddEmail, "old e-mail": "joe+1@example.com", "given name": oddGiven, "family name": oddFamily,
		"old given name": oldGiven, "old family name": "Card1", "phone": oddPhone, "old phone": "+41445550000", "street": oddStreet, "nick name": oddNick,
		"about": oddAbout, "birthday": "1971-07-17", "bio": oddBio, "document": oddSetting, "household profile": oddMember, "password": oddPassword,
		"folded given name": "zebulon", "folded with accent": strings.ToLower(oddGiven),
	}
	for i, id := range ids {
		sum := sha256.Sum256(images[i])
		texts["file "+fmt.Sprint(i)], texts["hash of file "+fmt.Sprint(i)] = id, hex.EncodeToString(sum[:])
		texts["short hash of file "+fmt.Sprint(i)] = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	hashes := strings.Fields(db.text(t, `SELECT CAST(data AS TEXT) FROM secret WHERE id = x'`+strings.ReplaceAll(p.uuid, "-", "")+`'`))
	if len(hashes) != 1 || !strings.HasPrefix(hashes[0], "$argon2id$") {
		t.Fatalf("his secrets are %q", hashes)
	}
	texts["password hash"] = hashes[0]
	if jobs := db.text(t, `SELECT body FROM job`); !strings.Contains(jobs, oddEmail) {
		t.Fatalf("no message for him waits:\n%s", jobs)
	}
	for what, text := range texts { // the search below finds what is there
		if what == "password" || strings.HasPrefix(what, "hash of") || strings.HasPrefix(what, "short hash") || what == "folded with accent" {
			continue
		}
		if found := db.find(t, []byte(text)); len(found) == 0 {
			t.Errorf("%s (%s) is not in the database, though he lives", what, text)
		}
	}
	return texts, "/api/file/" + ids[1]
}

// find lists the tables that have a value that holds the bytes, in any case.
func (db database) find(t testing.TB, text []byte) (tables []string) {
	t.Helper()
	text = bytes.ToLower(text)
	db.rows(t, func(table string, _ []string, values [][]byte) {
		if !slices.Contains(tables, table) && slices.ContainsFunc(values, func(v []byte) bool { return bytes.Contains(bytes.ToLower(v), text) }) {
			tables = append(tables, table)
		}
	})
	return tables
}

// rows gives every row of every table.
func (db database) rows(t testing.TB, each func(table string, columns []string, values [][]byte)) {
	t.Helper()
	for table := range strings.FieldsSeq(db.text(t, `SELECT name FROM sqlite_master WHERE type = 'table'`)) {
		db.rowsOf(t, table, each)
	}
}

func (db database) rowsOf(t testing.TB, table string, each func(table string, columns []string, values [][]byte)) {
	t.Helper()
	rows, err := db.Query(`SELECT * FROM "` + table + `"`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	values, into := make([][]byte, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		each(table, columns, values)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

// mayName are the columns in which the id of somebody erased may stand: that he
// was, what was done by him and to him, and when.
var mayName = []string{"tombstone.id", "event.subject", "event.actor", "event_body.actor", "record.creator", "link.src", "link.dst", "link_reverse.src", "link_reverse.dst"}

func TestOnePersonErasedInAnyFaceLeavesNoTrace(t *testing.T) {
	t.Parallel()
	for name, erase := range map[string]func(*testing.T, *person){
		"DjaoApp, by himself": func(t *testing.T, p *person) {
			p.in.Delete(t, p.tokens["djaoapp"], p.profile).Want(http.StatusNoContent)
		},
		"DjaoApp, by the operator": func(t *testing.T, p *person) {
			p.in.Delete(t, p.donny, p.profile).Want(http.StatusNoContent)
		},
		"the Entity API": func(t *testing.T, p *person) {
			p.c.ok(t, "entity.delete", "type_name", "user", "uuid", p.uuid)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := folder(t)
			in := demo(t, "--data", data, "--mail", "smtp://127.0.0.1:1") // where nobody listens: messages wait
			db := openData(t, data)
			p := newPerson(t, in)
			texts, picture := p.live(t, db)
			erase(t, p)

			p.isNobody(t, picture)
			waitForNoFiles(t, in, data, 1) // the demo's own
			in.stop(t)
			_ = db.Close()
			p.leftNothing(t, data, texts)
		})
	}
}

// isNobody asks every face for him.
func (p *person) isNobody(t *testing.T, picture string) {
	t.Helper()
	in := p.in
	p.stopped(t)
	p.c.missing(t, "user", p.uuid, p.number, oddEmail)
	for _, filter := range []string{"familyName = '" + oddFamily + "'", "displayName = '" + oddGiven + " " + oddFamily + "'", "uuid = '" + p.uuid + "'", "id = " + p.number} {
		p.c.ok(t, "entity.find", "type_name", "user", "filter", filter).Is(map[string]any{"result_count": 0})
	}
	in.Get(t, p.donny, p.profile).Want(http.StatusNotFound)
	in.Get(t, p.donny, "/api/users/"+oddSlug).Want(http.StatusNotFound)
	in.Get(t, p.donny, "/api/profile/joe1").Want(http.StatusNotFound)
	alice := in.Login(t, "alice")
	for _, token := range []string{alice, p.donny} {
		in.Get(t, token, "/api/profiles/"+p.idTag).Want(http.StatusOK).Is(map[string]any{"data": nil})
		for _, query := range []string{"q=" + oddSlug, "q=zebulon", "q=quill", "q=" + oddNick, "idTag=" + p.idTag, "connected=connected", "connected=pending", "status=muted"} {
			in.Get(t, token, "/api/profiles?"+query).Want(http.StatusOK).Is(map[string]any{"data": []any{}})
		}
	}
	in.Patch(t, p.donny, "/api/admin/profiles/"+p.idTag, `{"name":"Ghost"}`).Want(http.StatusNotFound)
	for _, app := range []string{"1", "2"} {
		in.Get(t, p.donny, "/operator/users/profile/"+p.uuid+"/"+app).Want(http.StatusNotFound)
	}
	in.Post(t, p.donny, "/operator/profile/create-bulk", map[string]any{"profiles": []any{map[string]any{"app_id": 1, "user_id": p.uuid, "profile_data": map[string]any{}}}}).Want(http.StatusUnprocessableEntity)
	in.Get(t, p.donny, p.household).Want(http.StatusNotFound)
	in.Get(t, p.donny, "/api/users/v1/users/"+p.uuid+"/user_profiles").Want(http.StatusNotFound)
	in.Get(t, "", picture).Want(http.StatusNotFound)
	// what he made is there, and the names are free again
	in.Get(t, p.donny, "/api/profile/left-behind").Want(http.StatusOK)
	in.Post(t, "", "/api/profiles/verify", map[string]any{"idTag": p.idTag, "type": "idp"}).Want(http.StatusOK).Is(map[string]any{"data.available": true})
}

// waitForNoFiles reads the folder of pictures after every answer of the server
// until its jobs have deleted the others.
func waitForNoFiles(t *testing.T, in *instance, data string, left int) {
	t.Helper()
	var files []string
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); in.Get(t, "", "/healthz") {
		files = nil
		err := filepath.WalkDir(filepath.Join(data, "blobs"), func(path string, e fs.DirEntry, err error) error {
			if err == nil && e.Type().IsRegular() {
				files = append(files, path)
			}
			return err
		})
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		if len(files) == left {
			return
		}
	}
	t.Errorf("files are left: %v", files)
}

// leftNothing looks for his texts in every row, and in the files.
func (p *person) leftNothing(t *testing.T, data string, texts map[string]string) {
	t.Helper()
	db := openData(t, data)
	for what, text := range texts {
		if tables := db.find(t, []byte(text)); len(tables) > 0 {
			t.Errorf("%s (%s) is left in %v", what, text, tables)
		}
		if db.holds(t, text) {
			t.Errorf("%s (%s) is left in the file, in no row", what, text)
		}
		err := filepath.WalkDir(data, func(path string, e fs.DirEntry, err error) error {
			if err != nil || !e.Type().IsRegular() {
				return err
			}
			raw, err := os.ReadFile(path)
			if strings.Contains(path, text) || !strings.Contains(filepath.Base(path), "facet.db") && bytes.Contains(raw, []byte(text)) {
				t.Errorf("%s (%s) is left in %s", what, text, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	id, err := hex.DecodeString(strings.ReplaceAll(p.uuid, "-", ""))
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	db.rows(t, func(table string, columns []string, values [][]byte) {
		for i, v := range values {
			at := table + "." + columns[i]
			switch {
			case bytes.Equal(v, id):
				if named[at] = true; !slices.Contains(mayName, at) {
					t.Errorf("he is named in %s", at)
				}
			case bytes.Contains(v, id), bytes.Contains(v, []byte(p.uuid)):
				t.Errorf("he is named within %s: %q", at, v)
			}
		}
	})
	for _, at := range []string{"tombstone.id", "event.subject", "event.actor", "link.src"} {
		if !named[at] {
			t.Errorf("%s does not have him: it is to tell that he was", at)
		}
	}
	var stone []json.RawMessage
	db.rowsOf(t, "tombstone", func(_ string, columns []string, values [][]byte) {
		if !slices.Equal(columns, []string{"site", "bucket", "id", "type", "number", "at"}) {
			t.Errorf("a tombstone has %v", columns)
		}
		stone = append(stone, values[4])
	})
	if len(stone) != 1 || string(stone[0]) != p.number {
		t.Errorf("the tombstones are of %s, want %s", stone, p.number)
	}
}
