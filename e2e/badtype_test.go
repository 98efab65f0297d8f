package e2e_test

import "strings"

// typeRoutes lists the routes of entity types that are about rules, properties
// and access schemas.
func typeRoutes() map[string]badRoute {
	const unknownUUID = "01930000-0000-7000-8000-000000000000"
	types := []any{"", "nothing", "$user", "household", strings.Repeat("t", 10_000)}
	times := []any{"abc", "0", "-5", "1.5"}
	paths := []any{"", "email", "{}", "[", `[1]`, `["nothing"]`, `["photos#3"]`, `["email","email"]`, `["uuid"]`, `["a\u0000"]`, `[]`, strings.Repeat("[", 100_000)}
	definitions := []any{"", "{", "[]", "{}", "7", "null", `"nothing"`, `{"nothing":1}`, `{"max-length":-1}`, `{"max-length":1,"match":"x"}`, `{"match":"("}`, `{"match":"(a{500}){9}"}`,
		`{"min-age":18}`, `{"or":["to-lower"]}`, `{"and":[]}`, `{"default":7}`, `{"match":"a\u0000("}`, `{"match":1,"match":2}`,
		strings.Repeat(`{"not":`, 60) + `"required"` + strings.Repeat("}", 60), strings.Repeat("[", 100_000)}
	properties := []any{"", "{", "[]", "7", "null", `{}`, `{"type":"odd","attributes":["email"]}`, `{"type":"unique","attributes":["email"]}`, `{"type":"unique","attributes":["photos.value","email"]}`,
		`{"type":"unique","attributes":["email","nothing"]}`, `{"type":"unique","attributes":["email","gender"],"definition":"required"}`, `{"type":"unique","property":"rule","attributes":["email","gender"]}`,
		`{"type":"rule","attributes":["email"]}`, `{"type":"rule","attributes":["email"],"definition":7}`, `{"type":7}`, `{"type":"unique","attributes":"email"}`, `{"type":"unique","odd":1}`}
	settings := []any{"", "{", "[]", "7", "null", `{}`, `{"historySize":-1}`, `{"historySize":11}`, `{"historySize":1.5}`, `{"historySize":"7"}`, `{"historySize":7,"odd":1}`, `[{"historySize":7}]`}
	uuids := []any{"", "x", unknownUUID, unknownUUID + "0"}
	target := map[string][]any{"type_name": types, "access_type": {"", "odd", "READ", "write "}, "for_client_id": {"nobody", strings.Repeat("c", 10_000)}, "timeout": times}
	set := map[string][]any{"attributes": {"", "email", "{}", "[", `[1]`, `["nothing"]`, `["photos#3"]`, strings.Repeat("[", 100_000)}}
	for name, values := range target {
		set[name] = values
	}
	list := map[string][]any{"type_name": types, "timeout": times}
	remove := map[string][]any{"type_name": types, "uuid": uuids, "timeout": times}
	rows := map[string]badRoute{
		"POST /entityType.rules": {path: "/entityType.rules", body: "type_name=user", wrong: list},
		"POST /entityType.addRule": {path: "/entityType.addRule", body: `type_name=user&attributes=["gender"]&definition="to-lower"`, wrong: map[string][]any{
			"type_name": types, "attributes": append([]any{`["photos"]`, `["primaryAddress"]`}, paths...), "definition": definitions, "description": {strings.Repeat("d", 2000)}, "timeout": times,
		}},
		"POST /entityType.removeRule":          {path: "/entityType.removeRule", body: "type_name=user&uuid=" + unknownUUID, wrong: remove},
		"POST /entityType.properties":          {path: "/entityType.properties", body: "type_name=user", wrong: list},
		"POST /entityType.addProperty":         {path: "/entityType.addProperty", body: `type_name=user&property={"type":"unique","attributes":["email","gender"]}`, wrong: map[string][]any{"type_name": types, "property": properties, "timeout": times}},
		"POST /entityType.removeProperty":      {path: "/entityType.removeProperty", body: "type_name=user&uuid=" + unknownUUID, wrong: remove},
		"POST /entityType.setPasswordSettings": {path: "/entityType.setPasswordSettings", body: `type_name=user&settings={"historySize":1}`, wrong: map[string][]any{"type_name": append([]any{"organization"}, types...), "settings": settings, "timeout": times}},
		"POST /entityType.getAccessSchema":     {path: "/entityType.getAccessSchema", body: "type_name=user&access_type=read", wrong: target},
		"POST /entityType.setAccessSchema":     {path: "/entityType.setAccessSchema", body: `type_name=user&access_type=read&attributes=["email"]`, wrong: set},
		"POST /entityType.deleteAccessSchema":  {path: "/entityType.deleteAccessSchema", body: "type_name=user&access_type=read", wrong: target},
	}
	for _, op := range []string{"rules", "properties", "getAccessSchema"} {
		rows["GET /entityType."+op] = rows["POST /entityType."+op]
	}
	return rows
}
