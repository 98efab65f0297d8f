package transfer

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	jsonv2 "github.com/go-json-experiment/json"

	"facet/internal/credential"
	"facet/internal/directory"
	"facet/internal/profile"
	"facet/internal/schema"
)

// Columns say where the columns of a file go, or the members of its objects: a
// target by name. A target is the dotted path of an attribute, one of those
// below, "@extra.FACE.NAME", or "-": nowhere. What has no target goes to the
// attribute of its own name, or, with an @, to the target of its own name.
type Columns map[string]string

// The targets that are no attributes.
const (
	toType     = "@type"
	toID       = "@id"     // uuid
	toNumber   = "@number" // the number that faces show as id, tnId, user_id
	toOwner    = "@owner"  // uuid
	toState    = "@state"
	toCreated  = "@created"
	toUpdated  = "@updated"
	toLogin    = "@login"
	toSlug     = "@slug"
	toIDTag    = "@idtag"
	toPhone    = "@phone"
	toHash     = "@password"  // a hash, as it is stored
	toDigest   = "@digest"    // a hash, as another product gives it away, of …
	toDigestOf = "@algorithm" // … this algorithm (see credential.Algorithms)
	toPersonal = "@personal"  // true: a user is a profile too
	toName     = "@name"      // of a person or group, whole: it is split as people's are
	toPicture  = "@picture"   // URL of a picture
	toActive   = "@active"    // false: disabled
	toWho      = "@who"       // a uuid, or a number
	toExtras   = "@extras"    // a JSON object
	toExtra    = "@extra."    // + FACE.NAME
	nowhere    = "-"
)

var targets = []string{toType, toID, toNumber, toOwner, toState, toCreated, toUpdated, toLogin, toSlug, toIDTag, toPhone, toHash, toDigest,
	toDigestOf, toPersonal, toName, toPicture, toActive, toWho, toExtras}

// Check reports a target that there is none of: Invalid with the column as
// Field.
func (c Columns) Check() error {
	for column, to := range c {
		face, name, _ := strings.Cut(strings.TrimPrefix(to, toExtra), ".")
		switch {
		case !isColumn(column) || !isColumn(to):
			return profile.E(profile.Invalid, profile.CodeInvalid, "", "a column or target is too long, or is no text")
		case strings.HasPrefix(to, toExtra):
			if face == "" || name == "" {
				return profile.E(profile.Invalid, profile.CodeInvalid, column, "%s is followed by FACE.NAME", toExtra)
			}
		case strings.HasPrefix(to, "@") && !slices.Contains(targets, to):
			return profile.E(profile.Invalid, profile.CodeInvalid, column, "there is no target %s", to)
		case to == "":
			return profile.E(profile.Invalid, profile.CodeInvalid, column, "a column's target is an attribute, one of %s, or -", strings.Join(targets, " "))
		}
	}
	return nil
}

// isColumn reports whether a text can be the name of a column or a target.
func isColumn(text string) bool {
	return len(text) <= 1000 && utf8.ValidString(text) && !strings.Contains(text, "\x00")
}

// assembly makes a record of fields.
type assembly struct {
	typ              *schema.Type // nil: of no entity type
	isText           bool
	out              directory.ImportRecord
	attrs            map[string]any // nested; leaves are json.RawMessage
	extras           map[string]any
	digest, digestOf string
}

// byColumns makes a record of the fields of a row.
func byColumns(row *Row, in *Input) (directory.ImportRecord, error) {
	a := assembly{isText: in.source.IsText(), attrs: map[string]any{}, extras: map[string]any{}}
	a.out.Type = in.Type
	put := func(name string, value []byte) error {
		to, mapped := in.Columns[name]
		if !mapped {
			to = name
		}
		if err := a.put(to, value); err != nil {
			e := *profile.AsError(err)
			e.Field = name
			return &e
		}
		return nil
	}
	for _, f := range row.Fields { // what says the type comes first
		if to, ok := in.Columns[f.Name]; ok && to == toType || !ok && f.Name == toType {
			if err := put(f.Name, f.Value); err != nil {
				return a.out, err
			}
		}
	}
	if err := a.known(in); err != nil {
		return a.out, err
	}
	for _, f := range row.Fields {
		value := f.Value
		if !a.isText {
			var err error
			if value, err = pluck(f.Name, value, in.Columns, put); err != nil {
				return a.out, err
			}
			if value == nil {
				continue
			}
		}
		if err := put(f.Name, value); err != nil {
			return a.out, err
		}
	}
	return a.finish()
}

// known finds the entity type that values are read by.
func (a *assembly) known(in *Input) (err error) {
	a.typ, err = in.types.of(a.out.Type)
	return err
}

