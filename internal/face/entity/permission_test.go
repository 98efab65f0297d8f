package entity_test

import (
	"net/http"
	"testing"

	"facet/internal/access"
	"facet/internal/face/entity"
	"facet/internal/facetest"
)

// permitted is the permission table of the API's pages, and what is decided
// where they are silent: who may call an operation. O owner, I access_issuer,
// D direct_access, R direct_read_access, L login_client, T a token that a client
// issued, for its own record.
var permitted = map[string]string{
	"/entity":                 "O.DR.T",
	"/entity.find":            "O.DR..",
	"/entity.count":           "O.....",
	"/entity.create":          "O.D...",
	"/entity.bulkCreate":      "O.D...",
	"/entity.update":          "O.D..T",
	"/entity.replace":         "O.D..T",
	"/entity.delete":          "O.D..T",
	"/entity.deleteAccess":    "O.D...",
	"/entity.adopt":           "O.D...",
	"/entity.attributeValues": "O.DR..",
	"/entity.bulkDelete":      "O.....",
	"/entity.purge":           "O.....",
	"/versions/entity":        "O.DR..",
	"/versions/entity.list":   "O.DR..",
	"/versions/entityType":    "O.....",

	"/entityType":                         "O.....",
	"/entityType.list":                    "O.....",
	"/entityType.create":                  "O.....",
	"/entityType.delete":                  "O.....",
	"/entityType.addAttribute":            "O.....",
	"/entityType.removeAttribute":         "O.....",
	"/entityType.renameAttribute":         "O.....",
	"/entityType.setAttributeConstraints": "O.....",
	"/entityType.setAttributeDescription": "O.....",
	"/entityType.rules":                   "O.....",
	"/entityType.addRule":                 "O.....",
	"/entityType.removeRule":              "O.....",
	"/entityType.properties":              "O.....",
	"/entityType.addProperty":             "O.....",
	"/entityType.removeProperty":          "O.....",
	"/entityType.setPasswordSettings":     "O.....",
	"/entityType.getAccessSchema":         "OIDRL.",
	"/entityType.setAccessSchema":         "O.....",
	"/entityType.deleteAccessSchema":      "O.....",

	"/clients/add":             "O.....",
	"/clients/list":            "O.....",
	"/clients/delete":          "O.....",
	"/clients/reset_secret":    "O.....",
	"/clients/set_description": "O.....",
	"/clients/set_features":    "O.....",
	"/clients/set_whitelist":   "O.....",
	"/clients/clear_whitelist": "O.....",

	"/settings/get":               "OIDRL.",
	"/settings/get_multi":         "OIDRL.",
	"/settings/get_default":       "OIDRL.",
	"/settings/get_all":           "OIDRL.",
	"/settings/items":             "OIDRL.",
	"/settings/client_items":      "OIDRL.",
	"/settings/default_items":     "OIDRL.",
	"/settings/keys":              "OIDRL.",
	"/settings/client_keys":       "OIDRL.",
	"/settings/default_keys":      "OIDRL.",
	"/settings/set":               "O.....",
	"/settings/set_multi":         "O.....",
	"/settings/set_default":       "O.....",
	"/settings/set_default_multi": "O.....",
	"/settings/delete":            "O.....",
	"/settings/delete_default":    "O.....",

	"/access/getAccessToken":       "OID...",
	"/access/getAuthorizationCode": "OID...",
	"/access/getCreationToken":     "OI....",
	"/access/getVerificationCode":  "OID...",
}

// open lists the operations that prove their caller in a way of their own.
var open = []string{"/access/useVerificationCode", "/oauth/token"}

// TestThePermissionTableCellByCell calls every operation as every caller.
// Arguments are missing, or guard against what the record is not, so that
// nothing happens to those who may.
func TestThePermissionTableCellByCell(t *testing.T) {
	s := start(t)
	uuid := s.create(t, person)
	direct := s.newClient(t, access.DirectAccess)
	callers := map[byte]string{
		'O': printedAuth,
		'I': s.newClient(t, access.AccessIssuer).auth,
		'D': direct.auth,
		'R': s.newClient(t, access.DirectReadAccess).auth,
		'L': s.newClient(t, access.LoginClient).auth,
		'T': s.issued(t, direct, uuid),
	}
	nobody := map[string]string{ // who may call nothing at all
		"a client with the feature metadata alone":     s.newClient(t, access.Metadata).auth,
		"a client with the feature image_create alone": s.newClient(t, access.ImageCreate).auth,
	}
	both := s.newClient(t, access.DirectReadAccess, access.AccessIssuer, access.Metadata).auth
	signedIn := "OAuth " + s.xia(t)
	arguments := form("created", "2001-01-01", "hours_to_live", "never")
	for _, route := range entity.New().Routes() {
		if isOpen(route.Pattern) {
			continue
		}
		row, ok := permitted[route.Pattern]
		if !ok {
			t.Errorf("%s has no row", route.Pattern)
			continue
		}
		code := func(auth string) string {
			c := facetest.Call{Method: route.Method, Path: route.Pattern, Header: map[string]string{}}
			if route.Method == http.MethodGet {
				c.Path += "?" + arguments
			} else {
				c.Type, c.Body = formType, arguments
			}
			if auth != "" {
				c.Header["Authorization"] = auth
			}
			a := s.Do(t, c).Want(http.StatusOK)
			v, _ := a.At("code")
			if n, ok := v.(interface{ String() string }); ok {
				return n.String()
			}
			return ""
		}
		name := route.Method + " " + route.Pattern
		for i, who := range []byte("OIDRLT") {
			got := code(callers[who])
			if may := row[i] == who; may == (got == "403") || got == "205" || got == "402" || got == "414" {
				t.Errorf("%s as %c: code %q, table %q", name, who, got, row)
			}
		}
		for who, auth := range nobody {
			if got := code(auth); got != "403" {
				t.Errorf("%s as %s: %q", name, who, got)
			}
		}
		if got, may := code(both), row[1] == 'I' || row[3] == 'R'; may == (got == "403") {
			t.Errorf("%s with the features of both: %q", name, got)
		}
		if got := code(signedIn); (route.Pattern == "/entity") == (got == "403") && row[5] != 'T' {
			t.Errorf("%s with the token of a sign-in elsewhere: %q", name, got)
		}
		if got := code(""); got != "205" {
			t.Errorf("%s without a caller: %q", name, got)
		}
		if got := code("Basic eDp5"); got != "402" {
			t.Errorf("%s as an unknown client: %q", name, got)
		}
	}
	for pattern := range permitted {
		if !hasRoute(pattern) {
			t.Errorf("%s is no route", pattern)
		}
	}
}

func isOpen(pattern string) bool {
	for _, p := range open {
		if p == pattern {
			return true
		}
	}
	return false
}

func hasRoute(pattern string) bool {
	for _, r := range entity.New().Routes() {
		if r.Pattern == pattern {
			return true
		}
	}
	return false
}
