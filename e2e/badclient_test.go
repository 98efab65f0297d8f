package e2e_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// entityClientRoutes are the operations on API clients, settings, tokens and
// codes. All bodies have a type_name, so that it can be given twice.
func entityClientRoutes(credentials string, ids map[string][]any) map[string]badRoute {
	const body = "type_name=user&"
	times := []any{"abc", "0", "-5", "1.5"}
	lists := []any{"{", "{}", `"owner"`, "[1]", `["king"]`, `["owner","login_client"]`, strings.Repeat("[", 100_000)}
	blocks := []any{"{", `[]`, `"10.0.0.0/8"`, `[1]`, `["10.0.0.0/33"]`, `["nowhere"]`, `["::ffff:10.0.0.0/104"]`, `["fe80::1%eth0/64"]`, `["192.0.2.0/24"]`}
	keys := []any{"", strings.Repeat("k", 256), "a\nb"}
	client := map[string][]any{"for_client_id": {"nobody", "$client", clientID + "x"}, "timeout": times}
	and := func(more map[string][]any) map[string][]any {
		all := maps.Clone(client)
		maps.Copy(all, more)
		return all
	}
	lives := []any{"abc", "0", "-1", "1.5", "2592001", "99999999999999999999"}
	issued := maps.Clone(ids)
	delete(issued, "created")
	delete(issued, "lastUpdated")
	issued["for_client_id"] = client["for_client_id"]
	coded, verified := maps.Clone(issued), maps.Clone(issued)
	coded["redirect_uri"] = []any{"", "no uri", "//x", "http://[", "x" + strings.Repeat("x", 2000)}
	coded["transaction_state"] = []any{"{", "x", `{"a":1,"a":2}`, `"` + strings.Repeat("s", 5000) + `"`, strings.Repeat("[", 100_000)}
	coded["lifetime"] = lives
	delete(verified, "for_client_id")
	verified["attribute_name"] = []any{"", "nothing", "email", "created", "statuses#99999/statusCreated", "#", "a..b", strings.Repeat("a/", 50_000)}
	verified["lifetime"] = lives

	rows := map[string]badRoute{
		"POST /clients/add": {path: "/clients/add", body: body + "description=Bad", wrong: and(map[string][]any{"for_client_id": nil, "features": lists, "description": {strings.Repeat("d", 1001)}})},
		"POST /clients/list": {path: "/clients/list", body: body, empty: http.StatusOK,
			wrong: map[string][]any{"has_features": lists[:5], "timeout": times}},
		"POST /clients/delete":          {path: "/clients/delete", body: body + "client_id_for_deletion=nobody", wrong: map[string][]any{"client_id_for_deletion": {"", clientID}}},
		"POST /clients/reset_secret":    {path: "/clients/reset_secret", body: body + "hours_to_live=1&for_client_id=nobody", wrong: and(map[string][]any{"hours_to_live": {"", "-1", "169", "1.5", "x"}})},
		"POST /clients/set_description": {path: "/clients/set_description", body: body + "description=Bad&for_client_id=nobody", wrong: and(map[string][]any{"description": {strings.Repeat("d", 1001)}})},
		"POST /clients/set_features":    {path: "/clients/set_features", body: body + `features=["direct_access"]`, wrong: and(map[string][]any{"features": append(lists, "", "[]")})},
		"POST /clients/set_whitelist":   {path: "/clients/set_whitelist", body: body + `whitelist=["192.0.2.0/24"]`, wrong: and(map[string][]any{"whitelist": append(blocks, "")})},
		"POST /clients/clear_whitelist": {path: "/clients/clear_whitelist", body: body + "for_client_id=nobody", empty: http.StatusOK, wrong: client},

		"POST /settings/get":                {path: "/settings/get", body: body + "key=a", wrong: and(map[string][]any{"key": {""}})},
		"POST /settings/get_default":        {path: "/settings/get_default", body: body + "key=a", wrong: map[string][]any{"key": {""}, "timeout": times}},
		"POST /settings/get_multi":          {path: "/settings/get_multi", body: body + `keys=["a"]`, wrong: and(map[string][]any{"keys": {"", "a", "{}", "[1]", strings.Repeat("[", 100_000)}})},
		"POST /access/getAccessToken":       {path: "/access/getAccessToken", body: credentials, wrong: issued},
		"POST /access/getAuthorizationCode": {path: "/access/getAuthorizationCode", body: credentials + "&redirect_uri=http://x", wrong: coded},
		"POST /access/getCreationToken": {path: "/access/getCreationToken", body: "type_name=user",
			wrong: and(map[string][]any{"type_name": {"", "nothing", "$user"}, "lifetime": lives})},
		"POST /access/getVerificationCode": {path: "/access/getVerificationCode", body: credentials + "&attribute_name=emailVerified", wrong: verified},
		"POST /access/useVerificationCode": {path: "/access/useVerificationCode", body: body + "verification_code=nothing",
			wrong: map[string][]any{"verification_code": {"", "x", "\x01", strings.Repeat("x", 5000)}, "timeout": times}},
		"POST /oauth/token": {path: "/oauth/token", body: body + "grant_type=authorization_code&code=x&redirect_uri=http://x", wrong: map[string][]any{
			"grant_type": {"", "password", "refresh_token", strings.Repeat("g", 5000)}, "code": {"", "\x01"}, "redirect_uri": {""}, "timeout": times}},
	}
	for _, op := range []string{"get_all", "items", "client_items", "keys", "client_keys"} {
		rows["POST /settings/"+op] = badRoute{path: "/settings/" + op, body: body, empty: http.StatusOK, wrong: client}
	}
	for _, op := range []string{"default_items", "default_keys"} {
		rows["POST /settings/"+op] = badRoute{path: "/settings/" + op, body: body, empty: http.StatusOK, wrong: map[string][]any{"timeout": times}}
	}
	for _, row := range slices.Collect(maps.Keys(rows)) { // what reads, and what issues, answers a GET too
		if path := strings.TrimPrefix(row, "POST "); path == "/clients/list" || !strings.HasPrefix(path, "/clients/") {
			rows["GET "+path] = rows[row]
		}
	}
	items := []any{"", "{", "[]", "null", "1", `{"a":null}`, `{"a":1,"a":2}`, `{"":1}`, `{"a":"` + strings.Repeat("v", 64<<10+1) + `"}`, strings.Repeat("[", 100_000)}
	for _, d := range []string{"", "_default"} {
		wrong := and(nil)
		if d != "" {
			delete(wrong, "for_client_id")
		}
		set, multi, gone := maps.Clone(wrong), maps.Clone(wrong), maps.Clone(wrong)
		set["key"], set["value"] = keys, []any{strings.Repeat("v", 64<<10+1)}
		multi["items"] = items
		gone["key"] = keys
		rows["POST /settings/set"+d] = badRoute{path: "/settings/set" + d, body: body + "key=a&value=b", wrong: set}
		rows["POST /settings/set"+d+"_multi"] = badRoute{path: "/settings/set" + d + "_multi", body: body + `items={"a":1}`, wrong: multi}
		rows["POST /settings/delete"+d] = badRoute{path: "/settings/delete" + d, body: body + "key=a", wrong: gone}
	}
	return rows
}

// entityStatuses are those of a route's errors: HTTP 200 but for OAuth's.
func entityStatuses(pattern string) []int {
	if pattern == "/oauth/token" {
		return []int{http.StatusBadRequest, http.StatusUnauthorized}
	}
	return []int{http.StatusOK}
}