// pluck takes what the mapping names below a member out of its object
// ("user_info.email"), and gives the rest; nil where there is none.
func pluck(name string, value []byte, columns Columns, put func(string, []byte) error) ([]byte, error) {
	if len(value) == 0 || value[0] != '{' {
		return value, nil
	}
	some := false
	for column := range columns {
		some = some || strings.HasPrefix(column, name+".")
	}
	if !some {
		return value, nil
	}
	inner, err := members(nil, value)
	if err != nil {
		return nil, err
	}
	out := []byte{'{'}
	for _, f := range inner {
		path := name + "." + f.Name
		rest, err := pluck(path, f.Value, columns, put)
		if err != nil {
			return nil, err
		}
		if _, mapped := columns[path]; mapped {
			if err := put(path, rest); err != nil {
				return nil, err
			}
			continue
		}
		if rest == nil {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(append(out, quoted(f.Name)...), ':'), rest...)
	}
	if len(out) == 1 && len(inner) > 0 {
		return nil, nil
	}
	return append(out, '}'), nil
}

// text reads a value that is to be a text; "" where it says nothing.
func (a *assembly) text(value []byte) (string, error) {
	if a.isText {
		return strings.TrimSpace(string(value)), nil
	}
	return textOf(value)
}

func textOf(value []byte) (string, error) {
	var text string
	switch {
	case len(value) == 0 || value[0] == 'n':
		return "", nil
	case value[0] == '"':
		err := json.Unmarshal(value, &text)
		return text, err
	case value[0] == '{' || value[0] == '[':
		return "", profile.E(profile.Invalid, profile.CodeType, "", "not a text")
	}
	return string(value), nil // a number, true or false
}

// put gives a value to a target.
func (a *assembly) put(to string, value []byte) error {
	if to == nowhere {
		return nil
	}
	if rest, ok := strings.CutPrefix(to, toExtra); ok {
		return a.extra(rest, value)
	}
	if !strings.HasPrefix(to, "@") {
		return a.attribute(to, value)
	}
	if to == toExtras {
		if len(bytes.TrimSpace(value)) > 0 {
			a.out.Extras = slices.Clone(value)
		}
		return nil
	}
	text, err := a.text(value)
	if err != nil || text == "" {
		return err
	}
	switch to {
	case toType:
		a.out.Type = text
	case toID:
		a.out.ID, err = profile.ParseID(text)
	case toOwner:
		a.out.Owner, err = profile.ParseID(text)
	case toNumber:
		a.out.Number, err = number(text)
	case toState:
		a.out.State = profile.State(text)
	case toCreated:
		a.out.Created, err = parseTime(text)
	case toUpdated:
		a.out.Updated, err = parseTime(text)
	case toLogin:
		a.out.Login, err = parseTime(text)
	case toSlug:
		a.out.Slug = text
	case toIDTag:
		a.out.IDTag = text
	case toPhone:
		a.out.Phone = text
	case toHash:
		a.out.Hash = text
	case toDigest:
		a.digest = text
	case toDigestOf:
		a.digestOf = text
	case toName:
		err = a.name(text)
	case toPicture:
		err = set(a.attrs, []string{"photos"}, encode([]map[string]string{{"value": text}}))
	case toWho:
		if len(text) == 36 {
			a.out.ID, err = profile.ParseID(text)
		} else {
			a.out.Number, err = number(text)
		}
	case toPersonal:
		a.out.Personal, err = truth(text)
	case toActive:
		var active bool
		if active, err = truth(text); err == nil && !active {
			a.out.State = profile.Disabled
		}
	default:
		err = profile.E(profile.Unknown, profile.CodeUnknownAttribute, "", "there is no target %s", to)
	}
	return err
}

func truth(text string) (bool, error) {
	is, err := strconv.ParseBool(strings.ToLower(text))
	if err != nil {
		return false, profile.E(profile.Invalid, profile.CodeType, "", "neither true nor false: %.20s", text)
	}
	return is, nil
}

// name gives a person or group a whole name: a person's parts come of it.
func (a *assembly) name(whole string) error {
	err := set(a.attrs, []string{"displayName"}, encode(whole))
	if a.typ == nil || a.typ.Name != userType || err != nil {
		return err
	}
	n := profile.PersonName{}.WithWhole(whole)
	for path, part := range map[string]string{"givenName": n.Given, "middleName": n.Middle, "familyName": n.Family} {
		if part == "" {
			continue
		}
		if err := set(a.attrs, []string{path}, encode(part)); err != nil {
			return err
		}
	}
	return nil
}

func number(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		return 0, profile.E(profile.Invalid, profile.CodeType, "", "not a number above 0: %.40s", text)
	}
	return n, nil
}

