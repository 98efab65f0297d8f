package djaoapp

import (
	"net/http"
	"net/url"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
	"facet/internal/schema"
)

// createContact makes a person whom nobody can sign in as yet (POST
// /api/users, POST /api/contacts).
func createContact(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if err := c.Site.MaySubjects(r.Context(), access.ContactWrite, c.Who); err != nil {
		return err
	}
	in, err := readFields(w, r)
	if err != nil {
		return err
	}
	draft := in.newContact()
	if err := in.err(); err != nil {
		return err
	}
	if draft.Repeat, err = in.repeat(r); err != nil {
		return err
	}
	made, err := c.Site.CreateContact(r.Context(), c.Who, draft)
	if err != nil {
		return err
	}
	w.Header().Set("Location", publicBase(c)+"/api/users/"+url.PathEscape(made.Slug))
	return write(w, http.StatusCreated, userDetailOf(&made))
}

// newContact reads what a person is made from: the fields of a profile, the
// slug also as username. A phone is kept as E.164.
func (in *fields) newContact() directory.NewProfile {
	if phone, ok := in.text("phone", 50); ok && phone != "" {
		number, ok := directory.E164(phone)
		if !ok {
			in.wrong("phone", "Enter a valid phone number.")
		}
		in.values["phone"] = schema.AppendString(nil, number)
	}
	if raw, ok := in.values["username"]; ok && !in.has("slug") {
		in.values["slug"] = raw
	}
	delete(in.values, "type")
	out := in.newProfile()
	out.Personal = true
	return out
}

// user is the summary of a user.
type user struct {
	Slug          string  `json:"slug"`
	Username      string  `json:"username"`
	PrintableName string  `json:"printable_name"`
	Picture       *string `json:"picture"` // URL
}

// registeredUser is a user on the list of those who registered.
type registeredUser struct {
	user
	FullName string `json:"full_name"`
}

// listedProfile is a profile on the list of all. Persons have the two names of
// theirs.
type listedProfile struct {
	organizationDetail
	NickName *string `json:"nick_name,omitzero"`
	Lang     *string `json:"lang,omitzero"`
}

func userOf(u *directory.Subject) user {
	return user{Slug: u.Slug, Username: u.Slug, PrintableName: printableName(u), Picture: orNull(u.Picture())}
}

func registeredUserOf(u *directory.Subject) registeredUser {
	return registeredUser{userOf(u), u.FullName()}
}

func listedProfileOf(p *directory.Subject) listedProfile {
	out := listedProfile{organizationDetail: organizationDetailOf(p)}
	if p.Type == profile.User {
		nick, lang := extraText(p, extraNickName), extraText(p, extraLang)
		out.NickName, out.Lang = &nick, &lang
	}
	return out
}
