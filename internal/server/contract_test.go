package server_test

import (
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"facet/api"
)

// TestEveryRouteIsInItsContractAndBack holds the route tables against
// api/FACE.yaml: the same methods at the same paths, whatever the parameters
// are called.
func TestEveryRouteIsInItsContractAndBack(t *testing.T) {
	for _, f := range faces() {
		t.Run(f.Name(), func(t *testing.T) {
			text, err := api.Files.ReadFile(f.Name() + ".yaml")
			if err != nil {
				t.Fatal(err)
			}
			doc, err := openapi3.NewLoader().LoadFromData(text)
			if err != nil {
				t.Fatal(err)
			}
			var written, routed []string
			for path, item := range doc.Paths.Map() {
				for method := range item.Operations() {
					written = append(written, method+" "+wildcard.ReplaceAllString(path, "{}"))
				}
			}
			for _, r := range f.Routes() {
				routed = append(routed, r.Method+" "+wildcard.ReplaceAllString(r.Pattern, "{}"))
			}
			for _, r := range routed {
				if !slices.Contains(written, r) {
					t.Errorf("%s answers, and is not in the contract", r)
				}
			}
			for _, w := range written {
				if !slices.Contains(routed, w) {
					t.Errorf("%s is in the contract, and nothing answers", w)
				}
			}
		})
	}
}
