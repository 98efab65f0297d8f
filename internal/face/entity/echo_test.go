package entity_test

import (
	"strconv"
	"strings"
	"testing"

	"facet/internal/facetest"
)

// TestALongWrongArgumentDoesNotComeBackWhole: an answer, and a line of the log,
// stays short however long what was wrong is.
func TestALongWrongArgumentDoesNotComeBackWhole(t *testing.T) {
	s := start(t)
	uuid := s.create(t, `{}`)
	long := strings.Repeat("é1x-", 20000)
	for _, c := range []struct {
		op    string
		pairs []string
		code  int
	}{
		{"entity", []string{"type_name", long, "uuid", uuid}, 222},
		{"entity", []string{"type_name", "user", "uuid", long}, 200},
		{"entity", []string{"type_name", "user", "id", long}, 200},
		{"entity", []string{"type_name", "user", "uuid", uuid, "attribute_name", long}, 223},
		{"entity", []string{"type_name", "user", "uuid", uuid, "lastUpdated", long}, 342},
		{"entity", []string{"type_name", "user", "uuid", uuid, "lastUpdated", "2013-01-01" + strings.Repeat(" ", 80000)}, 330},
		{"entity", []string{"type_name", "user", "key_attribute", long, "key_value", `"x"`}, 223},
		{"entity.create", []string{"type_name", "user", "attributes", `{"` + long + `":1}`}, 223},
		{"entity.create", []string{"type_name", "user", "attributes", `{"birthday":"` + long + `"}`}, 342},
		{"entity.update", []string{"type_name", "user", "uuid", uuid, "attributes", `{"email":"` + long + `"}`}, 363},
		{"entity.bulkCreate", []string{"type_name", "user", "commit_each", long, "all_attributes", `[{}]`}, 200},
		{"entity.find", []string{"type_name", "user", "filter", "'" + long}, 200},
		{"entity.find", []string{"type_name", "user", "filter", strings.ReplaceAll(long, "-", "_") + " = 'x'"}, 200},
		{"entity.find", []string{"type_name", "user", "sort_on", `["` + long + `"]`}, 223},
		{"entity.find", []string{"type_name", "user", "max_results", long}, 200},
		{"entityType.addAttribute", []string{"type_name", "user", "attr_def", `{"name":"a","type":"` + long + `"}`}, 200},
		{"entityType.addAttribute", []string{"type_name", "user", "attr_def", `{"name":"` + long + `","type":"string"}`}, 200},
		{"entityType.setAttributeConstraints", []string{"type_name", "user", "attribute_name", "gender", "constraints", `["` + long + `"]`}, 200},
		{"clients/add", []string{"description", "x", "features", `["` + long + `"]`}, 200},
		{"settings/set", []string{"key", long, "value", "x"}, 200},
		{"oauth/token", []string{"grant_type", long}, 200},
	} {
		before := len(s.Log.String())
		a := s.Do(t, facetest.Call{Method: "POST", Path: "/" + c.op, Body: form(c.pairs...), Type: formType, Header: map[string]string{"Authorization": printedAuth}})
		if len(a.Body) > 3000 || a.Text("stat") != "error" {
			t.Errorf("%s %.40s: an answer of %d bytes: %.300s", c.op, c.pairs, len(a.Body), a.Body)
		}
		if got := number(a, "code"); got != strconv.Itoa(c.code) {
			t.Errorf("%s %.60s: code %s, want %d: %.300s", c.op, c.pairs, got, c.code, a.Body)
		}
		if n := len(s.Log.String()) - before; n > 3000 {
			t.Errorf("%s: %d bytes were logged", c.op, n)
		}
	}
}
