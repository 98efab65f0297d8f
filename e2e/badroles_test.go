package e2e_test

import "strings"

// roleRoutes are the rows of role types, roles and accessibles. xia has a role
// type "walk" of her own.
func roleRoutes() map[string]badRoute {
	const (
		roles  = "/api/profile/{profile}/roles"
		xia    = "/api/profile/xia/roles"
		nobody = "/api/profile/nobody/roles"

		accessibles = "/api/users/{user}/accessibles"
		mine        = "/api/users/xia/accessibles"
		nobodys     = "/api/users/nobody/accessibles"

		title = `{"title":"Walk"}`
	)
	terms := map[string][]any{
		"title":               append([]any{"", "  ", strings.Repeat("t", 21)}, noText...),
		"skip_optin_on_grant": noTruth, "implicit_create_on_none": noTruth, "otp_required": noTruth,
	}
	made := with(map[string][]any{
		"skip_optin_on_grant": noTruth, "implicit_create_on_none": noTruth, "otp_required": noTruth,
	}, "title", append([]any{"!", "  ", strings.Repeat("t", 21)}, noText...)...)
	whom := map[string][]any{
		"slug": append([]any{"", strings.Repeat("s", 151)}, noText...), "email": {true, []any{"a"}, map[string]any{"a": "b"}, "nobody", "a@b@c"},
		"message": {true, []any{}, strings.Repeat("m", 256)},
	}
	read := func(path string, unknown ...string) badRoute {
		return badRoute{path: path, ignores: true, unknown: unknown}
	}
	return map[string]badRoute{
		"GET " + roles + "/describe":           read(xia+"/describe", nobody+"/describe"),
		"POST " + roles + "/describe":          {path: xia + "/describe", body: title, wrong: made, unknown: []string{nobody + "/describe"}},
		"GET " + roles + "/describe/{role}":    read(xia+"/describe/walk", nobody+"/describe/walk"),
		"PUT " + roles + "/describe/{role}":    {path: xia + "/describe/walk", body: title, wrong: terms, unknown: []string{nobody + "/describe/walk"}},
		"PATCH " + roles + "/describe/{role}":  {path: xia + "/describe/walk", body: title, wrong: terms, empty: 200, unknown: []string{nobody + "/describe/walk"}},
		"DELETE " + roles + "/describe/{role}": read(xia+"/describe/walk", nobody+"/describe/walk"),
		"GET " + roles:                         read(xia, nobody),
		"GET " + roles + "/{role}":             read(xia+"/manager", nobody+"/manager"),
		"POST " + roles + "/{role}":            {path: xia + "/manager", body: `{"slug":"alice"}`, wrong: whom, unknown: []string{nobody + "/manager"}},
		"GET " + roles + "/{role}/{user}":      read(xia+"/manager/xia", nobody+"/manager/xia"),
		"PUT " + roles + "/{role}/{user}":      {path: xia + "/manager/xia", body: `{"extra":{"a":1}}`, empty: 200, unknown: []string{nobody + "/manager/xia"}},
		"POST " + roles + "/{role}/{user}":     read(xia+"/manager/xia", nobody+"/manager/xia"),
		"DELETE " + roles + "/{role}/{user}":   read(xia+"/manager/xia", nobody+"/manager/xia"),

		"GET " + accessibles:                          read(mine, nobodys, "/api/users/cowork/accessibles"),
		"POST " + accessibles:                         {path: mine, body: `{"slug":"cowork"}`, wrong: whom, unknown: []string{nobodys}},
		"GET " + accessibles + "/{role}":              read(mine+"/manager", nobodys+"/manager"),
		"POST " + accessibles + "/{role}":             {path: mine + "/manager", body: `{"slug":"cowork"}`, wrong: whom, unknown: []string{nobodys + "/manager"}},
		"GET " + accessibles + "/{role}/{profile}":    read(mine+"/manager/xia", nobodys+"/manager/xia"),
		"POST " + accessibles + "/{role}/{profile}":   read(mine+"/manager/xia", nobodys+"/manager/xia"),
		"DELETE " + accessibles + "/{role}/{profile}": read(mine+"/manager/xia", nobodys+"/manager/xia"),
		"PUT " + accessibles + "/accept/{key}":        read(mine+"/accept/"+unknownKey, nobodys+"/accept/"+unknownKey),
	}
}
