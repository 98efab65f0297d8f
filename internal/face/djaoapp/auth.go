package djaoapp

import (
	"mime"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
)

// login signs in with a user name, e-mail or phone and a password (POST
// /api/auth).
func login(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	in, err := readFields(w, r)
	if err != nil {
		return err
	}
	who := directory.Credentials{Login: in.required("username", 254), Spaces: []profile.Space{profile.Slug, profile.Email, profile.Phone}}
	who.Password, _ = in.secret("password")
	if who.Login != "" && !isLoginName(who.Login) {
		in.wrong("username", textLogin)
	}
	p := in.proof()
	who.EmailCode, who.PhoneCode, who.OTP = p.EmailCode, p.PhoneCode, p.OTP
	if err := in.err(); err != nil {
		return err
	}
	signedIn, err := c.Site.Login(r.Context(), who, directory.Exchanged)
	if err != nil {
		return mismatched(err)
	}
	return writeToken(w, r, c, signedIn)
}

// writeToken answers with the token of a session that began, "" where none did.
// With "cookie" in the query a browser is told to keep the session too.
func writeToken(w http.ResponseWriter, r *http.Request, c *face.Call, in directory.SignIn) error {
	if wantsCookie(r) && in.Token != "" {
		if err := setCookies(w, r, c, in); err != nil {
			return err
		}
	}
	return write(w, http.StatusCreated, tokenAnswer{in.Token})
}

// mismatched answers a code that does not match as a bad value, as signing in
// and registering do.
func mismatched(err error) error {
	if e := profile.AsError(err); err != nil && e.Code == profile.CodeOneTime {
		return refuse(profile.Invalid, profile.CodeOneTime, http.StatusBadRequest, object{{e.Field, e.Message}})
	}
	return err
}

const textLogin = "Enter a valid username, email or phone number."

// isLoginName reports whether somebody may be known by the name: a user name,
// an e-mail, or a phone number.
func isLoginName(name string) bool {
	_, phone := directory.E164(name)
	return phone || directory.IsSlug(name) || directory.IsEmail(name)
}

// register makes an account (POST /api/auth/register).
func register(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	in, err := readFields(w, r)
	if err != nil {
		return err
	}
	if !in.has("password") && !in.has("new_password") {
		return refuse(profile.Missing, profile.CodePasswordMissing, http.StatusUnauthorized, detail("Please enter a few information about yourself."))
	}
	account, names := in.account()
	account.Kind = in.accountKind(account.FullName)
	if account.Kind == directory.AccountOrganization {
		account.Organization = in.organizationName()
	}
	in.required("full_name", 100)
	if account.Signs, err = in.signs(r, c); err != nil {
		return err
	}
	if account.Email == "" && account.Phone == "" && !in.blames("email", "phone") {
		in.wrong("email", "Either email or phone must be valid.")
		in.wrong("phone", "Either email or phone must be valid.")
	}
	if err := in.err(); err != nil {
		return err
	}
	account.By = c.Who
	signedIn, err := c.Site.Register(r.Context(), account, directory.Exchanged)
	if err != nil {
		return mismatched(renamed(err, names...))
	}
	return writeToken(w, r, c, signedIn)
}

// account reads what registering and redeeming a ticket have in common. names
// pairs the kernel's fields with those that the caller used.
func (in *fields) account() (account directory.NewAccount, names []string) {
	account.Face = name
	username, secret := "username", "new_password"
	if in.has("slug") && !in.has("username") {
		username = "slug"
	}
	if in.has("password") && !in.has("new_password") {
		secret = "password"
	}
	account.Username, _ = in.text(username, directory.MaxSlug)
	if account.Password, _ = in.secret(secret); account.Password == "" && in.has(secret) {
		in.wrong(secret, textBlank)
	}
	account.FullName, _ = in.filled("full_name", 100)
	account.Email, _ = in.text("email", 254)
	if phone, ok := in.text("phone", 50); ok && phone != "" {
		if account.Phone, ok = directory.E164(phone); !ok {
			in.wrong("phone", "Enter a valid phone number.")
		}
	}
	if account.Email != "" && !directory.IsEmail(account.Email) {
		in.wrong("email", textEmail)
	}
	for _, set := range in.sets() {
		if set.Path != pathOf("phone") {
			account.Sets = append(account.Sets, set)
		}
	}
	account.Extras = in.extras()
	p := in.proof()
	account.EmailCode, account.PhoneCode, account.OTP = p.EmailCode, p.PhoneCode, p.OTP
	return account, []string{"slug", username, "password", secret, "organization", "organization_name"}
}

