package cloudillo_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"facet/internal/facetest"
)

// The rules by which the published TypeScript client reads answers: what is
// unknown is dropped, what is optional is absent and never null, nothing is
// turned into another type. One answer that breaks them fails the client's call.

// rule says what is wrong with a value, "" for nothing.
type rule func(v any) string

func text(v any) string {
	if _, ok := v.(string); !ok {
		return "is no text"
	}
	return ""
}

func number(v any) string {
	if _, ok := v.(json.Number); !ok {
		return "is no number"
	}
	return ""
}

func truth(v any) string {
	if _, ok := v.(bool); !ok {
		return "is not true or false"
	}
	return ""
}

func nothing(v any) string {
	if v != nil {
		return "is not null"
	}
	return ""
}

func word(words ...string) rule {
	return func(v any) string {
		if s, ok := v.(string); !ok || !slices.Contains(words, s) {
			return fmt.Sprintf("is none of %q", words)
		}
		return ""
	}
}

// either holds for what one of several rules holds for.
func either(rules ...rule) rule {
	return func(v any) string {
		var wrong []string
		for _, r := range rules {
			said := r(v)
			if said == "" {
				return ""
			}
			wrong = append(wrong, said)
		}
		return strings.Join(wrong, ", and ")
	}
}

func list(of rule) rule {
	return func(v any) string {
		all, ok := v.([]any)
		if !ok {
			return "is no array"
		}
		for i, one := range all {
			if wrong := of(one); wrong != "" {
				return fmt.Sprintf("%d: %s", i, wrong)
			}
		}
		return ""
	}
}

func recordOf(of rule) rule {
	return func(v any) string {
		all, ok := v.(map[string]any)
		if !ok {
			return "is no object"
		}
		for key, one := range all {
			if wrong := of(one); wrong != "" {
				return key + ": " + wrong
			}
		}
		return ""
	}
}

// object has members; the name of an optional one ends in "?".
func object(members map[string]rule) rule {
	return func(v any) string {
		in, ok := v.(map[string]any)
		if !ok {
			return "is no object"
		}
		for name, of := range members {
			name, optional := strings.CutSuffix(name, "?")
			one, there := in[name]
			if !there && optional {
				continue
			}
			if !there {
				return name + " is missing"
			}
			if wrong := of(one); wrong != "" {
				return name + ": " + wrong
			}
		}
		return ""
	}
}

// with is an object with more members.
func with(members map[string]rule, more map[string]rule) map[string]rule {
	all := maps.Clone(members)
	maps.Copy(all, more)
	return all
}

var (
	kind   = word("person", "community")
	byName = map[string]rule{"idTag": text, "name?": text, "type?": kind, "profilePic?": text}

	clientProfile = object(with(byName, map[string]rule{
		"status?": word("A", "B", "M", "S"), "connected?": either(truth, word("R")), "following?": truth, "follower?": truth,
		"trust?": word("always", "never"), "roles?": list(text), "feedReadAt?": either(text, number), "msgReadAt?": either(text, number),
		"hiddenInHome?": truth, "x?": recordOf(text),
	}))
	clientSelf = object(with(byName, map[string]rule{
		"coverPic?": text, "keys": list(object(map[string]rule{"keyId": text, "publicKey": text})), "x?": recordOf(text),
	}))
	clientNested = object(map[string]rule{"profile": clientProfile})
	clientLogin  = object(map[string]rule{
		"tnId": number, "idTag": text, "roles?": list(text), "token": text, "name": text, "profilePic": text, "swEncryptionKey?": text,
	})
	clientFault  = word("", "invalid", "used", "nodns", "address")
	clientVerify = object(map[string]rule{
		"address": list(text), "identityProviders": list(text), "idTagError?": clientFault, "appDomainError?": clientFault,
		"apiAddress?": text, "apiAddressType?": text, "appAddress?": text, "appAddressType?": text,
	})
	clientEnrolment = object(map[string]rule{
		"status": word("pending", "active", "suspended"), "expiresAt?": text, "providerName?": text, "email?": text, "onboarding?": either(text, nothing),
	})
	keyMembers   = map[string]rule{"keyId": number, "keyPrefix": text, "name?": text, "scopes?": text, "expiresAt?": number, "lastUsedAt?": number, "createdAt": number}
	clientKey    = object(keyMembers)
	clientCursor = object(map[string]rule{"nextCursor": either(text, nothing), "hasMore": truth})
	clientFile   = object(map[string]rule{
		"fileId": text, "status": word("P", "A"), "preset?": text, "contentType": text, "fileName": text, "fileTp?": text, "createdAt": text, "tags?": list(text),
		"x?": object(map[string]rule{"dim?": list(number)}),
	})
	clientRef = object(map[string]rule{"refId": text, "type": text, "createdAt": text, "count?": number, "description?": text, "expiresAt?": either(text, number)})
)

