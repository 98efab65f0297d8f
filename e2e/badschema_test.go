package e2e_test

import "strings"

// schemaRoutes are the operations that make, change and delete entity types.
func schemaRoutes() map[string]badRoute {
	types := []any{"", "nothing", "$user", "no name", strings.Repeat("t", 10_000)}
	times := []any{"abc", "0", "-5", "1.5"}
	paths := []any{"", "nothing", "email", "id", "uuid", "photos", "photos#3", "photos.id", "primaryAddress", "email/x", "#1", strings.Repeat("a/", 50_000)}
	defs := []any{"", "{", "7", "null", `"x"`, `{"name":7}`, `{"name":"a"}`, `{"type":"string"}`, `{"name":"a b","type":"string"}`, `{"name":"id","type":"id"}`, `{"name":"a","type":"odd"}`,
		`{"name":"a","type":"string","length":-1}`, `{"name":"a","type":"string","length":1e99}`, `{"name":"a","type":"date","length":5}`, `{"name":"a","type":"string","constraints":["odd"]}`,
		`{"name":"a","type":"object","constraints":["unique"]}`, `{"name":"a","type":"plural","features":["query"]}`, `{"name":"a","type":"string","attr_defs":[{"name":"b","type":"string"}]}`,
		`{"name":"a","name":"b","type":"string"}`, `{"name":"a\u0000","type":"string"}`, `{"name":"email","type":"string"}`, `{"name":"email.x","type":"string"}`, `{"name":"nothing.x","type":"string"}`,
		strings.Repeat(`{"name":"a","type":"object","attr_defs":[`, 7) + strings.Repeat("]}", 7), strings.Repeat("[", 100_000), `{"name":"` + strings.Repeat("n", 10_000) + `","type":"string"}`}
	lists := make([]any, 0, len(defs))
	for _, d := range defs {
		if d := d.(string); strings.HasPrefix(d, `{"`) && !strings.Contains(d, "email") {
			lists = append(lists, "["+d+"]")
		}
	}
	lists = append(lists, "", "{", "{}", "7", "null", `"x"`, "[7]", "[[]]", `[{"name":"a","type":"string"},{"name":"a","type":"string"}]`, strings.Repeat("[", 100_000))
	rows := map[string]badRoute{
		"POST /entityType":        {path: "/entityType", body: "type_name=user", wrong: map[string][]any{"type_name": types, "remove_reserved": {"maybe", "2"}}},
		"POST /entityType.list":   {path: "/entityType.list", body: "a=b", wrong: map[string][]any{}},
		"POST /entityType.create": {path: "/entityType.create", body: `type_name=user&attr_defs=[]`, wrong: map[string][]any{"type_name": types[2:], "attr_defs": lists, "timeout": times}},
		"POST /entityType.delete": {path: "/entityType.delete", body: "type_name=user", wrong: map[string][]any{"type_name": types, "commit": {"maybe", "1"}, "timeout": times}},
		"POST /entityType.addAttribute": {path: "/entityType.addAttribute", body: `type_name=user&attr_def={"name":"email","type":"string"}`,
			wrong: map[string][]any{"type_name": types, "attr_def": defs, "timeout": times}},
		"POST /entityType.removeAttribute": {path: "/entityType.removeAttribute", body: "type_name=user&attribute_name=email",
			wrong: map[string][]any{"type_name": types, "attribute_name": paths, "timeout": times}},
		"POST /entityType.renameAttribute": {path: "/entityType.renameAttribute", body: "type_name=user&source_name=email&target_name=gender",
			wrong: map[string][]any{"type_name": types, "source_name": paths, "target_name": append([]any{"a b", "x.y"}, paths...), "timeout": times}},
		"POST /entityType.setAttributeConstraints": {path: "/entityType.setAttributeConstraints", body: `type_name=user&attribute_name=email&constraints=[]`,
			wrong: map[string][]any{"type_name": types, "attribute_name": paths, "constraints": {"", "{", "{}", "7", "null", "[7]", `["odd"]`, `["locally-unique"]`, strings.Repeat("[", 100_000)}, "timeout": times}},
		"POST /entityType.setAttributeDescription": {path: "/entityType.setAttributeDescription", body: `type_name=user&attribute_name=nothing&description="x"`,
			wrong: map[string][]any{"type_name": types, "description": {`"`, `"\u0000"`, `"a`}, "timeout": times}},
	}
	for _, op := range []string{"", ".list"} {
		rows["GET /entityType"+op] = rows["POST /entityType"+op]
	}
	return rows
}
