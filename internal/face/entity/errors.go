package entity

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"facet/internal/credential"
	"facet/internal/face"
	"facet/internal/profile"
	"facet/internal/schema"
)

// Codes of what only this face tells apart.
const (
	codeMissing   profile.Code = "missing_argument"
	codeArgument  profile.Code = "invalid_argument"
	codeDuplicate profile.Code = "duplicate_argument"
	codeTimeout   profile.Code = "timeout"
	codeGrantType profile.Code = "grant_type"
)

// syntaxText is the API's reason for JSON that cannot be read.
const syntaxText = "the JSON is not syntactically valid"

// apiError is how the API names an error (Identity Cloud, "Registration error
// codes"). Text replaces the message where the API's own is known or ours
// would tell too much; the field that the error names is the member called
// field, as it is or as an attribute path.
type apiError struct {
	code  int
	name  string
	field fieldAs
	text  string
}

type fieldAs uint8

const (
	asNothing   fieldAs = iota
	asArgument          // "argument_name":"uuid"
	asAttribute         // "attribute_name":"/email"
	asPathOf            // "argument_name":"/email": a value within an argument
)

var unexpected = apiError{500, "unexpected_error", asNothing, "an unexpected internal error has occurred"}

// apiErrors is the one translation of codes.
var apiErrors = map[profile.Code]apiError{
	codeMissing:   {100, "missing_argument", asArgument, ""},
	codeArgument:  {200, "invalid_argument", asArgument, ""},
	codeDuplicate: {201, "duplicate_argument", asNothing, ""},

	profile.CodeSyntax:    {200, "invalid_argument", asPathOf, ""},
	profile.CodeInvalid:   {200, "invalid_argument", asPathOf, ""},
	profile.CodeInvalidID: {200, "invalid_argument", asPathOf, ""},
	profile.CodeTooLarge:  {200, "invalid_argument", asPathOf, ""},

	profile.CodeNoAuth:            {205, "invalid_auth_method", asNothing, ""},
	profile.CodeUnknownType:       {222, "unknown_entity_type", asNothing, ""},
	profile.CodeUnknownAttribute:  {223, "unknown_attribute", asAttribute, ""},
	profile.CodeTypeExists:        {232, "entity_type_exists", asNothing, ""},
	profile.CodeAttributeExists:   {233, "attribute_exists", asAttribute, ""},
	profile.CodeTypeReserved:      {234, "reserved_entity_type", asNothing, ""},
	profile.CodeReservedAttribute: {234, "reserved_attribute", asAttribute, ""},
	profile.CodeNotFound:          {310, "record_not_found", asNothing, ""},
	profile.CodeIDInNew:           {320, "id_in_new_record", asAttribute, ""},
	profile.CodeTimestampMismatch: {330, "timestamp_mismatch", asAttribute, ""},
	profile.CodeType:              {341, "invalid_json_type", asAttribute, ""},
	profile.CodeDateTime:          {342, "invalid_date_time", asAttribute, ""},
	profile.CodePassword:          {350, "invalid_password_value", asNothing, "incorrect password."},
	profile.CodeConstraint:        {360, "constraint_violation", asAttribute, ""},
	profile.CodeChoice:            {360, "constraint_violation", asAttribute, ""},
	profile.CodeLastManager:       {360, "constraint_violation", asNothing, ""},
	profile.CodeTaken:             {361, "unique_violation", asAttribute, "Attempted to update a duplicate value"},
	profile.CodeRequired:          {362, "missing_required_attribute", asAttribute, ""},
	profile.CodeBlank:             {362, "missing_required_attribute", asAttribute, ""},
	profile.CodeLength:            {363, "length_violation", asAttribute, ""},

	profile.CodeBadClient:    {402, "invalid_client_credentials", asNothing, "the client id is unknown or the client secret is wrong"},
	profile.CodeForbidden:    {403, "client_permission_error", asNothing, "the client does not have the permission for this call"},
	profile.CodeNoRoute:      {404, "invalid_api_method", asNothing, "This API endpoint does not exist"},
	profile.CodeMethod:       {404, "invalid_api_method", asNothing, "This API endpoint does not exist for the HTTP method"},
	profile.CodeNoGrant:      {413, "no_access_grant", asNothing, ""},
	profile.CodeBadToken:     {414, "access_token_expired", asNothing, "access_token expired"},
	profile.CodeExpiredToken: {414, "access_token_expired", asNothing, "access_token expired"},
	profile.CodeMemberGone:   {414, "access_token_expired", asNothing, "access_token expired"},

	profile.CodeAuthorizationCode:   {200, "invalid_argument", asArgument, ""},
	profile.CodeRefreshToken:        {200, "invalid_argument", asArgument, ""},
	profile.CodeVerificationUnknown: {200, "invalid_argument", asArgument, ""},
	codeGrantType:                   {200, "invalid_argument", asArgument, ""},
	profile.CodeAuthorizationOver:   {415, "authorization_code_expired", asNothing, ""},
	profile.CodeVerificationOver:    {416, "verification_code_expired", asNothing, ""},
	profile.CodeCreationOver:        {417, "creation_token_expired", asNothing, ""},
	profile.CodeRedirectURI:         {420, "redirect_uri_mismatch", asNothing, ""},

	profile.CodeContains: {485, "unsupported_operator", asNothing, ""},
	profile.CodeInternal: unexpected,
	codeTimeout:          {504, "timeout", asNothing, "the API call timed out"},

	profile.CodeVersionMismatch: {510, "api_limit_error", asNothing, "the record is being changed by other calls, try again"},
	profile.CodeAttempts:        {510, "api_limit_error", asNothing, "too many wrong passwords, try again later"},
	profile.CodeBusy:            {510, "api_limit_error", asNothing, "The limit on total number of simultaneous API calls has been reached"},
}

