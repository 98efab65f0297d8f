package directory

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"facet/internal/profile"
	"facet/internal/schema"
)

// jsonSchema is a compiled JSON Schema.
type jsonSchema struct{ compiled *jsonschema.Schema }

// Violation is a part of a document that breaks its app's schema.
type Violation struct {
	Pointer string // into the document (RFC 6901)
	Message string
}

// maxViolations is how many violations of one document are told.
const maxViolations = 20

// localOnly reads no schema from anywhere: what a schema refers to stands in
// it, or is a meta-schema.
type localOnly struct{}

func (localOnly) Load(url string) (any, error) {
	return nil, errors.New("a schema refers only to what stands in it")
}

// compileSchema reads a JSON Schema. Errors name the Field "schema".
func compileSchema(text []byte) (*jsonSchema, error) {
	const field, place = "schema", "urn:facet:schema"
	bad := func(format string, args ...any) error {
		return profile.E(profile.Invalid, profile.CodeInvalid, field, format, args...)
	}
	if len(text) > maxSchema {
		return nil, profile.E(profile.TooLarge, profile.CodeTooLarge, field, "A schema may have at most %d bytes.", maxSchema)
	}
	if err := schema.CheckJSON(text, schema.MaxDocumentDepth); err != nil {
		return nil, bad("The schema cannot be kept: it is no JSON, has a name twice, or is nested too deep.")
	}
	if text[0] != '{' && text[0] != 't' && text[0] != 'f' {
		return nil, profile.E(profile.Invalid, profile.CodeType, field, "A schema is an object, true or false.")
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, bad("The schema cannot be read.")
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.UseLoader(localOnly{})
	if err := c.AddResource(place, doc); err != nil {
		return nil, bad("The schema cannot be read.")
	}
	compiled, err := c.Compile(place)
	if err != nil {
		return nil, bad("This is no JSON Schema that can be used: %.300s", strings.ReplaceAll(err.Error(), place, ""))
	}
	return &jsonSchema{compiled}, nil
}

// violations says what of a document breaks the schema, in the order of the
// pointers; nil when nothing does. Of the members that hide names, where it is
// not nil, no more is told than that something is wrong.
func (s *jsonSchema) violations(doc []byte, hide func(member string) bool) (out []Violation) {
	if s == nil {
		return nil
	}
	defer func() {
		if p := recover(); p != nil { // a number whose value cannot be worked out
			out = []Violation{{"", "The document cannot be held against the schema."}}
		}
	}()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(doc))
	if err != nil {
		return []Violation{{"", "The document cannot be held against the schema."}}
	}
	var broken *jsonschema.ValidationError
	if err := s.compiled.Validate(value); !errors.As(err, &broken) {
		return nil
	}
	leaves(broken, hide, &out)
	slices.SortFunc(out, func(a, b Violation) int {
		return strings.Compare(a.Pointer+"\x00"+a.Message, b.Pointer+"\x00"+b.Message)
	})
	return slices.Compact(out)
}

// leaves collects the errors that no others explain.
func leaves(e *jsonschema.ValidationError, hide func(string) bool, out *[]Violation) {
	if len(*out) == maxViolations {
		return
	}
	if len(e.Causes) == 0 && hide != nil && tellsOf(e, hide) {
		*out = append(*out, Violation{"", "The profile breaks the schema."})
		return
	}
	if len(e.Causes) == 0 {
		var at strings.Builder
		for _, step := range e.InstanceLocation {
			at.WriteString("/" + escapeStep.Replace(step))
		}
		*out = append(*out, Violation{at.String(), fmt.Sprintf("%.300s", e.ErrorKind.LocalizedString(english))})
		return
	}
	for _, cause := range e.Causes {
		leaves(cause, hide, out)
	}
}

// tellsOf reports whether an error may tell of what is hidden: it lies there, or
// it is about the whole and names or counts members, or shows values.
func tellsOf(e *jsonschema.ValidationError, hide func(member string) bool) bool {
	if len(e.InstanceLocation) > 0 {
		return hide(e.InstanceLocation[0])
	}
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		return slices.ContainsFunc(k.Missing, hide)
	case *kind.AdditionalProperties:
		return slices.ContainsFunc(k.Properties, hide)
	case *kind.Type:
		return false
	}
	return true
}

var (
	english = message.NewPrinter(language.English)
	// escapeStep writes a name as a step of a pointer (RFC 6901, section 3).
	escapeStep = strings.NewReplacer("~", "~0", "/", "~1")
)