// attribute gives a value to an attribute. Texts of CSV are read by the type of
// the attribute; one that is empty says nothing.
func (a *assembly) attribute(path string, value []byte) error {
	if a.typ == nil {
		return profile.E(profile.Unknown, profile.CodeUnknownAttribute, "", "a %s has no attributes", a.out.Type)
	}
	if a.isText {
		if len(value) == 0 {
			return nil
		}
		at, err := schema.ParsePath(path)
		if err != nil {
			return err
		}
		attr, err := a.typ.Attr(at)
		if err != nil {
			return err
		}
		if attr.Type != schema.String && len(bytes.TrimSpace(value)) == 0 {
			return nil
		}
		if value, err = typed(attr, value); err != nil {
			return err
		}
	}
	return set(a.attrs, strings.Split(path, "."), json.RawMessage(slices.Clone(value)))
}

// typed makes JSON of a text, by the type of its attribute.
func typed(a *schema.Attribute, text []byte) ([]byte, error) {
	switch trimmed := bytes.TrimSpace(text); a.Type {
	case schema.Integer, schema.Decimal, schema.ID:
		if schema.CheckJSON(trimmed, 1) == nil && (trimmed[0] == '-' || trimmed[0] >= '0' && trimmed[0] <= '9') {
			return trimmed, nil
		}
	case schema.Boolean:
		if is, err := strconv.ParseBool(strings.ToLower(string(trimmed))); err == nil {
			return strconv.AppendBool(nil, is), nil
		}
	case schema.JSON, schema.Object, schema.Plural:
		if err := schema.CheckJSON(trimmed, maxDepth); err != nil {
			return nil, err
		}
		return trimmed, nil
	case schema.Password:
		if trimmed[0] == '{' && schema.CheckJSON(trimmed, maxDepth) == nil {
			return trimmed, nil
		}
		if hash := string(trimmed); credential.Check(hash) == nil {
			return encode(map[string]string{"type": credential.Kind(hash), "value": hash}), nil
		}
	}
	return quoted(string(text)), nil
}

// set puts a value to its place in nested objects.
func set(in map[string]any, steps []string, value json.RawMessage) error {
	for _, step := range steps[:len(steps)-1] {
		next, ok := in[step].(map[string]any)
		if !ok {
			if in[step] != nil {
				return profile.E(profile.Invalid, profile.CodeDuplicate, "", "two columns go to the same attribute")
			}
			next = map[string]any{}
			in[step] = next
		}
		in = next
	}
	last := steps[len(steps)-1]
	if _, there := in[last]; there {
		return profile.E(profile.Invalid, profile.CodeDuplicate, "", "two columns go to the same attribute")
	}
	in[last] = value
	return nil
}

// extra gives a value to what one face keeps: FACE.NAME.
func (a *assembly) extra(path string, value []byte) error {
	if a.isText {
		if len(value) == 0 {
			return nil
		}
		value = quoted(string(value))
	} else if len(value) == 0 || value[0] == 'n' {
		return nil
	}
	face, name, _ := strings.Cut(path, ".")
	return set(a.extras, []string{face, name}, json.RawMessage(slices.Clone(value)))
}

// finish gives the record.
func (a *assembly) finish() (directory.ImportRecord, error) {
	var err error
	if a.out.Attrs = nil; len(a.attrs) > 0 {
		a.out.Attrs = encode(a.attrs)
	}
	if len(a.extras) > 0 {
		if a.out.Extras != nil {
			return a.out, profile.E(profile.Invalid, profile.CodeDuplicate, toExtras, "%s and %s go to the same place", toExtras, toExtra)
		}
		a.out.Extras = encode(a.extras)
	}
	if a.digest != "" {
		a.out.Hash, err = importHash(a.digestOf, a.digest)
	}
	return a.out, err
}

// importHash reads a hash that another product gave away.
func importHash(algorithm, digest string) (string, error) {
	if algorithm == "" {
		if credential.Check(digest) == nil {
			return digest, nil
		}
		return "", profile.E(profile.Missing, profile.CodeRequired, "hash_algorithm", "a hash needs the name of its algorithm")
	}
	hash, known, ok := credential.Import(algorithm, digest)
	switch {
	case !known:
		return "", profile.E(profile.Invalid, profile.CodeChoice, "hash_algorithm", "none of %s", strings.Join(credential.Algorithms, ", "))
	case !ok:
		return "", profile.E(profile.Invalid, profile.CodeConstraint, "password_hash", "not a hash of %s", algorithm)
	}
	return hash, nil
}

// encode writes values of ours, and JSON that was checked: it cannot fail on
// them.
func encode(v any) json.RawMessage {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("transfer: encoding our own value: " + err.Error())
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

func asSemantic(err error, to **jsonv2.SemanticError) bool { return errors.As(err, to) }

// dotted makes a dotted path of a JSON pointer.
func dotted(pointer string) string {
	return strings.ReplaceAll(strings.TrimPrefix(pointer, "/"), "/", ".")
}
