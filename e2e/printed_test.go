package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"facet/internal/facetest"
)

// printedCall is a request as a document prints it, in testdata/printed, and
// the answer that is printed for it.
type printedCall struct {
	name     string
	file     string
	edit     *strings.Replacer // nil: sent as printed
	statuses string            // of each curl in the file, in order
	answer   string            // as printed
	same     map[string]any    // what the answer takes from the request
}

// The answers are those of the guide's API reference ("Creates a connected
// profile" and so on) and of the page of entity.create.
var printedCalls = []printedCall{
	{
		name: "Registers a user", file: "register.sh", statuses: "201",
		answer: `{"token":"<JWT>"}`,
	},
	{
		name: "Creates a connected profile", file: "connected-profile.sh", statuses: "201 201",
		answer: `{"slug":"myproject","printable_name":"My Project","picture":null,"type":"organization","credentials":false,
			"created_at":"2023-01-01T00:00:00Z","full_name":"My Project","email":"xia@localhost.localdomain","phone":"",
			"street_address":"","locality":"","region":"","postal_code":"","country":"","default_timezone":"UTC",
			"no_implicit_role":false,"is_provider":false,"is_bulk_buyer":false,"extra":null}`,
		same: map[string]any{
			"slug": "myproject", "full_name": "My Project", "printable_name": "My Project", "type": "organization",
			"credentials": false, "email": "xia@localhost.localdomain", "is_provider": false,
		},
	},
	{
		name: "Grants a subscription", file: "grant-subscription.sh", statuses: "201 201",
		answer: `{"created_at":"2016-01-14T23:16:55Z","ends_at":"2017-01-14T23:16:55Z","description":null,
			"profile":{"slug":"xia","printable_name":"Xia Lee"},
			"plan":{"slug":"open-space","title":"Open Space","description":"open space desk","is_active":true,
				"setup_amount":0,"period_amount":17999,"period_type":"monthly"},
			"auto_renew":true}`,
		same: map[string]any{
			"description": nil, "profile.slug": "xia", "profile.printable_name": "Xia Lee",
			"plan.slug": "premium", "plan.is_active": true, "plan.period_type": "monthly", "auto_renew": true,
		},
	},
	{
		name: "Creates a shadow profile", file: "shadow-profile.sh", statuses: "201 201",
		answer: `{"slug":"xia","email":"xia@locahost.localdomain","full_name":"Xia Lee","printable_name":"Xia Lee",
			"type":"personal","credentials":true,"default_timezone":"America/Los_Angeles","phone":"","street_address":"",
			"locality":"","region":"","postal_code":"","country":"US","is_bulk_buyer":false,"extra":null}`,
		same: map[string]any{
			"slug": "joey-black", "email": "xia@locahost.localdomain", "full_name": "Joey Black",
			"printable_name": "Joey Black", "type": "organization", "credentials": false,
		},
	},
	{
		name: "Create a user account", file: "entity-create.sh", statuses: "200",
		answer: `{"id":11649,"uuid":"02b0c68d-7d7a-49d8-a88d-022585b0f877","stat":"ok"}`,
		same:   map[string]any{"stat": "ok"},
	},
	{
		name: "Example error response", file: "entity-create.sh", edit: strings.NewReplacer(`}]}'`, `}]'`), statuses: "200",
		answer: `{"argument_name":"attributes","request_id":"geup8cd3gvcvjjnc","code":200,
			"error_description":"attributes was not valid for the following reason: the JSON is not syntactically valid",
			"error":"invalid_argument","stat":"error"}`,
		same: map[string]any{
			"argument_name": "attributes", "code": 200, "error": "invalid_argument", "stat": "error",
			"error_description": "attributes was not valid for the following reason: the JSON is not syntactically valid",
		},
	},
}