var accountTypes = []string{"unknown", "user", "personal", "organization", "provider"}

// accountKind reads the type of account. Without one, or with "unknown", what
// else is there tells: the name of an organization other than the person's
// own, an address, or neither. A provider is an organization that will have
// plans.
func (in *fields) accountKind(fullName string) directory.Account {
	kind, _ := in.text("type", 50)
	switch kind {
	case "user":
		return directory.AccountUser
	case "personal":
		return directory.AccountPersonal
	case "organization", "provider":
		return directory.AccountOrganization
	case "", "unknown":
	default:
		in.wrong("type", "'%s' is not a valid choice. Expected one of ['%s'].", kind, strings.Join(accountTypes, "', '"))
	}
	organization, _ := in.text("organization_name", 100)
	switch {
	case organization != "" && organization != fullName:
		return directory.AccountOrganization
	case organization != "" || in.hasAddress():
		return directory.AccountPersonal
	default:
		return directory.AccountUser
	}
}

// organizationName reads the full name of the organization that is made with
// an account.
func (in *fields) organizationName() string {
	text := in.required("organization_name", 100)
	if text != "" && !strings.ContainsFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
		in.problem("organization_name", "The organization name must contain some alphabetical characters.")
	}
	return text
}

// blames reports whether something is wrong with one of the fields.
func (in *fields) blames(names ...string) bool {
	for _, p := range *in.problems {
		for _, name := range names {
			if p.name == name {
				return true
			}
		}
	}
	return false
}

// ticketKey reads the key in the path. Only 40 hexadecimal digits are one;
// other words there belong to other APIs.
func ticketKey(r *http.Request) (string, error) {
	key := r.PathValue("key")
	if !directory.IsTicketKey(key) {
		return "", refuse(profile.NotFound, profile.CodeNoRoute, http.StatusNotFound, sharedNotFound)
	}
	return key, nil
}

// deadKey is the answer for a key that does not work, or no longer.
func deadKey(err error) error {
	if profile.IsKind(err, profile.NotFound) {
		return refuse(profile.NotFound, profile.CodeNotFound, http.StatusBadRequest, detail("invalid request"))
	}
	return err
}

// invitation tells who a mailed key invites (GET /api/auth/{key}): the account
// that will be, before it is there.
func invitation(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	key, err := ticketKey(r)
	if err != nil {
		return err
	}
	inv, err := c.Site.Invitation(r.Context(), key)
	if err != nil {
		return deadKey(err)
	}
	local, _, _ := strings.Cut(inv.Email, "@")
	username := profile.Slugify(local, maxSlug)
	return write(w, http.StatusOK, userDetail{
		Slug: username, Username: username, PrintableName: inv.Profile.FullName(), Email: inv.Email,
		FullName: inv.Profile.FullName(), CreatedAt: iso(inv.Profile.Created),
	})
}

// activate makes the account that a mailed key invites (POST /api/auth/{key}).
func activate(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	signedIn, err := redeem(w, r, c)
	if err != nil {
		return err
	}
	return writeToken(w, r, c, signedIn)
}

// redeem uses a mailed key up.
func redeem(w http.ResponseWriter, r *http.Request, c *face.Call) (directory.SignIn, error) {
	key, err := ticketKey(r)
	if err != nil {
		return directory.SignIn{}, err
	}
	if _, err := c.Site.Invitation(r.Context(), key); err != nil {
		return directory.SignIn{}, deadKey(err)
	}
	in, err := readFields(w, r)
	if err != nil {
		return directory.SignIn{}, err
	}
	if !in.has("password") {
		in.required("new_password", 1<<20)
	}
	account, names := in.account()
	if account.Signs, err = in.signs(r, c); err != nil {
		return directory.SignIn{}, err
	}
	if err := in.err(); err != nil {
		return directory.SignIn{}, err
	}
	signedIn, err := c.Site.Redeem(r.Context(), key, account, directory.Exchanged)
	return signedIn, deadKey(mismatched(renamed(err, names...)))
}

