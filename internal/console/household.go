package console

import (
	"net/http"
	"strconv"
	"strings"

	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
)

// householdData is the page of who shares the account.
type householdData struct {
	Members []directory.Member
	Form    memberForm
	Room    bool // for one more
}

// memberForm is a household profile being made or changed.
type memberForm struct {
	ID      string
	Version int64
	Name    string
	Child   bool
	Age     string
	Default bool
	HasPIN  bool
	Fault   string
	Proof   string // what else it takes: the account's password, or the PIN
	Changed bool   // somebody else changed it
}

// account is the caller's number, by which households go.
func account(r *http.Request, call *face.Call) (string, error) {
	p, err := call.Site.Self(r.Context(), call.Who)
	return strconv.FormatInt(p.Number, 10), err
}

func (c *Console) myHousehold(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	return c.showHousehold(w, r, call, http.StatusOK, memberForm{})
}

func (c *Console) showHousehold(w http.ResponseWriter, r *http.Request, call *face.Call, status int, form memberForm) error {
	of, err := account(r, call)
	if err != nil {
		return err
	}
	members, err := call.Site.Household(r.Context(), call.Who, of)
	if err != nil {
		return err
	}
	return c.show(w, r, call, status, page{Name: "household", Title: "Household", Section: "household",
		Data: householdData{members, form, len(members) < call.Site.MaxMembers()}})
}

// sentMember reads the form of a household profile.
func sentMember(r *http.Request) (form memberForm, edit directory.MemberEdit, err error) {
	if err := parseForm(r); err != nil {
		return form, edit, err
	}
	form = memberForm{Name: strings.TrimSpace(r.PostFormValue("name")), Child: r.PostFormValue("child") != "", Age: strings.TrimSpace(r.PostFormValue("age")),
		Default: r.PostFormValue("default") != ""}
	edit = directory.MemberEdit{Name: &form.Name, Child: &form.Child, NoLimit: form.Age == "" && !form.Child,
		Proof: directory.MemberProof{Password: r.PostFormValue("password"), PIN: r.PostFormValue("proof_pin")}}
	if form.Default {
		edit.Default = &form.Default
	}
	if form.Age != "" {
		age, err := strconv.Atoi(form.Age)
		if err != nil {
			return form, edit, profile.E(profile.Invalid, profile.CodeType, "age_limit", "The age is a number of years.")
		}
		edit.AgeLimit = &age
	}
	if pin := strings.TrimSpace(r.PostFormValue("pin")); pin != "" {
		edit.PIN = &pin
	}
	edit.NoPIN = r.PostFormValue("no_pin") != ""
	return form, edit, nil
}

// faultOf puts an error into the form, or says that it is not one of the form's.
func (form *memberForm) faultOf(err error) (status int, ok bool) {
	e := profile.AsError(err)
	switch {
	case e.Kind == profile.Internal || e.Kind == profile.NotFound || e.Code == profile.CodeBadToken || e.Code == profile.CodeExpiredToken || e == errStale:
		return 0, false
	case e.Code == profile.CodeProofRequired || e.Code == profile.CodePassword || e.Code == profile.CodePIN:
		form.Proof = "needed"
	}
	form.Fault = saying(e)
	switch e.Code {
	case profile.CodeProofRequired:
		form.Fault = "This takes your account's password, or the PIN."
	case profile.CodePIN:
		form.Fault = "The PIN is not right."
	case profile.CodeMemberName:
		form.Fault = "Another profile of your household has this name."
	case profile.CodeMemberLimit:
		form.Fault = "Your household has no room for more profiles."
	case profile.CodeDefaultChild:
		form.Fault = "The default profile cannot be a child's."
	case profile.CodeDefaultRequired:
		form.Fault = "One profile has to be the default. Make another one the default instead."
	case profile.CodeDefaultProtected:
		form.Fault = "The default profile stays. Make another one the default first."
	}
	if status = statusOf(e); status == http.StatusUnauthorized {
		status = http.StatusUnprocessableEntity
	}
	return status, true
}

func (c *Console) addMember(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	of, err := account(r, call)
	if err != nil {
		return err
	}
	form, edit, err := sentMember(r)
	if err == nil {
		edit.NoLimit = false
		_, err = call.Site.AddMember(r.Context(), call.Who, of, edit)
	}
	if err == nil {
		return redirect(w, r, "/console/me/household")
	}
	status, ok := form.faultOf(err)
	if !ok {
		return err
	}
	return c.showHousehold(w, r, call, status, form)
}

func (c *Console) member(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	of, err := account(r, call)
	if err != nil {
		return err
	}
	m, err := call.Site.HouseholdMember(r.Context(), call.Who, of, r.PathValue("member"))
	if err != nil {
		return err
	}
	form := memberForm{ID: m.ID.String(), Version: m.Version, Name: m.Name, Child: m.Child, Default: m.Default, HasPIN: m.HasPIN}
	if m.AgeLimit != nil {
		form.Age = strconv.Itoa(*m.AgeLimit)
	}
	return c.showMember(w, r, call, http.StatusOK, form)
}

func (c *Console) showMember(w http.ResponseWriter, r *http.Request, call *face.Call, status int, form memberForm) error {
	return c.show(w, r, call, status, page{Name: "member", Title: form.Name, Section: "household", Crumbs: []crumb{{"Household", "/console/me/household"}}, Data: form})
}

func (c *Console) saveMember(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	of, err := account(r, call)
	if err != nil {
		return err
	}
	is, err := call.Site.HouseholdMember(r.Context(), call.Who, of, r.PathValue("member"))
	if err != nil {
		return err
	}
	form, edit, err := sentMember(r)
	form.ID, form.Version, form.HasPIN = is.ID.String(), is.Version, is.HasPIN
	version, bad := strconv.ParseInt(r.PostFormValue("version"), 10, 64)
	if err == nil && bad != nil {
		return profile.E(profile.Invalid, profile.CodeInvalid, "version", "the form is not complete")
	}
	if err == nil {
		edit.Versions = []int64{version}
		_, err = call.Site.EditMember(r.Context(), call.Who, of, form.ID, edit)
	}
	if err == nil {
		return redirect(w, r, "/console/me/household")
	}
	status, ok := form.faultOf(err)
	if !ok {
		return err
	}
	form.Default = form.Default || is.Default
	if profile.IsCode(err, profile.CodeVersionMismatch) {
		form.Fault = "This profile was changed meanwhile, and is called " + is.Name + " now. Save again to replace that by what is here."
	}
	return c.showMember(w, r, call, status, form)
}

func (c *Console) removeMember(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	of, err := account(r, call)
	if err != nil {
		return err
	}
	err = call.Site.RemoveMember(r.Context(), call.Who, of, r.PathValue("member"), nil)
	if err == nil {
		return redirect(w, r, "/console/me/household")
	}
	var form memberForm
	status, ok := form.faultOf(err)
	if !ok {
		return err
	}
	return c.showHousehold(w, r, call, status, memberForm{Fault: form.Fault})
}
