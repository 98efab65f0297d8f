package console

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
)

// answer is what one face says of a profile, and the line that asks it.
type answer struct {
	Face, Title string
	Curl        string
	Status      int // 0: nothing was asked
	Body        string
	Why         string // nothing is there to see
}

// apis shows a profile as each API sees it. The faces are really asked, as the
// viewer; the Entity API, which people have no token for, by what its answers
// are made of.
func (c *Console) apis(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	rec, err := recordAt(r, call)
	if err != nil {
		return err
	}
	in, err := call.Site.Renew(r.Context(), call.Who)
	if err != nil {
		return err
	}
	base := originOf(r, call)
	token := in.Token
	ask := func(title, name, path, why string) answer {
		a := answer{Face: name, Title: title, Why: why}
		if why != "" || !slices.Contains(c.Faces, name) {
			return a
		}
		a.Curl = "curl -H \"Authorization: Bearer $TOKEN\" '" + base + path + "'"
		a.Status, a.Body = c.ask(r.Context(), r, http.MethodGet, path, token, "")
		return a
	}
	person := rec.Type == profile.User
	slug := url.PathEscape(rec.Slug)
	tag := call.Site.IDTag(&rec.Subject)
	path, noHousehold := "/api/profile/"+slug, ""
	if person && !rec.Personal && rec.Password != "" {
		path = "/api/users/" + slug
	}
	if !person {
		noHousehold = "Only people have an account there."
	}
	out := []answer{ask("DjaoApp", "djaoapp", path, "")}
	entity, err := c.entityAnswer(r, call, rec, base)
	if err != nil {
		return err
	}
	out = append(out, entity,
		ask("Cloudillo", "cloudillo", "/api/profiles/"+url.PathEscape(tag), ""),
		ask("Household profiles", "household", "/api/users/v1/users/"+strconv.FormatInt(rec.Number, 10)+"/user_profiles", noHousehold))
	sentinel := answer{Face: "appdata", Title: "Sentinel", Why: noHousehold}
	if email := rec.Text("email"); person && email == "" {
		sentinel.Why = "It finds people by e-mail, and this person has none."
	} else if person && slices.Contains(c.Faces, "appdata") {
		body := `{"email":` + quoted(email) + `}`
		sentinel.Curl = "curl -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json' -d '" + strings.ReplaceAll(body, "'", `'\''`) + "' '" + base + "/operator/userinfo'"
		sentinel.Status, sentinel.Body = c.ask(r.Context(), r, http.MethodPost, "/operator/userinfo", token, body)
	}
	return c.showTab(w, r, call, http.StatusOK, rec, "apis", append(out, sentinel))
}

// entityAnswer is what the entity face answers a client that may read all.
func (c *Console) entityAnswer(r *http.Request, call *face.Call, rec directory.Record, base string) (answer, error) {
	e, err := call.Site.RecordEntity(r.Context(), call.Who, rec.ID)
	if err != nil {
		return answer{}, err
	}
	body := append(e.Render([]byte(`{"result":`)), `,"stat":"ok"}`...)
	return answer{Face: "entity", Title: "Entity API", Status: http.StatusOK, Body: pretty(body),
		Curl: "curl -u \"$CLIENT_ID:$CLIENT_SECRET\" -d 'type_name=" + rec.Schema.Name + "' -d 'uuid=" + rec.ID.String() + "' '" + base + "/entity'"}, nil
}

// ask sends a request to the faces, within this process.
func (c *Console) ask(ctx context.Context, from *http.Request, method, path, token, body string) (status int, text string) {
	r, err := http.NewRequestWithContext(ctx, method, path, strings.NewReader(body))
	if err != nil {
		return http.StatusBadRequest, err.Error()
	}
	r.Host, r.RemoteAddr, r.RequestURI = from.Host, from.RemoteAddr, path
	r.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := recorder{header: http.Header{}, status: http.StatusOK}
	c.API.ServeHTTP(&w, r)
	return w.status, pretty(w.body.Bytes())
}

// recorder keeps an answer.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *recorder) Header() http.Header         { return w.header }
func (w *recorder) WriteHeader(status int)      { w.status = status }
func (w *recorder) Write(b []byte) (int, error) { return w.body.Write(b) }

// originOf is where browsers reach the site.
func originOf(r *http.Request, call *face.Call) string {
	if base := call.Site.Policy().BaseURL; base != "" {
		return strings.TrimSuffix(base, "/")
	}
	if isSecure(r, call) {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}