// readSession tells who the caller is, and the roles they hold, but for that on
// the own personal profile, by the titles of their types (GET
// /api/auth/tokens).
func readSession(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	user, err := c.Site.Me(r.Context(), c.Who)
	if err != nil {
		return err
	}
	out := publicSession{userDetail: userDetailOf(&user), LastVisited: iso(c.Site.Now()), Roles: []accessible{}}
	if out.LastLogin != nil {
		out.LastVisited = *out.LastLogin
	}
	list, err := c.Site.Accessibles(r.Context(), c.Who, user.Slug, directory.RoleQuery{States: []directory.RoleState{directory.RoleStates[0]}, Whole: true})
	if err != nil && !profile.IsKind(err, profile.Forbidden) { // a restricted session has no roles
		return err
	}
	for i := range list.Items {
		out.Roles = append(out.Roles, accessibleOf(c, &list.Items[i], ""))
	}
	slices.SortStableFunc(out.Roles, func(a, b accessible) int {
		return strings.Compare(titleOf(a.RoleDescription), titleOf(b.RoleDescription))
	})
	return write(w, http.StatusOK, out)
}

// exchange gives a new token for one of the caller's that still works (POST
// /api/auth/tokens).
func exchange(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	in, err := readFields(w, r)
	if err != nil {
		return err
	}
	token, _ := in.secret("token")
	if token == "" {
		return denied()
	}
	signedIn, err := c.Site.Exchange(r.Context(), c.Who, token)
	switch {
	case profile.IsKind(err, profile.Expired):
		return refuse(profile.Expired, profile.CodeExpiredToken, http.StatusBadRequest, []string{"Signature has expired."})
	case profile.IsKind(err, profile.Unauthenticated):
		return refuse(profile.Malformed, profile.CodeBadToken, http.StatusBadRequest, []string{"Error decoding signature."})
	case profile.IsKind(err, profile.Forbidden):
		return denied()
	case err != nil:
		return err
	}
	return write(w, http.StatusCreated, tokenAnswer{signedIn.Token})
}

// verify says whether a token is one of the caller's that works (POST
// /api/auth/tokens/verify).
func verify(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	in, err := readFields(w, r)
	if err != nil {
		return err
	}
	token, _ := in.secret("token")
	who, err := c.Site.Authenticate(r.Context(), token)
	if err != nil && !isBadToken(err) {
		return err
	}
	if err != nil || who.Subject != c.Who.Subject {
		return refuse(profile.Invalid, profile.CodeBadToken, http.StatusBadRequest, []string{"token is invalid"})
	}
	return write(w, http.StatusOK, tokenAnswer{token})
}

// signedOut is an answer that Cloudillo's clients read too: the path is theirs
// as well.
type signedOut struct {
	Data *struct{} `json:"data"`
	Time string    `json:"time"`
}

// logout ends the caller's session, if there is one, and the API key that a
// client of Cloudillo kept to sign in by, if it shows one (POST
// /api/auth/logout). A body that is not JSON says nothing.
func logout(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	var in struct {
		APIKey string `json:"apiKey"`
	}
	raw, err := face.ReadBody(w, r, face.MaxBody)
	if err != nil {
		return err
	}
	if media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); media == "application/json" && len(raw) > 0 {
		if err := face.DecodeJSON(raw, &in); err != nil {
			return err
		}
	}
	if err := c.Site.EndIdentityKey(r.Context(), in.APIKey); err != nil {
		return err
	}
	if err := c.Site.Logout(r.Context(), c.Who); err != nil {
		return err
	}
	dropCookies(w, r)
	return write(w, http.StatusOK, signedOut{Time: iso(c.Site.Now())})
}

// revoke ends the caller's session (DELETE /api/auth/tokens).
func revoke(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if err := c.Site.Logout(r.Context(), c.Who); err != nil {
		return err
	}
	dropCookies(w, r)
	w.WriteHeader(http.StatusNoContent)
	return nil
}
