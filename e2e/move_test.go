package e2e_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"facet/internal/store/postgres/pgtest"
)

// envelope is what is another in every answer of the Cloudillo API.
var envelope = regexp.MustCompile(`,"time":"[^"]*","reqId":"[^"]*"`)

// An installation goes on where it was after its data moved from a folder into
// PostgreSQL: the same answers, the same tokens, the same numbers.
func TestAnInstallationMovesFromSQLiteToPostgreSQL(t *testing.T) {
	t.Parallel()
	c, err := pgtest.Start(pgtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	name, err := c.Create("template1") // empty
	if err != nil {
		t.Fatal(err)
	}
	const exact = `{"big":12345678901234567890,"price":1.10,"text":"a\tb\\c\n"}`
	data, url := t.TempDir()+"/data", c.URL(name)

	in := demo(t, "--data", data, "--database", "sqlite:"+data)
	donny, alice := in.Login(t, "donny"), in.Login(t, "alice")
	parker := in.client().ok(t, "entity.create", "type_name", "user", "attributes", `{"displayName":"Parker \"P\" Morgan","email":"parkerm@example.com"}`).Text("uuid")
	in.Put(t, donny, "/operator/users/profile/"+parker+"/1", exact).Want(http.StatusCreated)
	asked := []string{
		"/api/profile/cowork", "/api/accounts/users", "/api/accounts/profiles?q=co", "/api/profile/cowork/roles/manager",
		"/operator/users/profile/" + parker + "/1", "/api/me", "/api/profiles",
	}
	ask := func(in *instance) map[string]string {
		answers := map[string]string{}
		for _, path := range asked {
			for _, token := range []string{donny, alice} {
				a := in.Get(t, token, path)
				answers[path+" "+fmt.Sprint(token == alice)] = fmt.Sprint(a.Status) + " " + envelope.ReplaceAllString(strings.ReplaceAll(string(a.Body), in.URL, ""), "")
			}
		}
		found := in.client().ok(t, "entity.find", "type_name", "user", "sort_on", `["id"]`)
		answers["entity.find"] = string(found.Body)
		return answers
	}
	before := ask(in)
	in.stop(t)

	said, err := command(t, "move", "--database", "sqlite:"+data, "--to", url).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	if !strings.Contains(string(said), "next: facet serve") {
		t.Errorf("facet move said %s", said)
	}
	in = demo(t, "--data", data, "--database", url)
	after := ask(in)
	for path, want := range before {
		if after[path] != want {
			t.Errorf("%s was answered\n%s\nand is now\n%s", path, want, after[path])
		}
	}
	made := in.client().ok(t, "entity.create", "type_name", "user", "attributes", `{"displayName":"Later"}`)
	if strings.Contains(before["entity.find"], `"id":`+number(t, made, "id")+",") {
		t.Errorf("a number was given twice: %s", made.Body)
	}
	in.Login(t, "xia")
	in.stop(t)

	for _, args := range [][]string{
		{"serve", "--demo", "--database", "sqlite:" + data, "--listen", "127.0.0.1:0"},
		{"site", "list", "--database", "sqlite:" + data},
		{"move", "--database", "sqlite:" + data, "--to", url},
	} {
		if said, err := command(t, args...).CombinedOutput(); err == nil || !strings.Contains(string(said), "has moved to PostgreSQL") {
			t.Errorf("facet %s: %v %s", args[0], err, said)
		}
	}
}
