package profile

import (
	"errors"
	"fmt"
	"strings"
)

// Kind says what sort of refusal an Error is. Each face maps kinds, and a few
// codes, to its own status and body in one place.
type Kind uint8

// The kinds of refusal.
const (
	Internal         Kind = iota // our fault; its text never leaves the process
	Malformed                    // cannot be read: syntax, encoding, a bad id
	Invalid                      // read, but breaks a rule
	Missing                      // something required is absent or null
	Unknown                      // a field, type or attribute that does not exist
	Taken                        // another record has the name
	NotFound                     // no such thing, or not for this caller
	Unauthenticated              // no proof, or a wrong one
	Expired                      // a proof that was right once
	Forbidden                    // known caller, not allowed
	Conflict                     // the thing is not in the state the caller supposed
	TooLarge                     // over a limit of size or count
	Limited                      // too many tries; see RetryAfter
	Busy                         // not now; see RetryAfter
	MethodNotAllowed             // the path exists, not with this method; the Allow header lists those that do
)

// Code is the stable, fine name of an error; faces translate those they know.
type Code string

// The codes. A code is listed once, however many packages raise it.
const (
	CodeInternal           Code = "internal"
	CodeSyntax             Code = "syntax"              // malformed JSON, bad UTF-8, NUL, duplicate key
	CodeTooLarge           Code = "too_large"           // body, depth or count over the limit
	CodeInvalid            Code = "invalid"             // a value that breaks a rule without a code of its own
	CodeInvalidID          Code = "invalid_id"          // not a uuid
	CodeRequired           Code = "required"            // absent or null
	CodeBlank              Code = "blank"               // present but empty
	CodeChoice             Code = "choice"              // not one of the allowed values
	CodeUnknownType        Code = "unknown_type"        // no such entity type
	CodeUnknownAttribute   Code = "unknown_attribute"   // no such attribute
	CodeTypeExists         Code = "type_exists"         // an entity type of that name
	CodeTypeReserved       Code = "type_reserved"       // an entity type that stays
	CodeAttributeExists    Code = "attribute_exists"    // an attribute of that name
	CodeReservedAttribute  Code = "reserved_attribute"  // id, uuid, created … cannot be written
	CodeNotFound           Code = "not_found"           //
	CodeIDInNew            Code = "id_in_new_record"    // an id given for something not yet made
	CodeTimestampMismatch  Code = "timestamp_mismatch"  // created / lastUpdated guard
	CodeVersionMismatch    Code = "version_mismatch"    // If-Match
	CodeType               Code = "wrong_type"          // JSON type differs from the schema's
	CodeDateTime           Code = "date_time"           // not a date or time we read
	CodeConstraint         Code = "constraint"          // a constraint or rule of the schema
	CodeContains           Code = "contains"            // the filter operator that the entity API removed
	CodeLength             Code = "length"              // longer than allowed
	CodeDuplicate          Code = "duplicate"           // the same thing twice in one request
	CodeTaken              Code = "taken"               // a unique value is in use
	CodeCredentials        Code = "credentials"         // wrong user name or password
	CodePasswordMissing    Code = "password_missing"    // the account has a password and none was given
	CodePassword           Code = "password"            // the password, asked for by itself, is wrong
	CodeNoAuth             Code = "no_auth"             // nothing that proves the caller
	CodeBadClient          Code = "bad_client"          // unknown API client or wrong secret
	CodeBadToken           Code = "bad_token"           // unreadable, foreign or revoked token
	CodeExpiredToken       Code = "expired_token"       // a token whose time is over
	CodeForbidden          Code = "forbidden"           //
	CodeRegistrationClosed Code = "registration_closed" // site policy
	CodeProofRequired      Code = "proof_required"      // an existing record is completed only with a code, ticket or operator
	CodeLastManager        Code = "last_manager"        // the broker must keep one
	CodeOneTime            Code = "one_time"            // a mailed, sent or generated code that does not match
	CodeOneTimeRequired    Code = "one_time_required"   // the account asks for a one-time password too
	CodeUnready            Code = "unready"             // the account has no password yet, or the terms are not signed
	CodeDisabled           Code = "disabled"            // the account is disabled
	CodeAttempts           Code = "attempts"            // too many wrong tries
	CodeNotPersonal        Code = "not_personal"        // a user that is no personal profile
	CodeRepeat             Code = "repeat"              // a key for repeats that stands for another request
	CodeQuota              Code = "quota"               // as many as one person may make within the time
	CodeSubscribed         Code = "subscribed"          // a plan that somebody subscribed to
	CodeGone               Code = "gone"                // the client broke off before its answer
	CodeBusy               Code = "busy"                // a bounded resource is full
	CodeNoRoute            Code = "no_route"            // no face has the path
	CodeMethod             Code = "method"              // the path has other methods
	CodePruned             Code = "pruned"              // events after a cursor are not kept any more; Detail "oldest"
)