// clientRules are those of the client's methods, by the call they make.
var clientRules = []struct {
	method, path string
	rule         rule
}{
	{"POST", "/api/profiles/verify", clientVerify},
	{"POST", "/api/profiles/register", object(nil)},
	{"GET", "/api/profiles/me/idp-status", clientEnrolment},
	{"POST", "/api/profiles/me/resend-activation", object(map[string]rule{"expiresAt": text})},
	{"GET", "/api/me(/full)?", clientSelf},
	{"GET", "/api/me/app-domain", object(map[string]rule{"appDomain": text})},
	{"PATCH", "/api/me", clientNested},
	{"GET", "/api/profiles", list(clientProfile)},
	{"GET", "/api/profiles/batch", list(clientProfile)},
	{"GET", "/api/profiles/[^/]*", either(clientProfile, nothing)},
	{"POST", "/api/profiles/[^/]*/refresh", object(byName)},
	{"PATCH", "/api/profiles/[^/]*", object(nil)},
	{"PATCH", "/api/admin/profiles/[^/]*", clientNested},
	{"PUT", "/api/profiles/[^/]*", object(map[string]rule{
		"idTag": text, "name": text, "type": word("community"), "createdAt": text, "onboarding?": either(text, nothing),
	})},
	{"POST", "/api/auth/login", clientLogin},
	{"POST", "/api/auth/set-password", clientLogin},
	{"GET", "/api/auth/login-token", either(clientLogin, nothing)},
	{"POST", "/api/auth/(logout|password)", nothing},
	{"POST", "/api/auth/forgot-password", object(map[string]rule{"message": text})},
	{"GET", "/api/auth/access-token", object(map[string]rule{
		"token": text, "resourceId?": text, "accessLevel?": word("read", "comment", "write"), "scope?": text, "expiresAt?": number,
	})},
	{"POST", "/api/refs", clientRef},
	{"GET", "/api/refs", list(clientRef)},
	{"GET", "/api/refs/[^/]*", object(map[string]rule{"refId": text, "type?": text, "createdAt?": text, "count?": number})},
	{"PATCH", "/api/refs/[^/]*", clientRef},
	{"DELETE", "/api/refs/[^/]*", either(object(map[string]rule{"refId": text}), nothing)},
	{"GET", "/api/files/[^/]*/metadata", clientFile},
	{"GET", "/api/files/[^/]*/descriptor", object(map[string]rule{"file": clientFile})},
	{"GET", "/api/refs/[^/]*/idp-status", clientEnrolment},
	{"POST", "/api/onboarding/complete", nothing},
	{"POST", "/api/idp/activate", object(map[string]rule{"idTag": text, "status": text})},
	{"GET", "/api/idp/info", object(map[string]rule{"domain": text, "name": text, "info": text, "url?": text})},
	{"GET", "/api/auth/proxy-token", object(map[string]rule{"token": text, "roles?": list(text)})},
	{"POST", "/api/auth/login-init", either(
		object(map[string]rule{"status": word("authenticated"), "login": clientLogin}),
		object(map[string]rule{"status": word("unauthenticated"), "qrLogin": object(map[string]rule{"sessionId": text, "secret": text}), "webAuthn": nothing}),
	)},
	{"GET", "/api/auth/api-keys", list(clientKey)},
	{"POST", "/api/auth/api-keys", object(with(keyMembers, map[string]rule{"plaintextKey": text}))},
	{"GET", "/api/auth/api-keys/[^/]*", clientKey},
	{"PATCH", "/api/auth/api-keys/[^/]*", clientKey},
	{"DELETE", "/api/auth/api-keys/[^/]*", nothing},
	{"POST", "/api/admin/invite-community", object(map[string]rule{"refId": text, "inviteUrl": text, "targetIdTag": text, "expiresAt?": number})},
}

// clientRuleOf finds the rule of a call.
func clientRuleOf(method, path string) rule {
	for _, c := range clientRules {
		if c.method == method && regexp.MustCompile("^"+c.path+"$").MatchString(path) {
			return c.rule
		}
	}
	return nil
}

