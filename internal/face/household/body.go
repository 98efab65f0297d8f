package household

import (
	"bytes"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
	"facet/internal/schema"
)

// form is how a body says what it says, and so how the answer does.
type form uint8

const (
	plain  form = iota // the document's: {"name":"Dad"}; "data" of the answer is an array
	listed             // {"data":[{"attributes":{…}}]}, likewise
	single             // JSON:API: {"data":{"attributes":{…}}}; "data" of the answer is an object
)

// input is the body of a request: members by name, and what is wrong with
// them.
type input struct {
	of       *kind
	form     form
	jsonAPI  bool   // its type is JSON:API's: no leniency
	resource string // pointer to the resource object; "" where the body is none
	at       string // pointer to the attributes
	within   string // the nearest pointer that leads to something, for what is missing
	outer    map[string]jsontext.Value
	values   map[string]jsontext.Value // the attributes
	meta     map[string]jsontext.Value // of the document
	proofs   map[string]source         // where the password and the PIN were given
	problems problems
}

// kind is a type of resource that bodies describe.
type kind struct {
	spellings  []string // of its type that are read; the first is written
	attributes []string
}

// profileKind is a profile. Its type has the spellings that clients make of
// UserProfile and of the path's last segment.
var profileKind = &kind{
	[]string{"UserProfile", "UserProfiles", "userProfile", "userProfiles", "user_profile", "user_profiles", "user-profile", "user-profiles"},
	[]string{"name", "user_id", "is_child_profile", "age_limit", "is_default", "avatar_id", "language", "subtitle_language", "autoplay", "profile_pin", "password", "pin"},
}

// readObject reads the body of a request as one JSON object. No body is no
// members.
func readObject(w http.ResponseWriter, r *http.Request) (*input, error) {
	raw, err := face.ReadBody(w, r, face.MaxBody)
	if err != nil {
		return nil, err
	}
	in := &input{values: map[string]jsontext.Value{}, proofs: map[string]source{}}
	header := r.Header.Get("Content-Type")
	if len(raw) == 0 && header == "" {
		return in, nil
	}
	if in.jsonAPI, err = mediaOf(header); err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(raw)) == 0 {
		return in, nil
	}
	if err := schema.CheckJSON(raw, face.MaxDepth); err != nil {
		return nil, err
	}
	if jsontext.Value(raw).Kind() != '{' {
		return nil, malformed("", "The body must be a JSON object.")
	}
	return in, json.Unmarshal(raw, &in.values)
}

// mediaOf says whether a type is JSON:API's, whose parameters are ext, which
// nobody here understands, and profile, which is ignored (JSON:API 1.1,
// "Server Responsibilities").
func mediaOf(header string) (jsonAPI bool, err error) {
	media, params, err := mime.ParseMediaType(header)
	switch {
	case err != nil:
		return false, unsupported("The type of the body cannot be read.")
	case media == jsonAPIType:
		delete(params, "profile")
		if len(params) > 0 {
			return false, unsupported("%s has no parameter but profile here.", jsonAPIType)
		}
		return true, nil
	case media == plainType && (params["charset"] == "" || strings.EqualFold(params["charset"], "utf-8")):
		return false, nil
	}
	return false, unsupported("A body is %s or %s, in UTF-8.", plainType, jsonAPIType)
}

// readProfile reads a body that describes a profile.
func readProfile(w http.ResponseWriter, r *http.Request) (*input, error) {
	return readResource(w, r, profileKind, true)
}

