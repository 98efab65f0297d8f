package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"facet/internal/access"
	"facet/internal/credential"
	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/face/djaoapp"
	"facet/internal/face/entity"
	"facet/internal/profile"
)

const (
	checkUser     = "xia"
	checkPassword = "yoyo"
	checkConns    = 16 // connections of token and client checks
	signInConns   = 4
)

// check measures what proving a caller costs: a token and an API client's
// secret beside the same handlers told who calls, and a password beside its
// bare hash. A hash in either of the first two would show at once: it takes
// some tens of milliseconds.
func (b *bench) check(ctx context.Context) (err error) {
	s, err := b.serve(ctx, "check", faces()...)
	if err != nil {
		return err
	}
	defer func() { err = closeWith(err, s.close) }()
	site, err := s.Directory.SiteNamed(ctx, "demo")
	if err != nil {
		return err
	}
	in, err := site.Login(ctx, directory.Credentials{Login: checkUser, Password: checkPassword, Spaces: []profile.Space{profile.Slug}}, directory.Exchanged)
	if err != nil {
		return err
	}
	who, err := site.Authenticate(ctx, in.Token)
	if err != nil {
		return err
	}
	client, err := site.ClientBySecret(ctx, clientID, clientSecret, loopback)
	if err != nil {
		return err
	}
	told := &service{Installation: s.Installation}
	stop, err := told.answer(ctx, slog.New(slog.DiscardHandler), []face.Face{unchecked{djaoapp.New(), who}, unchecked{entity.New(), client}})
	if err != nil {
		return err
	}
	defer func() { err = closeWith(err, stop) }()

	token := job{Connections: checkConns, Warm: b.warm, Measure: b.length, Status: http.StatusOK, Suffix: "}",
		Head: fmt.Sprintf("GET /api/users/%s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n\r\n", checkUser, in.Token)}
	const same = "the same server and handler, told who calls"
	f := figure{Name: "token check, GET /api/users/{me}", Baseline: same}
	if err := b.compare(ctx, f, token.at(s.address), token.at(told.address)); err != nil {
		return err
	}
	body := "uuid=" + in.Subject.ID.String() + "&type_name=user"
	secret := job{Connections: checkConns, Warm: b.warm, Measure: b.length, Status: http.StatusOK, Suffix: `"stat":"ok"}`,
		Head: post("/entity", len(body)), Bodies: []string{body}}
	f = figure{Name: "client check, POST /entity", Baseline: same}
	if err := b.compare(ctx, f, secret.at(s.address), secret.at(told.address)); err != nil {
		return err
	}
	return b.checkSignIns(ctx, s)
}

// checkSignIns measures logins beside bare hashes.
func (b *bench) checkSignIns(ctx context.Context, s *service) (err error) {
	hasher := credential.NewHasher(credential.HasherConfig{})
	hash, err := hasher.Hash(ctx, checkPassword)
	if err != nil {
		return err
	}
	address, stop, err := serveBare(func(w http.ResponseWriter, r *http.Request) {
		if ok, _, err := hasher.Verify(r.Context(), hash, checkPassword); !ok || err != nil {
			http.Error(w, "the password does not verify", http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusCreated)
	})
	if err != nil {
		return err
	}
	defer func() { err = closeWith(err, stop) }()
	body := fmt.Sprintf(`{"username":%q,"password":%q}`, checkUser, checkPassword)
	j := job{Connections: signInConns, Requests: b.signIns, Status: http.StatusCreated, Bodies: []string{body},
		Head: fmt.Sprintf("POST /api/auth HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", len(body))}
	f := figure{Name: fmt.Sprintf("login, POST /api/auth, %d connections", signInConns),
		Baseline: "a net/http handler that verifies one argon2id hash, as many at a time"}
	return b.compare(ctx, f, j.at(s.address), j.at(address))
}

// at gives the job, sent to an address, for every run.
func (j job) at(address string) func(int) job {
	j.Address = address
	return func(int) job { return j }
}

// unchecked is a face that is told who calls.
type unchecked struct {
	face.Face
	who access.Principal
}

// Identify has the face read what else it must, without a proof to check.
func (u unchecked) Identify(r *http.Request, c *face.Call) error {
	if !strings.HasPrefix(r.Header.Get("Authorization"), "B") {
		return errors.New("the baseline is asked as ours is")
	}
	delete(r.Header, "Authorization")
	err := u.Face.Identify(r, c)
	c.Who = u.who
	return err
}
