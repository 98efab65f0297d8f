package djaoapp_test

import (
	"net/http"
	"regexp"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"facet/api"
	"facet/internal/access"
	"facet/internal/face/djaoapp"
)

func TestTheContractNamesTheStatusesOfEveryCall(t *testing.T) {
	text, err := api.Files.ReadFile("djaoapp.yaml")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	parameter := regexp.MustCompile(`\{[^}]*\}`)
	written := map[string]*openapi3.Operation{}
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			written[method+" "+parameter.ReplaceAllString(path, "{}")] = operation
		}
	}
	for _, r := range djaoapp.New().Routes() {
		operation := written[r.Method+" "+parameter.ReplaceAllString(r.Pattern, "{}")]
		if operation == nil {
			t.Errorf("%s %s is not in the contract", r.Method, r.Pattern)
			continue
		}
		want := func(status string, when bool) {
			t.Helper()
			if when && operation.Responses.Value(status) == nil {
				t.Errorf("%s %s may be answered %s, and the contract does not say so", r.Method, r.Pattern, status)
			}
		}
		rule, _ := access.RuleOf(r.Permission)
		writes := r.Method == http.MethodPost || r.Method == http.MethodPut || r.Method == http.MethodPatch
		paged := r.Method == http.MethodGet && operation.Parameters.GetByInAndName("query", "page") != nil
		want("403", !rule.Anyone || rule.PerAddress)
		want("429", rule.PerAddress)
		want("400", writes)
		want("413", writes && operation.RequestBody != nil)
		want("404", parameter.MatchString(r.Pattern) || paged)
	}
}