// readResource reads a body that describes a resource, in any of its forms;
// where it need not be there, no body describes nothing.
func readResource(w http.ResponseWriter, r *http.Request, of *kind, needed bool) (*input, error) {
	in, err := readObject(w, r)
	if err != nil {
		return nil, err
	}
	in.of = of
	if !needed && len(in.values) == 0 {
		in.outer = in.values
		return in, nil
	}
	if raw, ok := in.values["meta"]; ok && (raw.Kind() != '{' || json.Unmarshal(raw, &in.meta) != nil) {
		return nil, malformed("/meta", "The meta must be an object.")
	}
	data, there := in.values["data"]
	switch {
	case !there && in.jsonAPI:
		return nil, malformed("", "The document has no data.")
	case !there:
		in.outer = in.values
		in.values = map[string]jsontext.Value{}
		for name, v := range in.outer {
			if name != "type" && name != "id" && name != "meta" {
				in.values[name] = v
			}
		}
		return in, nil
	}
	for name := range in.values {
		if slices.Contains(of.attributes, name) && !in.jsonAPI {
			return nil, refuse(profile.E(profile.Malformed, "ambiguous_body", "", "The body has both data and %s.", name), source{Pointer: "/data"}, 0)
		}
	}
	in.form, in.resource = single, "/data"
	if data.Kind() == '[' && !in.jsonAPI {
		var elements []jsontext.Value
		if err := json.Unmarshal(data, &elements); err != nil || len(elements) != 1 {
			return nil, malformed("/data", "The data must be one resource.")
		}
		in.form, in.resource, data = listed, "/data/0", elements[0]
	}
	if data.Kind() != '{' {
		return nil, malformed(in.resource, "The data must be a resource object.")
	}
	if err := json.Unmarshal(data, &in.outer); err != nil {
		return nil, err
	}
	in.at, in.within = in.resource+"/attributes", in.resource
	in.values = map[string]jsontext.Value{}
	if raw, ok := in.outer["attributes"]; ok {
		in.within = in.at
		if raw.Kind() != '{' {
			in.wrongType(in.at, "The attributes must be an object.")
		} else if err := json.Unmarshal(raw, &in.values); err != nil {
			return nil, err
		}
	}
	return in, nil
}

// checkType wants the type of the resource, if it is named, to be the one asked
// for.
func (in *input) checkType() error {
	raw, ok := in.outer["type"]
	if !ok {
		if in.jsonAPI {
			return malformed(in.resource, "The resource object has no type.")
		}
		return nil
	}
	if text, _ := schema.Text(raw); raw.Kind() != '"' || !slices.Contains(in.of.spellings, text) {
		return refuse(profile.E(profile.Conflict, "type_mismatch", "", "The type here is %s.", in.of.spellings[0]), source{Pointer: in.resource + "/type"}, 0)
	}
	return nil
}

// refuseID refuses an id for a profile that is still to be made: the server
// mints it.
func (in *input) refuseID() error {
	if _, ok := in.outer["id"]; !ok {
		return nil
	}
	return refuse(profile.E(profile.Forbidden, profile.CodeIDInNew, "", "The id of a new profile is given by the server."), source{Pointer: in.resource + "/id"}, 0)
}

// checkID wants the id of the resource, if it is named, to be the path's.
func (in *input) checkID(id string) error {
	raw, ok := in.outer["id"]
	if !ok {
		if in.jsonAPI {
			return malformed(in.resource, "The resource object has no id.")
		}
		return nil
	}
	if text, _ := schema.Text(raw); raw.Kind() != '"' || !strings.EqualFold(text, id) {
		return refuse(profile.E(profile.Conflict, "id_mismatch", "", "The id is not the one in the path."), source{Pointer: in.resource + "/id"}, 0)
	}
	return nil
}

// edit reads the attributes. proves says whether the account's password or PIN
// may be among them.
func (in *input) edit(r *http.Request, proves bool) directory.MemberEdit {
	out := directory.MemberEdit{
		Name: in.text("name"), Child: in.truth("is_child_profile"), Default: in.truth("is_default"), AgeLimit: in.years("age_limit"),
		Avatar: in.choice("avatar_id"), Language: in.choice("language"), Subtitles: in.choice("subtitle_language"),
		NoLimit: in.isNull("age_limit"), NoAutoplay: in.isNull("autoplay"), NoPIN: in.isNull("profile_pin"),
	}
	if !out.NoAutoplay {
		out.Autoplay = in.truth("autoplay")
	}
	if !out.NoPIN {
		out.PIN = in.text("profile_pin")
	}
	if raw, ok := in.values["user_id"]; ok {
		out.Accounts = append(out.Accounts, in.account(raw, in.at+"/user_id"))
	}
	if proves {
		out.Proof = in.proof(r, "pin")
	}
	if raw, ok := in.outer["relationships"]; ok && in.form != plain {
		out.Accounts = in.related(out.Accounts, raw)
	}
	for name := range in.values {
		if !slices.Contains(in.of.attributes, name) || (name == "password" || name == "pin") && !proves {
			in.unknown(in.at, name)
		}
	}
	in.sortProblems()
	return out
}

