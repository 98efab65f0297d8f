package appdata

import (
	"net/http"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
)

// info is what is told of a user beside what signing in tells.
type info struct {
	user
	OTP       bool    `json:"otp_enabled"`
	Disabled  bool    `json:"disabled"`
	Created   string  `json:"created_at"`
	Updated   string  `json:"updated_at"`
	LastLogin *string `json:"last_login_at"` // null: never
}

func writeInfo(w http.ResponseWriter, r *http.Request, c *face.Call, p *directory.Subject) error {
	operator, err := c.Site.IsOperator(r.Context(), access.Principal{Subject: p.ID})
	if err != nil {
		return err
	}
	out := info{
		user: userOf(p, operator), OTP: p.OTP, Disabled: p.State != profile.Active, Created: moment(p.Created), Updated: moment(p.Updated),
	}
	if !p.LastLogin.IsZero() {
		last := moment(p.LastLogin)
		out.LastLogin = &last
	}
	return write(w, http.StatusOK, out)
}

// readSelf tells the caller what is known of them (GET /user/userinfo).
func readSelf(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	p, err := c.Site.Self(r.Context(), c.Who)
	if err != nil {
		return err
	}
	return writeInfo(w, r, c, &p)
}

// updateSelf changes what the body names of the caller (POST
// /user/userinfo/update).
func updateSelf(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	in, err := openBody(r)
	if err != nil {
		return err
	}
	_, edit, err := in.userEdit(false)
	if err != nil {
		return err
	}
	p, err := c.Site.EditSelf(r.Context(), c.Who, edit)
	if err != nil {
		return inBody(err, userPointers)
	}
	return writeInfo(w, r, c, &p)
}