// byKind names the code that stands for those apiErrors does not have.
var byKind = map[profile.Kind]profile.Code{
	profile.Malformed:        profile.CodeInvalid,
	profile.Invalid:          profile.CodeInvalid,
	profile.Missing:          profile.CodeRequired,
	profile.Unknown:          profile.CodeUnknownAttribute,
	profile.Taken:            profile.CodeTaken,
	profile.NotFound:         profile.CodeNotFound,
	profile.Unauthenticated:  profile.CodeBadClient,
	profile.Expired:          profile.CodeExpiredToken,
	profile.Forbidden:        profile.CodeForbidden,
	profile.Conflict:         profile.CodeConstraint,
	profile.TooLarge:         profile.CodeTooLarge,
	profile.Limited:          profile.CodeBusy,
	profile.Busy:             profile.CodeBusy,
	profile.MethodNotAllowed: profile.CodeMethod,
}

func translate(e *profile.Error) apiError {
	if e.Kind == profile.Internal {
		return unexpected
	}
	as, ok := apiErrors[e.Code]
	if !ok {
		as, ok = apiErrors[byKind[e.Kind]]
	}
	if !ok {
		return unexpected
	}
	return as
}

func missingArgument(name string) error {
	return profile.E(profile.Missing, codeMissing, name, "missing required argument: %s", name)
}

// badArgument is an argument that cannot be read, with the reason.
func badArgument(name, reason string, args ...any) error {
	return profile.E(profile.Malformed, codeArgument, name, reason, args...)
}

func duplicate(format string, args ...any) error {
	return profile.E(profile.Malformed, codeDuplicate, "", format, args...)
}

// argumentError names the argument in errors whose field is one of the
// arguments, not an attribute.
func argumentError(err error, arguments ...string) error {
	e := profile.AsError(err)
	if e.Kind == profile.Internal || e.Code == profile.CodeContains || !slices.Contains(arguments, e.Field) {
		return err
	}
	named := *e
	named.Code = codeArgument
	return &named
}

// answerError is argumentError for lists: one too large to be answered is an
// error about max_results.
func answerError(err error, arguments ...string) error {
	if e := profile.AsError(err); e.Code == profile.CodeTooLarge && e.Field == "max_results" {
		return badArgument(e.Field, "%s", e.Message)
	}
	return argumentError(err, arguments...)
}

