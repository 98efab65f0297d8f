package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	"facet/internal/credential"
	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/face/appdata"
	"facet/internal/face/cloudillo"
	"facet/internal/face/household"
	"facet/internal/profile"
	"facet/internal/store"
)

const (
	faceConns  = 16 // each on behalf of a person of its own
	faceBodies = 50 // different requests of each
)

// person is somebody who signed in.
type person struct {
	id     profile.ID
	slug   string
	token  string
	member profile.ID // the default household profile
}

// scenario is one request of one face, the n-th of a person.
type scenario struct {
	name    string
	write   bool
	request func(p person, n int) string
}

// scenarios are the main reads and writes of every face.
var scenarios = []scenario{
	{"djaoapp: GET /api/users/{user}", false, func(p person, _ int) string { return asked(p, "GET", "/api/users/"+p.slug, "") }},
	{"djaoapp: GET /api/profile/{profile}", false, func(p person, _ int) string { return asked(p, "GET", "/api/profile/"+p.slug, "") }},
	{"djaoapp: PATCH /api/users/{user}", true, func(p person, n int) string {
		return asked(p, "PATCH", "/api/users/"+p.slug, fmt.Sprintf(`{"full_name":"Matt Parker %d"}`, n))
	}},
	{"entity: entity by uuid", false, func(p person, _ int) string { return form("/entity", "type_name=user&uuid="+p.id.String()) }},
	{"entity: entity.find by e-mail", false, func(p person, _ int) string {
		return form("/entity.find", "type_name=user&filter="+url.QueryEscape("email='"+p.slug+"@bench.example'"))
	}},
	{"entity: entity.update", true, func(p person, n int) string {
		return form("/entity.update", "type_name=user&uuid="+p.id.String()+"&value="+url.QueryEscape(fmt.Sprintf(`{"aboutMe":"Text %d"}`, n)))
	}},
	{"cloudillo: GET /api/me", false, func(p person, _ int) string { return asked(p, "GET", "/api/me", "") }},
	{"cloudillo: PATCH /api/me", true, func(p person, n int) string {
		return asked(p, "PATCH", "/api/me", fmt.Sprintf(`{"name":"Matt Parker %d"}`, n))
	}},
	{"household: GET …/user_profiles", false, func(p person, _ int) string {
		return asked(p, "GET", "/api/users/v1/users/"+p.id.String()+"/user_profiles", "")
	}},
	{"household: GET …/user_profiles/{id}", false, func(p person, _ int) string {
		return asked(p, "GET", "/api/users/v1/users/"+p.id.String()+"/user_profiles/"+p.member.String(), "")
	}},
	{"appdata: GET /user/profiles/{app}", false, func(p person, _ int) string { return asked(p, "GET", "/user/profiles/1", "") }},
	{"appdata: PUT /user/profiles/{app}", true, func(p person, n int) string {
		return asked(p, "PUT", "/user/profiles/1", fmt.Sprintf(`{"theme":"dark","level":%d,"tags":["a","b"]}`, n))
	}},
}

