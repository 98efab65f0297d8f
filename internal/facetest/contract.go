package facetest

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"facet/api"
)

// Contract is a face's OpenAPI document, to hold answers against.
type Contract struct {
	doc   *openapi3.T
	paths []contractPath // those with fewer parameters first
}

type contractPath struct {
	fits *regexp.Regexp
	item *openapi3.PathItem

	parameters int
}

var parameter = regexp.MustCompile(`\\\{[^/]*\\\}`)

// NewContract reads api/NAME.yaml and checks that it is a valid document, once
// for all tests of a process: that takes longer than most of them.
func NewContract(t testing.TB, name string) *Contract {
	t.Helper()
	contracts.Lock()
	defer contracts.Unlock()
	c := contracts.read[name]
	if c == nil {
		c = readContract(t, name)
		contracts.read[name] = c
	}
	return c
}

var contracts = struct {
	sync.Mutex
	read map[string]*Contract
}{read: map[string]*Contract{}}

func readContract(t testing.TB, name string) *Contract {
	t.Helper()
	text, err := api.Files.ReadFile(name + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := &Contract{doc: doc}
	for path, item := range doc.Paths.Map() {
		at := contractPath{regexp.MustCompile("^" + parameter.ReplaceAllString(regexp.QuoteMeta(path), "[^/]+") + "$"), item, strings.Count(path, "{")}
		c.paths = append(c.paths, at)
	}
	slices.SortFunc(c.paths, func(a, b contractPath) int { return cmp.Compare(a.parameters, b.parameters) })
	return c
}

// Check fails the test when an answer of a path in the document is not one
// that the document has: status and JSON body. It is a Service.Watch.
func (c *Contract) Check(t testing.TB, call Call, a Answer) {
	t.Helper()
	path, _, _ := strings.Cut(call.Path, "?")
	operation := c.operation(call.Method, strings.TrimSuffix(path, "/"))
	if operation == nil {
		return
	}
	answer := operation.Responses.Value(strconv.Itoa(a.Status))
	if answer == nil {
		answer = operation.Responses.Default()
	}
	if answer == nil || a.Status < 300 && operation.Responses.Value(strconv.Itoa(a.Status)) == nil {
		t.Errorf("%s: the contract has no status %d", a.call, a.Status)
		return
	}
	contentType := a.Header.Get("Content-Type")
	media := answer.Value.Content[contentType]
	if len(answer.Value.Content) == 0 {
		if len(a.Body) > 0 {
			t.Errorf("%s: the contract has no body for status %d", a.call, a.Status)
		}
		return
	}
	if media == nil {
		t.Errorf("%s: Content-Type %q", a.call, contentType)
		return
	}
	if !strings.Contains(contentType, "json") || contentType == "application/jsonl" {
		return // a file
	}
	body, _ := a.At("")
	if err := media.Schema.Value.VisitJSON(body, openapi3.EnableJSONSchema2020()); err != nil {
		t.Errorf("%s: %d is not as in the contract: %v\n%s", a.call, a.Status, err, a.Body)
	}
}

// Lists reports whether the answer's status is one that the document has for the
// call, and not only by its default.
func (c *Contract) Lists(call Call, a Answer) bool {
	path, _, _ := strings.Cut(call.Path, "?")
	operation := c.operation(call.Method, strings.TrimSuffix(path, "/"))
	return operation == nil || operation.Responses.Value(strconv.Itoa(a.Status)) != nil
}

func (c *Contract) operation(method, path string) *openapi3.Operation {
	for _, at := range c.paths {
		if at.fits.MatchString(path) {
			if operation := at.item.GetOperation(method); operation != nil {
				return operation
			}
		}
	}
	return nil
}