// differences are all ways in which our answers are not as printed, and why:
// "+" is a member that is not printed, "-" one that is missing, "~" one of
// another JSON type.
var differences = []struct{ call, paths, why string }{
	{
		"Grants a subscription",
		"+extra +grant_key +request_key",
		"the example leaves out what every subscription of the API reference has; grant_key tells that the subscriber has yet to accept",
	},
	{
		"Grants a subscription",
		"+profile.picture +profile.type +profile.credentials +profile.created_at +profile.full_name +profile.email +profile.phone " +
			"+profile.street_address +profile.locality +profile.region +profile.postal_code +profile.country +profile.default_timezone " +
			"+profile.no_implicit_role +profile.is_provider +profile.is_bulk_buyer +profile.extra",
		"the example shortens the subscriber, whom the live system shows in full to the provider",
	},
	{
		"Grants a subscription",
		"+plan.advance_discounts +plan.use_charges +plan.unit +plan.profile +plan.extra +plan.period_length +plan.renewal_type " +
			"+plan.is_not_priced +plan.unlock_event +plan.created_at +plan.skip_optin_on_grant +plan.optin_on_request +plan.discounted_period_amount +plan.is_cart_item",
		"the example shortens the plan, which the live system shows in full",
	},
	{
		"Creates a shadow profile",
		"+picture +created_at +no_implicit_role +is_provider",
		"the example leaves out what every profile of the API reference has",
	},

	// Cloudillo
	{
		"Verify Profile",
		"+data.address +data.idTagError +data.appDomainError +data.identityProviders +reqId",
		"the published client reads the reasons and the domains on offer; every answer has a reqId, as those printed further down",
	},
	{
		"Register User",
		"+data.roles +data.profilePic +data.settings +reqId",
		"the published client takes the answer to registering for that to signing in, which has them",
	},
	{"Create Community", "+data.profilePic +reqId", "the picture that the request names"},
	{"Get Own Profile", "+data.type +data.keys +time +reqId", "the published client wants type and keys; this one example leaves out time"},
	{
		"Upload Profile Image",
		"~time +fileId +type",
		"times are printed as ISO and as seconds, we answer ISO; the published client reads fileId and type beside data",
	},
	{"Upload Profile Image, a PNG", "~time +fileId +type", "as for a JPEG"},
	{"Upload Cover Image", "~time +fileId +type", "as for the profile picture"},
	{"Upload Cover Image, a PNG", "~time +fileId +type", "as for the profile picture"},
	{
		"Update Relationship",
		"~time ~data.updatedAt +data.status +data.connected +data.connection +data.following +data.follower",
		"ISO times; and the relationship that there is now, which the published client shows",
	},
	{
		"Admin: Update Profile",
		"~time +data.type +data.profile",
		"ISO times; the published client reads the nested profile",
	},

	// Amino
	{
		"List of profiles",
		"+meta +data[].meta +data[].relationships ~data[].attributes.age_limit",
		"JSON:API names the account in a relationship, and meta tells how many profiles there may be, and of each its version; the default profile of the demo has no age limit, which is null",
	},
	{"Create a profile", "+data[].meta +data[].relationships", "JSON:API names the account in a relationship, and meta tells the version"},
	{"Create a child profile", "+data[].meta +data[].relationships", "JSON:API names the account in a relationship, and meta tells the version"},
}

// knownDifferences lists those of a call.
func knownDifferences(call string) []string {
	var out []string
	for _, d := range differences {
		if d.call == call {
			out = append(out, strings.Fields(d.paths)...)
		}
	}
	slices.Sort(out)
	return out
}

func TestPrintedCallsAnswerAsPrinted(t *testing.T) {
	t.Parallel()
	for _, p := range printedCalls {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			answer := sendPrinted(t, demo(t), p)
			answer.Is(p.same)
			asPrinted(t, p.name, p.answer, answer)
		})
	}
}

// asPrinted fails the test unless an answer has the members and JSON types of
// the printed one, but for the known differences of the call.
func asPrinted(t *testing.T, call, printed string, answer facetest.Answer) {
	t.Helper()
	var want any
	if err := json.Unmarshal([]byte(printed), &want); err != nil {
		t.Fatal(err)
	}
	got, _ := answer.At("")
	found, known := shapeDifferences("", want, got), knownDifferences(call)
	slices.Sort(found)
	if !slices.Equal(found, known) {
		t.Errorf("the answer differs by\n%q, known are\n%q\n%s", found, known, answer.Body)
	}
}

// printedRequest is a request that a document prints without a command to send
// it: a method and a path, and the body under it; or JavaScript, sent as the
// request that it makes.
type printedRequest struct {
	name   string
	before func(t *testing.T, in *instance)               // what the example supposes
	user   string                                         // of the demo, signed in; "": nobody
	call   func(t *testing.T, in *instance) facetest.Call // nil: method, path and body
	method string
	path   string
	body   string // as printed
	status int
	answer string                                              // as printed; "" where none is
	same   map[string]any                                      // what the answer takes from the request
	after  func(t *testing.T, in *instance, a facetest.Answer) // what else is to be seen
}

// sendAll sends each on a fresh demo of its own.
func sendAll(t *testing.T, requests []printedRequest) {
	t.Parallel()
	for _, p := range requests {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			in := demo(t)
			if p.before != nil {
				p.before(t, in)
			}
			var c facetest.Call
			if p.call != nil {
				c = p.call(t, in)
			}
			if c.Method == "" {
				c.Method, c.Path = p.method, p.path
			}
			if c.Body == nil && p.body != "" {
				c.Body = p.body
			}
			if p.user != "" {
				c.Token = in.Login(t, p.user)
			}
			a := in.Do(t, c).Want(p.status)
			if p.same != nil {
				a.Is(p.same)
			}
			if p.answer != "" {
				asPrinted(t, p.name, p.answer, a)
			}
			if p.after != nil {
				p.after(t, in, a)
			}
		})
	}
}