// asked is a request by token, with JSON.
func asked(p person, method, path, body string) string {
	head := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n", method, path, p.token)
	if body != "" {
		head += fmt.Sprintf("Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
	}
	return head + "\r\n" + body
}

// form is a request of an API client.
func form(path, body string) string { return post(path, len(body)) + body }

// everyFace measures the main reads and writes of every face: reads beside a
// bare handler that writes the same bytes, writes beside the bare driver that
// makes one user durable.
func (b *bench) everyFace(ctx context.Context) (err error) {
	s, err := b.serve(ctx, "faces", append(faces(), []face.Face{cloudillo.New(), household.New(), appdata.New()}...)...)
	if err != nil {
		return err
	}
	defer func() { err = closeWith(err, s.close) }()
	people, err := b.signedIn(ctx, s)
	if err != nil {
		return err
	}
	for _, n := range []int{b.fewCount, b.records} {
		if n == 0 {
			continue
		}
		if people.ids, err = b.loadRecords(ctx, s, people.ids, n); err != nil {
			return err
		}
		bare, address, stop, err := b.serveBareWriter(ctx, fmt.Sprintf("faces-bare-%d", n))
		if err != nil {
			return err
		}
		err = b.faceScenarios(ctx, s, people, n, address)
		if err = closeWith(closeWith(err, stop), bare.close); err != nil {
			return err
		}
	}
	return nil
}

// signedInPeople are those who ask, and the records that are there besides.
type signedInPeople struct {
	people []person
	ids    []profile.ID
}

// signedIn imports people, who have one password, and signs them in.
func (b *bench) signedIn(ctx context.Context, s *service) (out signedInPeople, err error) {
	site, err := s.Directory.SiteNamed(ctx, "demo")
	if err != nil {
		return out, err
	}
	hash, err := credential.NewHasher(credential.HasherConfig{}).Hash(ctx, checkPassword)
	if err != nil {
		return out, err
	}
	im, err := site.Import(ctx, directory.ImportOptions{Key: "faces"})
	if err != nil {
		return out, err
	}
	records := make([]directory.ImportRecord, faceConns)
	for i := range records {
		slug := fmt.Sprintf("asker%02d", i)
		records[i] = directory.ImportRecord{At: int64(i + 1), Type: "user", Slug: slug, Hash: hash, Personal: true,
			Attrs: fmt.Appendf(nil, `{"displayName":"Matt Parker","email":"%s@bench.example","givenName":"Matt","familyName":"Parker"}`, slug)}
	}
	if err = im.Add(ctx, records); err == nil {
		err = im.Finish(ctx)
	}
	if err = closeWith(err, im.Close); err != nil {
		return out, err
	}
	for _, r := range records {
		in, err := site.Login(ctx, directory.Credentials{Login: r.Slug, Password: checkPassword, Spaces: []profile.Space{profile.Slug}}, directory.Refreshed)
		if err != nil {
			return out, err
		}
		p := person{id: in.Subject.ID, slug: r.Slug, token: in.Token}
		if p.member, err = defaultMember(ctx, s, p.id); err != nil {
			return out, err
		}
		out.people = append(out.people, p)
		if _, _, err := askOnce(s.address, asked(p, "PUT", "/user/profiles/1", `{"theme":"dark","level":0}`)); err != nil {
			return out, err
		}
	}
	return out, nil
}

// faceScenarios measures all at one number of records.
func (b *bench) faceScenarios(ctx context.Context, s *service, people signedInPeople, n int, bare string) error {
	next := int64(1)
	for _, sc := range scenarios {
		j := job{Address: s.address, Connections: faceConns, Warm: b.warm, Measure: b.length}
		for _, p := range people.people {
			for i := range faceBodies {
				j.Bodies = append(j.Bodies, sc.request(p, i))
			}
		}
		response, answer, err := askOnce(s.address, j.Bodies[0])
		if err != nil {
			return fmt.Errorf("%s: %w", sc.name, err)
		}
		j.Status = response.StatusCode
		if bytes.HasSuffix(answer, []byte("}")) {
			j.Suffix = "}"
		}
		f := figure{Name: fmt.Sprintf("%s, %d records", sc.name, n)}
		if sc.write {
			f.Baseline = "the bare driver makes the rows of one user durable, behind a net/http handler that checks nothing"
			baseline := func(int) job {
				const creates = 2000
				next += creates
				k := createJob(faceConns, creates, next-creates)
				k.Address = bare
				return k
			}
			if err := b.compare(ctx, f, j.at(s.address), baseline); err != nil {
				return err
			}
			continue
		}
		f.Baseline = "a net/http handler that writes the same bytes"
		headers := response.Header.Clone()
		headers.Del("Date")
		address, stop, err := serveBare(func(w http.ResponseWriter, _ *http.Request) {
			h := w.Header()
			for name, values := range headers {
				h[name] = values
			}
			w.WriteHeader(j.Status)
			_, _ = w.Write(answer)
		})
		if err != nil {
			return err
		}
		if err := closeWith(b.compare(ctx, f, j.at(s.address), j.at(address)), stop); err != nil {
			return err
		}
	}
	return nil
}

// askOnce sends one request as it stands; an answer of an error is one.
func askOnce(address, request string) (*http.Response, []byte, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, nil, err
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, request); err != nil {
		return nil, nil, err
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && (response.StatusCode >= 300 || bytes.Contains(answer, []byte(`"stat":"error"`))) {
		err = fmt.Errorf("%s: %.300s", response.Status, answer)
	}
	return response, answer, err
}

// defaultMember finds the household profile that an account has from the start.
func defaultMember(ctx context.Context, s *service, user profile.ID) (id profile.ID, err error) {
	err = s.Store.Site(store.SiteID(site)).View(ctx, func(r store.Reader) error {
		rec, err := r.ByName(user, profile.HouseholdMain, "")
		if err == nil {
			id = rec.ID
		}
		return err
	})
	return id, err
}
