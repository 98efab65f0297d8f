package cloudillo

import (
	"net/http"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
	"facet/internal/schema"
)

// read decodes the JSON object that is the body of a request into dst. Unknown
// members are ignored; null is a thing that is not there.
func read(w http.ResponseWriter, r *http.Request, dst any) error {
	body, err := face.ReadBody(w, r, face.MaxBody)
	if err != nil {
		return err
	}
	if err := face.DecodeJSON(body, dst); err != nil {
		return err
	}
	if jsontext.Value(body).Kind() != '{' {
		return profile.E(profile.Invalid, profile.CodeType, "", "the body is not an object")
	}
	return nil
}

// The types of identity: hosted under a domain that the server provides, and
// one's own domain.
const (
	hostedType = "idp"
	domainType = "domain"
)

func isIdentityType(t string) bool { return t == hostedType || t == domainType }

// isAppDomain reports whether a text can be the domain of an app: "" is none.
func isAppDomain(s string) bool { return s == "" || directory.IsAppDomain(s) }

// verify says whether an identity can be had (POST /api/profiles/verify).
func verify(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	var in struct {
		Type      string `json:"type"`
		IDTag     string `json:"idTag"`
		AppDomain string `json:"appDomain"`
		Token     string `json:"token"`
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	if !isIdentityType(in.Type) && in.Type != "ref" {
		return invalid("type", "invalid registration type")
	}
	if in.Type == "ref" && in.Token == "" {
		return required("token")
	}
	if in.Type == "ref" || in.Token != "" && c.Who.IsNobody() {
		if err := c.Site.CheckRegistration(r.Context(), in.Token); err != nil {
			return err
		}
	}
	var check directory.IdentityCheck
	if in.Type != "ref" {
		if in.IDTag == "" {
			return required("idTag")
		}
		var err error
		if check, err = c.Site.VerifyIdentity(r.Context(), directory.WantedIdentity{
			IDTag: in.IDTag, Hosted: in.Type == hostedType, AppDomain: in.AppDomain,
		}); err != nil {
			return err
		}
	}
	return answer(w, c, http.StatusOK, verificationOf(c.Site, in.IDTag, check))
}

// register makes a person, who is signed in at once (POST
// /api/profiles/register).
func register(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	var in struct {
		Type      string `json:"type"`
		IDTag     string `json:"idTag"`
		Email     string `json:"email"`
		Token     string `json:"token"`
		AppDomain string `json:"appDomain"`
		Lang      string `json:"lang"`
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	switch {
	case !isIdentityType(in.Type):
		return invalid("type", "invalid registration type")
	case in.IDTag == "":
		return required("idTag")
	case in.Email == "":
		return required("email")
	case len(in.Lang) > 35: // RFC 5646, section 4.4.1
		return invalid("lang", "lang is longer than 35 characters")
	}
	signIn, err := c.Site.RegisterIdentity(r.Context(), directory.NewIdentity{
		IDTag: in.IDTag, Email: in.Email, Hosted: in.Type == hostedType, AppDomain: in.AppDomain, Token: in.Token,
		Extra: texts(extraLang, in.Lang, extraAppDomain, strings.ToLower(in.AppDomain)),
	}, directory.Exchanged)
	if err != nil {
		return err
	}
	out, err := signedInOf(r, c, &signIn)
	if err != nil {
		return err
	}
	return answer(w, c, http.StatusCreated, out)
}

// texts are extras of those pairs whose value is not empty.
func texts(pairs ...string) map[string]jsonValue {
	out := map[string]jsonValue{}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			out[pairs[i]] = schema.AppendString(nil, pairs[i+1])
		}
	}
	return out
}

// createCommunity makes a community that the caller owns (PUT
// /api/profiles/{idTag}).
func createCommunity(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	var in struct {
		Type       string `json:"type"`
		Name       string `json:"name"`
		ProfilePic string `json:"profilePic"`
		AppDomain  string `json:"appDomain"`
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	if !isIdentityType(in.Type) {
		return invalid("type", "Invalid identity type")
	}
	if !isAppDomain(in.AppDomain) {
		return invalid("appDomain", "invalid app_domain")
	}
	made, err := c.Site.CreateCommunity(r.Context(), c.Who, directory.NewCommunity{
		IDTag: r.PathValue("idTag"), Name: strings.TrimSpace(in.Name), Picture: in.ProfilePic, Extra: texts(extraAppDomain, strings.ToLower(in.AppDomain)),
	})
	if err != nil {
		return err
	}
	return answer(w, c, http.StatusCreated, community{identityOf(c.Site, &made), iso(made.Created)})
}