// sendPrinted runs a printed request in a shell, with real curl and jq. Two
// things are done to the text: the host that the guide leaves out is put in
// front of its paths, or takes the place of the printed one; and the blank that
// is missing before a continuation is put there, without which two parameters
// run together.
func sendPrinted(t *testing.T, in *instance, p printedCall) facetest.Answer {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "printed", p.file))
	if err != nil {
		t.Fatal(err)
	}
	script := strings.NewReplacer(" /api/", " "+in.URL+"/api/", "https://my-app.janraincapture.com", in.URL, "type_name=user\\", "type_name=user \\").Replace(string(raw))
	if p.edit != nil {
		edited := p.edit.Replace(script)
		if edited == script {
			t.Fatal("the edit changes nothing")
		}
		script = edited
	}
	home := t.TempDir()
	settings := "silent\nshow-error\nnoproxy = \"*\"\nwrite-out = \"%{stderr}%{http_code}\\n\"\n"
	if err := os.WriteFile(filepath.Join(home, ".curlrc"), []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	shell := exec.Command("sh", "-c", script)
	shell.Env = append(os.Environ(), "HOME="+home, "CURL_HOME="+home)
	var out, said strings.Builder
	shell.Stdout, shell.Stderr = &out, &said
	if err := shell.Run(); err != nil {
		t.Fatalf("%v (`make deps` installs curl and jq)\n%s", err, said.String())
	}
	if got := strings.Join(strings.Fields(said.String()), " "); got != p.statuses {
		t.Fatalf("statuses %q, want %q\n%s", got, p.statuses, out.String())
	}
	return facetest.AnswerOf(t, p.name, 200, []byte(out.String()))
}

// shapeDifferences compares members and JSON types, not values.
func shapeDifferences(path string, printed, got any) []string {
	switch p := printed.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return []string{"~" + path}
		}
		var out []string
		for name, value := range p {
			if mine, ok := g[name]; ok {
				out = append(out, shapeDifferences(join(path, name), value, mine)...)
			} else {
				out = append(out, "-"+join(path, name))
			}
		}
		for name := range g {
			if _, ok := p[name]; !ok {
				out = append(out, "+"+join(path, name))
			}
		}
		return out
	case []any: // whose first element shows what all are like
		g, ok := got.([]any)
		if !ok {
			return []string{"~" + path}
		}
		var out []string
		for _, mine := range g {
			if len(p) == 0 {
				break
			}
			for _, d := range shapeDifferences(path+"[]", p[0], mine) {
				if !slices.Contains(out, d) {
					out = append(out, d)
				}
			}
		}
		return out
	case float64:
		if _, ok := got.(json.Number); ok {
			return nil
		}
	default:
		if reflect.TypeOf(printed) == reflect.TypeOf(got) {
			return nil
		}
	}
	return []string{fmt.Sprintf("~%s", path)}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func TestPrintedCallsReadBackThroughBothFaces(t *testing.T) {
	t.Parallel()
	in := demo(t)
	for _, p := range printedCalls {
		sendPrinted(t, in, p)
	}
	c, donny, xia := in.client(), in.Login(t, "donny"), in.Login(t, "xia")

	joe := in.Post(t, "", "/api/auth", map[string]any{"username": "joe1", "password": "yoyo"}).Want(http.StatusCreated).Text("token")
	in.Get(t, joe, "/api/users/joe1").Want(http.StatusOK).Is(map[string]any{
		"username": "joe1", "email": "joe+1@example.com", "full_name": "Joe Card1", "credentials": true,
	})
	in.Get(t, joe, "/api/users/joe1/profiles").Want(http.StatusOK).Is(map[string]any{"count": 1, "results.0.slug": "joe1", "results.0.type": "personal"})

	in.Get(t, xia, "/api/users/xia/profiles").Want(http.StatusOK).Is(map[string]any{"count": 2, "results.0.slug": "xia", "results.1.slug": "myproject"})
	in.Get(t, xia, "/api/profile/myproject").Want(http.StatusOK).Is(map[string]any{"full_name": "My Project", "subscriptions": []any{}})
	c.ok(t, "entity.find", "type_name", "organization", "filter", "displayName = 'My Project'").Is(map[string]any{
		"result_count": 1, "results.0.email": "xia@localhost.localdomain",
	})

	in.Get(t, xia, "/api/profile/xia/subscriptions").Want(http.StatusOK).Is(map[string]any{
		"count": 1, "results.0.plan.slug": "premium", "results.0.profile.slug": "xia", "results.0.auto_renew": true,
	})
	in.Get(t, donny, "/api/profile/joey-black").Want(http.StatusOK).Is(map[string]any{"email": "xia@locahost.localdomain"})
	in.Get(t, xia, "/api/profile/joey-black").Want(http.StatusForbidden)

	matt := c.ok(t, "entity", "type_name", "user", "key_attribute", "email", "key_value", `"parkerm@example.com"`).Is(map[string]any{
		"result.givenName": "Matt", "result.familyName": "Parker", "result.middleName": nil, "result.photos": []any{},
		"result.statuses.0.status": "active", "result.statuses.0.statusCreated": "2019-10-15 07:36:25 +0000",
	})
	in.Get(t, donny, "/api/profile/u-"+number(t, matt, "result.id")).Want(http.StatusOK).Is(map[string]any{"full_name": "Matt Parker"})
}