// The codes of app documents.
const (
	CodePatchTest   Code = "patch_test_failed" // a test of a JSON Patch that does not hold
	CodePatchPath   Code = "patch_path"        // a path of a JSON Patch that leads nowhere
	CodeSection     Code = "section_forbidden" // a part of a document that only its app or an operator writes
	CodeSchema      Code = "schema_violation"  // a document breaks the JSON Schema of its app
	CodeImporting   Code = "import_running"    // an import writes the document just now
	CodeMatchNeeded Code = "if_match_required" // the app wants every change to name the version it is of
	CodeAppInUse    Code = "app_has_profiles"  // an app that documents are kept for
	CodeRefreshOff  Code = "refresh_disabled"  // the session is not renewed any more
)

// The codes of household profiles.
const (
	CodeMemberName       Code = "profile_name_taken"         // another profile of the household has the name
	CodeMemberLimit      Code = "profile_limit_reached"      // the household has no room for more; Detail "limit"
	CodeMemberMoved      Code = "profile_of_another_account" // the body names another account than the path
	CodeDefaultProtected Code = "default_profile_protected"  // the default profile cannot be deleted
	CodeDefaultRequired  Code = "default_required"           // one profile has to be the default
	CodeDefaultChild     Code = "default_cannot_be_child"    // the default profile cannot be a child's
	CodeMemberGone       Code = "profile_gone"               // the profile that a session acts as was deleted
	CodePIN              Code = "wrong_pin"                  // the PIN, asked for by itself, is wrong; Detail "attempts_left"
	CodePINUnset         Code = "pin_not_set"                // there is no PIN to prove
)

// The codes of tokens and codes that API clients issue.
const (
	CodeNoGrant             Code = "no_access_grant"            // what a token or code stood for was taken back
	CodeAuthorizationCode   Code = "authorization_code"         // an unknown or used one
	CodeAuthorizationOver   Code = "authorization_code_expired" //
	CodeRefreshToken        Code = "refresh_token"              // an unknown, foreign or used one
	CodeVerificationUnknown Code = "verification_code"          // an unknown or used one
	CodeVerificationOver    Code = "verification_code_expired"  //
	CodeCreationOver        Code = "creation_token_expired"     // also an unknown one
	CodeRedirectURI         Code = "redirect_uri_mismatch"      // Detail "expected_value", "supplied_value"
)

// Error is the one error type that crosses package borders: faces render it,
// the log line is made from it, once, at the edge.
type Error struct {
	Kind    Kind
	Code    Code
	Field   string         // the kernel's field or attribute path, e.g. "email" or "primaryAddress.city"; "" when none
	Message string         // for people; plain English, no secrets
	Detail  map[string]any // extra facts that a wire contract carries (actual_value, …)
	Retry   int            // seconds, for Limited and Busy
	Err     error          // the cause, for the log only
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(string(e.Code))
	if e.Field != "" {
		fmt.Fprintf(&b, " %s", e.Field)
	}
	if e.Message != "" {
		fmt.Fprintf(&b, ": %s", e.Message)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// E makes an error of the given kind and code. Of a long argument the message
// has the beginning: see Brief.
func E(kind Kind, code Code, field, format string, args ...any) *Error {
	return &Error{Kind: kind, Code: code, Field: field, Message: fmt.Sprintf(format, briefly(args)...)}
}

// AsError finds the Error in err's chain; anything else is Internal. What it says
// is never longer than what a caller can use, whatever the caller sent: of a long
// field, message or text among the details it has the beginning.
func AsError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e.brief()
	}
	return &Error{Kind: Internal, Code: CodeInternal, Message: "internal error", Err: err}
}

// IsKind reports whether err is an Error of that kind.
func IsKind(err error, kind Kind) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == kind
}

// IsCode reports whether err is an Error with that code.
func IsCode(err error, code Code) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}
