package e2e_test

import (
	"maps"
	"strings"
)

// entityRecordRoutes are the operations on records beside the first ones.
func entityRecordRoutes(credentials string, ids, written map[string][]any) map[string]badRoute {
	types := []any{"", "nothing", "$user"}
	paths := []any{"", "nothing", "photos#1", "photos#x", "id", "#1", "email/x", strings.Repeat("a/", 50_000)}
	times := []any{"abc", "0", "-5", "1.5"}
	adopted := maps.Clone(ids)
	adopted["attribute_name"] = append([]any{"email", "primaryAddress"}, paths...)
	adopted["child_id"] = []any{"", "x", "1.5", "-1", "99999999999999999999"}
	values := map[string][]any{
		"type_name": types, "attribute_path": append([]any{"password", "photos", "primaryAddress", "uuid", "/"}, paths...),
		"max_results": {"abc", "-1", "0", "10001"}, "first_result": {"abc", "-1", "9999999"}, "timeout": times,
	}
	version := maps.Clone(ids)
	delete(version, "created")
	delete(version, "lastUpdated")
	listed := maps.Clone(version)
	version["timestamp"] = []any{"never", "1875-01-01", "{}"}
	version["include_schema"] = []any{"maybe", "2"}
	listed["max_results"] = []any{"abc", "-1", "0", "1001"}
	rows := map[string]badRoute{
		"POST /entity.replace": {path: "/entity.replace", body: credentials + `&attributes={"givenName":"Bad"}`, wrong: written},
		"POST /entity.bulkCreate": {path: "/entity.bulkCreate", body: `type_name=user&all_attributes=[{"email":"nobody"}]`, wrong: map[string][]any{
			"type_name":      types,
			"all_attributes": {"", "{", "{}", "1", "null", `"x"`, `[{"a":1,"a":2}]`, "[{]", `[{"aboutMe":"\u0000"}]`, strings.Repeat("[", 100_000), "[" + strings.Repeat("{},", 5000) + "{}]"},
			"commit_each":    {"maybe", "1", `"`, `{}`},
			"timeout":        times,
		}},
		"POST /entity.deleteAccess": {path: "/entity.deleteAccess", body: credentials, wrong: ids},
		"POST /entity.bulkDelete": {path: "/entity.bulkDelete", body: "type_name=user&filter=email+is+null&commit=true", wrong: map[string][]any{
			"type_name": types, "filter": {"", "(", "email =", "nothing = 1", "email contains 'a'", strings.Repeat("(", 100_000)}, "commit": {"maybe", "1"}, "timeout": times,
		}},
		"POST /entity.purge": {path: "/entity.purge", body: "type_name=community&commit=true", wrong: map[string][]any{
			"type_name": types, "commit": {"", "false", "maybe", "1"}, "timeout": times,
		}},
		"POST /entity.adopt":           {path: "/entity.adopt", body: credentials + "&attribute_name=photos&child_id=7", wrong: adopted},
		"POST /entity.attributeValues": {path: "/entity.attributeValues", body: "type_name=user&attribute_path=gender", wrong: values},
		"POST /versions/entity":        {path: "/versions/entity", body: credentials, wrong: version},
		"POST /versions/entity.list":   {path: "/versions/entity.list", body: credentials, wrong: listed},
	}
	rows["POST /versions/entityType"] = badRoute{path: "/versions/entityType", body: "type_name=user", wrong: map[string][]any{
		"type_name": types, "timestamp": {"never", "{}"},
	}}
	for _, pattern := range []string{"/entity.attributeValues", "/versions/entity", "/versions/entity.list", "/versions/entityType"} {
		rows["GET "+pattern] = rows["POST "+pattern]
	}
	return rows
}
