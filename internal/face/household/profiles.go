package household

import (
	"net/http"
	"strconv"
	"strings"

	"facet/internal/face"
)

// list gives the profiles of an account, the default one first (GET
// …/user_profiles).
func list(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	q, err := readQuery(r)
	if err != nil {
		return err
	}
	members, err := c.Site.Household(r.Context(), c.Who, r.PathValue("user_id"))
	if err != nil {
		return err
	}
	out := document[[]resource]{Meta: &listMeta{c.Site.MaxMembers(), len(members)}}
	address := userAddress(c, &members[0]) + "/user_profiles"
	members = q.choose(members)
	out.Links = q.pageLinks(address, len(members))
	members = q.page(members)
	out.Data = make([]resource, len(members))
	for i := range members {
		out.Data[i] = resourceOf(c, &members[i], q)
	}
	return write(w, r, http.StatusOK, out)
}

// read gives one profile (GET …/user_profiles/{id}).
func read(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	q, err := readQuery(r)
	if err != nil {
		return err
	}
	m, err := c.Site.HouseholdMember(r.Context(), c.Who, r.PathValue("user_id"), r.PathValue("id"))
	if err != nil {
		return err
	}
	return writeMember(w, r, c, http.StatusOK, &m, single, q)
}

// create makes a profile (POST …/user_profiles).
func create(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	q, err := readQuery(r)
	if err != nil {
		return err
	}
	in, err := readProfile(w, r)
	if err != nil {
		return err
	}
	if err := in.checkType(); err != nil {
		return err
	}
	if err := in.refuseID(); err != nil {
		return err
	}
	edit := in.edit(r, false)
	if err := in.problems.err(); err != nil {
		return err
	}
	if edit.Repeat, err = in.repeat(r); err != nil {
		return err
	}
	m, err := c.Site.AddMember(r.Context(), c.Who, r.PathValue("user_id"), edit)
	if err != nil {
		return in.locate(err)
	}
	w.Header().Set("Location", address(c, &m))
	return writeMember(w, r, c, http.StatusCreated, &m, in.form, q)
}

// update changes what the body names (PATCH …/user_profiles/{id}).
func update(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	q, err := readQuery(r)
	if err != nil {
		return err
	}
	in, err := readProfile(w, r)
	if err != nil {
		return err
	}
	if err := in.checkType(); err != nil {
		return err
	}
	if err := in.checkID(r.PathValue("id")); err != nil {
		return err
	}
	edit := in.edit(r, true)
	if err := in.problems.err(); err != nil {
		return err
	}
	edit.Versions = versions(r)
	m, err := c.Site.EditMember(r.Context(), c.Who, r.PathValue("user_id"), r.PathValue("id"), edit)
	if err != nil {
		return in.locate(err)
	}
	return writeMember(w, r, c, http.StatusOK, &m, in.form, q)
}

// remove deletes a profile (DELETE …/user_profiles/{id}). A body, which some
// clients send, is not read.
func remove(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if err := c.Site.RemoveMember(r.Context(), c.Who, r.PathValue("user_id"), r.PathValue("id"), versions(r)); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// versions reads If-Match (RFC 9110, section 13.1.1): nil when any version
// will do. Tags that are not ours, weak ones too, match nothing.
func versions(r *http.Request) []int64 {
	lines, ok := r.Header["If-Match"]
	if !ok {
		return nil
	}
	out := []int64{}
	for tag := range strings.SplitSeq(strings.Join(lines, ","), ",") {
		if tag = strings.TrimSpace(tag); tag == "*" {
			return nil
		}
		if text, ok := strings.CutPrefix(tag, `"`); ok {
			if n, err := strconv.ParseInt(strings.TrimSuffix(text, `"`), 10, 64); err == nil && tag == `"`+strconv.FormatInt(n, 10)+`"` {
				out = append(out, n)
			}
		}
	}
	return out
}