// documentError names the argument in errors about a JSON document as a whole.
func documentError(err error, argument string) error {
	e := profile.AsError(err)
	if e.Field != "" {
		return err
	}
	switch e.Code {
	case profile.CodeSyntax:
		return badArgument(argument, syntaxText)
	case profile.CodeTooLarge, profile.CodeInvalid:
		return badArgument(argument, "%s", e.Message)
	case profile.CodeType:
		return badArgument(argument, "it must be a JSON object")
	}
	return err
}

// fail answers with an error, members in the order of the API's samples.
func fail(w http.ResponseWriter, c *face.Call, err error) {
	e := profile.AsError(err)
	as := translate(e)
	if e.Retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(e.Retry))
	}
	p := takeBuffer()
	defer giveBuffer(p)
	*p = appendError(*p, as, e, "", requestID(c))
	send(w, *p)
}

// appendError appends an error object; where OAuth has a name of its own for
// the error, ours is the sub_error.
func appendError(b []byte, as apiError, e *profile.Error, oauth, requestID string) []byte {
	b = append(b, '{')
	member := func(name, value string) {
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = schema.AppendString(append(schema.AppendString(b, name), ':'), value)
	}
	attribute := "/" + strings.ReplaceAll(e.Field, ".", "/")
	switch {
	case e.Field == "":
	case as.field == asArgument:
		member("argument_name", e.Field)
	case as.field == asPathOf:
		member("argument_name", attribute)
	case as.field == asAttribute:
		member("attribute_name", attribute)
	}
	if row, ok := e.Detail[rowDetail].(string); ok && as.field != asArgument && as.field != asPathOf {
		member("argument_name", row)
	}
	for _, name := range [...]string{"type_name", "actual_value", "expected_value", "supplied_value"} {
		if v, ok := e.Detail[name].(string); ok {
			member(name, v)
		}
	}
	member("request_id", requestID)
	b = strconv.AppendInt(append(b, `,"code":`...), int64(as.code), 10)
	member("error_description", description(as, e))
	if oauth != "" {
		member("error", oauth)
		member("sub_error", as.name)
	} else {
		member("error", as.name)
	}
	member("stat", "error")
	return append(b, '}')
}

// rowDetail is the detail of an error that tells which row of all_attributes it
// is about.
const rowDetail = "row"

// appendRowError appends what stands in the place of a row that could not be
// made. As recorded from the published servers it has no request id, and
// unique_violation names no attribute.
func appendRowError(b []byte, err error) []byte {
	e := profile.AsError(err)
	as := translate(e)
	b = strconv.AppendInt(append(b, `{"code":`...), int64(as.code), 10)
	b = schema.AppendString(append(b, `,"error":`...), as.name)
	b = schema.AppendString(append(b, `,"error_description":`...), description(as, e))
	if e.Field != "" && e.Code != profile.CodeTaken && as.field != asNothing {
		b = schema.AppendString(append(b, `,"attribute_name":`...), "/"+strings.ReplaceAll(e.Field, ".", "/"))
	}
	return append(b, `,"stat":"error"}`...)
}

func description(as apiError, e *profile.Error) string {
	switch {
	case as.text != "":
		return as.text
	case e.Code == codeArgument:
		return e.Field + " was not valid for the following reason: " + e.Message
	case e.Code == profile.CodeNoAuth && e.Message == "authentication required":
		return "no authentication provided, for example client_id and client_secret"
	case e.Message == "":
		return as.name
	}
	return e.Message
}

// requestID is the call's own id where that has the API's form, 16 lower-case
// letters and digits.
func requestID(c *face.Call) string {
	const size = 16
	if len(c.ID) != size {
		return credential.NewAlnum(size)
	}
	for i := range len(c.ID) {
		if ch := c.ID[i]; (ch < 'a' || ch > 'z') && (ch < '0' || ch > '9') {
			return credential.NewAlnum(size)
		}
	}
	return c.ID
}