// eraseSelf erases the caller, with all that is kept for them (POST
// /user/delete).
func eraseSelf(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if err := c.Site.EraseSelf(r.Context(), c.Who); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// userPointers says which part of the body the kernel's fields come from.
var userPointers = map[string]string{
	"slug": "/user_info/username", "email": "/user_info/email", "givenName": "/user_info/first_name", "familyName": "/user_info/last_name",
	"displayName": "/user_info",
}

// userEdit reads who is meant, where the body says so, and the user_info that
// changes.
func (in *body) userEdit(named bool) (key directory.UserKey, edit directory.UserEditByParts, err error) {
	told := false
	members := map[string]**string{"username": &edit.Username, "email": &edit.Email, "first_name": &edit.Given, "last_name": &edit.Family}
	err = in.object(func(name string) (bool, error) {
		if named {
			if known, err := in.keyMember(&key, name); known || err != nil {
				return known, err
			}
		}
		if name != "user_info" {
			return false, nil
		}
		told = true
		return true, in.members(in.dec, "/user_info", func(name string) (bool, error) {
			to, known := members[name]
			if !known {
				return false, nil
			}
			text, _, err := in.text(in.dec, "/user_info/"+name)
			*to = &text
			if err == nil && text == "" && (name == "username" || name == "email") && !in.blames("/user_info/"+name) {
				in.wrong(profile.Missing, profile.CodeBlank, "/user_info/"+name, "%s cannot be taken away.", name)
			}
			return true, err
		})
	})
	if err != nil {
		return key, edit, err
	}
	if !told && !in.blames("") {
		in.wrong(profile.Missing, profile.CodeRequired, "/user_info", "user_info is required.")
	}
	if named {
		in.checkKey(key)
	}
	return key, edit, in.err()
}

// keyMember reads one member of what names a user.
func (in *body) keyMember(key *directory.UserKey, name string) (known bool, err error) {
	switch name {
	case "user_id":
		raw, err := in.value(in.dec)
		if err == nil && raw.Kind() != 'n' {
			in.id(&key.ID, raw, "/user_id")
		}
		return true, err
	case "email":
		key.Email, _, err = in.text(in.dec, "/email")
		return true, err
	case "username":
		key.Username, _, err = in.text(in.dec, "/username")
		return true, err
	}
	return false, nil
}

// checkKey wants one thing that names a user.
func (in *body) checkKey(key directory.UserKey) {
	if in.blames("", "/user_id", "/email", "/username") {
		return
	}
	n := 0
	for _, has := range []bool{!key.ID.IsZero(), key.Email != "", key.Username != ""} {
		if has {
			n++
		}
	}
	if n != 1 {
		in.wrong(profile.Missing, profile.CodeRequired, "/user_id", "A user is named by one of user_id, email and username.")
	}
}

func mayUsers(r *http.Request, c *face.Call) error { return c.Site.MayUsers(r.Context(), c.Who) }

// readUser tells an operator of a user (POST /operator/userinfo).
func readUser(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if err := mayUsers(r, c); err != nil {
		return err
	}
	in, err := openBody(r)
	if err != nil {
		return err
	}
	var key directory.UserKey
	if err := in.object(func(name string) (bool, error) { return in.keyMember(&key, name) }); err != nil {
		return err
	}
	if in.checkKey(key); in.err() != nil {
		return in.err()
	}
	p, err := c.Site.FindUser(r.Context(), c.Who, key)
	if err != nil {
		return notThere(err)
	}
	return writeInfo(w, r, c, &p)
}

// notThere says that a user whom the body names is not there: 404, for the body
// is what a path is elsewhere.
func notThere(err error) error {
	if e := profile.AsError(err); e.Kind == profile.NotFound && e.Field == "user" {
		return profile.E(profile.NotFound, profile.CodeNotFound, "user_id", "There is no such user.")
	}
	return err
}

// updateUser changes a user for an operator (POST /operator/userinfo/update).
func updateUser(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if err := mayUsers(r, c); err != nil {
		return err
	}
	in, err := openBody(r)
	if err != nil {
		return err
	}
	key, edit, err := in.userEdit(true)
	if err != nil {
		return err
	}
	p, err := c.Site.EditUserByKey(r.Context(), c.Who, key, edit)
	if err != nil {
		return inBody(notThere(err), userPointers)
	}
	return writeInfo(w, r, c, &p)
}

// resetUserPassword gives a user a new password, for an operator who proves
// themselves (POST /operator/profile/reset-user-password).
func resetUserPassword(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if err := mayUsers(r, c); err != nil {
		return err
	}
	in, err := openBody(r)
	if err != nil {
		return err
	}
	var key directory.UserKey
	var proof directory.Proof
	var password string
	texts := map[string]*string{"password": &proof.Password, "otp_code": &proof.OTP, "new_password": &password}
	if err := in.object(func(name string) (bool, error) {
		if known, err := in.keyMember(&key, name); known || err != nil {
			return known, err
		}
		return in.into(texts, "", name)
	}); err != nil {
		return err
	}
	in.checkKey(key)
	if password == "" && !in.blames("", "/new_password") {
		in.wrong(profile.Missing, profile.CodeRequired, "/new_password", "new_password is required.")
	}
	if proof == (directory.Proof{}) && !in.blames("", "/password", "/otp_code") {
		in.wrong(profile.Missing, profile.CodeProofRequired, "/password", "Your own password, or an otp_code, is required.")
	}
	if err := in.err(); err != nil {
		return err
	}
	p, err := c.Site.FindUser(r.Context(), c.Who, key)
	if err != nil {
		return notThere(err)
	}
	if err := c.Site.SetPassword(r.Context(), c.Who, directory.UserKey{ID: p.ID}, password, proof); err != nil {
		return unproven(err, proofPointers)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// erasedUser is all that is left of a user.
type erasedUser struct {
	UserID  string `json:"user_id"`
	Deleted string `json:"deleted_at"`
}

// listErased lists the users who were erased, the latest first (GET
// /operator/users/deleted).
func listErased(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if err := mayUsers(r, c); err != nil {
		return err
	}
	q, err := openQuery(r, "cursor", "limit")
	if err != nil {
		return err
	}
	limit, err := q.number("limit")
	if err != nil {
		return err
	}
	list, next, err := c.Site.ErasedUsers(r.Context(), c.Who, q.values.Get("cursor"), limit)
	if err != nil {
		return inQuery(err)
	}
	users := make([]erasedUser, len(list))
	for i, e := range list {
		users[i] = erasedUser{e.ID.String(), moment(e.At)}
	}
	var cursor *string
	if next != "" {
		cursor = &next
	}
	return write(w, http.StatusOK, map[string]any{"users": users, "next_cursor": cursor})
}

// eraseUser erases a user by e-mail, for an operator (POST
// /operator/users/delete/{email}).
func eraseUser(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if err := mayUsers(r, c); err != nil {
		return err
	}
	email := r.PathValue("email")
	if !directory.IsEmail(email) {
		return profile.E(profile.Malformed, profile.CodeInvalid, "", "There is no e-mail address in the path.")
	}
	if err := c.Site.EraseUserByKey(r.Context(), c.Who, directory.UserKey{Email: email}); err != nil {
		return notThere(err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
