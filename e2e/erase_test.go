package e2e_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"facet/internal/facetest"
)

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
	oldSlug     = "obadiah-q6" // longer than what random bytes spell by chance
)

// live lets him use every face, and gives every text of his that must go.
func (p *person) live(t *testing.T, db database) (texts map[string]string, picture string) {
	t.Helper()
	in, token := p.in, p.tokens["djaoapp"]
	// what he was before is in the history
	in.Patch(t, token, p.profile, map[string]any{"slug": oldSlug}).Want(http.StatusOK)
	p.profile = "/api/profile/" + oldSlug
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
		"user name": oddSlug, "old user name": oldSlug, "e-mail": oddEmail, "old e-mail": "joe+1@example.com", "given name": oddGiven, "family name": oddFamily,
		"old given name": oldGiven, "old family name": "Card1", "phone": oddPhone, "old phone": "+41445550000", "street": oddStreet, "nick name": oddNick,
		"about": oddAbout, "birthday": "1971-07-17", "bio": oddBio, "document": oddSetting, "household profile": oddMember, "password": oddPassword,
		"folded given name": "zebulon", "folded with accent": strings.ToLower(oddGiven),
	}
	for i, id := range ids {
		sum := sha256.Sum256(images[i])
		texts["file "+fmt.Sprint(i)], texts["hash of file "+fmt.Sprint(i)] = id, hex.EncodeToString(sum[:])
		texts["short hash of file "+fmt.Sprint(i)] = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	var hashes []string
	db.rowsOf(t, "secret", func(_ string, columns []string, values [][]byte) {
		if bytes.Equal(values[slices.Index(columns, "id")], rawID(t, p.uuid)) {
			hashes = append(hashes, string(values[slices.Index(columns, "data")]))
		}
	})
	if len(hashes) != 1 || !strings.HasPrefix(hashes[0], "$argon2id$") {
		t.Fatalf("his secrets are %q", hashes)
	}
	texts["password hash"] = hashes[0]
	p.hasMail(t, db)
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

// hasMail waits until there is a message for him: a job, or a file.
func (p *person) hasMail(t *testing.T, db database) {
	t.Helper()
	if strings.Contains(db.text(t, `SELECT body FROM job`), oddEmail) {
		return
	}
	p.waitForFiles(t, "mail", "a message for him", func(files map[string][]byte) bool {
		for _, text := range files {
			if bytes.Contains(text, []byte(oddEmail)) {
				return true
			}
		}
		return false
	})
}

// waitForFiles reads a folder of the data folder after every answer of the
// server until its jobs have done what is waited for.
func (p *person) waitForFiles(t *testing.T, dir, what string, done func(map[string][]byte) bool) {
	t.Helper()
	var files map[string][]byte
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); p.in.Get(t, "", "/healthz") {
		files = map[string][]byte{}
		err := filepath.WalkDir(filepath.Join(p.data, dir), func(path string, e fs.DirEntry, err error) error {
			if err == nil && e.Type().IsRegular() {
				files[path], err = os.ReadFile(path)
			}
			if os.IsNotExist(err) { // or deleted meanwhile
				return nil
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if done(files) {
			return
		}
	}
	t.Errorf("%s: there are %v", what, slices.Collect(maps.Keys(files)))
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
	for _, table := range db.tables(t) {
		db.rowsOf(t, table, each)
	}
}

// rawID gives the bytes of a uuid.
func rawID(t testing.TB, uuid string) []byte {
	t.Helper()
	id, err := hex.DecodeString(strings.ReplaceAll(uuid, "-", ""))
	if err != nil {
		t.Fatal(err)
	}
	return id
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
	types, err := rows.ColumnTypes()
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
		for i := range types {
			if types[i].DatabaseTypeName() == "UUID" { // as SQLite has it: the bytes, or none
				if values[i] = rawID(t, string(values[i])); bytes.Count(values[i], []byte{0}) == len(values[i]) {
					values[i] = nil
				}
			}
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
	byOperator := func(t *testing.T, p *person) {
		p.in.Delete(t, p.donny, p.profile).Want(http.StatusNoContent)
	}
	waiting := []string{"--mail", "smtp://127.0.0.1:1"} // where nobody listens
	for _, c := range []struct {
		name  string
		args  []string
		erase func(*testing.T, *person)
	}{
		{"DjaoApp, by himself", waiting, func(t *testing.T, p *person) {
			p.in.Delete(t, p.tokens["djaoapp"], p.profile).Want(http.StatusNoContent)
		}},
		{"DjaoApp, by the operator", waiting, byOperator},
		{"the Entity API", waiting, func(t *testing.T, p *person) {
			p.c.ok(t, "entity.delete", "type_name", "user", "uuid", p.uuid)
		}},
		{"with the demo's mail", nil, byOperator},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			data := folder(t)
			in := demo(t, append(c.args, "--data", data)...)
			db := openData(t, data)
			p := newPerson(t, in)
			p.data = data
			texts, picture := p.live(t, db)
			c.erase(t, p)

			p.isNobody(t, picture)
			p.waitForFiles(t, "blobs", "only the demo's own file is left", func(files map[string][]byte) bool { return len(files) == 1 })
			p.waitForFiles(t, "mail", "no message about him is left", func(files map[string][]byte) bool {
				return !slices.ContainsFunc(slices.Collect(maps.Keys(files)), func(path string) bool { return strings.Contains(path, p.uuid) })
			})
			in.stop(t)
			_ = db.Close()
			p.leftNothing(t, texts)
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
	for _, slug := range []string{"joe1", oldSlug} {
		in.Get(t, p.donny, "/api/profile/"+slug).Want(http.StatusNotFound)
	}
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

// leftNothing looks for his texts in every row, and in the files.
func (p *person) leftNothing(t *testing.T, texts map[string]string) {
	t.Helper()
	db := openData(t, p.data)
	for what, text := range texts {
		if tables := db.find(t, []byte(text)); len(tables) > 0 {
			t.Errorf("%s (%s) is left in %v", what, text, tables)
		}
		if db.holds(t, text) {
			t.Errorf("%s (%s) is left in the file, in no row", what, text)
		}
		err := filepath.WalkDir(p.data, func(path string, e fs.DirEntry, err error) error {
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
	id := rawID(t, p.uuid)
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
