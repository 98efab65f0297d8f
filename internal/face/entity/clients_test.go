package entity_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"facet/internal/access"
	"facet/internal/credential"
	"facet/internal/directory"
	"facet/internal/facetest"
)

var key32 = regexp.MustCompile(`^[a-z0-9]{32}$`)

// ids are the client ids of a clients/list.
func ids(a facetest.Answer) []string {
	var out []string
	for i := 0; ; i++ {
		id, ok := a.At(fmt.Sprintf("results.%d.client_id", i))
		if !ok {
			return out
		}
		out = append(out, id.(string))
	}
}

// TestClientsAddAndList are the cases E-33 and E-34.
func TestClientsAddAndList(t *testing.T) {
	s := startOwn(t)
	a := s.ok(t, "clients/add", "description", "Reader <&>", "features", `["direct_read_access","direct_read_access"]`)
	a.Is(map[string]any{"description": "Reader <&>", "features": []string{"direct_read_access"}, "whitelist": []string{"0.0.0.0/0"}})
	reader := directory.Client{ID: a.Text("client_id"), Secret: a.Text("client_secret")}
	if !key32.MatchString(reader.ID) || !key32.MatchString(reader.Secret) {
		t.Errorf("%s", a.Body)
	}
	wantOK(t, s.by(t, reader, "entity.find", "type_name", "user"))
	s.ok(t, "clients/add", "description", "none yet").Is(map[string]any{"features": []string{}})
	writer := s.ok(t, "clients/add", "description", "w", "features", `["direct_access","metadata"]`)

	all := s.ok(t, "clients/list")
	if got := ids(all); len(got) != 4 || got[0] != s.owner.ID || got[1] != reader.ID {
		t.Errorf("%s", all.Body)
	}
	all.Is(map[string]any{"results.0.client_secret": s.owner.Secret, "results.0.description": "application owner", "results.1.client_secret": reader.Secret,
		"results.1.features": []string{"direct_read_access"}, "results.1.whitelist": []string{"0.0.0.0/0"}})
	some := s.ok(t, "clients/list", "has_features", `["direct_access","image_create"]`)
	if got := ids(some); len(got) != 1 || got[0] != writer.Text("client_id") {
		t.Errorf("%s", some.Body)
	}
	if got := s.ok(t, "clients/list", "has_features", `[]`); string(got.Body) != `{"results":[],"stat":"ok"}` {
		t.Errorf("no client has one of no features: %s", got.Body)
	}
	wantOK(t, s.Do(t, facetest.Call{Method: "GET", Path: "/clients/list?client_id=" + s.owner.ID + "&client_secret=" + s.owner.Secret, Header: map[string]string{"Host": ownHost}}))
}

func TestClientsOperationsRefuseWhatIsWrong(t *testing.T) {
	s := startOwn(t)
	other := s.client(t, access.DirectAccess)
	for _, c := range []struct {
		op       string
		args     []string
		code     int
		argument string
	}{
		{"clients/add", []string{"features", `[]`}, 100, "description"},
		{"clients/add", []string{"description", "x", "features", `["king"]`}, 200, "features"},
		{"clients/add", []string{"description", "x", "features", `"owner"`}, 200, "features"},
		{"clients/add", []string{"description", "x", "features", `["login_client","direct_access"]`}, 200, "features"},
		{"clients/add", []string{"description", strings.Repeat("x", 1001)}, 200, "description"},
		{"clients/list", []string{"has_features", `["king"]`}, 200, "has_features"},
		{"clients/delete", nil, 100, "client_id_for_deletion"},
		{"clients/delete", []string{"client_id_for_deletion", "nobody"}, 200, "client_id_for_deletion"},
		{"clients/delete", []string{"client_id_for_deletion", s.owner.ID}, 360, ""},
		{"clients/reset_secret", nil, 100, "hours_to_live"},
		{"clients/reset_secret", []string{"for_client_id", "nobody", "hours_to_live", "0"}, 200, "for_client_id"},
		{"clients/reset_secret", []string{"for_client_id", other.ID, "hours_to_live", "169"}, 200, "hours_to_live"},
		{"clients/reset_secret", []string{"for_client_id", other.ID, "hours_to_live", "-1"}, 200, "hours_to_live"},
		{"clients/set_description", []string{"for_client_id", other.ID}, 100, "description"},
		{"clients/set_description", []string{"for_client_id", "nobody", "description", "x"}, 200, "for_client_id"},
		{"clients/set_features", []string{"for_client_id", other.ID}, 100, "features"},
		{"clients/set_features", []string{"features", `["direct_access"]`}, 200, "features"},
		{"clients/set_features", []string{"for_client_id", s.owner.ID, "features", `[]`}, 200, "features"},
		{"clients/set_features", []string{"for_client_id", other.ID, "features", `["login_client","owner"]`}, 200, "features"},
		{"clients/set_whitelist", []string{"for_client_id", other.ID}, 100, "whitelist"},
		{"clients/set_whitelist", []string{"for_client_id", other.ID, "whitelist", `[]`}, 200, "whitelist"},
		{"clients/set_whitelist", []string{"for_client_id", other.ID, "whitelist", `["10.0.0.0/33"]`}, 200, "whitelist"},
		{"clients/set_whitelist", []string{"for_client_id", other.ID, "whitelist", `["::ffff:10.0.0.0/104"]`}, 200, "whitelist"},
		{"clients/set_whitelist", []string{"whitelist", `["192.0.2.0/24"]`}, 200, "whitelist"},
	} {
		t.Run(c.op+" "+strings.Join(c.args, " "), func(t *testing.T) {
			a := s.call(t, c.op, c.args...)
			switch {
			case c.code == 360:
				wantError(t, a, 360, "constraint_violation")
			case c.code == 100:
				wantError(t, a, 100, "missing_argument", "argument_name", c.argument)
			default:
				wantError(t, a, 200, "invalid_argument", "argument_name", c.argument)
			}
		})
	}
	for _, op := range []string{"clients/add", "clients/list", "clients/delete", "clients/reset_secret", "clients/set_description", "clients/set_features", "clients/set_whitelist", "clients/clear_whitelist"} {
		wantError(t, s.by(t, other, op, "description", "x", "features", `["owner"]`, "whitelist", `["0.0.0.0/0"]`, "client_id_for_deletion", other.ID), 403, "client_permission_error")
	}
	s.ok(t, "clients/list").Is(map[string]any{"results.1.features": []string{"direct_access"}, "results.1.whitelist": []string{"0.0.0.0/0"}})
}

