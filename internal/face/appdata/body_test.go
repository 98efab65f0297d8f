package appdata

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"facet/internal/profile"
)

// wantRefusal fails the test unless an error is one that a client may see.
func wantRefusal(t *testing.T, err error) {
	t.Helper()
	if e := profile.AsError(err); err != nil && (e.Kind == profile.Internal || e.Message == "") {
		t.Errorf("error %#v", err)
	}
}

func FuzzDocuments(f *testing.F) {
	for _, seed := range []string{
		`{"profiles":[{"app_id":1,"profile_data":{"a":1.10},"user_id":"72c9c71b-98dc-4606-826f-bb2784d68446"}]}`,
		`{"profiles":[{"app_id":0,"profile_data":{"additionalProp1":{}},"user_id":"string"}]}`,
		`{"profiles":[7,{"app_id":1,"app_id":2,"x":[]}],"profiles":null}`, `{"profiles":[{"profile_data":{"\u0000":"\ud800","a":1,"a":2}}`, "\xff{", ``,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		in := newBody(strings.NewReader(text))
		b := &bulk{body: in}
		err := b.read()
		wantRefusal(t, err)
		wantRefusal(t, in.err())
		if err == nil && !json.Valid([]byte(text)) {
			t.Errorf("it is no JSON, and was read")
		}
		again := newBody(iotest.OneByteReader(strings.NewReader(text)))
		same := &bulk{body: again}
		sameErr := same.read()
		docs := b.documents
		if len(same.documents) != len(docs) || len(again.items) != len(in.items) || (err == nil) != (sameErr == nil) {
			t.Errorf("in pieces: %v %v %v, at once: %v %v %v", same.documents, again.items, sameErr, docs, in.items, err)
		}
		for _, d := range docs {
			if !d.Broken && (d.Place.App < 1 || d.Place.User.IsZero()) {
				t.Errorf("document %+v", d)
			}
		}
	})
}

func FuzzRegistration(f *testing.F) {
	for _, seed := range []string{
		`{"user_info":{"username":"a","email":"b","first_name":"c","last_name":"d"},"password":"e","password_hash":"f","hash_algorithm":"g"}`,
		`{"user_info":{"user_info":{}},"password":null}`, `{"user_info":[],"user_info":{}}`, `{"password":"\u0000"}`, `null`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		in := newBody(strings.NewReader(text))
		reg, err := in.registration()
		wantRefusal(t, err)
		if err == nil && (reg.account.Email == "" || (reg.account.Password == "") == (reg.hash == "")) {
			t.Errorf("registration %+v", reg)
		}
		in = newBody(strings.NewReader(text))
		who, err := in.credentials(false)
		wantRefusal(t, err)
		if err == nil && (who.Login == "" || who.Password == "") {
			t.Errorf("credentials %+v", who)
		}
	})
}

func TestAppIDIsAnIntegerOfOneOrMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64().Draw(t, "n")
		text, err := json.Marshal(n)
		if err != nil {
			t.Fatal(err)
		}
		if id, ok := appID(string(text)); ok != (n > 0) || ok && id != n {
			t.Errorf("%d is read as %d, %v", n, id, ok)
		}
		for _, other := range []string{"0" + string(text), "+" + string(text), string(text) + ".0", string(text) + " ", `"` + string(text) + `"`, string(text) + "e0"} {
			if id, ok := appID(other); ok {
				t.Errorf("%q is read as %d", other, id)
			}
		}
	})
}
