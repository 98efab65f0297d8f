package own

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"facet/internal/face"
	"facet/internal/profile"
	"facet/internal/schema"
)

// parameters are those of a query, each given once.
type parameters map[string]string

// query reads the parameters of a request: Malformed where they cannot be read,
// Unknown for one that is not among the names, Invalid for one that stands
// twice; Field is its name.
func query(r *http.Request, names ...string) (parameters, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, profile.E(profile.Malformed, profile.CodeSyntax, "", "the query cannot be read")
	}
	out := parameters{}
	for name, given := range values {
		switch {
		case !slices.Contains(names, name):
			return nil, profile.E(profile.Unknown, profile.CodeInvalid, name, "there is no such parameter")
		case len(given) > 1:
			return nil, profile.E(profile.Invalid, profile.CodeDuplicate, name, "the parameter stands more than once")
		}
		out[name] = given[0]
	}
	return out, nil
}

// number reads a whole number of a range: Invalid with the name as Field.
func (p parameters) number(name string, low, high, otherwise int) (int, error) {
	text, ok := p[name]
	if !ok {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < low || n > high {
		return 0, profile.E(profile.Invalid, profile.CodeInvalid, name, "it is a whole number of %d to %d", low, high)
	}
	return n, nil
}

// list reads words with commas between them.
func (p parameters) list(name string) []string {
	if p[name] == "" {
		return nil
	}
	return strings.Split(p[name], ",")
}

// idIn reads an id of the path: NotFound where it is none.
func idIn(r *http.Request, name string) (profile.ID, error) {
	id, err := profile.ParseID(r.PathValue(name))
	if err != nil {
		return id, profile.E(profile.NotFound, profile.CodeNotFound, "", "there is no such thing")
	}
	return id, nil
}

// readObject reads a JSON body into a struct; without a body dst stays as it is.
// Errors: Malformed, TooLarge; Unknown for a member that dst has not, Invalid
// for a value of another type, with Field.
func readObject(w http.ResponseWriter, r *http.Request, dst any) error {
	body, err := face.ReadBody(w, r, face.MaxBody)
	if err != nil || len(body) == 0 {
		return err
	}
	if err := schema.CheckJSON(body, face.MaxDepth); err != nil {
		return err
	}
	if err = json.Unmarshal(body, dst, json.RejectUnknownMembers(true)); err == nil {
		return nil
	}
	var wrong *json.SemanticError
	if !errors.As(err, &wrong) {
		return &profile.Error{Kind: profile.Malformed, Code: profile.CodeSyntax, Message: "the JSON is not syntactically valid", Err: err}
	}
	field := strings.ReplaceAll(strings.TrimPrefix(string(wrong.JSONPointer), "/"), "/", ".")
	if errors.Is(err, json.ErrUnknownName) {
		return profile.E(profile.Unknown, profile.CodeUnknownAttribute, field, "there is no such member")
	}
	return profile.E(profile.Invalid, profile.CodeType, field, "a value of another type is expected")
}