// TestASecretThatWasResetGoesOnForItsHours is the case E-35.
func TestASecretThatWasResetGoesOnForItsHours(t *testing.T) {
	s := startOwn(t)
	c := s.client(t, access.DirectReadAccess)
	works := func(secret string) bool {
		t.Helper()
		a := s.by(t, directory.Client{ID: c.ID, Secret: secret}, "entity.find", "type_name", "user")
		if a.Text("stat") == "ok" {
			return true
		}
		wantError(t, a, 402, "invalid_client_credentials")
		return false
	}
	signed := func(secret string) bool {
		t.Helper()
		date := s.Clock.Now().Format(time.DateTime)
		proof := credential.Sign(secret, "/entity.find", date, []credential.Param{{Key: "type_name", Value: "user"}})
		a := s.Do(t, facetest.Call{Method: "POST", Path: "/entity.find", Body: "type_name=user", Type: formType,
			Header: map[string]string{"Host": ownHost, "Date": date, "Authorization": "Signature " + c.ID + ":" + proof}})
		return a.Text("stat") == "ok"
	}
	reset := func(hours string) string {
		t.Helper()
		secret := s.ok(t, "clients/reset_secret", "for_client_id", c.ID, "hours_to_live", hours).Text("new_secret")
		if !key32.MatchString(secret) {
			t.Errorf("new secret %q", secret)
		}
		return secret
	}
	second := reset("24")
	third := reset("168")
	for name, secret := range map[string]string{"first": c.Secret, "second": second, "third": third} {
		if !works(secret) || !signed(secret) {
			t.Errorf("the %s secret does not work", name)
		}
	}
	s.Clock.Advance(24 * time.Hour)
	if works(c.Secret) || signed(c.Secret) || !works(second) || !works(third) {
		t.Error("after a day the first secret is over, and no other")
	}
	s.Clock.Advance(144 * time.Hour)
	if works(second) || !works(third) {
		t.Error("after a week the second secret is over")
	}
	fourth := reset("24")
	last := reset("0")
	if works(third) || works(fourth) || signed(third) || !works(last) {
		t.Error("with no hour every secret before is over at once")
	}
	s.ok(t, "clients/list").Is(map[string]any{"results.1.client_secret": last})

	// An owner resets its own, and of many that still work just the newest stay.
	first := s.owner
	s.owner.Secret = s.ok(t, "clients/reset_secret", "hours_to_live", "1").Text("new_secret")
	s.Clock.Advance(time.Second)
	for range 5 {
		s.owner.Secret = s.ok(t, "clients/reset_secret", "hours_to_live", "1").Text("new_secret")
		s.Clock.Advance(time.Second)
	}
	wantError(t, s.by(t, first, "entity.count", "type_name", "user"), 402, "invalid_client_credentials")
}