func TestASlugThatNobodyHasCannotBeSubscribed(t *testing.T) {
	t.Parallel()
	in := demo(t)
	donny := in.Login(t, "donny")
	in.Post(t, donny, "/api/profile/cowork/plans/premium/subscriptions", map[string]any{"organization": map[string]any{"slug": "nobody"}}).Want(http.StatusNotFound)
	in.Post(t, donny, "/api/profile/cowork/plans/nothing/subscriptions", map[string]any{"organization": map[string]any{"slug": "xia"}}).Want(http.StatusNotFound)
	in.Post(t, in.Login(t, "xia"), "/api/profile/cowork/plans/premium/subscriptions", map[string]any{"organization": map[string]any{"slug": "xia"}}).Want(http.StatusForbidden)
}

func TestATokenIsExchangedVerifiedAndEnded(t *testing.T) {
	t.Parallel()
	in := demo(t)
	token := in.Login(t, "xia")
	in.Post(t, token, "/api/auth/tokens/verify", map[string]any{"token": token}).Want(http.StatusOK).Is(map[string]any{"token": token})
	next := in.Post(t, token, "/api/auth/tokens", map[string]any{"token": token}).Want(http.StatusCreated).Text("token")
	other := in.Login(t, "xia")
	in.Post(t, other, "/api/auth/tokens/verify", map[string]any{"token": next}).Want(http.StatusOK)
	in.Post(t, in.Login(t, "alice"), "/api/auth/tokens", map[string]any{"token": other}).Want(http.StatusForbidden)
	in.Post(t, next, "/api/auth/logout", nil).Want(http.StatusOK)
	for _, ended := range []string{token, next} { // one session
		in.Get(t, ended, "/api/users/xia").Want(http.StatusForbidden)
		in.Post(t, other, "/api/auth/tokens/verify", map[string]any{"token": ended}).Want(http.StatusBadRequest)
	}
	in.Get(t, other, "/api/users/xia").Want(http.StatusOK)
	in.Delete(t, other, "/api/auth/tokens").Want(http.StatusNoContent)
	in.Get(t, other, "/api/users/xia").Want(http.StatusForbidden)
	in.Post(t, other, "/api/auth/logout", nil).Want(http.StatusOK) // nobody is no error
}

func TestEveryKindOfAccountRegisters(t *testing.T) {
	t.Parallel()
	in := demo(t)
	c := in.client()
	user := in.Post(t, "", "/api/auth/register", register("u1", "u1@example.com", "One User", "user")).Want(http.StatusCreated).Text("token")
	in.Get(t, user, "/api/users/u1/profiles").Want(http.StatusOK).Is(map[string]any{"count": 0})
	in.Get(t, user, "/api/profile/u1").Want(http.StatusForbidden)

	body := register("o1", "o1@example.com", "Org Owner", "organization")
	in.Post(t, "", "/api/auth/register", body).Want(http.StatusBadRequest) // organization_name has to be there
	body["organization_name"] = "Owned Ltd"
	owner := in.Post(t, "", "/api/auth/register", body).Want(http.StatusCreated).Text("token")
	in.Get(t, owner, "/api/users/o1/profiles").Want(http.StatusOK).Is(map[string]any{"count": 1, "results.0.slug": "owned-ltd", "results.0.full_name": "Owned Ltd"})
	in.Get(t, owner, "/api/profile/owned-ltd").Want(http.StatusOK).Is(map[string]any{"type": "organization"})
	c.ok(t, "entity.find", "type_name", "organization", "filter", "displayName = 'Owned Ltd'").Is(map[string]any{"result_count": 1})
	c.ok(t, "entity.find", "type_name", "user", "filter", "email = 'o1@example.com' or email = 'u1@example.com'").Is(map[string]any{"result_count": 2})
}