// accountPIN is the header that an account's PIN may come in.
const accountPIN = "X-Account-Pin"

// proof reads the account's password and PIN: among the attributes, in the
// document's meta, or in the header X-Account-Pin. pin is how the PIN is called
// in the body.
func (in *input) proof(r *http.Request, pin string) directory.MemberProof {
	out := directory.MemberProof{Password: in.secret("password", "password"), PIN: in.secret(pin, "pin")}
	if lines := r.Header[accountPIN]; len(lines) > 0 {
		at := source{Header: accountPIN}
		if _, twice := in.proofs["pin"]; twice || len(lines) > 1 || lines[0] == "" {
			in.problems = append(in.problems, located{Error: profile.E(profile.Invalid, profile.CodeDuplicate, "", "Send one PIN, in one place."), source: at})
		}
		out.PIN, in.proofs["pin"] = lines[0], at
	}
	return out
}

// secret reads a text that is no attribute, though it may stand among them, or
// in the meta of the document.
func (in *input) secret(name, field string) string {
	text := in.text(name)
	at := in.at + "/" + name
	if raw, ok := in.meta[name]; ok {
		switch inMeta, isText := schema.Text(raw); {
		case text != nil:
			in.problem("/meta/"+name, profile.E(profile.Invalid, profile.CodeDuplicate, "", "%s stands in two places.", name))
		case !isText:
			in.wrongType("/meta/"+name, name+" must be a string.")
		default:
			text, at = &inMeta, "/meta/"+name
		}
	}
	if text == nil {
		return ""
	}
	if *text == "" {
		in.problem(at, profile.E(profile.Missing, profile.CodeBlank, "", "%s may not be empty.", name))
	}
	in.proofs[field] = source{Pointer: at}
	return *text
}

func (in *input) sortProblems() {
	slices.SortStableFunc(in.problems, func(a, b located) int { return strings.Compare(a.source.Pointer, b.source.Pointer) })
}

// account reads the number or uuid of an account.
func (in *input) account(raw jsontext.Value, at string) string {
	switch text, ok := schema.Text(raw); {
	case ok:
		return text
	case raw.Kind() == '0':
		if n, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
			return strconv.FormatInt(n, 10)
		}
	}
	in.wrongType(at, "An account is a number or a uuid.")
	return ""
}

// related reads the relationships: the account is the only one.
func (in *input) related(accounts []string, raw jsontext.Value) []string {
	at := in.resource + "/relationships"
	var all map[string]jsontext.Value
	if raw.Kind() != '{' || json.Unmarshal(raw, &all) != nil {
		in.wrongType(at, "The relationships must be an object.")
		return accounts
	}
	for name := range all {
		if name != "user" {
			in.unknown(at, name)
		}
	}
	if raw, ok := all["user"]; ok {
		var user struct {
			Data struct {
				ID string `json:"id"`
			} `json:"data"`
		}
		if err := json.Unmarshal(raw, &user); err != nil {
			in.wrongType(at+"/user", "A relationship is an object with the data type and id.")
			return accounts
		}
		accounts = append(accounts, user.Data.ID)
	}
	return accounts
}

// unknown notes a member that profiles do not have.
func (in *input) unknown(at, name string) {
	if len(name) > maxNamed {
		name = name[:maxNamed]
	}
	if len(in.problems) < maxUnknown {
		in.problem(at+"/"+pointerEscape.Replace(strings.ToValidUTF8(name, "")), profile.E(profile.Unknown, profile.CodeUnknownAttribute, "", "There is no such attribute."))
	}
}