// readByClient fails the test when the published client could not read an
// answer. It reads what is in `data`, or the body where that is not there, and
// nothing of an empty one.
func readByClient(t testing.TB, c facetest.Call, a facetest.Answer) {
	t.Helper()
	path, _, _ := strings.Cut(c.Path, "?")
	check := clientRuleOf(c.Method, path)
	if check == nil || a.Status < 200 || a.Status > 299 || len(a.Body) == 0 {
		return
	}
	data, there := a.At("data")
	if !there {
		data, _ = a.At("")
	}
	if page, ok := a.At("cursorPagination"); ok && clientCursor(page) != "" {
		t.Errorf("the published client cannot follow %s: %s\n%s", path, clientCursor(page), a.Body)
	}
	if wrong := check(data); wrong != "" {
		t.Errorf("the published client cannot read %s %s: %s\n%s", c.Method, path, wrong, a.Body)
	}
}

// The client was run against such bodies: what it read, and what it could not.
func TestTheRulesOfThePublishedClientAreTheseMeasured(t *testing.T) {
	for _, c := range []struct {
		method, path, body string
		ok                 bool
	}{
		{"POST", "/api/profiles/verify", `{"available":true,"idTag":"a"}`, false},
		{"POST", "/api/profiles/verify", `{"available":true,"idTag":"a","address":[],"identityProviders":[],"idTagError":""}`, true},
		{"POST", "/api/profiles/register", `{"tnId":1,"idTag":"a","name":"A","token":"t"}`, true},
		{"PATCH", "/api/me", `{"idTag":"a","name":"A"}`, false},
		{"PATCH", "/api/me", `{"profile":{"idTag":"a","name":"A"}}`, true},
		{"PATCH", "/api/admin/profiles/a", `{"idTag":"a","status":"active","roles":["user"]}`, false},
		{"PATCH", "/api/admin/profiles/a", `{"status":"active","profile":{"idTag":"a","status":"A"}}`, true},
		{"PATCH", "/api/profiles/a", `{"idTag":"a","relationship":"follow","updatedAt":1}`, true},
		{"PATCH", "/api/profiles/a", `null`, false},
		{"POST", "/api/auth/password", `{"success":true}`, false},
		{"POST", "/api/auth/password", `null`, true},
		{"POST", "/api/auth/login", `{"tnId":1,"idTag":"a","token":"t","name":"A"}`, false},
		{"POST", "/api/auth/login", `{"tnId":"1","idTag":"a","token":"t","name":"A","profilePic":""}`, false},
		{"GET", "/api/me", `{"tnId":1,"idTag":"a","name":"A"}`, false},
		{"GET", "/api/me", `{"idTag":"a","keys":[],"profilePic":null}`, false},
		{"GET", "/api/me", `{"idTag":"a","keys":[],"x":{"a":1}}`, false},
		{"GET", "/api/me", `{"idTag":"a","keys":[],"type":"org"}`, false},
		{"GET", "/api/profiles/a", `{"idTag":"a","status":"active"}`, false},
		{"GET", "/api/profiles/a", `{"idTag":"a","status":"X"}`, false},
		{"GET", "/api/profiles/a", `{"idTag":"a","connected":"connected"}`, false},
		{"GET", "/api/profiles/a", `{"idTag":"a","connected":"R"}`, true},
		{"GET", "/api/profiles/a", `null`, true},
		{"GET", "/api/profiles/a", `{}`, false},
		{"GET", "/api/profiles", `{"profiles":[]}`, false},
		{"GET", "/api/profiles", `[{"idTag":"a","trust":null}]`, false},
		{"PUT", "/api/profiles/a", `{"idTag":"a","name":"A","type":"community","createdAt":1}`, false},
		{"POST", "/api/refs", `{"refId":"a","type":"register","createdAt":"2025-01-01T12:00:00Z","count":null}`, false},
		{"POST", "/api/auth/forgot-password", `{"sent":true}`, false},
		{"GET", "/api/auth/login-token", `{"token":"t","expiresAt":1}`, false},
		{"GET", "/api/files/f1~a/descriptor", `"d2,vis.tn:b1~a:f=webp:s=1:r=1x1"`, false},
	} {
		a := facetest.AnswerOf(t, c.method, 200, []byte(c.body))
		v, _ := a.At("")
		if wrong := clientRuleOf(c.method, c.path)(v); (wrong == "") != c.ok {
			t.Errorf("%s %s %s: %q", c.method, c.path, c.body, wrong)
		}
	}
}
