package appdata

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"facet/internal/credential"
	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
)

// login signs in with a user name (or e-mail, or phone number) or an e-mail,
// and a password (POST /auth/login).
func login(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if _, err := identifyApp(r, c); err != nil {
		return err
	}
	in, err := openBody(r)
	if err != nil {
		return err
	}
	who, err := in.credentials(false)
	if err != nil {
		return err
	}
	s, err := c.Site.Login(r.Context(), who, directory.Refreshed)
	if err != nil {
		return inBody(err, map[string]string{"password": "/password"})
	}
	return signIn(w, r, c, http.StatusOK, &s)
}

// credentials reads the body of login; of verify-otp with the code.
func (in *body) credentials(code bool) (directory.Credentials, error) {
	who := directory.Credentials{Spaces: []profile.Space{profile.Slug, profile.Email, profile.Phone}}
	var email string
	texts := map[string]*string{"username": &who.Login, "email": &email, "password": &who.Password, "otp_code": &who.OTP}
	if err := in.object(func(name string) (bool, error) { return in.into(texts, "", name) }); err != nil {
		return who, err
	}
	switch {
	case who.Login != "" && email != "":
		in.wrong(profile.Invalid, profile.CodeInvalid, "/email", "Sign in by username or by email, not by both.")
	case email != "":
		who.Login, who.Spaces = email, []profile.Space{profile.Email}
	case who.Login == "" && !in.blames("/username", "/email"):
		in.wrong(profile.Missing, profile.CodeRequired, "/username", "A username or an email is required.")
	}
	if code && who.OTP == "" && !in.blames("/otp_code") {
		in.wrong(profile.Missing, profile.CodeRequired, "/otp_code", "otp_code is required.")
	}
	if who.Password == "" && !in.blames("/password") {
		in.wrong(profile.Missing, profile.CodeRequired, "/password", "password is required.")
	}
	return who, in.err()
}

// into reads a string member into the text that has its name.
func (in *body) into(texts map[string]*string, at, name string) (known bool, err error) {
	to, known := texts[name]
	if !known {
		return false, nil
	}
	*to, _, err = in.text(in.dec, at+"/"+name)
	return true, err
}

// blames reports whether something is wrong with one of the parts, or with the
// whole.
func (in *body) blames(pointers ...string) bool {
	return slices.ContainsFunc(in.items, func(i item) bool { return i.Pointer == "" || slices.Contains(pointers, i.Pointer) })
}

// signIn answers with the tokens of a session that began.
func signIn(w http.ResponseWriter, r *http.Request, c *face.Call, status int, s *directory.SignIn) error {
	who, err := c.Site.Authenticate(r.Context(), s.Token) // a child's session is no operator's
	if err != nil {
		return err
	}
	operator, err := c.Site.IsOperator(r.Context(), who)
	if err != nil {
		return err
	}
	return write(w, status, signedIn{
		Token: s.Token, AccessToken: s.Token, RefreshToken: s.Refresh, TokenType: "Bearer",
		ExpiresIn: int64(s.Expires.Sub(c.Site.Now()) / time.Second), User: userOf(&s.Subject, operator),
	})
}

// registration is the body of register ("Importing users"): a password, or
// its hash with the algorithm, never both.
type registration struct {
	account         directory.NewAccount
	hash, algorithm string
}

// register makes an account (POST /auth/register). Whoever gives a password is
// signed in; an account that is imported with the hash of one is only made.
func register(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if _, err := identifyApp(r, c); err != nil {
		return err
	}
	in, err := openBody(r)
	if err != nil {
		return err
	}
	reg, err := in.registration()
	if err != nil {
		return err
	}
	if reg.hash != "" {
		s, err := c.Site.RegisterHashed(r.Context(), reg.account, reg.hash)
		if err != nil {
			return inBody(err, reg.pointers())
		}
		return write(w, http.StatusCreated, registered{userOf(&s, false)})
	}
	s, err := c.Site.Register(r.Context(), reg.account, directory.Refreshed)
	if err != nil {
		return inBody(err, reg.pointers())
	}
	return signIn(w, r, c, http.StatusCreated, &s)
}

// pointers says which part of the body the kernel's fields come from.
func (reg *registration) pointers() map[string]string {
	secret := "/password"
	if reg.hash != "" {
		secret = "/password_hash"
	}
	return map[string]string{
		"slug": "/user_info/username", "email": "/user_info/email", "givenName": "/user_info/first_name",
		"familyName": "/user_info/last_name", "displayName": "/user_info", "password": secret,
	}
}

// registration reads the body of register.
func (in *body) registration() (*registration, error) {
	var name profile.PersonName
	reg := &registration{account: directory.NewAccount{Kind: directory.AccountUser, Name: &name}}
	info := map[string]*string{
		"username": &reg.account.Username, "email": &reg.account.Email, "first_name": &name.Given, "last_name": &name.Family,
	}
	texts := map[string]*string{"password": &reg.account.Password, "password_hash": &reg.hash, "hash_algorithm": &reg.algorithm}
	told := false
	err := in.object(func(name string) (bool, error) {
		if name != "user_info" {
			return in.into(texts, "", name)
		}
		told = true
		return true, in.members(in.dec, "/user_info", func(name string) (bool, error) { return in.into(info, "/user_info", name) })
	})
	if err != nil {
		return nil, err
	}
	switch {
	case !told && !in.blames():
		in.wrong(profile.Missing, profile.CodeRequired, "/user_info", "user_info is required.")
	case reg.account.Email == "" && !in.blames("/user_info", "/user_info/email"):
		in.wrong(profile.Missing, profile.CodeRequired, "/user_info/email", "email is required.")
	}
	in.checkSecret(reg)
	return reg, in.err()
}

// checkSecret says whether there is a password, or a hash that can be used.
func (in *body) checkSecret(reg *registration) {
	if in.blames("/password", "/password_hash", "/hash_algorithm") {
		return
	}
	encoded, known, ok := credential.Import(reg.algorithm, reg.hash)
	switch {
	case reg.hash == "" && reg.algorithm != "":
		in.wrong(profile.Missing, profile.CodeRequired, "/password_hash", "hash_algorithm goes with a password_hash.")
	case reg.hash == "" && reg.account.Password == "":
		in.wrong(profile.Missing, profile.CodeRequired, "/password", "A password is required, or a password_hash with its hash_algorithm.")
	case reg.hash == "":
	case reg.account.Password != "":
		in.wrong(profile.Invalid, profile.CodeInvalid, "/password_hash", "Give a password or a password_hash, never both.")
	case reg.algorithm == "":
		in.wrong(profile.Missing, profile.CodeRequired, "/hash_algorithm", "A password_hash goes with a hash_algorithm.")
	case !known:
		in.wrong(profile.Invalid, "hash_algorithm_unsupported", "/hash_algorithm", "Hashes of these algorithms can be imported: %s.", strings.Join(credential.Algorithms, ", "))
	case !ok:
		in.wrong(profile.Invalid, profile.CodeInvalid, "/password_hash", "This is no %s hash that can be used.", reg.algorithm)
	default:
		reg.hash = encoded
	}
}