var pointerEscape = strings.NewReplacer("~", "~0", "/", "~1")

func (in *input) problem(pointer string, e *profile.Error) {
	in.problems = append(in.problems, located{Error: e, source: source{Pointer: pointer}})
}

func (in *input) wrongType(pointer, text string) {
	in.problem(pointer, profile.E(profile.Invalid, profile.CodeType, "", "%s", text))
}

// value gives a member that is there, and not null.
func (in *input) value(name string) (jsontext.Value, bool) {
	raw, ok := in.values[name]
	if ok && raw.Kind() == 'n' {
		in.problem(in.at+"/"+name, profile.E(profile.Missing, profile.CodeRequired, "", "%s may not be null.", name))
		return nil, false
	}
	return raw, ok
}

func (in *input) text(name string) *string {
	raw, ok := in.value(name)
	if !ok {
		return nil
	}
	if raw.Kind() != '"' {
		in.wrongType(in.at+"/"+name, name+" must be a string.")
		return nil
	}
	text, _ := schema.Text(raw)
	return &text
}

func (in *input) isNull(name string) bool { return in.values[name].Kind() == 'n' }

// choice is text, where null takes back what was chosen.
func (in *input) choice(name string) *string {
	if in.isNull(name) {
		return new("")
	}
	return in.text(name)
}

func (in *input) truth(name string) *bool {
	raw, ok := in.value(name)
	if !ok {
		return nil
	}
	if kind := raw.Kind(); kind != 't' && kind != 'f' {
		in.wrongType(in.at+"/"+name, name+" must be true or false.")
		return nil
	}
	return new(raw.Kind() == 't')
}

func (in *input) years(name string) *int {
	raw, ok := in.values[name]
	if !ok || raw.Kind() == 'n' {
		return nil
	}
	n, err := strconv.Atoi(string(raw))
	if err != nil {
		in.wrongType(in.at+"/"+name, name+" must be an integer or null.")
		return nil
	}
	return &n
}

// required reads a text of at most max characters that has to be there under
// one of some names, and just one.
func (in *input) required(max int, names ...string) string {
	var given []string
	for _, name := range names {
		if _, ok := in.values[name]; ok {
			given = append(given, name)
		}
	}
	if len(given) == 0 {
		in.problem(in.at+"/"+names[0], profile.E(profile.Missing, profile.CodeRequired, "", "%s is required.", names[0]))
		return ""
	}
	for _, name := range given[1:] {
		in.problem(in.at+"/"+name, profile.E(profile.Invalid, profile.CodeDuplicate, "", "%s says the same as %s: send one of them.", name, given[0]))
	}
	text := in.text(given[0])
	switch {
	case text == nil:
		return ""
	case *text == "":
		in.problem(in.at+"/"+given[0], profile.E(profile.Missing, profile.CodeBlank, "", "%s may not be empty.", given[0]))
	case utf8.RuneCountInString(*text) > max:
		in.problem(in.at+"/"+given[0], profile.E(profile.Invalid, profile.CodeLength, "", "%s has %d characters at most.", given[0], max))
	}
	return *text
}

// only wants no other members than these.
func (in *input) only(names ...string) error {
	for name := range in.values {
		if !slices.Contains(names, name) {
			in.unknown(in.at, name)
		}
	}
	in.sortProblems()
	return in.problems.err()
}

// locate says where in the body the field of an error stands. A pointer has to
// lead to something, so what is missing is said of what it is missing in.
func (in *input) locate(err error) error {
	e := profile.AsError(err)
	if err == nil || !slices.Contains(in.of.attributes, e.Field) {
		return err
	}
	if at, ok := in.proofs[e.Field]; ok {
		return refuse(e, at, 0)
	}
	pointer := in.at + "/" + e.Field
	_, there := in.values[e.Field]
	switch {
	case there || in.form == plain:
	case e.Field == "user_id":
		pointer = in.resource + "/relationships/user"
	default:
		pointer = in.within
	}
	return refuse(e, source{Pointer: pointer}, 0)
}
