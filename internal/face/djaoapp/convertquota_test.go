package djaoapp_test

import (
	"strconv"
	"testing"

	"facet/internal/facetest"
)

func TestConvertingIsRepeatedUnderItsIdempotencyKey(t *testing.T) { // W23
	s := serve(t)
	xia := s.Login(t, "xia")
	convert := facetest.Call{Method: "POST", Path: "/api/users/xia/profiles?convert_from_personal=1", Token: xia, Body: `{"full_name":"Xia Works"}`, Header: map[string]string{"Idempotency-Key": "one"}}
	first := s.Do(t, convert).Want(200)
	s.Do(t, convert).WantJSON(200, string(first.Body))
	s.Get(t, xia, "/api/users/xia/profiles").Want(200).Is(map[string]any{"count": 1})
	convert.Body = `{"full_name":"Others"}`
	s.Do(t, convert).Want(422)
	own := facetest.Call{Method: "POST", Path: "/api/users/xia/profiles", Token: xia, Body: `{"full_name":"Xia Lee","slug":"xia","type":"personal"}`, Header: map[string]string{"Idempotency-Key": "two"}}
	s.Do(t, own).Want(201)
	s.Do(t, own).Want(201).Is(map[string]any{"slug": "xia", "type": "personal"})
}

func TestConvertingAndBecomingPersonalCountAgainstTheQuota(t *testing.T) { // W6
	s := serve(t)
	xia := s.Login(t, "xia")
	for i := range 29 {
		s.Post(t, xia, "/api/accounts/profiles", `{"full_name":"Shop `+strconv.Itoa(i)+`"}`).Want(201)
	}
	const convert, body = "/api/users/xia/profiles?convert_from_personal=1", `{"full_name":"Xia Works"}`
	s.Post(t, xia, convert, body).Want(200)
	s.Post(t, xia, "/api/users/xia/profiles", `{"full_name":"Xia Lee","slug":"xia","type":"personal"}`).Want(429)
}