func TestClientsAreChangedAndDeletedAtOnce(t *testing.T) {
	s := startOwn(t)
	c := s.client(t, access.DirectAccess)
	s.ok(t, "clients/set_description", "for_client_id", c.ID, "description", "")
	s.ok(t, "clients/set_features", "for_client_id", c.ID, "features", `["direct_read_access"]`)
	wantError(t, s.by(t, c, "entity.create", "attributes", "{}"), 403, "client_permission_error")
	wantOK(t, s.by(t, c, "entity.find", "type_name", "user"))
	s.ok(t, "clients/list").Is(map[string]any{"results.1.description": "", "results.1.features": []string{"direct_read_access"}})
	for _, list := range []string{`["192.0.2.0/24","2001:db8::/32"]`, `["192.0.2.7"]`, `["::/0"]`} {
		s.ok(t, "clients/set_whitelist", "for_client_id", c.ID, "whitelist", list)
		wantError(t, s.by(t, c, "entity.find", "type_name", "user"), 403, "client_permission_error")
	}
	s.ok(t, "clients/set_whitelist", "for_client_id", c.ID, "whitelist", `["2001:db8::/32","127.0.0.1"]`)
	wantOK(t, s.by(t, c, "entity.find", "type_name", "user"))
	s.ok(t, "clients/set_whitelist", "for_client_id", c.ID, "whitelist", `["192.0.2.0/24"]`)
	s.ok(t, "clients/clear_whitelist", "for_client_id", c.ID)
	wantOK(t, s.by(t, c, "entity.find", "type_name", "user"))
	s.ok(t, "clients/list").Is(map[string]any{"results.1.whitelist": []string{"0.0.0.0/0"}})
	s.ok(t, "clients/set_whitelist", "whitelist", `["127.0.0.0/8","::1/128"]`)
	s.ok(t, "clients/clear_whitelist")
	s.ok(t, "settings/set", "for_client_id", c.ID, "key", "k", "value", "v")
	s.ok(t, "clients/delete", "client_id_for_deletion", c.ID)
	wantError(t, s.by(t, c, "entity.find", "type_name", "user"), 402, "invalid_client_credentials")
	wantError(t, s.call(t, "clients/delete", "client_id_for_deletion", c.ID), 200, "invalid_argument", "argument_name", "client_id_for_deletion")
	if got := ids(s.ok(t, "clients/list")); len(got) != 1 {
		t.Errorf("clients %v", got)
	}
}

func TestOneOwnerStays(t *testing.T) {
	s := startOwn(t)
	second, third := s.client(t, access.Owner), s.client(t, access.Owner)
	s.ok(t, "clients/set_features", "for_client_id", second.ID, "features", `["direct_access"]`)
	wantOK(t, s.by(t, third, "clients/delete", "client_id_for_deletion", s.owner.ID))
	wantError(t, s.by(t, third, "clients/delete", "client_id_for_deletion", third.ID), 360, "constraint_violation")

	// Two owners that delete each other, or themselves, at once: one stays.
	for range 5 {
		other := s.client(t, access.Owner)
		var wg sync.WaitGroup
		for _, c := range [][2]directory.Client{{third, other}, {other, third}, {other, other}, {third, third}} {
			wg.Go(func() { s.by(t, c[0], "clients/delete", "client_id_for_deletion", c[1].ID).Want(http.StatusOK) })
		}
		wg.Wait()
		left, err := s.site.Clients(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		owners := 0
		for _, c := range left {
			if c.Features[0] == access.Owner {
				owners++
			}
			if c.ID == other.ID {
				third = other
			}
		}
		if owners != 1 {
			t.Fatalf("%d owners are left", owners)
		}
	}
}

func TestAnotherProcessSeesAChangeOfAClientWithinASecond(t *testing.T) {
	s := startOwn(t)
	c := s.client(t, access.DirectReadAccess)
	wantOK(t, s.by(t, c, "entity.find", "type_name", "user")) // this process knows the client now
	other := directory.New(directory.Config{Store: s.Store, DataKey: s.Key(), Now: s.Clock.Now})
	site, err := other.SiteNamed(t.Context(), "own")
	if err != nil {
		t.Fatal(err)
	}
	owner, err := site.ClientBySecret(t.Context(), s.owner.ID, s.owner.Secret, s.here())
	if err != nil {
		t.Fatal(err)
	}
	if err := site.SetClientFeatures(t.Context(), owner, c.ID, []access.Feature{access.LoginClient}); err != nil {
		t.Fatal(err)
	}
	s.Clock.Advance(time.Second)
	wantError(t, s.by(t, c, "entity.find", "type_name", "user"), 403, "client_permission_error")
}
